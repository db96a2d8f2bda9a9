"""The store of a run: exact, readable after a kill at any moment, never silently overwritten."""

from __future__ import annotations

import random
import resource
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import crashing_run
import numpy as np
import pytest
import synthetic_run
import xarray as xr

from twin.errors import OutputError
from twin.results import checkpoint, store
from twin.results.description import Description
from twin.results.memory import CHUNK_STEPS, MemoryWriter
from twin.results.results import COMPLETE, INTERRUPTED, Results, open_results
from twin.results.store import CHECKPOINT, ResultWriter
from twin.variables import VARIABLES

STEPS = 480
KILLS = 4
PAUSE = 0.01


def expected_run(steps: int) -> Results:
    writer = MemoryWriter(crashing_run.coordinates(steps), Description("expected"))
    state = crashing_run.first_state()
    for index in range(steps):
        state, outputs = crashing_run.step(state)
        writer.append(index, outputs)
    return writer.finish()


def write_run(folder: Path, plan: synthetic_run.Plan, commit_every: int, stop_after: int | None = None) -> None:
    writer = ResultWriter.create(folder, synthetic_run.coordinates(plan), synthetic_run.description(), commit_every)
    for index, values in enumerate(synthetic_run.steps(plan)):
        if index == stop_after:
            return
        if writer.append(index, values):
            writer.commit({"step": index})
    writer.finish(
        wall_time=12.5,
        requests=synthetic_run.requests(),
        hottest=synthetic_run.hottest(values, plan),
    )


def test_stored_run_equals_the_run_in_memory(tmp_path: Path) -> None:
    plan = synthetic_run.Plan(steps=23)
    write_run(tmp_path / "run", plan, commit_every=5)
    stored, memory = open_results(tmp_path / "run"), synthetic_run.wafer_results(plan)
    assert stored.status == COMPLETE
    assert set(stored.data.data_vars) == set(VARIABLES)
    for name, variable in VARIABLES.items():
        assert stored.data[name].dims == variable.dims
        tolerance = 1e-6 if "tile_x" in variable.dims else 0.0
        np.testing.assert_allclose(stored.data[name], memory.data[name], rtol=tolerance)
        assert stored.data[name].attrs["units"] == variable.unit
    assert stored.kpis == memory.kpis
    assert stored.hottest is not None
    assert memory.hottest is not None
    xr.testing.assert_equal(stored.hottest, memory.hottest)
    assert stored.assumed_inputs == memory.assumed_inputs
    assert stored.scenario == synthetic_run.SCENARIO


