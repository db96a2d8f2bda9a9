"""`twin channel` as a user types it: table, JSON, files, messages, exit codes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from twin.cli import main as command

CELL = """
kind: channel
channel: {width: 57 um, height: 180 um, wall: 43 um, base: 270 um, cover: 450 um}
wall_material: {conductivity: 148 W/m/K, density: 2330 kg/m^3, specific_heat: 700 J/kg/K}
coolant: water
inlet_temperature: 20 degC
heat_flux: 90 W/cm^2
velocity: 1.62 m/s
length: 10 mm
model: developed
"""
KEYS = {
    "hydraulic_diameter_m", "reynolds", "f_re", "nusselt_h1", "nusselt_t", "fin_efficiency", "pressure_drop_Pa",
    "entrance_pressure_drop_Pa", "resistance_m2K_W", "resistance_max_m2K_W", "x_m", "base_temperature_K",
    "bulk_temperature_K", "error_estimate", "warnings",
}  # fmt: skip


@pytest.fixture
def twin(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["twin", *arguments])
        with pytest.raises(SystemExit) as end:
            command.main()
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return run


def written(folder: Path, text: str = CELL) -> str:
    path = folder / "cell.yaml"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("model", ["developed", "developing"])
def test_json_is_one_object_with_every_promised_key(twin, tmp_path: Path, model: str) -> None:
    code, out, err = twin("channel", written(tmp_path, CELL.replace("developed", model)), "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert set(found) == KEYS
    lengths = {len(found[key]) for key in ("x_m", "base_temperature_K", "bulk_temperature_K")}
    assert len(lengths) == 1
    assert (found["x_m"][0], found["x_m"][-1]) == (0.0, pytest.approx(0.01))
    assert 0 < found["error_estimate"] < 1e-3


def test_table_and_warnings_for_people(twin, tmp_path: Path) -> None:
    code, out, err = twin("channel", written(tmp_path, CELL.replace("1.62 m/s", "40 m/s")))
    assert code == 0
    assert "17.29" in out
    assert "K cm2/W" in out
    assert "warning: Reynolds number" in err


def test_out_writes_figures_and_refuses_to_overwrite(twin, tmp_path: Path) -> None:
    cell, folder = written(tmp_path), tmp_path / "solved"
    code, out, _ = twin("channel", cell, "--out", str(folder), "--json")
    assert code == 0
    assert json.loads((folder / "channel.json").read_text()) == json.loads(out)
    assert (folder / "channel.png").read_bytes().startswith(b"\x89PNG")
    code, _, err = twin("channel", cell, "--out", str(folder))
    assert code == 2
    assert "exists already" in err


def test_wrong_file_is_explained(twin, tmp_path: Path) -> None:
    code, out, err = twin("channel", written(tmp_path, CELL.replace("wall: 43 um", "wal: 43 um")))
    assert (code, out) == (2, "")
    assert "channel.wall: missing" in err
    assert "Did you mean 'wall'?" in err


def test_missing_file(twin, tmp_path: Path) -> None:
    code, _, err = twin("channel", str(tmp_path / "none.yaml"))
    assert code == 2
    assert "no such file" in err


def test_check_and_schema_know_the_kind(twin, tmp_path: Path) -> None:
    assert twin("check", written(tmp_path))[0] == 0
    code, out, _ = twin("schema", "channel")
    assert code == 0
    assert "heat_flux" in json.loads(out)["properties"]
