"""Biquadratic elements on the cross-section of a channel: DOLFINx assembles, nodes in tensor order.

The section spans `across` (y, first coordinate) and `up` (z, second coordinate). Elements lie on a tensor
mesh; their nodes are the mesh lines and the middles between them, numbered ``iz * ny + iy``.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from twin.fe.runtime import dolfinx

Array = NDArray[np.float64]

_EXACT = {"quadrature_degree": 8}
"""Products of four biquadratic functions are integrated exactly."""


def conduction(along_y: Any, along_z: Any, temperature: Any, test: Any, dx: Any) -> Any:
    """int ky dT/dy dv/dy + kz dT/dz dv/dz dx (Zienkiewicz & Taylor, The Finite Element Method, ch. 7)."""
    return (along_y * temperature.dx(0) * test.dx(0) + along_z * temperature.dx(1) * test.dx(1)) * dx


def weighted(weight: Any, temperature: Any, test: Any, dx: Any) -> Any:
    """int w T v dx: storage, or advection normal to the section with w = rho c u."""
    return weight * temperature * test * dx


class QuadraticSection:
    """A tensor mesh of the cross-section with biquadratic elements.

    Parameters
    ----------
    across, up : array
        Mesh lines along y and z in m, rising.
    """

    def __init__(self, across: Array, up: Array):
        self.across, self.up = across, up
        dx = dolfinx()
        import ufl
        from mpi4py import MPI

        counts = [across.size - 1, up.size - 1]
        corners = [np.zeros(2), np.array(counts, dtype=float)]
        mesh = dx.mesh.create_rectangle(MPI.COMM_SELF, corners, counts, dx.mesh.CellType.quadrilateral)
        index = np.rint(mesh.geometry.x[:, :2]).astype(int)
        self._lowest = index[mesh.geometry.dofmaps[0]].min(axis=1)
        mesh.geometry.x[:, 0], mesh.geometry.x[:, 1] = across[index[:, 0]], up[index[:, 1]]
        self.mesh = mesh
        self.space = dx.fem.functionspace(mesh, ("Lagrange", 2))
        self.measure = ufl.Measure("dx", mesh, metadata=_EXACT)
        self._number = self._node_numbers(self.space.tabulate_dof_coordinates())

    @cached_property
    def nodes_across(self) -> Array:
        """Nodes along y in m."""
        return _with_middles(self.across)

    @cached_property
    def nodes_up(self) -> Array:
        """Nodes along z in m."""
        return _with_middles(self.up)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of nodes along z and y: nodal values reshape to it."""
        return self.nodes_up.size, self.nodes_across.size

    @property
    def size(self) -> int:
        """Number of nodes."""
        return self.nodes_up.size * self.nodes_across.size

    def by_cell(self, values: Array) -> Any:
        """Return a cellwise constant from values of shape (cells along z, cells along y)."""
        dx = dolfinx()
        function = dx.fem.Function(dx.fem.functionspace(self.mesh, ("DG", 0)))
        function.x.array[:] = values[self._lowest[:, 1], self._lowest[:, 0]]
        return function

    def function(self, nodal: Array) -> Any:
        """Return a biquadratic function from its nodal values, shape (size,)."""
        function = dolfinx().fem.Function(self.space)
        function.x.array[:] = nodal[self._number]
        return function

    def trial_and_test(self) -> tuple[Any, Any]:
        """Return UFL's trial and test function of the section."""
        import ufl

        return ufl.TrialFunction(self.space), ufl.TestFunction(self.space)

    def matrix(self, form: Any) -> sparse.csr_array:
        """Assemble a bilinear form."""
        dx = dolfinx()
        local = dx.fem.assemble_matrix(dx.fem.form(form)).to_scipy().tocoo()
        entries = (local.data, (self._number[local.row], self._number[local.col]))
        return sparse.coo_array(entries, shape=(self.size, self.size)).tocsr()

    def vector(self, form: Any) -> Array:
        """Assemble a linear form."""
        dx = dolfinx()
        vector = np.zeros(self.size)
        vector[self._number] = dx.fem.assemble_vector(dx.fem.form(form)).array
        return vector

    def integral(self, form: Any) -> float:
        """Return the value of a form without unknowns."""
        dx = dolfinx()
        return float(dx.fem.assemble_scalar(dx.fem.form(form)))

    def _node_numbers(self, points: Array) -> NDArray[np.int32]:
        column, row = _nearest(self.nodes_across, points[:, 0]), _nearest(self.nodes_up, points[:, 1])
        return (row * self.nodes_across.size + column).astype(np.int32)


def line_load(nodes: Array) -> Array:
    """Return int N_i of quadratic elements on a line whose `nodes` include the middles (Simpson's rule)."""
    weights = np.zeros(nodes.size)
    lengths = np.diff(nodes[::2])
    weights[:-1:2] += lengths / 6.0
    weights[1::2] += lengths * 4.0 / 6.0
    weights[2::2] += lengths / 6.0
    return weights


def graded(start: float, end: float, cells: int, exponent: float, *, towards: str) -> Array:
    """Return mesh lines from `start` to `end`, sizes falling as a power law towards `start`, `end` or `both`.

    Nodes lie at (i/n)^exponent of the way, so that the mesh of half the cells holds every second line.
    A corner at which the solution goes as r^a wants an exponent above 2/a with quadratic elements
    (Babuska, Kellogg & Pitkaranta, Numer. Math. 33 (1979) 447).
    """
    if towards == "both":
        middle = 0.5 * (start + end)
        first = graded(start, middle, cells // 2, exponent, towards="start")
        return np.concatenate([first, graded(middle, end, cells - cells // 2, exponent, towards="end")[1:]])
    share = np.linspace(0.0, 1.0, cells + 1) ** exponent
    lines = start + (end - start) * (share if towards == "start" else 1.0 - share[::-1])
    lines[-1] = end
    return lines


def _with_middles(lines: Array) -> Array:
    nodes = np.empty(2 * lines.size - 1)
    nodes[::2], nodes[1::2] = lines, 0.5 * (lines[1:] + lines[:-1])
    return nodes


def _nearest(sorted_nodes: Array, points: Array) -> NDArray[np.int64]:
    middle = (sorted_nodes[1:] + sorted_nodes[:-1]) / 2
    return np.searchsorted(middle, points)
