"""DOLFINx assembles the matrices of a layered solid; they come back in the grid's own numbering."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from twin.fe import forms
from twin.fe.parallel import Slabs
from twin.fe.runtime import dolfinx
from twin.fe.solid import AssembledOperator
from twin.fe.tensor import Array, TensorGrid


def assemble(
    grid: TensorGrid,
    slabs: Slabs,
    conductivity: Array,
    films: dict[str, float] | None = None,
    storage: Array | None = None,
    contacts: bool = True,
) -> AssembledOperator:
    """Assemble conduction, films and storage; the arguments are those of TensorOperator.of.

    One process holds the whole matrix.
    """
    parts = [_Slab(grid, first, last) for first, last in grid.slabs]
    total = sparse.csr_array((grid.size, grid.size))
    for part in parts:
        total = total + part.conduction(conductivity)
        if storage is not None:
            total = total + part.storage(storage)
        for face, coefficient in (films or {}).items():
            if face in part.faces:
                total = total + coefficient * part.film(face)
    if contacts:
        for (lower, resistance), below in zip(grid.contacts, parts[:-1], strict=True):
            total = total + _contact(below.film(f"plane {lower}"), grid.size) / resistance
    return AssembledOperator(total.tocsr())


@dataclass
class _Slab:
    """One run of layers without contacts inside, from plane `first` to plane `last`."""

    grid: TensorGrid
    first: int
    last: int

    def __post_init__(self) -> None:
        dx = dolfinx()
        import ufl

        self.mesh = _box(self.grid, self.first, self.last)
        space = dx.fem.functionspace(self.mesh, ("Lagrange", self.grid.degree))
        self.trial, self.test = ufl.TrialFunction(space), ufl.TestFunction(space)
        rule = {"quadrature_rule": "GLL", "quadrature_degree": 2 * self.grid.degree - 1}
        self.lumped = ufl.Measure("dx", self.mesh, metadata=rule)
        self.exact_through = ufl.Measure("dx", self.mesh, metadata=_exact_through(self.grid.degree))
        self.number = _node_numbers(space.tabulate_dof_coordinates(), self.grid, self.first, self.last)
        self.cell = _cells_through(self.mesh, self.grid, self.first, self.last)
        self.faces = _faces(self.grid, self.first, self.last)
        tags = _face_tags(self.mesh, self.faces)
        self.ds = ufl.Measure("ds", self.mesh, subdomain_data=tags, metadata=rule)

    def conduction(self, conductivity: Array) -> sparse.csr_array:
        exact = self.grid.exact_shares(conductivity)[:, None]
        total = 0
        for by_cell, measure in ((exact * conductivity, self.exact_through), ((1 - exact) * conductivity, self.lumped)):
            k = [_by_cell(self.mesh, by_cell[self.cell, axis]) for axis in range(3)]
            total += forms.conduction(k, self.trial, self.test, measure)
        return self._matrix(total)

    def storage(self, capacity: Array) -> sparse.csr_array:
        return self._matrix(forms.storage(_by_cell(self.mesh, capacity[self.cell]), self.trial, self.test, self.lumped))

    def film(self, face: str) -> sparse.csr_array:
        one = dolfinx().fem.Constant(self.mesh, 1.0)
        return self._matrix(forms.film(one, self.trial, self.test, self.ds(list(self.faces).index(face))))

    def _matrix(self, form: Any) -> sparse.csr_array:
        dx = dolfinx()
        local = dx.fem.assemble_matrix(dx.fem.form(form)).to_scipy().tocoo()
        entries = (local.data, (self.number[local.row], self.number[local.col]))
        matrix = sparse.coo_array(entries, shape=(self.grid.size, self.grid.size)).tocsr()
        matrix.eliminate_zeros()
        return matrix


def _exact_through(degree: int) -> dict[str, Any]:
    """Quadrature of Gauss-Lobatto along x and y and Gauss along z on the unit cube."""
    import basix

    line = basix.CellType.interval
    lobatto = basix.make_quadrature(line, 2 * degree - 1, rule=basix.QuadratureType.gll)
    gauss = basix.make_quadrature(line, 2 * degree, rule=basix.QuadratureType.gauss_jacobi)
    rules = (lobatto, lobatto, gauss)
    points = np.stack(np.meshgrid(*(rule[0][:, 0] for rule in rules), indexing="ij"), axis=-1).reshape(-1, 3)
    weights = np.einsum("i,j,k->ijk", *(rule[1] for rule in rules)).ravel()
    return {"quadrature_rule": "custom", "quadrature_points": points, "quadrature_weights": weights}


def _box(grid: TensorGrid, first: int, last: int) -> Any:
    """A box of hexahedra moved onto the grid's graded elements."""
    dx = dolfinx()
    from mpi4py import MPI

    x, y, z = (nodes[:: grid.degree] for nodes in (grid.x, grid.y, grid.z[first : last + 1]))
    counts = [x.size - 1, y.size - 1, z.size - 1]
    corners = [np.zeros(3), np.array(counts, float)]
    mesh = dx.mesh.create_box(MPI.COMM_SELF, corners, counts, dx.mesh.CellType.hexahedron)
    index = np.rint(mesh.geometry.x).astype(int)
    mesh.geometry.x[:] = np.column_stack([x[index[:, 0]], y[index[:, 1]], z[index[:, 2]]])
    return mesh


