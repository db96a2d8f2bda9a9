"""Policies: what they choose, when they act, and that each can be switched off."""

import io
from dataclasses import replace

import numpy as np
import pytest

from twin import library
from twin.delivery.clocks import required_voltage
from twin.delivery.policies import (
    ControlState,
    Sensors,
    adaptive_voltage,
    fixed_voltage,
    initial_control,
    next_control,
    protect,
    voltage_margin,
)
from twin.spec.chip import Chip
from twin.spec.delivery import DeliveryDesign

ALL = ("adaptive_voltage", "frequency_governor", "thermal_governor")


@pytest.fixture(scope="module")
def chip() -> Chip:
    return library.load("chip", "wse3")


@pytest.fixture(scope="module")
def design() -> DeliveryDesign:
    return library.load("delivery", "vertical-48v")


def sensors(state: ControlState, temperature=330.0, drop=0.02, current=200.0, busy=1.0, queue=0.0) -> Sensors:
    shape = state.clock.shape
    return Sensors(
        temperature=np.broadcast_to(np.asarray(temperature, dtype=float), shape).copy(),
        minimum_voltage=state.voltage - drop,
        current=np.broadcast_to(np.asarray(current, dtype=float), shape).copy(),
        busy=busy,
        queue=queue,
    )


def test_without_policies_a_cool_machine_stays_at_full_clock_and_fixed_voltage(chip, design) -> None:
    state = initial_control(chip, 2)
    after = next_control(state, sensors(state, busy=0.1), 1.0, chip, design, ())
    np.testing.assert_array_equal(after.clock, chip.core.clock)
    np.testing.assert_array_equal(after.voltage, fixed_voltage(chip))
    assert after.clock.shape == (2, chip.dies.y, chip.dies.x)


def test_adaptive_voltage_is_never_above_the_fixed_one(chip) -> None:
    share, drop = np.meshgrid(np.linspace(0, 1.2, 25), np.linspace(0, 0.2, 21))
    voltage = adaptive_voltage(share, drop, chip)
    assert (voltage <= fixed_voltage(chip)).all()
    assert (np.diff(voltage, axis=1) >= 0).all()
    assert (np.diff(voltage, axis=0) >= 0).all()


def test_adaptive_voltage_settles_at_need_guard_band_and_drop(chip, design) -> None:
    state = initial_control(chip, 1)
    for _ in range(200):
        state = next_control(state, sensors(state, drop=0.03), 1.0, chip, design, ("adaptive_voltage",))
    expected = chip.voltage.nominal + chip.voltage.adaptive_guard_band + 0.03
    np.testing.assert_allclose(state.voltage, expected, rtol=1e-6)
    np.testing.assert_allclose(state.clock, chip.core.clock, rtol=1e-6)
    margin = voltage_margin(state.voltage - 0.03, state.clock, chip)
    np.testing.assert_allclose(margin, chip.voltage.adaptive_guard_band, atol=1e-6)


def test_adaptive_voltage_lowers_the_clock_when_the_drop_cannot_be_compensated(chip, design) -> None:
    state, drop = initial_control(chip, 1), 0.15
    for _ in range(5):
        state = next_control(state, sensors(state, drop=drop), 1.0, chip, design, ("adaptive_voltage",))
    assert (state.clock < chip.core.clock).all()
    margin = voltage_margin(state.voltage - drop, state.clock, chip)
    np.testing.assert_allclose(margin, chip.voltage.adaptive_guard_band, atol=1e-9)


def test_drop_of_the_past_is_remembered_and_forgotten(chip, design) -> None:
    state = replace(initial_control(chip, 1), compensation=np.full((1, 12, 7), 0.05))
    decay = design.adaptive_voltage.decay
    after = next_control(state, sensors(state, drop=0.01), decay, chip, design, ("adaptive_voltage",))
    np.testing.assert_allclose(after.compensation, 0.01 + 0.04 * np.exp(-1), rtol=1e-9)
    rising = next_control(state, sensors(state, drop=0.08), decay, chip, design, ("adaptive_voltage",))
    np.testing.assert_allclose(rising.compensation, 0.08, rtol=1e-9)


def test_thermal_governor_acts_on_hot_dies_only_and_holds_inside_the_hysteresis(chip, design) -> None:
    state = initial_control(chip, 1)
    governor, limit = design.thermal_governor, chip.limits.throttle
    temperature = np.full((1, 12, 7), limit - 20)
    temperature[0, 3, 2] = limit + 1
    hot = protect(state, temperature, 0.005, chip, design, ALL)
    assert hot.clock[0, 3, 2] == pytest.approx(chip.core.clock * (1 - governor.down * 0.005))
    assert np.count_nonzero(hot.clock < chip.core.clock) == 1
    temperature[0, 3, 2] = limit - governor.hysteresis / 2
    held = protect(hot, temperature, 0.005, chip, design, ALL)
    assert held.clock[0, 3, 2] == hot.clock[0, 3, 2]
    temperature[0, 3, 2] = limit - 1.01 * governor.hysteresis
    cool = protect(held, temperature, 0.005, chip, design, ALL)
    assert cool.clock[0, 3, 2] == pytest.approx(held.clock[0, 3, 2] + chip.core.clock * governor.up * 0.005)


