"""Closed forms and series of conduction with constant properties."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq
from scipy.special import erfc

Array = np.ndarray


def slab_between_films(
    thickness: float, conductivity: float, generation: float, low: tuple[float, float], high: tuple[float, float]
) -> tuple[float, float, float, float]:
    """Return T(0), T(L), place and value of the maximum of a generating slab between two films.

    T = A + B x - g x^2 / 2k, k B = h0 (A - T0), -k T'(L) = h1 (T(L) - T1); films are (h, ambient).
    Source: Carslaw & Jaeger, Conduction of Heat in Solids, sec. 3.2.

    >>> round(slab_between_films(1e-3, 120.0, 4e8, (25e3, 20.0), (25e3, 20.0))[3], 9)
    28.416666667
    """
    (h0, t0), (h1, t1) = low, high
    k, g, length = conductivity, generation, thickness
    # Unknowns A, B: k B - h0 A = -h0 t0;  (k + h1 L) B + h1 A = g L + h1 t1 + h1 g L^2 / 2k
    right = g * length + h1 * t1 + h1 * g * length**2 / (2 * k)
    a, b = np.linalg.solve([[-h0, k], [h1, k + h1 * length]], [-h0 * t0, right])
    place = k * b / g
    at_end = a + b * length - g * length**2 / (2 * k)
    return float(a), float(at_end), float(place), float(a + b * place - g * place**2 / (2 * k))


def biot_roots(biot: float, count: int = 60) -> Array:
    """Return the roots of z tan z = Bi."""
    low = np.arange(count) * np.pi
    return np.array([brentq(lambda z: z * np.sin(z) - biot * np.cos(z), a, a + np.pi / 2, xtol=1e-15) for a in low])


def cooled_slab(biot: float, fourier: float, place: float) -> float:
    """Return theta(x/L) of a slab cooled on both faces: sum 4 sin z / (2z + sin 2z) exp(-z^2 Fo) cos(z x/L).

    Source: Incropera & DeWitt, sec. 5.5.
    """
    z = biot_roots(biot)
    return float(np.sum(4 * np.sin(z) / (2 * z + np.sin(2 * z)) * np.exp(-(z**2) * fourier) * np.cos(z * place)))


def flux_on_half_space(flux: float, conductivity: float, diffusivity: float, depth: float, time: float) -> float:
    """Return 2 q sqrt(a t) / k ierfc(x / 2 sqrt(a t)). Source: Carslaw & Jaeger, sec. 2.9."""
    reach = math.sqrt(diffusivity * time)
    u = depth / (2 * reach)
    return 2 * flux * reach / conductivity * float(math.exp(-u * u) / math.sqrt(math.pi) - u * erfc(u))


def heated_slab(
    flux: float, thickness: float, conductivity: float, capacity: float, share: float, time: float
) -> float:
    """Return the rise at x = share L of a slab with a flux into x = 0, the other face adiabatic.

    q t / (rho c L) + q L / k [(3 (1 - x/L)^2 - 1) / 6 - 2/pi^2 sum exp(-n^2 pi^2 Fo) cos(n pi x/L) / n^2].
    Source: Carslaw & Jaeger, sec. 3.8.
    """
    fourier = conductivity / capacity * time / thickness**2
    n = np.arange(1, 2000)
    series = np.sum(np.exp(-((n * np.pi) ** 2) * fourier) * np.cos(n * np.pi * share) / n**2)
    steady = (3 * (1 - share) ** 2 - 1) / 6 - 2 / np.pi**2 * series
    return float(flux * time / (capacity * thickness) + flux * thickness / conductivity * steady)


def periodic_impedance(angular: float, thickness: float, conductivity: float, capacity: float, film: float) -> complex:
    """Return T / q at the heated face, Zc (ZL + Zc tanh gL) / (Zc + ZL tanh gL), g = sqrt(j w / a).

    Source: Carslaw & Jaeger, sec. 3.7.
    """
    g = np.sqrt(1j * angular * capacity / conductivity)
    own, load = 1 / (conductivity * g), 1 / film
    t = np.tanh(g * thickness)
    return complex(own * (load + own * t) / (own + load * t))


def penetration_depth(conductivity: float, capacity: float, frequency: float) -> float:
    """Return sqrt(a / (pi f)). Source: Carslaw & Jaeger, sec. 2.6."""
    return math.sqrt(conductivity / capacity / (math.pi * frequency))


def plate_at_zero(
    extent: tuple[float, float], conductivity: tuple[float, float], generation: float, x: float, y: float
) -> float:
    """Return T(x, y), from the centre, of an orthotropic plate with generation, all edges at zero.

    Source: Ozisik, Heat Conduction, ch. 15, by a single series of hyperbolic cosines.
    """
    (a, b), (kx, ky) = extent, conductivity
    n = np.arange(1, 400, 2)
    wave = n * np.pi / b / math.sqrt(kx / ky)
    ratio = np.exp(wave * (abs(x) - a / 2)) * (1 + np.exp(-2 * wave * abs(x))) / (1 + np.exp(-wave * a))
    series = np.sum((-1.0) ** ((n - 1) // 2) * ratio * np.cos(n * np.pi * y / b) / n**3)
    return float(generation / ky * (b**2 / 8 - y**2 / 2 - 4 * b**2 / np.pi**3 * series))


def plate_with_films(
    width: float, height: float, conductivity: float, film: float, base: float, x: float, y: float
) -> float:
    """Return T(x, y) of a plate with its base held, x = 0 insulated, films to 0 at x = width and the top.

    T = base sum c_n cos(b x) [cosh b(H-y) + (h/kb) sinh b(H-y)] / [cosh bH + (h/kb) sinh bH],
    b tan(b a) = h/k. Source: Carslaw & Jaeger, sec. 5.3; the plate is NAFEMS test T4.
    """
    z = biot_roots(film * width / conductivity, 400)
    wave = z / width
    c = 4 * np.sin(z) / (2 * z + np.sin(2 * z))
    h = film / (conductivity * wave)
    rest = height - y
    shape = (1 + h) + (1 - h) * np.exp(-2 * wave * rest)
    whole = (1 + h) + (1 - h) * np.exp(-2 * wave * height)
    return float(base * np.sum(c * np.cos(wave * x) * np.exp(-wave * y) * shape / whole))


def driven_end(length: float, diffusivity: float, amplitude: float, angular: float, x: float, time: float) -> float:
    """Return T(x, t) with T(0) = 0, T(L) = A sin(w t), T(t=0) = 0 (NAFEMS test T3).

    T = A (x/L) sin wt + sum b_n(t) sin(n pi x/L), b_n' + p b_n = (2 A w / n pi) (-1)^n cos wt.
    Source: Carslaw & Jaeger, sec. 3.5 (Duhamel).
    """
    n = np.arange(1, 4000)
    p = diffusivity * (n * np.pi / length) ** 2
    drive = 2 * amplitude * angular * (-1.0) ** n / (n * np.pi)
    w, t = angular, time
    b = drive / (p**2 + w**2) * (p * np.cos(w * t) + w * np.sin(w * t) - p * np.exp(-p * t))
    return float(amplitude * x / length * np.sin(w * t) + np.sum(b * np.sin(n * np.pi * x / length)))


def square_on_half_space() -> tuple[float, float]:
    """Return k sqrt(A) R of a uniform flux on a square: at its centre, and of its mean.

    (2/pi) asinh 1 and (2/pi) [asinh 1 - (sqrt 2 - 1) / 3]; Yovanovich & Marotta, Heat Transfer Handbook, ch. 4.
    """
    centre = 2 / math.pi * math.asinh(1)
    return centre, centre - 2 / math.pi * (math.sqrt(2) - 1) / 3


def circle_on_half_space() -> tuple[float, float]:
    """Return k sqrt(A) R of a uniform flux on a circle: 1/sqrt(pi) at its centre, 8 / (3 pi^1.5) of its mean."""
    return 1 / math.sqrt(math.pi), 8 / (3 * math.pi**1.5)


def sheet_drops() -> tuple[float, float]:
    """Return largest and mean drop over R J L^2 of a square sheet held at its four edges.

    Torsion of a square bar, Timoshenko & Goodier, Theory of Elasticity, by single series.
    """
    n = np.arange(1, 400, 2)
    largest = 1 / 8 - 4 / np.pi**3 * np.sum((-1.0) ** ((n - 1) // 2) / (n**3 * np.cosh(np.minimum(n * np.pi / 2, 700))))
    mean = 1 / 12 - 16 / np.pi**5 * np.sum(np.tanh(n * np.pi / 2) / n**5)
    return float(largest), float(mean)


def sheet_largest_by_double_series(terms: int = 801) -> float:
    """Return the largest drop by the double sine series, 16/pi^4 sum +-1 / (m n (m^2 + n^2)), m, n odd.

    Partial sums of alternating terms are averaged (Euler).
    """
    m = np.arange(1, terms, 2)
    sign = (-1.0) ** ((m - 1) // 2)
    table = np.outer(sign / m, sign / m) / (m[:, None] ** 2 + m[None, :] ** 2)
    partial = np.array([table[:size, :size].sum() for size in range(m.size - 8, m.size + 1)])
    while partial.size > 1:
        partial = (partial[1:] + partial[:-1]) / 2
    return float(16 / np.pi**4 * partial[0])
