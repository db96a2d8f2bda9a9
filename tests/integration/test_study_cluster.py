"""Studies on an existing dask cluster: a real scheduler and two real workers on loopback."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from coarse_runs import ENVIRONMENT
from studies import assert_same_bits, dataset, start, wait_for_done, write_study

RATES = 24


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[str]:
    """The address of a scheduler."""
    log = tmp_path / "scheduler.log"
    process = _dask(log, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
    try:
        yield _found(log, r"Scheduler at:\s+(tcp://\S+)")
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def two_workers(tmp_path: Path, scheduler: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Two workers with one thread each, in a folder of their own, without nannies."""
    logs = [tmp_path / f"worker-{number}.log" for number in range(2)]
    arguments = ("worker", scheduler, "--nthreads", "1", "--no-nanny", "--no-dashboard")
    processes = [_dask(log, *arguments) for log in logs]
    for log in logs:
        _found(log, r"Registered to:\s+(tcp://\S+)")
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _dask(log: Path, *arguments: str) -> subprocess.Popen[bytes]:
    folder = log.with_suffix("")
    folder.mkdir()
    command = [sys.executable, "-m", "dask", *arguments]
    with log.open("wb") as stream:
        return subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stdout=stream, stderr=subprocess.STDOUT)


def _found(log: Path, pattern: str) -> str:
    """Wait until a log says something; return the first group of it."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if match := re.search(pattern, log.read_text()):
            return match[1]
        time.sleep(0.05)
    raise AssertionError(log.read_text())


def test_study_survives_a_worker_of_a_cluster(
    tmp_path: Path, scheduler: str, two_workers: list[subprocess.Popen[bytes]]
) -> None:
    write_study(tmp_path, RATES)
    process = start(tmp_path, "gpus.yaml", "--out", "cluster", "--scheduler", scheduler, "--json", "--no-reuse")
    wait_for_done(process, tmp_path / "cluster", 5)
    two_workers[0].kill()
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert json.loads(out)["done"] == 2 * RATES
    here = start(tmp_path, "gpus.yaml", "--out", "here", "--no-reuse", "--workers", "1")
    _, err = here.communicate(timeout=300)
    assert here.returncode == 0, err
    assert_same_bits(dataset(tmp_path / "cluster"), dataset(tmp_path / "here"))


def test_lost_scheduler_is_said(tmp_path: Path) -> None:
    write_study(tmp_path, 2)
    process = start(tmp_path, "gpus.yaml", "--out", "nowhere", "--scheduler", "tcp://127.0.0.1:9", "--no-reuse")
    _, err = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "no scheduler answers at tcp://127.0.0.1:9" in err
    assert "Traceback" not in err


def test_slurm_job_starts_workers_with_one_thread() -> None:
    jobqueue = pytest.importorskip("dask_jobqueue")
    from twin.study.slurm import slurm_cluster

    with slurm_cluster(cores=4, memory="16 GB", walltime="02:00:00", queue="cpu") as cluster:
        assert isinstance(cluster, jobqueue.SLURMCluster)
        script = cluster.job_script()
    for line in ("#SBATCH -p cpu", "#SBATCH --cpus-per-task=4", "#SBATCH -t 02:00:00"):
        assert line in script
    assert "export OPENBLAS_NUM_THREADS=1" in script
    assert re.search(r"--nthreads 1\b", script)
    assert re.search(r"--nworkers 4\b", script)