def test_thermal_governor_stops_at_its_smallest_share_and_can_be_switched_off(chip, design) -> None:
    state = off = initial_control(chip, 1)
    hot = np.full((1, 12, 7), chip.limits.throttle + 5)
    for _ in range(500):
        state = protect(state, hot, 0.005, chip, design, ALL)
        off = protect(off, hot, 0.005, chip, design, ())
    np.testing.assert_allclose(state.clock, design.thermal_governor.minimum_share * chip.core.clock)
    np.testing.assert_array_equal(off.clock, chip.core.clock)


def test_thermal_governor_does_not_count_time_twice(chip, design) -> None:
    state = initial_control(chip, 1)
    hot = np.full((1, 12, 7), chip.limits.throttle + 5)
    stepped = state
    for _ in range(3):
        stepped = protect(stepped, hot, 0.005, chip, design, ("thermal_governor",))
    seen = sensors(stepped, temperature=hot)
    last = next_control(stepped, seen, 0.02, chip, design, ("thermal_governor",), thermal_interval=0.005)
    whole = next_control(state, sensors(state, temperature=hot), 0.02, chip, design, ("thermal_governor",))
    np.testing.assert_allclose(last.throttle, whole.throttle)


def test_trip_latches_until_cool_even_without_policies(chip, design) -> None:
    state = initial_control(chip, 1)
    temperature = np.full((1, 12, 7), 330.0)
    temperature[0, 0, 0] = chip.limits.trip
    tripped = protect(state, temperature, 0.005, chip, design, ())
    assert tripped.tripped.sum() == 1
    assert tripped.clock[0, 0, 0] == 0.0
    temperature[0, 0, 0] = chip.limits.throttle - design.thermal_governor.hysteresis / 2
    waiting = protect(tripped, temperature, 0.005, chip, design, ())
    assert waiting.clock[0, 0, 0] == 0.0
    temperature[0, 0, 0] = chip.limits.throttle - 2 * design.thermal_governor.hysteresis
    released = protect(waiting, temperature, 0.005, chip, design, ("thermal_governor",))
    assert not released.tripped.any()
    assert 0.0 < released.clock[0, 0, 0] < chip.core.clock


def test_frequency_governor_finds_the_share_that_fills_the_target(chip, design) -> None:
    state, governor, load = initial_control(chip, 1), design.frequency_governor, 0.55
    for _ in range(100):
        busy = load / float(state.demand.max())
        state = next_control(state, sensors(state, busy=busy), 1.0, chip, design, ("frequency_governor",))
    share = float(state.demand.max())
    assert load / governor.target_busy <= share <= load / governor.target_busy + governor.hysteresis
    np.testing.assert_allclose(state.clock, share * chip.core.clock)


def test_frequency_governor_keeps_the_service_and_answers_a_queue_at_once(chip, design) -> None:
    state, on = initial_control(chip, 1), ("frequency_governor",)
    for _ in range(50):
        state = next_control(state, sensors(state, busy=0.01), 1.0, chip, design, on, service_floor=0.8)
    assert float(state.demand.max()) == pytest.approx(0.8, abs=design.frequency_governor.hysteresis)
    assert float(state.demand.max()) >= 0.8
    queued = next_control(state, sensors(state, busy=0.01, queue=3), 1.0, chip, design, on)
    np.testing.assert_array_equal(queued.demand, 1.0)


def test_current_limit_settles_at_the_rating(chip, design) -> None:
    rating = design.regulator.phases * design.regulator.current_limit
    state = initial_control(chip, 1)
    for _ in range(60):
        current = 0.4 * rating + 0.8 * rating * state.clock / chip.core.clock
        state = next_control(state, sensors(state, current=current), 1.0, chip, design, ())
    np.testing.assert_allclose(state.clock, 0.75 * chip.core.clock, rtol=1e-6)


def test_slope_of_the_clock_is_bounded(chip, design) -> None:
    state = replace(initial_control(chip, 1), clock=np.zeros((1, 12, 7)))
    dt = 0.002
    after = next_control(state, sensors(state), dt, chip, design, ())
    np.testing.assert_allclose(after.clock, design.clock_slew * dt * chip.core.clock)


def test_voltage_is_enough_for_the_clock_while_the_clock_falls(chip, design) -> None:
    state = initial_control(chip, 1)
    hot = np.full((1, 12, 7), chip.limits.throttle + 5)
    for _ in range(40):
        seen = sensors(state, temperature=hot, drop=0.03)
        state = next_control(state, seen, 0.005, chip, design, ALL)
        needed = required_voltage(state.clock / chip.core.clock, chip.voltage)
        assert (state.voltage - 0.03 >= needed - 1e-9).all()


def test_state_survives_a_file(chip) -> None:
    state, file = initial_control(chip, 1), io.BytesIO()
    np.savez(file, **state.arrays())
    file.seek(0)
    again = ControlState(**np.load(file))
    for name, values in state.arrays().items():
        np.testing.assert_array_equal(values, getattr(again, name))
