"""The power grid as a resistive sheet: DOLFINx assembles bilinear elements on a tensor mesh.

-div(grad V / R) + g V = g V_reg - J, with V the voltage, R the sheet resistance, g the conductance per
area to the supply behind the sheet and J the current density drawn (Rius, IEEE TVLSI 21 (2013) 512).
Nodes are numbered ``iy * nx + ix``, cells likewise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from twin.fe.runtime import dolfinx

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SheetMatrices:
    """Matrices over the nodes of a sheet: `sheet` and `feed` in S, `mass` in m2."""

    sheet: sparse.csr_array
    feed: sparse.csr_array
    mass: sparse.csr_array


def sheet_conduction(sheet_conductance: Any, voltage: Any, test: Any, dx: Any) -> Any:
    """int grad(v) . grad(V) / R dx."""
    import ufl

    return sheet_conductance * ufl.inner(ufl.grad(voltage), ufl.grad(test)) * dx


def vertical_feed(conductance: Any, voltage: Any, test: Any, dx: Any) -> Any:
    """int g V v dx."""
    return conductance * voltage * test * dx


def assemble_sheet(x: Array, y: Array, sheet_resistance: Array, vertical_conductance: Array) -> SheetMatrices:
    """Assemble a sheet on the tensor mesh with nodes `x` and `y`.

    Parameters
    ----------
    x, y : array, shapes (nx,) and (ny,)
        Coordinates of the nodes in m, rising.
    sheet_resistance : array, shape (ny - 1, nx - 1)
        R of each cell in ohm.
    vertical_conductance : array, shape (ny - 1, nx - 1)
        g of each cell in S/m2.
    """
    dx = dolfinx()
    import ufl
    from mpi4py import MPI

    counts = [x.size - 1, y.size - 1]
    corners = [np.zeros(2), np.array(counts, dtype=float)]
    mesh = dx.mesh.create_rectangle(MPI.COMM_SELF, corners, counts, dx.mesh.CellType.quadrilateral)
    index = np.rint(mesh.geometry.x[:, :2]).astype(int)
    lowest = index[mesh.geometry.dofmaps[0]].min(axis=1)
    mesh.geometry.x[:, 0], mesh.geometry.x[:, 1] = x[index[:, 0]], y[index[:, 1]]

    space = dx.fem.functionspace(mesh, ("Lagrange", 1))
    trial, test = ufl.TrialFunction(space), ufl.TestFunction(space)
    measure = ufl.Measure("dx", mesh, metadata={"quadrature_degree": 2})
    number = _node_numbers(space.tabulate_dof_coordinates(), x, y)
    conductance = _by_cell(mesh, 1.0 / sheet_resistance[lowest[:, 1], lowest[:, 0]])
    feed = _by_cell(mesh, vertical_conductance[lowest[:, 1], lowest[:, 0]])
    one = dx.fem.Constant(mesh, 1.0)
    return SheetMatrices(
        sheet=_matrix(sheet_conduction(conductance, trial, test, measure), number),
        feed=_matrix(vertical_feed(feed, trial, test, measure), number),
        mass=_matrix(vertical_feed(one, trial, test, measure), number),
    )


def _by_cell(mesh: Any, values: Array) -> Any:
    dx = dolfinx()
    function = dx.fem.Function(dx.fem.functionspace(mesh, ("DG", 0)))
    function.x.array[:] = values
    return function


def _node_numbers(points: Array, x: Array, y: Array) -> NDArray[np.int64]:
    """Number of each unknown on the tensor mesh, from its coordinates."""
    column = np.searchsorted((x[1:] + x[:-1]) / 2, points[:, 0])
    row = np.searchsorted((y[1:] + y[:-1]) / 2, points[:, 1])
    return row * x.size + column


def _matrix(form: Any, number: NDArray[np.int64]) -> sparse.csr_array:
    dx = dolfinx()
    local = dx.fem.assemble_matrix(dx.fem.form(form)).to_scipy().tocoo()
    entries = (local.data, (number[local.row], number[local.col]))
    return sparse.coo_array(entries, shape=local.shape).tocsr()
