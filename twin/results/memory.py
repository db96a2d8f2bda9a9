"""A run kept in memory, and the steps that wait for their commit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from twin.errors import did_you_mean
from twin.results.description import Description, Occurrence, written_occurrences
from twin.results.results import (
    COMPLETE,
    STATUSES,
    Arrays,
    Results,
    complete_coordinates,
    hottest_dataset,
    requests_dataset,
)
from twin.results.tables import COORDINATES, attributes_of
from twin.variables import VARIABLES


class StepBuffer:
    """Steps that are not committed yet: values by name, checked against the table of variables."""

    def __init__(self, coords: Mapping[str, np.ndarray]):
        self._sizes = {name: len(values) for name, values in coords.items()}
        self._steps: list[dict[str, np.ndarray]] = []

    def __len__(self) -> int:
        return len(self._steps)

    def append(self, values: Arrays) -> None:
        """Keep one step; ValueError for a name not in the table or a wrong shape."""
        step = {}
        for name, value in values.items():
            if name not in VARIABLES:
                remedy = did_you_mean(name, VARIABLES)
                raise ValueError(f"output '{name}' is not in the table of variables. {remedy}")
            shape = tuple(self._sizes[dim] for dim in VARIABLES[name].dims[1:])
            array = np.array(value, dtype=float)
            if array.shape != shape:
                raise ValueError(f"output '{name}' has shape {array.shape}, expected {shape}")
            step[name] = array
        self._steps.append(step)

    def drain(self) -> dict[str, np.ndarray]:
        """Return the kept steps as arrays (steps, ...) by name, NaN where a step has no value; empty it."""
        names = dict.fromkeys(name for step in self._steps for name in step)
        blocks = {}
        for name in names:
            absent = np.full([self._sizes[dim] for dim in VARIABLES[name].dims[1:]], np.nan)
            blocks[name] = np.stack([step.get(name, absent) for step in self._steps])
        self._steps.clear()
        return blocks


class MemoryWriter:
    """Keeps a run in memory; the same calls as `ResultWriter`, without a folder."""

    def __init__(self, coords: Arrays, description: Description):
        self._coords = complete_coordinates(coords)
        self._description = description
        self._buffer = StepBuffer(self._coords)

    def append(self, step: int, values: Arrays) -> bool:
        """Keep one step; never asks for a commit."""
        expect_step(step, len(self._buffer))
        self._buffer.append(values)
        return False

    def commit(self, state: Any) -> None:
        """Accept a checkpoint's state; memory has no use for it."""

    def finish(
        self,
        status: str = COMPLETE,
        reason: str = "",
        wall_time: float | None = None,
        requests: Arrays | None = None,
        hottest: Arrays | None = None,
        warnings: Iterable[Occurrence] = (),
    ) -> Results:
        """Return the run as results."""
        import xarray as xr

        steps = len(self._buffer)
        blocks = self._buffer.drain()
        coords = {**self._coords, "time": self._coords["time"][:steps]}
        sizes = {name: len(values) for name, values in coords.items()}
        data = xr.Dataset(
            {
                name: (
                    v.dims,
                    blocks.get(name, np.full([sizes[d] for d in v.dims], np.nan)),
                    attributes_of(v),
                )
                for name, v in VARIABLES.items()
            },
            coords={n: (n, values, attributes_of(COORDINATES[n])) for n, values in coords.items()},
            attrs={**self._description.attributes(), **outcome_attributes(status, reason, wall_time, warnings)},
        )
        return Results(
            data,
            None if requests is None else requests_dataset(requests),
            None if hottest is None else hottest_dataset(hottest),
        )


def outcome_attributes(
    status: str, reason: str, wall_time: float | None, warnings: Iterable[Occurrence]
) -> dict[str, Any]:
    """Return the attributes that say how a run ended; ValueError for an unknown status."""
    if status not in STATUSES:
        raise ValueError(f"status '{status}' is none of {', '.join(STATUSES)}")
    return {
        "status": status,
        "reason": reason,
        "wall_time_s": wall_time,
        "warnings": written_occurrences(warnings),
    }


def expect_step(given: int, expected: int) -> None:
    """Refuse a step out of order."""
    if given != expected:
        raise ValueError(f"step {given} given, step {expected} comes next")
