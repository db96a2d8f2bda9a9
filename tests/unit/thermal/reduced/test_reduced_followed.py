"""States that time steps follow: what is read off them is that of the present heat and inlet, as in the full model."""

from __future__ import annotations

import numpy as np
import pytest
from reduced_wafers import DESIGNS, FLOW, INLET, WARMEST, random_heat, reduced, solid_error, wafer

from twin.thermal.reduced.model import ReducedWaferModel

TILES, DROP = 0.15, 0.03
"""Largest error in K by tile, and of the pressure drop over itself, while the inlet warms by 1 K in a second."""
DIELECTRIC = "fc3284"


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("watts", [2e3, 18e3])
def test_inlet_that_warms_for_long(design: str, watts: float) -> None:
    """Facility water fails: 20 K in 20 s, through the temperature about which time steps are linear."""
    full, model = wafer(design), reduced(design)
    heat = random_heat(full, watts, 3)
    true, fast = full.steady(heat, FLOW, INLET), model.steady(heat, FLOW, INLET)
    for inlet in INLET + np.arange(1.0, 21.0):
        true = full.step(true, FLOW, float(inlet), 1.0).solve(heat, true)
        fast = model.step(fast, FLOW, float(inlet), 1.0).solve(heat, fast)
        assert np.abs(fast.tile_temperature - true.tile_temperature).max() <= TILES
        assert fast.pressure_drop == pytest.approx(true.pressure_drop, rel=DROP)
        assert model.drop([fast], 1.02 * FLOW) == pytest.approx(full.drop([true], 1.02 * FLOW), rel=DROP)


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("inlet", [INLET, WARMEST])
def test_one_hot_die_after_even_idling(design: str, inlet: float) -> None:
    """Even heat at which inlet and rise of the coolant cancel says nothing of a die that it warms ten times as much."""
    full = wafer(design, inlet)
    model, idle = ReducedWaferModel(full, FLOW), np.full(full.tiles, 6e4 * full.tile_area)
    busy = idle.copy()
    busy[12:16, 12:16] *= 10.0
    true, fast = full.steady(idle, FLOW, inlet), model.steady(idle, FLOW, inlet)
    for _ in range(4):
        true = full.step(true, FLOW, inlet, 0.25).solve(busy, true)
        fast = model.step(fast, FLOW, inlet, 0.25).solve(busy, fast)
    assert fast.peak == pytest.approx(true.peak, abs=0.1)
    assert solid_error(fast, true) <= 0.1


@pytest.mark.parametrize("design", DESIGNS)
def test_warnings_are_those_of_the_present_heat(design: str) -> None:
    """With constant properties hardly anything lies beyond what is linear: an idle state could be followed for ever."""
    full = wafer(design, coolant=DIELECTRIC)
    model = ReducedWaferModel(full, FLOW)
    idle, busy = random_heat(full, 1e3, 3), random_heat(full, 15e3, 4)
    true, fast = full.steady(idle, FLOW, INLET), model.steady(idle, FLOW, INLET)
    assert not model.cautions(fast, INLET)
    for _ in range(10):
        true = full.step(true, FLOW, INLET, 1.0).solve(busy, true)
        fast = model.step(fast, FLOW, INLET, 1.0).solve(busy, fast)
    found, expected = ({c.subject for c in m.cautions(s, INLET)} for m, s in ((model, fast), (full, true)))
    assert found == expected != set()
    coolant, wall = fast.followed.extremes(fast.share, fast.reaching)
    planes = slice(-1, None) if design == "jet-impingement" else full.bed.walls[0].planes
    assert wall == pytest.approx(float(true.heat.solid[:, :, planes].max()) - INLET, rel=0.15)
    assert coolant == pytest.approx(float(true.heat.coolant[0].max()) - INLET, rel=0.15)


@pytest.mark.parametrize("design", DESIGNS)
def test_map_of_the_coolant(design: str) -> None:
    full, model = wafer(design), reduced(design)
    heat, other = random_heat(full, 15e3, 3), random_heat(full, 18e3, 4)
    true, fast = full.steady(heat, FLOW, INLET), model.steady(heat, FLOW, INLET)
    for _ in range(3):
        rise = full.coolant_surface(true) - INLET
        assert np.abs(model.coolant_surface(fast) - INLET - rise).max() <= 0.1 * rise.max()
        true = full.step(true, FLOW, INLET, 0.5).solve(other, true)
        fast = model.step(fast, FLOW, INLET, 0.5).solve(other, fast)
