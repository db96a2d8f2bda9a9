"""The model error of a wafer's cooling: which runs have one, and whether its kelvins are those of the model."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import twin
from twin.engine.model_error import model_errors, resistance_below, wafer_channel
from twin.engine.plant import WaferPlant
from twin.engine.run import build
from twin.engine.simulation import WaferSimulation
from twin.results.model_error import ModelError
from twin.spec.cooling import ChannelDesign
from twin.spec.stack import HeatTransfer
from twin.thermal import correlations
from twin.thermal.channel_homogenised import wetted_conductance
from twin.thermal.wafer import WaferThermalModel

UNIFORM = 15e3


@cache
def plant(design: str = "manifold-silicon", flow: str = "40 L/min") -> WaferPlant:
    changes = {
        "cooling.design": design,
        "cooling.flow_rate": flow,
        "thermal.mesh": "wafer-coarse",
        "thermal.model": "full",
    }
    simulation = build(twin.load("wse3-power-virus").replace(changes), "test")
    assert isinstance(simulation, WaferSimulation)
    return simulation.plant


def channels_of(given: WaferPlant) -> ChannelDesign:
    assert isinstance(given.design, ChannelDesign)
    return given.design


def steady(design: ChannelDesign) -> tuple[WaferThermalModel, Any]:
    """Return a wafer under uniform heat, its coolant entering at 20 degC."""
    given = plant()
    tiles = given.scenario.thermal.tiles_per_die
    layers = given.thermal.recipe.layers.model_copy(update={"heat": 8})
    recipe = given.thermal.recipe.model_copy(update={"layers": layers})
    model = WaferThermalModel(given.chip, design, recipe, given.coolant, tiles, 293.15)
    return model, model.steady(np.full(model.tiles, UNIFORM / np.prod(model.tiles)), 40e-3 / 60, 293.15)


def test_default_wafer_is_computed_some_percent_too_cold() -> None:
    (error,) = model_errors(plant())
    assert error.relative_error == pytest.approx(-0.032, abs=0.002)
    assert error.temperature_error(10.0) < 0


def test_other_flow_leaves_the_developed_resistance() -> None:
    (slow,), (fast,) = model_errors(plant(flow="20 L/min")), model_errors(plant())
    assert slow.relative_error == pytest.approx(fast.relative_error, rel=1e-9)


def test_cold_plate_has_its_own() -> None:
    (error,) = model_errors(plant("straight-cold-plate"))
    assert error.relative_error < -0.05
    assert error.share_of_rise < 0.7  # grease lies below its base


def test_jets_have_none() -> None:
    assert model_errors(plant("jet-impingement")) == ()


def test_cell_is_that_of_the_design() -> None:
    given = plant("straight-cold-plate")
    shape = wafer_channel(given, channels_of(given)).channel
    assert (shape.base, shape.height, shape.cover) == (2e-3, 3e-3, 0.0)


def test_resistance_below_is_that_of_the_wafer_model() -> None:
    """Under uniform heat: mean of the heat layer over the mean of the base's lower face, per flux into the coolant."""
    model, state = steady(channels_of(plant()))
    names = [layer.name for layer in model.layers]
    bottom = model.grid.layer_planes[names.index("silicon")][0]
    weights = np.outer(model.grid.x_weights, model.grid.y_weights)
    plane = np.tensordot(weights / weights.sum(), state.heat.solid, axes=2)
    heated = model.surface(state).T
    mean = float((weights * heated).sum() / weights.sum())
    size = plant().chip.size
    found = (mean - plane[bottom]) * size.x * size.y / state.coolant_heat
    assert found == pytest.approx(resistance_below(plant(), channels_of(plant())), rel=0.02)


def test_kelvins_are_what_the_wafer_model_does_with_another_resistance() -> None:
    """A tenth more heat transfer, as if it were the resolved cell: the peak moves by what the model error says."""
    design = channels_of(plant())
    found = design.channels
    height = design.layers[design.channel_index].thickness
    nusselt = float(correlations.nusselt_four_sided(found.width, height))
    water = float(plant().coolant.at(293.15).conductivity)
    diameter = correlations.hydraulic_diameter(found.width, height)
    peaks, resistances, rises = [], [], []
    for factor in (1.0, 1.1):
        layers = [layer.model_copy() for layer in design.layers]
        channels = found.model_copy(update={"heat_transfer": fixed(factor * nusselt)})
        layers[design.channel_index] = layers[design.channel_index].model_copy(update={"microchannels": channels})
        model, state = steady(design.model_copy(update={"layers": tuple(layers)}))
        peaks.append(state.peak)
        rises.append(state.peak - model.coolant_surface(state).flat[model.surface(state).argmax()])
        wall, base = (next(x for x in model.layers if x.name == name) for name in ("channels", "silicon"))
        conductivity = base.conductivity[2]
        wetted = wetted_conductance(
            factor * nusselt * water / diameter, found.width, found.wall, wall.thickness, conductivity, True
        )
        resistances.append(base.thickness / conductivity + 1.0 / wetted)
    below = resistance_below(plant(), design)
    error = ModelError(
        "resistance", resistances[1] / resistances[0] - 1.0, resistances[1] / (resistances[1] + below), "test"
    )
    assert error.temperature_error(rises[1]) == pytest.approx(peaks[1] - peaks[0], rel=0.1)


def fixed(nusselt: float) -> Any:
    return HeatTransfer.model_validate({"nusselt": nusselt})
