"""A run to be killed: writes a deterministic sequence of steps, resuming what is in the folder.

Usage: python crashing_run.py FOLDER STEPS [PAUSE]

PAUSE, in s after each step, leaves time to kill it however fast the machine is.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from twin.results.description import Description
from twin.results.results import STORE
from twin.results.store import ResultWriter

COMMIT_EVERY = 4


def coordinates(steps: int) -> dict[str, np.ndarray]:
    """Return the coordinates of a wafer of 2 x 2 dies, 8 x 8 tiles."""
    return {
        "time": 0.5 * np.arange(1, steps + 1),
        "die_x": np.array([0.25, 0.75]),
        "die_y": np.array([0.25, 0.75]),
        "tile_x": (np.arange(8) + 0.5) / 8,
        "tile_y": (np.arange(8) + 0.5) / 8,
    }


def first_state() -> dict[str, Any]:
    """Return the state before the first step."""
    return {"field": np.linspace(0.1, 0.9, 64).reshape(1, 8, 8), "tokens": 0}


def step(state: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the next state and the outputs of a step: a chaotic map, so that any error would grow."""
    field = 3.9 * state["field"] * (1 - state["field"])
    outputs = {
        "tokens": float(state["tokens"]),
        "tile_temperature": 300.0 + field,
        "die_temperature": 300.0 + field[:, ::4, ::4],
        "wafer_power": field.sum(axis=(1, 2)),
    }
    return {"field": field, "tokens": state["tokens"] + 1}, outputs


def main(folder: Path, steps: int, pause: float = 0.0) -> None:
    """Start or resume the run and carry it to its end."""
    if (folder / STORE).is_dir():
        writer, start, state = ResultWriter.resume(folder)
    else:
        start, state = 0, None
        writer = ResultWriter.create(folder, coordinates(steps), Description("killed run"), COMMIT_EVERY)
    state = state or first_state()
    for index in range(start, steps):
        state, outputs = step(state)
        if writer.append(index, outputs):
            writer.commit(state)
        time.sleep(pause)
    writer.finish()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), *map(float, sys.argv[3:]))
