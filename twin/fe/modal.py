"""Direct solver of a layered stack by modes across the flow.

Where properties and flow do not vary along x, the generalised eigenvectors of (Kx, Mx) split the
problem into independent systems in (y, z, coolant), each banded and factorised once (fast
diagonalisation, Lynch, Rice & Thomas, Numer. Math. 6 (1964) 185). Where they vary, the system
with their means over x is the preconditioner of the exact one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.linalg import eigh, lapack

from twin.fe.stream import Stream
from twin.fe.tensor import Array, mass


@dataclass(frozen=True)
class LayeredOperator:
    """The separable parts of a layered solid.

    x_stiffness, x_mass, y_stiffness, y_mass : matrices of one direction
    z_conduction : (kx mass, ky mass, kz stiffness) along z, the last with films of bottom and top
    z_storage : rho c mass along z
    fixed_planes, fixed_x, fixed_y : nodes along z, x, y at a fixed temperature
    """

    x_stiffness: Array
    x_mass: Array
    y_stiffness: Array
    y_mass: Array
    z_conduction: tuple[Array, Array, Array]
    z_storage: Array
    fixed_x: tuple[int, ...] = ()
    fixed_y: tuple[int, ...] = ()
    fixed_planes: tuple[int, ...] = ()


class ModalSolver:
    """Factorised systems of all modes for one time step (None: steady) and one flow."""

    def __init__(self, operator: LayeredOperator, streams: Sequence[Stream], step: float | None):
        self._shape = (len(operator.x_mass), len(operator.y_mass), len(operator.z_storage))
        self._free = np.setdiff1d(np.arange(self._shape[0]), operator.fixed_x)
        inside = np.ix_(self._free, self._free)
        values, self._modes = eigh(operator.x_stiffness[inside], operator.x_mass[inside])
        numbers = _Numbers.of(self._shape[1], self._shape[2], streams)
        constant = _constant_part(operator, streams, step, numbers)
        varying = _mode_part(operator, numbers)
        self._solid, self._size = numbers.solid.ravel(), numbers.size
        width = max(_bandwidth(constant), _bandwidth(varying))
        self._width = width + (3 - width) % 4  # LAPACK solves bands of 4 n + 3 a quarter faster than of 4 n + 1
        bands = _band(constant, self._width), _band(varying, self._width)
        self._factors = [_factorise(bands[0] + value * bands[1], self._width) for value in values]

    def solve(self, residual: Array) -> Array:
        """Return the correction for a residual, both of shape (nx, ny, nz)."""
        columns = residual.reshape(self._shape[0], -1)[self._free]
        modal = self._modes.T @ columns
        right = np.zeros((self._free.size, self._size))
        right[:, self._solid] = modal
        for mode, (factor, pivots) in enumerate(self._factors):
            right[mode], _ = lapack.dgbtrs(factor, self._width, self._width, right[mode], pivots)
        result = np.zeros((self._shape[0], columns.shape[1]))
        result[self._free] = self._modes @ right[:, self._solid]
        return result.reshape(self._shape)


@dataclass(frozen=True)
class _Numbers:
    """Places of the unknowns of one mode: blocks along y, each with its planes and its coolant.

    A cell's coolant lies in the block of its outlet face, so that all couplings stay between
    neighbouring blocks; two pieces may end at one face, hence two places for each stream.
    """

    solid: NDArray[np.int64]
    fluid: tuple[NDArray[np.int64], ...]
    size: int

    @classmethod
    def of(cls, ny: int, nz: int, streams: Sequence[Stream]) -> _Numbers:
        block = nz + 2 * len(streams)
        local = np.arange(nz)
        fluid: list[NDArray[np.int64]] = []
        for stream in streams:
            place = int(local[stream.walls.planes][0]) + 1
            local = np.where(local >= place, local + 2, local)
            fluid = [np.where(f % block >= place, f + 2, f) for f in fluid]
            cells = np.arange(ny - 1)
            forward = (stream.upstream >= 0) & (stream.upstream < cells)
            forward[[first for first, _, direction in stream.pieces if direction > 0]] = True
            fluid.append((cells + forward) * block + place + np.where(forward, 0, 1))
        return cls(np.arange(ny)[:, None] * block + local, tuple(fluid), ny * block)


def _constant_part(
    operator: LayeredOperator, streams: Sequence[Stream], step: float | None, numbers: _Numbers
) -> sparse.coo_array:
    """The part that all modes share, with walls and coolant of every stream by its means over x."""
    _, ky, kz = operator.z_conduction
    through = kz + (operator.z_storage / step if step else 0.0)
    solid = _kron(operator.y_mass, through) + _kron(operator.y_stiffness, ky)
    parts = []
    for stream, places in zip(streams, numbers.fluid, strict=True):
        walls, blocks = _stream_blocks(stream, len(operator.y_mass), len(operator.z_storage), step)
        solid = solid + walls
        nodes = numbers.solid.ravel()
        to_solid, to_fluid, fluid = blocks
        parts.append(_place(_free_rows(operator) @ to_solid, nodes, places))
        parts.append(_place(to_fluid, places, nodes))
        parts.append(_place(fluid, places, places))
    parts.append(_place(_free_rows(operator) @ solid, numbers.solid.ravel(), numbers.solid.ravel()))
    used = np.concatenate([numbers.solid[_free_mask(operator)], *numbers.fluid])
    idle = np.setdiff1d(np.arange(numbers.size), used)
    parts.append((np.ones(idle.size), idle, idle))
    data, rows_, columns_ = (np.concatenate(item) for item in zip(*parts, strict=True))
    return sparse.coo_array((data, (rows_, columns_)), shape=(numbers.size, numbers.size))


def _stream_blocks(
    stream: Stream, ny: int, nz: int, step: float | None
) -> tuple[sparse.sparray, tuple[sparse.sparray, sparse.sparray, sparse.sparray]]:
    """Walls' own term, and the blocks (solid, fluid), (fluid, solid), (fluid, fluid) of a stream."""
    h, g = stream.conductance.mean(axis=0), stream.capacity_rate.mean(axis=0)
    cells = np.arange(h.size)
    along = sparse.dia_array((np.ones((2, ny)), [0, 1]), shape=(h.size, ny)).tocsr() / 2
    own = mass(np.arange(ny, dtype=float), h)
    exchange, weights = np.zeros((nz, nz)), np.zeros((nz, 1))
    exchange[stream.walls.planes, stream.walls.planes] = stream.walls.exchange
    weights[stream.walls.planes, 0] = stream.walls.weights
    fed = stream.upstream >= 0
    links = (np.ones(np.count_nonzero(fed)), (cells[fed], stream.upstream[fed]))
    upstream = sparse.coo_array(links, shape=(h.size, h.size))
    mean = (sparse.eye_array(h.size) + upstream) / 2
    rate = sparse.diags_array(np.where(stream.moving, g, 0.0))
    stored = stream.storage.mean(axis=0) * stream.lengths / step if step else np.zeros_like(h)
    diagonal = sparse.diags_array(h)
    carried = rate @ (sparse.eye_array(h.size) - upstream)
    fluid = carried + diagonal @ mean * weights.sum() + sparse.diags_array(stored)
    to_solid = _kron(-along.T @ diagonal @ mean, weights)
    to_fluid = _kron(-diagonal @ along, weights.T)
    return _kron(own, exchange), (to_solid, to_fluid, fluid)


