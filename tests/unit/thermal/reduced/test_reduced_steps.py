"""Time steps of the reduced model: against the full one, and what must hold of any of them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from reduced_wafers import (
    COLDEST,
    DESIGNS,
    FLOW,
    INLET,
    WARMEST,
    Array,
    random_heat,
    reduced,
    solid_error,
    wafer,
)

from twin.thermal.reduced.model import ReducedWaferModel
from twin.thermal.reduced.settled import OutOfRange
from twin.thermal.reduced.state import ReducedState
from twin.thermal.wafer import WaferState, WaferThermalModel

STEADY = 0.1
"""Largest error over the whole field in K at rest."""
TRANSIENT = 0.3
"""Largest error over the whole field in K at any instant."""
WITHIN_TILES = 0.8
"""Largest error in K of the hottest point of a die while heat within its tiles is still spreading."""
OUTER_FACES = 2.0
"""Largest error in K of the hottest point while it lies on a face that still cools."""
COOLANT = 0.1
"""Largest error of a tile's coolant in K at any instant."""
STEPS = (5e-3, 0.1, 1.0)
Pair = tuple[WaferState, ReducedState]


def advance(
    full: WaferThermalModel, model: ReducedWaferModel, pair: Pair, heat: Array, step: float, flow: float, inlet: float
) -> Pair:
    """Return both states after one step."""
    true, fast = pair
    return full.step(true, flow, inlet, step).solve(heat, true), model.step(fast, flow, inlet, step).solve(heat, fast)


def at_rest(full: WaferThermalModel, model: ReducedWaferModel, heat: Array, flow: float, inlet: float) -> Pair:
    """Return the steady state of both."""
    return full.steady(heat, flow, inlet), model.steady(heat, flow, inlet)


@cache
def power_steps(design: str, step: float, litres: float, inlet: float) -> list[Pair]:
    """Return both after each of some steps: from rest at 8 kW to 18 kW with another map, then to 3 kW."""
    flow = litres / 60e3
    full = wafer(design, inlet)
    model = ReducedWaferModel(full, flow)
    low, high, least = (random_heat(full, watts, seed) for watts, seed in ((8e3, 1), (18e3, 2), (3e3, 3)))
    pairs = [at_rest(full, model, low, flow, inlet)]
    for heat in [high] * 6 + [least] * 4:
        pairs.append(advance(full, model, pairs[-1], heat, step, flow, inlet))
    return pairs[1:]


after_power_steps = pytest.mark.parametrize(
    ("design", "step", "litres", "inlet"),
    [(design, step, *coolant) for design in DESIGNS for step in STEPS for coolant in ((18, WARMEST), (50, COLDEST))],
)


@after_power_steps
def test_field_after_power_steps(design: str, step: float, litres: float, inlet: float) -> None:
    errors = [solid_error(fast, true) for true, fast in power_steps(design, step, litres, inlet)]
    assert max(errors) <= TRANSIENT


@after_power_steps
@pytest.mark.parametrize("read", ["tile_temperature", "coolant_temperature", "die_peak", "peak"])
def test_readings_after_power_steps(design: str, step: float, litres: float, inlet: float, read: str) -> None:
    """What governors and results read off a state; after a fall in heat `peak` is that of the cooling outer faces."""
    errors = {
        "tile_temperature": TRANSIENT,
        "coolant_temperature": COOLANT,
        "die_peak": WITHIN_TILES,
        "peak": OUTER_FACES,
    }
    error = errors[read]
    for true, fast in power_steps(design, step, litres, inlet):
        np.testing.assert_allclose(getattr(fast, read), getattr(true, read), atol=error, rtol=0)


