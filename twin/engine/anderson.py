"""Anderson acceleration of a fixed point x = g(x)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_DEPTH = 4


class Anderson:
    """The last inputs and outputs of g, and the next input that they suggest.

    Source: Walker & Ni, SIAM J. Numer. Anal. 49 (2011) 1715, eq. 2.2.
    """

    def __init__(self) -> None:
        self._inputs: list[Array] = []
        self._outputs: list[Array] = []

    def next(self, given: Array, found: Array) -> Array:
        """Return the next input after g(`given`) = `found`, of the same shape."""
        self._inputs = [*self._inputs[-_DEPTH:], given.ravel()]
        self._outputs = [*self._outputs[-_DEPTH:], found.ravel()]
        if len(self._inputs) == 1:
            return found
        outputs = np.array(self._outputs)
        residuals = outputs - np.array(self._inputs)
        weights = np.linalg.lstsq(np.diff(residuals, axis=0).T, residuals[-1], rcond=None)[0]
        return np.asarray(outputs[-1] - weights @ np.diff(outputs, axis=0)).reshape(found.shape)
