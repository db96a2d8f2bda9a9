"""Bands of a run from the command line, and the shipped studies of unknown inputs and optima, small, on real points."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from coarse_runs import command

import twin
from twin import library
from twin.report.html import render
from twin.report.optimisation import finding_cards
from twin.results.results import open_results
from twin.results.uncertainty import UNCERTAINTY_FILE
from twin.study.dataset import open_study
from twin.study.findings import findings
from twin.study.model_checks import read_checks
from twin.study.run import run_study


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIN_CACHE", str(tmp_path / "cache"))


def test_bands_of_a_run(tmp_path: Path) -> None:
    arguments = ["run", "dgx-h100-llama3.1-8b-conversation", "--set", "workload.duration=20 s", "--set", "systems=2"]
    ran = command(*arguments, "--uncertainty", "--json", "--out", "out", folder=tmp_path, check=True)
    found = json.loads(ran.stdout)
    sure = found["uncertainty"]
    assert (sure["points"], sure["done"], sure["seed"], sure["method"]) == (64, 64, 1, "Latin hypercube")
    assert {item["key"] for item in sure["inputs"]} >= {"inputs.system.supply_efficiency", "inputs.gpu.power.sharpness"}
    assert all(item["low"] < item["high"] and item["status"] in ("assumed", "estimated") for item in sure["inputs"])
    band = sure["bands"]["wall_energy_per_token_J"]
    assert band["low"] < band["median"] < band["high"]
    assert band["low"] < band["nominal"] < band["high"]
    assert band["drivers"]
    assert "energy_residual" not in sure["bands"]
    results = open_results(tmp_path / "out")
    assert results.uncertainty is not None
    assert f"{len(results.uncertainty.inputs)} inputs that nobody published vary" in results.summary()
    assert "How sure it is" in render(results)
    again = twin.uncertainty(twin.load(str(tmp_path / "out" / "scenario.yaml")), points=64, workers=1)
    assert again.bands == results.uncertainty.bands, "the same seed gives the same bands"


def test_bands_of_another_scenario_are_not_shown(tmp_path: Path) -> None:
    short = {"workload.duration": "1 s", "thermal.mesh": "wafer-coarse"}
    results = twin.run(twin.load("wse3-idle").replace(short), tmp_path / "out")
    text = {"method": "", "points": 1, "done": 1, "seed": 1, "noise": 1, "inputs": [], "bands": {}, "reasons": []}
    (tmp_path / "out" / UNCERTAINTY_FILE).write_text(json.dumps({**text, "scenario": "of another one"}))
    assert open_results(tmp_path / "out").uncertainty is None
    assert "uncertainty" not in results.to_json()


def small(name: str, **changes: Any) -> dict[str, Any]:
    """Return a shipped study on the coarse mesh with fewer points."""
    content = library.tree("study", name)
    content["set"] = {**content.get("set", {}), "thermal.mesh": "wafer-coarse"}
    for part in ("sample", "optimise"):
        if part in content:
            content[part] = {**content[part], **changes}
    return content


def test_sensitivity_as_shipped_but_small(tmp_path: Path) -> None:
    over = {"inputs.chip.clock_tree.power": "range", "inputs.cooling.loop.facility.temperature": "range"}
    run_study(small("sensitivity", points=8, over=over), tmp_path)
    found = {item.quantity: item for item in findings(tmp_path).sensitivities}
    assert found["peak_temperature_K"].ranked[0] == "inputs.cooling.loop.facility.temperature"
    assert found["energy_per_token_J"].total["inputs.chip.clock_tree.power"].value > 0.5
    assert {card.name for card in finding_cards(findings(tmp_path))} >= {
        "sobol-peak_temperature_K",
        "sobol-energy_per_token_J",
    }


def test_optimum_as_shipped_but_small(tmp_path: Path) -> None:
    run_study(small("least-energy", design=6, starts=1, evaluations=12), tmp_path)
    found = findings(tmp_path)
    assert found.optimisation is not None
    (best,) = found.optimisation.solutions
    tried = [point.objectives[0] for point in found.optimisation.tried if point.objectives and point.kept]
    assert best.objectives[0] == min(tried)
    assert open_study(tmp_path).sizes["point"] == len(found.optimisation.tried)
    assert [card.name for card in finding_cards(findings(tmp_path))] == ["response"]
    assert any(line.startswith("least site_energy_per_token_J") for line in found.lines)
    checked = {check.quantity: check for check in read_checks(tmp_path) if check.chosen == "answer"}
    assert abs(checked["peak_temperature_K"].difference) < 0.1


def test_front_as_shipped_but_small(tmp_path: Path) -> None:
    run_study(small("pareto", design=6, starts=1, evaluations=10, front=3), tmp_path)
    found = findings(tmp_path).optimisation
    assert found is not None
    front = [solution.objectives for solution in found.solutions]
    assert len(front) >= 2
    assert [first for first, _ in front] == sorted(first for first, _ in front)
    assert [second for _, second in front] == sorted((second for _, second in front), reverse=True)
    assert [card.name for card in finding_cards(findings(tmp_path))] == ["front"]
