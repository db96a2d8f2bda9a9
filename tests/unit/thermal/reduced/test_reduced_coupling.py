"""The fixed point with leakage and the power grid by both thermal models."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import twin
from twin.engine import step as stepping
from twin.engine.coupling import Coupled, TileLoad, couple
from twin.engine.plant import WaferPlant
from twin.engine.run import build
from twin.engine.simulation import WaferSimulation
from twin.workload.activity import virus_activity

INLET = 293.15
SHARE = 0.6
"""Of a power virus."""


@cache
def plant(model: str, design: str) -> WaferPlant:
    changes = {"thermal.mesh": "wafer-coarse", "thermal.model": model, "cooling.design": design}
    simulation = build(twin.load("wse3-power-virus").replace(changes), "coupling")
    assert isinstance(simulation, WaferSimulation)
    return simulation.plant


def coupled(model: str, design: str, step: float | None) -> Coupled:
    """Return the fixed point of a wafer at rest that is switched on."""
    found = plant(model, design)
    rest = stepping.initial(found)
    clock = np.full(found.cores.shape, found.chip.core.clock)
    activity = virus_activity(found.chip, found.cores, clock, SHARE)
    load = TileLoad(activity.mac[0], activity.issue[0], activity.hop[0], np.full(found.tiles, SHARE), clock[0])
    flow = found.cooling.flow_rate
    return couple(found, rest.thermal[0], load, rest.control.voltage[0], rest.voltage[0], flow, INLET, step)


@pytest.mark.parametrize("design", ["manifold-silicon", "straight-cold-plate"])
@pytest.mark.parametrize(("step", "within"), [(None, 0.1), (0.1, 0.3)])
def test_both_models_agree_with_leakage(design: str, step: float | None, within: float) -> None:
    full, fast = (coupled(model, design, step) for model in ("full", "reduced"))
    assert full.power.leakage.sum() > 0.02 * full.power.dynamic.sum()
    np.testing.assert_allclose(fast.thermal.tile_temperature, full.thermal.tile_temperature, atol=within, rtol=0)
    np.testing.assert_allclose(fast.thermal.die_peak, full.thermal.die_peak, atol=within, rtol=0)
    assert fast.power.leakage.sum() == pytest.approx(full.power.leakage.sum(), rel=2e-3)
    np.testing.assert_allclose(fast.grid.tile_voltage, full.grid.tile_voltage, atol=1e-4)
    assert fast.thermal.balance.residual <= 1e-6
    assert fast.passes <= full.passes + 2
