"""The on-wafer power grid: regulators of the dies feed a sheet from which the tiles draw their power.

-div(grad V / R) = g (V_reg - V) - J with J = P / (V_tile area): the load is one of constant power, so V
is a fixed point. Losses are the discrete form's own: with K and G the matrices of sheet and feed,
sum V_reg I = sum J int V + V' K V + int g (V_reg - V)^2 holds to rounding at every iterate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.linalg import lapack

from twin.delivery.grid_solution import GridSolution
from twin.delivery.sheet import Axis, cell_loss, cell_weights, node_incidence, square_integral, wafer_axis
from twin.errors import RunStopped
from twin.fe.grid import SheetMatrices, assemble_sheet
from twin.spec.chip import Chip
from twin.spec.delivery import DeliveryDesign

FloatArray = NDArray[np.float64]
Draw = Callable[[FloatArray], FloatArray]
_MOST_ITERATIONS = 60
_SURE = 0.5


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
        power: FloatArray | Draw,
        set_voltage: FloatArray,
        start: FloatArray | None = None,
        tolerance: float = 1e-9,
        steepness: float = 1.0,
    ) -> GridSolution:
        """Return the state of the grid under a power map.

        Parameters
        ----------
        power : array, shape (tile_y, tile_x), or callable
            Power drawn by each tile in W, or the function that gives it at the tiles' voltages.
        set_voltage : array, shape (die_y, die_x)
            Set points of the regulators in V; the load line lowers them by its share of the current.
        start : array, shape (tile_y, tile_x), optional
            Tile voltages to start from in V, such as those of the last step.
        tolerance : float
            Largest error of a tile's voltage, relative to it, at which the iteration ends.
        steepness : float
            Largest |d ln I / d ln V| of a tile's current; 1 if its power is constant.

        Raises
        ------
        RunStopped
            The grid cannot deliver this power at any voltage (voltage collapse).
        """
        unloaded = self._line_response @ np.asarray(set_voltage, dtype=float).ravel()
        highest = self._tile_shape @ unloaded
        tiles = (self.y.tiles, self.x.tiles)
        voltage = highest if start is None else np.asarray(start, dtype=float).ravel()
        drawn = np.asarray(power(voltage.reshape(tiles)) if callable(power) else power, dtype=float).ravel()
        for iteration in range(1, _MOST_ITERATIONS + 1):
            current = drawn / voltage
            supplied = current @ self._tile_shape
            regulator = unloaded - self._line_lowering @ supplied
            nodal = self._solved(self._feed_of_die @ regulator - self._tile_currents @ current)
            updated = self._tile_means @ nodal
            if not updated.min() > 0.0:
                break
            change = float(np.abs(updated / voltage - 1).max())
            error = change * _contraction(steepness * (float((highest / updated).max()) - 1.0))
            voltage = updated
            if error <= tolerance:
                return self._solution(voltage, current, nodal, supplied, regulator, error, iteration)
            if callable(power):
                drawn = np.asarray(power(voltage.reshape(tiles)), dtype=float).ravel()
        raise RunStopped(
            f"voltage collapse: the grid cannot deliver {drawn.sum():.4g} W from a set point of "
            f"{float(np.max(set_voltage)):.3f} V. Remedy: lower the load or resistances, or raise the voltage."
        )

    def _solution(
        self,
        voltage: FloatArray,
        current: FloatArray,
        nodal: FloatArray,
        supplied: FloatArray,
        regulator: FloatArray,
        error: float,
        iteration: int,
    ) -> GridSolution:
        dies, tiles = (self.y.dies, self.x.dies), (self.y.tiles, self.x.tiles)
        return GridSolution(
            grid=self,
            nodal_voltage=nodal.reshape(self.y.nodes.size, self.x.nodes.size),
            tile_voltage=voltage.reshape(tiles),
            regulator_voltage=regulator.reshape(dies),
            die_current=(self._admittance @ regulator + supplied).reshape(dies),
            device_power=(current * voltage).reshape(tiles),
            error=error * float(regulator.max()),
            iterations=iteration,
        )

    def sheet_loss(self, nodal_voltage: FloatArray) -> FloatArray:
        """Return the loss of the sheet in each tile in W from the voltages of the nodes, shape (ny, nx), in V."""
        per_cell = cell_loss(nodal_voltage, *self._cell_weights)
        rows, columns = self._tile_cells
        return np.asarray(rows @ per_cell @ columns)

    def feed_loss(
        self, nodal_voltage: FloatArray, regulator_voltage: FloatArray, die_current: FloatArray
    ) -> FloatArray:
        """Return the loss of each die's connectors in W: int g (V_reg - V)^2 with int g (V_reg - V) = I.

        Voltages in V, `die_current` I of the regulators in A.
        """
        rows, columns = self._die_cells
        squares = rows @ square_integral(nodal_voltage, self._cell_areas) @ columns
        constant = self.die_conductance.reshape(die_current.shape) * regulator_voltage**2
        return np.asarray(2.0 * regulator_voltage * die_current - constant + self.vertical_conductance * squares)

    def lowest_by_die(self, nodal_voltage: FloatArray) -> FloatArray:
        """Return the lowest voltage of each die, edges included."""
        rows = np.minimum(nodal_voltage[:-1], nodal_voltage[1:])
        return _by_block(np.minimum, np.minimum(rows[:, :-1], rows[:, 1:]), *self._die_starts)

    @cached_property
    def die_conductance(self) -> FloatArray:
        """Conductance of the connectors of each die in S, dies numbered by rows."""
        return np.asarray(self._feed_of_die.sum(axis=0)).ravel()

    def _solved(self, load: FloatArray) -> FloatArray:
        """Return nodal voltages for nodal currents, shape (nodes,) or (nodes, any)."""
        return np.asarray(lapack.dpbtrs(self._factors, load)[0])

    @cached_property
    def _factors(self) -> FloatArray:
        """Cholesky factor of sheet and feed in banded storage; the band is as wide as a row of nodes."""
        matrix = sparse.triu(self.matrices.sheet + self.matrices.feed).tocoo()
        width = int((matrix.col - matrix.row).max())
        band = np.zeros((width + 1, matrix.shape[0]), order="F")
        band[width + matrix.row - matrix.col, matrix.col] = matrix.data
        factors, failed = lapack.dpbtrf(band)
        if failed:
            raise np.linalg.LinAlgError("the power grid's matrix is not positive definite")
        return np.asarray(factors)

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
    def _tile_currents(self) -> sparse.csr_array:
        """Share of each tile's current in the load of each node, shape (nodes, tiles)."""
        return (self._tile_nodes @ sparse.diags_array(1.0 / self._tile_area)).tocsr()

    @cached_property
    def _tile_means(self) -> sparse.csr_array:
        return self._tile_currents.T.tocsr()

    @cached_property
    def _cell_weights(self) -> tuple[FloatArray, FloatArray]:
        return cell_weights(self.x.nodes, self.y.nodes, self.sheet_resistance)

    @cached_property
    def _cell_areas(self) -> FloatArray:
        return np.outer(np.diff(self.y.nodes), np.diff(self.x.nodes))

    @cached_property
    def _tile_cells(self) -> tuple[FloatArray, FloatArray]:
        return _members(self.y.tile_of_cell), _members(self.x.tile_of_cell).T

    @cached_property
    def _die_cells(self) -> tuple[FloatArray, FloatArray]:
        return _members(self.y.die_of_cell), _members(self.x.die_of_cell).T

    @cached_property
    def _die_starts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return self.y.die_start, self.x.die_start

    @cached_property
    def _die_shape(self) -> FloatArray:
        """Nodal voltages that one volt at each die's regulator gives without load, shape (nodes, dies)."""
        return self._solved(self._feed_of_die.toarray())

    @cached_property
    def _tile_shape(self) -> FloatArray:
        """Mean of these voltages over each tile, shape (tiles, dies).

        It is as well how much of a current drawn in a tile each regulator supplies: the grid is reciprocal.
        """
        return np.ascontiguousarray(self._tile_means @ self._die_shape)

    @cached_property
    def _admittance(self) -> FloatArray:
        """Y = dI/dV_reg of the dies' regulators without load, shape (dies, dies), in S."""
        return np.asarray(np.diag(self.die_conductance) - self._feed_of_die.T @ self._die_shape)

    @cached_property
    def _line_response(self) -> FloatArray:
        """(1 + R_LL Y)^-1: solves V_reg = V_set - R_LL I for all dies together."""
        return np.linalg.inv(np.eye(len(self._admittance)) + self.load_line * self._admittance)

    @cached_property
    def _line_lowering(self) -> FloatArray:
        return self.load_line * self._line_response


def _contraction(gain: float) -> float:
    """Return what is left of a change as an error, g / (1 - g); all of it where the bound g says little.

    A relative error e of the voltages is one of at most `steepness` e of the currents, and moves each
    voltage by at most that share of its drop: g = steepness max(drop / V).
    """
    return gain / (1.0 - gain) if gain < _SURE else 1.0


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


def _members(block: NDArray[np.int64]) -> FloatArray:
    """Return which cells along an axis each block has: 0 or 1, shape (blocks, cells)."""
    return np.asarray(block == np.arange(int(block[-1]) + 1)[:, None], dtype=float)


def _by_block(reduce: np.ufunc, cells: FloatArray, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> FloatArray:
    """Reduce cell values to blocks that start at `rows` and `columns`."""
    return np.asarray(reduce.reduceat(reduce.reduceat(cells, rows, axis=0), columns, axis=1))
