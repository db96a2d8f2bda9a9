"""The points of a study of stacks: every key, unit and value is checked on every stack before anything runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from twin.errors import Problem, SpecError, TwinError
from twin.spec.expression import Expression
from twin.spec.keys import Key
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

    def __init__(self, study: Study, where: str):
        super().__init__(study, where)
        self.table = {}
        self._trees: dict[str, dict[str, Any]] = {}

    def plan(self) -> StackPlan:
        """Return the points; SpecError with everything that is wrong."""
        self._check_kind_of_study()
        self._read_stacks()
        self._check_keys()
        self._stop_at_problems()
        start = {"stacks": self._trees, BASE: self.study.base}
        dimensions = self._dimensions(start)
        constraints = tuple(Expression(text) for text in self.study.constraints)
        units = {name: key.unit for name, key in self.table.items() if name in self.study.axes}
        for number, constraint in enumerate(constraints):
            self._expression(f"constraints.{number}", constraint, units, truth=True)
        derived = {name: Expression(text) for name, text in self.study.derived.items()}
        known = {**units, **{figure.name: figure.unit for figure in STACK_FIGURES.values()}}
        found = {name: self._expression(f"derived.{name}", e, known, truth=False) for name, e in derived.items()}
        self._check_names()
        self._check_answers(found)
        self._stop_at_problems()
        record = self.study.record or tuple(STACK_FIGURES)
        title = self.study.title or str(self._trees[self.study.base].get("title", ""))
        return StackPlan(self.study, title, start, None, dimensions, record, derived, found, constraints, {})

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
        self._stop_at_problems()

    def _read_stacks(self) -> None:
        """Read the stacks of the study with what `set` changes in them, and gather their keys."""
        self.table[BASE] = Key(BASE, None, False)
        for name in dict.fromkeys((self.study.base, *self._named())):
            try:
                tree = read_stack(name)
                for key, given in self.study.set.items():
                    if not set_in_stack(tree, key, given):
                        self.problems.append(Problem(f"set.{key}", f"'{name}' has no such key"))
                _fix_memory(tree)
                self.table |= stack_keys(checked_stack(tree, name))
            except TwinError as error:
                self.problems.append(Problem(BASE, str(error).replace("\n", "\n   ")))
                continue
            self._trees[name] = tree
        self._stop_at_problems()

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
