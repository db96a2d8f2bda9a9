"""Batches on real worker processes: a point that ends its process every time fails alone."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

import dask
import distributed  # noqa: F401 - its defaults must be there before some of them are changed
import pytest

from twin.study import batches
from twin.study.outcome import Outcome
from twin.study.worker import Point, Task
from twin.study.workers import client_of

POISON = "poison"


def compute_or_die(task: Task, points: Sequence[Point]) -> list[Outcome]:
    """Stand in for points that need more memory than there is."""
    if any(identity == POISON for identity, _ in points):
        os._exit(9)
    now = time.time()
    return [Outcome(identity, {"peak_temperature_K": 300.0}, started=now, finished=now) for identity, _ in points]


def test_poisonous_point_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "compute", compute_or_die)
    names = [f"point {number}" for number in range(40)]
    names[25] = POISON
    handed: list[str] = []
    task = Task("{}", True, (), "", "session")
    with dask.config.set({"distributed.scheduler.allowed-failures": 1}), client_of(1, None) as client:
        given = batches.Batches(client, task, [(name, {}) for name in names], handed.extend)
        found = {outcome.identity: outcome for outcomes in given.outcomes() for outcome in outcomes}
    assert set(found) == set(names) == set(handed)
    assert [name for name, outcome in found.items() if outcome.figures is None] == [POISON]
    assert "its worker died" in found[POISON].error
    assert not found[POISON].lasting


def compute_at_once(task: Task, points: Sequence[Point]) -> list[Outcome]:
    """Stand in for points that cost nothing."""
    now = time.time()
    return [Outcome(identity, {"peak_temperature_K": 300.0}, started=now, finished=now) for identity, _ in points]


def test_worker_that_is_gone_for_good_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that dies while it starts is not started again by whoever watches over it."""
    monkeypatch.setattr(batches, "compute", compute_at_once)
    task = Task("{}", True, (), "", "session")
    with dask.config.set({"distributed.deploy.lost-worker-timeout": "1 s"}), client_of(1, None) as client:
        client.wait_for_workers(1)
        (watcher,) = client.cluster.workers.values()
        client.sync(watcher.close)
        given = batches.Batches(client, task, [("point", {})], lambda identities: None)
        assert [outcome.identity for outcomes in given.outcomes() for outcome in outcomes] == ["point"]
