"""Local searches that run side by side: each asks for one point at a time, all of a round are computed together."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.study.evaluations import Evaluation

Numbers = NDArray[np.float64]
Evaluate = Callable[[Numbers], list[Evaluation]]

_FIRST_STEP = 0.1
"""Radius of the first steps as a share of the way between the bounds."""


@dataclass(frozen=True)
class Merit:
    """A point as an optimiser sees it: the objective, and the margins of all limits, negative where one is broken.

    Both are divided by their spread over the first points, so that 1 is a large change of either.
    """

    objective: float
    margins: Numbers

    @property
    def violation(self) -> float:
        """How far the worst limit is broken, 0 if none is."""
        return float(max(0.0, -self.margins.min(initial=0.0)))


@dataclass(frozen=True)
class Problem:
    """What one search minimises, from where, and how it judges a point."""

    start: Numbers
    judge: Callable[[Evaluation], Merit]
    limits: int


@dataclass(frozen=True)
class Ended:
    """The end of a search: where, after how many points, and whether its steps had become small."""

    shares: Numbers
    points: int
    converged: bool


class _Stopped(Exception):
    """The evaluation of points has ended: searches end as well."""


def search(problems: Sequence[Problem], evaluate: Evaluate, most: int, tolerance: float) -> list[Ended]:
    """Return where the searches end; the points of a round are evaluated together, in the order of the searches.

    Each is derivative-free, by quadratic models within a trust region that respects the bounds (COBYQA: Ragonneau,
    PhD thesis, Hong Kong Polytechnic University, 2022).

    Parameters
    ----------
    problems : sequence
        The searches.
    evaluate : callable
        Returns the points at shares (points, keys).
    most : int
        Points that one search may ask for.
    tolerance : float
        Radius of the steps at which a search ends, as a share of the way between the bounds.
    """
    asked: queue.Queue[tuple[int, Any]] = queue.Queue()
    answers: list[queue.Queue[Any]] = [queue.Queue() for _ in problems]
    threads = [
        threading.Thread(target=_run, args=(n, problem, asked, answers[n], most, tolerance), daemon=True)
        for n, problem in enumerate(problems)
    ]
    for thread in threads:
        thread.start()
    ended: dict[int, Ended] = {}
    try:
        while len(ended) < len(problems):
            waiting: dict[int, Numbers] = {}
            for _ in range(len(problems) - len(ended)):
                number, message = asked.get()
                if isinstance(message, BaseException):
                    raise message
                if isinstance(message, Ended):
                    ended[number] = message
                else:
                    waiting[number] = message
            order = sorted(waiting)
            if order:
                for number, found in zip(order, evaluate(np.stack([waiting[n] for n in order])), strict=True):
                    answers[number].put(found)
    finally:
        for answer in answers:
            answer.put(None)
    return [ended[number] for number in range(len(problems))]


def _run(
    number: int,
    problem: Problem,
    asked: queue.Queue[tuple[int, Any]],
    answer: queue.Queue[Any],
    most: int,
    tolerance: float,
) -> None:
    """One search, in a thread of its own: it only ever waits for its points."""
    known: dict[bytes, Merit] = {}

    def merit(shares: Numbers) -> Merit:
        inside = np.clip(np.asarray(shares, dtype=float), 0.0, 1.0)
        name = inside.tobytes()
        if name not in known:
            asked.put((number, inside))
            found = answer.get()
            if found is None:
                raise _Stopped
            known[name] = problem.judge(found)
        return known[name]

    try:
        asked.put((number, _minimised(problem, merit, known, most, tolerance)))
    except _Stopped:
        pass
    except Exception as fault:
        asked.put((number, fault))


def _minimised(
    problem: Problem, merit: Callable[[Numbers], Merit], known: dict[bytes, Merit], most: int, tolerance: float
) -> Ended:
    from scipy.optimize import Bounds, NonlinearConstraint, minimize

    limits = [NonlinearConstraint(lambda x: merit(x).margins, 0.0, np.inf)] if problem.limits else []
    keys = len(problem.start)
    found = minimize(
        lambda x: merit(x).objective,
        problem.start,
        method="COBYQA",
        bounds=Bounds(np.zeros(keys), np.ones(keys)),
        constraints=limits,
        options={"maxfev": most, "initial_tr_radius": _FIRST_STEP, "final_tr_radius": tolerance},
    )
    return Ended(np.clip(found.x, 0.0, 1.0), len(known), bool(found.success))
