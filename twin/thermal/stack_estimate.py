"""How wrong a solution is: its distance from companions on coarser meshes and with longer steps.

At second order the error is a third of the distance to the solution on a mesh twice as coarse, or with
steps twice as long. Half of it is taken: that covers the error within a factor of 3 down to orders of 0.75.
Quadratic elements are of third or fourth order where temperatures are smooth; a quarter of the distance
covers orders down to 1.2.
Differences around a point probe guard it against two solutions that happen to cross there.
Source: Richardson extrapolation, e.g. Roache, Verification and Validation in Computational Science and
Engineering (1998), ch. 5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.fe.heat import Runaway
from twin.fe.krylov import NotConverged
from twin.fe.tensor import Array
from twin.thermal.stack_grading import first_mesh, varies
from twin.thermal.stack_march import March
from twin.thermal.stack_mesh import StackMesh
from twin.thermal.stack_times import Times
from twin.thermal.stack_trace import Solved, Task, Trace, solve_with

_SHARE_OF_DIFFERENCE = {1: 0.5, 2: 0.25}
"""By degree of the elements; steps are of second order."""
_ROUNDING = 1e-10
"""What the solver leaves of a temperature, over its absolute value."""
_JUDGING_UNKNOWNS = 20_000
"""Given cells with fewer unknowns than this are judged by a graded mesh of about as many."""
_JUDGING_WORK = 2e7
"""Most unknowns times steps that judging may take."""


@dataclass(frozen=True)
class Estimate:
    """Errors in K: of every probe at every reported time, by elements and by steps, and of the maximum."""

    space: dict[str, Array]
    time: dict[str, Array]
    rounding: float
    peak: float

    def probe(self, name: str) -> Array:
        """Return the error of a probe at every reported time."""
        return self.space[name] + self.time[name] + self.rounding

    @property
    def largest(self) -> float:
        """The largest error of the maximum and all probes."""
        return max([self.peak, *(float(self.probe(name).max()) for name in self.space)])


def estimate(task: Task, solved: Solved, coarse: March, times: Times | None) -> tuple[Estimate, bool]:
    """Return the errors of a solution, and whether its companions on the `coarse` mesh could be solved."""
    fine, mesh = solved.trace.model.mesh, coarse.model.mesh
    try:
        companion = solve_with(task, coarse, mesh, times).trace
        longer = solve_with(task, coarse, mesh, times, doubled=True).trace if times else companion
        split = mesh.singles_split(fine, (varies(task.stack, "x"), varies(task.stack, "y")))
        finer = solve_with(task, task.march(split), mesh, times).trace if split is not None else companion
        judge = _judge(task, fine, mesh, times)
    except (Runaway, NotConverged):
        return _unknown(solved.trace), False
    trace = solved.trace
    half, share = _SHARE_OF_DIFFERENCE[1], _SHARE_OF_DIFFERENCE[fine.degree]
    space = {
        name: share * _distance(trace, companion, name) + _distance(finer, companion, name) for name in trace.probes
    }
    if judge is not None:
        space = {name: np.maximum(error, _distance(trace, judge, name)) for name, error in space.items()}
    time = {name: half * _distance(longer, companion, name) for name in trace.probes}
    rounding = _ROUNDING * max(trace.peaks)
    peak = share * _peaks(trace, companion) + half * _peaks(longer, companion) + _peaks(finer, companion) + rounding
    if judge is not None:
        peak = max(peak, _peaks(trace, judge) + rounding)
    return Estimate(space, time, rounding, peak), True


def _judge(task: Task, fine: StackMesh, coarse: StackMesh, times: Times | None) -> Trace | None:
    """Return the solution on a mesh of our own choice if the file's own cells are few.

    Meshes that do not see a source at all agree with each other: their distance says nothing.
    """
    stack = task.stack
    own = stack.model_copy(
        update={"cells": None, "layers": tuple(layer.model_copy(update={"cells": None}) for layer in stack.layers)}
    )
    steps = 2 * len(times.pairs) if times else 1
    if own == stack or fine.unknowns >= _JUDGING_UNKNOWNS or steps * _JUDGING_UNKNOWNS > _JUDGING_WORK:
        return None
    mesh = first_mesh(own, task.layers, _JUDGING_UNKNOWNS)
    return solve_with(task, task.march(mesh), coarse, times).trace


def _distance(first: Trace, second: Trace, name: str) -> Array:
    """Return the distance of a probe, or on the mean of the points around it, at every reported time."""
    probe = np.abs(np.array(first.probes[name]) - np.array(second.probes[name]))
    around = [np.abs(a - b).mean() for a, b in zip(first.around[name], second.around[name], strict=True)]
    return np.maximum(probe, around)


def _peaks(first: Trace, second: Trace) -> float:
    return abs(max(first.peaks) - max(second.peaks))


def _unknown(trace: Trace) -> Estimate:
    """A companion has no solution: nothing better is known than the rise itself."""
    coldest = trace.model.coldest
    rises = {name: np.abs(np.array(values) - coldest) for name, values in trace.probes.items()}
    return Estimate(rises, {name: np.zeros(len(trace.times)) for name in rises}, 0.0, max(trace.peaks) - coldest)
