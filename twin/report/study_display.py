"""The quantities of a study as readers see them: labels, units by their size, values as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.results.display import Display, display_of, number
from twin.study.points import Column

_DIGITS = 4
_SMALL = {"W": (1e3, Display("W")), "s": (0.5, Display("ms", scale=1e-3)), "m": (1e-3, Display("µm", scale=1e-6))}
"""Below which size a unit is shown in a smaller one."""
_PERCENT = (1e-5, 0.5)
"""Range of the largest value for which a derived share is shown in percent."""
_SAME = {"1/s/W": "1/J", "s*W": "J"}
_SPACED = 1e-6
_DECADE = 10.0


@dataclass(frozen=True)
class Shown:
    """How a column is shown."""

    column: Column
    display: Display

    @property
    def unit(self) -> str:
        """Unit for readers."""
        return self.display.unit

    @property
    def label(self) -> str:
        """Label with unit, for an axis."""
        return f"{self.column.label} [{self.unit}]" if self.unit else self.column.label

    def values(self, given: Any) -> Any:
        """Return SI values as shown; text as it is."""
        return self.display(given) if self.column.is_number else given

    def text(self, value: float | str, unit: bool = True) -> str:
        """Return one value in SI as text."""
        if isinstance(value, str):
            return _short(value, self.column.axis)
        text = number(float(self.display(value)), _DIGITS)
        if "." in text and "e" not in text:
            text = text.rstrip("0").rstrip(".")
        return f"{text} {self.unit}" if unit and self.unit else text


def shown(column: Column) -> Shown:
    """Return how a column is shown: degC, kW, L/min; differences of temperature stay in K."""
    if not column.is_number:
        return Shown(column, Display(""))
    unit = _SAME.get(column.unit or "", column.unit or "")
    if unit == "K" and column.is_derived:
        return Shown(column, Display("K"))
    largest = np.nanmax(
        np.abs(column.values.astype(float)), initial=0.0, where=np.isfinite(column.values.astype(float))
    )
    if unit == "1" and column.is_derived and _PERCENT[0] < largest < _PERCENT[1]:
        return Shown(column, Display("%", scale=0.01))
    threshold, smaller = _SMALL.get(unit, (0.0, Display("")))
    return Shown(column, smaller if 0.0 < largest < threshold else display_of(unit))


def is_logarithmic(axis: NDArray[Any]) -> bool:
    """Tell whether values of an axis are spaced by ratios over more than a decade."""
    values = axis.astype(float)
    if len(values) < 3 or values.min() <= 0.0 or values.max() < _DECADE * values.min():
        return False
    steps = np.diff(np.log(np.sort(values)))
    return bool(steps.max() < 2.0 * steps.min() + _SPACED)


def _short(value: str, axis: Sequence[str] | NDArray[Any]) -> str:
    """Return a value that is a list of parts without those that all values of its axis have in common."""
    parts = [set(str(other).split(", ")) for other in axis]
    common = set.intersection(*parts) if len(parts) > 1 else set()
    return ", ".join(part for part in value.split(", ") if part not in common) or value
