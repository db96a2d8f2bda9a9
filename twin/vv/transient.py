"""Transients: slabs and stacks after steps, pulses, periodic heat, against series and Laplace inversion."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from twin.fe.periodic import periodic_slab
from twin.vv import exact_conduction as exact
from twin.vv.exact_layers import Layered, invert, isotropic, response, scheduled_response, step_response
from twin.vv.rows import Registry, Row, compare, observed_order, within
from twin.vv.stacks import (
    Solution,
    Tree,
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
    watts,
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
        found = [periodic_slab(_SLAB, SILICON, CAPACITY, _FILM, angular, n, degree)[1][0] for n in counts]
        errors = [abs(z) - abs(value) for z in found]
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


_THREE = Layered(
    (_SIDE, _SIDE),
    (
        isotropic(1e-3, 390.0, 3.4e6),
        isotropic(50e-6, 4.0, 2e6, contact=1e-6),
        isotropic(300e-6, 120.0, 1.66e6),
    ),
    bottom=20e3,
)


def _stack(stack: Layered, cells: int) -> list[Tree]:
    return [
        layer(str(i), slab.thickness, slab.conductivity, cells, slab.contact, slab.capacity)
        for i, slab in enumerate(stack.slabs)
    ]


def _heated_stack(cells: int, step: float | str, times: tuple[float, ...], **source: object) -> Solution:
    """The three layers with 1e6 W/m2 in the upper one, film below at the initial temperature."""
    tree = {
        **column(_SIDE),
        "layers": _stack(_THREE, cells),
        "boundaries": {"bottom": film(20e3, 0.0)},
        "sources": [{"layer": "2", "power": watts(1e6 * _AREA), **source}],
        "transient": transient(times[-1], step, 0.0, times),
        "probes": {"top": point(0.0, 0.0, "2"), "base": point(0.0, 0.0, "0", "bottom")},
    }
    return solve(tree)


@REGISTRY.case("three layers", "Power step in a stack of three layers with a contact", f"{CARSLAW}, ch. XII")
def step_in_three_layers() -> Iterator[Row]:
    """Laplace inversion of the chain of two-ports."""
    times = (1e-3, 5e-3, 0.02, 0.1)
    found = _heated_stack(12, 2e-4, times)
    steady = 1e6 * float(response(_THREE, 2).high[2])
    for number, time in enumerate(times):
        for name, pick in (("top", lambda f: f.high[2]), ("base", lambda f: f.low[0])):
            value = 1e6 * step_response(_THREE, 2, pick, time)
            yield found.row(f"{name}, {time:g} s", name, value, 1e-3, steady, number)
    yield found.energy_row()
    steps = (4e-4, 2e-4, 1e-4, 5e-5)
    runs = [_heated_stack(4, step, (4.8e-3,)).probe("top") for step in steps]
    yield observed_order("order in time", steps[:-1], np.diff(runs), 2.0, "step", note="successive differences")


@REGISTRY.case("pulse train", "Scheduled pulses in three layers", f"{CARSLAW}, sec. 1.14 (Duhamel)")
def pulse_train() -> Iterator[Row]:
    """On and off at unequal times and levels, superposed from steps; no step falls on a switch by chance."""
    schedule = [(0.0, 1.0), (0.0031, 0.0), (0.0047, 2.5), (0.0059, 0.3), (0.0112, 1.7)]
    times = (0.0031, 0.0047, 0.0059, 0.008, 0.0112, 0.015)
    written = [[seconds(t), factor] for t, factor in schedule]
    found = _heated_stack(12, 1e-4, times, schedule=written)
    largest = 1e6 * float(response(_THREE, 2).high[2])
    for number, time in enumerate(times):
        value = 1e6 * scheduled_response(_THREE, 2, lambda f: f.high[2], schedule, time)
        yield found.row(f"top, {time:g} s", "top", value, 1e-3, largest, number)
    yield found.energy_row()


@REGISTRY.case("periodic in time", "Square wave of power until it repeats, time domain", f"{CARSLAW}, sec. 2.6")
def periodic_in_time() -> Iterator[Row]:
    """50 Hz on a stack whose slowest time is 0.12 s: one period after 12, against superposed steps."""
    period, count = 0.02, 12
    schedule = [(period * i / 2, float((i + 1) % 2)) for i in range(2 * count)]
    last = (count - 1) * period
    times = tuple(last + share * period for share in (0.25, 0.5, 0.75, 1.0))
    written = [[seconds(t), factor] for t, factor in schedule]
    found = _heated_stack(8, 2.5e-4, times, schedule=written)
    rise = 1e6 * float(response(_THREE, 2).high[2])
    for number, time in enumerate(times):
        value = 1e6 * scheduled_response(_THREE, 2, lambda f: f.high[2], schedule, time)
        yield found.row(f"top, {time - last:g} s into the period", "top", value, 1e-3, rise, number)
    yield found.energy_row()


@REGISTRY.case("ambient step", "Ambient temperature that is not the initial one", BIOT)
def ambient_step() -> Iterator[Row]:
    """A stack at 60 degC between films at 20 and 35 degC: three exact parts superposed."""
    stack = Layered((_SIDE, _SIDE), _THREE.slabs, 20e3, 3e3)
    times = (2e-3, 0.02, 0.2)
    tree = {
        **column(_SIDE),
        "layers": _stack(stack, 12),
        "boundaries": {"bottom": film(20e3, 20.0), "top": film(3e3, 35.0)},
        "transient": transient(times[-1], 2e-4, 60.0, times),
        "probes": {"top": point(0.0, 0.0, "2"), "base": point(0.0, 0.0, "0", "bottom")},
    }
    found = solve(tree)
    for number, time in enumerate(times):
        for name, pick in (("top", lambda f: f.high[2]), ("base", lambda f: f.low[0])):
            value = 60 + sum(
                fall * step_response(stack, drive, pick, time)
                for drive, fall in (("bottom ambient", -40.0), ("top ambient", -25.0))
            )
            yield found.row(f"{name}, {time:g} s", name, value, 1e-3, 40.0, number)
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


@REGISTRY.case("hot spot in time", "Early rise of a small source in a large stack", f"{CARSLAW}, sec. 10.4")
def hot_spot_in_time() -> Iterator[Row]:
    """Rectangle on two layers: cosine modes, each inverted from its Laplace transform."""
    stack = Layered((0.012, 0.012), (isotropic(0.5e-3, 390.0, 3.4e6), isotropic(0.3e-3, 120.0, 1.66e6)), 10e3)
    side = (0.004, 0.008)
    times = (1e-3, 1e-2, 0.1)
    modes = 96
    waves = np.arange(modes) * np.pi / 0.012
    share = np.concatenate([[1 / 3], 2 / (waves[1:] * 0.012) * (np.sin(waves[1:] * 0.008) - np.sin(waves[1:] * 0.004))])
    reading = np.cos(waves * 0.006) * np.exp(-36.0 * (np.arange(modes) / modes) ** 12)
    weights = np.outer(share * reading, share * reading) * 50.0 / 0.004**2
    squared = np.add.outer(waves**2, waves**2)

    def transform(s: np.ndarray) -> np.ndarray:
        kernels = [(weights * response(stack, "top", squared, 0.0, value).high[1]).sum() / value for value in s]
        return np.array(kernels)

    tree = {
        "size": {"x": "12 mm", "y": "12 mm"},
        "cells": {"x": 36, "y": 36},
        "layers": _stack(stack, 10),
        "boundaries": {"bottom": film(10e3, 0.0)},
        "sources": [{"face": "top", "power": "50 W", "rectangle": {"x": ["4 mm", "8 mm"], "y": ["4 mm", "8 mm"]}}],
        "transient": transient(0.1, 5e-4, 0.0, times),
        "probes": {"centre": point(0.006, 0.006, "1")},
    }
    assert side == (0.004, 0.008)
    found = solve(tree)
    values = [invert(transform, time) for time in times]
    for number, (time, value) in enumerate(zip(times, values, strict=True)):
        yield found.row(f"centre, {time:g} s", "centre", value, 5e-3, values[-1], number)
    yield found.energy_row()


@REGISTRY.case(
    "no ringing", "Large steps after a power step do not ring", "Alexander, SIAM J. Numer. Anal. 14 (1977) 1006"
)
def no_ringing() -> Iterator[Row]:
    """Steps a hundred times the fastest time constant: the rise is monotone and stays below the steady state."""
    times = tuple(0.01 * i for i in range(1, 21))
    found = _heated_stack(8, 0.01, times)
    history = found.history("top")
    steady = 1e6 * float(response(_THREE, 2).high[2])
    yield within("largest fall between two times", max(0.0, float(-np.diff(history).min())) / steady, 1e-9)
    yield within("overshoot of the steady state", max(0.0, float(history.max()) - steady) / steady, 1e-9)
