"""The front between two objectives: no point of it is better in one without being worse in the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.study.evaluations import Evaluation, Evaluations
from twin.study.optimise import Goal, best_point, best_starts
from twin.study.search import Merit, Problem, search

Numbers = NDArray[np.float64]

_SECOND = 1e-3
"""Weight of the second objective while the first is minimised: of points that are equal in one, the better is found."""


@dataclass(frozen=True)
class FrontPoint:
    """A point of the front with its two objectives in SI."""

    point: Evaluation
    objectives: tuple[float, float]


def front(goal: Goal, evaluations: Evaluations) -> list[FrontPoint]:
    """Return the front by the augmented epsilon-constraint method, in the order of the first objective.

    Each objective is minimised alone; between the two ends the first is minimised under equally spaced limits of
    the second. What is returned are the points of all these searches that no other dominates.
    Source: Mavrotas, Applied Mathematics and Computation 213 (2009) 455.

    Raises
    ------
    RunStopped
        No point was found that keeps all limits.
    """
    ends = [_end(goal, evaluations, weights) for weights in (np.array([1.0, _SECOND]), np.array([_SECOND, 1.0]))]
    limits = np.linspace(ends[0].objectives[1], ends[1].objectives[1], goal.task.front)[1:-1]
    problems = [_under(goal, evaluations, float(limit)) for limit in limits]
    search(problems, evaluations, goal.task.evaluations, goal.task.tolerance)
    return _spaced(_dominant(goal, evaluations), ends, limits)


def _end(goal: Goal, evaluations: Evaluations, weights: Numbers) -> FrontPoint:
    """Return the best point by one objective, found from the best starts."""
    known = [(point.shares, goal.merit(point, weights)) for point in evaluations.all]
    problems = [
        Problem(start, lambda point: goal.merit(point, weights), len(goal.limits))
        for start in best_starts(known, goal.task.starts)
    ]
    search(problems, evaluations, goal.task.evaluations, goal.task.tolerance)
    return _as_front(goal, best_point(goal, evaluations, weights))


def _under(goal: Goal, evaluations: Evaluations, limit: float) -> Problem:
    """Return the search for the least first objective with the second at most at a limit, from the best point known."""
    weights = np.array([1.0, _SECOND])

    def judge(point: Evaluation) -> Merit:
        merit, values = goal.merit(point, weights), goal.values(point)
        room = merit.margins.min(initial=-1.0) if values is None else (limit - values[1]) / goal.spread(1)
        return Merit(merit.objective, np.append(merit.margins, room))

    (start,) = best_starts([(point.shares, judge(point)) for point in evaluations.all], 1)
    return Problem(start, judge, len(goal.limits) + 1)


def _as_front(goal: Goal, point: Evaluation) -> FrontPoint:
    values = goal.values(point)
    assert values is not None
    return FrontPoint(point, (float(values[0]), float(values[1])))


def _dominant(goal: Goal, evaluations: Evaluations) -> list[FrontPoint]:
    """Return all points that keep the limits and that no other such point dominates."""
    kept = []
    for point in evaluations.all:
        if goal.values(point) is not None and goal.holds(goal.merit(point, np.ones(2))):
            kept.append(_as_front(goal, point))
    kept.sort(key=lambda found: found.objectives)
    chosen: list[FrontPoint] = []
    for found in kept:
        if not chosen or found.objectives[1] < chosen[-1].objectives[1]:
            chosen.append(found)
    return chosen


def _spaced(found: Sequence[FrontPoint], ends: Sequence[FrontPoint], limits: Numbers) -> list[FrontPoint]:
    """Return the ends, and for each limit of the second objective the best point that keeps it."""
    wanted = [*(end.objectives[1] for end in ends[:1]), *limits, ends[1].objectives[1]]
    tolerance = 1e-9 * max(abs(value) for value in wanted)
    chosen: list[FrontPoint] = []
    for limit in wanted:
        under = [point for point in found if point.objectives[1] <= limit + tolerance]
        if under and under[0] not in chosen:
            chosen.append(under[0])
    return chosen
