"""Transients of slabs: step cooling, heat flux, periodic heat, driven ends."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from twin.fe.periodic import periodic_slab
from twin.vv import exact_conduction as exact
from twin.vv.rows import Registry, Row, compare, observed_order
from twin.vv.stacks import (
    Solution,
    celsius,
    column,
    film,
    flux,
    held,
    layer,
    point,
    seconds,
    solve,
    transient,
)

REGISTRY = Registry("transient")

BIOT = "Incropera & DeWitt, sec. 5.5; Carslaw & Jaeger, sec. 3.11"

CARSLAW = "Carslaw & Jaeger, Conduction of Heat in Solids, 2nd ed."

SILICON, CAPACITY = 120.0, 1.66e6

_SIDE = 1e-3

_AREA = _SIDE**2


def _cooling(biot: float, cells: int, steps: int, times: tuple[float, ...]) -> Solution:
    """Half a slab of 1 mm with a = 1e-6 m2/s, so that Fo is the time in s; 100 K over ambient at the start."""
    end = times[-1]
    tree = {
        **column(_SIDE),
        "layers": [layer("slab", 1e-3, 1.0, cells)],
        "boundaries": {"top": film(1000.0 * biot, 0.0)},
        "transient": transient(end, end / steps, 100.0, times),
        "probes": {"centre": point(0.0, 0.0, "slab", "bottom"), "surface": point(0.0, 0.0, "slab")},
    }
    return solve(tree)


@REGISTRY.case("C02a", "Step cooling of a slab, films on both faces", BIOT)
def step_cooling() -> Iterator[Row]:
    places = {"centre": 0.0, "surface": 1.0}
    times = (0.05, 0.2, 1.0)
    for biot in (0.1, 1.0, 10.0):
        found = _cooling(biot, 64, 500, times)
        for name, place in places.items():
            for number, time in enumerate(times):
                value = 100 * exact.cooled_slab(biot, time, place)
                yield found.row(f"Bi {biot:g}, Fo {time:g}, {name}", name, value, 1e-4, 100.0, number)
        late = _cooling(biot, 64, 400, (1.5, 2.0))
        ratio = late.probe("centre", 0) / late.probe("centre", 1)
        root = math.sqrt(math.log(ratio) / 0.5)
        yield compare(f"Bi {biot:g}, first root from the late decay", root, exact.biot_roots(biot, 1)[0], 1e-3)
        yield found.energy_row()
    values = [100 * exact.cooled_slab(1.0, 1.0, place) for place in places.values()]
    counts = (4, 8, 16)
    found_in_space = [_cooling(1.0, cells, 400, (1.0,)) for cells in counts]
    for name, value in zip(places, values, strict=True):
        errors = [solution.probe(name) - value for solution in found_in_space]
        yield observed_order(f"order in space, {name}", [1 / n for n in counts], errors, 2.0)
    steps = (10, 20, 40, 80)
    histories = [_cooling(1.0, 16, count, (1.0,)) for count in steps]
    for name in places:
        differences = np.diff([solution.probe(name) for solution in histories])
        sizes = [1 / n for n in steps[:-1]]
        yield observed_order(f"order in time, {name}", sizes, differences, 2.0, "step", note="successive differences")
    lumped = _cooling(1e-3, 8, 50, (1.0,))
    yield compare("lumped limit, Bi 0.001", lumped.probe("centre") / 100, math.exp(-1e-3), 1e-3 / 3)


def _flux_step(time: float, steps: int, finest: int) -> Solution:
    """Silicon deeper than ten diffusion lengths; cells of a diffusion length over `finest` near the surface."""
    length = math.sqrt(SILICON / CAPACITY * time)
    near = math.ceil(100e-6 / length * finest)
    tree = {
        **column(_SIDE),
        "layers": [
            layer("near", 100e-6, SILICON, near, volumetric=CAPACITY),
            layer("far", 10 * length, SILICON, 10 * finest, volumetric=CAPACITY),
        ],
        "boundaries": {"bottom": flux(1e6)},
        "transient": transient(time, time / steps, 0.0),
        "probes": {"surface": point(0.0, 0.0, "near", "bottom"), "deep": point(0.0, 0.0, "near")},
    }
    return solve(tree)


@REGISTRY.case("C02b", "Constant flux into a half space", f"{CARSLAW}, sec. 2.9; JESD51-14")
def flux_on_half_space() -> Iterator[Row]:
    times = (1e-6, 1e-5, 1e-4, 1e-3)
    surface = []
    for time in times:
        value = exact.flux_on_half_space(1e6, SILICON, SILICON / CAPACITY, 0.0, time)
        soon = _flux_step(time, 10, 16)
        yield soon.row(f"surface, {time:g} s, 10 steps", "surface", value, 5e-3)
        fine = _flux_step(time, 100, 32)
        yield fine.row(f"surface, {time:g} s", "surface", value, 1e-3)
        surface.append(fine.probe("surface"))
        deep = exact.flux_on_half_space(1e6, SILICON, SILICON / CAPACITY, 100e-6, time)
        if deep > 1e-6 * value:
            yield fine.row(f"100 um, {time:g} s", "deep", deep, 1e-3 if time > 1e-5 else 5e-3)
        yield soon.energy_row()
    slope = np.polyfit(np.log(times), np.log(surface), 1)[0]
    yield compare("exponent of time", float(slope), 0.5, 1e-3)


_SLAB = 775e-6


def _heated(times: tuple[float, ...], step: float, cells: int) -> Solution:
    tree = {
        **column(_SIDE),
        "layers": [layer("slab", _SLAB, SILICON, cells, volumetric=CAPACITY)],
        "boundaries": {"bottom": flux(1e6)},
        "transient": transient(times[-1], step, 0.0, times),
        "probes": {"front": point(0.0, 0.0, "slab", "bottom"), "back": point(0.0, 0.0, "slab")},
    }
    return solve(tree)


@REGISTRY.case("C02c", "Slab with a flux into one face, adiabatic behind", f"{CARSLAW}, sec. 3.8")
def slab_heated_on_one_face() -> Iterator[Row]:
    early, late = _heated((1e-4, 1e-3), 4e-6, 300), _heated((1e-2,), 1e-4, 150)
    for solution, number, time in ((early, 0, 1e-4), (early, 1, 1e-3), (late, 0, 1e-2)):
        for name, share in (("front", 0.0), ("back", 1.0)):
            value = exact.heated_slab(1e6, _SLAB, SILICON, CAPACITY, share, time)
            if name == "front" or time > 1e-4:
                yield solution.row(f"{name}, {time:g} s", name, value, 1e-4, time=number)
    slopes = _heated((0.03, 0.04), 5e-4, 32)
    for name in ("front", "back"):
        slope = float(np.diff(slopes.history(name))[0]) / 0.01
        yield compare(f"late slope, {name}", slope, 1e6 / (CAPACITY * _SLAB), 1e-9, "K/s")
    yield late.energy_row()


_FILM = 25e3


@REGISTRY.case("C02d", "Slab under periodic flux, film behind", f"{CARSLAW}, secs. 2.6 and 3.7")
def periodic_flux() -> Iterator[Row]:
    """Frequency domain; P2 on nodes crowded at the heated face."""
    for frequency in (1.0, 10.0, 100.0, 1e3, 1e4):
        angular = 2 * math.pi * frequency
        value = 1e6 * exact.periodic_impedance(angular, _SLAB, SILICON, CAPACITY, _FILM)
        _, found = periodic_slab(_SLAB, SILICON, CAPACITY, _FILM, angular, 64, 2, grading=2.0)
        yield compare(f"amplitude, {frequency:g} Hz", abs(1e6 * found[0]), abs(value), 1e-3, "K")
        phase, exact_phase = (math.degrees(np.angle(z)) for z in (found[0], value))
        yield compare(f"phase, {frequency:g} Hz", phase, exact_phase, 0.1, "deg", 1.0)
    angular = 2 * math.pi * 100.0
    value = exact.periodic_impedance(angular, _SLAB, SILICON, CAPACITY, _FILM)
    counts = (8, 16, 32)
    for degree, order in ((1, 2.0), (2, 4.0)):
        fronts = [periodic_slab(_SLAB, SILICON, CAPACITY, _FILM, angular, n, degree)[1][0] for n in counts]
        errors = [abs(front) - abs(value) for front in fronts]
        yield observed_order(f"order of P{degree} in the amplitude", [1 / n for n in counts], errors, order)
    depth = exact.penetration_depth(SILICON, CAPACITY, 100.0)
    x, deep = periodic_slab(10 * depth, SILICON, CAPACITY, _FILM, angular, 200, 2)
    slope = np.polyfit(x[x < 2 * depth], np.log(np.abs(deep[x < 2 * depth])), 1)[0]
    yield compare("penetration depth, 100 Hz", float(-1 / slope), depth, 1e-3, "m")


@REGISTRY.case("C10b", "NAFEMS T3: slab driven by a sine at one end", "NAFEMS TNSB Rev. 3 (1990), T3")
def nafems_t3() -> Iterator[Row]:
    """Held at 0 at one end; the other follows 100 sin(pi t / 40) on a line through points 0.1 s apart."""
    points = np.linspace(0.0, 32.0, 321)
    schedule = [[seconds(t), celsius(100 * math.sin(math.pi * t / 40))] for t in points]
    tree = {
        **column(0.01),
        "layers": [
            layer("lower", 0.08, 35.0, 32, volumetric=440.5 * 7200),
            layer("upper", 0.02, 35.0, 8, volumetric=440.5 * 7200),
        ],
        "boundaries": {"bottom": held(0.0), "top": {"temperature": schedule}},
        "transient": transient(32.0, 0.1, 0.0),
        "probes": {"target": point(0.0, 0.0, "lower")},
    }
    found = solve(tree)
    value = exact.driven_end(0.1, 35 / (440.5 * 7200), 100.0, math.pi / 40, 0.08, 32.0)
    yield found.row("T(0.08 m, 32 s)", "target", value, 0.05, 1.0)
    yield compare("published target", found.probe("target"), 36.60, 0.05, "degC", 1.0)
    yield found.energy_row()


@REGISTRY.case("held face step", "Face held at a temperature from the start", f"{CARSLAW}, sec. 3.4")
def held_face() -> Iterator[Row]:
    """T/T0 = 1 - sum 4 (-1)^n / ((2n+1) pi) exp(-((2n+1) pi/2)^2 Fo) cos((2n+1) pi x / 2L)."""
    times = (0.1, 0.5)
    tree = {
        **column(_SIDE),
        "layers": [layer("slab", 1e-3, 1.0, 64)],
        "boundaries": {"top": held(100.0)},
        "transient": transient(0.5, 1e-3, 0.0, times),
        "probes": {"centre": point(0.0, 0.0, "slab", "bottom")},
    }
    found = solve(tree)
    n = np.arange(60)
    odd = (2 * n + 1) * np.pi / 2
    for number, time in enumerate(times):
        value = 100 * (1 - np.sum(2 * (-1.0) ** n / odd * np.exp(-(odd**2) * time)))
        yield found.row(f"centre, Fo {time:g}", "centre", float(value), 5e-4, 100.0, number)
    yield found.energy_row()