def test_killed_run_stays_readable_and_resumes_to_the_same_end(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    expected = expected_run(STEPS)
    moments = random.Random(11)
    killed_at = []
    for _ in range(KILLS):
        process = start_writer(folder)
        wait_for_commit(folder, killed_at[-1] if killed_at else 0)
        time.sleep(moments.uniform(0.0, 0.25))
        process.send_signal(signal.SIGKILL)
        process.wait()
        partial = open_results(folder)
        killed_at.append(partial.data.sizes["time"])
        assert partial.status == INTERRUPTED
        assert_same_steps(partial, expected)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert xr.open_zarr(folder / "results.zarr").sizes["time"] == STEPS
    assert 0 < killed_at[0] < killed_at[-1] < STEPS
    process = start_writer(folder)
    assert process.wait(timeout=60) == 0
    final = open_results(folder)
    assert final.status == COMPLETE
    assert final.data.sizes["time"] == STEPS
    assert_same_steps(final, expected)


def start_writer(folder: Path) -> subprocess.Popen[bytes]:
    script = Path(crashing_run.__file__)
    return subprocess.Popen([sys.executable, str(script), str(folder), str(STEPS), str(PAUSE)])


def wait_for_commit(folder: Path, after: int) -> None:
    """Return when more than `after` steps are committed."""
    limit = time.monotonic() + 60.0
    while time.monotonic() < limit:
        if (folder / CHECKPOINT).exists() and checkpoint.load(folder / CHECKPOINT)["step"] > after:
            return
        time.sleep(0.01)
    raise AssertionError("the writer committed nothing")


def assert_same_steps(found: Results, expected: Results) -> None:
    steps = found.data.sizes["time"]
    for name in ("tokens", "wafer_power", "die_temperature"):
        np.testing.assert_array_equal(found.data[name], expected.data[name][:steps])
    np.testing.assert_allclose(found.data["tile_temperature"], expected.data["tile_temperature"][:steps], rtol=1e-7)


def test_torn_files_of_a_kill_disturb_nothing_and_are_cleared_on_resume(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    write_run(folder, synthetic_run.Plan(steps=12), commit_every=5, stop_after=11)
    torn = [
        folder / ".checkpoint.npz.draft",
        folder / "results.zarr" / "tokens" / "c" / "1.0123.partial",
        folder / "results.zarr" / "zarr.0123.partial",
    ]
    for path in torn:
        path.write_bytes(b"{")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert open_results(folder).data.sizes["time"] == 10
        _, step, state = ResultWriter.resume(folder)
    assert (step, state) == (10, {"step": 9})
    assert not any(path.exists() for path in torn)


def test_full_disk_names_the_folder_and_keeps_committed_steps(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    coords = crashing_run.coordinates(8)
    writer = ResultWriter.create(folder, coords, Description("full"), chunk_steps=2)
    noise = np.random.default_rng(1)
    for index in range(2):
        writer.append(index, {"tokens": 5.0})
    writer.commit({"small": 1})
    writer.append(2, {"tokens": 6.0, "tile_power": noise.random((1, 8, 8))})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (128, hard))
    try:
        with pytest.raises(OutputError, match="run: cannot be written"):
            writer.commit({"large": noise.random(1000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    kept = open_results(folder)
    assert kept.data["tokens"].values.tolist() == [5.0, 5.0]
    assert ResultWriter.resume(folder)[1:] == (2, {"small": 1})


def test_existing_run_is_refused_then_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    plan = synthetic_run.Plan(steps=6)
    write_run(folder, plan, commit_every=3)
    with pytest.raises(OutputError, match="--overwrite"):
        ResultWriter.create(folder, synthetic_run.coordinates(plan), Description("again"), 3)
    assert open_results(folder).description.title == "Synthetic run"
    ResultWriter.create(folder, synthetic_run.coordinates(plan), Description("again"), 3, overwrite=True)
    again = open_results(folder)
    assert (again.description.title, again.status, again.data.sizes["time"]) == ("again", INTERRUPTED, 0)


def test_folder_of_other_files_is_never_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(OutputError, match=r"thesis\.tex"):
        ResultWriter.create(tmp_path, crashing_run.coordinates(4), Description("x"), 2, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_slow_run_commits_parts_of_a_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a pause every step is due: each commit rewrites the chunk, and what is read never falls behind."""
    monkeypatch.setattr(store, "COMMIT_PAUSE", 0.0)
    monkeypatch.setattr(store, "COMMIT_SHARE", np.inf)
    plan = synthetic_run.Plan(steps=7)
    writer = ResultWriter.create(tmp_path / "run", synthetic_run.coordinates(plan), Description("slow"), 5)
    expected = synthetic_run.wafer_results(plan)
    for index, values in enumerate(synthetic_run.steps(plan)):
        assert writer.append(index, values)
        writer.commit({"step": index})
        found = open_results(tmp_path / "run")
        assert found.data.sizes["time"] == index + 1
        for name in ("die_temperature", "wafer_power"):
            np.testing.assert_array_equal(found.data[name], expected.data[name][: index + 1])
    assert writer.finish().data.equals(expected.data)


def test_a_step_without_a_value_is_nan_in_memory_and_stored(tmp_path: Path) -> None:
    coords = crashing_run.coordinates(4)
    coords["time"] = np.arange(1.0, 2 * CHUNK_STEPS + 2)
    writers = (
        MemoryWriter(coords, Description("gaps")),
        ResultWriter.create(tmp_path / "run", coords, Description("gaps")),
    )
    for writer in writers:
        for index in range(2 * CHUNK_STEPS + 1):
            if writer.append(index, {"tokens": 1.0, **({"queue_length": 2.0} if index > CHUNK_STEPS + 3 else {})}):
                writer.commit({})
    for found in (writer.finish() for writer in writers):
        known = np.isfinite(found.data["queue_length"].values)
        assert known.sum() == CHUNK_STEPS - 3
        assert known[CHUNK_STEPS + 4 :].all()
        assert (found.data["tokens"].values == 1.0).all()


def test_finished_run_cannot_be_resumed(tmp_path: Path) -> None:
    write_run(tmp_path / "run", synthetic_run.Plan(steps=4), commit_every=2)
    with pytest.raises(OutputError, match="complete, there is nothing to resume"):
        ResultWriter.resume(tmp_path / "run")


def test_stopped_run_keeps_its_steps_and_its_reason(tmp_path: Path) -> None:
    coords = crashing_run.coordinates(10)
    writer = ResultWriter.create(tmp_path / "run", coords, Description("hot"), chunk_steps=4)
    for index in range(3):
        writer.append(index, {"peak_temperature": [360.0 + index]})
    results = writer.finish("stopped", reason="thermal runaway at 1.5 s")
    assert (results.status, results.reason) == ("stopped", "thermal runaway at 1.5 s")
    assert results.data["time"].values.tolist() == [0.5, 1.0, 1.5]
    assert results.kpis["peak_temperature_K"] == 362.0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"wafer_pwer": [1.0]}, "Did you mean 'wafer_power'"),
        ({"die_voltage": np.ones((1, 3, 2))}, r"shape \(1, 3, 2\), expected \(1, 2, 2\)"),
    ],
)
def test_output_outside_the_table_is_rejected(values: dict[str, object], message: str) -> None:
    writer = MemoryWriter(crashing_run.coordinates(4), Description("x"))
    with pytest.raises(ValueError, match=message):
        writer.append(0, values)


def test_folder_without_a_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="holds no results"):
        open_results(tmp_path)


def test_gpu_run_has_the_same_variables_without_values() -> None:
    gpu, wafer = synthetic_run.gpu_results(), synthetic_run.wafer_results(synthetic_run.Plan(steps=3))
    assert set(gpu.data.data_vars) == set(wafer.data.data_vars)
    assert bool(gpu.data["die_temperature"].isnull().all())
    assert gpu.kpis["peak_temperature_K"] is None
    assert gpu.kpis["system_power_W"] is not None


def test_one_wafer_squeezes_to_a_map_by_nearest_time() -> None:
    results = synthetic_run.wafer_results(synthetic_run.Plan(steps=12))
    field = results.data["die_temperature"].sel(time=10, method="nearest").squeeze()
    assert field.dims == ("die_y", "die_x")
    assert float(field["time"]) == 10.0
    pytest.importorskip("matplotlib").use("agg")
    assert results.data["die_temperature"].sel(time=10, method="nearest").plot() is not None


@pytest.mark.parametrize("overwrite", [False, True])
def test_files_of_others_are_left_alone_whatever_their_names(overwrite: bool, tmp_path: Path) -> None:
    for name in ("scenario.yaml", "report.html", "uncertainty/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("mine")
    with pytest.raises(OutputError, match=r"holds other files \(report.html, ...\); choose an empty folder"):
        ResultWriter.create(
            tmp_path, crashing_run.coordinates(STEPS), Description("another"), CHUNK_STEPS, overwrite=overwrite
        )
    assert (tmp_path / "scenario.yaml").read_text() == (tmp_path / "uncertainty" / "notes.txt").read_text() == "mine"


def test_computing_time_of_a_resumed_run_is_that_of_all_its_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, now = synthetic_run.Plan(steps=2), [1000.0]
    monkeypatch.setattr(store.time, "monotonic", lambda: now[0])
    writer = ResultWriter.create(tmp_path / "run", synthetic_run.coordinates(plan), synthetic_run.description(), 1)
    first, second = synthetic_run.steps(plan)
    writer.append(0, first)
    now[0] += 100.0
    writer.commit({})
    resumed, number, _ = ResultWriter.resume(tmp_path / "run")
    resumed.append(number, second)
    assert resumed.finish(wall_time=5.0).kpis["wall_time_s"] == 105.0
