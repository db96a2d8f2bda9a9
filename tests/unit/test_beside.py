"""Work in a process of its own: it is done by the time it is waited for, and it does not outlive its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from twin import library
from twin.beside import beside

PATIENCE = 20.0
TELL = (
    "import os, pathlib, time; path = pathlib.Path({path!r}); path.with_suffix('.part').write_text(str(os.getpid())); "
)
TELL += "path.with_suffix('.part').replace(path); time.sleep({seconds})"


def work(path: Path, seconds: float) -> str:
    """Return code that writes the number of its process to a file and goes on for a while."""
    return TELL.format(path=str(path), seconds=seconds)


def told(path: Path) -> int:
    """Return the number in the file once it is there."""
    end = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < end, "the other process did not start"
        time.sleep(0.01)
    return int(path.read_text())


def has_ended(process: int) -> bool:
    """Tell whether a process ends soon; one that nobody waits for counts as ended."""
    end, status = time.monotonic() + PATIENCE, Path(f"/proc/{process}/stat")
    while time.monotonic() < end:
        if not status.exists() or status.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return True
        time.sleep(0.01)
    return False


def test_work_is_done_by_another_process_when_the_block_is_left(tmp_path: Path) -> None:
    with beside(exec, work(tmp_path / "told", 0.2)):
        assert told(tmp_path / "told") != os.getpid()
    assert has_ended(int((tmp_path / "told").read_text()))


def test_arguments_larger_than_a_pipe_arrive(tmp_path: Path) -> None:
    content = os.urandom(2_000_000)
    with beside(Path.write_bytes, tmp_path / "large", content):
        pass
    assert (tmp_path / "large").read_bytes() == content


def interrupted(path: Path) -> None:
    """Interrupt a block whose work goes on for long."""
    with beside(exec, work(path, 1000.0)):
        told(path)
        raise KeyboardInterrupt


def test_an_error_in_the_block_ends_the_work(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        interrupted(tmp_path / "told")
    assert has_ended(told(tmp_path / "told"))


def test_work_that_fails_does_no_harm(tmp_path: Path) -> None:
    with beside(Path.read_bytes, tmp_path / "absent"):
        reached = True
    assert reached


def test_a_killed_parent_takes_the_work_along(tmp_path: Path) -> None:
    lines = f"import time\nfrom twin.beside import beside\nwith beside(exec, {work(tmp_path / 'told', 1000.0)!r}):\n"
    parent = subprocess.Popen([sys.executable, "-c", lines + "    time.sleep(1000)"])
    other = told(tmp_path / "told")
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert has_ended(other)


def test_work_is_that_of_this_package_whatever_the_folder_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "twin").mkdir()
    for name in ("twin/__init__.py", "queue.py", "random.py"):
        (tmp_path / name).write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    with beside(Path.write_text, tmp_path / "done", "by the right one"):
        pass
    assert (tmp_path / "done").read_text() == "by the right one"


def test_folders_of_data_are_those_of_the_parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIN_DATA", str(tmp_path / "set"))
    library.use_folder(tmp_path)
    try:
        code = f"import os, pathlib; pathlib.Path({str(tmp_path / 'told')!r}).write_text(os.environ['TWIN_DATA'])"
        with beside(exec, code):
            pass
    finally:
        library.clear_folders()
    assert (tmp_path / "told").read_text() == f"{tmp_path.resolve()}{os.pathsep}{tmp_path / 'set'}"


def test_without_another_process_the_block_is_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "absent"))
    with beside(Path.touch, tmp_path / "touched"):
        reached = True
    assert reached
    assert not (tmp_path / "touched").exists()
