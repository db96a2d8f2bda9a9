"""Weak forms of heat conduction in a layered solid, as in the literature.

Notation: T temperature, v test function, k conductivity tensor, rho c volumetric heat capacity,
h film coefficient. Source: Incropera & DeWitt; Zienkiewicz & Taylor, The Finite Element Method, ch. 7.
"""

from __future__ import annotations

from typing import Any


def conduction(conductivity: Any, temperature: Any, test: Any, dx: Any) -> Any:
    """int grad(v) . k grad(T) dx with an orthotropic conductivity (kx, ky, kz)."""
    import ufl

    gradient, test_gradient = ufl.grad(temperature), ufl.grad(test)
    return sum(conductivity[i] * gradient[i] * test_gradient[i] for i in range(3)) * dx


def storage(heat_capacity: Any, temperature: Any, test: Any, dx: Any) -> Any:
    """int rho c T v dx."""
    return heat_capacity * temperature * test * dx


def film(coefficient: Any, temperature: Any, test: Any, ds: Any) -> Any:
    """int h T v ds, the part of Newton's law of cooling that multiplies the unknown."""
    return coefficient * temperature * test * ds
