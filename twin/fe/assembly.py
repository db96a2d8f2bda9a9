"""DOLFINx assembles the matrices of a layered solid; they come back in the grid's own numbering."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from twin.fe import forms
from twin.fe.runtime import dolfinx
from twin.fe.tensor import Array, TensorGrid

FACES = ("bottom", "top", "x_min", "x_max", "y_min", "y_max")


@dataclass(frozen=True)
class SolidMatrices:
    """Sparse matrices over all nodes: conduction [W/K], storage [J/K], unit film of each face [m2].

    A face of two slabs at a contact is called ``plane N`` after its plane of nodes.
    """

    conduction: sparse.csr_array
    storage: sparse.csr_array
    faces: dict[str, sparse.csr_array]


def assemble_solid(grid: TensorGrid, conductivity: Array, heat_capacity: Array) -> SolidMatrices:
    """Assemble the solid of a grid.

    Parameters
    ----------
    conductivity : array, shape (layers, 3)
        Conductivity along x, y, z in W/m/K.
    heat_capacity : array, shape (layers,)
        Volumetric heat capacity in J/m3/K.
    """
    parts = [_assemble_slab(grid, first, last, conductivity, heat_capacity) for first, last in grid.slabs]
    conduction = _sum([part.conduction for part in parts])
    for lower, resistance in grid.contacts:
        conduction = conduction + _contact(parts, grid, lower) / resistance
    faces = {face: _sum([part.faces[face] for part in parts]) for face in FACES}
    return SolidMatrices(conduction.tocsr(), _sum([part.storage for part in parts]), faces)


def _assemble_slab(grid: TensorGrid, first: int, last: int, conductivity: Array, heat_capacity: Array) -> SolidMatrices:
    """Assemble one run of layers without contacts, in the numbering of the whole grid."""
    dx = dolfinx()
    import ufl

    mesh = _box(grid, first, last)
    space = dx.fem.functionspace(mesh, ("Lagrange", 1))
    layer = _cell_layers(mesh, grid, first, last)
    k = [_by_cell(mesh, conductivity[layer, axis]) for axis in range(3)]
    trial, test = ufl.TrialFunction(space), ufl.TestFunction(space)
    measure = ufl.Measure("dx", mesh, metadata={"quadrature_degree": 2})
    number = _node_numbers(space.tabulate_dof_coordinates(), grid, first, last)
    conduction = _matrix(forms.conduction(k, trial, test, measure), number, grid.size)
    capacity = _by_cell(mesh, heat_capacity[layer])
    storage = _matrix(forms.storage(capacity, trial, test, measure), number, grid.size)
    ds = ufl.Measure("ds", mesh, subdomain_data=_face_tags(mesh, grid, first, last))
    one = dx.fem.Constant(mesh, 1.0)
    faces = {face: _matrix(forms.film(one, trial, test, ds(tag)), number, grid.size) for tag, face in enumerate(FACES)}
    for plane, tag in ((first, _SLAB_BOTTOM), (last, _SLAB_TOP)):
        if 0 < plane < grid.z.size - 1:
            faces[f"plane {plane}"] = _matrix(forms.film(one, trial, test, ds(tag)), number, grid.size)
    return SolidMatrices(conduction, storage, faces)


_SLAB_BOTTOM, _SLAB_TOP = 6, 7


def _box(grid: TensorGrid, first: int, last: int) -> Any:
    """A box of hexahedra moved onto the grid's graded nodes."""
    dx = dolfinx()
    from mpi4py import MPI

    z = grid.z[first : last + 1]
    counts = [grid.x.size - 1, grid.y.size - 1, z.size - 1]
    corners = [np.zeros(3), np.array(counts, float)]
    mesh = dx.mesh.create_box(MPI.COMM_SELF, corners, counts, dx.mesh.CellType.hexahedron)
    index = np.rint(mesh.geometry.x).astype(int)
    mesh.geometry.x[:] = np.column_stack([grid.x[index[:, 0]], grid.y[index[:, 1]], z[index[:, 2]]])
    return mesh


