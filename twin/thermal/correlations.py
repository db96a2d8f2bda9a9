"""Laminar flow and heat transfer in rectangular ducts, impinging jets, fins.

Developed values are evaluated from exact series instead of polynomial fits.  Notation: duct of
width a along x (its cover is a wall of this width) and height b; D_h = 4 A / P over all four walls;
H1: axially uniform heat, wall temperature uniform around the heated part of the perimeter.

References
----------
Shah & London, Laminar Flow Forced Convection in Ducts, Academic Press 1978, ch. II, III and VII.
Shah, J. Fluids Eng. 100 (1978) 177-179.
Muzychka & Yovanovich, J. Heat Transfer 126 (2004) 54-61.
Martin, Advances in Heat Transfer 13 (1977) 1-60.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

LAMINAR_REYNOLDS = 2300.0
"""Upper end of laminar duct flow (Shah & London 1978, ch. III)."""

LEVEQUE_UNIFORM_FLUX = math.gamma(2.0 / 3.0) / 18.0 ** (1.0 / 3.0)
"""C of Leveque's local Nu = C (f Re / x*)^(1/3) for uniform wall flux, exact (Shah & London 1978, ch. III)."""

ENTRANCE_BLEND = 5.0
"""Exponent that joins entrance and developed values (Muzychka & Yovanovich 2004)."""

ENTRANCE_SLOPE = 3.44
"""f_app Re sqrt(x+) at the very entrance of any duct: boundary layers of a uniform stream (Shah 1978)."""

_ENTRANCE_BEND = ((0.0, 0.2, 0.5, 1.0), (2.9e-5, 7.6e-5, 2.1e-4, 2.9e-4))
"""Constant C of Shah's blend against short over long side of the duct (Shah 1978)."""

JET_REYNOLDS = (2.0e3, 1.0e5)
JET_DISTANCE = (2.0, 12.0)
JET_AREA = (0.004, 0.04)
"""Range of Martin's correlation: Reynolds number, distance over diameter, relative nozzle area."""

_TERMS = 100
"""Terms of a series for ducts up to an aspect ratio of 8; longer ones take more in proportion."""
_GAUSS = 80


def hydraulic_diameter(width: float, height: float) -> float:
    """Return D_h = 4 A / P = 2 a b / (a + b) in m."""
    return 2.0 * width * height / (width + height)


@cache
def mean_velocity(width: float, height: float) -> float:
    """Return the mean of u, -lap u = 1 in the duct, u = 0 on its walls, in m2.

    u_m = b^2/12 [1 - 192/pi^5 (b/a) sum_odd tanh(m pi a / 2 b) / m^5], b <= a
    (Shah & London 1978, ch. VII).
    """
    a, b = max(width, height), min(width, height)
    m = _odd(_terms(a, b))
    series = np.sum(np.tanh(m * np.pi * a / (2.0 * b)) / m**5)
    return float(b**2 / 12.0 * (1.0 - 192.0 / np.pi**5 * b / a * series))


def friction_factor_reynolds(width: float, height: float) -> float:
    """Return the Fanning f Re = D_h^2 / (2 u_m) of developed laminar flow."""
    return hydraulic_diameter(width, height) ** 2 / (2.0 * mean_velocity(width, height))


def nusselt_four_sided(width: float, height: float) -> float:
    """Return Nu_H1 with all four walls heated.

    Nu = D_h A^2 u_m^2 / (P int u theta), -lap theta = u, theta = 0 on the walls; the integral is a
    double sine series (Shah & London 1978, ch. VII).
    """
    perimeter = 2.0 * (width + height)
    return _nusselt(width, height, perimeter, _four_sided_integral(width, height))


def nusselt_three_sided(width: float, height: float) -> float:
    """Return Nu_H1 with an adiabatic cover (a wall of the duct's width) and three heated walls.

    The coefficient Nu k / D_h holds on the heated perimeter, width + 2 height. With height > width
    the cover is the short wall (deep channel), with height < width the long wall.
    """
    perimeter = width + 2.0 * height
    integral = _four_sided_integral(width, height) + _cover_integral(width, height)
    return _nusselt(width, height, perimeter, integral)


