"""A run that is killed: what it has committed is readable, and `--resume` ends as if nothing had happened."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from coarse_runs import command
from killed_runs import RUN, after_steps, assert_same, committed, resumed, start_and_stop

import twin
from twin.errors import OutputError

STEPS = 520
SCENARIO = """\
kind: scenario
base: wse3-llama3.1-8b-conversation
compare_with: dgx-h100
workload: {duration: 26 s, rate_scale: 4}
control: {step: 50 ms}
thermal: {model: full, mesh: wafer-coarse, tiles_per_die: {x: 1, y: 1}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("killed")
    (path / "short.yaml").write_text(SCENARIO)
    return path


@pytest.fixture(scope="module")
def whole(folder: Path) -> dict[str, Any]:
    """The key figures of the run that nobody disturbs."""
    return json.loads(command(*RUN, "whole", folder=folder, check=True).stdout)


def test_a_run_killed_twice_opens_up_to_its_last_commit_and_ends_the_same(folder: Path, whole: dict[str, Any]) -> None:
    store, reference = (
        folder / "twice" / "results.zarr",
        xr.open_zarr(folder / "whole" / "results.zarr", consolidated=False, chunks=None),
    )
    kept = 0
    for again in (False, True):
        before = kept
        process = start_and_stop(folder, "twice", after_steps(before), signal.SIGKILL, resume=again)
        assert process.returncode == -signal.SIGKILL
        data = xr.open_zarr(store, consolidated=False, chunks=None)
        assert data.attrs["status"] == "interrupted"
        kept = committed(store)
        assert before < kept < STEPS
        for name in ("peak_temperature", "tokens", "die_voltage", "tile_power"):
            expected = reference[name].values[:kept]
            np.testing.assert_allclose(data[name].values[:kept], expected, rtol=1e-12, err_msg=name)
    assert_same(resumed(folder, "twice"), whole)
    ended = xr.open_zarr(store, consolidated=False, chunks=None)
    assert ended.attrs["status"] == "complete"
    for name in reference.data_vars:
        np.testing.assert_allclose(ended[name].values, reference[name].values, rtol=1e-9, atol=1e-9, err_msg=str(name))


def test_a_run_killed_during_the_comparison_ends_the_same(folder: Path, whole: dict[str, Any]) -> None:
    """A comparison as short as this one follows the run, which is complete by then; no store of it may be there yet."""
    start_and_stop(folder, "rival", lambda out: (out / "comparison").is_dir(), signal.SIGKILL)
    assert committed(folder / "rival" / "results.zarr") == STEPS
    assert_same(resumed(folder, "rival"), whole)
    assert committed(folder / "rival" / "comparison" / "results.zarr") == committed(
        folder / "whole" / "comparison" / "results.zarr"
    )


def test_an_ended_run_is_told_again_and_not_run_again(folder: Path, whole: dict[str, Any]) -> None:
    """A kill while the report is written leaves a complete run: resuming it writes the report."""
    (folder / "whole" / "report.html").unlink()
    store = (folder / "whole" / "results.zarr" / "zarr.json").stat().st_mtime_ns
    assert resumed(folder, "whole") == whole
    assert (folder / "whole" / "results.zarr" / "zarr.json").stat().st_mtime_ns == store


def test_a_run_of_another_scenario_is_not_resumed(folder: Path, whole: dict[str, Any]) -> None:
    other = twin.load(str(folder / "short.yaml")).replace({"cooling.flow_rate": "30 L/min"})
    with pytest.raises(OutputError, match="another scenario"):
        twin.run(other, folder / "whole", resume=True)


def test_a_run_killed_before_it_wrote_anything_starts(folder: Path) -> None:
    (folder / "unborn").mkdir()
    scenario = twin.load(str(folder / "short.yaml")).replace({"workload.duration": "1 s", "compare_with": None})
    results = twin.run(scenario, folder / "unborn", resume=True)
    assert (results.status, results.data.sizes["time"]) == ("complete", 20)


def test_an_interrupt_exits_130_and_leaves_a_run_to_resume(folder: Path) -> None:
    process = start_and_stop(folder, "interrupted", lambda out: (out / "checkpoint.npz").is_file(), signal.SIGINT)
    assert process.returncode == 130
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.read() == ""
    said = process.stderr.read()
    assert "--resume" in said
    assert "Traceback" not in said
    data = xr.open_zarr(folder / "interrupted" / "results.zarr", consolidated=False, chunks=None)
    assert data.attrs["status"] == "interrupted"
    assert (folder / "interrupted" / "checkpoint.npz").is_file()


def test_a_run_is_resumed_without_naming_its_scenario(folder: Path, whole: dict[str, Any]) -> None:
    start_and_stop(folder, "nameless", after_steps(0), signal.SIGKILL)
    done = command("run", "--json", "--out", "nameless", "--resume", folder=folder)
    assert done.returncode == 0, done.stderr
    assert_same(json.loads(done.stdout), whole)
