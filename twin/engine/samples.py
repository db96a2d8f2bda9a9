"""What one (sub-)step gave, as named arrays, and how sub-steps become one step of the results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Sample = Mapping[str, Any]

_SUMS = {"tokens", "prompt_tokens", "coupling_iterations", "solver_iterations"}
_LARGEST = {
    "peak_temperature", "ir_drop", "pressure_drop", "energy_residual", "temperature_residual", "voltage_residual",
}  # fmt: skip
_SMALLEST = {"die_minimum_voltage", "voltage_margin"}
_LAST = {"queue_length", "die_temperature", "tile_temperature", "coolant_temperature"}


def merge(samples: Sequence[Sample], lengths: Sequence[float]) -> dict[str, Any]:
    """Return one sample for consecutive ones: counts add, extremes stay, states are the last, the rest are means."""
    if len(samples) == 1:
        return dict(samples[0])
    weights = np.asarray(lengths) / np.sum(lengths)
    return {name: _merged(name, [sample[name] for sample in samples], weights) for name in samples[0]}


def _merged(name: str, values: Sequence[Any], weights: np.ndarray) -> Any:
    if name in _LAST:
        return values[-1]
    stacked = np.stack([np.asarray(value, float) for value in values])
    if name in _SUMS:
        return stacked.sum(axis=0)
    if name in _LARGEST:
        return stacked.max(axis=0)
    if name in _SMALLEST:
        return stacked.min(axis=0)
    return np.tensordot(weights, stacked, axes=1)
