"""One solve on several processes: each owns a run of columns of nodes across the flow (slabs along x)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from twin.fe.tensor import Array

_FEWEST_COLUMNS = 4
_SIZE_VARIABLES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "PMIX_SIZE")


@cache
def _world() -> Any:
    """The communicator if this process was started by mpiexec with others, else None."""
    if all(int(os.environ.get(name, "1")) < 2 for name in _SIZE_VARIABLES):
        return None
    from twin.fe.runtime import mpi

    world = mpi().COMM_WORLD
    return world if world.size > 1 else None


def is_first() -> bool:
    """Return whether this process is the one that speaks to the user."""
    return _world() is None or _world().rank == 0


@dataclass(frozen=True)
class Slabs:
    """Columns of nodes divided among processes; `communicator` None: one process owns all."""

    count: int
    communicator: Any = None

    @classmethod
    def of(cls, count: int) -> Slabs:
        """Return the division of `count` columns; too few for all processes: each solves the whole."""
        world = _world()
        return cls(count, world if world is not None and count >= _FEWEST_COLUMNS * world.size else None)

    @property
    def bounds(self) -> list[int]:
        """First column of every process, and the end."""
        size = self.communicator.size if self.communicator else 1
        return [self.count * rank // size for rank in range(size + 1)]

    @property
    def own(self) -> slice:
        """Columns of this process."""
        rank = self.communicator.rank if self.communicator else 0
        return slice(self.bounds[rank], self.bounds[rank + 1])

    def total(self, value: float) -> float:
        """Return the sum over processes."""
        return float(self.communicator.allreduce(value)) if self.communicator else value

    def highest(self, value: float) -> float:
        """Return the maximum over processes."""
        return -self.lowest(-value)

    def lowest(self, value: float) -> float:
        """Return the minimum over processes."""
        if not self.communicator:
            return value
        return float(min(self.communicator.allgather(value)))

    def gathered(self, own: Array) -> Array:
        """Return an array whose first axis is divided among the processes, whole on each of them."""
        if not self.communicator:
            return own
        return np.concatenate(self.communicator.allgather(own))

    def with_neighbours(self, own: Array, width: int) -> Array:
        """Return own columns between `width` columns of the neighbours on either side (where there are any)."""
        if not self.communicator:
            return own
        rank, size = self.communicator.rank, self.communicator.size
        parts = [own]
        if rank + 1 < size:
            parts.append(self._exchange(own[-width:], rank + 1))
        if rank > 0:
            parts.insert(0, self._exchange(own[:width], rank - 1))
        return np.concatenate(parts)

    def _exchange(self, given: Array, partner: int) -> Array:
        received = np.empty_like(given)
        self.communicator.Sendrecv(np.ascontiguousarray(given), partner, recvbuf=received, source=partner)
        return received

    def scattered_sum(self, parts: Array, counts: list[int]) -> Array:
        """Sum arrays over processes, and return this process's `counts` of the first axis."""
        if not self.communicator:
            return parts
        received = np.empty((counts[self.communicator.rank], *parts.shape[1:]), parts.dtype)
        inner = int(np.prod(parts.shape[1:]))
        self.communicator.Reduce_scatter(np.ascontiguousarray(parts), received, [count * inner for count in counts])
        return received

    def collected(self, own: Array, counts: list[int]) -> Array:
        """Return an array of which each process has `counts` of the first axis, whole on each of them."""
        if not self.communicator:
            return own
        whole = np.empty((sum(counts), *own.shape[1:]), own.dtype)
        inner = int(np.prod(own.shape[1:]))
        self.communicator.Allgatherv(np.ascontiguousarray(own), (whole, [count * inner for count in counts]))
        return whole
