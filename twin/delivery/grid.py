"""The on-wafer power grid: regulators of the dies feed a sheet from which the tiles draw their power.

-div(grad V / R) = g (V_reg - V) - J with J = P / (V_tile area): the load is one of constant power, so V
is a fixed point. Losses are the discrete form's own: with K and G the matrices of sheet and feed,
sum V_reg I = sum J int V + V' K V + int g (V_reg - V)^2 holds to rounding at every iterate.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.sparse.linalg import splu

from twin.delivery.sheet import Axis, cell_loss, feed_loss, node_incidence, wafer_axis
from twin.errors import RunStopped
from twin.fe.grid import SheetMatrices, assemble_sheet
from twin.spec.chip import Chip
from twin.spec.delivery import DeliveryDesign

FloatArray = NDArray[np.float64]
_MOST_ITERATIONS = 60


@dataclass(frozen=True)
class GridSolution:
    """Voltages in V, currents in A and powers in W of one wafer.

    `device_power` is what the tiles draw at these voltages, the power asked for within the tolerance;
    `feed_loss` is dissipated between each regulator and its die, `sheet_loss` in the wafer.
    """

    tile_voltage: FloatArray
    die_voltage: FloatArray
    die_minimum_voltage: FloatArray
    regulator_voltage: FloatArray
    die_current: FloatArray
    device_power: FloatArray
    sheet_loss: FloatArray
    feed_loss: FloatArray
    residual: float
    iterations: int

    @property
    def largest_drop(self) -> float:
        """Largest difference between a die's regulator and its devices in V."""
        return float((self.regulator_voltage - self.die_minimum_voltage).max())

    @property
    def imbalance(self) -> float:
        """Power of the regulators less that of devices, sheet and feed, over the former."""
        supplied = float((self.regulator_voltage * self.die_current).sum())
        used = float(self.device_power.sum() + self.sheet_loss.sum() + self.feed_loss.sum())
        return (supplied - used) / max(abs(supplied), np.finfo(float).tiny)


