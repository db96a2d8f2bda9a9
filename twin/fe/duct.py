"""Developed laminar flow and heat transfer in a rectangular duct by finite elements.

Half of the duct is meshed: a wall at the first mesh line across, the middle plane at the last one, the
floor at the lowest line and the cover at the topmost. D_h = 4 A / P over all four walls.
Source: Shah & London, Laminar Flow Forced Convection in Ducts, Academic Press 1978, ch. II, III and VII.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import scipy.sparse as sparse
import scipy.sparse.linalg as linalg
from numpy.typing import NDArray

from twin.fe.section import Array, QuadraticSection, conduction, graded, weighted

CORNER_EXPONENT = 3.0
"""Grading towards walls and corners: above 2/a of the mildest singularity, a = 2/3 (see `graded`)."""


class Duct:
    """The velocity of a duct and what follows from it.

    Parameters
    ----------
    across, up : array
        Mesh lines in m: from side wall to middle plane, from floor to cover.
    """

    def __init__(self, across: Array, up: Array):
        self.section = QuadraticSection(across, up)
        self.width = 2.0 * float(across[-1] - across[0])
        self.height = float(up[-1] - up[0])
        trial, test = self.section.trial_and_test()
        dx = self.section.measure
        self._factors: dict[bool, tuple[sparse.csc_array, linalg.SuperLU]] = {}
        self.laplace = self.section.matrix(conduction(1.0, 1.0, trial, test, dx)).tocsc()
        self._load = self.section.vector(test * dx)

    @property
    def hydraulic_diameter(self) -> float:
        """D_h = 2 a b / (a + b) in m."""
        return 2.0 * self.width * self.height / (self.width + self.height)

    @property
    def half_area(self) -> float:
        """Area that is meshed, in m2."""
        return 0.5 * self.width * self.height

    @cached_property
    def unit_velocity(self) -> Array:
        """Nodal values of u in m2: -lap u = 1, u = 0 on the four walls."""
        return self._poisson(self._load)

    @cached_property
    def mean_unit_velocity(self) -> float:
        """Mean of `unit_velocity` over the duct in m2."""
        return float(self._load @ self.unit_velocity) / self.half_area

    @property
    def relative_velocity(self) -> Array:
        """Nodal values of u over its mean."""
        return self.unit_velocity / self.mean_unit_velocity

    @property
    def friction_factor_reynolds(self) -> float:
        """Fanning f Re = D_h^2 / (2 u_m)."""
        return self.hydraulic_diameter**2 / (2.0 * self.mean_unit_velocity)

    @cached_property
    def nusselt_h1(self) -> float:
        """Nu with axially uniform heat and one temperature around the perimeter, all four walls heated."""
        return self._nusselt_h1(covered=False)

    @cached_property
    def nusselt_h1_three_sided(self) -> float:
        """Nu_H1 with an adiabatic cover; the coefficient Nu k / D_h holds on the other three walls."""
        return self._nusselt_h1(covered=True)

    def _nusselt_h1(self, covered: bool) -> float:
        """Nu = D_h A^2 u_m^2 / (P int u theta), -lap theta = u, theta = 0 on the heated walls."""
        flow = self.advection @ np.ones(self.section.size)
        theta = self._poisson(flow, covered)
        perimeter = 0.5 * self.width * (1 if covered else 2) + self.height
        return self.hydraulic_diameter * self.half_area**2 / (perimeter * float(flow @ theta))

    @cached_property
    def nusselt_t(self) -> float:
        """Nu with isothermal walls: lambda D_h^2 / 4, lambda the lowest of -lap phi = lambda (u/u_m) phi."""
        inside = self.free_nodes(covered=False)
        stiffness, factors = self._factorised(covered=False)
        advection = self.advection[inside][:, inside]
        inverse = linalg.LinearOperator(stiffness.shape, factors.solve)
        largest = linalg.eigsh(
            advection, k=1, M=stiffness, Minv=inverse, which="LA", v0=np.ones(inside.size), return_eigenvectors=False
        )
        return float(self.hydraulic_diameter**2 / (4.0 * largest[0]))

    @cached_property
    def entrance_loss(self) -> float:
        """K(inf) = 2 (K_e - K_d) = 2 mean [(u/u_m)^3 - (u/u_m)^2], over rho u_m^2 / 2."""
        u = self.section.function(self.relative_velocity)
        return 2.0 * self.section.integral((u**3 - u**2) * self.section.measure) / self.half_area

    @cached_property
    def advection(self) -> sparse.csr_array:
        """Matrix of int (u/u_m) T v in m2."""
        trial, test = self.section.trial_and_test()
        velocity = self.section.function(self.relative_velocity)
        return self.section.matrix(weighted(velocity, trial, test, self.section.measure))

    def _poisson(self, load: Array, covered: bool = False) -> Array:
        """Solve -lap u = load, u = 0 on the walls; an adiabatic cover is free."""
        inside = self.free_nodes(covered)
        solution = np.zeros(self.section.size)
        solution[inside] = self._factorised(covered)[1].solve(load[inside])
        return solution

    def _factorised(self, covered: bool) -> tuple[sparse.csc_array, linalg.SuperLU]:
        """Return stiffness of the free nodes and its factors."""
        if covered not in self._factors:
            inside = self.free_nodes(covered)
            stiffness = self.laplace[inside][:, inside].tocsc()
            self._factors[covered] = (stiffness, linalg.splu(stiffness))
        return self._factors[covered]

    def free_nodes(self, covered: bool) -> NDArray[np.intp]:
        """Return the nodes inside; those of an adiabatic cover count as inside."""
        free = np.zeros(self.section.shape, dtype=bool)
        free[1 : (None if covered else -1), 1:] = True
        return np.flatnonzero(free)


def rectangular_duct(width: float, height: float, cells: int, exponent: float = CORNER_EXPONENT) -> Duct:
    """Return a duct on a mesh graded towards its walls, `cells` from wall to middle."""
    across = graded(0.0, 0.5 * width, cells, exponent, towards="start")
    return Duct(across, graded(0.0, height, 2 * cells, exponent, towards="both"))
