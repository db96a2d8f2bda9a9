"""Studies that are started, stopped and compared from outside; points are real steady points."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from coarse_runs import COMMAND, ENVIRONMENT

GPU_STUDY = """\
kind: study
base: dgx-h100-llama3.1-8b-conversation
set: {{systems: 2, workload.duration: 5 min}}
axes:
  workload.rate_scale: {{from: 4, to: 12, points: {points}}}
  facility.power_usage_effectiveness: [1.1, 1.3]
steady: true
derived: {{overhead_W: facility_power_W - system_power_W}}
"""
"""GPU nodes at some rates: points of about 50 ms; the number of rates is to be filled in."""

Rows = dict[int, tuple[str, str, float | None, float | None]]


def write_study(folder: Path, points: int) -> Path:
    """Write the study of GPU nodes; it has twice as many points as rates."""
    path = folder / "gpus.yaml"
    path.write_text(GPU_STUDY.format(points=points), encoding="utf-8")
    return path


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start `twin study` in a process group of its own, with a cache of points in the folder."""
    environment = {**ENVIRONMENT, "TWIN_CACHE": str(folder / "cache")}
    return subprocess.Popen(
        [*COMMAND, "study", *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def kill_tree(process: subprocess.Popen[str]) -> None:
    """Kill a study and its workers at once."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=30)


def rows(out: Path) -> Rows:
    """Return identity, state, start and end of every point in a catalogue; it must be readable."""
    if not (out / "catalogue.sqlite").is_file():
        return {}
    with sqlite3.connect(out / "catalogue.sqlite", timeout=30) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        query = "SELECT number, identity, state, started, finished FROM points"
        return {number: tuple(rest) for number, *rest in database.execute(query)} if "points" in tables else {}


def done(out: Path) -> Rows:
    """Return the points that are done."""
    return {number: row for number, row in rows(out).items() if row[1] == "done"}


def wait_for_done(process: subprocess.Popen[str], out: Path, count: int) -> None:
    """Wait until a study has done so many points."""
    end = time.monotonic() + 120
    while len(done(out)) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "no points within two minutes"
        time.sleep(0.05)


def dataset(out: Path) -> xr.Dataset:
    """Return the data set of a study without its computing times."""
    return xr.open_zarr(out / "study.zarr", consolidated=False, chunks=None).load().drop_vars("wall_time_s")


def assert_same_bits(found: xr.Dataset, expected: xr.Dataset) -> None:
    """Compare two data sets bit for bit, attributes included."""
    xr.testing.assert_identical(found, expected)
    for name, values in expected.data_vars.items():
        if values.dtype == np.float64:
            assert found[name].values.tobytes() == values.values.tobytes(), name


def assert_readable(out: Path) -> dict[str, Any]:
    """Open both stores as they are; every point that the data set calls done has a value."""
    if not (out / "study.zarr").is_dir():
        return {}
    data = xr.open_zarr(out / "study.zarr", consolidated=False, chunks=None)
    finished = data["status"].values == "done"
    assert np.isfinite(data["system_power_W"].values[finished]).all()
    return {"done": int(finished.sum())}
