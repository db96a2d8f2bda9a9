"""Requests that no cache can hold are told of, on wafers and on GPUs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import twin

TRACE = """\
TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 18:15:46.0,300,5
2023-11-16 18:15:46.3,900000000,5
2023-11-16 18:15:46.4,200,5
"""


@pytest.mark.parametrize("name", ["wse3-llama3.1-8b-conversation", "dgx-h100-llama3.1-8b-conversation"])
def test_requests_turned_away_are_warned_of(name: str, tmp_path: Path) -> None:
    (tmp_path / "trace.csv").write_text(TRACE)
    changes = {
        "workload.trace": str(tmp_path / "trace.csv"), "workload.rate_scale": 1, "workload.duration": "2 s",
        "control.step": "0.5 s", "thermal.mesh": "wafer-coarse", "compare_with": None, "systems": 1,
    }  # fmt: skip
    results = twin.run(twin.load(name).replace(changes))
    (told,) = [warning for warning in results.warnings if warning.subject == "cache"]
    assert told.text.startswith("1 request turned away: prompt and answer exceed the cache of ")
    assert told.time == 0.5
    assert results.requests is not None
    assert int(results.requests["time_to_first_token"].notnull().sum()) == 2


def test_hottest_instant_is_one_of_the_steps(tmp_path: Path) -> None:
    """Without work the wafer cools from its state at rest, when the adaptive voltage begins to fall."""
    changes = {"workload.duration": "0.5 s", "control.step": "0.1 s", "thermal.mesh": "wafer-coarse"}
    results = twin.run(twin.load("wse3-idle").replace(changes))
    peaks = results.data["peak_temperature"].max("wafer")
    assert results.hottest is not None
    assert float(results.hottest["time"]) == float(peaks["time"][int(np.argmax(peaks.values))])
