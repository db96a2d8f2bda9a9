"""Patch test: a field linear in each layer, with a jump at a contact, on distorted meshes of P1 and P2.

Elements that hold a linear field exactly must give it back on any mesh. Source: Irons & Razzaque (1972);
Zienkiewicz & Taylor, The Finite Element Method, ch. 10.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.sparse.linalg import spsolve

from twin.fe import forms
from twin.fe.runtime import dolfinx

Array = NDArray[np.float64]

LOWER, UPPER, CONTACT = 3.0, 0.5, 0.2
"""Conductivities in W/m/K below and above y = 1/2, and the contact between them in m2 K/W."""

_ALONG, _FLUX = 0.7, 1.3
_SEED = 7


def _exact(points: Array, upper: bool) -> Array:
    """T = a x + q y / k, with the jump q R at the contact."""
    x, y = points[:, 0], points[:, 1]
    if not upper:
        return np.asarray(_ALONG * x + _FLUX * y / LOWER)
    return np.asarray(_ALONG * x + _FLUX * (0.5 / LOWER + CONTACT + (y - 0.5) / UPPER))


def patch_error(cells: int, degree: int) -> float:
    """Return the largest nodal error over the range of the field.

    Two meshes of triangles, their inner vertices moved at random by up to a quarter of a cell, share the
    contact's plane; the outer boundary is held at the exact field.
    """
    parts = [_half(cells, degree, upper) for upper in (False, True)]
    matrix = sparse.block_diag([part[0] for part in parts]).tolil()
    points = np.vstack([part[1] for part in parts])
    exact = np.concatenate([_exact(part[1], upper) for part, upper in zip(parts, (False, True), strict=True)])
    size = len(parts[0][1])
    matrix = matrix.tocsr() + _contact(parts, size, matrix.shape)
    held = _on_boundary(points)
    free = np.flatnonzero(~held)
    solution = exact.copy()
    solution[free] = spsolve(matrix[free][:, free].tocsc(), -(matrix[free][:, held] @ exact[held]))
    return float(np.abs(solution - exact).max() / np.ptp(exact))


def _half(cells: int, degree: int, upper: bool) -> tuple[sparse.csr_array, Array, sparse.csr_array]:
    """Conduction, points and contact mass of one half of the unit square."""
    dx = dolfinx()
    import ufl
    from mpi4py import MPI

    low, high = (0.5, 1.0) if upper else (0.0, 0.5)
    corners = [np.array([0.0, low]), np.array([1.0, high])]
    mesh = dx.mesh.create_rectangle(MPI.COMM_SELF, corners, [cells, max(2, cells // 2)], dx.mesh.CellType.triangle)
    _distort(mesh, cells, low, high)
    space = dx.fem.functionspace(mesh, ("Lagrange", degree))
    trial, test = ufl.TrialFunction(space), ufl.TestFunction(space)
    k = UPPER if upper else LOWER
    conduction = k * ufl.inner(ufl.grad(trial), ufl.grad(test)) * ufl.dx(mesh)
    facets = dx.mesh.locate_entities_boundary(mesh, 1, lambda x: np.isclose(x[1], 0.5))
    tags = dx.mesh.meshtags(mesh, 1, np.sort(facets), np.ones(facets.size, np.int32))
    ds = ufl.Measure("ds", mesh, subdomain_data=tags)
    contact = forms.film(dx.fem.Constant(mesh, 1 / CONTACT), trial, test, ds(1))
    assembled = [dx.fem.assemble_matrix(dx.fem.form(form)).to_scipy() for form in (conduction, contact)]
    return assembled[0], space.tabulate_dof_coordinates()[:, :2], assembled[1]


def _distort(mesh: Any, cells: int, low: float, high: float) -> None:
    x = mesh.geometry.x
    inside = (x[:, 0] > 1e-9) & (x[:, 0] < 1 - 1e-9) & (x[:, 1] > low + 1e-9) & (x[:, 1] < high - 1e-9)
    moves = np.random.default_rng(_SEED).uniform(-0.25, 0.25, (inside.sum(), 2)) / cells
    x[inside, :2] += moves


def _contact(parts: list[Any], size: int, shape: tuple[int, int]) -> sparse.csr_array:
    """int (T_above - T_below)(v_above - v_below) / R over the contact, both sides' nodes matched by place."""
    mass = parts[0][2].copy()
    mass.eliminate_zeros()
    mass = mass.tocoo()
    below, above = (np.flatnonzero(np.isclose(part[1][:, 1], 0.5)) for part in parts)
    partner = np.full(size, -1)
    order = [np.argsort(part[1][nodes, 0]) for part, nodes in zip(parts, (below, above), strict=True)]
    partner[below[order[0]]] = size + above[order[1]]
    row, column, value = mass.row, mass.col, mass.data
    rows = np.concatenate([row, partner[row], row, partner[row]])
    columns = np.concatenate([column, partner[column], partner[column], column])
    values = np.concatenate([value, value, -value, -value])
    return sparse.coo_array((values, (rows, columns)), shape=shape).tocsr()


def _on_boundary(points: Array) -> NDArray[np.bool_]:
    x, y = points[:, 0], points[:, 1]
    return np.isclose(x, 0) | np.isclose(x, 1) | np.isclose(y, 0) | np.isclose(y, 1)
