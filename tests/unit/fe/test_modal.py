"""The modal solver is the exact inverse for uniform flow and a good preconditioner for any other."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sparse
import scipy.sparse.linalg
from small_problems import INLET, PIECES, load, model, streams

from twin.fe.heat import Film, HeatModel, HeatState, HeatSystem
from twin.fe.modal import ModalSolver

KINDS = list(PIECES)
STEPS = [None, 1e-3, 1.0]


def iterations(heat: HeatModel, kind: str, step: float | None, spread: float, reduction: float = 1e-9) -> int:
    """Solve with factors of uniform flow and streams that vary by `spread`."""
    system = HeatSystem(heat, streams(heat.grid, kind), step)
    found = streams(heat.grid, kind, spread, seed=5)
    guess = np.full(heat.grid.shape, INLET)
    old = HeatState(guess, tuple(np.full(s.capacity_rate.shape, INLET) for s in found)) if step else None
    return system.at(found, old).solve(load(heat.grid), guess, 0.0, reduction)[2]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("kind", KINDS)
def test_uniform_flow_needs_one_iteration(kind: str, step: float | None) -> None:
    assert iterations(model(), kind, step, 0.0) == 1


@pytest.mark.parametrize("fixed", [{"bottom": 300.0}, {"x_min": 300.0, "x_max": 310.0}, {"y_max": 300.0}])
def test_fixed_faces_need_one_iteration(fixed: dict[str, float]) -> None:
    assert iterations(model(fixed=fixed, films={}), "manifold", None, 0.0) == 1
    assert iterations(model(fixed=fixed, films={}), "manifold", 1e-3, 0.0) == 1


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("kind", KINDS)
def test_flow_that_varies_across_needs_few(kind: str, step: float | None) -> None:
    assert 1 < iterations(model(), kind, step, 0.4) <= 10


def test_films_at_the_sides_need_few() -> None:
    """Side films are not separable where layers differ; they enter the modes by a typical conductivity."""
    sides = {face: Film(2e3, 300.0) for face in ("x_min", "x_max", "y_min", "y_max")}
    assert iterations(model(films=sides), "one pass", None, 0.0) <= 25


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("kind", KINDS)
def test_solution_is_that_of_the_assembled_equations(kind: str, step: float | None) -> None:
    """What DOLFINx's matrix leaves of the residual is the heat that the streams take, by their scan."""
    heat = model()
    found = streams(heat.grid, kind)
    residual = load(heat.grid)
    correction = ModalSolver(heat.layered(step, INLET), found, step, heat.slabs).solve(residual)
    taken = residual - heat.operator(step).apply(correction)
    expected = np.zeros(heat.grid.shape)
    for stream in found:
        planes = stream.walls.planes
        still = replace(stream, inlet=0.0)
        wall = correction[:, :, planes]
        by_column = still.load(wall, still.temperatures(wall, step))
        expected[:, :, planes] += heat.column_widths[:, None, None] * by_column
    assert np.linalg.norm(taken - expected) < 1e-9 * np.linalg.norm(residual)


def test_without_streams_it_is_a_direct_solver() -> None:
    heat = model(contacts=(1e-5, 3e-6), fixed={"top": 300.0})
    residual = np.where(heat.fixed_mask, 0.0, load(heat.grid))
    found = ModalSolver(heat.layered(None, INLET), (), None, heat.slabs).solve(residual).ravel()
    free = ~heat.fixed_mask.ravel()
    units = np.eye(heat.grid.size).reshape(-1, *heat.shape)
    conduction = sparse.csr_array(np.column_stack([heat.operator(None).apply(unit).ravel() for unit in units]))
    inside = sparse.csc_array(conduction[free][:, free])
    exact = np.zeros(free.size)
    exact[free] = scipy.sparse.linalg.spsolve(inside, residual.ravel()[free])
    np.testing.assert_allclose(found, exact, atol=1e-9 * np.abs(exact).max())
