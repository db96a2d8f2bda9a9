"""Runs that are stopped from outside: how to start one, stop it at a moment, resume it and compare its end."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from coarse_runs import COMMAND, ENVIRONMENT, command

RUN = ("run", "short.yaml", "--json", "--out")


def committed(store: Path) -> int:
    """Return the steps that a store has committed, read with plain xarray; 0 without a store."""
    if not (store / "zarr.json").is_file():
        return 0
    return int(np.count_nonzero(xr.open_zarr(store, consolidated=False, chunks=None)["committed"].values))


def start_and_stop(
    folder: Path, name: str, ready: Callable[[Path], bool], number: int, resume: bool = False
) -> subprocess.Popen[str]:
    """Start a run, send it a signal as soon as its folder is `ready`, and return the ended process."""
    arguments = [*COMMAND, *RUN, name, *(["--resume"] if resume else [])]
    process = subprocess.Popen(
        arguments, cwd=folder, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while not ready(folder / name):
        assert process.poll() is None, "the run ended before it could be stopped"
        time.sleep(0.01)
    process.send_signal(number)
    process.wait(timeout=60)
    return process


def after_steps(steps: int) -> Callable[[Path], bool]:
    """Return a test for a run that has committed more than so many steps."""
    return lambda out: committed(out / "results.zarr") > steps


def assert_same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """Compare key figures to 1e-9, computing time aside."""
    assert found["status"] == "complete"
    assert set(found) == set(expected)
    for name, value in expected.items():
        if isinstance(value, float) and name != "wall_time_s":
            assert found[name] == pytest.approx(value, rel=1e-9), name
    assert found["assumed_inputs"] == expected["assumed_inputs"]


def resumed(folder: Path, name: str) -> dict[str, Any]:
    """Continue a run to its end; return its key figures."""
    done = command(*RUN, name, "--resume", folder=folder)
    assert done.returncode == 0, done.stderr
    assert (folder / name / "report.html").stat().st_size > 100_000
    assert (folder / name / "scenario.yaml").is_file()
    assert not list((folder / name).glob(".*"))
    return json.loads(done.stdout)
