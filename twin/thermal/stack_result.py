"""The solution of a stack, as it lies in its file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from twin.fe.heat import HeatBalance, HeatState
from twin.fe.stream import Stream
from twin.fe.tensor import Array
from twin.thermal.bed import BedFlow
from twin.thermal.stack_estimate import Estimate
from twin.thermal.stack_mesh import StackMesh
from twin.thermal.stack_model import StackModel
from twin.thermal.stack_trace import Solved, Task, Trace

Status = Literal["converged", "runaway", "failed"]


@dataclass
class StackResult:
    """What `twin solve` reports; a stack that ran away or failed has no `solved` and no `errors`."""

    task: Task
    status: Status
    mesh: StackMesh
    solved: Solved | None = None
    errors: Estimate | None = None
    warnings: tuple[str, ...] = ()
    wall_time: float = 0.0

    @property
    def solution(self) -> Solved:
        """The solution; an error for a stack without one."""
        if self.solved is None:
            raise ValueError(f"no temperatures: {self.status}: {'; '.join(self.warnings)}")
        return self.solved

    @property
    def exchanged(self) -> bool:
        """Whether x and y of the solution are those of the file exchanged."""
        return self.task.exchanged

    @property
    def trace(self) -> Trace:
        """Reported times, probes and extremes."""
        return self.solution.trace

    @property
    def model(self) -> StackModel:
        """The compiled stack."""
        return self.solution.trace.model

    @property
    def times(self) -> list[float]:
        """Reported times in s."""
        return self.trace.times

    @property
    def probes(self) -> dict[str, list[float]]:
        """Temperature of every probe at the reported times in K."""
        return self.trace.probes

    @property
    def final(self) -> HeatState:
        """Temperatures at the end."""
        return self.solution.final

    @property
    def balance(self) -> HeatBalance:
        """Heats at the end in W."""
        balance = self.solution.march.balance
        assert balance is not None
        return balance

    @property
    def streams(self) -> tuple[Stream, ...]:
        """Streams at the end: those of channel layers first, then coolant films."""
        return self.solution.march.streams

    @property
    def flows(self) -> tuple[BedFlow, ...]:
        """Flow in every channel layer at the end."""
        return self.solution.march.flows

    @property
    def residual(self) -> float:
        """Residual of the worst heat balance."""
        return self.solution.march.residual

    @property
    def iterations(self) -> int:
        """Iterations of the linear solver."""
        return self.solution.march.iterations

    @property
    def nodes(self) -> tuple[Array, Array, Array]:
        """Nodes along x, y, z in m, as in the stack file."""
        grid = self.mesh.grid
        return (grid.y, grid.x, grid.z) if self.exchanged else (grid.x, grid.y, grid.z)

    @property
    def field(self) -> Array:
        """Temperature of the solid at the end in K, shape (x, y, z), whole on every process."""
        solid = self.model.heat.slabs.gathered(self.final.solid)
        return solid.transpose(1, 0, 2) if self.exchanged else solid
