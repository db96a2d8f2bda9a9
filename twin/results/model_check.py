"""How far a fast model was from the full one where both were computed."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class ModelCheck:
    """Differences between the reduced and the full thermal model at one instant of a run, in K.

    reason : why this instant, `hottest` or `random`
    field_K : largest over all nodes of the solid;  tile_K : over the heat layer's means by tile
    peak_K : of the hottest point;  bound_K : what the reduced model says of field_K
    reduced_peak_K, full_peak_K : hottest point by each; not a number in results of before they were kept
    """

    time_s: float
    reason: str
    field_K: float
    tile_K: float
    peak_K: float
    bound_K: float
    reduced_peak_K: float = math.nan
    full_peak_K: float = math.nan


def written_checks(checks: Iterable[ModelCheck]) -> str:
    """Return checks as text for an attribute."""
    return json.dumps([asdict(item) for item in checks])


def read_checks(attributes: Mapping[str, Any]) -> tuple[ModelCheck, ...]:
    """Return the checks kept in a data set's attributes."""
    return tuple(ModelCheck(**item) for item in json.loads(attributes.get("model_checks", "[]")))


def checks_line(checks: Iterable[ModelCheck]) -> str:
    """Return a line that tells of checks; empty without any."""
    found = list(checks)
    if not found:
        return ""
    hottest = [item for item in found if item.reason == "hottest"]
    worst = max(item.field_K for item in found)
    bound = max(item.bound_K for item in found)
    text = f"reduced against full thermal model: fields at most {worst:.2g} K apart at {len(found)} instants"
    text += f" (bound {bound:.2g} K)"
    return f"{text}, hottest point {hottest[0].peak_K:.2g} K at the hottest" if hottest else text
