"""A run that is killed: what it has committed is readable, and `--resume` ends as if nothing had happened."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from coarse_runs import COMMAND, ENVIRONMENT, command

STEPS = 100
COMMIT_EVERY = 20
SCENARIO = """\
kind: scenario
base: wse3-llama3.1-8b-conversation
compare_with: dgx-h100
workload: {duration: 25 s, rate_scale: 4}
control: {step: 0.25 s}
thermal: {mesh: wafer-coarse, tiles_per_die: {x: 1, y: 1}}
"""
RUN = ("run", "short.yaml", "--json", "--out")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("killed")
    (path / "short.yaml").write_text(SCENARIO)
    return path


@pytest.fixture(scope="module")
def whole(folder: Path) -> dict[str, Any]:
    """The key figures of the run that nobody disturbs."""
    return json.loads(command(*RUN, "whole", folder=folder, check=True).stdout)


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


def after_commits(commits: int) -> Callable[[Path], bool]:
    """Return a test for a run that has committed so often."""
    return lambda out: committed(out / "results.zarr") >= commits * COMMIT_EVERY


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


def test_a_killed_run_opens_up_to_its_last_commit(folder: Path, whole: dict[str, Any]) -> None:
    process = start_and_stop(folder, "killed", after_commits(2), signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    store = folder / "killed" / "results.zarr"
    data = xr.open_zarr(store, consolidated=False, chunks=None)
    assert data.attrs["status"] == "interrupted"
    kept = committed(store)
    assert kept % COMMIT_EVERY == 0
    assert 2 * COMMIT_EVERY <= kept < STEPS
    reference = xr.open_zarr(folder / "whole" / "results.zarr", consolidated=False, chunks=None)
    for name in ("peak_temperature", "tokens", "die_voltage", "tile_power"):
        np.testing.assert_array_equal(data[name].values[:kept], reference[name].values[:kept])
    assert_same(resumed(folder, "killed"), whole)
    ended = xr.open_zarr(store, consolidated=False, chunks=None)
    assert ended.attrs["status"] == "complete"
    for name in reference.data_vars:
        np.testing.assert_array_equal(ended[name].values, reference[name].values, err_msg=str(name))


def test_a_run_killed_twice_ends_the_same(folder: Path, whole: dict[str, Any]) -> None:
    start_and_stop(folder, "twice", after_commits(1), signal.SIGKILL)
    start_and_stop(folder, "twice", after_commits(3), signal.SIGKILL, resume=True)
    assert_same(resumed(folder, "twice"), whole)


def test_a_run_killed_before_its_first_commit_starts_anew(folder: Path, whole: dict[str, Any]) -> None:
    start_and_stop(folder, "early", lambda out: (out / "results.zarr").is_dir(), signal.SIGKILL)
    assert committed(folder / "early" / "results.zarr") == 0
    assert_same(resumed(folder, "early"), whole)


def test_a_run_killed_before_it_wrote_anything_starts(folder: Path, whole: dict[str, Any]) -> None:
    (folder / "unborn").mkdir()
    assert_same(resumed(folder, "unborn"), whole)


def test_a_run_killed_during_the_comparison_ends_the_same(folder: Path, whole: dict[str, Any]) -> None:
    """The other system is run first; its folder may exist without a store."""
    start_and_stop(folder, "rival", lambda out: (out / "comparison").is_dir(), signal.SIGKILL)
    assert committed(folder / "rival" / "results.zarr") == 0
    assert_same(resumed(folder, "rival"), whole)


def test_an_ended_run_is_told_again_and_not_run_again(folder: Path, whole: dict[str, Any]) -> None:
    """A kill while the report is written leaves a complete run: resuming it writes the report."""
    (folder / "whole" / "report.html").unlink()
    store = (folder / "whole" / "results.zarr" / "zarr.json").stat().st_mtime_ns
    assert resumed(folder, "whole") == whole
    assert (folder / "whole" / "results.zarr" / "zarr.json").stat().st_mtime_ns == store


def test_a_run_of_another_scenario_is_not_resumed(folder: Path, whole: dict[str, Any]) -> None:
    refused = command(*RUN, "whole", "--resume", "--set", "cooling.flow_rate=30 L/min", folder=folder)
    assert refused.returncode == 2
    assert "another scenario" in refused.stderr
    assert command(*RUN, "whole", "--resume", "--overwrite", folder=folder).returncode == 2


def test_an_interrupt_exits_130_and_can_be_resumed(folder: Path, whole: dict[str, Any]) -> None:
    process = start_and_stop(folder, "interrupted", after_commits(1), signal.SIGINT)
    assert process.returncode == 130
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.read() == ""
    said = process.stderr.read()
    assert "--resume" in said
    assert "Traceback" not in said
    assert_same(resumed(folder, "interrupted"), whole)
