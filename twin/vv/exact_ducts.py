"""Developed laminar flow and heat in rectangular ducts by one spectral element.

Legendre polynomials on Gauss-Lobatto points, independent of the series and the finite elements that
are judged. Notation and definitions: Shah & London, Laminar Flow Forced Convection in Ducts (1978),
chs. II, III, VII.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.polynomial import legendre
from scipy.linalg import lu_factor, lu_solve
from scipy.special import roots_jacobi

Array = np.ndarray

_POINTS = 30
_SWEEPS = 200


@dataclass(frozen=True)
class Duct:
    """Numbers of a duct on D_h = 4 A / P of all walls; Nusselt numbers of a heated perimeter."""

    friction: float
    nusselt_h1: float
    nusselt_t: float
    nusselt_h2: float
    entrance_loss: float


def lobatto(points: int) -> tuple[Array, Array, Array]:
    """Return nodes and weights on [-1, 1] and the matrix of derivatives.

    >>> x, w, d = lobatto(6)
    >>> bool(np.allclose(d @ x**4, 4 * x**3) and np.isclose(w @ x**8, 2 / 9))
    True
    """
    last = [0.0] * (points - 1) + [1.0]
    x = np.concatenate([[-1.0], roots_jacobi(points - 2, 1.0, 1.0)[0], [1.0]])
    value = legendre.legval(x, last)
    weights = 2 / (points * (points - 1) * value**2)
    gap = x[:, None] - x[None, :] + np.eye(points)
    derivative = value[:, None] / value[None, :] / gap
    np.fill_diagonal(derivative, 0.0)
    derivative[0, 0] = -points * (points - 1) / 4
    derivative[-1, -1] = -derivative[0, 0]
    return x, weights, derivative


class _Section:
    """Stiffness and (diagonal) mass of a rectangle [0, a] x [0, b] on Gauss-Lobatto points."""

    def __init__(self, a: float, b: float, points: int = _POINTS):
        _, w, d = lobatto(points)
        k = d.T @ (w[:, None] * d)
        self.shape = (points, points)
        self.mass = np.outer(w * a / 2, w * b / 2).ravel()
        self.stiffness = np.kron(k * 2 / a, np.diag(w * b / 2)) + np.kron(np.diag(w * a / 2), k * 2 / b)
        self.along_x, self.along_y = w * a / 2, w * b / 2

    def inside(self, *walls: str) -> Array:
        """Return the mask of nodes that are not on the named walls."""
        mask = np.ones(self.shape, bool)
        for wall in walls:
            end = 0 if wall.endswith("min") else -1
            mask[(end, slice(None)) if wall[0] == "x" else (slice(None), end)] = False
        return mask.ravel()

    def solve(self, load: Array, free: Array) -> Array:
        """Solve -lap T = f weakly for a load (f times mass), T = 0 where not free."""
        result = np.zeros(load.size)
        result[free] = np.linalg.solve(self.stiffness[np.ix_(free, free)], load[free])
        return result


@cache
def rectangular_duct(width: float, height: float, points: int = _POINTS) -> Duct:
    """Return the numbers of a duct with all four walls heated, from a quarter of its section."""
    quarter = _Section(width / 2, height / 2, points)
    free = quarter.inside("x_max", "y_max")
    velocity = quarter.solve(quarter.mass, free)
    area = quarter.mass.sum()
    relative = velocity * area / (quarter.mass @ velocity)
    diameter = 2 * width * height / (width + height)
    friction = diameter**2 / (2 * (quarter.mass @ velocity) / area)
    theta = quarter.solve(quarter.mass * relative, free)
    h1 = diameter * area**2 / ((width + height) / 2 * (quarter.mass @ (relative * theta)))
    loss = 2 * (quarter.mass @ (relative**3 - relative**2)) / area
    smallest = _smallest_eigenvalue(quarter, quarter.mass * relative, free)
    return Duct(
        float(friction), float(h1), float(smallest * diameter**2 / 4),
        _uniform_flux(quarter, relative, diameter, (width + height) / 2), float(loss),
    )  # fmt: skip


@cache
def covered_duct(width: float, height: float, points: int = _POINTS) -> float:
    """Return Nu_H1, on the heated perimeter width + 2 height, under an adiabatic cover of that width."""
    half = _Section(width / 2, height, points)
    velocity = half.solve(half.mass, half.inside("x_max", "y_min", "y_max"))
    area = half.mass.sum()
    relative = velocity * area / (half.mass @ velocity)
    theta = half.solve(half.mass * relative, half.inside("x_max", "y_min"))
    diameter = 2 * width * height / (width + height)
    return float(diameter * area**2 / ((width / 2 + height) * (half.mass @ (relative * theta))))


def parallel_plates(points: int = _POINTS) -> Duct:
    """Return the numbers between wide plates, both heated, on D_h of twice their distance.

    f Re 24, Nu_H 140/17 (H1 and H2 are one), K(inf) 24/35; Nu_T by the smallest eigenvalue.
    """
    _, w, d = lobatto(points)
    # Half the gap is 1/2: y in [0, 1/2] from the middle, D_h = 2, u / u_m = 1.5 (1 - 4 y^2).
    y = (lobatto(points)[0] + 1) / 4
    stiffness = d.T @ (w[:, None] * d) * 4
    weight = w / 4 * 1.5 * (1 - 4 * y**2)
    free = slice(0, points - 1)
    factors = lu_factor(stiffness[free, free])
    value = _power_iteration(lambda v: lu_solve(factors, weight[free] * v), points - 1)
    return Duct(24.0, 140 / 17, float(value * 4 / 4), 140 / 17, 24 / 35)


def _smallest_eigenvalue(section: _Section, weight: Array, free: Array) -> float:
    factors = lu_factor(section.stiffness[np.ix_(free, free)])
    return _power_iteration(lambda v: lu_solve(factors, weight[free] * v), int(free.sum()))


def _power_iteration(inverse, size: int) -> float:  # type: ignore[no-untyped-def]
    vector, value = np.ones(size), 0.0
    for _ in range(_SWEEPS):
        image = inverse(vector)
        latest = float(np.abs(image).max())
        vector = image / latest
        if abs(latest - value) < 1e-15 * latest:
            break
        value = latest
    return 1 / value


def _uniform_flux(section: _Section, relative: Array, diameter: float, perimeter: float) -> float:
    """Nu_H2: lap T = q P / A (u / u_m), dT/dn = q on the walls; mean wall over bulk temperature."""
    lengths = np.zeros(section.shape)
    lengths[-1, :] += section.along_y
    lengths[:, -1] += section.along_x
    wall = lengths.ravel()
    area = section.mass.sum()
    load = wall - perimeter / area * section.mass * relative
    free = np.ones(load.size, bool)
    free[0] = False
    field = section.solve(load, free)
    above = wall @ field / perimeter - section.mass @ (relative * field) / area
    return float(diameter / above)
