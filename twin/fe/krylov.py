"""Generalised conjugate residuals: minimal residuals with any preconditioner and a good start."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from twin.fe.tensor import Array

Operator = Callable[[Array], Array]


class NotConverged(ArithmeticError):
    """The linear solver stagnated."""


def solve(
    operator: Operator, precondition: Operator, residual: Array, tolerance: float, most: int = 200
) -> tuple[Array, int]:
    """Return (correction, iterations) such that |residual - operator(correction)| <= tolerance.

    Source: Eisenstat, Elman & Schultz, SIAM J. Numer. Anal. 20 (1983) 345.
    """
    correction = np.zeros_like(residual)
    directions: list[tuple[Array, Array, float]] = []
    for iteration in range(most):
        if np.linalg.norm(residual) <= tolerance:
            return correction, iteration
        direction = precondition(residual)
        image = operator(direction)
        for past, past_image, square in directions:
            share = np.vdot(past_image, image) / square
            direction = direction - share * past
            image = image - share * past_image
        square = float(np.vdot(image, image))
        if square == 0.0:
            break
        length = np.vdot(image, residual) / square
        correction += length * direction
        residual = residual - length * image
        directions.append((direction, image, square))
    raise NotConverged(f"linear solver: residual {np.linalg.norm(residual):.2e} after {most} iterations")
