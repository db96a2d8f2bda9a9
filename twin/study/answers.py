"""Answers from the points of a study: the best point under its limits, or how far a key may go until one breaks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from twin.spec.answer import Answer
from twin.study.edges import Edge, edge_beyond
from twin.study.limits import Limit
from twin.study.points import Column, StudyPoints

Mask = NDArray[np.bool_]


_FLAT = 5e-4
"""Share of the way from the best to the worst value by which points may differ and are as good."""


@dataclass(frozen=True)
class Around:
    """The points around the best along one axis.

    Points within `level` are as good; `between` are those beside them, between which the best lies, None at the
    end of the axis. The point `stopped` is one of these that is better but breaks a limit.
    """

    level: tuple[float, float]
    between: tuple[float | None, float | None]
    stopped: int | None

    @property
    def is_level(self) -> bool:
        """Whether several points are as good."""
        return self.level[0] < self.level[1]


@dataclass(frozen=True)
class Found:
    """The answer for one set of values of the keys `for_each`.

    `number` is the best point, None if no point holds the limits; `around` what lies around it along each axis;
    `holding` of `points` hold the limits, `valued` of these have a value of the goal, the worst of them `worst`.
    """

    group: dict[str, str | float]
    number: int | None
    value: float
    around: dict[str, Around]
    edge: Edge | None
    holding: int
    points: int
    valued: int = 0
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
        edges = [
            (number, edge_beyond(points, answer, int(number))) for number in candidates[_ties(sign * known[candidates])]
        ]
        number, edge = min(edges, key=lambda item: sign * item[1].end)
        return Found(group, int(number), float(known[number]), {}, edge, *counts)
    number = int(candidates[np.argmin(sign * known[candidates])])
    worst = float(known[candidates[np.argmax(sign * known[candidates])]])
    around = {} if points.is_sample else dict(_around(points, answer, holds, number, worst))
    return Found(group, number, float(known[number]), around, None, *counts, len(candidates), worst)


def _ties(values: NDArray[np.float64]) -> Mask:
    return np.asarray(values == values.min())


def _around(
    points: StudyPoints, answer: Answer, holds: Mask, number: int, worst: float
) -> Iterator[tuple[str, Around]]:
    """Yield what lies around the best point along every numeric axis that is left to choose and was computed."""
    values = points.columns[answer.goal].values.astype(float)
    best = values[number]
    as_good = holds & (np.abs(values - best) <= _FLAT * abs(worst - best))
    better = values > best if answer.maximise else values < best
    for column in points.keys:
        if column.name in answer.for_each or not column.is_number or column.name not in points.shape:
            continue
        ends = [_last(points, as_good, number, column.name, step) for step in (-1, 1)]
        sides = [points.neighbour(end, column.name, step) for end, step in zip(ends, (-1, 1), strict=True)]
        if ends[0] == ends[1] and not any(side is not None and points.done[side] for side in sides):
            continue
        stopped = next((side for side in sides if side is not None and better[side]), None)
        first, last = (float(column.values[end]) for end in ends)
        below, above = (None if side is None else float(column.values[side]) for side in sides)
        yield column.name, Around((first, last), (below, above), stopped)


def _last(points: StudyPoints, members: Mask, number: int, key: str, step: int) -> int:
    """Return the last point along an axis, from a point on, up to which all are members."""
    following = points.neighbour(number, key, step)
    while following is not None and members[following]:
        number, following = following, points.neighbour(following, key, step)
    return number
