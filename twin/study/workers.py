"""Where points are computed: processes of this machine, or an existing dask cluster."""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.process import BaseProcess
from typing import Any

from twin.errors import OutputError, RunStopped

_CONNECT = "10 s"
_SHORT = 0.5
"""Seconds for goodbyes where nothing is left to be said."""
_REPLACED = "2 s"
"""How often it is looked whether all workers are there."""
_KEPT_MEMORY = str(512 * 1024**2)
"""Freed memory in bytes that workers keep at hand: dask would have them give back arrays that they need again."""
_SETTINGS = {
    "distributed.comm.timeouts.connect": _CONNECT,
    "distributed.admin.log-length": 0,
    "distributed.worker.profile.enabled": False,
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": _KEPT_MEMORY,
    "distributed.nanny.pre-spawn-environ.MALLOC_MMAP_THRESHOLD_": _KEPT_MEMORY,
}
_GUARD = "in a script, write the call below `if __name__ == '__main__':`, since workers load the script"
_QUIET = ("distributed", "distributed.worker", "distributed.nanny", "distributed.scheduler", "distributed.core")


@contextmanager
def client_of(workers: int | None, scheduler: Any | None) -> Iterator[Any]:
    """Return a dask client: of `scheduler` (an address or a cluster), else of `workers` processes here.

    Processes have one thread each: equal points then give equal bits, and two workers do not share a core.
    """
    import dask
    import distributed  # noqa: F401 - its defaults must be there before some of them are changed

    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with dask.config.set(_SETTINGS):
        if scheduler is not None:
            yield from _connected(scheduler)
        else:
            yield from _local(workers or default_workers())


def default_workers() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _connected(scheduler: Any) -> Iterator[Any]:
    from distributed import Client

    try:
        client = Client(scheduler, timeout=_CONNECT, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise OutputError(f"no scheduler answers at {scheduler} ({error}); start one with `dask scheduler`") from error
    try:
        yield client
    finally:
        with suppress(Exception):
            client.close(timeout=_SHORT)


def _local(workers: int) -> Iterator[Any]:
    from distributed import Client, LocalCluster

    if multiprocessing.parent_process() is not None:
        raise OutputError(f"a study was started while one of its workers loads your script. Remedy: {_GUARD}")
    others = set(multiprocessing.active_children())
    try:
        cluster = LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"dashboard": False},
            silence_logs=logging.CRITICAL,
        )
    except RuntimeError as error:
        raise RunStopped(f"worker processes could not be started ({error}). Remedy: {_GUARD}") from error
    # One that dies while it starts is given up by its nanny: it is replaced.
    cluster.adapt(minimum=workers, maximum=workers, interval=_REPLACED)
    client = Client(cluster, set_as_default=False)
    try:
        yield client
    except BaseException:
        # A solve cannot be interrupted; what a worker has not returned is computed again.
        _kill(set(multiprocessing.active_children()) - others)
        with suppress(Exception):
            client.close(timeout=_SHORT)
            cluster.close(timeout=_SHORT)
        raise
    client.close()
    cluster.close()


def _kill(workers: Iterable[BaseProcess]) -> None:
    """End worker processes at once."""
    for worker in workers:
        worker.kill()
