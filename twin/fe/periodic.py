"""A slab under periodic heat in the frequency domain: (K + j w C) T = q, P1 and P2.

Source: Carslaw & Jaeger, Conduction of Heat in Solids, secs. 2.6 and 3.7.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.fe.runtime import dolfinx


def periodic_slab(
    thickness: float,
    conductivity: float,
    capacity: float,
    film: float,
    angular: float,
    cells: int,
    degree: int,
    grading: float = 1.0,
) -> tuple[NDArray[np.float64], NDArray[np.complex128]]:
    """Return nodes in m and complex amplitudes in K of a unit flux cos(w t) into x = 0, film at the other end.

    Parameters
    ----------
    thickness, conductivity, capacity, film, angular : float
        m, W/m/K, J/m3/K, W/m2/K, rad/s.
    cells, degree : int
        Cells of the mesh and degree of the Lagrange elements.
    grading : float
        Nodes lie at thickness * s^grading for equal steps of s: above 1 they crowd at the heated face.
    """
    dx = dolfinx()
    import ufl
    from mpi4py import MPI
    from scipy.sparse.linalg import spsolve

    mesh = dx.mesh.create_unit_interval(MPI.COMM_SELF, cells)
    mesh.geometry.x[:, 0] = thickness * mesh.geometry.x[:, 0] ** grading
    space = dx.fem.functionspace(mesh, ("Lagrange", degree))
    trial, test = ufl.TrialFunction(space), ufl.TestFunction(space)
    stiffness = dx.fem.form(conductivity * ufl.inner(ufl.grad(trial), ufl.grad(test)) * ufl.dx)
    storage = dx.fem.form(capacity * trial * test * ufl.dx)
    place = space.tabulate_dof_coordinates()[:, 0]
    matrix = dx.fem.assemble_matrix(stiffness).to_scipy().astype(complex)
    matrix = matrix + 1j * angular * dx.fem.assemble_matrix(storage).to_scipy()
    matrix = matrix.tolil()
    front, back = int(place.argmin()), int(place.argmax())
    matrix[back, back] += film
    load = np.zeros(place.size, complex)
    load[front] = 1.0
    found = spsolve(matrix.tocsc(), load)
    order = np.argsort(place)
    return place[order], found[order]
