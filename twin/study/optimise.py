"""Constrained optimisation: even first points, local searches from the best of them, then what holds the optimum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import RunStopped
from twin.spec.expression import Expression
from twin.spec.optimisation import Optimise
from twin.study.evaluations import Evaluation, Evaluations
from twin.study.limits import Limit
from twin.study.sampling import Variation
from twin.study.search import Ended, Merit, Problem, search

Numbers = NDArray[np.float64]

_APART = 0.15
"""Least distance between the starts of two searches, as a share of the way between the bounds, in any key."""
_BROKEN = 1e-4
"""How far a limit may be broken at the optimum, over the spread of its margin among the first points."""


@dataclass(frozen=True)
class LimitAtOptimum:
    """One limit at the optimum: `margin` left of it in SI, and what one unit more of it would save of the objective."""

    text: str
    unit: str
    margin: float
    active: bool
    worth: float


@dataclass(frozen=True)
class Slope:
    """How the objective changes with one key at the optimum, per SI unit of the key; which bound it is at."""

    key: str
    unit: str
    value: float
    objective: float
    limits: tuple[float, ...]
    bound: str = ""


@dataclass(frozen=True)
class Optimum:
    """The best point that keeps all limits; `converged` of `searches` ended with small steps."""

    point: Evaluation
    objective: float
    limits: tuple[LimitAtOptimum, ...]
    slopes: tuple[Slope, ...]
    searches: int
    converged: int


class Goal:
    """Objectives and limits of an optimisation, and their spread among its first points."""

    def __init__(self, task: Optimise, units: Mapping[str, str | None]):
        self.task = task
        self.objectives = tuple(Expression(text) for text in task.minimise)
        self.limits = tuple(Limit(text) for text in task.subject_to)
        self.units = tuple(expression.unit(units) for expression in self.objectives)
        self.limit_units = tuple(limit.sides[1].unit(units) for limit in self.limits)
        self._spread = np.ones(len(self.objectives) + len(self.limits))
        self._worst = np.zeros(len(self._spread))

    @property
    def names(self) -> frozenset[str]:
        """The quantities that objectives and limits use."""
        sides = [side for limit in self.limits for side in limit.sides]
        return frozenset().union(*(expression.names for expression in (*self.objectives, *sides)))

    def values(self, point: Evaluation) -> Numbers | None:
        """Return objectives, then margins of the limits, in SI; None for a point without result."""
        if point.failed:
            return None
        found: list[Any] = [expression.value(point.known) for expression in self.objectives]
        for limit in self.limits:
            low, high = (side.value(point.known) for side in limit.sides)
            found.append(None if low is None or high is None else high - low)
        return None if any(value is None for value in found) else np.array(found, dtype=float)

    def learn(self, points: Sequence[Evaluation]) -> None:
        """Take the spread of all quantities from the first points.

        Raises
        ------
        RunStopped
            None of them has a result, or a quantity that is asked for.
        """
        known = [values for point in points if (values := self.values(point)) is not None]
        if not known:
            errors = dict.fromkeys(point.error for point in points if point.failed)
            reason = next(iter(errors), f"{', '.join(sorted(self.names))}: one of them has no value in these points")
            raise RunStopped(f"none of the first {len(points)} points has what is to be optimised: {reason}")
        table = np.array(known)
        spread, size = np.ptp(table, axis=0), np.abs(table).max(axis=0)
        self._spread = np.where(spread > 0.0, spread, np.where(size > 0.0, size, 1.0))
        count = len(self.objectives)
        self._worst = np.append(table[:, :count].max(axis=0), table[:, count:].min(axis=0, initial=0.0))

    def spread(self, number: int) -> float:
        """Return the spread of an objective, or behind them of a limit's margin."""
        return float(self._spread[number])

    def merit(self, point: Evaluation, weights: Numbers) -> Merit:
        """Return a point as an optimiser sees it; one without result is worse than the worst of the first ones."""
        values, count = self.values(point), len(self.objectives)
        if values is None:
            worst = self._worst / self._spread
            return Merit(float(weights @ worst[:count]) + 1.0, np.minimum(worst[count:], 0.0) - 1.0)
        scaled = values / self._spread
        return Merit(float(weights @ scaled[:count]), scaled[count:])

    def holds(self, merit: Merit) -> bool:
        """Tell whether a point keeps all limits."""
        return merit.violation <= _BROKEN


def optimum(goal: Goal, evaluations: Evaluations) -> Optimum:
    """Return the least value of the first objective; the first points must have been computed.

    Raises
    ------
    RunStopped
        No point was found that keeps all limits.
    """
    task = goal.task
    weights = np.eye(len(goal.objectives))[0]
    starts = best_starts([(p.shares, goal.merit(p, weights)) for p in evaluations.all], task.starts)
    problems = [Problem(start, lambda point: goal.merit(point, weights), len(goal.limits)) for start in starts]
    ended = search(problems, evaluations, task.evaluations, task.tolerance)
    return _found(goal, evaluations, weights, ended)


