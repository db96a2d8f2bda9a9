"""What a solution on one mesh leaves behind at the reported times, and solving on one mesh."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from twin.fe.heat import HeatState
from twin.fe.tensor import Array, TensorGrid
from twin.spec.stack import Stack
from twin.thermal.layers import Layer
from twin.thermal.stack_fields import NodeWeights
from twin.thermal.stack_march import March
from twin.thermal.stack_mesh import StackMesh
from twin.thermal.stack_model import StackModel, compile_stack, layers_of, oriented
from twin.thermal.stack_probes import spacing_at, weights_around
from twin.thermal.stack_times import Times, chosen_times, even_times

Progress = Callable[[float, float, str], None]
"""Called with what is done, what there is to do, and what it is."""


@dataclass(frozen=True)
class Task:
    """A stack to solve, turned if its channels run along x, with its layers' properties."""

    stack: Stack
    layers: tuple[Layer, ...]
    folder: Path
    exchanged: bool
    progress: Progress | None = None

    @classmethod
    def of(cls, stack: Stack, folder: Path, progress: Progress | None = None) -> Task:
        """Return the task of a stack file; maps are looked for in `folder`."""
        turned, exchanged = oriented(stack)
        return cls(turned, layers_of(turned, exchanged), folder, exchanged, progress)

    def march(self, mesh: StackMesh) -> March:
        """Return the compiled stack on a mesh, ready to be solved."""
        return March(compile_stack(self.stack, self.layers, mesh, self.folder, self.exchanged))

    def around(self, coarse: StackMesh, grid: TensorGrid) -> dict[str, list[NodeWeights]]:
        """Return the weights on a grid of points around every probe, an element of a coarse mesh apart."""
        found = {}
        for name, probe in self.stack.probes.items():
            spacing = (spacing_at(coarse.x, probe.x or 0.0), spacing_at(coarse.y, probe.y or 0.0))
            found[name] = weights_around(self.stack, grid, probe, spacing)
        return found


@dataclass
class Trace:
    """Probes, points around them and extremes at the reported times, in K."""

    model: StackModel
    points: dict[str, list[NodeWeights]]
    times: list[float] = field(default_factory=list)
    probes: dict[str, list[float]] = field(default_factory=dict)
    around: dict[str, list[Array]] = field(default_factory=dict)
    peaks: list[float] = field(default_factory=list)
    highest: Array | None = None
    lowest: Array | None = None

    def record(self, time: float, state: HeatState) -> None:
        """Keep what is reported of a time."""
        self.times.append(time)
        for name, weights in self.model.probes.items():
            self.probes.setdefault(name, []).append(self.model.value(weights, state.solid))
            self.around.setdefault(name, []).append(
                np.array([self.model.value(point, state.solid) for point in self.points[name]])
            )
        self.peaks.append(self.model.highest(state.solid))
        self.highest = state.solid if self.highest is None else np.maximum(self.highest, state.solid)
        self.lowest = state.solid if self.lowest is None else np.minimum(self.lowest, state.solid)


@dataclass(frozen=True)
class Solved:
    """A solution on one mesh."""

    trace: Trace
    march: March
    final: HeatState


def solve_with(
    task: Task, march: March, coarse: StackMesh, times: Times | None, doubled: bool = False, title: str = ""
) -> Solved:
    """Solve a compiled stack: steady, or through the steps of a transient (`doubled`: with twice their length).

    Points around the probes lie an element of the `coarse` mesh apart.
    """
    trace = Trace(march.model, task.around(coarse, march.model.grid))
    start = start_of(task, march)
    if times is None:
        trace.record(0.0, start)
        return Solved(trace, march, start)
    march.residual = 0.0
    end, progress = times.pairs[-1].stop, task.progress

    def told(time: float) -> None:
        if progress is not None and title:
            progress(time, end, title)

    final = times.run(march, start, trace.record, doubled, told)
    return Solved(trace, march, final)


def start_of(task: Task, march: March) -> HeatState:
    """Return the steady state, or the initial state of a transient."""
    transient = task.stack.transient
    if transient is None or transient.initial == "steady":
        return march.steady(0.0)
    return march.uniform(float(transient.initial))


def times_of(task: Task, coarse: March, halvings: int, tolerance: float) -> Times | None:
    """Return the steps of a transient, None for a steady state; automatic ones are chosen on a coarse mesh."""
    transient = task.stack.transient
    if transient is None:
        return None
    if transient.step != "auto":
        return even_times(task.stack, halvings)
    return chosen_times(task.stack, coarse, start_of(task, coarse), tolerance)
