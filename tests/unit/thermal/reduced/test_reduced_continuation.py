"""A run that is continued from what its state told of repeats the same bits."""

from __future__ import annotations

import numpy as np
import pytest
from reduced_wafers import DESIGNS, FLOW, INLET, random_heat, wafer

from twin.thermal.reduced.model import ReducedWaferModel
from twin.thermal.reduced.state import ReducedState


def stepped(model: ReducedWaferModel, state: ReducedState, seeds: range, flow: float) -> ReducedState:
    for seed in seeds:
        heat = random_heat(model.full, 8e3 + 1e3 * seed, seed // 2)
        equations = model.step(state, flow, INLET + 0.2 * seed, 0.1)
        state = equations.solve(heat, equations.solve(0.95 * heat, state))
    return state


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("flow", [FLOW, 0.97 * FLOW])
@pytest.mark.parametrize("after", [0, 5])
def test_continued_run_has_the_same_bits(design: str, flow: float, after: int) -> None:
    full = wafer(design)
    model = ReducedWaferModel(full, FLOW)
    kept = stepped(model, model.steady(random_heat(full, 9e3, 0), FLOW, INLET), range(after), flow)
    tree = {name: np.array(values) for name, values in kept.tree().items()}
    undisturbed = stepped(model, kept, range(after, 12), flow)
    other = ReducedWaferModel(wafer(design), FLOW)
    found = other.restored(tree, flow, kept.inlet)
    np.testing.assert_array_equal(found.tile_temperature, kept.tile_temperature)
    np.testing.assert_array_equal(found.coolant_temperature, kept.coolant_temperature)
    np.testing.assert_allclose(found.die_peak, kept.die_peak, atol=0.0 if after else 1e-4, rtol=0)
    assert found.pressure_drop == kept.pressure_drop
    continued = stepped(other, found, range(after, 12), flow)
    for name, values in undisturbed.tree().items():
        np.testing.assert_array_equal(continued.tree()[name], values, err_msg=name)
    np.testing.assert_array_equal(continued.heat.solid, undisturbed.heat.solid)
    np.testing.assert_array_equal(continued.die_peak, undisturbed.die_peak)
    assert continued.balance == undisturbed.balance


@pytest.mark.parametrize("start", ["uniform", "steady"])
def test_states_at_rest_are_restored(start: str) -> None:
    full = wafer()
    model = ReducedWaferModel(full, FLOW)
    heat = random_heat(full, 9e3, 0)
    kept = model.uniform(INLET, FLOW) if start == "uniform" else model.steady(heat, FLOW, INLET)
    found = ReducedWaferModel(full, FLOW).restored(kept.tree(), FLOW, INLET)
    after = [model.step(state, FLOW, INLET, 0.1).solve(1.2 * heat, state) for state in (kept, found)]
    np.testing.assert_array_equal(after[1].heat.solid, after[0].heat.solid)
    assert after[1].balance == after[0].balance
