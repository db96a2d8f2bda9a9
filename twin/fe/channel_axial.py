"""Temperature along a channel: modes in the cross-section, discontinuous elements along it.

Nodal temperatures of the section T(x) obey, with its matrices of advection C, conduction K and axial
conduction M, and a load f per length::

    C dT/dx - d/dx(M dT/dx) + K T = f,   0 < x < L.

Heat that enters at the two ends, by the inflow's enthalpy or by conduction, is a load there; nothing else
conducts through the ends, and what flows out at x = L carries its enthalpy. The section is reduced to the
space of a rational Krylov method, T = V a(x): with the constant in that space, heat balances to rounding. Along
x, discontinuous elements with upwind fluxes for advection and the symmetric interior penalty for conduction.
Sources: Ruhe, Lin. Alg. Appl. 58 (1984) 391 (rational Krylov); Arnold et al., SIAM J. Numer. Anal. 39 (2002)
1749 (discontinuous elements); Danckwerts, Chem. Eng. Sci. 2 (1953) 1 (inlet and outlet).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sparse
import scipy.sparse.linalg as linalg

from twin.fe.runtime import dolfinx
from twin.fe.section import Array

DEGREE = 2
"""Degree of the elements along the channel."""

_PENALTY = 4.0 * DEGREE**2
"""Interior penalty over cell length: stable from about the square of the degree on (Arnold et al. 2002)."""

_NEGLIGIBLE = 1e-12
"""Directions of the Krylov space that are smaller than this, relative to the largest, are rounding."""


@dataclass(frozen=True)
class AxialMatrices:
    """Discontinuous elements on a line: advection in +x includes the outflow at the end."""

    points: Array
    mass: sparse.csr_array
    advection: sparse.csr_array
    conduction: sparse.csr_array


def axial_matrices(lines: Array) -> AxialMatrices:
    """Assemble the elements of degree `DEGREE` between the given `lines`; unknowns are sorted along x."""
    dx = dolfinx()
    import ufl
    from mpi4py import MPI

    cells = lines.size - 1
    mesh = dx.mesh.create_interval(MPI.COMM_SELF, cells, [0.0, float(cells)])
    index = np.rint(mesh.geometry.x[:, 0]).astype(int)
    cell_first = index[mesh.geometry.dofmaps[0]].min(axis=1)
    mesh.geometry.x[:, 0] = lines[index]
    space = dx.fem.functionspace(mesh, ("DG", DEGREE))
    place = np.empty(space.dofmap.index_map.size_local, int)
    place[space.dofmap.list] = cell_first[:, None]
    points = space.tabulate_dof_coordinates()[:, 0]
    order = np.lexsort((points, place))

    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    forms = (_mass(u, v), _upwind_advection(mesh, u, v), _penalised_conduction(mesh, u, v))
    mass, advection, conduction = (
        dx.fem.assemble_matrix(dx.fem.form(form)).to_scipy()[order][:, order].tocsr() for form in forms
    )
    return AxialMatrices(points[order], mass, advection, conduction)


def _mass(u: Any, v: Any) -> Any:
    """int u v dx."""
    import ufl

    return u * v * ufl.dx


def _upwind_advection(mesh: Any, u: Any, v: Any) -> Any:
    """- int u v' dx + sum u_upwind [v] + u v at the outflow: du/dx for a flow in +x."""
    import ufl

    normal = ufl.FacetNormal(mesh)[0]
    outward = (normal + abs(normal)) / 2
    between = (outward("+") * u("+") - outward("-") * u("-")) * (v("+") - v("-"))
    return -u * v.dx(0) * ufl.dx + between * ufl.dS + outward * u * v * ufl.ds


def _penalised_conduction(mesh: Any, u: Any, v: Any) -> Any:
    """int u' v' dx - {u'} [v] - {v'} [u] + penalty / h [u] [v]: -d2u/dx2 with no flux at the ends."""
    import ufl

    normal = ufl.FacetNormal(mesh)[0]
    length = ufl.CellVolume(mesh)
    shorter = ufl.min_value(length("+"), length("-"))
    jump_u, jump_v = (w("+") * normal("+") + w("-") * normal("-") for w in (u, v))
    between = _PENALTY / shorter * jump_u * jump_v - ufl.avg(u.dx(0)) * jump_v - ufl.avg(v.dx(0)) * jump_u
    return u.dx(0) * v.dx(0) * ufl.dx + between * ufl.dS


