"""Ten kills at random moments of the default scenario; each killed run is resumed to its end."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from coarse_runs import COMMAND, ENVIRONMENT
from killed_runs import assert_same

RUN = [*COMMAND, "run", "--json", "--out"]
KILLS = 10


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kill_loop")


@pytest.fixture(scope="module")
def whole(folder: Path) -> tuple[dict[str, Any], float]:
    """Key figures of the undisturbed default run, and how long it took."""
    start = time.perf_counter()
    done = subprocess.run([*RUN, "whole"], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout), time.perf_counter() - start


def readable_steps(store: Path) -> int:
    """Open a store with plain xarray; return its committed steps, each of which has values."""
    data = xr.open_zarr(store, consolidated=False, chunks=None)
    steps = int(np.count_nonzero(data["committed"].values))
    for name in ("peak_temperature", "tile_temperature", "system_power"):
        assert np.isfinite(data[name].values[:steps]).all(), name
    return steps


@pytest.mark.parametrize("number", range(KILLS))
def test_a_kill_at_any_moment_changes_nothing(number: int, folder: Path, whole: tuple[dict[str, Any], float]) -> None:
    """The moment is drawn over the whole run, start-up and report included; the run may be killed twice."""
    expected, length = whole
    draw = random.Random(number)
    name, resume = f"run-{number}", []
    for _ in range(draw.choice((1, 2))):
        process = subprocess.Popen(
            [*RUN, name, *resume], cwd=folder, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        moment = draw.uniform(0.0, length)
        try:
            process.wait(timeout=moment)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        store = folder / name / "results.zarr"
        kept = readable_steps(store) if store.is_dir() else 0
        print(f"kill {number} at {moment:.1f} s of {length:.1f} s: {kept} steps are kept")
        resume = ["--resume"]
    done = subprocess.run([*RUN, name, "--resume"], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert_same(json.loads(done.stdout), expected)
    assert (folder / name / "report.html").is_file()
