"""Ten thousand steady points in three minutes on two cores; cost that grows in proportion to the points."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import get_args

import pytest
from studies import start

from twin.spec.scenario import Thermal

WAFER = """\
kind: study
base: wse3-llama3.1-8b-conversation
sample:
  method: sobol
  points: {points}
  over:
    cooling.inlet_temperature: [15 degC, 40 degC]
    cooling.flow_rate: [20 L/min, 60 L/min]
    workload.rate_scale: [4, 16]
steady: true
"""
GPUS = """\
kind: study
base: dgx-h100-llama3.1-8b-conversation
set: {{systems: 2, workload.duration: 60 s, workload.rate_scale: 1}}
sample:
  method: random
  points: {points}
  over: {{facility.power_usage_effectiveness: [1.0, 1.5]}}
steady: true
record: [system_power_W, facility_power_W]
"""


def seconds(folder: Path, text: str, points: int, workers: int) -> float:
    """Return the wall time of a study from the start of its process to the end."""
    (folder / "study.yaml").write_text(text.format(points=points))
    out = f"out-{points}-{workers}"
    arguments = ("study.yaml", "--out", out, "--workers", str(workers), "--no-reuse", "--json")
    began = time.perf_counter()
    process = start(folder, *arguments)
    printed, err = process.communicate(timeout=3600)
    took = time.perf_counter() - began
    assert process.returncode == 0, err
    assert json.loads(printed)["done"] == points
    print(f"{points} points, {workers} workers: {took:.1f} s")
    return took


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two cores")
def test_ten_thousand_wafer_points_on_two_cores(tmp_path: Path) -> None:
    if "reduced" not in get_args(Thermal.model_fields["model"].annotation):
        pytest.skip("the full thermal model takes seconds a point; this is about the reduced one")
    two = seconds(tmp_path, WAFER, 10_000, 2)
    assert two <= 180.0
    assert seconds(tmp_path, WAFER, 10_000, 1) >= 1.7 * two


def test_cost_grows_in_proportion_to_the_points(tmp_path: Path) -> None:
    """From 10,000 to 100,000 points, which cost little of their own: what is left is that of the study."""
    few, many = (seconds(tmp_path, GPUS, points, 2) for points in (10_000, 100_000))
    assert many <= 11.0 * few
