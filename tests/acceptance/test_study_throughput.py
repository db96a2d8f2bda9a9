"""Ten thousand steady points in three minutes on two cores; cost that grows in proportion to the points."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pytest
from studies import start

from twin.spec.scenario import Thermal

WAFER = """\
kind: study
base: wse3-llama3.1-8b-conversation
sample:
  method: lhs
  points: {points}
  seed: 1
  over:
    cooling.inlet_temperature: [15 degC, 40 degC]
    cooling.flow_rate: [20 L/min, 60 L/min]
    workload.rate_scale: [4, 16]
steady: true
"""
GPUS: dict[str, Any] = {
    "kind": "study",
    "base": "dgx-h100-llama3.1-8b-conversation",
    "set": {"systems": 2, "workload.duration": "60 s", "workload.rate_scale": 1},
    "sample": {"method": "random", "seed": 1, "over": {"facility.power_usage_effectiveness": [1.0, 1.5]}},
    "steady": True,
    "record": ["system_power_W", "facility_power_W"],
}
MEASURED = """\
import json, resource, sys, time
from pathlib import Path
from twin.study.run import run_study

if __name__ == "__main__":
    study, out, workers = json.loads(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    began, used = time.perf_counter(), time.process_time()
    summary = run_study(study, out, workers=workers, reuse=False)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps({
        "points": summary.done,
        "wall": time.perf_counter() - began,
        "coordinator": time.process_time() - used,
        "workers": children.ru_utime + children.ru_stime,
    }))
"""
"""A study in a process of its own that tells what it cost, in seconds."""


@dataclass(frozen=True)
class Cost:
    """Points of a study, wall time in s, and CPU seconds of the process that hands out points and of its workers."""

    points: int
    wall: float
    coordinator: float
    workers: float


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
    print(f"{points} points, {workers} workers: {took:.1f} s, {1e3 * workers * took / points:.1f} ms of a core a point")
    return took


def cost(folder: Path, points: int, workers: int) -> Cost:
    """Return what a study of GPU nodes costs, whose points are cheap."""
    script = folder / "measured.py"
    script.write_text(MEASURED)
    study = json.dumps({**GPUS, "sample": {**GPUS["sample"], "points": points}})
    environment = {**os.environ, "TWIN_CACHE": str(folder / "cache"), "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, str(script), study, str(folder / f"out-{points}"), str(workers)]
    printed = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    found = Cost(**json.loads(printed.splitlines()[-1]))
    print(
        f"{found.points} points: {found.wall:.1f} s; a point takes {1e3 * found.coordinator / found.points:.2f} ms "
        f"of CPU to hand out and keep, {1e3 * found.workers / found.points:.2f} ms to compute"
    )
    return found


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two cores")
def test_ten_thousand_wafer_points_on_two_cores(tmp_path: Path) -> None:
    if "reduced" not in get_args(Thermal.model_fields["model"].annotation):
        pytest.skip("the full thermal model takes seconds a point; this is about the reduced one")
    seconds(tmp_path, WAFER, 50, 2)  # builds the reduced model, which is kept
    two = seconds(tmp_path, WAFER, 10_000, 2)
    assert two <= 180.0
    assert seconds(tmp_path, WAFER, 10_000, 1) >= 1.7 * two


def test_cost_grows_in_proportion_to_the_points(tmp_path: Path) -> None:
    """From 1,000 to 100,000 points, which cost little of their own: what is left is that of the study."""
    few, more, many = (cost(tmp_path, points, 2) for points in (1_000, 10_000, 100_000))
    assert many.points == 100_000
    first = (more.coordinator - few.coordinator) / (more.points - few.points)
    last = (many.coordinator - more.coordinator) / (many.points - more.points)
    assert last <= 1.2 * first
