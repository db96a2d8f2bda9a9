"""Handing points to workers in batches, and taking in what became of them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from math import ceil
from typing import Any

from twin.errors import RunStopped
from twin.study.outcome import Outcome
from twin.study.worker import Point, Task, compute

_SECONDS = 0.5
"""How long a batch should take: far above the cost of a task, and little is lost with a worker."""
_MOST = 256
_AHEAD = 2
_MEMORY = 0.5
"""Weight of the latest batch in the mean time of a point."""

Handed = Callable[[Sequence[str]], None]


class Batches:
    """The points that are left, cut into batches as long as they last.

    Neighbours share models. Each worker has a stretch of the points, so that two seldom build the same at a time.
    """

    def __init__(self, client: Any, task: Task, points: Sequence[Point], handed: Handed):
        self._client, self._task, self._handed = client, task, handed
        self._stretches = _cut(points, max(1, len(client.nthreads())))
        self._alone = deque[Point]()
        self._batches: dict[Any, list[Point]] = {}
        self._stretch_of: dict[Any, int] = {}
        self._tried_alone: set[str] = set()
        self._seconds: float | None = None

    def outcomes(self) -> Iterator[list[Outcome]]:
        """Yield what became of the points, a batch at a time, until none is left.

        Raises
        ------
        RunStopped
            The scheduler is gone.
        """
        from distributed import as_completed

        waiting = as_completed(loop=self._client.loop, raise_errors=False)
        self._fill(waiting, 0)
        for future in waiting:
            batch = self._batches.pop(future.key)
            outcomes = self._taken(future, batch)
            self._fill(waiting, self._stretch_of.pop(future.key))
            if outcomes:
                yield outcomes

    def _fill(self, waiting: Any, stretch: int) -> None:
        """Keep every worker busy with one batch and the next one at hand; one that is free goes on in its stretch."""
        workers = max(1, len(self._client.nthreads()))
        while (self._left or self._alone) and len(self._batches) < _AHEAD * workers:
            if self._alone:
                if self._batches:
                    break  # whatever shares a worker with a deadly point is blamed with it
                batch = [self._alone.popleft()]
                self._tried_alone.add(batch[0][0])
            else:
                own = bool(self._stretches[stretch])
                if not own:  # help where most is left, far from where its worker is
                    stretch = max(range(len(self._stretches)), key=lambda number: len(self._stretches[number]))
                left = self._stretches[stretch]
                take = left.popleft if own else left.pop
                batch = [take() for _ in range(min(self._size(workers), len(left)))]
            future = self._client.submit(compute, self._task, batch, pure=False)
            self._batches[future.key], self._stretch_of[future.key] = batch, stretch
            self._handed([identity for identity, _ in batch])
            waiting.add(future)
            stretch = (stretch + 1) % len(self._stretches)

    @property
    def _left(self) -> int:
        return sum(len(stretch) for stretch in self._stretches)

    def _size(self, workers: int) -> int:
        """Return the points of the next batch: as many as take `_SECONDS`, fewer towards the end."""
        wanted = 1 if self._seconds is None else int(_SECONDS / max(self._seconds, 1e-6))
        fair = ceil(self._left / (_AHEAD * workers))
        return max(1, min(wanted, _MOST, fair))

    def _taken(self, future: Any, batch: list[Point]) -> list[Outcome]:
        """Return the outcomes of a batch; one whose worker died again and again is tried point by point."""
        from distributed import KilledWorker

        if future.status == "finished":
            outcomes: list[Outcome] = future.result()
            each = sum(o.finished - o.started for o in outcomes) / len(outcomes)
            self._seconds = each if self._seconds is None else (1 - _MEMORY) * self._seconds + _MEMORY * each
            return outcomes
        fault = future.exception() if future.status == "error" else CancelledError("cancelled")
        if not isinstance(fault, KilledWorker):
            raise RunStopped(
                f"points could not be computed ({type(fault).__name__}: {fault}). What was recorded is kept. "
                "Remedy: see that scheduler and workers run this version of twin, then run the same command again"
            )
        if batch[0][0] not in self._tried_alone:
            self._alone.extend(batch)
            return []
        now = time.time()
        error = "its worker died every time it was tried (out of memory?)"
        return [Outcome(batch[0][0], None, error, False, now, now)]


def _cut(points: Sequence[Point], count: int) -> list[deque[Point]]:
    """Return `count` stretches of equal length of the points."""
    return [deque(points[len(points) * n // count : len(points) * (n + 1) // count]) for n in range(count)]
