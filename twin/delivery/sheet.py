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


def cell_weights(x: FloatArray, y: FloatArray, sheet_resistance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return hy / (3 hx R) and hx / (3 hy R) of each cell in S, for `cell_loss`.

    Parameters
    ----------
    x, y : array
        Coordinates of the nodes in m.
    sheet_resistance : array, shape (ny - 1, nx - 1)
        R in ohm.
    """
    aspect = np.diff(y)[:, None] / np.diff(x)[None, :]
    return aspect / (3.0 * sheet_resistance), 1.0 / (3.0 * aspect * sheet_resistance)


def cell_loss(field: FloatArray, along_x: FloatArray, along_y: FloatArray) -> FloatArray:
    """Return int |grad V|^2 / R over each bilinear cell, in W.

    With a, b the differences along x at the lower and upper edge, int (dV/dx)^2 =
    (a^2 + a b + b^2) hy / (3 hx); likewise along y.

    Parameters
    ----------
    field : array, shape (ny, nx)
        V at the nodes in V.
    along_x, along_y : array, shape (ny - 1, nx - 1)
        `cell_weights` in S.
    """
    across, up = field[:, 1:] - field[:, :-1], field[1:] - field[:-1]
    across_squared, up_squared = across * across, up * up
    in_x = across_squared[:-1] + across[:-1] * across[1:] + across_squared[1:]
    in_y = up_squared[:, :-1] + up[:, :-1] * up[:, 1:] + up_squared[:, 1:]
    return np.asarray(in_x * along_x + in_y * along_y)


def square_integral(field: FloatArray, areas: FloatArray) -> FloatArray:
    """Return int V^2 over each bilinear cell in V^2 m2: (s^2 + sum of edges' s^2 + sum of corners' V^2) A / 36.

    s is the sum of V over the corners of the cell or over the ends of an edge.

    Parameters
    ----------
    field : array, shape (ny, nx)
        V at the nodes in V.
    areas : array, shape (ny - 1, nx - 1)
        A of each cell in m2.
    """
    along_x, along_y = field[:, :-1] + field[:, 1:], field[:-1] + field[1:]
    of_cell, of_corners = along_x[:-1] + along_x[1:], field * field
    of_x = along_x * along_x + of_corners[:, :-1] + of_corners[:, 1:]
    of_y = along_y * along_y
    edges = of_x[:-1] + of_x[1:] + of_y[:, :-1] + of_y[:, 1:]
    return np.asarray((of_cell * of_cell + edges) * (areas / 36.0))


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