def _nusselt(width: float, height: float, perimeter: float, integral: float) -> float:
    flow = mean_velocity(width, height) * width * height
    return hydraulic_diameter(width, height) * flow**2 / (perimeter * integral)


@cache
def _four_sided_integral(width: float, height: float) -> float:
    """Return int u theta dA in m6, theta = 0 on all walls, by the double sine series."""
    m, n = _odd(_terms(width, height)), _odd(_terms(height, width))
    eigenvalue = (m * np.pi / width)[:, None] ** 2 + (n * np.pi / height)[None, :] ** 2
    velocity = 16.0 / np.pi**2 / np.outer(m, n) / eigenvalue
    return float(np.sum(velocity**2 / eigenvalue) * width * height / 4.0)


@cache
def _cover_integral(width: float, height: float) -> float:
    """Return what an adiabatic cover at y = b adds to int u theta dA, in m6.

    For each sine mode l = m pi / a across the width, the correction g'' = l^2 g, g(0) = 0,
    g'(b) = -theta'(b) cancels the flux of the four-sided solution through the cover;
    with h = l b / 2, c = 4/(m pi), u_m(y) = c/l^2 [1 - cosh l(y - b/2) / cosh h],
    theta'(b) = c/(2 l^3) [h (1 - tanh^2 h) - tanh h] and
    int u_m g dy = -theta'(b) c / l^4 [(1 - sech 2h)/2 - h tanh h sech 2h].
    """
    m = _odd(_terms(width, height))
    mode = m * np.pi / width
    h = 0.5 * mode * height
    amplitude = 4.0 / (m * np.pi)
    tanh, sech = np.tanh(h), 2.0 * np.exp(-2.0 * h) / (1.0 + np.exp(-4.0 * h))
    slope = amplitude / (2.0 * mode**3) * (h * (1.0 - tanh**2) - tanh)
    overlap = amplitude / mode**4 * (0.5 * (1.0 - sech) - h * tanh * sech)
    return float(0.5 * width * np.sum(-slope * overlap))


@cache
def entrance_loss(width: float, height: float) -> float:
    """Return K(inf) = 2 (K_e - K_d): what development adds to the pressure drop, over rho u^2 / 2.

    K_d = mean (u/u_m)^2 and K_e = mean (u/u_m)^3 of the developed profile, integrated by Gauss
    points crowded at the walls (Lundgren et al. 1964; Shah & London 1978, ch. VII).
    """
    a, b = max(width, height), min(width, height)
    points, weights = np.polynomial.legendre.leggauss(_GAUSS)
    crowded = np.sin(0.5 * np.pi * points)
    weights = weights * 0.25 * np.pi * np.cos(0.5 * np.pi * points)
    velocity = _velocity(0.5 * a * crowded, 0.5 * b * crowded, a, b)
    area = np.outer(weights, weights)
    relative = velocity / np.sum(area * velocity)
    return float(2.0 * np.sum(area * (relative**3 - relative**2)))


def developing_entrance_loss(width: float, height: float, distance: ArrayLike) -> FloatArray:
    """Return K(x+) = 4 x+ (f_app Re - f Re): what development up to x+ adds, over rho u^2 / 2.

    f_app Re = 3.44/sqrt(x+) + [K(inf)/(4 x+) + f Re - 3.44/sqrt(x+)] / [1 + C/x+^2], from boundary layers
    at the entry to K(inf) far behind it; sorted for K, [K(inf) + 4 C (3.44 x+^-1.5 - f Re/x+)] / [1 + C/x+^2].

    Parameters
    ----------
    width, height : float
        Sides of the duct in m.
    distance : array
        x+ = x / (D_h Re), positive; infinity gives K(inf).

    References
    ----------
    Shah, J. Fluids Eng. 100 (1978) 177-179, within 2.4 % of solutions of the boundary-layer equations;
    K(inf) and f Re are exact here.
    """
    with np.errstate(divide="ignore"):
        return _entrance_loss(width, height, 1.0 / np.asarray(distance, dtype=float))[0]


