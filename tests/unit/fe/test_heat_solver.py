"""Steady states and steps of the heat solver against dense solves of all its equations at once."""

import numpy as np
import pytest
from small_problems import INLET, PIECES, crossed, load, model, streams

from twin.fe.heat import Film, HeatBalance, HeatModel, HeatState, HeatSystem
from twin.fe.stream import Stream
from twin.fe.tensor import Array

KINDS = list(PIECES)


def start(heat: HeatModel, found: tuple[Stream, ...], kelvin: float = INLET) -> HeatState:
    return HeatState(np.full(heat.grid.shape, kelvin), tuple(np.full(s.capacity_rate.shape, kelvin) for s in found))


def solve(
    heat: HeatModel,
    found: tuple[Stream, ...],
    heat_load: Array,
    step: float | None = None,
    old: HeatState | None = None,
) -> tuple[HeatState, HeatBalance]:
    guess = start(heat, found).solid
    state, balance, _ = HeatSystem(heat, found, step).at(found, old).solve(heat_load, guess, 1e-10)
    return state, balance


def dense_solid(heat: HeatModel, found: tuple[Stream, ...], heat_load: Array) -> Array:
    """Solve the steady equations with the streams' part as a dense matrix, column by column of the identity."""
    size = heat.grid.size
    operator = heat.operator(None)
    units = np.eye(size).reshape(size, *heat.shape)
    matrix = np.column_stack([operator.apply(unit).ravel() for unit in units])
    right = (heat_load + heat.film_load).ravel().copy()
    for stream in found:

        def taken(solid: Array, stream: Stream = stream) -> Array:
            wall = stream.wall(solid.reshape(heat.grid.shape))
            result = np.zeros(heat.grid.shape)
            by_line = heat.widths(stream)[:, None, None] * stream.load(wall, stream.temperatures(wall))
            stream.along_y(result)[:, :, stream.walls.planes] = by_line
            return result.ravel()

        known = taken(np.zeros(size))
        right -= known
        matrix += np.column_stack([taken(unit) - known for unit in np.eye(size)])
    return np.linalg.solve(matrix, right).reshape(heat.grid.shape)


@pytest.mark.parametrize("kind", KINDS)
def test_steady_state_is_that_of_a_dense_solve(kind: str) -> None:
    heat = model()
    found = streams(heat.grid, kind, spread=0.4)
    state, balance = solve(heat, found, load(heat.grid))
    np.testing.assert_allclose(state.solid, dense_solid(heat, found, load(heat.grid)), rtol=1e-11)
    assert balance.residual < 1e-10
    assert balance.released == pytest.approx(60.0, rel=1e-12)


def test_crossed_streams_are_those_of_a_dense_solve() -> None:
    heat = model()
    found = crossed(heat)
    state, balance = solve(heat, found, load(heat.grid))
    np.testing.assert_allclose(state.solid, dense_solid(heat, found, load(heat.grid)), rtol=1e-11)
    assert balance.residual < 1e-10
    start_state = start(heat, found, 320.0)
    _, stepped = solve(heat, found, load(heat.grid), 1e-3, start_state)
    assert stepped.residual < 1e-9


def test_a_stream_along_x_alone_carries_all_heat() -> None:
    heat = model(films={})
    (below,) = (stream for stream in crossed(heat) if stream.axis == "x")
    state, balance = solve(heat, (below,), load(heat.grid))
    np.testing.assert_allclose(state.solid, dense_solid(heat, (below,), load(heat.grid)), rtol=1e-10)
    assert balance.streams[0] == pytest.approx(60.0, rel=1e-9)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "options", [{}, {"films": {}, "fixed": {"y_min": 300.0, "x_max": 320.0, "bottom": 310.0}}], ids=["film", "fixed"]
)
def test_every_step_closes_its_energy(kind: str, options: dict[str, object]) -> None:
    heat = model(**options)
    found = streams(heat.grid, kind, spread=0.4)
    state = start(heat, found, 330.0)
    for _ in range(3):
        state, balance = solve(heat, found, load(heat.grid), 1e-3, state)
        assert balance.residual < 1e-9
        assert abs(balance.stored) > 1.0


def test_fixed_faces_hold_their_temperature_and_report_their_heat() -> None:
    heat = model(films={}, fixed={"bottom": 300.0, "x_min": 300.0})
    state, balance = solve(heat, (), load(heat.grid))
    np.testing.assert_allclose(state.solid[0], 300.0, rtol=1e-14)
    np.testing.assert_allclose(state.solid[:, :, 0], 300.0, rtol=1e-14)
    assert sum(balance.faces.values()) == pytest.approx(60.0, rel=1e-9)
    assert min(balance.faces.values()) > 0.0
    assert state.solid.min() >= 300.0 - 1e-9


def test_films_take_their_heat_by_newtons_law() -> None:
    films = {"bottom": Film(500.0, 300.0), "top": Film(2000.0, 290.0), "y_max": Film(1e4, 295.0)}
    heat = model(films=films)
    state, balance = solve(heat, (), load(heat.grid))
    top = np.einsum("i,j,ij->", heat.column_widths, _lumped(heat.grid.y), state.solid[:, :, -1] - 290.0)
    assert balance.faces["top"] == pytest.approx(2000.0 * top, rel=1e-11)
    assert sum(balance.faces.values()) == pytest.approx(60.0, rel=1e-10)


def _lumped(nodes: Array) -> Array:
    half = np.diff(nodes) / 2
    return np.append(half, 0) + np.insert(half, 0, 0)


def test_implicit_euler_is_of_first_order() -> None:
    """Against the same equations with steps sixteen times finer, extrapolated."""
    heat = model()
    found = streams(heat.grid, "manifold", spread=0.2)
    ends = {}
    for count in (8, 16, 32, 256, 512):
        state = start(heat, found)
        system = HeatSystem(heat, found, 8e-3 / count)
        for _ in range(count):
            state = system.at(found, state).solve(load(heat.grid), state.solid, 1e-9)[0]
        ends[count] = state.solid
    exact = 2 * ends[512] - ends[256]
    errors = [np.abs(ends[count] - exact).max() for count in (8, 16, 32)]
    assert np.log2(np.divide(errors[:-1], errors[1:])) == pytest.approx([1, 1], abs=0.12)


def test_long_steps_reach_the_steady_state() -> None:
    heat = model()
    found = streams(heat.grid, "alternate", spread=0.3)
    steady, _ = solve(heat, found, load(heat.grid))
    state = start(heat, found)
    system = HeatSystem(heat, found, 0.1)
    for _ in range(40):
        state = system.at(found, state).solve(load(heat.grid), state.solid, 1e-10)[0]
    np.testing.assert_allclose(state.solid, steady.solid, atol=1e-7)
    np.testing.assert_allclose(state.coolant[1], steady.coolant[1], atol=1e-7)


def test_reduction_stops_early_and_tolerance_does_not() -> None:
    heat = model()
    uniform, varied = streams(heat.grid, "one pass"), streams(heat.grid, "one pass", spread=0.4)
    equations = HeatSystem(heat, uniform, None).at(varied)
    guess = start(heat, uniform).solid
    rough, exact = (equations.solve(load(heat.grid), guess, 1e-10, r) for r in (0.1, 0.0))
    assert rough[2] < exact[2]
    assert exact[1].residual < 1e-10 < rough[1].residual
