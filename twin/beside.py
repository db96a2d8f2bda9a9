"""Work in a process of its own, beside this one: it ends with it at the latest, even when that is killed."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

_SIZE = 8
"""Bytes of the size before the work; a child takes it all before it imports what the work needs."""

_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""The other processors are the parent's."""


@contextmanager
def beside(work: Callable[..., object], *arguments: object) -> Iterator[None]:
    """Have a function of a module called in another process meanwhile; leaving waits for it, an error ends it.

    What it returns is lost, and so are its errors: it is for work that leaves files, and that is done here where they
    are missing.
    """
    child = subprocess.Popen(
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **_ONE_THREAD},
        start_new_session=True,  # an interrupt is for the parent, which ends its child itself
    )
    assert child.stdin is not None
    try:
        content = pickle.dumps((work, arguments))
        with suppress(OSError):
            child.stdin.write(len(content).to_bytes(_SIZE, "big") + content)
            child.stdin.flush()
        yield
        child.wait()
    finally:
        child.kill()
        child.wait()
        with suppress(OSError):
            child.stdin.close()


def main() -> None:
    """Do what the parent wrote to standard input, which stays open as long as the parent lives."""
    given = sys.stdin.buffer
    content = given.read(int.from_bytes(given.read(_SIZE), "big"))
    threading.Thread(target=_end_with_parent, args=(given.fileno(),), daemon=True).start()
    work, arguments = pickle.loads(content)
    work(*arguments)


def _end_with_parent(descriptor: int) -> None:
    os.read(descriptor, 1)
    os._exit(1)


if __name__ == "__main__":
    main()