def entrance_loss_and_slope(width: float, height: float, inverse_distance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return K(x+) of `developing_entrance_loss` and x+ dK/dx+ for 1/x+, 0 for K(inf)."""
    y = inverse_distance
    loss, layers, divisor = _entrance_loss(width, height, y)
    bend = _bend(width, height)
    slope = (
        4.0 * bend * friction_factor_reynolds(width, height) * y - 1.5 * layers + 2.0 * bend * loss * y * y
    ) / divisor
    return loss, np.asarray(slope)


def _entrance_loss(width: float, height: float, y: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return K, its part of the entry's boundary layers 4 C 3.44 y^1.5, and its divisor 1 + C y^2, y = 1/x+."""
    bend = _bend(width, height)
    layers = 4.0 * bend * ENTRANCE_SLOPE * y * np.sqrt(y)
    divisor = 1.0 + bend * y * y
    developed = entrance_loss(width, height) - 4.0 * bend * friction_factor_reynolds(width, height) * y
    return np.asarray((developed + layers) / divisor), layers, divisor


@cache
def _bend(width: float, height: float) -> float:
    """Return C of Shah's blend, between those of his ducts."""
    return float(np.interp(min(width, height) / max(width, height), *_ENTRANCE_BEND))


def _velocity(x: FloatArray, y: FloatArray, a: float, b: float) -> FloatArray:
    """Return u(x, y) in m2 of -lap u = 1 about the centre, a >= b (Shah & London 1978, ch. VII)."""
    m = _odd(2 * _TERMS)
    decay = m * np.pi / b
    distance = np.abs(x)[:, None]
    # cosh(decay x) / cosh(decay a/2), written so that it cannot overflow
    ratio = np.exp(decay * (distance - 0.5 * a)) + np.exp(-decay * (distance + 0.5 * a))
    ratio /= 1.0 + np.exp(-decay * a)
    sign = (-1.0) ** ((m - 1) // 2)
    series = (ratio * (sign / m**3)) @ np.cos(np.outer(decay, y))
    return (b**2 / 8.0 - 0.5 * y**2)[None, :] - 4.0 * b**2 / np.pi**3 * series


@cache
def shear_evenness(width: float, height: float, covered: bool = False) -> float:
    """Return mean(tau^(1/3)) over the heated walls / (mean tau over all walls)^(1/3).

    By Leveque the local coefficient follows the cube root of the local wall shear tau, and with one
    temperature around the duct the mean of these cube roots counts: corners without shear give less
    heat than the mean shear, hence f Re, lets expect. Shear from the series of the developed profile,
    du/dy = 4 a/pi^2 sum_odd tanh(m pi b / 2 a) sin(m pi x / a) / m^2 on a wall of length a.
    """
    mean = width * height / (2.0 * (width + height))
    walls = ((width, height, 1.0 if covered else 2.0), (height, width, 2.0))
    heated = sum(count * along for along, _, count in walls)
    root = sum(count * along * _mean_root_of_shear(along, across) for along, across, count in walls)
    return float(root / heated / np.cbrt(mean))


def _mean_root_of_shear(along: float, across: float) -> float:
    """Return the mean of (du/dn)^(1/3) over a wall, -lap u = 1, by Gauss points crowded at the corners."""
    points, weights = np.polynomial.legendre.leggauss(_GAUSS)
    place = 0.5 * (1.0 + np.sin(0.5 * np.pi * points))
    weights = weights * 0.25 * np.pi * np.cos(0.5 * np.pi * points)
    m = _odd(10 * _terms(along, across))
    series = np.sin(np.outer(place, m) * np.pi) @ (np.tanh(m * np.pi * across / (2.0 * along)) / m**2)
    return float(weights @ np.cbrt(4.0 * along / np.pi**2 * series))


def nusselt_entrance(developed: float, friction: float, graetz: ArrayLike, evenness: float = 1.0) -> FloatArray:
    """Return the local Nusselt number of a thermal entrance with developed velocity.

    Nu = [Nu_dev^n + (s C (f Re Gz)^(1/3))^n]^(1/n): the Leveque solution, generalised to any duct by
    its wall shear through f Re, joined to the developed value.

    Parameters
    ----------
    developed : float
        Developed Nusselt number on D_h.
    friction : float
        Fanning f Re on D_h.
    graetz : array
        Inverse dimensionless distance Re Pr D_h / x; 0 gives the developed value.
    evenness : float
        s, how evenly the duct's walls are sheared (`shear_evenness`); 1 for plates and tubes.

    References
    ----------
    Muzychka & Yovanovich, J. Heat Transfer 126 (2004) 54-61; developed value, C and s are exact here
    instead of their approximations. Within 6 % of the Graetz solution of a square, 3 % of ducts of 1:3.
    """
    scale = evenness * LEVEQUE_UNIFORM_FLUX / developed
    root = np.cbrt(friction * np.asarray(graetz, dtype=float))
    relative = scale**ENTRANCE_BLEND * (root * root) * (root * root * root)  # a power of arrays costs ten products
    return developed * (1.0 + relative) ** (1.0 / ENTRANCE_BLEND)


def jet_array_nusselt(reynolds: ArrayLike, prandtl: ArrayLike, distance_ratio: float, area_ratio: float) -> FloatArray:
    """Return the mean Nusselt number, on nozzle diameter, under an array of round jets.

    Nu = K G Re^(2/3)/2 Pr^0.42, K = [1 + (H/D sqrt(f) / 0.6)^6]^-0.05,
    G = 2 sqrt(f) (1 - 2.2 sqrt(f)) / (1 + 0.2 (H/D - 6) sqrt(f)); wall minus nozzle temperature.

    Parameters
    ----------
    reynolds, prandtl : array
        Reynolds number on nozzle diameter and nozzle velocity; Prandtl number.
    distance_ratio : float
        Nozzle to wall over diameter, H/D.
    area_ratio : float
        Nozzle area over the plan area it serves, f.

    References
    ----------
    Martin, Advances in Heat Transfer 13 (1977) 1-60; `jet_range_problems` gives its range.
    """
    root = np.sqrt(area_ratio)
    array = (1.0 + (distance_ratio * root / 0.6) ** 6) ** -0.05
    spread = 2.0 * root * (1.0 - 2.2 * root) / (1.0 + 0.2 * (distance_ratio - 6.0) * root)
    reynolds, prandtl = np.asarray(reynolds, dtype=float), np.asarray(prandtl, dtype=float)
    return array * spread * 0.5 * reynolds ** (2.0 / 3.0) * prandtl**0.42


def jet_range_problems(reynolds: float, distance_ratio: float, area_ratio: float) -> dict[str, str]:
    """Return what lies outside the range of Martin's correlation, by the name of the argument."""
    checks = (
        ("Reynolds number of the jets", reynolds, JET_REYNOLDS),
        ("distance over diameter of the jets", distance_ratio, JET_DISTANCE),
        ("relative nozzle area", area_ratio, JET_AREA),
    )
    return {
        name: f"{name} {value:.3g} is outside {low:g} to {high:g}, the range of Martin's correlation"
        for name, value, (low, high) in checks
        if not low <= value <= high
    }


def fin_efficiency(coefficient: float, thickness: float, height: float, conductivity: float) -> float:
    """Return tanh(m H)/(m H), m = sqrt(2 h / (k t)): a straight fin cooled on both faces, tip adiabatic."""
    reach = height * np.sqrt(2.0 * coefficient / (conductivity * thickness))
    return float(np.tanh(reach) / reach) if reach > 0.0 else 1.0


def fin_array_conductance(coefficient: float, width: float, wall: float, height: float, conductivity: float) -> float:
    """Return the conductance per plan area, h (w + 2 eta H) / (w + t), in W/m2/K.

    Channels of `width` and `height` between fins of thickness `wall`; floor and both fin faces cool,
    the cover does not (Tuckerman & Pease, IEEE Electron Device Letters 2 (1981) 126-129).
    """
    efficiency = fin_efficiency(coefficient, wall, height, conductivity)
    return coefficient * (width + 2.0 * efficiency * height) / (width + wall)


def _terms(along: float, across: float) -> int:
    return int(_TERMS * max(1.0, along / (8.0 * across)))


def _odd(count: int) -> FloatArray:
    return np.arange(1, 2 * count, 2, dtype=float)
