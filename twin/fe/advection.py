"""Advection and diffusion by linear elements with streamline upwinding (SUPG), and solid with coolant.

Source: Brooks & Hughes, Comput. Meth. Appl. Mech. Eng. 32 (1982) 199; Donea & Huerta, Finite Element
Methods for Flow Problems (2003), ch. 2.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.fe.runtime import dolfinx

Array = NDArray[np.float64]


def optimal_time(step: float, velocity: float, cell_peclet: float) -> float:
    """Return tau = h / (2 u) (coth Pe_h - 1 / Pe_h), Pe_h = u h / (2 k): exact at the nodes in one dimension."""
    if cell_peclet < 1e-6:
        return step / (2 * velocity) * cell_peclet / 3
    return step / (2 * velocity) * (1 / math.tanh(cell_peclet) - 1 / cell_peclet)


def advection_diffusion(peclet: float, cells: int, source: float, ends: tuple[float, float]) -> tuple[Array, Array]:
    """Return nodes and temperatures of T' - T''/Pe = source on [0, 1] between fixed ends, SUPG P1."""
    dx = dolfinx()
    import ufl
    from mpi4py import MPI
    from scipy.sparse.linalg import splu

    mesh = dx.mesh.create_unit_interval(MPI.COMM_SELF, cells)
    space = dx.fem.functionspace(mesh, ("Lagrange", 1))
    trial, test = ufl.TrialFunction(space), ufl.TestFunction(space)
    tau = optimal_time(1 / cells, 1.0, peclet / (2 * cells))
    weighted = test + tau * test.dx(0)
    form = (trial.dx(0) * weighted + trial.dx(0) * test.dx(0) / peclet) * ufl.dx
    load = dx.fem.Constant(mesh, float(source)) * weighted * ufl.dx
    conditions = [
        dx.fem.dirichletbc(value, dx.fem.locate_dofs_geometrical(space, lambda x, p=place: np.isclose(x[0], p)), space)
        for place, value in zip((0.0, 1.0), ends, strict=True)
    ]
    a, b = dx.fem.form(form), dx.fem.form(load)
    vector = dx.fem.assemble_vector(b)
    dx.fem.apply_lifting(vector.array, [a], [conditions])
    for condition in conditions:
        condition.set(vector.array)
    values = splu(dx.fem.assemble_matrix(a, bcs=conditions).to_scipy().tocsc()).solve(vector.array)
    nodes = space.tabulate_dof_coordinates()[:, 0]
    order = np.argsort(nodes)
    return nodes[order], values[order]


EXCHANGE, RATE = 4.0, 50.0
"""G and C' of the manufactured problem of solid and coolant (kd = 1)."""


def solid_temperature(x: Any) -> Any:
    """Ts = 1 + sin(pi x/2) cos(pi y) + x^2 y."""
    import ufl

    return 1 + ufl.sin(ufl.pi * x[0] / 2) * ufl.cos(ufl.pi * x[1]) + x[0] ** 2 * x[1]


def coolant_temperature(x: Any) -> Any:
    """Tf = x (1 + y/2) + 0.3 sin(2 pi x) cos(pi y)."""
    import ufl

    return x[0] * (1 + x[1] / 2) + 0.3 * ufl.sin(2 * ufl.pi * x[0]) * ufl.cos(ufl.pi * x[1])


def _sources(x: Any) -> tuple[Any, Any]:
    """f_s = -lap Ts + G (Ts - Tf) and f_f = C' dTf/dx - G (Ts - Tf), differentiated by UFL."""
    import ufl

    given = EXCHANGE * (solid_temperature(x) - coolant_temperature(x))
    solid = -ufl.div(ufl.grad(solid_temperature(x))) + given
    return solid, RATE * ufl.grad(coolant_temperature(x))[0] - given


