"""The layered model of a channel against the resolved cell, and against what `twin solve` makes of the stack."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from twin import library
from twin.spec.channel import Channel
from twin.thermal import correlations
from twin.thermal.channel_homogenised import homogenisation_error, layered_resistance, wetted_conductance
from twin.thermal.stack import load_stack, outcome, solve_stack

SILICON = {"conductivity": "148 W/m/K", "density": "2330 kg/m^3", "specific_heat": "700 J/kg/K"}
WATER = {"density": "998 kg/m^3", "specific_heat": "4182 J/kg/K", "conductivity": "0.6 W/m/K", "viscosity": "1 mPa*s"}
KAWANO = {"width": "57 um", "height": "180 um", "wall": "43 um", "base": "270 um", "cover": "450 um"}


def channel(shape: dict[str, str], **changes: Any) -> Channel:
    given = {"wall_material": SILICON, "coolant": WATER, "inlet_temperature": "20 degC", "heat_flux": "1e5 W/m^2",
             "velocity": "1 m/s", "length": "10 mm", **changes}  # fmt: skip
    return Channel.model_validate({"kind": "channel", "channel": shape, **given})


def wafer_channel() -> Channel:
    """The channel of the default wafer: its cooling design on its silicon."""
    design, chip = library.load("cooling", "manifold-silicon"), library.load("chip", "wse3")
    etched, manifold = design.layers
    found = etched.microchannels
    base = next(layer.thickness for layer in chip.layers if layer.name == "silicon")
    lengths = {"width": found.width, "height": etched.thickness, "wall": found.wall, "base": base,
               "cover": manifold.thickness}  # fmt: skip
    shape = {name: f"{length!r} m" for name, length in lengths.items()}
    return channel(shape, wall_material=found.wall_material, cover_material=manifold.material, coolant="water")


def test_default_wafer() -> None:
    """One coefficient all around the channel makes the wafer's cooling look better than it is."""
    assert homogenisation_error(wafer_channel()) == pytest.approx(-0.032, abs=0.002)


def test_kawano() -> None:
    assert homogenisation_error(channel(KAWANO)) == pytest.approx(-0.027, abs=0.002)


def test_tuckerman_and_pease() -> None:
    shape = {"width": "50 um", "height": "302 um", "wall": "50 um", "base": "98 um"}
    assert homogenisation_error(channel(shape)) == pytest.approx(-0.075, abs=0.003)


def test_walls_of_high_conductivity_leave_no_model_error() -> None:
    metal = {**SILICON, "conductivity": "1e7 W/m/K"}
    assert homogenisation_error(channel(KAWANO, wall_material=metal)) == pytest.approx(0.0, abs=2e-4)


def test_lid_is_the_fin_array_of_the_literature() -> None:
    arguments = (4e4, 50e-6, 50e-6, 302e-6, 148.0)
    expected = correlations.fin_array_conductance(*arguments)
    assert wetted_conductance(*arguments, ceiling=False) == pytest.approx(expected, rel=1e-12)
    thick = wetted_conductance(4e4, 50e-6, 50e-6, 302e-6, 1e9, ceiling=True)
    assert thick == pytest.approx(4e4 * (100e-6 + 604e-6) / 100e-6, rel=1e-6)


@pytest.mark.parametrize("covered", [True, False])
def test_layered_model_is_that_of_stacks(tmp_path: Path, covered: bool) -> None:
    """Half way along a straight layer whose solid does not conduct along it: base over bulk per flux."""
    silicon = {**SILICON, "conductivity": ["1e-6 W/m/K", "148 W/m/K", "148 W/m/K"]}
    nusselt = (correlations.nusselt_four_sided if covered else correlations.nusselt_three_sided)(57e-6, 180e-6)
    flow = 1.6 * 57e-6 * 180e-6 * 10  # ten channels
    channels = {
        "width": "57 um", "wall": "43 um", "axis": "x", "wall_material": silicon, "coolant": WATER,
        "inlet_temperature": "20 degC", "flow_rate": f"{flow!r} m^3/s", "heat_transfer": {"nusselt": float(nusselt)},
    }  # fmt: skip
    layers = [
        {"name": "base", "thickness": "270 um", "material": silicon, "cells": 8},
        {"name": "channels", "thickness": "180 um", "microchannels": channels, "cells": 32},
        {"name": "cover", "thickness": "450 um", "material": silicon, "cells": 4},
    ]
    stack = {
        "kind": "stack", "size": {"x": "10 mm", "y": "1 mm"}, "cells": {"x": 50, "y": 1},
        "layers": layers if covered else layers[:2], "boundaries": {"bottom": {"heat_flux": "9e5 W/m^2"}},
        "probes": {"base": {"x": "5 mm", "y": "0.5 mm", "z": "0 mm"}},
    }  # fmt: skip
    path = tmp_path / "stack.yaml"
    with path.open("w") as stream:
        YAML().dump(stack, stream)
    found = outcome(solve_stack(load_stack(path), tmp_path))["probes"]["base"]["temperature_K"][-1]
    bulk = 293.15 + 0.5 * 9e5 * 10e-3 * 1e-3 / (998 * 4182 * flow)
    expected = layered_resistance(channel({**KAWANO, "cover": "450 um" if covered else "0 um"}))
    assert (found - bulk) / 9e5 == pytest.approx(expected, rel=1e-3)
