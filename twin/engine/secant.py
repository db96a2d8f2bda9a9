"""A fixed point x = g(x) of many numbers of which each answers mostly to itself, as temperature does to leakage."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_SLOPES = -0.5, 0.5
"""Slopes of g that are believed: what lies beyond is of other numbers' making, or close to a runaway."""


class Secant:
    """The slope of each number's g in the last step, and the next input that it suggests.

    Source: Ortega & Rheinboldt, Iterative Solution of Nonlinear Equations in Several Variables (1970), section 7.4.
    """

    def __init__(self) -> None:
        self._last: tuple[Array, Array] | None = None

    def next(self, given: Array, found: Array) -> Array:
        """Return the next input after g(`given`) = `found`, of the same shape."""
        last, self._last = self._last, (given, found)
        if last is None:
            return found
        moved, answered = given - last[0], found - last[1]
        slope = np.clip(np.divide(answered, moved, out=np.zeros_like(answered), where=moved != 0.0), *_SLOPES)
        return np.asarray(found + slope / (1.0 - slope) * (found - given))
