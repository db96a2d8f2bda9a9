"""`mpiexec -n 2 twin solve` gives the answers of one process, printed once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SILICON = "{conductivity: 130 W/m/K, density: 2330 kg/m^3, specific_heat: 700 J/kg/K}"
CHANNELS = "wall_material: silicon, coolant: water, inlet_temperature: 20 degC, flow_rate: 0.6 L/min"
HEAD = f"""
kind: stack
size: {{x: 20 mm, y: 15 mm}}
cells: {{x: 24, y: 20}}
layers:
  - {{name: die, thickness: 0.5 mm, material: {SILICON}, cells: 3}}
  - {{name: upper, thickness: 300 um, microchannels: {{width: 100 um, wall: 100 um, axis: y, {CHANNELS}}}, cells: 2,
     contact_resistance_below: 2e-6 m^2*K/W}}
"""
TAIL = """
sources:
  - {layer: die, power: 30 W, rectangle: {x: [3 mm, 8.3 mm], y: [5 mm, 10 mm]}}
  - {layer: die, power: 10 W, feedback: {coefficient: 0.01 1/K, reference: 300 K}}
probes:
  hot: {x: 7 mm, y: 7 mm, layer: die, face: bottom}
  mean: {mean: {x: [9 mm, 18 mm], y: [5 mm, 10 mm]}, layer: die}
"""
STACKS = {
    "steady": HEAD + "boundaries: {x_max: {temperature: 25 degC}}" + TAIL,
    "transient": HEAD + TAIL + "transient: {end: 20 ms, step: 2 ms, initial: 25 degC, times: [4 ms, 20 ms]}\n",
    "crossing": HEAD
    + f"""  - {{name: middle, thickness: 0.2 mm, material: {SILICON}, cells: 1}}
  - {{name: crossing, thickness: 300 um, microchannels: {{width: 100 um, wall: 100 um, axis: x, {CHANNELS}}}, cells: 2}}
"""
    + TAIL,
}


def solved(file: Path, *launcher: str) -> dict[str, Any]:
    command = [*launcher, sys.executable, "-m", "twin.cli.main", "solve", str(file), "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    return json.loads(ran.stdout)


def numbers(tree: Any, place: str = "") -> dict[str, float]:
    if isinstance(tree, dict):
        return {k: v for key, part in tree.items() for k, v in numbers(part, f"{place}.{key}").items()}
    if isinstance(tree, list):
        return {k: v for index, part in enumerate(tree) for k, v in numbers(part, f"{place}.{index}").items()}
    return {place: float(tree)} if isinstance(tree, int | float) else {}


@pytest.mark.parametrize("name", STACKS)
def test_two_processes_find_what_one_finds(tmp_path: Path, name: str) -> None:
    file = tmp_path / f"{name}.yaml"
    file.write_text(STACKS[name])
    one = solved(file)
    two = solved(file, str(Path(sys.executable).with_name("mpiexec")), "-n", "2")
    assert one["status"] == two["status"] == "converged"
    assert max(one["energy_residual"], two["energy_residual"]) < 1e-8
    expected, found = numbers(one), numbers(two)
    assert expected.keys() == found.keys()
    for key, value in expected.items():
        if not key.endswith(("wall_time_s", "iterations", "energy_residual")) and "error_estimate" not in key:
            assert found[key] == pytest.approx(value, rel=1e-8), key