def _cell_layers(mesh: Any, grid: TensorGrid, first: int, last: int) -> NDArray[np.int64]:
    """Layer of every local cell, by the height of its lowest vertex."""
    lowest = mesh.geometry.x[mesh.geometry.dofmaps[0], 2].min(axis=1)
    inside = (grid.cell_planes >= first) & (grid.cell_planes < last)
    heights = grid.z[grid.cell_planes[inside]]
    return grid.cell_layers[inside][_nearest(heights, lowest)]


def _by_cell(mesh: Any, values: Array) -> Any:
    dx = dolfinx()
    function = dx.fem.Function(dx.fem.functionspace(mesh, ("DG", 0)))
    function.x.array[:] = values
    return function


def _matrix(form: Any, number: NDArray[np.int64], size: int) -> sparse.csr_array:
    dx = dolfinx()
    local = dx.fem.assemble_matrix(dx.fem.form(form)).to_scipy().tocoo()
    short = number.astype(np.int32)
    entries = (local.data, (short[local.row], short[local.col]))
    matrix = sparse.coo_array(entries, shape=(size, size)).tocsr()
    matrix.eliminate_zeros()
    return matrix


def _node_numbers(points: Array, grid: TensorGrid, first: int, last: int) -> NDArray[np.int64]:
    """Number of each unknown of a slab in the whole grid, from its coordinates."""
    ix, iy = _nearest(grid.x, points[:, 0]), _nearest(grid.y, points[:, 1])
    iz = first + _nearest(grid.z[first : last + 1], points[:, 2])
    return (ix * grid.y.size + iy) * grid.z.size + iz


def _nearest(sorted_nodes: Array, points: Array) -> NDArray[np.int64]:
    middle = (sorted_nodes[1:] + sorted_nodes[:-1]) / 2
    return np.searchsorted(middle, points)


def _face_tags(mesh: Any, grid: TensorGrid, first: int, last: int) -> Any:
    """Tag the faces of a slab: 0-5 outer faces of the stack, 6 and 7 its faces at contacts."""
    dx = dolfinx()
    planes = [
        (2, grid.z[first], 0 if first == 0 else _SLAB_BOTTOM),
        (2, grid.z[last], 1 if last == grid.z.size - 1 else _SLAB_TOP),
        (0, grid.x[0], 2), (0, grid.x[-1], 3), (1, grid.y[0], 4), (1, grid.y[-1], 5),
    ]  # fmt: skip
    facets, tags = [], []
    for axis, place, tag in planes:
        span = np.ptp(mesh.geometry.x[:, axis])
        found = dx.mesh.locate_entities_boundary(
            mesh, 2, lambda x, axis=axis, place=place, span=span: np.abs(x[axis] - place) < 1e-9 * span
        )
        facets.append(found)
        tags.append(np.full(found.size, tag, np.int32))
    order = np.argsort(np.concatenate(facets), kind="stable")
    return dx.mesh.meshtags(mesh, 2, np.concatenate(facets)[order], np.concatenate(tags)[order])


def _contact(parts: list[SolidMatrices], grid: TensorGrid, lower: int) -> sparse.csr_array:
    """int (T_above - T_below)(v_above - v_below) ds over the doubled plane above plane `lower`."""
    below = next(p.faces[f"plane {lower}"] for p in parts if f"plane {lower}" in p.faces)
    shift = sparse.eye_array(grid.size, k=-1, format="csr")  # node above = node below + 1
    return (below + shift @ below @ shift.T - shift @ below - below @ shift.T).tocsr()


def _sum(matrices: list[sparse.csr_array]) -> sparse.csr_array:
    total = matrices[0]
    for matrix in matrices[1:]:
        total = total + matrix
    return total.tocsr()
