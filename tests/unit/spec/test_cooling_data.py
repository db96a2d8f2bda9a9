"""Library files of coolants, cooling designs and materials: complete, sourced, usable."""

import numpy as np
import pytest

from twin import library
from twin.errors import SpecError
from twin.spec.cooling import ChannelDesign, CoolingDesign, JetDesign
from twin.spec.documents import validate
from twin.thermal.coolant import load_coolant
from twin.thermal.hydraulics import Layout, design_geometry, solve_flow
from twin.thermal.pumps import delivered_flow, loop_pressure_drop, pump_point
from twin.thermal.regime import channel_cautions

FILES = [(kind, name) for kind in ("coolant", "cooling", "material") for name in library.names(kind)]
DESIGNS = library.names("cooling")
CHANNELS = [name for name in DESIGNS if isinstance(library.load("cooling", name), ChannelDesign)]
PLATE = {
    "type": "channels",
    "title": "plate",
    "layers": [{"name": "a", "thickness": "1 mm", "material": "copper"}],
    "board": {"coefficient": "10 W/m^2/K", "ambient": "30 degC"},
    "velocity_limit": "2 m/s",
    "loop": library.tree("cooling", "manifold-silicon")["loop"],
}


@pytest.mark.parametrize(("kind", "name"), FILES)
def test_assumed_values_have_a_range_around_them(kind, name):
    for item in library.entry(kind, name).provenance:
        assert item.status != "assumed" or item.range is not None, item.key
        if item.range is not None:
            low, value, high = (float(text.split()[0]) for text in (item.range[0], item.text, item.range[1]))
            assert low <= value <= high, item.key


@pytest.mark.parametrize("name", DESIGNS)
def test_materials_and_coolants_of_a_design_exist(name):
    design = library.load("cooling", name)
    for layer in design.layers:
        named = layer.material or layer.microchannels.wall_material
        assert library.load("material", named).density > 0
    assert load_coolant(design.loop.facility.coolant).density(290.0) > 0


@pytest.mark.parametrize("name", CHANNELS)
def test_a_design_runs_laminar_within_its_pumps(name):
    design = library.load("cooling", name)
    extent, flow = (0.0313, 1.2e-3 / 60) if name.endswith("die") else (0.215, 40e-3 / 60)
    geometry, water = design_geometry(design), load_coolant("water").at(303.0)
    channels = design.channels
    layout = Layout.manifold(np.linspace(0, extent, 145), channels.pieces, channels.slot_width)
    density, turns = float(water.density), channels.turn_loss
    result = solve_flow(geometry, layout, [extent], water.viscosity, density, flow, turn_loss=turns)
    reynolds, speed = float(result.reynolds.max()), float(np.abs(result.velocity).max())
    assert list(channel_cautions(reynolds, speed, design.velocity_limit)) == []
    assert 1e3 < result.pressure_drop < 1e5
    assert delivered_flow(design.loop, flow, result.pressure_drop) == flow
    needed = result.pressure_drop + loop_pressure_drop(design.loop.loss, flow)
    assert 0.3 < pump_point(design.loop.pump, flow, needed).speed < 1.0


def test_kinds_are_told_apart_and_one_channel_layer_is_wanted():
    assert isinstance(library.load("cooling", "jet-impingement"), JetDesign)
    assert not library.load("cooling", "manifold-silicon").covered
    assert library.load("cooling", "straight-cold-plate").covered
    raw = {**PLATE, "loop": _plain(PLATE["loop"])}
    with pytest.raises(SpecError, match="exactly one layer"):
        validate(raw, CoolingDesign, "plate.yaml")
    with pytest.raises(SpecError, match="wrong or missing type"):
        validate({**raw, "type": "immersion"}, CoolingDesign, "plate.yaml")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"width": "-1 um"}, "greater than 0"),
        ({"pieces": 0}, "greater than or equal to 1"),
        ({"width": 5}, "needs a unit"),
        ({"with": "1 um"}, "Did you mean 'width'"),
    ],
)
def test_wrong_channels_are_named(change, text):
    channels = {"width": "0.3 mm", "wall": "0.2 mm", "wall_material": "copper", "pieces": 1} | change
    layers = [{"name": "fins", "thickness": "3 mm", "microchannels": channels}]
    raw = {**PLATE, "layers": layers, "loop": _plain(PLATE["loop"])}
    with pytest.raises(SpecError, match=text) as caught:
        validate(raw, CoolingDesign, "plate.yaml")
    assert "layers.0.microchannels" in str(caught.value)


def _plain(tree):
    from twin.spec.provenance import strip

    return strip(tree)
