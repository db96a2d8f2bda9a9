"""Switching power and leakage of the tiles."""

import numpy as np
import pytest

from twin import library
from twin.power.dynamic import clock_tree_power, event_power
from twin.power.leakage import leakage_power
from twin.power.model import PowerModel, uniform_core_share


@pytest.fixture(scope="module")
def model() -> PowerModel:
    return PowerModel(library.load("chip", "wse3"), uniform_core_share(48, 28))


def full_load(model: PowerModel, voltage: float, temperature: float, busy: float = 1.0):
    core, shape = model.chip.core, model.core_share
    cycles = model.chip.cores * core.clock * shape * busy
    return model.power(
        cycles * core.simd_width, cycles, cycles, busy, np.full(shape.shape, voltage),
        np.full(shape.shape, temperature), np.full(shape.shape, core.clock),
    )  # fmt: skip


def test_energy_per_event_times_rate_is_the_power_at_nominal_voltage() -> None:
    power = event_power(([2e12, 0.0], [1e9, 1e9]), (3e-12, 1e-9), [0.8, 0.8], 0.8)
    np.testing.assert_allclose(power, [7.0, 1.0], rtol=1e-14)


def test_switching_power_goes_with_the_square_of_the_voltage() -> None:
    low, high = event_power([[1e12, 1e12]], [3e-12], [0.6, 0.9], 0.8)
    assert high / low == pytest.approx(2.25, rel=1e-14)


def test_gating_saves_only_the_idle_share() -> None:
    busy, half, idle = clock_tree_power(10.0, 0.8, 0.8, 1.0, [1.0, 0.5, 0.0], 0.6)
    assert (busy, half, idle) == pytest.approx((10.0, 7.0, 4.0))


def test_reference_power_at_reference_conditions(model: PowerModel) -> None:
    chip = model.chip
    power = full_load(model, chip.voltage.nominal, chip.leakage.reference_temperature)
    spares = (chip.physical_cores - chip.cores) * chip.leakage.spare_share
    leakage = chip.leakage.power * (chip.cores + spares) / chip.cores
    assert power.leakage.sum() == pytest.approx(leakage, rel=1e-12)
    assert power.clock_tree.sum() == pytest.approx(chip.clock_tree.power, rel=1e-12)
    macs = chip.cores * chip.core.clock * chip.core.simd_width
    cycles = chip.cores * chip.core.clock
    units = macs * chip.core.mac_energy + cycles * (chip.core.issue_energy + chip.core.hop_energy)
    assert power.units.sum() == pytest.approx(units, rel=1e-12)
    assert power.total.sum() == pytest.approx(power.dynamic.sum() + power.leakage.sum(), rel=1e-12)


def test_slope_is_the_derivative_of_leakage(model: PowerModel) -> None:
    voltage, step = 0.83, 1e-3
    above, below = (model.leakage(voltage, 340.0 + sign * step) for sign in (1, -1))
    slope = model.leakage_slope(model.leakage(voltage, 340.0))
    np.testing.assert_allclose((above - below) / (2 * step), slope, rtol=1e-6)


def test_leakage_grows_with_voltage_more_than_linearly() -> None:
    low, high = leakage_power(1.0, 330.0, [0.7, 0.8], 330.0, 0.8, 0.04, 3.0)
    assert high == pytest.approx(1.0)
    assert low == pytest.approx(0.7 / 0.8 * np.exp(-0.3))


def test_idle_wafer_draws_leakage_and_part_of_the_clock_tree(model: PowerModel) -> None:
    chip = model.chip
    idle = full_load(model, chip.voltage.nominal, chip.leakage.reference_temperature, busy=0.0)
    assert idle.units.sum() == 0.0
    assert idle.leakage.sum() >= chip.leakage.power
    gated = chip.clock_tree.power * (1 - chip.clock_tree.gated)
    assert idle.total.sum() == pytest.approx(idle.leakage.sum() + gated, rel=1e-12)


def test_drawn_power_is_the_sum_of_its_parts_at_every_voltage(model: PowerModel) -> None:
    shape = model.core_share.shape
    rates = [np.full(shape, rate) for rate in (1e12, 2e11, 3e11)]
    draw = model.draw(model.work(*rates, 0.7, model.chip.core.clock), 340.0)
    for voltage in (0.6, 0.8, 0.93):
        parts = model.power(*rates, 0.7, np.full(shape, voltage), 340.0, model.chip.core.clock)
        np.testing.assert_allclose(draw.total(np.full(shape, voltage)), parts.total, rtol=1e-14)


def test_steepness_bounds_how_fast_currents_change_with_voltage(model: PowerModel) -> None:
    """d ln I / d ln V by differences, of a wafer that only leaks and of a busy one."""
    shape, nudge = model.core_share.shape, 1e-6
    for rate in (0.0, 1e13):
        draw = model.draw(model.work(rate, rate, rate, 1.0, model.chip.core.clock), 370.0)
        for volts in (0.6, 0.95):
            low, high = (draw.total(np.full(shape, v)) / v for v in (volts, volts * (1 + nudge)))
            assert np.abs(np.log(high / low) / nudge).max() <= model.steepness * (1 + 1e-5)
