"""Mistakes in stack files: all at once, with key and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from twin.errors import LibraryError, SpecError
from twin.thermal.stack import load_stack

GOOD = """
kind: stack
size: {x: 20 mm, y: 20 mm}
layers:
  - {name: die, thickness: 0.5 mm, material: silicon}
  - {name: tim, thickness: 50 um, material: grease, contact_resistance_below: 1e-5 m^2*K/W}
  - name: channels
    thickness: 300 um
    microchannels: {width: 100 um, wall: 100 um, axis: y, wall_material: silicon, coolant: water,
                    inlet_temperature: 20 degC, flow_rate: 1.2 L/min}
boundaries:
  bottom: {film: {coefficient: 10 W/m^2/K, ambient: 25 degC}}
sources: [{layer: die, power: 10 W}]
probes: {p: {x: 1 mm, y: 1 mm, z: 0 mm}}
"""


def message(folder: Path, text: str) -> str:
    path = folder / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(SpecError) as caught:
        load_stack(path)
    assert "wrong.yaml" in str(caught.value)
    return str(caught.value)


def test_the_file_itself_is_good(tmp_path: Path) -> None:
    path = tmp_path / "good.yaml"
    path.write_text(GOOD)
    assert [layer.name for layer in load_stack(path).layers] == ["die", "tim", "channels"]


WRONG = {
    "unit of another kind": ("thickness: 0.5 mm", "thickness: 0.5 W", "layers.0.thickness", ""),
    "no unit": ("thickness: 0.5 mm", "thickness: 0.5", "layers.0.thickness", "needs a unit"),
    "negative": ("thickness: 0.5 mm", "thickness: -0.5 mm", "layers.0.thickness", "greater than 0"),
    "unknown key": ("thickness: 50 um", "thicknes: 50 um", "layers.1.thicknes", "Did you mean 'thickness'"),
    "unknown material": ("material: silicon}", "material: silicone}", "layers.0.material", "silicon"),
    "unknown wall": ("wall_material: silicon", "wall_material: granite", "microchannels.wall_material", "Available"),
    "unknown coolant": ("coolant: water", "coolant: watr", "microchannels.coolant", "water"),
    "name twice": ("name: tim", "name: die", "layers.1.name", "used twice"),
    "contact below the lowest": (
        "material: silicon}", "material: silicon, contact_resistance_below: 1e-5 m^2*K/W}",
        "layers.0.contact_resistance_below", "film on `bottom`",
    ),
    "layer that is not there": ("{layer: die,", "{layer: dye,", "sources.0.layer", "Did you mean 'die'"),
    "source outside": (
        "power: 10 W", "power: 10 W, rectangle: {x: [15 mm, 21 mm], y: [0 mm, 1 mm]}",
        "sources.0.rectangle.x", "leaves the stack",
    ),
    "rectangle upside down": (
        "power: 10 W", "power: 10 W, rectangle: {x: [5 mm, 1 mm], y: [0 mm, 1 mm]}",
        "sources.0.rectangle", "low < high",
    ),
    "rectangle on a side": (
        "{layer: die, power: 10 W}", "{face: x_min, power: 1 W, rectangle: {x: [0 mm, 1 mm], y: [0 mm, 1 mm]}}",
        "sources.0.rectangle", "side faces are whole",
    ),
    "layer and face": ("{layer: die,", "{layer: die, face: top,", "sources.0", "either `layer` or `face`"),
    "neither power nor map": ("{layer: die, power: 10 W}", "{layer: die}", "sources.0", "either `power` or `map`"),
    "probe outside": ("x: 1 mm, y", "x: 21 mm, y", "probes.p.x", "outside the stack"),
    "probe on a jump": ("z: 0 mm", "z: 0.5 mm", "probes.p.z", "`layer` and `face`"),
    "temperature and film": (
        "bottom: {film", "bottom: {temperature: 20 degC, film", "boundaries.bottom", "excludes",
    ),
    "side film of coolant": (
        "bottom: {film: {coefficient: 10 W/m^2/K, ambient: 25 degC}}",
        "x_min: {coolant_film: {conductance: 1 W/m^2/K, heat_capacity_rate: 1 W/K, inlet_temperature: 20 degC}}",
        "boundaries.x_min.coolant_film", "`bottom` or `top`",
    ),
    "slot outside": (
        "flow_rate: 1.2 L/min", "flow_rate: 1.2 L/min, slots: {inlets: [0 mm], outlets: [25 mm]}",
        "layers.2.microchannels.slots", "outside",
    ),
    "slots that coincide": (
        "flow_rate: 1.2 L/min", "flow_rate: 1.2 L/min, slots: {inlets: [5 mm], outlets: [5 mm]}",
        "layers.2.microchannels.slots", "same place",
    ),
    "too large": ("layers:\n", "cells: {x: 4000, y: 4000}\nlayers:\n", "cells", "unknowns"),
    "time after the end": (
        "probes:", "transient: {end: 1 s, step: 0.1 s, initial: 20 degC, times: [2 s]}\nprobes:",
        "transient.times.0", "after the end",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", WRONG)
def test_mistake_is_told_with_key_and_remedy(tmp_path: Path, mistake: str) -> None:
    old, new, key, remedy = WRONG[mistake]
    assert old in GOOD
    found = message(tmp_path, GOOD.replace(old, new, 1))
    assert key in found
    assert remedy in found


def test_no_way_out_for_the_heat(tmp_path: Path) -> None:
    closed = "kind: stack\nsize: {x: 1 mm, y: 1 mm}\nlayers: [{name: die, thickness: 1 mm, material: silicon}]\n"
    assert "no way out for the heat" in message(tmp_path, closed)
    steady = closed + "transient: {end: 1 s, step: 0.1 s, initial: steady}\n"
    assert "no way out for the heat" in message(tmp_path, steady)
    path = tmp_path / "transient.yaml"
    path.write_text(closed + "transient: {end: 1 s, step: 0.1 s, initial: 20 degC}\n")
    assert load_stack(path).transient is not None


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("material: silicon}", "material: silicone}").replace("{layer: die,", "{layer: dye,")
    found = message(tmp_path, text.replace("x: 1 mm, y", "x: 21 mm, y"))
    assert "3 problems" in found
    for key in ("layers.0.material", "sources.0.layer", "probes.p.x"):
        assert key in found


@pytest.mark.parametrize(
    "text", ["", "just words", "size: {x: 1 mm", "[1, 2]", "kind: stock\n", "kind: stack\nlayers: []\n"]
)
def test_files_that_are_no_stack(tmp_path: Path, text: str) -> None:
    assert "problem" in message(tmp_path, text)


def test_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match=r"missing\.yaml: no such file"):
        load_stack(tmp_path / "missing.yaml")
