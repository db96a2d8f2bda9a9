"""What `twin run` writes: one JSON object, a table with units, a folder."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coarse_runs import SMALL, command

import twin
from twin import library
from twin.spec.scenario import Scenario

NAMED_BY_THE_CONTRACT = {
    "peak_temperature_K", "mean_temperature_K", "wafer_power_W", "system_power_W", "facility_power_W", "pump_power_W",
    "pressure_drop_Pa", "coolant_outlet_K", "min_voltage_V", "max_ir_drop_V", "tokens_per_second",
    "tokens_per_second_per_user", "time_to_first_token_s", "time_to_first_token_p99_s", "energy_per_token_J",
    "wall_energy_per_token_J", "utilisation", "energy_residual", "coupling_iterations", "assumed_inputs", "wall_time_s",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("command")
    (path / "small.yaml").write_text(SMALL)
    return path


@pytest.fixture(scope="module")
def told(folder: Path) -> dict[str, Any]:
    """The JSON object of a run with default folder; NaN and infinities would be refused here."""
    done = command("run", "small.yaml", "--json", folder=folder, check=True)

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} in the JSON")

    return json.loads(done.stdout, parse_constant=refuse)


def test_every_figure_of_the_contract_is_there(told: dict[str, Any]) -> None:
    assert set(told) >= NAMED_BY_THE_CONTRACT
    assert all(told[name] is not None for name in NAMED_BY_THE_CONTRACT)
    numbers = [value for value in told.values() if isinstance(value, float)]
    assert all(math.isfinite(number) for number in numbers)
    assert told["status"] == "complete"


def test_assumed_inputs_are_listed_with_their_ranges(told: dict[str, Any]) -> None:
    keys = {item["key"] for item in told["assumed_inputs"]}
    assert any("mac_energy" in key for key in keys)
    assert all(item["status"] == "assumed" and item["range"] for item in told["assumed_inputs"])


def test_figures_agree_with_the_store_and_with_python(told: dict[str, Any], folder: Path) -> None:
    """Computed again from the arrays, without the functions that made them."""
    results = twin.open_results(folder / "runs" / "small")
    data = results.data
    assert told["peak_temperature_K"] == pytest.approx(float(data["peak_temperature"].max()), rel=1e-12)
    assert told["wafer_power_W"] == pytest.approx(float(data["wafer_power"].sum("wafer").mean()), rel=1e-12)
    tokens = float(data["tokens"].sum())
    assert told["tokens_per_second"] == pytest.approx(tokens / 6, rel=1e-12)
    lengths = np.diff(data["time"].values, prepend=0.0)
    energy = float((data["system_power"].values * lengths).sum())
    assert told["wall_energy_per_token_J"] == pytest.approx(energy / tokens, rel=1e-12)
    assert told["min_voltage_V"] == pytest.approx(float(data["die_minimum_voltage"].min()), rel=1e-12)


def test_the_folder_holds_results_report_and_a_scenario_that_runs_again(told: dict[str, Any], folder: Path) -> None:
    out = folder / "runs" / "small"
    assert {path.name for path in out.iterdir()} == {"results.zarr", "report.html", "scenario.yaml"}
    written = library.load("scenario", str(out / "scenario.yaml"))
    assert written == library.load("scenario", str(folder / "small.yaml"))
    assert isinstance(written, Scenario)
    again = twin.run(written)
    for name, value in told.items():
        if isinstance(value, float) and name != "wall_time_s":
            assert again.kpis[name] == pytest.approx(value, rel=1e-9), name
    text = (out / "scenario.yaml").read_text()
    assert "core.mac_energy: 3.4 pJ (assumed; " in text


def test_without_json_figures_of_both_systems_come_with_units_and_notes_go_to_stderr(folder: Path) -> None:
    arguments = ("--set", "workload.duration=2 s", "--set", "compare_with=dgx-h100", "--out", "compared")
    done = command("run", "small.yaml", *arguments, folder=folder, check=True)
    for word in ("peak temperature", "degC", "J", "H100"):
        assert word in done.stdout
    assert "report:" in done.stderr
    assert "report:" not in done.stdout
    assert (folder / "compared" / "comparison" / "results.zarr").is_dir()
