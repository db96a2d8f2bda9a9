"""The points of a study of stacks: every key, unit and value is checked on every stack before anything runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from twin.errors import Problem, SpecError, TwinError
from twin.spec.keys import Key
from twin.spec.stack import Stack
from twin.spec.study import Study
from twin.study.axes import written_number
from twin.study.plan import STACK, Plan
from twin.study.planner import Planner
from twin.study.stack_keys import set_in_stack, stack_keys
from twin.study.stack_points import (
    BASE,
    STACK_FIGURES,
    checked_stack,
    read_stack,
    resolved_stack,
    stack_identity,
)

REFINEMENT_MEMORY = "2 GB"
"""What refinement of a point may take where its stack does not say so."""


@dataclass(frozen=True)
class StackPlan(Plan):
    """The points of a study of stacks; `base` has the trees of all its stacks, and which is taken if none is said."""

    @property
    def kind(self) -> str:
        """What the points are."""
        return STACK

    @property
    def figures(self) -> Mapping[str, Any]:
        """The key figures of a point."""
        return STACK_FIGURES

    @cached_property
    def _fixed(self) -> dict[str, Any]:
        return dict.fromkeys(
            {name for e in (*self.constraints, *self.derived.values()) for name in e.names} - set(STACK_FIGURES)
        )

    def identity(self, number: int) -> str:
        """Return the identity of a point."""
        return stack_identity(resolved_stack(self.base_text, self.changes(number)))


class StackPlanner(Planner):
    """Resolves a study whose base is a stack file; its keys are those of the file, and `base` itself."""

    figures = STACK_FIGURES
    lists_keys = "`twin schema stack`"

    def __init__(self, study: Study, where: str):
        super().__init__(study, where)
        self.table = {}
        self._trees: dict[str, dict[str, Any]] = {}

    def plan(self) -> StackPlan:
        """Return the points; SpecError with everything that is wrong."""
        self._check_kind_of_study()
        self._read_stacks()
        self._check_keys()
        start = {"stacks": self._trees, BASE: self.study.base}
        dimensions = self._dimensions(start)
        formulas = self._formulas(self._meant)
        self._check_names()
        self._check_answers(formulas.derived_units)
        self._stop_at_problems()
        record = self.study.record or tuple(STACK_FIGURES)
        title = self.study.title or str(self._trees[self.study.base].get("title", ""))
        derived = formulas.derived, formulas.derived_units
        return StackPlan(self.study, title, start, None, dimensions, record, *derived, formulas.constraints, {})

    def _check_kind_of_study(self) -> None:
        """Refuse what a stack does not have."""
        study = self.study
        if not study.axes:
            self.problems.append(Problem("axes", "a study of stacks needs `axes`"))
        for name, given in (("replicas", study.replicas != 1), ("steady", study.steady)):
            if given:
                self.problems.append(
                    Problem(name, "belongs to studies of scenarios; a stack file says itself what it is")
                )

    def _read_stacks(self) -> None:
        """Read the stacks of the study with what `set` changes in them, and gather their keys."""
        self.table[BASE] = Key(BASE, None, False)
        for name in dict.fromkeys((self.study.base, *self._named())):
            try:
                tree, stack = self._settled_stack(name)
            except TwinError as error:
                place = BASE if name == self.study.base else f"axes.{BASE}"
                self.problems.append(Problem(place, str(error).replace("\n", "\n   ")))
                continue
            self.table |= stack_keys(stack)
            self._trees[name] = tree
        if not self._trees:
            self._stop_at_problems()

    def _settled_stack(self, name: str) -> tuple[dict[str, Any], Stack]:
        """Return a stack and its tree, with `set` in it; without, and with a problem, if the stack refuses that."""
        plain = read_stack(name)
        _fix_memory(plain)
        tree = json.loads(json.dumps(plain))
        for key, given in self.study.set.items():
            if not set_in_stack(tree, key, given):
                self.problems.append(Problem(f"set.{key}", f"'{name}' has no such key"))
        try:
            return tree, checked_stack(tree, name)
        except SpecError as error:
            refused = error
        try:
            stack = checked_stack(plain, name)
        except TwinError:
            raise refused from None
        self.problems += [Problem(f"set.{wrong.key}", f"'{name}': {wrong.message}") for wrong in refused.problems]
        return plain, stack

    def _named(self) -> list[str]:
        axis = self.study.axes.get(BASE, [])
        return [str(name) for name in axis] if isinstance(axis, list) else []

    def _resolved(self, start: dict[str, Any], key: Key, place: str, given: Any) -> tuple[Any, Any] | None:
        """Return a value as a stack file writes it, and in SI; None, with a problem, if a stack refuses it."""
        if key.name == BASE:
            return str(given), str(given)
        for name, tree in self._trees.items():
            changed = json.loads(json.dumps(tree))
            if not set_in_stack(changed, key.name, given):
                self.problems.append(Problem(place, f"'{name}' has no such key"))
                return None
            try:
                checked_stack(changed, name)
            except SpecError as error:
                self.problems += [Problem(place, f"{given!r}: {problem.message}") for problem in error.problems]
                return None
        if key.quantity is None:
            return given, given
        found = key.quantity.convert(given)
        return written_number(key, found), found


def _fix_memory(tree: dict[str, Any]) -> None:
    """Say how much memory refinement may take: what a machine has free must not decide what a point gives."""
    numerics = tree.setdefault("numerics", {})
    if isinstance(numerics, dict):
        numerics.setdefault("memory", REFINEMENT_MEMORY)
