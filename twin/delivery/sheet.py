"""Bilinear elements of a resistive sheet: the mesh along one axis, losses of a cell, tile integrals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Axis:
    """Mesh of a wafer along one axis: nodes in m, and which tile and die each cell belongs to."""

    nodes: FloatArray
    tile_of_cell: IntArray
    die_of_cell: IntArray
    in_seam: NDArray[np.bool_]

    @property
    def cells(self) -> int:
        """Number of cells."""
        return self.nodes.size - 1

    @property
    def tiles(self) -> int:
        """Number of tiles."""
        return int(self.tile_of_cell[-1]) + 1

    @property
    def dies(self) -> int:
        """Number of dies."""
        return int(self.die_of_cell[-1]) + 1

    @property
    def tile_start(self) -> IntArray:
        """First cell of each tile."""
        return np.searchsorted(self.tile_of_cell, np.arange(self.tiles))

    @property
    def die_start(self) -> IntArray:
        """First cell of each die."""
        return np.searchsorted(self.die_of_cell, np.arange(self.dies))


def wafer_axis(size: float, dies: int, tiles_per_die: int, cells_per_tile: int, seam: float) -> Axis:
    """Return the mesh along one axis, tiles cut into equal cells and seams into two cells of their own.

    Parameters
    ----------
    size : float
        Extent of the wafer in m.
    dies, tiles_per_die, cells_per_tile : int
        Dies along the axis, tiles of each, cells of each tile.
    seam : float
        Width of the seam between dies in m; zero for none.
    """
    pitch = size / dies
    inner = np.arange(1, dies) * pitch
    uniform = np.linspace(0.0, size, dies * tiles_per_die * cells_per_tile + 1)
    lines = [uniform, inner - seam / 2, inner + seam / 2] if seam > 0 else [uniform]
    nodes = distinct(np.concatenate(lines), 1e-9 * size)
    middle = (nodes[1:] + nodes[:-1]) / 2
    to_border = np.abs(middle[:, None] - inner[None, :]).min(axis=1, initial=np.inf)
    return Axis(
        nodes=nodes,
        tile_of_cell=(middle / (pitch / tiles_per_die)).astype(np.int64),
        die_of_cell=(middle / pitch).astype(np.int64),
        in_seam=to_border < seam / 2,
    )


def cell_loss(field: FloatArray, x: FloatArray, y: FloatArray, sheet_resistance: FloatArray) -> FloatArray:
    """Return int |grad V|^2 / R over each bilinear cell, in W.

    With a, b the differences along x at the lower and upper edge, int (dV/dx)^2 =
    (a^2 + a b + b^2) hy / (3 hx); likewise along y.

    Parameters
    ----------
    field : array, shape (ny, nx)
        V at the nodes in V.
    x, y : array
        Coordinates of the nodes in m.
    sheet_resistance : array, shape (ny - 1, nx - 1)
        R in ohm.
    """
    aspect = np.diff(y)[:, None] / np.diff(x)[None, :]
    along_x, along_y = np.diff(field, axis=1), np.diff(field, axis=0)
    in_x = _mean_product(along_x[:-1], along_x[1:]) * aspect
    in_y = _mean_product(along_y[:, :-1], along_y[:, 1:]) / aspect
    return np.asarray((in_x + in_y) / sheet_resistance)


def feed_loss(field: FloatArray, x: FloatArray, y: FloatArray, conductance: float, supply: FloatArray) -> FloatArray:
    """Return int g (V_s - V)^2 over each bilinear cell, in W.

    Parameters
    ----------
    field : array, shape (ny, nx)
        V at the nodes in V.
    x, y : array
        Coordinates of the nodes in m.
    conductance : float
        g in S/m2.
    supply : array, shape (ny - 1, nx - 1)
        V_s of each cell in V.
    """
    area = np.diff(y)[:, None] * np.diff(x)[None, :]
    low_left, low_right = supply - field[:-1, :-1], supply - field[:-1, 1:]
    up_left, up_right = supply - field[1:, :-1], supply - field[1:, 1:]
    lower, upper = _mean_product(low_left, low_right), _mean_product(up_left, up_right)
    mixed = (2 * (low_left * up_left + low_right * up_right) + low_left * up_right + low_right * up_left) / 6
    return np.asarray(conductance * area * (lower + upper + mixed) / 3)


def node_incidence(x: Axis, y: Axis, column: IntArray, row: IntArray) -> sparse.csr_array:
    """Return int phi over each block of cells, shape (nodes, blocks), in m2; blocks are numbered by rows.

    Parameters
    ----------
    x, y : Axis
        Mesh along both axes.
    column, row : array of int
        Column and row of blocks to which each cell along x and along y belongs.
    """
    return sparse.kron(_shares(y.nodes, row), _shares(x.nodes, column)).tocsr()


def nodal_load(density: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
    """Return int J phi at the nodes, shape (ny, nx), of a density that is constant in each cell.

    Parameters
    ----------
    density : array, shape (ny - 1, nx - 1)
        J in A/m2.
    x, y : array
        Coordinates of the nodes in m.
    """
    quarter = density * (np.diff(y)[:, None] * np.diff(x)[None, :]) / 4
    nodes = np.zeros((y.size, x.size))
    for rows in (slice(None, -1), slice(1, None)):
        for columns in (slice(None, -1), slice(1, None)):
            nodes[rows, columns] += quarter
    return nodes


def distinct(places: FloatArray, distance: float) -> FloatArray:
    """Sort places and drop those nearer to their predecessor than `distance`."""
    ordered = np.sort(places)
    return ordered[np.concatenate([[True], np.diff(ordered) > distance])]


def _shares(nodes: FloatArray, block: IntArray) -> sparse.csr_array:
    """int phi of each linear function over each block along one axis, shape (nodes, blocks)."""
    half = np.diff(nodes) / 2
    cell = np.arange(half.size)
    entries = (np.concatenate([half, half]), (np.concatenate([cell, cell + 1]), np.tile(block, 2)))
    return sparse.coo_array(entries, shape=(nodes.size, int(block.max()) + 1)).tocsr()


def _mean_product(a: FloatArray, b: FloatArray) -> FloatArray:
    """int over 0..1 of a linear function squared, from its values at the ends."""
    return np.asarray((a * a + a * b + b * b) / 3)
