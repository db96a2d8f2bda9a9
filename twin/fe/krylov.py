"""Generalised conjugate residuals: minimal residuals with any preconditioner and a good start."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from twin.fe.tensor import Array

_PATIENCE = 25
"""Iterations without progress after which the solver gives up."""

Operator = Callable[[Array], Array]


class NotConverged(ArithmeticError):
    """The solver stagnated."""


def solve(
    operator: Operator,
    precondition: Operator,
    residual: Array,
    tolerance: float,
    most: int = 200,
    total: Callable[[float], float] = float,
) -> tuple[Array, int]:
    """Return (correction, iterations) such that |residual - operator(correction)| <= tolerance.

    `total` sums over the processes that share the arrays.
    Source: Eisenstat, Elman & Schultz, SIAM J. Numer. Anal. 20 (1983) 345.
    """
    correction = np.zeros_like(residual)
    directions: list[tuple[Array, Array, float]] = []
    norm = np.sqrt(total(float(np.vdot(residual, residual))))
    norms = [norm]
    for iteration in range(most):
        if norm <= tolerance:
            return correction, iteration
        direction = precondition(residual)
        image = operator(direction)
        for past, past_image, square in directions:
            share = total(float(np.vdot(past_image, image))) / square
            direction = direction - share * past
            image = image - share * past_image
        square = total(float(np.vdot(image, image)))
        if not (np.isfinite(square) and square > 0.0):
            break
        length = total(float(np.vdot(image, residual))) / square
        correction += length * direction
        residual = residual - length * image
        norm = np.sqrt(total(float(np.vdot(residual, residual))))
        directions.append((direction, image, square))
        norms.append(norm)
        if iteration >= _PATIENCE and norm > 0.9 * norms[-1 - _PATIENCE]:
            break
    raise NotConverged(f"linear solver: residual {norm:.2e} after {len(directions)} iterations")