def _cells_through(mesh: Any, grid: TensorGrid, first: int, last: int) -> NDArray[np.int64]:
    """Place along z of every cell, by the height of its lowest vertex."""
    lowest = mesh.geometry.x[mesh.geometry.dofmaps[0], 2].min(axis=1)
    inside = np.flatnonzero((grid.cell_planes >= first) & (grid.cell_planes < last))
    return inside[_nearest(grid.z[grid.cell_planes[inside]], lowest)]


def _by_cell(mesh: Any, values: Array) -> Any:
    dx = dolfinx()
    function = dx.fem.Function(dx.fem.functionspace(mesh, ("DG", 0)))
    function.x.array[:] = values
    return function


def _node_numbers(points: Array, grid: TensorGrid, first: int, last: int) -> NDArray[np.int64]:
    """Number of each unknown of a slab in the whole grid, from its coordinates."""
    ix, iy = _nearest(grid.x, points[:, 0]), _nearest(grid.y, points[:, 1])
    iz = first + _nearest(grid.z[first : last + 1], points[:, 2])
    return (ix * grid.y.size + iy) * grid.z.size + iz


def _nearest(sorted_nodes: Array, points: Array) -> NDArray[np.int64]:
    middle = (sorted_nodes[1:] + sorted_nodes[:-1]) / 2
    return np.searchsorted(middle, points)


def _faces(grid: TensorGrid, first: int, last: int) -> dict[str, tuple[int, float]]:
    """Axis and place of each face of a slab; a face at a contact is called after its plane of nodes."""
    ends = [(grid.x[0], grid.x[-1]), (grid.y[0], grid.y[-1]), (grid.z[first], grid.z[last])]
    names = [
        ("x_min", "x_max"),
        ("y_min", "y_max"),
        (
            "bottom" if first == 0 else f"plane {first}",
            "top" if last == grid.z.size - 1 else f"plane {last}",
        ),
    ]
    return {
        name: (axis, float(place)) for axis in range(3) for name, place in zip(names[axis], ends[axis], strict=True)
    }


def _face_tags(mesh: Any, faces: dict[str, tuple[int, float]]) -> Any:
    """Tag the facets of each face with its place in `faces`."""
    dx = dolfinx()
    facets, tags = [], []
    for tag, (axis, place) in enumerate(faces.values()):
        near = 1e-9 * np.ptp(mesh.geometry.x[:, axis])
        found = dx.mesh.locate_entities_boundary(
            mesh, 2, lambda x, axis=axis, place=place, near=near: np.abs(x[axis] - place) < near
        )
        facets.append(found)
        tags.append(np.full(found.size, tag, np.int32))
    order = np.argsort(np.concatenate(facets), kind="stable")
    return dx.mesh.meshtags(mesh, 2, np.concatenate(facets)[order], np.concatenate(tags)[order])


def _contact(below: sparse.csr_array, size: int) -> sparse.csr_array:
    """int (T_above - T_below)(v_above - v_below) ds over a doubled plane of nodes."""
    shift = sparse.eye_array(size, k=-1, format="csr")  # node above = node below + 1
    return (below + shift @ below @ shift.T - shift @ below - below @ shift.T).tocsr()
