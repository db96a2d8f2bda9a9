"""What a run's models are known to miss, and what that means for the hottest point."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class ModelError:
    """The error of a modelled thermal resistance, relative to the finer model named in `source`.

    `share_of_rise` is the part of this resistance in the whole one between heat layer and coolant.
    """

    quantity: str
    relative_error: float
    share_of_rise: float
    source: str

    def temperature_error(self, rise: float) -> float:
        """Return computed less true temperature in K of a place that is computed `rise` K above its coolant.

        The share s of the rise that falls on a resistance (1 + e) times the true one is s e / (1 + e) off.
        """
        return rise * self.share_of_rise * self.relative_error / (1.0 + self.relative_error)


def rise_of_hottest(hottest: xr.Dataset | None) -> float | None:
    """Return how far in K the hottest point of the heat layer is above the coolant at its place; None if not known."""
    if hottest is None:
        return None
    temperature, coolant = (np.asarray(hottest[name].values) for name in ("temperature", "coolant_temperature"))
    place = np.unravel_index(int(np.nanargmax(temperature)), temperature.shape)
    return float(temperature[place] - coolant[place])


def written_errors(errors: Iterable[ModelError]) -> str:
    """Return model errors as text for an attribute."""
    return json.dumps([asdict(item) for item in errors])


def read_errors(attributes: Mapping[str, Any]) -> tuple[ModelError, ...]:
    """Return the model errors kept in a data set's attributes."""
    return tuple(ModelError(**item) for item in json.loads(attributes.get("model_errors", "[]")))