def best_starts(points: Sequence[tuple[Numbers, Merit]], most: int) -> list[Numbers]:
    """Return the shares of the best points that lie apart: by what they break of the limits, then by objective."""
    order = sorted(points, key=lambda item: (item[1].violation, item[1].objective))
    chosen: list[Numbers] = []
    for shares, _ in order:
        if all(np.abs(shares - other).max() >= _APART for other in chosen):
            chosen.append(shares)
        if len(chosen) == most:
            break
    return chosen


def best_point(goal: Goal, evaluations: Evaluations, weights: Numbers) -> Evaluation:
    """Return the best of all points that keep the limits; RunStopped if none does."""
    merits = [(point, goal.merit(point, weights)) for point in evaluations.all if goal.values(point) is not None]
    kept = [(merit.objective, number) for number, (_, merit) in enumerate(merits) if goal.holds(merit)]
    if not kept:
        raise RunStopped(f"no point keeps all limits{_nearest(goal, merits)}. Remedy: wider `over`, or other limits")
    return merits[min(kept)[1]][0]


def _nearest(goal: Goal, merits: Sequence[tuple[Evaluation, Merit]]) -> str:
    """Return what the point that breaks the limits least misses of them."""
    if not merits:
        return ""
    values = goal.values(min(merits, key=lambda item: item[1].violation)[0])
    assert values is not None
    parts = zip(goal.limits, values[len(goal.objectives) :], goal.limit_units, strict=True)
    short = [f"{limit.text} by {-margin:.3g} {unit}" for limit, margin, unit in parts if margin < 0.0]
    return f"; the nearest misses {' and '.join(short)}"


def _found(goal: Goal, evaluations: Evaluations, weights: Numbers, ended: Sequence[Ended]) -> Optimum:
    point = best_point(goal, evaluations, weights)
    values = goal.values(point)
    assert values is not None
    gradients = _gradients(goal, evaluations, point)
    count, variations = len(goal.objectives), list(evaluations.plan.over.values())
    margins = values[count:]
    active = [bool(m <= goal.task.tolerance * goal.spread(count + n)) for n, m in enumerate(margins)]
    bounds = [_bound(share, goal.task.tolerance) for share in point.shares]
    worth = _multipliers(gradients[0], gradients[count:], active, bounds)
    limits = tuple(
        LimitAtOptimum(limit.text, unit, float(margins[n]), active[n], float(worth[n]))
        for n, (limit, unit) in enumerate(zip(goal.limits, goal.limit_units, strict=True))
    )
    slopes = tuple(_slope(v, point, gradients[:, k], count, bounds[k]) for k, v in enumerate(variations))
    return Optimum(point, float(values[0]), limits, slopes, len(ended), sum(end.converged for end in ended))


def _gradients(goal: Goal, evaluations: Evaluations, point: Evaluation) -> Numbers:
    """Return the derivatives of objectives and margins by the shares, (quantities, keys); NaN where there is none."""
    step, keys = goal.task.difference, len(point.shares)
    below, above = (np.clip(point.shares + sign * step * np.eye(keys), 0.0, 1.0) for sign in (-1.0, 1.0))
    found = [goal.values(p) for p in evaluations(np.concatenate([below, above]))]
    missing = np.full(len(goal.objectives) + len(goal.limits), np.nan)
    low, high = (np.array([missing if v is None else v for v in part]) for part in (found[:keys], found[keys:]))
    return np.asarray(((high - low) / np.diag(above - below)[:, None]).T)


def _bound(share: float, tolerance: float) -> str:
    if share <= tolerance:
        return "lower"
    return "upper" if share >= 1.0 - tolerance else ""


def _multipliers(objective: Numbers, margins: Numbers, active: Sequence[bool], bounds: Sequence[str]) -> Numbers:
    """Return the multiplier of each limit: what a unit more of its margin would save; 0 of those not active.

    At an optimum grad f = sum of multipliers times grad margin + those of the bounds, none negative
    (Karush-Kuhn-Tucker); found by non-negative least squares.
    """
    from scipy.optimize import nnls

    found = np.zeros(len(margins))
    chosen = [number for number, is_active in enumerate(active) if is_active]
    sides = [np.eye(len(bounds))[k] * (1.0 if side == "lower" else -1.0) for k, side in enumerate(bounds) if side]
    if chosen and np.isfinite(objective).all() and np.isfinite(margins[chosen]).all():
        columns = np.array([*margins[chosen], *sides]).T
        sizes = np.linalg.norm(columns, axis=0)
        scaled = columns / np.where(sizes > 0.0, sizes, 1.0)
        solution, _ = nnls(scaled, objective)
        found[chosen] = (solution / np.where(sizes > 0.0, sizes, np.inf))[: len(chosen)]
    return found


def _slope(variation: Variation, point: Evaluation, gradient: Numbers, objectives: int, bound: str) -> Slope:
    """Return the derivatives by one key from those by its share."""
    key, value = variation.key, point.values[variation.key.name]
    stretch = variation.high - variation.low
    per_share = value * float(np.log(variation.high / variation.low)) if variation.logarithmic else stretch
    derivatives = gradient / per_share
    limits = tuple(float(found) for found in derivatives[objectives:])
    return Slope(key.name, key.unit or "1", value, float(derivatives[0]), limits, bound)