@dataclass(frozen=True)
class SectionOperators:
    """Matrices of a section: advection C in W/K, conduction K in W/K/m, axial conduction M in W m/K.

    `insulated`: heat leaves the section along the channel only, so that a constant is not conducted.
    """

    advection: sparse.csr_array
    conduction: sparse.csr_array
    axial_conduction: sparse.csr_array
    insulated: bool = True

    def reduced(self, basis: Array) -> tuple[Array, Array, Array]:
        """Return C, K and M in the space of `basis`, whose first column is constant."""
        advection, conduction, axial = (
            basis.T @ (matrix @ basis) for matrix in (self.advection, self.conduction, self.axial_conduction)
        )
        if self.insulated:  # what rounding leaves of K 1 = 0 would be a source of heat
            conduction[0], conduction[:, 0] = 0.0, 0.0
        return advection, conduction, axial


def krylov_basis(operators: SectionOperators, loads: Array, lengths: Array) -> Array:
    """Return an orthonormal basis (nodes, modes) of the constant and the responses to `loads` at all `lengths`.

    The response at a length l solves (K + C/l) r = load and (K + C/l + M/l^2) r = load: what the Laplace
    transform of the problem at a rate 1/l is made of, downstream and where the solid conducts upstream.

    Parameters
    ----------
    loads : array, shape (nodes, ...)
    lengths : array
        In m, spread from the finest scale along the channel to its length.
    """
    columns = []
    for length in lengths:
        shifted = operators.conduction + operators.advection / length
        columns.append(linalg.splu(shifted.tocsc()).solve(loads))
        columns.append(linalg.splu((shifted + operators.axial_conduction / length**2).tocsc()).solve(loads))
    constant = np.full((loads.shape[0], 1), loads.shape[0] ** -0.5)
    others = np.column_stack(columns)
    others -= constant @ (constant.T @ others)
    return np.column_stack([constant, _orthonormal(others)])


def _orthonormal(columns: Array) -> Array:
    basis, sizes, _ = np.linalg.svd(columns / np.linalg.norm(columns, axis=0), full_matrices=False)
    return np.asarray(basis[:, sizes > _NEGLIGIBLE * sizes[0]])


@dataclass(frozen=True)
class AxialSolution:
    """Amplitudes (points along x, modes) of the basis (nodes, modes); `points` are in m."""

    points: Array
    basis: Array
    amplitudes: Array

    @property
    def stations(self) -> Array:
        """The inlet and the downstream end of every element, in m."""
        return self.points[self._places]

    def at_stations(self, weights: Array) -> Array:
        """Return weights . T at the stations, for weights over the section's nodes."""
        return np.asarray((self.amplitudes[self._places] @ self.basis.T) @ weights)

    def section(self, station: int) -> Array:
        """Return the nodal temperatures of one station."""
        return np.asarray(self.basis @ self.amplitudes[self._places[station]])

    @property
    def _places(self) -> Array:
        ends = np.arange(DEGREE, self.points.size, DEGREE + 1)
        return np.concatenate([[0], ends])


def solve_along(
    operators: SectionOperators, basis: Array, lines: Array, load: Array, inlet: Array, outlet: Array
) -> AxialSolution:
    """Solve along the channel in the space of `basis`.

    Parameters
    ----------
    lines : array
        Ends of the elements along x in m.
    load : array, shape (nodes,)
        Heat per length into the section's nodes, the same everywhere, in W/m.
    inlet, outlet : array, shape (nodes,)
        Heat into the nodes of the first and the last section, in W; an inflow of temperature T brings C T.
    """
    along = axial_matrices(lines)
    advection, conduction, axial = operators.reduced(basis)
    system = (
        sparse.kron(along.mass, conduction)
        + sparse.kron(along.advection, advection)
        + sparse.kron(along.conduction, axial)
    ).tocsc()
    right = np.outer(along.mass @ np.ones(along.points.size), basis.T @ load)
    right[0] += basis.T @ inlet
    right[-1] += basis.T @ outlet
    factors = linalg.splu(system, permc_spec="NATURAL")
    amplitudes = factors.solve(right.ravel())
    amplitudes += factors.solve(right.ravel() - system @ amplitudes)
    return AxialSolution(along.points, basis, amplitudes.reshape(right.shape))
