"""`twin solve` as a user types it: tables, JSON, files, messages, exit codes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import xarray as xr

from twin.cli import main as command

STACK = """
kind: stack
size: {x: 20 mm, y: 10 mm}
cells: {x: 8, y: 4}
layers:
  - {name: die, thickness: 0.5 mm, material: silicon, cells: 2}
  - name: channels
    thickness: 300 um
    microchannels: {width: 100 um, wall: 100 um, axis: x, direction: "-", wall_material: silicon, coolant: water,
                    inlet_temperature: 20 degC, flow_rate: 0.5 L/min}
sources: [{layer: die, power: 40 W, rectangle: {x: [0 mm, 5 mm], y: [0 mm, 5 mm]}}]
probes: {hot: {x: 2 mm, y: 2 mm, z: 0 mm}, "cold corner": {x: 20 mm, y: 10 mm, layer: die, face: top}}
"""


@pytest.fixture
def twin(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["twin", *arguments])
        with pytest.raises(SystemExit) as end:
            command.main()
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return run


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    path = tmp_path / "stack.yaml"
    path.write_text(STACK)
    return path


def test_json_is_one_object_with_every_promised_key(twin, stack: Path) -> None:
    code, out, err = twin("solve", str(stack), "--json")
    assert (code, err) == (0, "")
    found: dict[str, Any] = json.loads(out)
    assert found["status"] == "converged"
    assert {
        "max_temperature_K", "min_temperature_K", "layers", "probes", "heat_in_W", "heat_out_W", "feedback_W",
        "energy_residual", "coolant", "error_estimate_K", "dofs", "iterations", "warnings", "wall_time_s",
    } <= set(found)  # fmt: skip
    assert set(found["layers"]["die"]) == {"max_K", "min_K", "mean_K"}
    assert set(found["coolant"]) == {"outlet_mean_K", "outlet_max_K", "pressure_drop_Pa", "reynolds", "flow_rate_m3_s"}
    assert found["heat_in_W"] == pytest.approx(40.0)
    assert found["energy_residual"] < 1e-8
    hot, cold = (found["probes"][name]["temperature_K"][0] for name in ("hot", "cold corner"))
    assert 293.15 < cold < hot <= found["max_temperature_K"]


def test_numbers_of_json_are_not_rounded(twin, stack: Path) -> None:
    _, out, _ = twin("solve", str(stack), "--json")
    assert len(repr(json.loads(out)["probes"]["hot"]["temperature_K"][0])) > 12


def test_tables_show_layers_probes_and_coolant(twin, stack: Path) -> None:
    code, out, _ = twin("solve", str(stack))
    assert code == 0
    for word in ("die", "channels", "cold corner", "pressure_drop_Pa", "energy residual", "unknowns"):
        assert word in out


def test_out_writes_field_and_solution(twin, stack: Path, tmp_path: Path) -> None:
    """The field lies as in the stack file although channels run along x: hot at x_min and y_min."""
    folder = tmp_path / "solution"
    code, out, _ = twin("solve", str(stack), "--json", "--out", str(folder))
    assert code == 0
    assert json.loads((folder / "solution.json").read_text())["probes"] == json.loads(out)["probes"]
    with xr.open_dataset(folder / "temperature.nc") as data:
        field = data["temperature"]
        assert field.sizes["x"] > field.sizes["y"]
        place = field.isel(field.argmax(...))
        assert (float(place["x"]) < 6e-3, float(place["y"]) < 6e-3) == (True, True)
        assert float(field.max()) == pytest.approx(json.loads(out)["max_temperature_K"], rel=1e-9)


def test_mistakes_end_with_two_and_no_traceback(twin, stack: Path) -> None:
    stack.write_text(
        STACK.replace("layer: die, power", "layer: dye, power").replace("silicon, cells", "silicone, cells")
    )
    code, out, err = twin("solve", str(stack), "--json")
    assert (code, out) == (2, "")
    assert "2 problems in stack.yaml" in err
    assert "Did you mean 'die'" in err
    assert "Traceback" not in err


def test_slots_that_overlap_are_a_mistake_of_the_file(twin, stack: Path) -> None:
    slots = "flow_rate: 0.5 L/min, slots: {inlets: [0 mm, 2 mm], outlets: [1 mm], width: 3 mm}"
    stack.write_text(STACK.replace('direction: "-", ', "").replace("flow_rate: 0.5 L/min", slots))
    code, _, err = twin("solve", str(stack))
    assert code == 2
    assert "slots" in err


def test_missing_map_and_missing_file(twin, stack: Path, tmp_path: Path) -> None:
    text = STACK.replace("power: 40 W, rectangle: {x: [0 mm, 5 mm], y: [0 mm, 5 mm]}", "map: nowhere.csv")
    stack.write_text(text)
    code, _, err = twin("solve", str(stack))
    assert code == 2
    assert "nowhere.csv" in err
    code, _, err = twin("solve", str(tmp_path / "no.yaml"))
    assert code == 2
    assert "no such file" in err


def test_out_never_overwrites_unless_told(twin, stack: Path, tmp_path: Path) -> None:
    folder = tmp_path / "solution"
    assert twin("solve", str(stack), "--out", str(folder))[0] == 0
    before = (folder / "solution.json").read_bytes()
    code, _, err = twin("solve", str(stack), "--out", str(folder))
    assert code == 2
    assert "--overwrite" in err
    assert (folder / "solution.json").read_bytes() == before
    stack.write_text(STACK.replace("40 W", "80 W"))
    assert twin("solve", str(stack), "--out", str(folder), "--overwrite")[0] == 0
    assert json.loads((folder / "solution.json").read_text())["heat_in_W"] == pytest.approx(80.0)
    assert sorted(path.name for path in folder.iterdir()) == ["solution.json", "temperature.nc"]


RUNAWAY = """
kind: stack
size: {x: 1 mm, y: 1 mm}
layers: [{name: die, thickness: 0.1 mm, material: silicon}]
boundaries: {bottom: {film: {coefficient: 1000 W/m^2/K, ambient: 300 K}}}
sources: [{layer: die, power: 1 W, feedback: {coefficient: 0.02 1/K, reference: 300 K}}]
probes: {p: {x: 0 mm, y: 0 mm, layer: die, face: top}}
"""


@pytest.mark.parametrize("transient", ["", "transient: {end: 10 s, step: 0.1 s, initial: 300 K, times: [1 s, 10 s]}\n"])
def test_runaway_is_told_with_every_key_and_no_temperature(twin, stack: Path, tmp_path: Path, transient: str) -> None:
    _, out, _ = twin("solve", str(stack), "--json")
    keys = set(json.loads(out))
    path = tmp_path / "runaway.yaml"
    path.write_text(RUNAWAY + transient)
    code, out, err = twin("solve", str(path), "--json", "--out", str(tmp_path / "solution"))
    assert (code, err) == (1, "")
    found = json.loads(out)
    assert found["status"] == "runaway"
    assert set(found) == keys
    assert found["max_temperature_K"] is None
    assert found["layers"]["die"] == {"max_K": None, "min_K": None, "mean_K": None}
    probe = found["probes"]["p"]
    assert probe["time_s"] == ([1.0, 10.0] if transient else [0.0])
    assert probe["temperature_K"] == probe["error_estimate_K"] == [None] * len(probe["time_s"])
    assert json.loads((tmp_path / "solution" / "solution.json").read_text())["status"] == "runaway"
    code, out, _ = twin("solve", str(path))
    assert code == 1
    assert "runaway" in out


def test_tables_show_errors(twin, stack: Path) -> None:
    _, out, _ = twin("solve", str(stack))
    assert out.count("±") == 3
