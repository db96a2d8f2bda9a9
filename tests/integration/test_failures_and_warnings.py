"""What fails in the coolant loop, what clogs, and how a run tells its reader."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coarse_runs import VIRUS, command, total, values

import twin
from twin.engine.run import build
from twin.errors import SpecError
from twin.report.html import write_report
from twin.results import checkpoint
from twin.results.results import Results

BUSY = {
    "thermal.mesh": "wafer-coarse", "compare_with": None, "workload.start": "0 s", "workload.duration": "6 s",
    "workload.utilisation": 0.25,
}  # fmt: skip
PUMPS = ("cooling.failures", [{"part": "pump", "start": "2 s"}])


@cache
def _run(changes: str) -> Results:
    return twin.run(twin.load(VIRUS).replace({**BUSY, **dict(json.loads(changes))}))


def run(*changes: tuple[str, Any]) -> Results:
    return _run(json.dumps(changes))


def told(results: Results) -> dict[str, float]:
    return {warning.subject: warning.time for warning in results.warnings}


def test_a_healthy_run_has_nothing_to_tell() -> None:
    results = run()
    assert results.warnings == ()
    assert "warning" not in results.summary()
    assert results.to_json()["warnings"] == []


def test_pumps_that_fail_coast_down_and_the_wafer_heats() -> None:
    """Half of the speed is gone after 0.5 s; flow falls as the speed does, the wafer heats, nothing draws power."""
    results = run(PUMPS)
    flow = values(results, "flow_rate")
    np.testing.assert_allclose(flow[:2], 40e-3 / 60, rtol=1e-9)
    assert np.all(np.diff(flow[1:]) < 0)
    assert 0.0 < flow[-1] < 0.2 * flow[0]
    assert not total(results, "pump_power")[2:].any()
    assert np.all(np.diff(values(results, "peak_temperature")[1:, 0]) > 1.0)
    assert told(results) == {"pump curve": 3.0, "thermal model": 3.0}, "the reduced model refuses so little flow"
    assert results.kpis["energy_residual"] < 1e-6


def test_one_of_two_pumps_still_gives_the_flow_at_another_efficiency() -> None:
    results = run(("cooling.failures", [{"part": "pump", "start": "2 s", "remaining": 0.5}]))
    np.testing.assert_allclose(values(results, "flow_rate"), 40e-3 / 60, rtol=1e-9)
    power = total(results, "pump_power")
    assert abs(power[-1] / power[0] - 1) > 0.02
    assert results.warnings == ()


def test_a_repaired_pump_gives_the_flow_back() -> None:
    results = run(("cooling.failures", [{"part": "pump", "start": "2 s", "end": "4 s"}]))
    flow = values(results, "flow_rate")
    assert np.all(flow[2:4] < 0.9 * flow[0])
    np.testing.assert_allclose(flow[4:], flow[0], rtol=1e-9)


def test_lost_facility_water_is_told_once_with_its_first_time() -> None:
    results = run(("cooling.failures", [{"part": "facility_water", "start": "2 s"}]))
    assert np.all(np.diff(values(results, "coolant_inlet")[3:]) > 0.0)
    assert told(results) == {"inlet temperature": 3.0}
    assert not total(results, "facility_heat")[2:].any()


def test_a_stuck_valve_undercools_until_water_condenses() -> None:
    damp = [{"part": "bypass_valve", "start": "2 s", "remaining": 1}]
    results = run(("cooling.failures", damp), ("workload.utilisation", 0.02))
    assert values(results, "coolant_inlet")[-1] < 293.0
    assert values(results, "coolant_inlet")[1] == pytest.approx(293.15)


def test_a_clogged_patch_heats_the_dies_below_it() -> None:
    patch = [{"x": ["61 mm", "92 mm"], "y": ["90 mm", "108 mm"], "resistance_factor": 8}]
    rise = (values(run(("cooling.clogged", patch)), "die_temperature") - values(run(), "die_temperature"))[-1, 0]
    assert np.unravel_index(np.argmax(rise), rise.shape) == (5, 2)
    assert rise.max() > 3.0
    assert rise[0, -1] < 0.0  # the flow that it turns away cools the others


def test_fluid_that_leaves_its_range_is_told() -> None:
    fast = run(("cooling.design", "straight-cold-plate"), ("cooling.flow_rate", "100 L/min"))
    assert "pump curve" in told(fast)
    dew = run(("cooling.inlet_temperature", "10 degC"), ("workload.utilisation", 0.0))
    assert set(told(dew)) == {"inlet temperature"}  # facility water of 15 degC cannot cool to 10


def test_what_cannot_fail_or_clog_is_refused() -> None:
    wrong = {
        "cooling.failures.0.part": ("cooling.failures", [{"part": "fan"}]),
        "cooling.clogged.0.x": ("cooling.clogged", [{"x": ["0 mm", "1 m"], "y": ["0 mm", "9 mm"], "blocked_share": 1}]),
    }
    for key, change in wrong.items():
        with pytest.raises(SpecError) as error:
            run(change)
        assert [problem.key for problem in error.value.problems] == [key]
    jets = ("cooling.design", "jet-impingement")
    with pytest.raises(SpecError, match="jets have no channels"):
        run(jets, ("cooling.clogged", [{"x": ["0 mm", "9 mm"], "y": ["0 mm", "9 mm"], "blocked_share": 1}]))


def test_a_run_that_is_continued_amid_a_failure_coasts_on_and_remembers_its_warnings(tmp_path: Path) -> None:
    simulation = build(twin.load(VIRUS).replace({**BUSY, PUMPS[0]: PUMPS[1]}), "failing")
    state = simulation.initial()
    for _ in range(4):
        state, _ = simulation.step(state, 1.0)
    checkpoint.save(tmp_path / "state.npz", simulation.pack(state))
    stored = simulation.unpack(checkpoint.load(tmp_path / "state.npz"))
    assert simulation.warnings(stored) == simulation.warnings(state) != ()
    (state, kept), (stored, found) = (simulation.step(each, 1.0) for each in (state, stored))
    assert found["flow_rate"] == kept["flow_rate"] < 0.3 * 40e-3 / 60
    np.testing.assert_allclose(found["tile_temperature"], kept["tile_temperature"], rtol=1e-10)
    assert simulation.warnings(stored) == simulation.warnings(state)


def test_the_command_the_store_and_the_report_tell_the_same(tmp_path: Path) -> None:
    settings = [f"--set={key}={json.dumps(value)}" for key, value in {**BUSY, PUMPS[0]: PUMPS[1]}.items()]
    printed = command("run", VIRUS, *settings, "--out", "failing", folder=tmp_path, check=True).stdout
    kept = twin.open_results(tmp_path / "failing")
    by_subject = {warning.subject: warning for warning in kept.warnings}
    assert set(by_subject) == {"pump curve", "thermal model"}
    warning, taken_over = by_subject["pump curve"], by_subject["thermal model"]
    assert f"warning, first at 3 s: {warning.text}" in printed
    assert "the pumps deliver 17" in warning.text
    assert f"warning, first at 3 s: {taken_over.text}" in printed
    assert "the full thermal model took over" in taken_over.text
    page = (tmp_path / "failing" / "report.html").read_text()
    assert "<h2>Warnings</h2>" in page
    assert warning.text in page
    calm = write_report(run(), tmp_path / "calm.html").read_text()
    assert "<h2>Warnings</h2>" not in calm
    listed = kept.to_json()["warnings"]
    assert {"subject": "pump curve", "text": warning.text, "time_s": 3.0} in listed
    assert {item["subject"] for item in listed} == set(by_subject)
