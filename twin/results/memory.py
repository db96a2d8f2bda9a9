"""A run kept in memory, and the steps that wait for their commit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from twin.errors import did_you_mean
from twin.results.description import Description, Occurrence, written_occurrences
from twin.results.model_check import ModelCheck, written_checks
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
from twin.variables import VARIABLES, Variable

CHUNK_STEPS = 1000
"""Steps that are kept together."""


class StepBuffer:
    """Steps that are not committed yet, at most `capacity`: values by name, checked against the table of variables."""

    def __init__(self, coords: Mapping[str, np.ndarray], capacity: int):
        sizes = {name: len(values) for name, values in coords.items()}
        self._shapes = {name: tuple(sizes[dim] for dim in v.dims[1:]) for name, v in VARIABLES.items()}
        self._capacity = capacity
        self._blocks: dict[str, np.ndarray] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def is_full(self) -> bool:
        """Whether the steps have to be drained before the next one."""
        return self._count == self._capacity

    def append(self, values: Arrays) -> None:
        """Keep one step; ValueError for a name not in the table or a wrong shape."""
        for name, value in values.items():
            array = np.asarray(value, dtype=float)
            block = self._blocks.get(name)
            if block is None:
                block = self._blocks[name] = self._new_block(name)
            if array.shape != self._shapes[name]:
                raise ValueError(f"output '{name}' has shape {array.shape}, expected {self._shapes[name]}")
            block[self._count] = array
        for name in self._blocks.keys() - values.keys():
            self._blocks[name][self._count] = np.nan
        self._count += 1

    def drain(self) -> dict[str, np.ndarray]:
        """Return the kept steps as arrays (steps, ...) by name, NaN where a step has no value; empty it.

        The arrays are those that the next steps are written to.
        """
        count, self._count = self._count, 0
        return {name: block[:count] for name, block in self._blocks.items()}

    def _new_block(self, name: str) -> np.ndarray:
        if name not in VARIABLES:
            raise ValueError(f"output '{name}' is not in the table of variables. {did_you_mean(name, VARIABLES)}")
        return np.full((self._capacity, *self._shapes[name]), np.nan, dtype=kept_type(VARIABLES[name]))


def kept_type(variable: Variable) -> str:
    """Return the type in which a variable of the steps is kept: fields single, series double precision."""
    return "float32" if {"die_x", "tile_x"} & set(variable.dims) else "float64"


class MemoryWriter:
    """Keeps a run in memory; the same calls as `ResultWriter`, without a folder."""

    def __init__(self, coords: Arrays, description: Description):
        self._coords = complete_coordinates(coords)
        self._description = description
        self._buffer = StepBuffer(self._coords, min(CHUNK_STEPS, len(self._coords["time"])))
        self._blocks: dict[str, list[np.ndarray]] = {}
        self._steps = 0

    def append(self, step: int, values: Arrays) -> bool:
        """Keep one step; never asks for a commit."""
        expect_step(step, self._steps)
        self._buffer.append(values)
        self._steps += 1
        if self._buffer.is_full:
            self._store()
        return False

    def _store(self) -> None:
        before = self._steps - len(self._buffer)
        for name, block in self._buffer.drain().items():
            if name not in self._blocks:
                self._blocks[name] = [np.full((before, *block.shape[1:]), np.nan, dtype=block.dtype)]
            self._blocks[name].append(block.copy())

    def _whole(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """Return a variable of all steps; its parts are given up."""
        if name in self._blocks:
            return np.concatenate(self._blocks.pop(name))
        return np.full(shape, np.nan, dtype=kept_type(VARIABLES[name]))

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
        checks: Iterable[ModelCheck] = (),
    ) -> Results:
        """Return the run as results."""
        import xarray as xr

        self._store()
        coords = {**self._coords, "time": self._coords["time"][: self._steps]}
        sizes = {name: len(values) for name, values in coords.items()}
        data = xr.Dataset(
            {
                name: (v.dims, self._whole(name, tuple(sizes[d] for d in v.dims)), attributes_of(v))
                for name, v in VARIABLES.items()
            },
            coords={n: (n, values, attributes_of(COORDINATES[n])) for n, values in coords.items()},
            attrs={**self._description.attributes(), **outcome_attributes(status, reason, wall_time, warnings, checks)},
        )
        return Results(
            data,
            None if requests is None else requests_dataset(requests),
            None if hottest is None else hottest_dataset(hottest),
        )


def outcome_attributes(
    status: str,
    reason: str,
    wall_time: float | None,
    warnings: Iterable[Occurrence],
    checks: Iterable[ModelCheck] = (),
) -> dict[str, Any]:
    """Return the attributes that say how a run ended; ValueError for an unknown status."""
    if status not in STATUSES:
        raise ValueError(f"status '{status}' is none of {', '.join(STATUSES)}")
    return {
        "status": status,
        "reason": reason,
        "wall_time_s": wall_time,
        "warnings": written_occurrences(warnings),
        "model_checks": written_checks(checks),
    }


def expect_step(given: int, expected: int) -> None:
    """Refuse a step out of order."""
    if given != expected:
        raise ValueError(f"step {given} given, step {expected} comes next")
