"""Conduction of a layered solid as a tensor product, applied column by column without assembly.

    A = Kx (x) diag(wy) (x) Mz(kx) + diag(wx) (x) [ Ky (x) Mz(ky) + diag(wy) (x) Kz(kz) ]

with the Gauss-Lobatto masses w of x and y and the masses Mz along z. A test holds it equal to what DOLFINx
assembles (twin.fe.assembly). Each process applies it to its own columns along x.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import scipy.sparse as sparse

from twin.fe.parallel import Slabs
from twin.fe.tensor import Array, TensorGrid, stiffness

_TOGETHER = 16
"""Columns that are multiplied together: few enough to stay in the cache."""

FACES = ("bottom", "top", "x_min", "x_max", "y_min", "y_max")


class SolidOperator(Protocol):
    """Anything that maps temperatures to watts, both (columns, ny, nz)."""

    def apply(self, solid: Array) -> Array:
        """Return the watts per node."""
        ...


@dataclass(frozen=True)
class TensorOperator:
    """The operator on the columns of one process.

    x_matrix : (own columns, own and neighbouring columns)
    across : (ny nz, ny nz) weight of the conduction along x
    x_weights : (own columns,) length of each column in m
    plane : (ny nz, ny nz) everything within a column, per length of column
    ends : ((own column, (ny nz,) diagonal), ...) of films on the ends along x
    """

    slabs: Slabs
    degree: int
    x_matrix: sparse.csr_array
    across: sparse.csr_array
    x_weights: Array
    plane: sparse.csr_array
    ends: tuple[tuple[int, Array], ...] = ()

    @classmethod
    def of(
        cls,
        grid: TensorGrid,
        slabs: Slabs,
        conductivity: Array,
        films: dict[str, float] | None = None,
        storage: Array | None = None,
        contacts: bool = True,
    ) -> TensorOperator:
        """Build the operator.

        Parameters
        ----------
        conductivity : array, shape (cells along z, 3)
            Conductivity along x, y, z in W/m/K.
        films : mapping, optional
            Coefficient of each outer face in W/m2/K.
        storage : array, shape (cells along z,), optional
            Heat capacity over the time step in W/m3/K.
        contacts : bool
            With the conductances of contacts.
        """
        kx, ky, kz = conductivity.T
        films = films or {}
        y, through = grid.y_weights, np.zeros(grid.z.size)
        if storage is not None:
            through += grid.through(storage)
        through[0] += films.get("bottom", 0.0)
        through[-1] += films.get("top", 0.0)
        z = grid.conduction_through(kz, contacts) + sparse.diags_array(through)
        exact = grid.exact_shares(conductivity)
        along = sparse.kron(stiffness(grid.y, grid.degree), grid.masses_through(ky, exact))
        plane = sparse.kron(sparse.diags_array(y), z) + along
        sides = np.zeros((grid.y.size, grid.z.size))
        sides[0] += films.get("y_min", 0.0) * grid.through()
        sides[-1] += films.get("y_max", 0.0) * grid.through()
        plane = (plane + sparse.diags_array(sides.ravel())).tocsr()
        plane.eliminate_zeros()
        area = np.outer(y, grid.through()).ravel()
        columns = range(grid.x.size)[slabs.own]
        ends = tuple(
            (place - columns.start, films[face] * area)
            for face, place in (("x_min", 0), ("x_max", grid.x.size - 1))
            if face in films and place in columns
        )
        across = sparse.kron(sparse.diags_array(y), grid.masses_through(kx, exact)).tocsr()
        matrix = _own_rows(stiffness(grid.x, grid.degree), slabs, grid.degree)
        return cls(slabs, grid.degree, matrix, across, grid.x_weights[slabs.own], plane, ends)

    def apply(self, solid: Array) -> Array:
        """Return the watts per node of own columns, shape (columns, ny, nz)."""
        own = solid.reshape(len(self.x_weights), -1)
        result = self.x_matrix @ self.slabs.with_neighbours(own, self.degree)
        for start in range(0, len(own), _TOGETHER):
            part = slice(start, start + _TOGETHER)
            weighted = self.x_weights[part, None] * own[part]
            result[part] = (self.across @ result[part].T + self.plane @ weighted.T).T
        for column, diagonal in self.ends:
            result[column] += diagonal * own[column]
        return result.reshape(solid.shape)


@dataclass(frozen=True)
class AssembledOperator:
    """A matrix over all nodes, such as DOLFINx assembles."""

    matrix: sparse.csr_array

    def apply(self, solid: Array) -> Array:
        """Return the watts per node, shape (nx, ny, nz)."""
        return np.asarray(self.matrix @ solid.ravel()).reshape(solid.shape)


def _own_rows(matrix: sparse.csr_array, slabs: Slabs, width: int) -> sparse.csr_array:
    """Own rows, and the columns of own and neighbouring nodes."""
    own, count = slabs.own, slabs.count
    return matrix[own, max(own.start - width, 0) if slabs.communicator else 0 : min(own.stop + width, count)]
