"""Refining mesh and steps until the errors of all probes hold their target, or memory ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.fe.tensor import Array
from twin.spec.stack import TargetError
from twin.thermal import stack_memory
from twin.thermal.stack_estimate import Estimate, estimate
from twin.thermal.stack_grading import first_mesh
from twin.thermal.stack_march import March
from twin.thermal.stack_mesh import DIRECTIONS, Direction, StackMesh
from twin.thermal.stack_times import Times
from twin.thermal.stack_trace import Solved, Task, Trace, solve_with, times_of

AUTOMATIC_TOLERANCE = 2e-4
"""Error of a pair of automatic steps over the rise, where no target is given."""

_LEAST_TARGET = 1e-3
"""K; a target in percent is never smaller."""
_MOST_ROUNDS = 12
_NEGLIGIBLE = 0.05
"""A direction that makes less than this part of the error is left alone."""
_TIME_SHARE = 0.4
"""Part of the target that the steps may take."""
_STEP_ORDER = 2


@dataclass(frozen=True)
class Accurate:
    """A solution with its errors, and what kept it from its target."""

    solved: Solved
    errors: Estimate
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Level:
    """Mesh and steps of one round."""

    mesh: StackMesh
    halvings: int
    tolerance: float


def solve_accurately(task: Task) -> Accurate:
    """Solve on the first mesh, estimate, and refine while a target is missed."""
    numerics = task.stack.numerics
    level = _Level(first_mesh(task.stack, task.layers), 0, _first_tolerance(numerics.target_error))
    budget = stack_memory.for_refinement(numerics.memory)
    for number in range(_MOST_ROUNDS):
        if task.progress is not None and number:
            task.progress(number, _MOST_ROUNDS, f"refining to {level.mesh.unknowns} unknowns")
        coarse = task.march(level.mesh.coarse())
        times = times_of(task, coarse, level.halvings, level.tolerance)
        solved = solve_with(
            task,
            task.march(level.mesh),
            coarse.model.mesh,
            times,
            title="time" if number == 0 else f"time, refinement {number}",
        )
        errors, known = estimate(task, solved, coarse, times)
        warnings = () if known else ("a companion solution ran away or failed: the errors are not known",)
        target = numerics.target_error
        if target is None or not known:
            return Accurate(solved, errors, warnings)
        missed = _Missed.of(solved.trace, errors, _targets(task, solved.trace, target))
        if missed.all <= 1.0:
            return Accurate(solved, errors, warnings)
        finer = _refined(task, level, missed, times, solved.trace, coarse)
        if stack_memory.needed(finer.mesh.unknowns, task.stack.degree) > budget:
            break
        level = finer
    else:
        return Accurate(solved, errors, (*warnings, f"{_missed_by(missed)}, after {_MOST_ROUNDS} refinements"))
    reason = f"{_missed_by(missed)}: a finer mesh would take more memory than allowed"
    return Accurate(solved, errors, (*warnings, reason))


def _missed_by(missed: _Missed) -> str:
    return f"target_error is missed by a factor of {missed.all:.2g}"


@dataclass(frozen=True)
class _Missed:
    """Largest error over its target: all of it, of the elements, and of the steps."""

    all: float
    space: float
    time: float

    @classmethod
    def of(cls, trace: Trace, errors: Estimate, targets: dict[str, Array]) -> _Missed:
        def worst(parts: dict[str, Array]) -> float:
            return max((float((parts[name] / targets[name]).max()) for name in targets), default=0.0)

        return cls(worst({name: errors.probe(name) for name in targets}), worst(errors.space), worst(errors.time))


def _targets(task: Task, trace: Trace, target: TargetError) -> dict[str, Array]:
    """Return the largest error allowed of every probe at every reported time, in K."""
    if not target.relative:
        return {name: np.full(len(trace.times), target.value) for name in trace.probes}
    start = reference_temperature(task, trace)
    return {
        name: np.maximum(target.value * np.abs(np.array(values) - start), _LEAST_TARGET)
        for name, values in trace.probes.items()
    }


def reference_temperature(task: Task, trace: Trace) -> float:
    """Return what rises are over: the initial temperature, or the coldest ambient, inlet or fixed temperature."""
    transient = task.stack.transient
    if transient is not None and transient.initial != "steady":
        return float(transient.initial)
    return trace.model.coldest


def _first_tolerance(target: TargetError | None) -> float:
    if target is None or not target.relative:
        return AUTOMATIC_TOLERANCE
    return min(AUTOMATIC_TOLERANCE, target.value / 10)


def _refined(task: Task, level: _Level, missed: _Missed, times: Times | None, trace: Trace, coarse: March) -> _Level:
    """Return finer steps if they matter, and a mesh that is finer along the directions that matter."""
    halvings, tolerance, mesh = level.halvings, level.tolerance, level.mesh
    if missed.time > _TIME_SHARE:
        ratio = missed.time / _TIME_SHARE * 1.2
        halvings += max(1, int(np.ceil(np.log2(ratio) / _STEP_ORDER)))
        tolerance /= ratio**1.5
    if missed.space > 1 - _TIME_SHARE:
        mesh = mesh.refined(_directions(task, coarse, missed, times, trace))
    return _Level(mesh, halvings, tolerance)


def _directions(task: Task, coarse: March, missed: _Missed, times: Times | None, trace: Trace) -> tuple[Direction, ...]:
    """Return the directions whose elements matter: by refining each alone on the coarse mesh."""
    mesh = coarse.model.mesh
    target = task.stack.numerics.target_error
    assert target is not None
    targets = _targets(task, trace, target)
    plain = solve_with(task, coarse, mesh, times).trace
    shares: dict[Direction, float] = {}
    for direction in DIRECTIONS:
        found = solve_with(task, task.march(mesh.refined((direction,))), mesh, times).trace
        shares[direction] = max(
            float((np.abs(np.array(found.probes[n]) - np.array(plain.probes[n])) / targets[n]).max()) for n in targets
        )
    return _enough(shares, missed.space)


def _enough(shares: dict[Direction, float], missed: float) -> tuple[Direction, ...]:
    """Return the fewest directions, largest share first, whose refinement brings the error below its target.

    Refinement leaves a quarter of a direction's share (second order).
    """
    total = sum(shares.values())
    if total == 0.0:
        return DIRECTIONS
    left, chosen = missed, []
    for direction in sorted(shares, key=lambda d: -shares[d]):
        if left <= 1 - _TIME_SHARE or shares[direction] < _NEGLIGIBLE * total:
            break
        left -= 0.75 * missed * shares[direction] / total
        chosen.append(direction)
    return tuple(chosen)