def _kron(left: Array | sparse.sparray, right: Array | sparse.sparray) -> sparse.coo_array:
    """Tensor product of two matrices as a sparse array."""
    return sparse.kron(sparse.coo_array(left), sparse.coo_array(right), format="coo")


def _mode_part(operator: LayeredOperator, numbers: _Numbers) -> sparse.coo_array:
    """The part that an eigenvalue of x multiplies."""
    solid = _free_rows(operator) @ _kron(operator.y_mass, operator.z_conduction[0])
    data, rows, columns = _place(solid, numbers.solid.ravel(), numbers.solid.ravel())
    return sparse.coo_array((data, (rows, columns)), shape=(numbers.size, numbers.size))


def _free_mask(operator: LayeredOperator) -> NDArray[np.bool_]:
    """Nodes (ny, nz) whose temperature is not fixed."""
    mask = np.ones((len(operator.y_mass), len(operator.z_storage)), bool)
    mask[list(operator.fixed_y)] = False
    mask[:, list(operator.fixed_planes)] = False
    return mask


def _free_rows(operator: LayeredOperator) -> sparse.dia_array:
    return sparse.diags_array(_free_mask(operator).ravel().astype(float))


_Entries = tuple[Array, NDArray[np.int64], NDArray[np.int64]]


def _place(matrix: sparse.sparray, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> _Entries:
    entries = sparse.coo_array(matrix)
    entries.eliminate_zeros()
    return entries.data, rows[entries.row], columns[entries.col]


def _bandwidth(matrix: sparse.coo_array) -> int:
    return int(np.abs(matrix.row - matrix.col).max(initial=0))


def _band(matrix: sparse.coo_array, width: int) -> Array:
    """LAPACK band storage with room for pivots."""
    band = np.zeros((3 * width + 1, matrix.shape[0]), order="F")
    np.add.at(band, (2 * width + matrix.row - matrix.col, matrix.col), matrix.data)
    return band


def _factorise(band: Array, width: int) -> tuple[Array, Array]:
    factor, pivots, info = lapack.dgbtrf(band, width, width)
    if info != 0:
        raise np.linalg.LinAlgError(f"singular system at equation {info}: no way out for the heat")
    return factor, pivots
