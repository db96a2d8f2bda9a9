"""Channel files: what they mean, what they warn of, what is refused; every key of them matters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

from twin.errors import SpecError
from twin.thermal.channel import ChannelResult, discretisation_error, load_channel, outcome, solve_channel

Tree = dict[str, Any]
SILICON = {"conductivity": "148 W/m/K", "density": "2330 kg/m^3", "specific_heat": "700 J/kg/K"}
WATER = {"density": "998 kg/m^3", "specific_heat": "4182 J/kg/K", "conductivity": "0.6 W/m/K", "viscosity": "1 mPa*s"}


def tree(**changes: Any) -> Tree:
    shape = {"width": "57 um", "height": "180 um", "wall": "43 um", "base": "270 um", "cover": "450 um"}
    given: Tree = {
        "kind": "channel", "channel": shape, "wall_material": SILICON, "coolant": WATER, "length": "20 mm",
        "inlet_temperature": "20 degC", "heat_flux": "90 W/cm^2", "velocity": "1.6 m/s", "cells": 4,
    }  # fmt: skip
    given.update(changes)
    return {key: value for key, value in given.items() if value is not None}


def solve(folder: Path, **changes: Any) -> ChannelResult:
    path = folder / "cell.yaml"
    with path.open("w") as stream:
        YAML().dump(tree(**changes), stream)
    return solve_channel(load_channel(path))


def problems(folder: Path, **changes: Any) -> str:
    with pytest.raises(SpecError) as caught:
        solve(folder, **changes)
    return str(caught.value)


def test_velocity_reynolds_and_flow_rate_mean_the_same(tmp_path: Path) -> None:
    reference = outcome(solve(tmp_path))
    flow = 1.6 * 57e-6 * 180e-6
    for drive in ({"flow_rate": f"{flow!r} m^3/s"}, {"reynolds": reference["reynolds"]}):
        found = outcome(solve(tmp_path, velocity=None, **drive))
        assert found["pressure_drop_Pa"] == pytest.approx(reference["pressure_drop_Pa"], rel=1e-12)
        assert found["bulk_temperature_K"] == pytest.approx(reference["bulk_temperature_K"], rel=1e-12)


def test_named_materials_and_coolants(tmp_path: Path) -> None:
    found = solve(tmp_path, wall_material="silicon", coolant="water")
    assert found.stream.conductivity == pytest.approx(0.598, rel=0.01)
    assert found.stream.viscosity == pytest.approx(1.002e-3, rel=0.01)


def test_no_cover_is_an_adiabatic_lid(tmp_path: Path) -> None:
    """A cover that hardly conducts acts like none; one that conducts feeds the ceiling."""
    shape = tree()["channel"]
    bare = {key: value for key, value in shape.items() if key != "cover"}
    insulator = {**SILICON, "conductivity": "1e-6 W/m/K"}
    resistances = [
        solve(tmp_path, **changes).profile.resistance
        for changes in ({"channel": bare}, {"cover_material": insulator}, {})
    ]
    assert resistances[0] == pytest.approx(resistances[1], rel=1e-4)
    assert resistances[2] < 0.99 * resistances[0]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("wall_material", {**SILICON, "conductivity": "100 W/m/K"}),
        ("base_material", {**SILICON, "conductivity": "100 W/m/K"}),
        ("cover_material", {**SILICON, "conductivity": "1 W/m/K"}),
        ("coolant", {**WATER, "conductivity": "0.5 W/m/K"}),
        ("coolant", {**WATER, "density": "900 kg/m^3"}),
        ("coolant", {**WATER, "specific_heat": "4000 J/kg/K"}),
        ("coolant", {**WATER, "viscosity": "2 mPa*s"}),
        ("inlet_temperature", "30 degC"),
        ("heat_flux", "10 W/cm^2"),
        ("velocity", "1 m/s"),
        ("length", "30 mm"),
        ("model", "developing"),
        ("cells", 8),
        *[("channel", {**tree()["channel"], name: "100 um"}) for name in ("width", "height", "wall", "base", "cover")],
    ],
    ids=str,
)
def test_every_key_matters(tmp_path: Path, key: str, value: Any) -> None:
    assert outcome(solve(tmp_path, **{key: value})) != outcome(solve(tmp_path))


def test_anisotropic_walls(tmp_path: Path) -> None:
    """Conductivity along the channel, across it, upwards: only the last two count where it is developed."""

    def resistance(*k: float) -> float:
        material = {**SILICON, "conductivity": [f"{value} W/m/K" for value in k]}
        return solve(tmp_path, wall_material=material).profile.resistance

    assert resistance(10, 148, 148) == pytest.approx(resistance(148, 148, 148), rel=1e-12)
    assert resistance(148, 148, 50) > 1.3 * resistance(148, 50, 148)


def test_temperatures_follow_flux_and_inlet(tmp_path: Path) -> None:
    one, two = (solve(tmp_path, heat_flux=f"{q} W/cm^2", model="developing") for q in (45, 90))
    assert two.profile.base - 293.15 == pytest.approx(2 * (one.profile.base - 293.15), rel=1e-9)
    assert two.profile.resistance == pytest.approx(one.profile.resistance, rel=1e-9)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"velocity": "30 m/s", "length": "1 m"}, ["Reynolds number 2592", "laminar"]),
        ({"length": "2 mm", "velocity": "10 m/s"}, ["velocity develops", "temperature develops"]),
        ({"heat_flux": "1e7 W/m^2", "coolant": "water"}, ["boil"]),
    ],
)
def test_warnings(tmp_path: Path, changes: Tree, words: list[str]) -> None:
    found = " ".join(solve(tmp_path, **changes).warnings)
    assert all(word in found for word in words), found


def test_nothing_to_warn_of(tmp_path: Path) -> None:
    assert solve(tmp_path).warnings == ()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"kind": "stack"}, "kind: is 'stack', expected 'channel'"),
        ({"reynolds": 10}, "give one of velocity (mean), reynolds or flow_rate (per channel), got velocity, reynolds"),
        ({"velocity": None}, "got none"),
        ({"velocity": "0 m/s"}, "velocity: must be greater than 0"),
        ({"heat_flux": "-1 W/cm^2"}, "heat_flux: must be greater than 0"),
        ({"heat_flux": "90 W"}, "heat_flux"),
        ({"length": 10}, "length: needs a unit"),
        ({"coolant": "watr"}, "coolant 'watr' not found. Did you mean 'water'?"),
        ({"wall_material": "silicn"}, "Did you mean 'silicon'?"),
        ({"cover_material": "glas"}, "cover_material: material 'glas' not found"),
        ({"model": "turbulent"}, "model: must be 'developed' or 'developing'"),
        ({"cells": 6}, "cells: must be a multiple of 4"),
        ({"cells": 400}, "cells: must be less than or equal to 48"),
        ({"hight": "1 um"}, "hight: unknown key"),
        ({"channel": {"width": "1 um"}}, "channel.height: missing"),
        ({"inlet_temperature": "-300 degC"}, "inlet_temperature: must be above absolute zero"),
    ],
    ids=str,
)
def test_refusals(tmp_path: Path, changes: Tree, expected: str) -> None:
    assert expected in problems(tmp_path, **changes)


def test_all_problems_at_once(tmp_path: Path) -> None:
    found = problems(tmp_path, coolant="watr", wall_material="silicn", length="10 kg", model="x")
    assert found.startswith("4 problems in cell.yaml")


def test_discretisation_error_of_a_sequence() -> None:
    exact, fourth = 1.0, [1.0 + 0.1 * size**4 for size in (1, 0.5, 0.25)]
    assert discretisation_error(*fourth) == pytest.approx(abs(fourth[-1] - exact))
    first = [1.0 + 0.1 * size for size in (1, 0.5, 0.25)]
    assert discretisation_error(*first) == pytest.approx(abs(first[-1] - exact))
    assert discretisation_error(1.0, 1.1, 1.1) > 1e-4, "the last difference vanishes by chance"
    assert discretisation_error(1.0, 1.0, 1.0) == 0.0
    assert np.isfinite(discretisation_error(1.0, 1.0, 1.1))
