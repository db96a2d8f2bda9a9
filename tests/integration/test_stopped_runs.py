"""Runs that end early: the exit code is 1, and what was computed is kept and marked."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from coarse_runs import command

SCENARIO = """\
kind: scenario
base: wse3-power-virus
system: leaky
control: {policy: none, step: 0.5 s}
workload: {utilisation: 0.8, start: 1 s, duration: 6 s}
cooling: {flow_rate: 10 L/min}
thermal: {mesh: wafer-coarse, tiles_per_die: {x: 2, y: 2}}
"""
CHIP = """\
kind: chip
base: wse3
leakage: {{{key}: {{value: {value}, source: "chosen to run away", status: derived}}}}
"""


def write(folder: Path, key: str, value: str) -> None:
    """Write the scenario and a data folder with a chip of another leakage."""
    for name, text in (
        ("chips", CHIP.format(key=key, value=value)),
        ("systems", "kind: system\nbase: cs3\nchip: leaky\n"),
    ):
        (folder / "mine" / name).mkdir(parents=True)
        (folder / "mine" / name / "leaky.yaml").write_text(text)
    (folder / "hot.yaml").write_text(SCENARIO)


def test_a_runaway_keeps_what_was_computed_before_it(tmp_path: Path) -> None:
    write(tmp_path, "temperature_coefficient", "0.15 1/K")
    done = command("run", "hot.yaml", "--data", "mine", "--out", "hot", "--json", folder=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    told = json.loads(done.stdout)
    assert told["status"] == "stopped"
    assert told["reason"]
    assert 2 <= told["steps"] < 12
    assert told["peak_temperature_K"] is not None
    assert told["energy_residual"] <= 1e-6
    data = xr.open_zarr(tmp_path / "hot" / "results.zarr", consolidated=False, chunks=None)
    assert data.attrs["status"] == "stopped"
    assert data.attrs["reason"] == told["reason"]
    kept = data["peak_temperature"].values[: told["steps"]]
    assert np.isfinite(kept).all()
    assert kept.max() == pytest.approx(told["peak_temperature_K"])
    assert np.isnan(data["peak_temperature"].values[told["steps"] :]).all()
    assert "stopped" in (tmp_path / "hot" / "report.html").read_text()


def test_a_wafer_that_runs_away_at_rest_is_a_stopped_run_too(tmp_path: Path) -> None:
    """There is no state before the first step; still there is a result, marked, with nothing in it."""
    write(tmp_path, "power", "300 kW")
    done = command("run", "hot.yaml", "--data", "mine", "--out", "hot", "--json", folder=tmp_path)
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    assert (told["status"], told["steps"], told["peak_temperature_K"]) == ("stopped", 0, None)
    assert (tmp_path / "hot" / "report.html").is_file()
    again = command("run", "hot.yaml", "--data", "mine", "--out", "hot", "--json", "--resume", folder=tmp_path)
    assert again.returncode == 1
    assert json.loads(again.stdout) == told
