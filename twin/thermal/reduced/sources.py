"""What enters and leaves a mode by rows of tiles: heat, sources at walls and in the coolant, and readings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.fe.tensor import Array
from twin.thermal.reduced.modes import WaferModes
from twin.thermal.reduced.rows import TileRows
from twin.thermal.wafer import WaferThermalModel


def heat_by_row(wafer: WaferThermalModel, modes: WaferModes) -> Array:
    """Return the load of 1 W/m2 on each row of tiles, (ny, places, rows)."""
    _, y, through = wafer.tile_hats
    load = np.zeros((*modes.capacity.shape, y.shape[1]))
    load[:, : modes.planes] = y[:, None, :] * through[None, :, None]
    return load


def board_film(modes: WaferModes) -> Array:
    """Return the load of 1 W/m2 into the bottom, (ny, places, 1)."""
    load = np.zeros((*modes.capacity.shape, 1))
    load[:, 0, 0] = modes.grid.y_weights
    return load


def row_flux(modes: WaferModes, rows: TileRows, values: Array) -> Array:
    """Return the flux into the coolant in W/m2, mean over each row, (..., rows, sides)."""
    low, high = modes.flux(values)
    return np.asarray(rows.cell_shares.T @ ((low + high) / 2))


def row_coolant(modes: WaferModes, rows: TileRows, values: Array) -> Array:
    """Return the mean coolant of each row, (..., rows, sides)."""
    return np.asarray(rows.cell_shares.T @ modes.coolant_means(values))


@dataclass(frozen=True)
class RowProfile:
    """How flux lies within the rows when heat is even.

    low, high : at the two ends of each cell over its row's mean, (cells,)
    through : on the wetted planes, adding up to 1
    """

    low: Array
    high: Array
    through: Array

    @classmethod
    def of(cls, modes: WaferModes, rows: TileRows, heat: Array) -> RowProfile:
        """Return the profile for the loads of `heat_by_row`."""
        even = modes.solve(heat.sum(axis=2)[None, :, :, None], np.array([0]))[0]
        low, high = (end[:, 0] for end in modes.flux(even))
        mean = (rows.cell_shares.T @ ((low + high) / 2))[rows.cell_rows]
        walls = modes.stream.walls
        excess = even[:, walls.planes, 0].mean(axis=0) - modes.coolant_means(even).mean()
        through = walls.exchange @ excess
        return cls(low / mean, high / mean, through / through.sum())

    def at_walls(self, modes: WaferModes, rows: TileRows) -> Array:
        """Return the load of 1 W/m2 at the walls of each row, (ny, places, rows)."""
        lengths, cells = modes.stream.lengths / 2, np.arange(rows.cell_rows.size)
        nodes = np.zeros((modes.grid.y.size, rows.lengths.size))
        nodes[cells, rows.cell_rows] += self.low * lengths
        nodes[cells + 1, rows.cell_rows] += self.high * lengths
        load = np.zeros((*modes.capacity.shape, rows.lengths.size))
        load[:, modes.stream.walls.planes] = nodes[:, None, :] * self.through[None, :, None]
        return load

    def in_coolant(self, modes: WaferModes, rows: TileRows) -> Array:
        """Return the load of 1 W/m2 in the coolant of each row, (ny, places, rows)."""
        load = np.zeros((*modes.capacity.shape, rows.lengths.size))
        row, place = modes.outlets
        load[row, place, rows.cell_rows] = (self.low + self.high) / 2 * modes.stream.lengths
        return load
