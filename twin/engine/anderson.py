"""Anderson acceleration of a fixed point x = g(x)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_DEPTH = 4


class Anderson:
    """How inputs and outputs of g changed together in the last steps, and the next input that this suggests.

    `relaxation` is the part of the residual that is left which a step takes; above 1 it serves a g that
    answers to what the last steps do not show with a positive slope.
    Source: Walker & Ni, SIAM J. Numer. Anal. 49 (2011) 1715, eq. 2.2.
    """

    def __init__(self, relaxation: float = 1.0) -> None:
        self._relaxation = relaxation
        self._last: tuple[Array, Array] | None = None
        self._moved: list[Array] = []
        self._answered: list[Array] = []

    def next(self, given: Array, found: Array) -> Array:
        """Return the next input after g(`given`) = `found`, of the same shape."""
        if self._last is not None:
            self._moved = [*self._moved[1 - _DEPTH :], given.ravel() - self._last[0]]
            self._answered = [*self._answered[1 - _DEPTH :], found.ravel() - self._last[1]]
        self._last = given.ravel(), found.ravel()
        if not self._moved:
            return found
        moved = np.array(self._moved)
        changes = np.array(self._answered) - moved
        residual = found.ravel() - given.ravel()
        weights = np.linalg.lstsq(changes.T, residual, rcond=None)[0]
        step = self._relaxation * (residual - weights @ changes) - weights @ moved
        return np.asarray(given.ravel() + step).reshape(found.shape)

    def shifted(self) -> Anderson:
        """Return the acceleration of a fixed point of nearly the same slope: g has changed by itself."""
        kept = Anderson(self._relaxation)
        kept._moved, kept._answered = self._moved, self._answered
        return kept
