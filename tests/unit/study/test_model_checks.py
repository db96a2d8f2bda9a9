"""Which points are checked against the full model, and what is said of the differences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import twin
from twin.study.dataset import open_study
from twin.study.model_checks import Check, checks_in_words, chosen_points, is_checked, read_checks
from twin.study.planner import plan, read_study
from twin.study.points import warnings
from twin.study.run import run_study

STUDY: dict[str, Any] = {
    "base": "wse3-power-virus",
    "set": {"thermal.mesh": "wafer-coarse", "workload.duration": "2 s"},
    "axes": {"cooling.inlet_temperature": ["20 degC", "30 degC", "40 degC"]},
    "steady": True,
}


def test_hottest_point_and_ten_seeded_others() -> None:
    peaks = {number: 300.0 + (number * 37) % 50 for number in range(50)}
    chosen = chosen_points(peaks)
    (hottest,) = (number for number, why in chosen.items() if why == "hottest")
    assert peaks[hottest] == max(peaks.values())
    assert len(chosen) == 11
    assert chosen == chosen_points(peaks)
    assert chosen != chosen_points(peaks, seed=2)
    assert chosen_points({3: 300.0}) == {3: "hottest"}
    assert chosen_points({}) == {}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"steady": False}, True),
        ({"set": {**STUDY["set"], "thermal.model": "full"}}, False),
        ({"axes": {"thermal.model": ["full", "reduced"]}}, False),
    ],
)
def test_points_of_the_reduced_model_are_checked(changes: dict[str, Any], expected: bool) -> None:
    assert is_checked(plan(*read_study({**STUDY, **changes}))) is expected


def test_study_is_checked_against_the_full_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIN_CACHE", str(tmp_path / "cache"))
    run_study(STUDY, tmp_path / "out", workers=1)
    run_study({**STUDY, "set": {**STUDY["set"], "thermal.model": "full"}}, tmp_path / "full", workers=1)
    checks = read_checks(tmp_path / "out")
    assert {(check.number, check.chosen) for check in checks} == {(0, "random"), (1, "random"), (2, "hottest")}
    for folder, of in (("out", "reduced"), ("full", "full")):
        peaks = open_study(tmp_path / folder)["peak_temperature_K"].values
        found = {check.number: getattr(check, of) for check in checks if check.quantity == "peak_temperature_K"}
        assert [found[number] for number in range(3)] == peaks.tolist()
    assert read_checks(tmp_path / "full") == []
    assert "the hottest point and 2 random ones:" in checks_in_words(checks)
    written = (tmp_path / "out" / "checks.json").read_text()
    (tmp_path / "out" / "checks.json").write_text('{"points": ["of", "before"], "checks": []}')
    run_study(STUDY, tmp_path / "out", workers=1)
    assert (tmp_path / "out" / "checks.json").read_text() == written, "checks of other points are made anew"


def test_points_that_the_full_model_computed_are_not_checked_but_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWIN_CACHE", str(tmp_path / "cache"))
    run_study({**STUDY, "axes": {"cooling.flow_rate": ["12 L/min", "40 L/min"]}}, tmp_path / "out", workers=1)
    assert {check.number for check in read_checks(tmp_path / "out")} == {1}
    (warned,) = warnings(tmp_path / "out")
    assert (warned.number, warned.count) == (0, 1)
    assert "full thermal model took over from the reduced one: a coolant flow of 12.0 L/min is outside" in warned.text


def test_runs_of_a_study_are_checked_at_their_own_instants(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The chosen ones alone: of each the instant at which both models are farthest apart, as a run of its own tells."""
    monkeypatch.setenv("TWIN_CACHE", str(tmp_path / "cache"))
    changes = {**STUDY["set"], "workload.duration": "1 s", "control.step": "100 ms"}
    study = {**STUDY, "steady": False, "set": changes, "axes": {"cooling.inlet_temperature": ["20 degC", "30 degC"]}}
    run_study(study, tmp_path / "out", workers=1)
    checks = read_checks(tmp_path / "out")
    assert [(check.number, check.chosen) for check in checks] == [(0, "random"), (1, "hottest")]
    scenario = twin.load(study["base"]).replace({**changes, "cooling.inlet_temperature": "30 degC"})
    worst = max(twin.run(scenario).model_checks, key=lambda found: found.peak_K)
    assert (checks[1].reduced, checks[1].full) == (worst.reduced_peak_K, worst.full_peak_K)
    assert 0.0 < abs(checks[1].difference) == worst.peak_K < 0.5
    assert twin.run(scenario, checks=False).model_checks == ()


def test_words_name_the_largest_difference() -> None:
    checks = [
        Check(0, "hottest", "peak_temperature_K", 350.02, 350.0),
        Check(4, "random", "peak_temperature_K", 330.0, 330.05),
        Check(0, "hottest", "wafer_power_W", 20.1e3, 20e3),
    ]
    assert "at most 0.05 K, wafer power by at most 0.5 %" in checks_in_words(checks)
    assert checks_in_words([]) == ""
