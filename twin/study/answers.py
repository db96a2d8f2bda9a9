"""Answers from the points of a study: the best point under its limits, or how far a key may go until one breaks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from twin.spec.answer import Answer
from twin.study.limits import Limit
from twin.study.points import Column, StudyPoints

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Edge:
    """How far a key may go: the last point that holds, the first that does not, and what ends it.

    `reached` is where the limit is met between the two, linear in the margin; None if the next point has no
    result. `beyond` is None at the end of the axis.
    """

    reached: float | None
    last: float
    beyond: float | None
    broken: str

    @property
    def end(self) -> float:
        """How far the key may go."""
        return self.last if self.reached is None else self.reached


@dataclass(frozen=True)
class Found:
    """The answer for one set of values of the keys `for_each`.

    `number` is the best point, None if no point holds the limits; `between` the neighbours, along each axis, in
    which the best lies (one of them None at the end of an axis); `holding` of `points` hold the limits, the worst
    of which has the value `worst`.
    """

    group: dict[str, str | float]
    number: int | None
    value: float
    between: dict[str, tuple[float | None, float | None]]
    edge: Edge | None
    holding: int
    points: int
    worst: float = float("nan")

    @property
    def best(self) -> float:
        """The answer in SI: the goal's value, or how far the key may go."""
        return self.value if self.edge is None else self.edge.end


def holding(points: StudyPoints, answer: Answer) -> Mask:
    """Return which points (points,) hold all limits; one over a quantity that a point lacks says nothing."""
    found = points.done.copy()
    for text in answer.limits:
        margins = Limit(text).margins(points)
        found &= ~(margins < 0.0)
    return found


def answered(points: StudyPoints, answer: Answer) -> list[Found]:
    """Return the answer for every combination of values of the keys `for_each`."""
    holds = holding(points, answer)
    return [_best(points, answer, holds, group, members) for group, members in _groups(points, answer.for_each)]


def _groups(points: StudyPoints, names: tuple[str, ...]) -> Iterator[tuple[dict[str, str | float], Mask]]:
    columns = [points.columns[name] for name in names]
    for values in product(*(_distinct(column) for column in columns)):
        members = np.ones(points.count, dtype=bool)
        for column, value in zip(columns, values, strict=True):
            members &= column.values == value
        if members.any():
            yield {c.name: v for c, v in zip(columns, values, strict=True)}, members


def _distinct(column: Column) -> list[str | float]:
    return list(dict.fromkeys(column.axis.tolist()))


def _best(points: StudyPoints, answer: Answer, holds: Mask, group: dict[str, str | float], members: Mask) -> Found:
    goal = points.columns[answer.goal]
    known = goal.values.astype(float)
    candidates = np.flatnonzero(members & holds & np.isfinite(known))
    counts = int((members & holds).sum()), int(members.sum())
    if not len(candidates):
        return Found(group, None, float("nan"), {}, None, *counts)
    sign = -1.0 if answer.maximise else 1.0
    if goal.is_key and goal.name in points.shape:
        edges = [(number, _edge(points, answer, int(number))) for number in candidates[_ties(sign * known[candidates])]]
        number, edge = min(edges, key=lambda item: sign * item[1].end)
        return Found(group, int(number), float(known[number]), {}, edge, *counts)
    number = int(candidates[np.argmin(sign * known[candidates])])
    between = {} if points.is_sample else _between(points, number, set(group))
    worst = float(known[candidates[np.argmax(sign * known[candidates])]])
    return Found(group, number, float(known[number]), between, None, *counts, worst)


def _ties(values: NDArray[np.float64]) -> Mask:
    return np.asarray(values == values.min())


def _edge(points: StudyPoints, answer: Answer, number: int) -> Edge:
    """Return where along the axis of the goal the limits end, beyond a point that holds them."""
    column = points.columns[answer.goal]
    last = float(column.values[number])
    rising = column.axis[-1] > column.axis[0]
    step = 1 if bool(answer.maximise) == bool(rising) else -1
    following = points.neighbour(number, column.name, step)
    if following is None:
        return Edge(None, last, None, "")
    beyond = float(column.values[following])
    crossings = []
    for text in answer.limits:
        margins = Limit(text).margins(points)
        here, there = margins[number], margins[following]
        if here >= 0.0 > there:
            crossings.append((here / (here - there), text))
    if not crossings:
        return Edge(None, last, beyond, "")
    share, text = min(crossings)
    reached = last + share * (beyond - last)
    if np.issubdtype(column.axis.dtype, np.integer):
        reached = float(np.trunc(reached - last)) + last  # the last whole number that holds
    return Edge(reached, last, beyond, text)


def _between(points: StudyPoints, number: int, fixed: set[str]) -> dict[str, tuple[float | None, float | None]]:
    """Return the neighbours of a point along every numeric axis that is left to choose and was computed beside it."""
    found = {}
    for column in points.keys:
        if column.name in fixed or not column.is_number or column.name not in points.shape:
            continue
        sides = [points.neighbour(number, column.name, step) for step in (-1, 1)]
        if not any(side is not None and points.done[side] for side in sides):
            continue
        below, above = (None if side is None else float(column.values[side]) for side in sides)
        found[column.name] = (below, above) if column.axis[-1] > column.axis[0] else (above, below)
    return found
