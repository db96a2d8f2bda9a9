"""Mistakes in stack files as a user meets them: exit code 2, file and key named, a remedy, no traceback."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from twin.cli import main as command
from twin.errors import LibraryError
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
DIE, FILM, SOURCE = (
    "material: silicon}",
    "{film: {coefficient: 10 W/m^2/K, ambient: 25 degC}}",
    "{layer: die, power: 10 W}",
)
FLOW, PROBES, CHANNELS = "flow_rate: 1.2 L/min", "probes:", "layers.2.microchannels"
INLINE = "material: {{conductivity: {}, density: 2330 kg/m^3, specific_heat: 700 J/kg/K}}}}"
TRANSIENT = "transient: {{end: 1 s, step: {}, initial: {}}}\nprobes:"

WRONG = {
    "unit of another kind": ("thickness: 0.5 mm", "thickness: 0.5 W", "layers.0.thickness", "wrong dimension"),
    "no unit": ("thickness: 0.5 mm", "thickness: 0.5", "layers.0.thickness", "needs a unit"),
    "negative thickness": ("thickness: 0.5 mm", "thickness: -0.5 mm", "layers.0.thickness", "greater than 0"),
    "negative conductivity": (DIE, INLINE.format("-1 W/m/K"), "layers.0.material.conductivity", "greater than 0"),
    "negative conductivity along y": (
        DIE, INLINE.format("[1 W/m/K, -2 W/m/K, 1 W/m/K]"), "layers.0.material.conductivity.1", "greater than 0",
    ),
    "two of three conductivities": (
        DIE, INLINE.format("[1 W/m/K, 2 W/m/K]"), "layers.0.material.conductivity.2", "required",
    ),
    "exponent without a reference": (
        DIE, INLINE.format("{temperature: 300 K, exponent: -1.3}"), "conductivity.reference", "required",
    ),
    "film without a value": (FILM, "{film: }", "boundaries.bottom", "`film` has no value"),
    "negative film": ("coefficient: 10", "coefficient: -10", "boundaries.bottom.film.coefficient", "greater than 0"),
    "below absolute zero": ("ambient: 25 degC", "ambient: -300 degC", "boundaries.bottom.film.ambient", "above abs"),
    "emissivity above one": (
        FILM, "{radiation: {emissivity: 1.2, ambient: 300 K}}", "boundaries.bottom.radiation.emissivity", "equal to 1",
    ),
    "temperature with flux": (
        FILM, "{temperature: 20 degC, heat_flux: 1 W/m^2}", "boundaries.bottom", "excludes heat_flux",
    ),
    "falling temperature schedule": (
        FILM, "{temperature: [[1 s, 20 degC], [0 s, 30 degC]]}", "boundaries.bottom", "must rise",
    ),
    "schedule without temperature": (FILM, "{temperature: [[1 s]]}", "boundaries.bottom.temperature.0.1", "required"),
    "coolant film on a side": (
        "bottom: " + FILM,
        "x_min: {coolant_film: {conductance: 1 W/m^2/K, heat_capacity_rate: 1 W/K, inlet_temperature: 20 degC}}",
        "boundaries.x_min.coolant_film", "`bottom` or `top`",
    ),
    "unknown boundary": ("bottom: " + FILM, "botom: " + FILM, "boundaries.botom", "Did you mean 'bottom'"),
    "unknown key": ("thickness: 50 um", "thicknes: 50 um", "layers.1.thicknes", "Did you mean 'thickness'"),
    "unknown material": (DIE, "material: silicone}", "layers.0.material", "Did you mean 'silicon'"),
    "unknown wall": ("wall_material: silicon", "wall_material: granite", f"{CHANNELS}.wall_material", "Available"),
    "unknown coolant": ("coolant: water", "coolant: watr", f"{CHANNELS}.coolant", "water"),
    "coolant without viscosity": (
        "coolant: water", "coolant: {density: 998 kg/m^3, specific_heat: 4182 J/kg/K, conductivity: 0.6 W/m/K}",
        f"{CHANNELS}.coolant.viscosity", "required",
    ),
    "layers of one name": ("name: tim", "name: die", "layers.1.name", "used twice"),
    "contact below the lowest layer": (
        DIE, "material: silicon, contact_resistance_below: 1e-5 m^2*K/W}",
        "layers.0.contact_resistance_below", "film on `bottom`",
    ),
    "zero flow with heat": (FLOW, "flow_rate: 0 L/min", f"{CHANNELS}.flow_rate", "greater than 0"),
    "wrong axis": ("axis: y", "axis: z", f"{CHANNELS}.axis", "'x' or 'y'"),
    "no wall": ("wall: 100 um", "wall: 0 um", f"{CHANNELS}.wall", "greater than 0"),
    "channels wider than the stack": ("width: 100 um", "width: 30 mm", f"{CHANNELS}.width", "wider than the stack"),
    "misspelt correlation": (FLOW, FLOW + ", heat_transfer: corelation", f"{CHANNELS}.heat_transfer", "correlation"),
    "two ways of heat transfer": (
        FLOW, FLOW + ", heat_transfer: {nusselt: 4, coefficient: 1 W/m^2/K}", f"{CHANNELS}.heat_transfer", "either",
    ),
    "slots that coincide": (
        FLOW, FLOW + ", slots: {inlets: [5 mm], outlets: [5 mm]}", f"{CHANNELS}.slots", "same place",
    ),
    "temperature with film": (
        "bottom: {film", "bottom: {temperature: 20 degC, film", "boundaries.bottom", "excludes",
    ),
    "slot outside": (
        FLOW, FLOW + ", slots: {inlets: [0 mm], outlets: [25 mm]}", f"{CHANNELS}.slots", "outside",
    ),
    "outlets only": (FLOW, FLOW + ", slots: {outlets: [5 mm]}", f"{CHANNELS}.slots.inlets", "required"),
    "slots overlap": (
        FLOW, FLOW + ", slots: {inlets: [0 mm], outlets: [2 mm], width: 3 mm}", f"{CHANNELS}.slots.width", "overlap",
    ),
    "slots and direction": (
        FLOW, FLOW + ", direction: alternate, slots: {inlets: [0 mm], outlets: [20 mm]}",
        f"{CHANNELS}.direction", "leave",
    ),
    "clogged outside": (
        FLOW, FLOW + ", clogged: [{x: [0 mm, 30 mm], y: [0 mm, 1 mm], resistance_factor: 5}]",
        f"{CHANNELS}.clogged.0.x", "leaves the layer",
    ),
    "source in no layer": ("{layer: die,", "{layer: dye,", "sources.0.layer", "Did you mean 'die'"),
    "source outside": (
        SOURCE, "{layer: die, power: 10 W, rectangle: {x: [15 mm, 21 mm], y: [0 mm, 1 mm]}}",
        "sources.0.rectangle.x", "leaves the stack",
    ),
    "rectangle reversed": (
        SOURCE, "{layer: die, power: 10 W, rectangle: {x: [5 mm, 1 mm], y: [0 mm, 1 mm]}}",
        "sources.0.rectangle", "low < high",
    ),
    "rectangle on a side": (
        SOURCE, "{face: x_min, power: 1 W, rectangle: {x: [0 mm, 1 mm], y: [0 mm, 1 mm]}}",
        "sources.0.rectangle", "side faces are whole",
    ),
    "key twice": (
        "bottom: " + FILM, "bottom: {temperature: 20 degC}\nkind: stack", "kind", "duplicate",
    ),
    "layer and face": ("{layer: die,", "{layer: die, face: top,", "sources.0", "either `layer` or `face`"),
    "source without power": (SOURCE, "{layer: die}", "sources.0", "either `power` or `map`"),
    "falling schedule": (
        SOURCE, "{layer: die, power: 1 W, schedule: [[1 s, 1.0], [0 s, 0.0]]}", "sources.0", "must rise",
    ),
    "feedback without unit": (
        SOURCE, "{layer: die, power: 1 W, feedback: {coefficient: 0.02, reference: 300 K}}",
        "sources.0.feedback.coefficient", "needs a unit",
    ),
    "map that is missing": (SOURCE, "{layer: die, map: missing.csv}", "sources.0.map", "no such file"),
    "map of words": (SOURCE, "{layer: die, map: words.csv}", "sources.0.map", "row 1 is not numbers"),
    "map with a hole": (SOURCE, "{layer: die, map: hole.csv}", "sources.0.map", "row 2 holds values"),
    "ragged map": (SOURCE, "{layer: die, map: ragged.csv}", "sources.0.map", "different lengths"),
    "probe outside": ("x: 1 mm, y", "x: 21 mm, y", "probes.p.x", "outside the stack"),
    "probe on a jump": ("z: 0 mm", "z: 0.5 mm", "probes.p.z", "`layer` and `face`"),
    "probe in the air": ("z: 0 mm", "z: 5 mm", "probes.p.z", "outside the stack"),
    "size in metres": ("x: 20 mm, y: 20 mm", "x: 215 m, y: 215 m", "size.x", "unit"),
    "1e9 cells": ("layers:\n", "cells: {x: 20000, y: 20000}\nlayers:\n", "cells", "GB"),
    "too many cells through": ("thickness: 50 um", "thickness: 50 um, cells: 1000000000", "layers.1.cells", "GB"),
    "no cells": ("layers:\n", "cells: {x: 0, y: 4}\nlayers:\n", "cells.x", "greater than or equal to 1"),
    "time after the end": (
        PROBES, TRANSIENT.format("0.1 s", "20 degC, times: [2 s]"), "transient.times.0", "after the end",
    ),
    "no step": (PROBES, TRANSIENT.format("0 s", "20 degC"), "transient.step", "greater than 0"),
    "step in the wrong unit": (PROBES, TRANSIENT.format("1 ns", "20 degC"), "transient.step", "step: auto"),
    "step in words": (PROBES, TRANSIENT.format("fast", "20 degC"), "transient.step", "expected a number"),
    "initial in words": (PROBES, TRANSIENT.format("1 ms", "cold"), "transient.initial", "expected a number"),
    "negative target": (PROBES, "numerics: {target_error: -1 K}\nprobes:", "numerics.target_error", "greater than 0"),
    "target without unit": (PROBES, "numerics: {target_error: 0.1}\nprobes:", "numerics.target_error", "needs a unit"),
    "target in degrees": (
        PROBES, "numerics: {target_error: 0.1 degC}\nprobes:", "numerics.target_error", "write it in K",
    ),
    "unknown numerics": (
        PROBES, "numerics: {target_eror: 1 K}\nprobes:", "numerics.target_eror", "Did you mean 'target_error'",
    ),
    "third degree": (PROBES, "numerics: {degree: 3}\nprobes:", "numerics.degree", "1 or 2"),
}  # fmt: skip
CLOSED = "kind: stack\nsize: {x: 1 mm, y: 1 mm}\nlayers: [{name: die, thickness: 1 mm, material: silicon}]\n"
NO_STACK = {
    "nothing": ("", "is empty"),
    "words": ("just words", "must be a mapping"),
    "a list": ("[1, 2]", "must be a mapping"),
    "unreadable": ("size: {x: 1 mm", "is not YAML"),
    "another kind": ("kind: stock\n", "expected 'stack'"),
    "no layers": ("kind: stack\nsize: {x: 1 mm, y: 1 mm}\nlayers: []\n", "layers"),
    "no way out": (CLOSED, "boundaries: no way out for the heat"),
    "flux alone": (CLOSED + "boundaries: {top: {heat_flux: -1 W/m^2}}\n", "boundaries: no way out for the heat"),
    "no way out at the start": (
        CLOSED + "transient: {end: 1 s, step: 0.1 s, initial: steady}\n", "boundaries: no way out for the heat",
    ),
}  # fmt: skip


@pytest.fixture
def told(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """Return what the command says about a file; it must fail as bad input does."""
    (tmp_path / "words.csv").write_text("a,b\n1,2\n")
    (tmp_path / "hole.csv").write_text("1,2\n1,nan\n")
    (tmp_path / "ragged.csv").write_text("1,2\n1\n")

    def run(text: str) -> str:
        (tmp_path / "wrong.yaml").write_text(text)
        monkeypatch.setattr(sys, "argv", ["twin", "solve", str(tmp_path / "wrong.yaml"), "--json"])
        with pytest.raises(SystemExit) as end:
            command.main()
        out, err = capsys.readouterr()
        assert end.value.code == 2
        assert out == ""
        assert "wrong.yaml" in err
        assert "Traceback" not in err
        return err

    return run


@pytest.mark.parametrize("mistake", WRONG)
def test_mistake_names_its_key_and_a_remedy(told, mistake: str) -> None:
    old, new, key, remedy = WRONG[mistake]
    assert old in GOOD
    found = told(GOOD.replace(old, new, 1))
    assert remedy in found
    assert key in found


@pytest.mark.parametrize("mistake", NO_STACK)
def test_files_that_cannot_be_solved(told, mistake: str) -> None:
    text, remedy = NO_STACK[mistake]
    assert remedy in told(text)


def test_all_mistakes_are_told_at_once(told) -> None:
    text = GOOD.replace("material: silicon}", "material: silicone}").replace("{layer: die,", "{layer: dye,")
    text = text.replace("x: 1 mm, y", "x: 21 mm, y").replace("name: tim", "name: channels")
    found = told(text)
    assert "4 problems in wrong.yaml" in found
    for key in ("layers.0.material", "layers.2.name", "sources.0.layer", "probes.p.x"):
        assert key in found


def test_the_good_file_is_good(tmp_path: Path) -> None:
    """What the mistakes are made in has no other."""
    (tmp_path / "good.yaml").write_text(GOOD)
    assert [layer.name for layer in load_stack(tmp_path / "good.yaml").layers] == ["die", "tim", "channels"]


def test_a_transient_from_a_temperature_needs_no_way_out(tmp_path: Path) -> None:
    (tmp_path / "closed.yaml").write_text(CLOSED + "transient: {end: 1 s, step: 0.1 s, initial: 20 degC}\n")
    assert load_stack(tmp_path / "closed.yaml").transient is not None


def test_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match=r"missing\.yaml: no such file"):
        load_stack(tmp_path / "missing.yaml")
