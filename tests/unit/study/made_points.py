"""Points of studies whose answers are known by hand: a bowl over two keys, a line along one, things without order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

import numpy as np

from twin.spec.documents import validate
from twin.spec.study import Study
from twin.study.points import Column, StudyPoints, key_label

FLOW, INLET, SYSTEM, STREAMS = (
    "cooling.flow_rate",
    "cooling.inlet_temperature",
    "system",
    "workload.streams",
)
_UNITS = {FLOW: "m^3/s", INLET: "K", SYSTEM: None, STREAMS: "1"}


def made(
    axes: Mapping[str, Any],
    results: Mapping[str, tuple[str, Callable[..., float]]],
    status: Callable[..., str] = lambda *values: "done",
    **study: Any,
) -> StudyPoints:
    """Return the points of a grid; results are unit and function of the keys' values."""
    spec = validate({"base": "made", "axes": {name: list(axis) for name, axis in axes.items()}, **study}, Study, "made")
    grid = list(product(*axes.values()))
    states = np.array([status(*values) for values in grid], dtype=object)
    columns = {}
    for place, (name, axis) in enumerate(axes.items()):
        kind = object if _UNITS[name] is None else None
        values = np.array([values[place] for values in grid], dtype=kind)
        columns[name] = Column(name, key_label(name), _UNITS[name], values, np.array(list(axis), dtype=kind))
    for name, (unit, function) in results.items():
        values = np.array(
            [function(*values) if s == "done" else np.nan for values, s in zip(grid, states, strict=True)]
        )
        columns[name] = Column(name, name.replace("_", " "), unit, values.astype(float))
    shape = {name: len(axis) for name, axis in axes.items()}
    return StudyPoints(spec, "made", "kind: scenario\n", shape, columns, states, 1)
