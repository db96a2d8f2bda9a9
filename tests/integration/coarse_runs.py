"""Short real runs on the coarse mesh; equal ones are done once."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import twin
from twin.results.results import Results

SERVING = "wse3-llama3.1-8b-conversation"
VIRUS = "wse3-power-virus"
IDLE = "wse3-idle"

SMALL = """\
kind: scenario
base: wse3-llama3.1-8b-conversation
compare_with: null
workload: {duration: 6 s}
thermal: {mesh: wafer-coarse, model: full}
"""
"""A scenario file of a few seconds; to be followed by other keys."""

COARSE = {"thermal.mesh": "wafer-coarse", "thermal.model": "full", "control.step": "1 s", "compare_with": None}
"""What makes a packaged scenario small."""

COMMAND = [sys.executable, "-c", "from twin.cli.main import main; main()"]
ENVIRONMENT = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def run(name: str, **changes: object) -> Results:
    """Run a packaged scenario with dotted keys changed, dots written as two underscores."""
    return _run(name, tuple(sorted((key.replace("__", "."), _hashable(value)) for key, value in changes.items())))


@cache
def _run(name: str, changes: tuple[tuple[str, Any], ...]) -> Results:
    settings = {**COARSE, **dict(changes)}
    return twin.run(twin.load(name).replace(settings))


def _hashable(value: object) -> Any:
    return tuple(value) if isinstance(value, list) else value


def values(results: Results, name: str) -> NDArray[np.float64]:
    """Return a variable of a run."""
    return np.asarray(results.data[name].values, dtype=float)


def total(results: Results, name: str) -> NDArray[np.float64]:
    """Return a variable summed over wafers, over (time,)."""
    found = values(results, name)
    return np.asarray(found.reshape(len(found), -1).sum(axis=1))


def command(*arguments: str, folder: Path, check: bool = False) -> subprocess.CompletedProcess[str]:
    """Run `twin` as a user does, in a process of its own."""
    return subprocess.run(
        [*COMMAND, *arguments], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=check, timeout=300
    )


def written_busy_trace(folder: Path) -> str:
    """Write a trace of 60 requests a second for 6 s, whose sizes repeat after 50 and 40 requests; return its path."""
    path = folder / "busy.csv"
    lines = [f"{number / 60:.6f},{500 + 37 * (number % 50)},{50 + 7 * (number % 40)}" for number in range(360)]
    path.write_text("TIMESTAMP,ContextTokens,GeneratedTokens\n" + "\n".join(lines) + "\n")
    return str(path)