@after_power_steps
def test_coolant_after_power_steps(design: str, step: float, litres: float, inlet: float) -> None:
    """Pressure drop, and watts stored and given to the coolant within 2 % of the power."""
    for true, fast in power_steps(design, step, litres, inlet):
        assert fast.pressure_drop == pytest.approx(true.pressure_drop, rel=0.01)
        assert fast.stored_heat == pytest.approx(true.stored_heat, abs=0.02 * 18e3)
        assert fast.coolant_heat == pytest.approx(true.coolant_heat, abs=0.02 * 18e3)


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("step", STEPS)
def test_balance_closes_at_each_step(design: str, step: float) -> None:
    full, model = wafer(design), reduced(design)
    random = np.random.default_rng(4)
    state = model.uniform(INLET, FLOW)
    for seed in range(8):
        heat = random_heat(full, float(random.uniform(1e3, 22e3)), seed)
        state = model.step(state, FLOW, INLET, step).solve(heat, state)
        left = abs(heat.sum() - state.coolant_heat - state.board_heat - state.stored_heat)
        assert state.balance.imbalance == pytest.approx(left, abs=1e-6)
        assert state.balance.residual <= 1e-6
        assert state.coolant_outlet > INLET - 0.5


@pytest.mark.parametrize("design", DESIGNS)
def test_heat_stored_is_what_the_field_holds(design: str) -> None:
    """Joules of the balance over some steps against heat capacity times temperature, solid and coolant."""
    full, model = wafer(design), reduced(design)
    modes = model.map(FLOW).modes
    before = state = model.steady(random_heat(full, 6e3, 1), FLOW, INLET)
    stored, step = 0.0, 0.02
    for _ in range(5):
        state = model.step(state, FLOW, INLET, step).solve(random_heat(full, 18e3, 2), state)
        stored += step * state.stored_heat
    rise = np.einsum("x,xyz->yz", modes.grid.x_weights, state.heat.solid - before.heat.solid)
    row, place = modes.outlets
    warmer = modes.grid.x_weights @ (state.heat.coolant[0] - before.heat.coolant[0])
    held = float((modes.capacity[:, : modes.planes] * rise).sum() + modes.capacity[row, place] @ warmer)
    assert stored == pytest.approx(held, rel=0.02)


@pytest.mark.parametrize("design", DESIGNS)
def test_no_state_grows(design: str) -> None:
    """All rates are positive, and without power a hot wafer comes to what inlet and board leave, from above."""
    full, model = wafer(design), reduced(design)
    assert (model.dynamics.real > 0.0).all()
    nothing = np.zeros(full.tiles)
    rest, state = model.steady(nothing, FLOW, INLET), model.steady(random_heat(full, 22e3, 1), FLOW, INLET)
    peaks = [state.peak]
    for _ in range(400):
        state = model.step(state, FLOW, INLET, 0.1).solve(nothing, state)
        peaks.append(state.peak)
    assert max(peaks) == peaks[0]
    np.testing.assert_allclose(state.heat.solid, rest.heat.solid, atol=1e-3)
    np.testing.assert_allclose(state.tile_temperature, rest.tile_temperature, atol=1e-3)
    assert abs(state.stored_heat) < 0.01


@pytest.mark.parametrize("design", DESIGNS)
def test_long_run_comes_to_the_steady_state(design: str) -> None:
    """That of the full model: as exact as a steady answer."""
    full, model = wafer(design), reduced(design)
    heat = random_heat(full, 18e3, 2)
    rest, state = full.steady(heat, FLOW, INLET), model.steady(random_heat(full, 8e3, 1), FLOW, INLET)
    for _ in range(60):
        state = model.step(state, FLOW, INLET, 1.0).solve(heat, state)
    np.testing.assert_allclose(state.heat.solid, rest.heat.solid, atol=STEADY)
    np.testing.assert_allclose(state.die_peak, rest.die_peak, atol=STEADY)
    assert state.board_heat == pytest.approx(rest.board_heat, abs=1.0)


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("step", [0.02, 0.5])
@pytest.mark.parametrize("change", [0.02, 0.2])
def test_inlet_steps(design: str, step: float, change: float) -> None:
    """The coolant warms and cools again: a little at each step, as a loop lets it, and at once."""
    full, model = wafer(design), reduced(design)
    heat = random_heat(full, 15e3, 3)
    pair = at_rest(full, model, heat, FLOW, INLET)
    for inlet in INLET + change * np.array([1.0, 2.0, 2.0, 2.0, 1.0, 0.0]):
        pair = advance(full, model, pair, heat, step, FLOW, float(inlet))
        assert solid_error(pair[1], pair[0]) <= TRANSIENT
        assert pair[1].balance.residual <= 1e-6


