"""From a study file to its points: every key, unit, name and expression is checked before anything runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from twin import library
from twin.errors import Problem, SpecError, TwinError, did_you_mean
from twin.references import check_references, references
from twin.results.kpis import KPIS
from twin.spec.base import to_tree
from twin.spec.documents import validate
from twin.spec.expression import Expression, ExpressionError
from twin.spec.keys import Key, keys, value
from twin.spec.scenario import Scenario, set_dotted
from twin.spec.study import Range, Study
from twin.study.axes import Values, as_values, bounds, drawn, range_numbers, repeated, written_number
from twin.study.identity import point_identity

POINT, REPLICA, SEED = "point", "replica", "workload.seed"


@dataclass(frozen=True)
class Dimension:
    """A dimension of the results with the keys that vary along it (several for samples)."""

    name: str
    size: int
    values: tuple[Values, ...]


@dataclass(frozen=True)
class Plan:
    """The points of a study in the order of their numbers (the last dimension fastest).

    `base` is the resolved scenario as `to_tree` writes it; a point is this with its `changes`.
    """

    study: Study
    title: str
    base: dict[str, Any]
    scenario: Scenario
    dimensions: tuple[Dimension, ...]
    record: tuple[str, ...]
    derived: dict[str, Expression]
    derived_units: dict[str, str]
    constraints: tuple[Expression, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Points along each dimension."""
        return tuple(dimension.size for dimension in self.dimensions)

    @property
    def points(self) -> int:
        """Number of points."""
        return int(np.prod(self.shape, dtype=np.int64))

    def _places(self, number: int) -> Iterator[tuple[Values, int]]:
        for dimension, place in zip(self.dimensions, np.unravel_index(number, self.shape), strict=True):
            for values in dimension.values:
                yield values, int(place)

    def changes(self, number: int) -> dict[str, Any]:
        """Return what a point changes in the base, as a resolved scenario writes it."""
        return {values.key.name: values.written[place] for values, place in self._places(number)}

    def quantities(self, number: int) -> dict[str, Any]:
        """Return the keys of a point that expressions use, in SI."""
        varied = {values.key.name: values.si[place] for values, place in self._places(number)}
        return {name: varied.get(name, fixed) for name, fixed in self._fixed.items()}

    @cached_property
    def _fixed(self) -> dict[str, Any]:
        used = {name for e in (*self.constraints, *self.derived.values()) for name in e.names} - set(KPIS)
        return {name: value(self.scenario, name) for name in used}

    def is_excluded(self, number: int) -> bool:
        """Tell whether a point breaks a constraint; one over a quantity that the point lacks says nothing."""
        if not self.constraints:
            return False
        found = self.quantities(number)
        return any(constraint.value(found) is False for constraint in self.constraints)

    @cached_property
    def base_text(self) -> str:
        """The resolved base as JSON text."""
        return json.dumps(self.base)

    def identity(self, number: int) -> str:
        """Return the identity of a point."""
        return point_identity(resolved(self.base_text, self.changes(number)), self.study.steady)

    @cached_property
    def signature(self) -> str:
        """What fixes the points of a study and their order; what is recorded of them is left out."""
        varied = [[d.name, [[v.key.name, list(v.written)] for v in d.values]] for d in self.dimensions]
        conditions = [constraint.text for constraint in self.constraints]
        return json.dumps([self.base, varied, conditions, self.study.steady], sort_keys=True)


