"""Work in a process of its own, beside this one: it ends with it at the latest, even when that is killed."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from twin import library

_SIZE = 8
"""Bytes of the size before the work; a child takes it all before it imports what the work needs."""


@contextmanager
def beside(work: Callable[..., object], *arguments: object) -> Iterator[None]:
    """Have a function of a module called in another process meanwhile; leaving waits for it, an error ends it.

    What it returns is lost, and so are its errors: it is for work that leaves files, and that is done here where they
    are missing, as they are where no other process can be started.
    """
    try:
        child = _started(pickle.dumps((work, arguments)))
    except OSError:
        yield
        return
    try:
        yield
        child.wait()
    finally:
        child.kill()
        child.wait()
        if child.stdin is not None:
            with suppress(OSError):
                child.stdin.close()


def _started(content: bytes) -> subprocess.Popen[bytes]:
    """Return a process that finds modules where this one does, and has been given its work."""
    child = subprocess.Popen(
        [sys.executable, "-P", "-c", f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import main; main()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # an interrupt is for the parent, which ends its child itself
        env=_environment(),
    )
    assert child.stdin is not None
    with suppress(OSError):  # it has ended already
        child.stdin.write(len(content).to_bytes(_SIZE, "big") + content)
        child.stdin.flush()
    return child


def _environment() -> dict[str, str]:
    """Return the environment of a child: the same folders of data, and one thread: the rest is the parent's."""
    folders = [*map(str, library.extra_folders()), os.environ.get("TWIN_DATA", "")]
    return {
        **os.environ,
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "TWIN_DATA": os.pathsep.join(folder for folder in folders if folder),
    }


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
