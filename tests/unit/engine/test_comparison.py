"""The system that a scenario is compared with: GPUs are recorded coarsely, wafers keep their control steps."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

import twin
from twin.engine import run
from twin.engine.run import RECORD_STEP, prepare
from twin.results.results import Results
from twin.spec.scenario import Scenario


@pytest.mark.parametrize(("rival", "step"), [("dgx-h100", RECORD_STEP), ("cs2", 0.1)])
def test_step_of_the_other_system(rival: str, step: float) -> None:
    changes = {"compare_with": rival, "control.step": "100 ms", "workload.duration": "5 s", "thermal.model": "full"}
    scenario = twin.load("wse3-llama3.1-8b-conversation").replace({**changes, "thermal.mesh": "wafer-coarse"})
    _, compared = prepare(scenario, "test")
    assert compared is not None
    other, _ = compared
    assert (other.system, other.control.step) == (rival, step)
    assert other.workload == scenario.workload


def test_coarser_steps_than_the_record_are_kept() -> None:
    changes = {"control.step": "2.5 s", "workload.duration": "5 s", "thermal.model": "full"}
    scenario = twin.load("wse3-llama3.1-8b-conversation").replace({**changes, "thermal.mesh": "wafer-coarse"})
    _, compared = prepare(scenario, "test")
    assert compared is not None
    assert compared[0].control.step == 2.5


def test_a_long_comparison_is_run_beside_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By another process, with the same result as one after the other; resuming runs it again where it is missing."""
    changes = {"compare_with": "dgx-h100", "control.step": "1 s", "workload.duration": "8 s", "thermal.model": "full"}
    scenario = twin.load("wse3-llama3.1-8b-conversation").replace({**changes, "thermal.mesh": "wafer-coarse"})
    after, of_both = told(scenario, tmp_path / "after")
    monkeypatch.setattr(run, "_MANY", 5)
    beside, of_one = told(scenario, tmp_path / "beside")
    assert (len(of_both), len(of_one)) == (2, 1), "systems that this process told the progress of"
    shutil.rmtree(tmp_path / "beside" / run.COMPARISON)
    again, of_other = told(scenario, tmp_path / "beside", resume=True)
    assert of_other == of_both - of_one
    for found in (beside, again):
        assert found.comparison is not None
        assert after.comparison is not None
        assert timeless(found.comparison) == timeless(after.comparison)
        assert timeless(found) == timeless(after)


def told(scenario: Scenario, folder: Path, resume: bool = False) -> tuple[Results, set[str]]:
    """Run a scenario; return its results and the systems whose progress was told."""
    titles: set[str] = set()
    return twin.run(scenario, folder, resume=resume, progress=lambda done, total, title: titles.add(title)), titles


def timeless(results: Results) -> dict[str, Any]:
    return {name: value for name, value in results.kpis.items() if name != "wall_time_s"}