@dataclass(frozen=True)
class WaferGrid:
    """The grid of one chip, factorised once; arrays are (die_y, die_x) and (tile_y, tile_x)."""

    x: Axis
    y: Axis
    sheet_resistance: FloatArray
    vertical_conductance: float
    load_line: float
    matrices: SheetMatrices

    def solve(
        self,
        power: FloatArray,
        set_voltage: FloatArray,
        start: FloatArray | None = None,
        tolerance: float = 1e-9,
    ) -> GridSolution:
        """Return the state of the grid under a power map.

        Parameters
        ----------
        power : array, shape (tile_y, tile_x)
            Power drawn by each tile in W.
        set_voltage : array, shape (die_y, die_x)
            Set points of the regulators in V; the load line lowers them by its share of the current.
        start : array, shape (tile_y, tile_x), optional
            Tile voltages to start from in V, such as those of the last step.
        tolerance : float
            Largest change of a tile's voltage, relative to it, at which the iteration ends.

        Raises
        ------
        RunStopped
            The grid cannot deliver this power at any voltage (voltage collapse).
        """
        wanted = np.asarray(power, dtype=float).ravel()
        set_point = np.asarray(set_voltage, dtype=float).ravel()
        voltage = self._expand(set_point) if start is None else np.array(start, dtype=float).ravel()
        for iteration in range(1, _MOST_ITERATIONS + 1):
            density = wanted / (voltage * self._tile_area)
            drop = self._factors.solve(self._tile_nodes @ density)
            regulator = self._line_response @ (set_point - self.load_line * (self._feed_of_die.T @ drop))
            updated = self._tile_shape @ regulator - (self._tile_nodes.T @ drop) / self._tile_area
            if not np.isfinite(updated).all() or updated.min() <= 0:
                break
            change = float(np.abs(updated / voltage - 1).max())
            voltage = updated
            if change <= tolerance:
                nodal = self._die_shape @ regulator - drop
                return self._solution(nodal, voltage, density, regulator, change, iteration)
        raise RunStopped(
            f"voltage collapse: the grid cannot deliver {wanted.sum():.4g} W from a set point of "
            f"{set_point.max():.3f} V. Remedy: lower the load or resistances, or raise the voltage."
        )

    def _solution(
        self,
        nodal: FloatArray,
        voltage: FloatArray,
        density: FloatArray,
        regulator: FloatArray,
        change: float,
        iteration: int,
    ) -> GridSolution:
        dies, tiles = (self.y.dies, self.x.dies), (self.y.tiles, self.x.tiles)
        field = nodal.reshape(self.y.nodes.size, self.x.nodes.size)
        at_die = regulator.reshape(dies)
        into_die = self._feed_of_die.T @ nodal
        per_cell = cell_loss(field, self.x.nodes, self.y.nodes, self.sheet_resistance)
        cell_regulator = at_die[np.ix_(self.y.die_of_cell, self.x.die_of_cell)]
        fed = feed_loss(field, self.x.nodes, self.y.nodes, self.vertical_conductance, cell_regulator)
        rows = np.minimum(field[:-1], field[1:])
        lowest = np.minimum(rows[:, :-1], rows[:, 1:])
        return GridSolution(
            tile_voltage=voltage.reshape(tiles),
            die_voltage=(into_die / self._die_conductance).reshape(dies),
            die_minimum_voltage=_by_block(np.minimum, lowest, self.y.die_start, self.x.die_start),
            regulator_voltage=at_die,
            die_current=(self._die_conductance * regulator - into_die).reshape(dies),
            device_power=(density * self._tile_area * voltage).reshape(tiles),
            sheet_loss=_by_block(np.add, per_cell, self.y.tile_start, self.x.tile_start),
            feed_loss=_by_block(np.add, fed, self.y.die_start, self.x.die_start),
            residual=change * float(regulator.max()),
            iterations=iteration,
        )

    @cached_property
    def _factors(self) -> Any:
        return splu((self.matrices.sheet + self.matrices.feed).tocsc(), permc_spec="MMD_AT_PLUS_A")

    @cached_property
    def _tile_nodes(self) -> sparse.csr_array:
        """int phi over each tile, shape (nodes, tiles), in m2."""
        return node_incidence(self.x, self.y, self.x.tile_of_cell, self.y.tile_of_cell)

    @cached_property
    def _feed_of_die(self) -> sparse.csr_array:
        """int g phi over each die, shape (nodes, dies), in S."""
        return node_incidence(self.x, self.y, self.x.die_of_cell, self.y.die_of_cell) * (self.vertical_conductance)

    @cached_property
    def _tile_area(self) -> FloatArray:
        return np.asarray(self._tile_nodes.sum(axis=0)).ravel()

    @cached_property
    def _die_conductance(self) -> FloatArray:
        return np.asarray(self._feed_of_die.sum(axis=0)).ravel()

    @cached_property
    def _die_shape(self) -> FloatArray:
        """Nodal voltages that one volt at each die's regulator gives without load, shape (nodes, dies)."""
        return np.asarray(self._factors.solve(self._feed_of_die.toarray()))

    @cached_property
    def _tile_shape(self) -> FloatArray:
        """Mean of these voltages over each tile, shape (tiles, dies)."""
        return np.asarray(self._tile_nodes.T @ self._die_shape) / self._tile_area[:, None]

    @cached_property
    def _line_response(self) -> FloatArray:
        """(1 + R_LL Y)^-1 with Y = dI/dV_reg: solves V_reg = V_set - R_LL I for all dies together."""
        admittance = np.diag(self._die_conductance) - self._feed_of_die.T @ self._die_shape
        return np.linalg.inv(np.eye(admittance.shape[0]) + self.load_line * admittance)

    def _expand(self, per_die: FloatArray) -> FloatArray:
        """Spread values per die to its tiles."""
        table = per_die.reshape(self.y.dies, self.x.dies)
        return np.repeat(
            np.repeat(table, self.y.tiles // self.y.dies, axis=0), self.x.tiles // self.x.dies, axis=1
        ).ravel()


def wafer_grid(chip: Chip, design: DeliveryDesign, tiles_per_die: tuple[int, int], cells_per_tile: int) -> WaferGrid:
    """Build and factorise the grid of a chip.

    Parameters
    ----------
    chip : Chip
        Gives size, dies, sheet resistance and seams.
    design : DeliveryDesign
        Gives the connector's conductance and the load line.
    tiles_per_die : tuple of int
        Tiles of each die along x and y.
    cells_per_tile : int
        Elements of each tile along x and y, besides those of the seams.
    """
    seam = chip.seam.width if chip.seam else 0.0
    x = wafer_axis(chip.size.x, chip.dies.x, tiles_per_die[0], cells_per_tile, seam)
    y = wafer_axis(chip.size.y, chip.dies.y, tiles_per_die[1], cells_per_tile, seam)
    resistance = np.full((y.cells, x.cells), chip.sheet_resistance)
    if chip.seam:
        resistance[y.in_seam, :] = chip.seam.sheet_resistance
        resistance[:, x.in_seam] = chip.seam.sheet_resistance
    conductance = np.full_like(resistance, design.connector_conductance)
    return WaferGrid(
        x=x,
        y=y,
        sheet_resistance=resistance,
        vertical_conductance=design.connector_conductance,
        load_line=design.regulator.load_line,
        matrices=assemble_sheet(x.nodes, y.nodes, resistance, conductance),
    )


def _by_block(reduce: np.ufunc, cells: FloatArray, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> FloatArray:
    """Reduce cell values to blocks that start at `rows` and `columns`."""
    return np.asarray(reduce.reduceat(reduce.reduceat(cells, rows, axis=0), columns, axis=1))
