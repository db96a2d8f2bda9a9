"""Units and words for readers: degC, kW, kPa, L/min instead of bare SI."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from twin.constants import ZERO_CELSIUS
from twin.variables import Variable


@dataclass(frozen=True)
class Display:
    """How an SI unit is shown: ``shown = value / scale - offset`` in `unit`."""

    unit: str
    scale: float = 1.0
    offset: float = 0.0

    def __call__(self, value: Any) -> Any:
        """Convert an SI float or array."""
        return value / self.scale - self.offset


# Differences of temperature are not shown in degC, and a tile's power is small.
_BY_NAME = {"temperature_residual": Display("K"), "tile_power": Display("W")}
_DISPLAY = {
    "K": Display("degC", offset=ZERO_CELSIUS),
    "W": Display("kW", scale=1e3),
    "Pa": Display("kPa", scale=1e3),
    "m": Display("mm", scale=1e-3),
    "m^3/s": Display("L/min", scale=1e-3 / 60.0),
    "Hz": Display("GHz", scale=1e9),
    "1": Display(""),
}


def display_of(unit: str) -> Display:
    """Return how values in the SI unit `unit` are shown."""
    return _DISPLAY.get(unit, Display(unit))


def display(variable: Variable) -> Display:
    """Return how a variable is shown."""
    return _BY_NAME.get(variable.name) or display_of(variable.unit)


def label(variable: Variable) -> str:
    """Return the axis label of a variable, such as ``wafer power [kW]``."""
    unit = display(variable).unit
    return f"{variable.long_name} [{unit}]" if unit else variable.long_name


def number(value: float | None, digits: int = 4) -> str:
    """Return a number for a table: `digits` significant digits, thousands apart, ``-`` for none."""
    if value is None or not math.isfinite(value):
        return "-"
    size = abs(value)
    if size == 0:
        return "0"
    if size >= 1e7 or size < 1e-3:
        return f"{value:.{digits - 1}e}"
    decimals = max(0, digits - 1 - math.floor(math.log10(size)))
    return f"{value:,.{decimals}f}"
