"""Direct solver of a layered stack by modes across the flow.

Where properties and flow do not vary along x, the eigenvectors of conduction along x split the
problem into independent systems in (y, z, coolant) (fast diagonalisation, Lynch, Rice & Thomas,
Numer. Math. 6 (1964) 185), each block tridiagonal along y: factorised once, for all modes together
(block elimination, Golub & Van Loan, Matrix Computations, sec. 4.5.1; no pivoting is needed for
M-matrices). Where they vary, the system with their means over x is the preconditioner of the exact
one; so it is for elements of degree 2, as the system of degree 1 on the same nodes (Deville & Mund,
J. Comput. Phys. 60 (1985) 517).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.linalg import eigh_tridiagonal

from twin.fe.parallel import Slabs
from twin.fe.stream import Stream
from twin.fe.tensor import Array

_CHUNK = 64
_FEW = 8


@dataclass(frozen=True)
class LayeredOperator:
    """The separable parts of a layered solid at degree 1, per unit of their directions.

    x_stiffness, x_weights : matrix (tridiagonal) and diagonal masses of x, ends with films included
    y_stiffness, y_weights : of y
    z_conduction : (nz, nz) matrix of z, with films of bottom and top and with storage over the step
    z_across, z_along : (nz, nz) masses of the conduction along x and y
    fixed_x, fixed_y, fixed_z : places of nodes at a fixed temperature
    """

    x_stiffness: sparse.csr_array
    x_weights: Array
    y_stiffness: sparse.csr_array
    y_weights: Array
    z_conduction: Array
    z_across: Array
    z_along: Array
    fixed_x: tuple[int, ...] = ()
    fixed_y: tuple[int, ...] = ()
    fixed_z: tuple[int, ...] = ()


class ModalSolver:
    """Factorised systems of all modes for one time step (None: steady) and one flow."""

    def __init__(self, operator: LayeredOperator, streams: Sequence[Stream], step: float | None, slabs: Slabs):
        self._slabs = slabs
        values, modes = x_modes(operator)
        size = slabs.communicator.size if slabs.communicator else 1
        bounds = [values.size * rank // size for rank in range(size + 1)]
        self._counts = [high - low for low, high in itertools.pairwise(bounds)]
        rank = slabs.communicator.rank if slabs.communicator else 0
        own = values[bounds[rank] : bounds[rank + 1]]
        self._modes = modes[slabs.own]
        rows = ModalRows.of(operator, streams, step)
        self._rows, self._planes = rows, len(operator.z_across)
        self._inverse = _eliminate(rows, operator.y_weights, operator, own)

    def solve(self, residual: Array) -> Array:
        """Return the correction for a residual, both of shape (own columns, ny, nz)."""
        ny, nz = residual.shape[1:]
        flat = residual.reshape(residual.shape[0], -1)
        right = self._slabs.scattered_sum(self._modes.T @ flat, self._counts)
        padded = np.zeros((ny, self._rows.size, right.shape[0]))
        padded[:, :nz] = right.reshape(-1, ny, nz).transpose(1, 2, 0)
        found = self.substitute(padded)[:, :nz]
        whole = self._slabs.collected(found.transpose(2, 0, 1).reshape(right.shape), self._counts)
        return (self._modes @ whole).reshape(residual.shape)

    def substitute(self, right: Array) -> Array:
        """Solve the systems of all modes for right sides (ny, places of a row, modes), which are overwritten."""
        ny = right.shape[0]
        rows, inverse = self._rows, self._inverse
        for j in range(ny):
            if j > 0:
                right[j] -= rows.lower[j - 1] @ right[j - 1]
            right[j] = _times(inverse[j], right[j])
        for j in range(ny - 2, -1, -1):
            right[j] -= _times(inverse[j], rows.upper[j] @ right[j + 1])
        return right


def x_modes(operator: LayeredOperator) -> tuple[Array, Array]:
    """Eigenvalues, and eigenvectors that are orthonormal in the masses; zero at fixed ends."""
    free = np.setdiff1d(np.arange(operator.x_weights.size), operator.fixed_x)
    root = np.sqrt(operator.x_weights[free])
    matrix = operator.x_stiffness[free][:, free]
    values, vectors = eigh_tridiagonal(matrix.diagonal() / root**2, matrix.diagonal(1) / (root[1:] * root[:-1]))
    modes = np.zeros((operator.x_weights.size, free.size))
    modes[free] = vectors / root[:, None]
    return values, modes


@dataclass(frozen=True)
class ModalRows:
    """Blocks along y that all modes share: each row's planes of nodes, then its places for coolant.

    A cell's coolant lies in the row of its outlet, so that all couplings stay between neighbouring
    rows; where two pieces end at one row, each has its own place.
    """

    size: int
    diagonal: Array
    lower: Array
    upper: Array
    free: NDArray[np.bool_]

    @classmethod
    def of(cls, operator: LayeredOperator, streams: Sequence[Stream], step: float | None) -> ModalRows:
        ny, nz = operator.y_weights.size, len(operator.z_across)
        places = [(stream, sign) for stream in streams for sign in _signs(stream)]
        size = nz + len(places)
        diagonal, lower, upper = (
            np.zeros((ny, size, size)),
            np.zeros((ny - 1, size, size)),
            np.zeros((ny - 1, size, size)),
        )
        diagonal[:, :nz, :nz] = operator.y_weights[:, None, None] * operator.z_conduction
        along = operator.y_stiffness
        diagonal[:, :nz, :nz] += along.diagonal()[:, None, None] * operator.z_along
        lower[:, :nz, :nz] = upper[:, :nz, :nz] = along.diagonal(1)[:, None, None] * operator.z_along
        for place, (stream, sign) in enumerate(places, start=nz):
            _couple(stream, sign, place, step, diagonal, lower, upper)
        free = np.ones((ny, size), bool)
        free[list(operator.fixed_y), :nz] = False
        free[:, list(operator.fixed_z)] = False
        diagonal *= free[:, :, None]
        lower *= free[1:, :, None]
        upper *= free[:-1, :, None]
        idle = (diagonal == 0.0).all(axis=2)
        row, place_ = np.nonzero(idle)
        diagonal[row, place_, place_] = 1.0
        return cls(size, diagonal, lower, upper, free)


def _signs(stream: Stream) -> list[int]:
    """Directions of a stream that need a place in the rows; coolant at rest counts as forward."""
    found = {int(sign) for sign in stream.direction}
    if found <= {0, -1} and -1 in found and 0 not in found:
        return [-1]
    return [1, -1] if -1 in found else [1]


def _couple(
    stream: Stream, sign: int, place: int, step: float | None, diagonal: Array, lower: Array, upper: Array
) -> None:
    """Add the cells of a stream that flow one way, by their means across the flow."""
    cells = np.flatnonzero(stream.direction == -1 if sign < 0 else stream.direction >= 0)
    half, rate = stream.conductance.mean(axis=0)[cells] / 2, stream.capacity_rate.mean(axis=0)[cells]
    rate = np.where(stream.moving[cells], rate, 0.0)
    a, b = (share.mean(axis=0)[cells] for share in stream.shares)
    stored = (stream.storage.mean(axis=0) * stream.lengths)[cells] / step if step else 0.0
    entry, leave = (cells, cells + 1) if sign > 0 else (cells + 1, cells)
    # from the outlet's row to the entry's row, and back
    to_entry, to_exit = (upper, lower) if sign > 0 else (lower, upper)
    weights = stream.walls.weights
    total = half * weights.sum()
    fed = stream.upstream[cells] >= 0
    carried = np.where(fed, rate - total * (2 - a - b), 0.0)
    diagonal[leave, place, place] += rate + stored + total * (a + b)
    to_exit[cells, place, place] -= carried
    walls = stream.walls.planes
    diagonal[entry, walls, walls] += half[:, None, None] * stream.walls.exchange
    diagonal[leave, walls, walls] += half[:, None, None] * stream.walls.exchange
    for plane, weight in enumerate(weights, start=stream.walls.first):
        wet = half * weight
        diagonal[leave, place, plane] -= wet
        to_exit[cells, place, plane] -= wet
        diagonal[leave, plane, place] -= wet * b
        to_exit[cells, plane, place] -= np.where(fed, wet * (1 - b), 0.0)
        diagonal[entry, plane, place] -= np.where(fed, wet * (1 - a), 0.0)
        to_entry[cells, plane, place] -= wet * a


def _eliminate(rows: ModalRows, y_weights: Array, operator: LayeredOperator, values: Array) -> Array:
    """Inverses of the pivot blocks of all modes, shape (ny, size, size, modes)."""
    ny, size = y_weights.size, rows.size
    nz = len(operator.z_across)
    inverse = _empty(ny, size, values.size)
    for j in range(ny):
        block = np.repeat(rows.diagonal[j][:, :, None], values.size, axis=2)
        across = rows.free[j, :nz, None] * y_weights[j] * operator.z_across
        block[:nz, :nz] += across[:, :, None] * values
        if j > 0:
            passed = np.tensordot(rows.lower[j - 1], inverse[j - 1], 1)
            block -= np.einsum("abm,bc->acm", passed, rows.upper[j - 1], optimize=True)
        inverse[j] = _inverted(block)
    return inverse


def _empty(rows: int, size: int, modes: int) -> Array:
    """Room for matrices (rows, size, size, modes): each of its own if the modes are few, else modes together."""
    if modes < _FEW:
        return np.empty((rows, modes, size, size)).transpose(0, 2, 3, 1)
    return np.empty((rows, size, size, modes))


def _inverted(blocks: Array) -> Array:
    """Inverses of blocks (n, n, modes), by Gauss-Jordan elimination of all modes at once."""
    size, modes = blocks.shape[0], blocks.shape[2]
    if size > modes:
        return np.linalg.inv(blocks.transpose(2, 0, 1)).transpose(1, 2, 0)
    for start in range(0, modes, _CHUNK):
        part = blocks[:, :, start : start + _CHUNK].copy()
        for k in range(size):
            column = part[:, k].copy()
            pivot = 1.0 / column[k]
            column[k] = 0.0
            part[:, k] = 0.0
            part[k, k] = 1.0
            part[k] *= pivot
            part -= column[:, None] * part[k]
        blocks[:, :, start : start + _CHUNK] = part
    return blocks


def _times(matrices: Array, vectors: Array) -> Array:
    """Product of matrices (n, n, modes) with vectors (n, modes)."""
    if vectors.shape[1] < _FEW:
        return np.stack([matrices[:, :, m] @ vectors[:, m] for m in range(vectors.shape[1])], axis=1)
    return np.einsum("abm,bm->am", matrices, vectors)
