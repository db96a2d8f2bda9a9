"""Problems with manufactured solutions: the weak forms at work where a stack file cannot go.

Source: Roache, ASME J. Fluids Eng. 124 (2002) 4; Salari & Knupp, SAND2000-1444.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.fe.runtime import dolfinx

ANGLE, ALONG, ACROSS = np.pi / 6, 10.0, 1.0
"""Principal axes of the conductivity tensor, and its principal values in W/m/K."""


def _tensor() -> np.ndarray:
    rotation = np.array([[np.cos(ANGLE), -np.sin(ANGLE)], [np.sin(ANGLE), np.cos(ANGLE)]])
    return rotation @ np.diag([ALONG, ACROSS]) @ rotation.T


def _unit_square(cells: int, quadrilaterals: bool = False) -> Any:
    dx = dolfinx()
    from mpi4py import MPI

    kind = dx.mesh.CellType.quadrilateral if quadrilaterals else dx.mesh.CellType.triangle
    return dx.mesh.create_unit_square(MPI.COMM_SELF, cells, cells, kind)


def _exact(x: Any) -> Any:
    import ufl

    return ufl.sin(2 * x[0] + 1) * ufl.exp(x[1] / 2) + x[0] * x[1] ** 2


def _source(x: Any) -> Any:
    """-div(K grad T) of the solution, differentiated by UFL."""
    import ufl

    return -ufl.div(ufl.as_matrix(_tensor().tolist()) * ufl.grad(_exact(x)))


def rotated_tensor_source(x: float, y: float) -> tuple[np.ndarray, float]:
    """Return the tensor and the heat source at a point, as the forms see it."""
    dx = dolfinx()
    import ufl

    mesh = _unit_square(1)
    expression = dx.fem.Expression(_source(ufl.SpatialCoordinate(mesh)), np.array([[x, y]]))
    # The lower right triangle of the square has its corners at (0, 0), (1, 0), (1, 1).
    cells = dx.geometry.compute_collisions_points(
        dx.geometry.bb_tree(mesh, 2, padding=0.0), np.array([[x, y, 0.0]])
    ).array
    cell = next(c for c in cells if _holds(mesh, c, x, y))
    reference = mesh.geometry.cmaps[0].pull_back(np.array([[x, y, 0.0]])[:, :2], _corners(mesh, cell))
    expression = dx.fem.Expression(_source(ufl.SpatialCoordinate(mesh)), reference)
    return _tensor(), float(expression.eval(mesh, np.array([cell], np.int32)).ravel()[0])


def _corners(mesh: Any, cell: int) -> np.ndarray:
    return np.asarray(mesh.geometry.x[mesh.geometry.dofmaps[0][cell]][:, :2])


def _holds(mesh: Any, cell: int, x: float, y: float) -> bool:
    a, b, c = _corners(mesh, cell)
    shares = np.linalg.solve(np.column_stack([b - a, c - a]), np.array([x, y]) - a)
    return bool(shares.min() >= -1e-12 and shares.sum() <= 1 + 1e-12)


def rotated_tensor_errors(cells: int, degree: int) -> tuple[float, float]:
    """Return the errors in L2 and in the H1 seminorm of Lagrange elements on `cells` x `cells` x 2 triangles."""
    dx = dolfinx()
    import ufl

    mesh = _unit_square(cells)
    space = dx.fem.functionspace(mesh, ("Lagrange", degree))
    place = ufl.SpatialCoordinate(mesh)
    trial, test = ufl.TrialFunction(space), ufl.TestFunction(space)
    tensor = ufl.as_matrix(_tensor().tolist())
    form = ufl.dot(tensor * ufl.grad(trial), ufl.grad(test)) * ufl.dx
    found = _solve(space, form, _source(place) * test * ufl.dx, _all_held(space, _exact))
    return _errors(found, _exact(place))


def _all_held(space: Any, value: Any) -> list[Any]:
    """Return the condition T = value on the whole boundary."""
    dx = dolfinx()
    import ufl

    mesh = space.mesh
    mesh.topology.create_connectivity(1, 2)
    facets = dx.mesh.exterior_facet_indices(mesh.topology)
    boundary = dx.fem.Function(space)
    expression = dx.fem.Expression(value(ufl.SpatialCoordinate(mesh)), space.element.interpolation_points)
    boundary.interpolate(expression)
    return [dx.fem.dirichletbc(boundary, dx.fem.locate_dofs_topological(space, 1, facets))]


def _solve(space: Any, form: Any, load: Any, conditions: list[Any]) -> Any:
    """Solve by a direct factorisation."""
    dx = dolfinx()
    from scipy.sparse.linalg import splu

    a, b = dx.fem.form(form), dx.fem.form(load)
    matrix = dx.fem.assemble_matrix(a, bcs=conditions).to_scipy()
    vector = dx.fem.assemble_vector(b)
    dx.fem.apply_lifting(vector.array, [a], [conditions])
    for condition in conditions:
        condition.set(vector.array)
    found = dx.fem.Function(space)
    found.x.array[:] = splu(matrix.tocsc()).solve(vector.array)
    return found


def _errors(found: Any, exact: Any) -> tuple[float, float]:
    """Return the norms of an error in L2 and of its gradient."""
    dx = dolfinx()
    import ufl

    measure = ufl.Measure("dx", found.function_space.mesh, metadata={"quadrature_degree": 10})
    error = found - exact
    forms = (error**2 * measure, ufl.inner(ufl.grad(error), ufl.grad(error)) * measure)
    l2, h1 = (float(np.sqrt(dx.fem.assemble_scalar(dx.fem.form(form)))) for form in forms)
    return l2, h1
