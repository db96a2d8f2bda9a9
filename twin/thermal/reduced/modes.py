"""The heat problem of a wafer at one flow, split into its modes across the flow.

Where properties and flow do not vary across the flow, the eigenvectors of conduction along x split
the finite-element equations into independent systems in (y, z, coolant), each block tridiagonal
along y (twin.fe.modal). Temperatures here are over the coolant's inlet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twin.fe.modal import LayeredOperator, ModalRows, x_modes
from twin.fe.stream import Stream
from twin.fe.tensor import Array, TensorGrid
from twin.thermal.wafer import WaferThermalModel

_AROUND = 300.0
"""Temperature in K at which conductivities are taken that depend on it."""


@dataclass(frozen=True)
class WaferModes:
    """Equations of each mode: E dT/dt + (A + value of the mode A_across) T = sources, per unit of width.

    Unknowns of a mode have shape (rows of nodes ny, places): the planes of nodes, then the places of
    the coolant.

    values, shapes : eigenvalues (modes,) in 1/m2 and eigenvectors (nx, modes), orthonormal in the
        widths and positive at the first line
    stream : coolant at a uniform flow
    """

    grid: TensorGrid
    operator: LayeredOperator
    stream: Stream
    values: Array
    shapes: Array
    rows: ModalRows
    capacity: Array

    @classmethod
    def of(cls, wafer: WaferThermalModel, flow_rate: float, temperature: float) -> WaferModes:
        """Return the modes of a wafer with its coolant at one flow in m3/s and temperature in K."""
        (found,), _ = wafer.bed.streams(flow_rate, temperature, wafer.bed.uniform(temperature))
        stream = _uniform(found).fed_at(0.0)
        operator = wafer.model.layered(None, _AROUND)
        values, shapes = x_modes(operator)
        shapes *= np.sign(shapes[:1])
        rows = ModalRows.of(operator, (stream,), None)
        with_storage = ModalRows.of(operator, (stream,), 1.0)
        planes = wafer.grid.z.size
        capacity = np.zeros(rows.diagonal.shape[:2])
        through = wafer.grid.through(wafer.grid.per_cell(wafer.model.heat_capacity))
        capacity[:, :planes] = wafer.grid.y_weights[:, None] * through
        places = np.arange(planes, rows.size)
        capacity[:, planes:] = (with_storage.diagonal - rows.diagonal)[:, places, places]
        return cls(wafer.grid, operator, stream, values, shapes, rows, capacity)

    @property
    def planes(self) -> int:
        """Planes of nodes."""
        return int(self.grid.z.size)

    def solve(self, right: Array, modes: NDArray[np.int64], rate: float = 0.0) -> Array:
        """Return the solutions of (rate E + A) T = right for some modes.

        Parameters
        ----------
        right : array, shape (modes or 1, ny, places, sides)
        modes : array of int
            Numbers of the modes.
        rate : float
            In 1/s; 0: steady.
        """
        rows, ny = self.rows, self.rows.diagonal.shape[0]
        across = np.zeros((rows.size, rows.size))
        across[: self.planes, : self.planes] = self.operator.z_across
        sides = right.shape[3]
        passed = np.zeros((ny, modes.size, rows.size, rows.size))
        found = np.empty((modes.size, ny, rows.size, sides))
        weights = rows.free[:, :, None] * self.grid.y_weights[:, None, None] * across
        for j in range(ny):
            block = rows.diagonal[j] + self.values[modes, None, None] * weights[j] + np.diag(rate * self.capacity[j])
            given = np.broadcast_to(right[:, j], (modes.size, rows.size, sides))
            if j > 0:
                block = block - rows.lower[j - 1] @ passed[j - 1]
                given = given - rows.lower[j - 1] @ found[:, j - 1]
            upper = rows.upper[j] if j < ny - 1 else np.zeros((rows.size, rows.size))
            both = np.linalg.solve(block, np.concatenate([np.broadcast_to(upper, block.shape), given], axis=2))
            passed[j], found[:, j] = both[:, :, : rows.size], both[:, :, rows.size :]
        for j in range(ny - 2, -1, -1):
            found[:, j] -= passed[j] @ found[:, j + 1]
        return found

    def applied(self, values: Array, mode: int) -> Array:
        """Return A T of one mode for T of shape (ny, places, sides)."""
        rows, planes = self.rows, self.planes
        result = rows.diagonal @ values
        result[1:] += rows.lower @ values[:-1]
        result[:-1] += rows.upper @ values[1:]
        across = self.values[mode] * self.operator.z_across @ values[:, :planes]
        result[:, :planes] += rows.free[:, :planes, None] * self.grid.y_weights[:, None, None] * across
        return np.asarray(result)

    @cached_property
    def outlets(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Row of nodes and place of the coolant at the outlet of each cell."""
        direction = self.stream.direction
        cells = np.arange(direction.size)
        both = self.rows.size - self.planes > 1
        return cells + (direction >= 0), self.planes + (both & (direction < 0)).astype(int)

    def coolant(self, values: Array) -> Array:
        """Return the coolant at the outlet of each cell, (..., cells, sides), of T (..., ny, places, sides)."""
        row, place = self.outlets
        return np.asarray(values[..., row, place, :])

    def coolant_ends(self, values: Array) -> tuple[Array, Array]:
        """Return the coolant that the walls see at the low and high end of each cell, as `coolant`."""
        coolant = np.moveaxis(self.coolant(values), -1, -2)
        flat = replace(self._one_line, inlet=0.0).ends(coolant.reshape(-1, coolant.shape[-1]))
        low, high = (np.moveaxis(end.reshape(coolant.shape), -2, -1) for end in flat)
        return low, high

    @cached_property
    def _one_line(self) -> Stream:
        return self.stream.lines(slice(0, 1))

    def flux(self, values: Array) -> tuple[Array, Array]:
        """Return what the walls give to the coolant at the low and high end of each cell, in W/m2 of plan area."""
        walls = self.stream.walls
        wall = np.tensordot(walls.weights, values[..., walls.planes, :], axes=(0, values.ndim - 2))
        low, high = self.coolant_ends(values)
        exchange, total = self.stream.exchange[0][:, None], walls.weights.sum()
        return exchange * (wall[..., :-1, :] - total * low), exchange * (wall[..., 1:, :] - total * high)

    def coolant_means(self, values: Array) -> Array:
        """Return the mean coolant of each cell, (..., cells, sides)."""
        low, high = self.coolant_ends(values)
        return np.asarray((low + high) / 2)


def _uniform(stream: Stream) -> Stream:
    """Return a stream with its means over the lines, one line's worth broadcast over all."""
    shape = stream.capacity_rate.shape

    def mean(values: Array) -> Array:
        return np.broadcast_to(np.asarray(values).mean(axis=0), shape)

    return replace(
        stream,
        capacity_rate=mean(stream.capacity_rate),
        exchange=mean(stream.exchange),
        storage=mean(stream.storage),
    )
