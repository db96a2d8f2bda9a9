"""Layered stacks exactly: every cosine mode across the stack is a chain of two-ports through it.

In mode (m, n) at Laplace variable s, kz T'' = (kx a^2 + ky b^2 + rho c s) T - q with a = m pi / X,
b = n pi / Y: a layer of thickness t is the two-port k g [coth(g t), -1/sinh(g t)], a contact is a
resistance, a film a conductance to ambient.  Sources: Muzychka, Culham & Yovanovich, J. Electron.
Packag. 125 (2003) 178 (spreading); Carslaw & Jaeger, sec. 3.7 and ch. XII (periodic, Laplace);
Abate & Valko, Int. J. Numer. Meth. Eng. 60 (2004) 979 (inversion).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray
HELD = np.inf
"""Film coefficient of a face held at a temperature."""

_SMALL = 1e-3
_TALBOT = 24


@dataclass(frozen=True)
class Slab:
    """A layer: thickness in m, (kx, ky, kz) in W/m/K, rho c in J/m3/K, contact below in m2 K/W."""

    thickness: float
    conductivity: tuple[float, float, float]
    capacity: float = 0.0
    contact: float = 0.0


@dataclass(frozen=True)
class Layered:
    """Slabs from bottom to top between two films in W/m2/K (0: adiabatic, HELD: fixed)."""

    size: tuple[float, float]
    slabs: tuple[Slab, ...]
    bottom: float = 0.0
    top: float = 0.0


@dataclass(frozen=True)
class Faces:
    """Response at the lower and upper face of each slab and its mean, each (slabs, ...)."""

    low: Array
    high: Array
    mean: Array


def isotropic(thickness: float, conductivity: float, capacity: float = 0.0, contact: float = 0.0) -> Slab:
    """Return a slab of one conductivity."""
    return Slab(thickness, (conductivity,) * 3, capacity, contact)


def response(stack: Layered, drive: str | int, a2: Any = 0.0, b2: Any = 0.0, s: Any = 0.0) -> Faces:
    """Return the response in K to a drive of a mode.

    Parameters
    ----------
    drive : str or int
        `bottom` or `top`: unit flux into that face in W/m2; the number of a slab: unit heat per plan
        area, uniform through it; `bottom ambient` or `top ambient`: that ambient at 1 K.
    a2, b2, s : array
        Squared wave numbers along x and y in 1/m2 and Laplace variable in 1/s, broadcast together.
    """
    a2, b2, s = np.broadcast_arrays(*(np.asarray(v) for v in (a2, b2, s)))
    ports = [_two_port(slab, a2, b2, s) for slab in stack.slabs]
    number = _nodes(stack)
    count = number[-1][1] + 1
    kind = complex if np.iscomplexobj(s) else float
    diagonal = np.zeros((count, *a2.shape), kind)
    coupling = np.zeros((count - 1, *a2.shape), kind)
    load = np.zeros((count, *a2.shape), kind)
    for slab, (low, high), (own, across, *_) in zip(stack.slabs, number, ports, strict=True):
        diagonal[low] += own
        diagonal[high] += own
        coupling[low] += across
        if slab.contact and low:
            diagonal[low - 1] += 1 / slab.contact
            diagonal[low] += 1 / slab.contact
            coupling[low - 1] += 1 / slab.contact
    if isinstance(drive, int):
        half = ports[drive][2] / 2
        load[number[drive][0]] += half
        load[number[drive][1]] += half
    elif drive in ("bottom", "top"):
        load[0 if drive == "bottom" else -1] += 1.0
    _ends(stack, drive, diagonal, coupling, load)
    theta = _thomas(diagonal, coupling, load)
    lower, upper = (np.array([theta[ends[end]] for ends in number]) for end in (0, 1))
    means = []
    for index, (slab, port) in enumerate(zip(stack.slabs, ports, strict=True)):
        own = port[3] * slab.thickness / slab.conductivity[2] if drive == index else 0.0 * port[3]
        means.append(port[2] / 2 * (lower[index] + upper[index]) + own)
    return Faces(lower, upper, np.array(means))


def _nodes(stack: Layered) -> list[tuple[int, int]]:
    """Lower and upper node of each slab; a contact has a node on either side."""
    number, top = [], 0
    for index, slab in enumerate(stack.slabs):
        low = top + (1 if index and slab.contact else 0)
        top = low + 1
        number.append((low, top))
    return number


def _two_port(slab: Slab, a2: Array, b2: Array, s: Array) -> tuple[Array, Array, Array, Array]:
    """k g coth(g t), k g / sinh(g t), tanh(g t / 2) / (g t / 2) and (1 - that) / (g t)^2."""
    kx, ky, kz = slab.conductivity
    f = np.sqrt((kx * a2 + ky * b2 + slab.capacity * s) / kz) * slab.thickness
    safe = np.where(np.abs(f) < _SMALL, 1.0, f)
    e = np.exp(-safe)
    small = np.abs(f) < _SMALL
    coth = np.where(small, 1 + f**2 / 3 - f**4 / 45, safe * (1 + e * e) / (1 - e * e))
    inverse = np.where(small, 1 - f**2 / 6 + 7 * f**4 / 360, safe * 2 * e / (1 - e * e))
    half = np.where(small, 1 - f**2 / 12 + f**4 / 120, 2 / safe * (1 - e) / (1 + e))
    rest = np.where(small, 1 / 12 - f**2 / 120, (1 - 2 / safe * (1 - e) / (1 + e)) / safe**2)
    return kz / slab.thickness * coth, kz / slab.thickness * inverse, half, rest


def _ends(stack: Layered, drive: str | int, diagonal: Array, coupling: Array, load: Array) -> None:
    for place, inner, coefficient, name in ((0, 0, stack.bottom, "bottom"), (-1, -1, stack.top, "top")):
        ambient = 1.0 if drive == f"{name} ambient" else 0.0
        if np.isinf(coefficient):
            load[1 if place == 0 else -2] += coupling[inner] * ambient
            diagonal[place], coupling[inner], load[place] = 1.0, 0.0, ambient
        else:
            diagonal[place] += coefficient
            load[place] += coefficient * ambient


def _thomas(diagonal: Array, coupling: Array, load: Array) -> Array:
    """Solve the symmetric chain with -coupling beside the diagonal."""
    pivot, right = diagonal.copy(), load.copy()
    for i in range(1, len(pivot)):
        ratio = coupling[i - 1] / pivot[i - 1]
        pivot[i] -= ratio * coupling[i - 1]
        right[i] += ratio * right[i - 1]
    theta = right
    theta[-1] = right[-1] / pivot[-1]
    for i in range(len(pivot) - 2, -1, -1):
        theta[i] = (right[i] + coupling[i] * theta[i + 1]) / pivot[i]
    return theta


def invert(transform: Callable[[Array], Array], time: float) -> float:
    """Return f(t) of a Laplace transform by Talbot's contour (Abate & Valko 2004).

    >>> round(invert(lambda s: 1 / (s + 1), 2.0), 9) == round(float(np.exp(-2)), 9)
    True
    """
    k = np.arange(1, _TALBOT)
    angle = k * np.pi / _TALBOT
    cot = 1 / np.tan(angle)
    delta = np.concatenate([[0.4 * _TALBOT], 0.4 * k * np.pi * (cot + 1j)])
    gamma = np.concatenate([[0.5 * np.exp(delta[0])], (1 + 1j * angle * (1 + cot**2) - 1j * cot) * np.exp(delta[1:])])
    return float(0.4 / time * np.sum((gamma * transform(delta / time)).real))


def step_response(stack: Layered, drive: str | int, pick: Callable[[Faces], Array], time: float) -> float:
    """Return the response of the laterally uniform stack at `time` to a drive that starts at 0."""
    return invert(lambda s: pick(response(stack, drive, s=s)) / s, time)


def scheduled_response(
    stack: Layered,
    drive: str | int,
    pick: Callable[[Faces], Array],
    schedule: Sequence[tuple[float, float]],
    time: float,
) -> float:
    """Return the response to a drive of factors constant from each time on, by superposed steps (Duhamel)."""
    total, before = 0.0, 0.0
    for start, factor in schedule:
        if start < time:
            total += (factor - before) * step_response(stack, drive, pick, time - start)
        before = factor
    return total


@dataclass(frozen=True)
class Patch:
    """Heat in W on a rectangle (x0, x1), (y0, y1) of a face (`bottom`, `top`) or in a slab (its number)."""

    place: str | int
    x: tuple[float, float]
    y: tuple[float, float]
    power: float


@dataclass(frozen=True)
class Spot:
    """Where to read: slab, `low`, `high` or `mean` of it, at a point or over intervals of x and y."""

    slab: int
    side: str
    x: float | tuple[float, float]
    y: float | tuple[float, float]


def steady_rises(stack: Layered, patches: Sequence[Patch], spots: Sequence[Spot], modes: int = 600) -> list[float]:
    """Return the steady rise over one common ambient at each spot, in K, by the double cosine series.

    Points take an exponential filter of the modes, which keeps the convergence away from source
    edges fast (Gottlieb & Shu, SIAM Review 39 (1997) 644); means converge by themselves.
    """
    x_waves, y_waves = (np.arange(modes) * np.pi / extent for extent in stack.size)
    a2, b2 = x_waves[:, None] ** 2, y_waves[None, :] ** 2
    total = np.zeros(len(spots))
    for place in dict.fromkeys(patch.place for patch in patches):
        faces = response(stack, place, a2, b2)
        flux = sum(
            patch.power
            / ((patch.x[1] - patch.x[0]) * (patch.y[1] - patch.y[0]))
            * np.outer(_share(x_waves, patch.x, stack.size[0]), _share(y_waves, patch.y, stack.size[1]))
            for patch in patches
            if patch.place == place
        )
        for number, spot in enumerate(spots):
            kernel = getattr(faces, spot.side)[spot.slab]
            along_x, along_y = _reading(x_waves, spot.x), _reading(y_waves, spot.y)
            total[number] += _summed(along_x[:, None] * (flux * kernel) * along_y, isinstance(spot.x, tuple))
    return [float(value) for value in total]


def _summed(terms: Array, extrapolate: bool) -> float:
    """Sum of all terms; the truncation of means falls with the square of the number of modes."""
    whole = float(terms.sum())
    if not extrapolate:
        return whole
    half = float(terms[: len(terms) // 2, : len(terms) // 2].sum())
    return (4 * whole - half) / 3


def raster_patches(watts: Array, size: tuple[float, float], place: str | int) -> list[Patch]:
    """Return the patches of a raster: rows along y from 0, columns along x from 0."""
    rows, columns = watts.shape
    x, y = np.linspace(0, size[0], columns + 1), np.linspace(0, size[1], rows + 1)
    return [
        Patch(place, (x[j], x[j + 1]), (y[i], y[i + 1]), float(watts[i, j]))
        for i in range(rows)
        for j in range(columns)
        if watts[i, j]
    ]


def _share(waves: Array, interval: tuple[float, float], extent: float) -> Array:
    """Cosine coefficients of the indicator of an interval."""
    low, high = interval
    first = np.array([(high - low) / extent])
    rest = 2 / (waves[1:] * extent) * (np.sin(waves[1:] * high) - np.sin(waves[1:] * low))
    return np.concatenate([first, rest])


def _reading(waves: Array, place: float | tuple[float, float]) -> Array:
    if isinstance(place, tuple):
        low, high = place
        mean = (np.sin(waves[1:] * high) - np.sin(waves[1:] * low)) / (waves[1:] * (high - low))
        return np.concatenate([[1.0], mean])
    return np.cos(waves * place) * np.exp(-36.0 * (np.arange(waves.size) / waves.size) ** 12)
