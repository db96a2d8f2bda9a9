"""A study that searches for an optimum or a front: its points as those of any study, its answer in optimum.json."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import OutputError, RunStopped
from twin.results.checkpoint import replace_file
from twin.study import dataset, model_checks
from twin.study.catalogue import Catalogue
from twin.study.evaluations import Connect, Evaluation, Evaluations, Tell
from twin.study.optimise import Goal, LimitAtOptimum, Optimum, Slope, optimum
from twin.study.pareto import FrontPoint, front
from twin.study.plan import Plan
from twin.study.shared import SharedPoints
from twin.study.worker import Task

OPTIMUM_FILE = "optimum.json"
_EVERY = 5.0
"""Seconds between two times at which the points of a search are written."""


@dataclass(frozen=True)
class Objective:
    """What is minimised, as it was written, and its SI unit."""

    text: str
    unit: str


@dataclass(frozen=True)
class Searched:
    """A key over which was searched: its SI unit, its bounds in SI."""

    text: str
    unit: str
    low: float
    high: float
    logarithmic: bool


@dataclass(frozen=True)
class Solution:
    """A point that was found: keys and objectives in SI, in the order of the optimisation's lists."""

    keys: tuple[float, ...]
    objectives: tuple[float, ...]


@dataclass(frozen=True)
class Tried:
    """A point of the search: keys and objectives in SI (none without a result), whether it keeps the limits."""

    keys: tuple[float, ...]
    objectives: tuple[float, ...]
    kept: bool


@dataclass(frozen=True)
class Optimisation:
    """The answer of an optimisation: one optimum with what holds it there, or the points of a front.

    `tried` are all points in their order, `failed` of them had no result. `converged` of `searches` local searches
    ended with small steps. `problem` says why there is no answer.
    """

    objectives: tuple[Objective, ...]
    keys: tuple[Searched, ...]
    tried: tuple[Tried, ...]
    solutions: tuple[Solution, ...] = ()
    limits: tuple[LimitAtOptimum, ...] = ()
    slopes: tuple[Slope, ...] = ()
    searches: int = 0
    converged: int = 0
    problem: str = ""

    @property
    def failed(self) -> int:
        """Points without a result."""
        return sum(not point.objectives for point in self.tried)

    @property
    def is_front(self) -> bool:
        """Whether there are two objectives."""
        return len(self.objectives) == 2


def search_optimum(
    plan: Plan,
    folder: Path,
    catalogue: Catalogue,
    shared: SharedPoints | None,
    task: Task,
    connect: Connect,
    tell: Tell,
) -> str:
    """Search, write study.zarr and optimum.json, and return why there is no answer; empty if there is one.

    The search is a function of the results of its points alone: after an interruption it takes the same way again,
    through points that are known.

    Raises
    ------
    RunStopped
        No point was computed.
    """
    optimise = plan.study.optimise
    assert optimise is not None
    goal = Goal(optimise, plan.units)
    catalogue.begin(plan.signature, [], ())
    stopped: RunStopped | None = None
    found: Optimum | list[FrontPoint] | None = None
    kept = _Kept(plan, catalogue, folder)

    def told(*counts: int) -> None:
        kept.bring_up_to_date(evaluations)
        tell(*counts)

    with Evaluations(plan, task, catalogue, shared, connect, goal.names, told) as evaluations:
        try:
            goal.learn(evaluations(_first_shares(plan)))
            found = front(goal, evaluations) if len(goal.objectives) == 2 else optimum(goal, evaluations)
        except RunStopped as stop:
            stopped = stop
        if stopped is not None and not evaluations.all:
            raise stopped
        points = kept.write(evaluations)
        answer = _answer(goal, plan, evaluations.all, found, "" if stopped is None else str(stopped))
        _write(answer, folder)
        best = [number for number, point in enumerate(evaluations.all) if any(point is one for one in _best(found))]
        if stopped is None and model_checks.are_missing(points, catalogue, folder, best):
            model_checks.write_checks(points, catalogue, shared, task, evaluations.client, folder, best)
    return answer.problem


def _best(found: Optimum | list[FrontPoint] | None) -> list[Evaluation]:
    """Return the points that are the answer."""
    if isinstance(found, Optimum):
        return [found.point]
    return [one.point for one in found or []]


