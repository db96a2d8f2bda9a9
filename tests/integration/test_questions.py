"""The studies that ask a question, as they are shipped but with few points: computed, answered, put on a page."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from coarse_runs import command
from ruamel.yaml import YAML

from twin import library
from twin.report.study import write_study_report
from twin.report.study_words import told
from twin.spec.study import Study
from twin.study.points import read_points
from twin.study.run import run_study

FEW: dict[str, dict[str, Any]] = {
    "models": {"model": ["llama-3.1-8b", "codellama-34b"], "systems": [1, 2]},
    "pump-failure": {"cooling.inlet_temperature": ["20 degC"]},
}
"""Axes of which the ends are too slow for a test."""
REDUCED = "flow-optimum"
"""The study whose points are those of the reduced thermal model, which takes its time to build."""
SHORT = {"pump-failure": {"workload": {"type": "virus", "utilisation": 0.55, "duration": "2.4 s", "start": "0 s"}}}


def shipped() -> list[str]:
    """Return the studies that vary keys along axes and answer from their points."""
    found = {name: library.load("study", name) for name in library.names("study")}
    return [name for name, study in found.items() if isinstance(study, Study) and study.axes and study.answers]


def reduced(name: str) -> dict[str, Any]:
    """Return a study with the ends of its numeric axes and two values of the others, on the coarse mesh."""
    study = library.load("study", name)
    assert isinstance(study, Study)
    tree: dict[str, Any] = study.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    for key, axis in tree["axes"].items():
        tree["axes"][key] = [axis[0], axis[-1]] if isinstance(axis, list) else {**axis, "points": 2}
    tree["axes"] |= FEW.get(name, {})
    if "layers.*" not in "".join(tree["axes"]):
        thermal = {"thermal.mesh": "wafer-coarse", "thermal.model": "reduced" if name == REDUCED else "full"}
        tree["set"] = {**tree.get("set", {}), **thermal, **SHORT.get(name, {})}
    return tree


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIN_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("name", shipped())
def test_question_is_answered(name: str, tmp_path: Path) -> None:
    found = run_study(reduced(name), tmp_path, workers=2)
    assert found.failed == 0, found.errors
    assert found.done >= 2
    points = read_points(tmp_path)
    residual = points.columns["energy_residual"].values.astype(float)
    assert not (residual > 1e-6).any()
    page = write_study_report(tmp_path).read_text(encoding="utf-8")
    for answer in told(points):
        assert answer.sentence
        assert answer.heading.replace("'", "&#39;") in page
    assert points.study.question.split()[0] in page
    assert '"data":' in page, "no figure"
    assert ("reduced less full model" in page) == (name == REDUCED)


def test_shipped_questions_say_what_they_assume_and_hold_for() -> None:
    assert {"warm-water", "flow-optimum", "pump-failure", "concurrency", "chip-against-chip"} <= set(shipped())
    assert {"channel-geometry", "stacked-wafers", "models", "cooling-designs"} <= set(shipped())
    for name in shipped():
        study = library.load("study", name)
        assert isinstance(study, Study)
        assert study.question, name
        assert study.assumed, name
        assert study.holds_for, name


STUDY = """\
kind: study
title: Too hot?
question: Up to which inlet?
base: wse3-power-virus
set: {thermal.mesh: wafer-coarse, workload.duration: 2 s, control.policy: none}
steady: true
axes:
  cooling.inlet_temperature: [20 degC, 40 degC, 80 degC]
answers: [{asks: Warmest inlet, maximise: cooling.inlet_temperature, limits: [peak_temperature_K <= 60 degC]}]
"""


def test_study_command_prints_the_answer_and_writes_the_page(tmp_path: Path) -> None:
    (tmp_path / "hot.yaml").write_text(STUDY)
    ran = command("study", "hot.yaml", "--out", "hot", "--workers", "1", folder=tmp_path)
    assert ran.returncode == 1, ran.stderr
    assert "Warmest inlet: " in ran.stdout
    assert "report: hot/report.html" in ran.stdout
    page = (tmp_path / "hot" / "report.html").read_text(encoding="utf-8")
    with sqlite3.connect(tmp_path / "hot" / "catalogue.sqlite") as database:
        (error,) = database.execute("SELECT error FROM points WHERE state = 'failed'").fetchone()
    assert error.split(":")[0] in page
    again = command("report", "hot", "--out", "again.html", folder=tmp_path)
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == page


def test_wrong_question_is_refused_before_anything_is_computed(tmp_path: Path) -> None:
    (tmp_path / "hot.yaml").write_text(STUDY.replace("peak_temperature_K <= 60", "peak_temp <= 60"))
    ran = command("check", "hot.yaml", "--json", folder=tmp_path)
    assert ran.returncode == 2
    (problem,) = json.loads(ran.stdout)["problems"]
    assert problem["key"] == "answers.0.limits"
    assert "Did you mean 'peak_temperature_K'" in problem["message"]


def test_stack_study_from_a_file_of_the_user(tmp_path: Path) -> None:
    study = YAML(typ="safe", pure=True).load((library.packaged("studies") / "stacked-wafers.yaml").read_text())
    stack = (library.packaged("stacks") / "one-wafer.yaml").read_text()
    (tmp_path / "mine.yaml").write_text(stack.replace("cells: {x: 42, y: 192}", "cells: {x: 14, y: 48}"))
    content = {**study, "base": str(tmp_path / "mine.yaml"), "axes": {"sources.*.power": ["1 kW", "2 kW"]}}
    content |= {"answers": [], "show": []}
    run_study(content, tmp_path / "out", workers=1)
    heat = read_points(tmp_path / "out").columns["heat_in_W"].values.astype(float)
    assert heat[1] > 2 * heat[0], "leakage grows as well"
