"""Twenty kills in a row of a whole study, workers included, each at a random moment; and a disk that is full."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from studies import Rows, assert_readable, assert_same_bits, dataset, done, kill_tree, start, write_study

KILLS = 20
RATES = 1200
SEED = 7


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("kills")
    write_study(found, RATES)
    return found


@pytest.fixture(scope="module")
def whole(folder: Path) -> tuple[Path, float]:
    """The undisturbed study, and how long it took."""
    began = time.perf_counter()
    finish(folder, "whole")
    return folder / "whole", time.perf_counter() - began


def finish(folder: Path, out: str) -> None:
    process = start(folder, "gpus.yaml", "--out", out, "--no-reuse")
    _, err = process.communicate(timeout=1200)
    assert process.returncode == 0, err


def test_twenty_kills_in_a_row_lose_nothing(folder: Path, whole: tuple[Path, float]) -> None:
    """A study that comes to its end between two kills is compared, and the next one begins."""
    expected, length = whole
    draw, study = random.Random(SEED), 0
    kept: Rows = {}
    for number in range(KILLS):
        out = folder / f"killed-{study}"
        process = start(folder, "gpus.yaml", "--out", out.name, "--no-reuse")
        moment = draw.uniform(0.0, length)
        try:
            process.wait(timeout=moment)
        except subprocess.TimeoutExpired:
            kill_tree(process)
        assert_readable(out)
        now = done(out)
        assert {point: now.get(point) for point in kept} == kept, "a finished point was lost or computed again"
        print(f"kill {number} at {moment:.1f} s of {length:.1f} s: {len(kept)} points before, {len(now)} after")
        kept = now
        if process.returncode == 0:
            assert_same_bits(dataset(out), dataset(expected))
            study, kept = study + 1, {}
    out = folder / f"killed-{study}"
    finish(folder, out.name)
    assert {point: done(out)[point] for point in kept} == kept
    assert_same_bits(dataset(out), dataset(expected))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2.5 MB; only root may have one."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2500k", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("a small file system could not be mounted here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_full_disk_loses_nothing(folder: Path, whole: tuple[Path, float], small_disk: Path) -> None:
    out = small_disk / "out"
    process = start(folder, "gpus.yaml", "--out", str(out), "--no-reuse")
    _, err = process.communicate(timeout=600)
    assert process.returncode == 1, err
    assert "make room on the disk" in err
    assert "Traceback" not in err
    subprocess.run(["mount", "-o", "remount,size=50m", str(small_disk)], check=True)
    kept = done(out)
    assert 0 < len(kept) < 2 * RATES
    process = start(folder, "gpus.yaml", "--out", str(out), "--no-reuse")
    _, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    assert kept.items() <= done(out).items()
    assert_same_bits(dataset(out), dataset(whole[0]))
