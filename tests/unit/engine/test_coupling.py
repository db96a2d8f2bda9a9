"""The fixed point of a step: how far it is from the exact one, and that it does not depend on its start."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import twin
from twin.engine import step as stepping
from twin.engine.coupling import Coupled, TileLoad, _gain_bound, couple
from twin.engine.plant import WaferPlant
from twin.engine.run import build
from twin.engine.simulation import WaferSimulation
from twin.workload.activity import virus_activity

INLET = 293.15


@pytest.fixture(scope="module")
def plant() -> WaferPlant:
    changes = {"thermal.mesh": "wafer-coarse", "thermal.model": "full", "thermal.tiles_per_die.x": 2}
    simulation = build(twin.load("wse3-power-virus").replace(changes), "coupling")
    assert isinstance(simulation, WaferSimulation)
    return simulation.plant


def with_tolerance(plant: WaferPlant, tolerance: float) -> WaferPlant:
    control = plant.scenario.control.model_copy(update={"tolerance": tolerance})
    return replace(plant, scenario=plant.scenario.model_copy(update={"control": control}))


def solved(plant: WaferPlant, tolerance: float, step: float | None, raised: float = 0.0) -> Coupled:
    """Switch a wafer at rest to 60 % of a power virus, from its voltages at rest `raised` by some V."""
    rest = stepping.initial(plant)
    clock = np.full(plant.cores.shape, plant.chip.core.clock)
    activity = virus_activity(plant.chip, plant.cores, clock, 0.6)
    load = TileLoad(activity.mac[0], activity.issue[0], activity.hop[0], np.full(plant.tiles, 0.6), clock[0])
    start = rest.voltage[0] + raised
    flow = plant.cooling.flow_rate
    return couple(
        with_tolerance(plant, tolerance), rest.thermal[0], load, rest.control.voltage[0], start, flow, INLET, step
    )


@pytest.mark.parametrize("step", [0.005, 0.1, None])
@pytest.mark.parametrize("tolerance", [1e-4, 1e-5])
def test_errors_left_are_within_the_tolerance(plant: WaferPlant, step: float | None, tolerance: float) -> None:
    """A voltage that is off by its tolerance moves power and rise by 1 + steepness times as much."""
    exact, found = solved(plant, 1e-9, step), solved(plant, tolerance, step)
    rise = float(exact.thermal.tile_temperature.max()) - INLET
    cold = np.abs(found.thermal.tile_temperature - exact.thermal.tile_temperature).max()
    low = np.abs(found.grid.tile_voltage - exact.grid.tile_voltage).max()
    assert cold <= (2 + plant.power.steepness) * tolerance * max(1.0, rise)
    assert low <= tolerance * plant.chip.voltage.nominal
    assert found.temperature_residual <= tolerance * max(1.0, rise)
    assert found.passes < exact.passes


def test_start_of_the_search_does_not_matter(plant: WaferPlant) -> None:
    one, other = (solved(plant, 1e-5, 0.1, raised) for raised in (0.0, -0.05))
    np.testing.assert_allclose(other.thermal.tile_temperature, one.thermal.tile_temperature, atol=1e-3)
    np.testing.assert_allclose(other.grid.tile_voltage, one.grid.tile_voltage, atol=1e-5)


def test_bound_of_the_loop_gain_holds_and_is_not_far_off(plant: WaferPlant) -> None:
    """Power drawn at temperatures that are 1 K or at random up to 1 K too high warms the wafer by less than it says."""
    exact = solved(plant, 1e-9, None)
    temperature, voltage, flow = exact.thermal.tile_temperature, exact.grid.tile_voltage, plant.cooling.flow_rate
    bound = _gain_bound(plant, exact.power, float(temperature.max()) - INLET)
    random = np.random.default_rng(1).uniform(0.0, 1.0, temperature.shape)
    answers = []
    for warmer in (np.ones(temperature.shape), random, np.eye(*temperature.shape)):
        leak = plant.power.leakage(voltage, temperature + warmer) - plant.power.leakage(voltage, temperature)
        heat = exact.grid.device_power + exact.grid.sheet_loss + leak
        found = plant.thermal.steady(heat, flow, INLET, exact.thermal)
        answers.append(float((found.tile_temperature - temperature).max()))
    assert max(answers) <= bound
    assert bound <= 20.0 * max(answers)


def test_heat_is_what_the_regulators_give_but_for_the_feed(plant: WaferPlant) -> None:
    found = solved(plant, 1e-4, 0.1)
    given = float((found.grid.regulator_voltage * found.grid.die_current).sum() - found.grid.feed_loss.sum())
    heats = found.thermal.coolant_heat + found.thermal.board_heat + found.thermal.stored_heat
    assert heats == pytest.approx(given, rel=1e-6)