class _Kept:
    """The points of a search that are listed in the catalogue and written to study.zarr, now and then."""

    def __init__(self, plan: Plan, catalogue: Catalogue, folder: Path):
        self._plan, self._catalogue, self._folder = plan, catalogue, folder
        self._next = time.monotonic() + _EVERY

    def bring_up_to_date(self, evaluations: Evaluations) -> None:
        """Write the points if that was not done lately."""
        if evaluations.all and time.monotonic() >= self._next:
            self.write(evaluations)
            self._next = time.monotonic() + _EVERY

    def write(self, evaluations: Evaluations) -> Plan:
        """Write the points that were asked for so far, and return their plan."""
        points = evaluations.points(np.array([point.shares for point in evaluations.all]))
        excluded = [number for number in range(points.points) if points.is_excluded(number)]
        identities = [points.identity(number) for number in range(points.points)]
        self._catalogue.list_points(identities, excluded, evaluations.computed)
        dataset.write(points, self._catalogue, self._folder)
        return points


def read_optimisation(folder: Path | str) -> Optimisation | None:
    """Return the answer in the folder of a study; None if there is none. OutputError if it cannot be read."""
    path = Path(folder) / OPTIMUM_FILE
    if not path.is_file():
        return None
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
        lists = {"objectives": Objective, "keys": Searched, "limits": LimitAtOptimum}
        found = {name: tuple(kind(**_numbers(item)) for item in tree[name]) for name, kind in lists.items()}
        solutions = tuple(Solution(tuple(s["keys"]), tuple(s["objectives"])) for s in tree["solutions"])
        tried = tuple(Tried(tuple(t["keys"]), tuple(t["objectives"]), t["kept"]) for t in tree["tried"])
        slopes = tuple(Slope(**{**_numbers(s), "limits": tuple(s["limits"])}) for s in tree["slopes"])
        return Optimisation(**{**tree, **found, "tried": tried, "solutions": solutions, "slopes": slopes})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise OutputError(f"{path}: cannot be read ({error}); run the study again") from error


def _first_shares(plan: Plan) -> NDArray[np.float64]:
    """Return the shares of the plan's own points."""
    from twin.study.sampling import design

    optimise = plan.study.optimise
    assert optimise is not None
    return design("sobol", optimise.design, len(plan.over), optimise.seed)


def _answer(
    goal: Goal, plan: Plan, points: list[Evaluation], found: Optimum | list[FrontPoint] | None, problem: str
) -> Optimisation:
    names = list(plan.over)
    known: dict[str, Any] = {
        "objectives": tuple(Objective(e.text, unit) for e, unit in zip(goal.objectives, goal.units, strict=True)),
        "keys": tuple(Searched(name, v.key.unit or "1", v.low, v.high, v.logarithmic) for name, v in plan.over.items()),
        "tried": tuple(_tried(goal, names, point) for point in points),
        "problem": problem,
    }
    if found is None:
        return Optimisation(**known)
    if isinstance(found, Optimum):
        best = Solution(tuple(found.point.values[name] for name in names), (found.objective,))
        known |= {"limits": found.limits, "slopes": found.slopes}
        return Optimisation(**known, solutions=(best,), searches=found.searches, converged=found.converged)
    return Optimisation(
        **known, solutions=tuple(Solution(tuple(f.point.values[n] for n in names), f.objectives) for f in found)
    )


def _tried(goal: Goal, names: list[str], point: Evaluation) -> Tried:
    values, count = goal.values(point), len(goal.objectives)
    keys = tuple(point.values[name] for name in names)
    if values is None:
        return Tried(keys, (), False)
    return Tried(keys, tuple(map(float, values[:count])), goal.holds(goal.merit(point, np.ones(count))))


def _write(answer: Optimisation, folder: Path) -> None:
    path = folder / OPTIMUM_FILE
    content = json.dumps(_without_nan(asdict(answer)), indent=2, allow_nan=False)
    try:
        replace_file(path, content.encode())
    except OSError as error:
        raise RunStopped(
            f"{path}: cannot be written ({error.strerror}). The points are kept in the catalogue."
        ) from error


def _without_nan(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _without_nan(value) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [_without_nan(item) for item in node]
    return None if isinstance(node, float) and not np.isfinite(node) else node


def _numbers(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item with NaN where a number was left out."""
    return {name: float("nan") if value is None else value for name, value in item.items()}