def resolved(base: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the resolved scenario of a point from the base (JSON text) and its changes."""
    tree: dict[str, Any] = json.loads(base)
    for key, written in changes.items():
        set_dotted(tree, key, written)
    return tree


def read_study(given: str | Path | Mapping[str, Any]) -> tuple[Study, str]:
    """Return a study (name in data/studies, file, or mapping) and how errors call it."""
    if isinstance(given, Mapping):
        tree = dict(given)
        if tree.pop("kind", "study") != "study":
            raise SpecError("study", [Problem("kind", "must be 'study'")])
        return validate(tree, Study, "study"), "study"
    found = library.load("study", str(given))
    assert isinstance(found, Study)
    return found, Path(str(given)).name


def plan(study: Study, where: str) -> Plan:
    """Return the points of a study.

    Raises
    ------
    SpecError
        Everything that is wrong with the study: keys, values, units, names, expressions.
    """
    return _Planner(study, where).plan()


class _Planner:
    """Gathers what is wrong while it resolves a study."""

    def __init__(self, study: Study, where: str):
        self.study, self.where = study, where
        self.table = keys(Scenario)
        self.problems: list[Problem] = []
        self._in_combination: SpecError | None = None

    def plan(self) -> Plan:
        base = self._base()
        self._check_keys()
        self._stop_at_problems()
        start = self._start(base)
        dimensions = self._dimensions(start)
        constraints = tuple(Expression(text) for text in self.study.constraints)
        units = {name: key.unit for name, key in self.table.items()}
        for number, constraint in enumerate(constraints):
            self._expression(f"constraints.{number}", constraint, units, truth=True)
        derived = {name: Expression(text) for name, text in self.study.derived.items()}
        known = {**units, **{kpi.name: kpi.unit for kpi in KPIS.values()}}
        found = {name: self._expression(f"derived.{name}", e, known, truth=False) for name, e in derived.items()}
        self._check_names()
        self._stop_at_problems()
        if self._in_combination is not None:
            raise self._in_combination
        scenario = validate(json.loads(json.dumps(start)), Scenario, self.where)
        record = self.study.record or tuple(KPIS)
        title = self.study.title or base.title
        return Plan(self.study, title, start, scenario, dimensions, record, derived, found, constraints)

    def _stop_at_problems(self) -> None:
        if self.problems:
            raise SpecError(self.where, self.problems)

    def _base(self) -> Scenario:
        try:
            base = library.load("scenario", self.study.base)
        except TwinError as error:
            raise SpecError(self.where, [Problem("base", str(error).replace("\n", "\n   "))]) from error
        assert isinstance(base, Scenario)
        return base

    def _check_keys(self) -> None:
        sampled = self.study.sample.over if self.study.sample else {}
        for part, names in (("axes", self.study.axes), ("sample.over", sampled)):
            for name in names:
                if name not in self.table:
                    self.problems.append(Problem(f"{part}.{name}", f"unknown key. {did_you_mean(name, self.table)}"))
                elif name in self.study.set:
                    self.problems.append(Problem(f"{part}.{name}", "is in `set` as well; remove one of them"))
        if self.study.replicas != 1 and SEED in self.study.varied:
            self.problems.append(Problem("replicas", f"cannot be used with an axis '{SEED}'"))

    def _start(self, base: Scenario) -> dict[str, Any]:
        """Return the base with `set`, resolved, and with the first value of every varied key if these are valid."""
        firsts: dict[str, Any] = {}
        for name, axis in self.study.axes.items():
            firsts[name] = axis.from_ if isinstance(axis, Range) else axis[0]
        for name, span in (self.study.sample.over if self.study.sample else {}).items():
            firsts[name] = span.from_
        try:
            return self._with(base, {**self.study.set, **firsts})
        except SpecError as error:
            self._in_combination = error
        return self._with(base, self.study.set)

    def _with(self, base: Scenario, changes: Mapping[str, Any]) -> dict[str, Any]:
        tree = to_tree(base.model_copy(update={"compare_with": None, "title": ""}))
        problems = [problem for key, given in changes.items() for problem in set_dotted(tree, key, given)]
        if problems:
            raise SpecError(self.where, problems)
        scenario = validate(tree, Scenario, self.where)
        if wrong := check_references(scenario):
            raise SpecError(self.where, wrong)
        return _absolute(to_tree(scenario))

    def _dimensions(self, start: dict[str, Any]) -> tuple[Dimension, ...]:
        found = []
        for name, axis in self.study.axes.items():
            values = self._axis(start, name, axis)
            if values is not None:
                found.append(Dimension(name, len(values), (values,)))
        if self.study.sample is not None and (sampled := self._sampled(start)) is not None:
            found.append(Dimension(POINT, self.study.sample.points, tuple(sampled.values())))
        if self.study.replicas != 1:
            found.append(self._replicas())
        return tuple(found)

    def _axis(self, start: dict[str, Any], name: str, axis: list[Any] | Range) -> Values | None:
        key, place = self.table[name], f"axes.{name}"
        if isinstance(axis, Range):
            try:
                numbers = range_numbers(key, axis)
            except ValueError as error:
                self.problems.append(Problem(place, str(error)))
                return None
            axis = [written_number(key, float(number)) for number in numbers]
        found = [self._resolved(start, key, place, given) for given in axis]
        if any(item is None for item in found):
            return None
        values = as_values(key, [item[0] for item in found if item], [item[1] for item in found if item])
        self.problems += repeated(values)
        return values

    def _sampled(self, start: dict[str, Any]) -> dict[str, Values] | None:
        assert self.study.sample is not None
        before = len(self.problems)
        for name, span in self.study.sample.over.items():
            key, place = self.table[name], f"sample.over.{name}"
            try:
                bounds(key, span)
            except ValueError as error:
                self.problems.append(Problem(place, str(error)))
                continue
            self._resolved(start, key, place, span.from_)
            self._resolved(start, key, place, span.to)
        return drawn(self.study.sample, self.table) if len(self.problems) == before else None

    def _replicas(self) -> Dimension:
        given = self.study.replicas
        seeds = given if isinstance(given, list) else list(range(1, given + 1))
        return Dimension(REPLICA, len(seeds), (as_values(self.table[SEED], seeds, seeds),))

    def _resolved(self, start: dict[str, Any], key: Key, place: str, given: Any) -> tuple[Any, Any] | None:
        """Return a value as a resolved scenario writes it, and in SI; None, with a problem, if it is refused."""
        tree = json.loads(json.dumps(start))
        set_dotted(tree, key.name, given)
        try:
            scenario = validate(tree, Scenario, self.where)
        except SpecError as error:
            self.problems += [Problem(place, f"{given!r}: {problem.message}") for problem in error.problems]
            return None
        if not key.numeric and (wrong := check_references(scenario)):
            self.problems += [Problem(place, f"{given!r}: {problem.message}") for problem in wrong]
            return None
        node: Any = _absolute(to_tree(scenario))
        for name in key.name.split("."):
            node = node[name]
        return node, value(scenario, key.name)

    def _expression(self, place: str, given: Expression, units: Mapping[str, str | None], truth: bool) -> str:
        try:
            unit = given.unit(units)
        except ExpressionError as error:
            self.problems.append(Problem(place, str(error)))
            return ""
        if truth != (unit == "truth") or unit == "text":
            wanted = "a condition, such as 'cooling.flow_rate <= 60 L/min'" if truth else "a number"
            self.problems.append(Problem(place, f"'{given.text}' is not {wanted}"))
        return unit

    def _check_names(self) -> None:
        for name in self.study.record or ():
            if name not in KPIS:
                self.problems.append(Problem("record", f"'{name}' is no key figure. {did_you_mean(name, KPIS)}"))
        for name in self.study.derived:
            if name in KPIS or name in ("status", POINT, REPLICA) or not name.isidentifier():
                self.problems.append(Problem(f"derived.{name}", "choose another name: letters, digits, _, not taken"))


def _absolute(tree: dict[str, Any]) -> dict[str, Any]:
    """Return a scenario whose files are named by absolute paths: workers may run in another folder."""
    for key, _, name in list(references(tree)):
        if Path(name).suffix.lower() in (".yaml", ".json", ".csv") and Path(name).is_file():
            set_dotted(tree, key, str(Path(name).resolve()))
    return tree
