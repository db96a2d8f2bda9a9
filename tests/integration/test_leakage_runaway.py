"""Leakage feedback of the whole coupled step: stable up to the fold, reported as runaway beyond it.

Reference: a damped fixed point of the same operators, iterated without acceleration.
"""

from __future__ import annotations

import numpy as np
import pytest

import twin
from twin.engine import step as stepping
from twin.engine.coupling import TileLoad, couple
from twin.engine.plant import WaferPlant
from twin.engine.run import build
from twin.engine.simulation import WaferSimulation
from twin.errors import RunStopped
from twin.workload.activity import virus_activity

INLET = 293.15


@pytest.fixture(scope="module")
def plant() -> WaferPlant:
    changes = {
        "thermal.mesh": "wafer-coarse",
        "thermal.tiles_per_die.x": 2,
        "thermal.tiles_per_die.y": 4,
        "cooling.flow_rate": "6 L/min",
        "control.policy": "none",
    }
    simulation = build(twin.load("wse3-power-virus").replace(changes), "runaway")
    assert isinstance(simulation, WaferSimulation)
    return simulation.plant


def virus(plant: WaferPlant, utilisation: float) -> TileLoad:
    clock = np.full(plant.cores.shape, plant.chip.core.clock)
    activity = virus_activity(plant.chip, plant.cores, clock, utilisation)
    busy = np.full(plant.tiles, utilisation)
    return TileLoad(activity.mac[0], activity.issue[0], activity.hop[0], busy, clock[0])


def damped(plant: WaferPlant, load: TileLoad, set_voltage: np.ndarray, voltage: np.ndarray) -> float:
    """Peak of the damped fixed point in K."""
    temperature, state = np.full(plant.tiles, INLET + 5.0), None
    for _ in range(300):
        power = plant.power.power(load.mac, load.issue, load.hop, load.busy, voltage, temperature, load.clock)
        grid = plant.grid.solve(power.total, set_voltage, voltage)
        voltage = grid.tile_voltage
        state = plant.thermal.steady(grid.device_power + grid.sheet_loss, plant.cooling.flow_rate, INLET, state)
        change = state.tile_temperature - temperature
        temperature = temperature + 0.5 * change
        if np.abs(change).max() < 1e-4:
            return state.peak
    raise AssertionError("the damped fixed point did not settle")


@pytest.mark.parametrize("utilisation", [0.30, 0.54])
def test_steady_state_near_the_fold_is_found(plant: WaferPlant, utilisation: float) -> None:
    rest = stepping.initial(plant)
    set_voltage, voltage = rest.control.voltage[0], rest.voltage[0]
    load = virus(plant, float(utilisation))
    found = couple(plant, rest.thermal[0], load, set_voltage, voltage, plant.cooling.flow_rate, INLET, None)
    assert found.thermal.peak == pytest.approx(damped(plant, load, set_voltage, voltage), abs=0.02)


def test_beyond_the_fold_the_heat_runs_away(plant: WaferPlant) -> None:
    rest = stepping.initial(plant)
    with pytest.raises(RunStopped, match="thermal runaway"):
        couple(
            plant, rest.thermal[0], virus(plant, 0.62), rest.control.voltage[0], rest.voltage[0],
            plant.cooling.flow_rate, INLET, None,
        )  # fmt: skip


def test_a_hot_wafer_whose_clock_stops_is_no_runaway(plant: WaferPlant) -> None:
    rest = stepping.initial(plant)
    hot = plant.thermal.uniform(395.0, plant.cooling.flow_rate)
    found = couple(
        plant, hot, virus(plant, 0.0), rest.control.voltage[0], rest.voltage[0], plant.cooling.flow_rate, INLET, 0.005
    )
    assert 395.0 < found.thermal.peak < 405.0
