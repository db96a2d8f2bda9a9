"""Whole studies: wafers and GPUs, points that fail, samples, replicas, from the command line and from Python."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from coarse_runs import command
from studies import start

import twin
from twin.engine.steady_point import steady_point
from twin.errors import OutputError, SpecError

WAFER: dict[str, Any] = {
    "base": "wse3-power-virus",
    "set": {"thermal.mesh": "wafer-coarse", "workload.duration": "2 s"},
    "steady": True,
}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIN_CACHE", str(tmp_path / "cache"))


def test_grid_of_steady_points_in_memory() -> None:
    content = {
        **WAFER,
        "axes": {"cooling.inlet_temperature": ["20 degC", "30 degC"], "cooling.flow_rate": ["30 L/min", "50 L/min"]},
        "constraints": ["cooling.flow_rate < 45 L/min or cooling.inlet_temperature < 25 degC"],
        "derived": {"resistance": "(peak_temperature_K - cooling.inlet_temperature) / wafer_power_W"},
        "record": ["peak_temperature_K", "wafer_power_W"],
    }
    data = twin.study(content, workers=1)
    again = twin.study(content, workers=1)  # by now `twin.study` is a package, and callable all the same
    xr.testing.assert_identical(data, again)
    assert dict(data.sizes) == {"cooling.inlet_temperature": 2, "cooling.flow_rate": 2}
    assert data["cooling.flow_rate"].attrs["units"] == "m^3/s"
    assert set(data.data_vars) == {"peak_temperature_K", "wafer_power_W", "resistance", "status"}
    assert data["status"].values.tolist() == [["done", "done"], ["done", "excluded"]]
    assert np.isnan(data["peak_temperature_K"].values[1, 1])
    assert int(data.where(data["status"] == "done")["status"].count()) == 3
    assert data["resistance"].attrs["units"] == "K/W"
    scenario = twin.load("wse3-power-virus").replace({**WAFER["set"], "cooling.flow_rate": "50 L/min"})
    expected = steady_point(scenario)
    assert float(data["peak_temperature_K"][0, 1]) == expected["peak_temperature_K"], "the same bits as alone"
    rise = float(data["peak_temperature_K"][0, 1]) - 293.15
    assert float(data["resistance"][0, 1]) == pytest.approx(rise / float(data["wafer_power_W"][0, 1]))


STUDY = """\
kind: study
base: wse3-power-virus
set: {thermal.mesh: wafer-coarse, workload.duration: 2 s}
axes:
  cooling.inlet_temperature: [20 degC, 85 degC]
  cooling.flow_rate: [10 L/min, 40 L/min]
steady: %s
"""


@pytest.mark.parametrize("steady", ["true", "false"])
def test_points_that_fail_are_recorded_and_stop_nothing(steady: str, tmp_path: Path) -> None:
    (tmp_path / "hot.yaml").write_text(STUDY % steady)
    process = start(tmp_path, "hot.yaml", "--out", "hot", "--json")
    out, err = process.communicate(timeout=300)
    assert process.returncode == 1, err
    counts = json.loads(out)
    with sqlite3.connect(tmp_path / "hot" / "catalogue.sqlite") as database:
        found = dict(database.execute("SELECT number, error FROM points WHERE state = 'failed'"))
    assert counts["points"] == 4
    assert counts["failed"] == len(found) >= 1
    assert counts["done"] == 4 - len(found) >= 2
    assert all("Remedy" in error or "steady" in error for error in found.values()), found
    data = xr.open_zarr(tmp_path / "hot" / "study.zarr", consolidated=False)
    assert (data["status"].values.ravel() == "failed").nonzero()[0].tolist() == sorted(found)
    assert f"point {min(found)} failed" in err


def test_folder_of_other_files_is_refused(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "report.html").write_text("kept")
    with pytest.raises(OutputError, match=r"holds other files \(report.html, ...\); choose an empty folder"):
        twin.study({**WAFER, "axes": {"cooling.flow_rate": ["30 L/min"]}}, mine, workers=1)
    assert [path.name for path in mine.iterdir()] == ["report.html"]
    assert (mine / "report.html").read_text() == "kept"


def test_runs_with_replicas_differ_by_their_seed() -> None:
    data = twin.study(
        {
            "base": "dgx-h100-llama3.1-8b-conversation",
            "set": {"systems": 2, "workload.duration": "5 s"},
            "axes": {"workload.rate_scale": [2.5]},
            "replicas": 2,
            "record": ["time_to_first_token_p99_s", "tokens_per_second"],
        },
        workers=1,
    )
    assert data["workload.seed"].values.tolist() == [1, 2]
    assert data["tokens_per_second"].values[0, 0] != data["tokens_per_second"].values[0, 1]


def test_samples_have_a_point_dimension(tmp_path: Path) -> None:
    over = {"facility.power_usage_effectiveness": [1.0, 1.5]}
    content = {
        "base": "dgx-h100-llama3.1-8b-conversation",
        "set": {"systems": 2, "workload.duration": "20 s"},
        "sample": {"method": "sobol", "points": 16, "seed": 1, "over": over},
        "steady": True,
    }
    data = twin.study(content, out=tmp_path / "out", workers=1)
    assert dict(data.sizes) == {"point": 16}
    ratio = data["facility_power_W"] / data["system_power_W"]
    assert ratio.values == pytest.approx(data["facility.power_usage_effectiveness"].values, rel=1e-12)


def test_metric_without_a_value_is_told(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(
        "{base: dgx-h100-llama3.1-8b-conversation, set: {systems: 2, workload.duration: 20 s}, steady: true,\n"
        " axes: {facility.power_usage_effectiveness: [1.1, 1.2]}, record: [system_power_W, pump_power_W],\n"
        " derived: {of_nothing: facility_power_W / (system_power_W - system_power_W)}, kind: study}\n"
    )
    ran = command("study", "study.yaml", "--out", "out", "--workers", "1", folder=tmp_path)
    assert ran.returncode == 0, ran.stderr
    told = [line.split("  ")[1] for line in ran.stdout.splitlines() if line.endswith("no value at any point")]
    assert told == ["pump power", "of nothing"]


def test_wrong_study_is_refused_by_check_and_by_study(tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text(
        STUDY % "true" + "record: [peak_temp]\nconstraints: [cooling.flow_rate <= 3]\n"
    )
    for arguments in (("check", "wrong.yaml"), ("study", "wrong.yaml", "--out", "wrong")):
        ran = command(*arguments, folder=tmp_path)
        assert ran.returncode == 2
        assert "2 problems in wrong.yaml" in ran.stderr
        assert "constraints.0: m^3/s and 1 do not fit together" in ran.stderr
    assert not (tmp_path / "wrong").exists()
    with pytest.raises(SpecError, match="'peak_temp' is no key figure"):
        twin.study({**WAFER, "axes": {"model": ["llama-3.1-8b"]}, "record": ["peak_temp"]})


def test_shipped_studies_are_valid() -> None:
    from twin import library
    from twin.study.planner import plan, read_study

    for name in library.names("study"):
        assert plan(*read_study(name)).points > 1
