"""From a study file to its plan: every key, unit, name and expression is checked before anything runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twin import library
from twin.errors import Problem, SpecError, TwinError, did_you_mean
from twin.inputs import Input, inputs_of, used, value_of
from twin.references import check_references, references
from twin.results.kpis import KPIS
from twin.spec.base import to_tree
from twin.spec.documents import validate
from twin.spec.expression import Expression, ExpressionError
from twin.spec.keys import Key, keys
from twin.spec.scenario import INPUTS, Scenario, set_dotted
from twin.spec.study import Range, Study
from twin.study.axes import Values, as_values, range_numbers, repeated, written_number
from twin.study.limits import problems as answer_problems
from twin.study.limits import wrong_limit
from twin.study.plan import POINT, REPLICA, SEED, Dimension, Plan
from twin.study.sampling import Variation, design, drawn, variations


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
    from twin.study.stack_plan import StackPlanner  # extends the planner below
    from twin.study.stack_points import is_stack

    return StackPlanner(study, where).plan() if is_stack(study.base) else Planner(study, where).plan()


class Planner:
    """Gathers what is wrong while it resolves a study."""

    figures: Mapping[str, Any] = KPIS

    def __init__(self, study: Study, where: str):
        self.study, self.where = study, where
        self.table = {name: key for name, key in keys(Scenario).items() if name != INPUTS}
        self.inputs: dict[str, Input] = {}
        self.over: dict[str, Variation] = {}
        self.problems: list[Problem] = []
        self._in_combination: SpecError | None = None

    def plan(self) -> Plan:
        """Return the points; SpecError with everything that is wrong."""
        base = self._base()
        self.inputs = self._inputs(base)
        self.table |= {name: given.key for name, given in self.inputs.items()}
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
        self._check_answers(found)
        everything = {**known, **found}
        self._check_search(everything)
        self._stop_at_problems()
        if self._in_combination is not None:
            raise self._in_combination
        scenario = validate(json.loads(json.dumps(start)), Scenario, self.where)
        record = self.study.record or tuple(KPIS)
        title = self.study.title or base.title
        return Plan(
            self.study, title, start, scenario, dimensions, record, derived, found, constraints, self.over, everything
        )

    def _stop_at_problems(self) -> None:
        if self.problems:
            raise SpecError(self.where, self.problems)

    def _base(self) -> Scenario:
        from twin.study.stack_points import base_names  # which says what else a base may be

        name = self.study.base
        if not name.endswith((".yaml", ".yml", ".json")) and name not in (known := base_names()):
            message = f"no scenario or stack is called '{name}'. {did_you_mean(name, known)}"
            raise SpecError(self.where, [Problem("base", message)])
        try:
            base = library.load("scenario", name)
        except TwinError as error:
            raise SpecError(self.where, [Problem("base", str(error).replace("\n", "\n   "))]) from error
        assert isinstance(base, Scenario)
        return base

    def _check_keys(self) -> None:
        self.over = variations(self.study.over, self.table, self.inputs, self._place, self.problems)
        for name in self.study.axes:
            if name not in self.table:
                self.problems.append(Problem(f"axes.{name}", f"unknown key. {did_you_mean(name, self.table)}"))
        for part, names in (("axes", self.study.axes), (self._place, self.over)):
            for name in names:
                if name in self.study.set:
                    self.problems.append(Problem(f"{part}.{name}", "is in `set` as well; remove one of them"))
        if self.study.replicas != 1 and SEED in self.varied:
            self.problems.append(Problem("replicas", f"cannot be used with an axis '{SEED}'"))

    def _start(self, base: Scenario) -> dict[str, Any]:
        """Return the base with `set`, resolved, and with the first value of every varied key if these are valid."""
        firsts: dict[str, Any] = {}
        for name, axis in self.study.axes.items():
            firsts[name] = axis.from_ if isinstance(axis, Range) else axis[0]
        for name, variation in self.over.items():
            if name not in self.inputs:
                firsts[name] = written_number(variation.key, variation.low)
        try:
            return self._with(base, {**self.study.set, **firsts})
        except SpecError as error:
            self._in_combination = error
        return self._with(base, self.study.set)

    @property
    def _place(self) -> str:
        """How problems call the keys that are sampled or searched."""
        return "sample.over" if self.study.sample else "optimise.over"

    @property
    def varied(self) -> tuple[str, ...]:
        """The keys that differ between points."""
        return tuple(self.study.axes) or tuple(self.over)

    def _inputs(self, base: Scenario) -> dict[str, Input]:
        """Return the inputs of the base from the library; none where it is not valid, which is said later."""
        try:
            return inputs_of(validate(self._with(base, self.study.set), Scenario, self.where), self.where)
        except TwinError:
            return {}

    def _with(self, base: Scenario, changes: Mapping[str, Any]) -> dict[str, Any]:
        tree = to_tree(base.model_copy(update={"compare_with": None, "title": ""}))
        problems = [problem for key, given in changes.items() for problem in set_dotted(tree, key, given)]
        if problems:
            raise SpecError(self.where, problems)
        scenario = validate(tree, Scenario, self.where)
        if wrong := check_references(scenario):
            raise SpecError(self.where, wrong)
        if scenario.inputs:
            used(scenario, self.where)
        return _absolute(to_tree(scenario))

    def _dimensions(self, start: dict[str, Any]) -> tuple[Dimension, ...]:
        found = []
        for name, axis in self.study.axes.items():
            values = self._axis(start, name, axis)
            if values is not None:
                found.append(Dimension(name, len(values), (values,)))
        if self.over and (sampled := self._drawn(start)) is not None:
            columns = tuple(sampled.values())
            found.append(Dimension(POINT, len(columns[0]), columns))
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

    def _drawn(self, start: dict[str, Any]) -> dict[str, Values] | None:
        """Return the points of a sample, or those that a search begins with; None if a bound is refused."""
        before = len(self.problems)
        for name, variation in self.over.items():
            for bound in (variation.low, variation.high):
                self._resolved(start, variation.key, f"{self._place}.{name}", written_number(variation.key, bound))
        if len(self.problems) > before:
            return None
        if self.study.sample is not None:
            return drawn(self.study.sample, self.over)
        assert self.study.optimise is not None
        shares = design("sobol", self.study.optimise.design, len(self.over), self.study.optimise.seed)
        return {v.key.name: v.values(v.at(shares[:, column])) for column, v in enumerate(self.over.values())}

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
            if key.name in self.inputs:
                found = inputs_of(scenario, self.where)[key.name].value
                return (written_number(key, found), found) if key.numeric else (given, found)
        except SpecError as error:
            self.problems += [Problem(place, f"{given!r}: {problem.message}") for problem in error.problems]
            return None
        if not key.numeric and (wrong := check_references(scenario)):
            self.problems += [Problem(place, f"{given!r}: {problem.message}") for problem in wrong]
            return None
        node: Any = _absolute(to_tree(scenario))
        for name in key.name.split("."):
            node = node[name]
        return node, value_of(scenario, key.name)

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
            if name not in self.figures:
                self.problems.append(
                    Problem("record", f"'{name}' is no key figure. {did_you_mean(name, self.figures)}")
                )
        for name in self.study.derived:
            if name in self.figures or name in ("status", POINT, REPLICA) or not name.isidentifier():
                self.problems.append(Problem(f"derived.{name}", "choose another name: letters, digits, _, not taken"))

    def _check_search(self, units: Mapping[str, str | None]) -> None:
        """Refuse objectives and limits of a search that cannot be computed."""
        if self.study.optimise is None:
            return
        for number, text in enumerate(self.study.optimise.minimise):
            self._expression(f"optimise.minimise.{number}", Expression(text), units, truth=False)
        for number, text in enumerate(self.study.optimise.subject_to):
            if wrong := wrong_limit(text, units):
                self.problems.append(Problem(f"optimise.subject_to.{number}", wrong))
        whole = [name for name, variation in self.over.items() if variation.key.whole]
        self.problems += [Problem(f"{self._place}.{name}", "is a whole number; use `axes`") for name in whole]

    def _check_answers(self, derived: Mapping[str, str]) -> None:
        """Refuse questions about what the data set will not hold."""
        kept = [name for name in self.study.record or self.figures if name in self.figures]
        recorded = {name: self.figures[name].unit for name in kept}
        varied = {name: self.table[name].unit for name in self.varied if name in self.table}
        known = {**varied, **recorded, **derived}
        self.problems += answer_problems(self.study.answers, known, self.varied)
        for name in self.study.show:
            if name not in {**recorded, **derived}:
                self.problems.append(Problem("show", f"'{name}' is not recorded. {did_you_mean(name, known)}"))


def _absolute(tree: dict[str, Any]) -> dict[str, Any]:
    """Return a scenario whose files are named by absolute paths: workers may run in another folder."""
    for key, _, name in list(references(tree)):
        if Path(name).suffix.lower() in (".yaml", ".json", ".csv") and Path(name).is_file():
            set_dotted(tree, key, str(Path(name).resolve()))
    return tree
