"""How long `import twin` and `twin --help` take."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

REPEATS = 5


def quickest(*command: str | Path) -> float:
    """Return the shortest of some runs in s; other work on the machine only adds."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return min(times)


def test_import_takes_under_half_a_second(capsys: pytest.CaptureFixture[str]) -> None:
    bare, imported = quickest(sys.executable, "-c", ""), quickest(sys.executable, "-c", "import twin")
    with capsys.disabled():
        print(f"\nimport twin: {imported - bare:.3f} s over a bare interpreter ({bare:.3f} s)")
    assert imported < 0.5


def test_help_takes_under_one_and_a_half_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    shown = quickest(Path(sys.executable).with_name("twin"), "--help")
    with capsys.disabled():
        print(f"\ntwin --help: {shown:.3f} s")
    assert shown < 1.5
