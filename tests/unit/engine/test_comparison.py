"""The system that a scenario is compared with: GPUs are recorded coarsely, wafers keep their control steps."""

from __future__ import annotations

import pytest

import twin
from twin.engine.run import RECORD_STEP, prepare


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