def test_sudden_changes_of_the_coolant_are_refused() -> None:
    """A pump that loses a quarter of its flow at once, an inlet that jumps by 0.5 K: the full model's matter."""
    full, model = wafer(), reduced()
    heat = random_heat(full, 15e3, 3)
    state = model.steady(heat, FLOW, INLET)
    for flow, inlet in ((0.75 * FLOW, INLET), (1.25 * FLOW, INLET), (FLOW, INLET + 0.5)):
        with pytest.raises(OutOfRange):
            model.step(state, flow, inlet, 0.02)


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("step", [0.02, 0.5])
@pytest.mark.parametrize("change", [0.96, 0.98, 1.04])
def test_flow_steps(design: str, step: float, change: float) -> None:
    """A pump that changes speed, then back; heat changes as well."""
    full, model = wafer(design), reduced(design)
    pair = at_rest(full, model, random_heat(full, 15e3, 3), FLOW, INLET)
    for flow, seed in [(change * FLOW, 3)] * 3 + [(change * FLOW, 4)] * 3 + [(FLOW, 4)] * 2:
        pair = advance(full, model, pair, random_heat(full, 15e3, seed), step, flow, INLET)
        assert solid_error(pair[1], pair[0]) <= TRANSIENT
        assert pair[1].balance.residual <= 1e-6


@pytest.mark.parametrize("design", DESIGNS)
def test_uniform_stays_uniform(design: str) -> None:
    full, model = wafer(design), reduced(design)
    ambient = full.model.films["bottom"].ambient
    state = model.uniform(ambient, FLOW)
    for _ in range(5):
        state = model.step(state, FLOW, ambient, 0.1).solve(np.zeros(full.tiles), state)
    np.testing.assert_allclose(state.heat.solid, ambient, atol=1e-5)
    np.testing.assert_allclose(state.heat.coolant[0], ambient, atol=1e-5)
    assert abs(state.stored_heat) + abs(state.coolant_heat) + abs(state.board_heat) < 1e-3


def test_steps_of_different_length_follow_one_another() -> None:
    full, model = wafer(), reduced()
    low, high = random_heat(full, 8e3, 1), random_heat(full, 18e3, 2)
    pair = at_rest(full, model, low, FLOW, INLET)
    for step in (0.1, 0.005, 0.02, 1.0, 0.1):
        pair = advance(full, model, pair, high, step, FLOW, INLET)
        assert solid_error(pair[1], pair[0]) <= TRANSIENT


def test_solving_again_with_other_heat_forgets_the_first() -> None:
    """The fixed point with leakage solves a step several times; the way there leaves hardly a trace."""
    full, model = wafer(), reduced()
    low, high, higher = (random_heat(full, watts, 2) for watts in (8e3, 16e3, 18e3))
    start = model.steady(low, FLOW, INLET)
    once = model.step(start, FLOW, INLET, 0.1)
    direct = once.solve(higher, start)
    twice = model.step(start, FLOW, INLET, 0.1)
    detour = twice.solve(higher, twice.solve(high, start))
    np.testing.assert_allclose(detour.tile_temperature, direct.tile_temperature, atol=0.03)
    np.testing.assert_allclose(detour.heat.solid, direct.heat.solid, atol=0.03)
