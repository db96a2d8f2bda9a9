"""From a study file to its plan: every key, unit, name and expression is checked before anything runs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
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
from twin.spec.sample import MOST_WHOLE
from twin.spec.scenario import INPUTS, Scenario, set_dotted
from twin.spec.study import Range, Study
from twin.study.axes import Values, as_values, bounds, numbers_as_values, range_numbers, repeated, written_number
from twin.study.inlets import inlet_problems
from twin.study.limits import problems as answer_problems
from twin.study.limits import wrong_limit
from twin.study.plan import MOST_POINTS, POINT, REPLICA, SEED, Dimension, Formulas, Plan
from twin.study.sampling import Variation, design, design_points, drawn, variations


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
    """Gathers what is wrong while it resolves a study, and goes on with what is sound.

    What follows from a problem that is told already is not told again.
    """

    figures: Mapping[str, Any] = KPIS
    lists_keys = "`twin schema scenario`, below `inputs` `twin show KIND/NAME --sources`"

    def __init__(self, study: Study, where: str):
        self.study, self.where = study, where
        self.table = {name: key for name, key in keys(Scenario).items() if name != INPUTS}
        self.inputs: dict[str, Input] = {}
        self.over: dict[str, Variation] = {}
        self.problems: list[Problem] = []
        self._told: set[str] = set()
        self._unknown: set[str] = set()
        self._tried: dict[str, list[tuple[Any, Any]]] = {}
        self._in_combination: SpecError | None = None

    def plan(self) -> Plan:
        """Return the points; SpecError with everything that is wrong."""
        base = self._base()
        settled = self._settled(base)
        self.inputs = inputs_of(validate(self._with(base, settled), Scenario, self.where), self.where)
        self.table |= {name: given.key for name, given in self.inputs.items()}
        self._check_keys()
        start = self._start(base, settled)
        dimensions = self._dimensions(start)
        scenario = validate(json.loads(json.dumps(start)), Scenario, self.where)
        self.problems += inlet_problems(scenario, self._tried, self._origin, self.where)
        formulas = self._formulas({name: key.unit for name, key in self.table.items()})
        self._check_names()
        self._check_answers(formulas.derived_units)
        self._check_search(formulas.units)
        self._stop_at_problems()
        if self._in_combination is not None:
            raise self._in_combination
        record = self.study.record or tuple(KPIS)
        title = self.study.title or base.title
        derived = formulas.derived, formulas.derived_units
        return Plan(
            self.study, title, start, scenario, dimensions, record, *derived, formulas.constraints, self.over,
            formulas.units,
        )  # fmt: skip

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

    def _settled(self, base: Scenario) -> dict[str, Any]:
        """Return those entries of `set` that the base takes; what is wrong with the others is a problem."""
        left = dict(self.study.set)
        told: dict[Problem, None] = {}
        while refused := self._refused(base, left):
            told |= dict.fromkeys(found for found in refused if not told or _names(found, left))
            wrong = {key for key in left if any(_is_below(found.key, key) for found in refused)}
            if not wrong:  # they are wrong together: some may be wrong alone as well
                alone = {key: self._refused(base, {key: given}) for key, given in left.items()}
                told |= dict.fromkeys(found for key in left for found in alone[key] if _is_below(found.key, key))
                wrong = {key for key in left if alone[key]} or set(left)
            if not left:
                raise SpecError(self.where, list(told))
            left = {key: given for key, given in left.items() if key not in wrong}
        for found in told:
            is_set = _names(found, self.study.set) or any(_is_below(key, found.key) for key in self.study.set)
            self.problems.append(Problem(f"set.{found.key}" if is_set else found.key, found.message))
        return left

    def _refused(self, base: Scenario, changes: Mapping[str, Any]) -> tuple[Problem, ...]:
        """Return what is wrong with a base that is changed."""
        try:
            self._with(base, changes)
        except SpecError as error:
            return error.problems
        return ()

    def _check_keys(self) -> None:
        self.over = variations(self.study.over, self.table, self.inputs, self._place, self.lists_keys, self.problems)
        for name in self.study.axes:
            if name not in self.table:
                remedy = did_you_mean(name, self.table, self.lists_keys)
                self.problems.append(Problem(f"axes.{name}", f"unknown key. {remedy}"))
        stood_for = {name for name in self.study.over if any(key.startswith(f"{name}.") for key in self.over)}
        self._unknown = {*self.study.axes, *self.study.over} - set(self.table) - stood_for
        self._told |= self._unknown
        for part, names in (("axes", self.study.axes), (self._place, self.over)):
            for name in names:
                if name in self.study.set:
                    self.problems.append(Problem(f"{part}.{name}", "is in `set` as well; remove one of them"))
        if self.study.replicas != 1 and SEED in self.varied:
            self.problems.append(Problem("replicas", f"cannot be used with an axis '{SEED}'"))
        if isinstance(self.study.replicas, list):
            self.problems += repeated("replicas", self.study.replicas, self.study.replicas)

    def _start(self, base: Scenario, settled: Mapping[str, Any]) -> dict[str, Any]:
        """Return the base with `set`, resolved, and with the first value of every varied key if these are valid."""
        firsts: dict[str, Any] = {}
        for name, axis in self._axes.items():
            firsts[name] = axis.from_ if isinstance(axis, Range) else axis[0]
        for name, variation in self.over.items():
            if name not in self.inputs:
                firsts[name] = variation.ends[0]
        try:
            return self._with(base, {**settled, **firsts})
        except SpecError as error:
            self._in_combination = error
        return self._with(base, settled)

    @property
    def _place(self) -> str:
        """How problems call the keys that are sampled or searched."""
        return "sample.over" if self.study.sample else "optimise.over"

    @property
    def _axes(self) -> dict[str, list[Any] | Range]:
        """The axes whose keys there are."""
        return {name: axis for name, axis in self.study.axes.items() if name in self.table}

    @property
    def varied(self) -> tuple[str, ...]:
        """The keys that differ between points."""
        return tuple(self.study.axes) or tuple(self.over)

    @property
    def _meant(self) -> dict[str, str | None]:
        """Units of the keys that vary; of all keys if one that varies is unknown, since any may have been meant."""
        names = self.table if self._unknown else (*self._axes, *self.over, *self.study.over)
        return {name: self.table[name].unit for name in names if name in self.table}

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
        """Return what the points vary along; values of studies with too many points are not made."""
        fits = self._check_count()
        found = []
        for name, axis in self._axes.items():
            values = self._axis(start, name, axis, fits)
            if values is not None:
                found.append(Dimension(name, len(values), (values,)))
        if self.over and (sampled := self._drawn(start, fits)) is not None:
            columns = tuple(sampled.values())
            found.append(Dimension(POINT, len(columns[0]), columns))
        if self.study.replicas != 1 and fits and SEED in self.table:
            found.append(self._replicas())
        return tuple(found)

    def _check_count(self) -> bool:
        """Tell whether a study has no more points than it may have; a problem says so if not."""
        study = self.study
        replicas = len(study.replicas) if isinstance(study.replicas, list) else study.replicas
        parts = [axis.points if isinstance(axis, Range) else len(axis) for axis in study.axes.values()]
        if study.sample is not None:
            parts.append(design_points(study.sample.method, study.sample.points, len(self.over)))
        elif study.optimise is not None:
            parts.append(study.optimise.design)
        points = math.prod([*parts, replicas])
        if points <= MOST_POINTS:
            return True
        place = "axes" if study.axes else "sample.points" if study.sample else "optimise.design"
        remedy = "fewer points or replicas, or several studies" if study.replicas != 1 else "fewer points"
        remedy += ", or a `sample` in place of the grid" if study.axes else ""
        message = f"{points:,} points in all, {MOST_POINTS:,} at most; choose {remedy}"
        self.problems.append(Problem(place, message))
        return False

    def _axis(self, start: dict[str, Any], name: str, axis: list[Any] | Range, fits: bool) -> Values | None:
        """Return the values of an axis, None if one is refused; of a range, or one of too many, the ends are tried."""
        key, place = self.table[name], f"axes.{name}"
        if isinstance(axis, Range):
            try:
                bounds(key, axis)
            except ValueError as error:
                self.problems.append(Problem(place, str(error)))
                return None
        tried = [axis.from_, axis.to] if isinstance(axis, Range) else axis if fits else [axis[0], axis[-1]]
        found = [self._try(start, key, place, given) for given in tried]
        self._tried[name] = [(given, item[1]) for given, item in zip(tried, found, strict=True) if item]
        if any(item is None for item in found) or not fits:
            return None
        if isinstance(axis, Range):
            return self._ranged(key, place, axis)
        values = as_values(key, [item[0] for item in found if item], [item[1] for item in found if item])
        self.problems += repeated(place, axis, values.written)
        return values

    def _ranged(self, key: Key, place: str, axis: Range) -> Values | None:
        """Return the values of a range whose ends are sound."""
        try:
            return numbers_as_values(key, range_numbers(key, axis))
        except ValueError as error:
            self.problems.append(Problem(place, str(error)))
            return None

    def _drawn(self, start: dict[str, Any], fits: bool) -> dict[str, Values] | None:
        """Return the points of a sample, or those that a search begins with; None if a bound is refused."""
        before = len(self.problems)
        for name, variation in self.over.items():
            found = [self._try(start, variation.key, f"{self._place}.{name}", end) for end in variation.ends]
            self._tried[name] = [(end, item[1]) for end, item in zip(variation.ends, found, strict=True) if item]
        if len(self.problems) > before or not fits:
            return None
        if self.study.sample is not None:
            return drawn(self.study.sample, self.over)
        assert self.study.optimise is not None
        shares = design("sobol", self.study.optimise.design, len(self.over), self.study.optimise.seed)
        return {v.key.name: v.values(v.at(shares[:, column])) for column, v in enumerate(self.over.values())}

    def _origin(self, key: str) -> str:
        """Return how problems call a key of the scenario: by the part of the study that sets it."""
        parts = (("axes", self.study.axes), (self._place, self.over), ("set", self.study.set))
        return next((f"{part}.{key}" for part, names in parts if key in names), key)

    def _replicas(self) -> Dimension:
        given = self.study.replicas
        seeds = given if isinstance(given, list) else list(range(1, given + 1))
        return Dimension(REPLICA, len(seeds), (as_values(self.table[SEED], seeds, seeds),))

    def _try(self, start: dict[str, Any], key: Key, place: str, given: Any) -> tuple[Any, Any] | None:
        """Return a value as `_resolved` does; whole numbers fit into 64 bits."""
        found = self._resolved(start, key, place, given)
        if found is None or not key.whole or found[1] is None or abs(found[1]) <= MOST_WHOLE:
            return found
        self.problems.append(Problem(place, f"{given!r}: must be at most {MOST_WHOLE}"))
        return None

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

    def _formulas(self, units: Mapping[str, str | None]) -> Formulas:
        """Return the constraints over keys with these units, and the derived metrics over key figures as well."""
        constraints = tuple(Expression(text) for text in self.study.constraints)
        for number, constraint in enumerate(constraints):
            self._expression(f"constraints.{number}", constraint, units, truth=True)
        derived = {name: Expression(text) for name, text in self.study.derived.items()}
        known = {**units, **{figure.name: figure.unit for figure in self.figures.values()}}
        found = {name: self._expression(f"derived.{name}", e, known, truth=False) for name, e in derived.items()}
        sound = {name: unit for name, unit in found.items() if unit is not None}
        self._told |= set(found) - set(sound)
        return Formulas(constraints, derived, sound, {**known, **sound})

    def _expression(self, place: str, given: Expression, units: Mapping[str, str | None], truth: bool) -> str | None:
        """Return the unit of an expression; None if it is wrong, or uses what is."""
        if self._is_told(given.text):
            return None
        try:
            unit = given.unit(units)
        except ExpressionError as error:
            self.problems.append(Problem(place, str(error)))
            return None
        if truth != (unit == "truth") or unit == "text":
            wanted = "a condition, such as 'cooling.flow_rate <= 60 L/min'" if truth else "a number"
            self.problems.append(Problem(place, f"'{given.text}' is not {wanted}"))
            return None
        return unit

    def _is_told(self, text: str) -> bool:
        """Tell whether an expression uses a name that a problem was told of."""
        try:
            return bool(Expression(text).names & self._told)
        except ExpressionError:
            return False

    def _check_names(self) -> None:
        for place, names in (("record", self.study.record or ()), ("show", self.study.show)):
            self.problems += repeated(place, names, names)
        for name in dict.fromkeys(self.study.record or ()):
            if name not in self.figures:
                self.problems.append(
                    Problem("record", f"'{name}' is no key figure. {did_you_mean(name, self.figures)}")
                )
        for name in self.study.derived:
            taken = (*self.figures, *self.table, "status", POINT, REPLICA)
            if name in taken or not name.isidentifier():
                self.problems.append(Problem(f"derived.{name}", "choose another name: letters, digits, _, not taken"))

    def _check_search(self, units: Mapping[str, str | None]) -> None:
        """Refuse objectives and limits of a search that cannot be computed."""
        if self.study.optimise is None:
            return
        for number, text in enumerate(self.study.optimise.minimise):
            self._expression(f"optimise.minimise.{number}", Expression(text), units, truth=False)
        for number, text in enumerate(self.study.optimise.subject_to):
            if not self._is_told(text) and (wrong := wrong_limit(text, units)):
                self.problems.append(Problem(f"optimise.subject_to.{number}", wrong))
        whole = [name for name, variation in self.over.items() if variation.key.whole]
        self.problems += [Problem(f"{self._place}.{name}", "is a whole number; use `axes`") for name in whole]

    def _check_answers(self, derived: Mapping[str, str]) -> None:
        """Refuse questions about what the data set will not hold."""
        record = self.study.record or tuple(self.figures)
        unknown = set(record) - set(self.figures)
        self._told |= unknown
        recorded = {name: self.figures[name].unit for name in (self.figures if unknown else record)}
        known = {**dict.fromkeys(self._told, "1"), **self._meant, **recorded, **derived}
        answers = tuple(
            answer.model_copy(update={"limits": tuple(text for text in answer.limits if not self._is_told(text))})
            for answer in self.study.answers
        )
        self.problems += answer_problems(answers, known, (*self._meant, *self._told))
        for name in dict.fromkeys(self.study.show):
            if name not in {**recorded, **derived} and name not in self._told:
                remedy = did_you_mean(name, {**recorded, **derived})
                self.problems.append(Problem("show", f"'{name}' is not recorded. {remedy}"))


def _names(found: Problem, keys: Iterable[str]) -> bool:
    return any(_is_below(found.key, key) for key in keys)


def _is_below(told: str, key: str) -> bool:
    """Tell whether a problem is told of a key, or of something that lies below it."""
    return told == key or told.startswith((f"{key}.", f"{key} "))


def _absolute(tree: dict[str, Any]) -> dict[str, Any]:
    """Return a scenario whose files are named by absolute paths: workers may run in another folder."""
    for key, _, name in list(references(tree)):
        if Path(name).suffix.lower() in (".yaml", ".json", ".csv") and Path(name).is_file():
            set_dotted(tree, key, str(Path(name).resolve()))
    return tree
