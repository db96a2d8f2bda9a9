"""One study at a time in a folder: a lock of the operating system, which ends with its process, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from twin.errors import OutputError

_FILE = ".lock"


class FolderLock:
    """Held as a context; refused while another process holds it."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._descriptor = -1

    def __enter__(self) -> FolderLock:
        path = self._folder / _FILE
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = path.read_text(encoding="utf-8").strip() or "unknown"
            os.close(self._descriptor)
            raise OutputError(
                f"{self._folder}: a study is running in this folder (process {holder}). "
                "Remedy: wait for it or stop it, or use another --out"
            ) from error
        except OSError as error:
            raise OutputError(f"{self._folder}: cannot be used for a study ({error.strerror})") from error
        try:
            os.ftruncate(self._descriptor, 0)
            os.write(self._descriptor, f"{os.getpid()} on {os.uname().nodename}\n".encode())
        except OSError:
            pass  # a full disk: the lock holds, only its holder is not named
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)