def coupled_sources(x: float, y: float) -> tuple[float, float]:
    """Return both sources at a point, as the forms see them."""
    dx = dolfinx()
    import ufl
    from mpi4py import MPI

    mesh = dx.mesh.create_unit_square(MPI.COMM_SELF, 1, 1, dx.mesh.CellType.quadrilateral)
    corners = mesh.geometry.x[mesh.geometry.dofmaps[0][0]][:, :2]
    reference = mesh.geometry.cmaps[0].pull_back(np.array([[x, y]]), corners)
    place = ufl.SpatialCoordinate(mesh)
    cell = np.array([0], np.int32)
    solid, coolant = (
        float(dx.fem.Expression(source, reference).eval(mesh, cell).ravel()[0]) for source in _sources(place)
    )
    return solid, coolant


def coupled_errors(cells: int, degree: int) -> tuple[float, float, float]:
    """Return errors of Ts in L2 and H1 and of Tf in L2, both Lagrange of `degree`, Tf with SUPG.

    Ts is held on the boundary, Tf at the inlet x = 0; nothing diffuses in the coolant, tau = h / (2 p C').
    """
    dx = dolfinx()
    import basix.ufl
    import ufl
    from mpi4py import MPI
    from scipy.sparse.linalg import splu

    mesh = dx.mesh.create_unit_square(MPI.COMM_SELF, cells, cells)
    kind = basix.ufl.element("Lagrange", mesh.basix_cell(), degree)
    space = dx.fem.functionspace(mesh, basix.ufl.mixed_element([kind, kind]))
    (solid, coolant), (v, w) = ufl.TrialFunctions(space), ufl.TestFunctions(space)
    place = ufl.SpatialCoordinate(mesh)
    solid_source, coolant_source = _sources(place)
    tau = 1 / (2 * degree * cells * RATE)
    weighted = w + tau * RATE * w.dx(0)
    given = EXCHANGE * (solid - coolant)
    form = (ufl.inner(ufl.grad(solid), ufl.grad(v)) + given * v + (RATE * coolant.dx(0) - given) * weighted) * ufl.dx
    load = (solid_source * v + coolant_source * weighted) * ufl.dx
    conditions = _coupled_conditions(space, place)
    a = dx.fem.form(form)
    vector = dx.fem.assemble_vector(dx.fem.form(load))
    dx.fem.apply_lifting(vector.array, [a], [conditions])
    for condition in conditions:
        condition.set(vector.array)
    found = dx.fem.Function(space)
    matrix = dx.fem.assemble_matrix(a, bcs=conditions).to_scipy()
    found.x.array[:] = splu(matrix.tocsc()).solve(vector.array)
    ts, tf = found.sub(0), found.sub(1)
    measure = ufl.Measure("dx", mesh, metadata={"quadrature_degree": 10})
    error = ts - solid_temperature(place)
    forms = (
        error**2 * measure,
        ufl.inner(ufl.grad(error), ufl.grad(error)) * measure,
        (tf - coolant_temperature(place)) ** 2 * measure,
    )
    l2, h1, fluid = (float(np.sqrt(dx.fem.assemble_scalar(dx.fem.form(f)))) for f in forms)
    return l2, h1, fluid


def _coupled_conditions(space: Any, place: Any) -> list[Any]:
    dx = dolfinx()
    mesh = space.mesh
    mesh.topology.create_connectivity(1, 2)
    outer = dx.mesh.exterior_facet_indices(mesh.topology)
    inlet = dx.mesh.locate_entities_boundary(mesh, 1, lambda x: np.isclose(x[0], 0.0))
    conditions = []
    for number, (value, facets) in enumerate(((solid_temperature, outer), (coolant_temperature, inlet))):
        part, _ = space.sub(number).collapse()
        given = dx.fem.Function(part)
        given.interpolate(dx.fem.Expression(value(place), part.element.interpolation_points))
        dofs = dx.fem.locate_dofs_topological((space.sub(number), part), 1, facets)
        conditions.append(dx.fem.dirichletbc(given, dofs, space.sub(number)))
    return conditions
