"""Studies that are killed, interrupted, doubled or out of disk lose nothing and compute nothing twice."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from coarse_runs import COMMAND, ENVIRONMENT
from studies import (
    assert_readable,
    assert_same_bits,
    dataset,
    done,
    kill_tree,
    start,
    wait_for_done,
    write_study,
)

RATES = 24


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("studies")
    write_study(found, RATES)
    return found


@pytest.fixture(scope="module")
def whole(folder: Path) -> Path:
    """The study, undisturbed."""
    process = start(folder, "gpus.yaml", "--out", "whole", "--json", "--no-reuse")
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    counts = json.loads(out)
    assert set(counts) == {"points", "done", "failed", "reused", "wall_time_s"}
    assert (counts["points"], counts["done"], counts["failed"], counts["reused"]) == (2 * RATES, 2 * RATES, 0, 0)
    return folder / "whole"


def finish(folder: Path, out: str) -> dict[str, float]:
    process = start(folder, "gpus.yaml", "--out", out, "--json", "--no-reuse")
    text, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return json.loads(text)


def test_killed_study_goes_on_where_it_was(folder: Path, whole: Path) -> None:
    out = folder / "killed"
    kept: dict[int, tuple[str, str, float | None, float | None]] = {}
    for wanted in (1, 12, 30):
        process = start(folder, "gpus.yaml", "--out", "killed", "--no-reuse", "--workers", "2")
        wait_for_done(process, out, max(wanted, len(kept) + 1))
        kill_tree(process)
        now = done(out)
        assert {number: now[number] for number in kept} == kept, "a finished point was lost or computed again"
        kept = now
        assert_readable(out)
    found = finish(folder, "killed")
    assert found["reused"] == len(kept)
    assert {number: done(out)[number] for number in kept} == kept
    assert_same_bits(dataset(out), dataset(whole))


@pytest.mark.alone
def test_interrupted_study_ends_within_two_seconds(folder: Path, whole: Path) -> None:
    out = folder / "interrupted"
    process = start(folder, "gpus.yaml", "--out", "interrupted", "--no-reuse", "--workers", "2")
    wait_for_done(process, out, 3)
    before = done(out)
    began = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers as well
    _, err = process.communicate(timeout=30)
    assert time.monotonic() - began < 2.0
    assert process.returncode == 130
    assert "the same command continues" in err
    assert "Traceback" not in err
    assert before.items() <= done(out).items()
    finish(folder, "interrupted")
    assert_same_bits(dataset(out), dataset(whole))


def test_killed_worker_is_replaced(folder: Path, whole: Path) -> None:
    out = folder / "worker"
    process = start(folder, "gpus.yaml", "--out", "worker", "--no-reuse", "--workers", "2")
    wait_for_done(process, out, 3)
    workers = [child for child in psutil.Process(process.pid).children() if "spawn_main" in " ".join(child.cmdline())]
    assert len(workers) == 2
    workers[0].kill()
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert_same_bits(dataset(out), dataset(whole))


def test_second_study_in_a_folder_is_refused(folder: Path, whole: Path) -> None:
    first = start(folder, "gpus.yaml", "--out", "both", "--no-reuse")
    wait_for_done(first, folder / "both", 1)
    os.killpg(first.pid, signal.SIGSTOP)  # so that it cannot end before the second one starts
    second = start(folder, "gpus.yaml", "--out", "both", "--no-reuse")
    _, err = second.communicate(timeout=60)
    os.killpg(first.pid, signal.SIGCONT)
    assert second.returncode == 2
    assert f"a study is running in this folder (process {first.pid} " in err
    first.communicate(timeout=300)
    assert first.returncode == 0
    assert_same_bits(dataset(folder / "both"), dataset(whole))


def test_other_study_is_refused_in_a_used_folder(folder: Path, whole: Path) -> None:
    (folder / "other.yaml").write_text((folder / "gpus.yaml").read_text().replace("1.3", "1.4"))
    process = start(folder, "other.yaml", "--out", "whole")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "holds another study" in err
    assert len(done(whole)) == 2 * RATES


def test_points_of_other_studies_are_taken(folder: Path, whole: Path) -> None:
    text = (folder / "gpus.yaml").read_text()
    counts = []
    for name, content in (("first", text), ("second", text.replace("[1.1, 1.3]", "[1.1, 1.2]"))):
        (folder / f"{name}.yaml").write_text(content)
        process = start(folder, f"{name}.yaml", "--out", name, "--json")
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
        counts.append(json.loads(out))
    assert [found["reused"] for found in counts] == [0, RATES]
    shared = dataset(folder / "second").isel({"facility.power_usage_effectiveness": 0})
    expected = dataset(whole).isel({"facility.power_usage_effectiveness": 0})
    assert (shared["system_power_W"].values == expected["system_power_W"].values).all()


@pytest.mark.parametrize("limit", [60_000, 100_000])
def test_full_disk_is_said_and_loses_nothing(limit: int, folder: Path, whole: Path) -> None:
    """A limit on the size of files stands for the full disk: the catalogue cannot grow beyond it."""

    def limit_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    arguments = [*COMMAND, "study", "gpus.yaml", "--out", f"full-{limit}", "--no-reuse"]
    ran = subprocess.run(
        arguments, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, preexec_fn=limit_files, timeout=300
    )
    assert ran.returncode == 1, ran.stderr
    assert "make room on the disk" in ran.stderr
    assert "Traceback" not in ran.stderr
    kept = done(folder / f"full-{limit}")
    assert len(kept) < 2 * RATES
    finish(folder, f"full-{limit}")
    assert kept.items() <= done(folder / f"full-{limit}").items()
    assert_same_bits(dataset(folder / f"full-{limit}"), dataset(whole))
