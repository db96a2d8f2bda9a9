"""Functions with known answers in the place of the twin: everything around the model is that of real studies."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from math import pi, sin
from typing import Any

from twin.study.outcome import Figures, Outcome
from twin.study.worker import Point, Task

BASE = "wse3-power-virus"
UNIT_KEYS = ("inputs.chip.leakage.spare_share", "inputs.chip.clock_tree.gated", "workload.utilisation")
"""Three numbers without unit that may lie anywhere between 0 and 1."""
X, Y = UNIT_KEYS[:2]


def outcomes(points: Sequence[Point], model: Callable[[dict[str, Any]], Figures | None]) -> list[Outcome]:
    """Return what a worker would return if the twin were `model`."""
    now = time.time()
    found = []
    for identity, changes in points:
        figures = model(changes)
        error = "" if figures is not None else "there is no steady state"
        found.append(Outcome(identity, figures, error, started=now, finished=now))
    return found


def ishigami(task: Task, points: Sequence[Point]) -> list[Outcome]:
    """f = sin x1 + 7 sin^2 x2 + 0.1 x3^4 sin x1, each x uniform on (-pi, pi)."""
    return outcomes(points, _ishigami)


def ishigami_with_gaps(task: Task, points: Sequence[Point]) -> list[Outcome]:
    """Return the same function where one point in a hundred, here and there, has no result."""

    def model(changes: dict[str, Any]) -> Figures | None:
        return None if int(1e6 * changes[X]) % 100 == 0 else _ishigami(changes)

    return outcomes(points, model)


def ishigami_in_part(task: Task, points: Sequence[Point]) -> list[Outcome]:
    """Return the same function where one point in five, at one end, has no result."""
    return outcomes(points, lambda changes: None if changes[X] < 0.2 else _ishigami(changes))


def ishigami_sometimes_throttled(task: Task, points: Sequence[Point]) -> list[Outcome]:
    """Return the same function, and a time to throttle at some points alone."""

    def model(changes: dict[str, Any]) -> Figures:
        return {**_ishigami(changes), "time_to_throttle_s": changes[X] if changes[X] > 0.5 else None}

    return outcomes(points, model)


def broken(task: Task, points: Sequence[Point]) -> list[Outcome]:
    """Fail as a worker does on a machine that lacks something."""
    raise OSError("no such library")


def _ishigami(changes: dict[str, Any]) -> Figures:
    x1, x2, x3 = (pi * (2.0 * changes[key] - 1.0) for key in UNIT_KEYS)
    value = sin(x1) + 7.0 * sin(x2) ** 2 + 0.1 * x3**4 * sin(x1)
    return {"peak_temperature_K": value, "wafer_power_W": 2.0}


def weighted_sum(task: Task, points: Sequence[Point]) -> list[Outcome]:
    """Return 3 x - 4 y as a temperature."""
    return outcomes(points, lambda changes: {"peak_temperature_K": 3.0 * changes[X] - 4.0 * changes[Y]})


def convex(task: Task, points: Sequence[Point]) -> list[Outcome]:
    """(x - 0.8)^2 + 2 (y - 0.6)^2 as an energy, x + y as a temperature; no result where x < 0.1."""

    def model(changes: dict[str, Any]) -> Figures | None:
        x, y = changes[X], changes[Y]
        if x < 0.1:
            return None
        return {"facility_energy_per_token_J": (x - 0.8) ** 2 + 2.0 * (y - 0.6) ** 2, "peak_temperature_K": x + y}

    return outcomes(points, model)


def two_valleys(task: Task, points: Sequence[Point]) -> list[Outcome]:
    """Two local minima of different depth: the deeper one, of value -1, at x = 0.85."""

    def model(changes: dict[str, Any]) -> Figures:
        x, y = changes[X], changes[Y]
        shallow, deep = 30.0 * (x - 0.2) ** 2 - 0.5, 30.0 * (x - 0.85) ** 2 - 1.0
        return {"facility_energy_per_token_J": min(shallow, deep) + (y - 0.5) ** 2}

    return outcomes(points, model)


def two_distances(task: Task, points: Sequence[Point]) -> list[Outcome]:
    """Squared distances from (0.2, 0.5) and (0.8, 0.5): on the front the distances add up to 0.6."""

    def model(changes: dict[str, Any]) -> Figures:
        x, y = changes[X], changes[Y]
        first, second = ((x - centre) ** 2 + (y - 0.5) ** 2 for centre in (0.2, 0.8))
        return {"facility_energy_per_token_J": first, "peak_temperature_K": second}

    return outcomes(points, model)
