"""Stacks of several layers after steps, pulses and square waves of power."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from twin.vv.exact_layers import Layered, invert, isotropic, response, scheduled_response, step_response
from twin.vv.rows import Registry, Row, observed_order, within
from twin.vv.stacks import (
    Solution,
    Tree,
    column,
    film,
    layer,
    point,
    seconds,
    solve,
    square,
    target,
    transient,
    watts,
)
from twin.vv.transient import BIOT, CARSLAW

REGISTRY = Registry("transient")

_SIDE = 1e-3
_AREA = _SIDE**2


_THREE = Layered(
    (_SIDE, _SIDE),
    (
        isotropic(1e-3, 390.0, 3.4e6),
        isotropic(50e-6, 4.0, 2e6, contact=1e-6),
        isotropic(300e-6, 120.0, 1.66e6),
    ),
    bottom=20e3,
)


def _stack(stack: Layered, cells: int | None) -> list[Tree]:
    return [
        layer(str(i), slab.thickness, slab.conductivity, cells, slab.contact, slab.capacity)
        for i, slab in enumerate(stack.slabs)
    ]


def heated_stack_file(cells: int | None, step: float | str, times: tuple[float, ...], **source: object) -> Tree:
    """Return the three layers with 1e6 W/m2 in the upper one, film below at the initial temperature."""
    return {
        **(column(_SIDE) if cells else {"size": square(_SIDE)}),
        "layers": _stack(_THREE, cells),
        "boundaries": {"bottom": film(20e3, 0.0)},
        "sources": [{"layer": "2", "power": watts(1e6 * _AREA), **source}],
        "transient": transient(times[-1], step, 0.0, times),
        "probes": {"top": point(0.0, 0.0, "2"), "base": point(0.0, 0.0, "0", "bottom")},
    }


def _heated_stack(cells: int, step: float | str, times: tuple[float, ...], **source: object) -> Solution:
    return solve(heated_stack_file(cells, step, times, **source))


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


_PULSES = [(0.0, 1.0), (0.0031, 0.0), (0.0047, 2.5), (0.0059, 0.3), (0.0112, 1.7)]
"""Times in s and factors."""


@REGISTRY.case("pulse train", "Scheduled pulses in three layers", f"{CARSLAW}, sec. 1.14 (Duhamel)")
def pulse_train() -> Iterator[Row]:
    """On and off at unequal times and levels, superposed from steps; no step falls on a switch by chance."""
    times = (0.0031, 0.0047, 0.0059, 0.008, 0.0112, 0.015)
    written = [[seconds(t), factor] for t, factor in _PULSES]
    found = _heated_stack(12, 1e-4, times, schedule=written)
    largest = 1e6 * float(response(_THREE, 2).high[2])
    for number, time in enumerate(times):
        value = 1e6 * scheduled_response(_THREE, 2, lambda f: f.high[2], _PULSES, time)
        yield found.row(f"top, {time:g} s", "top", value, 1e-3, largest, number)
    yield found.energy_row()


@REGISTRY.case("automatic steps", "Steps from microseconds to an hour chosen by the solver", f"{CARSLAW}, ch. XII")
def automatic_steps() -> Iterator[Row]:
    """A step of power seen over nine orders of magnitude of time, and the pulses, each with a target error."""
    times = (1e-5, 1e-3, 0.1, 10.0, 3600.0)
    tree = heated_stack_file(None, "auto", times)
    found = solve({**tree, "numerics": target(0.02)})
    for number, time in enumerate(times):
        value = 1e6 * step_response(_THREE, 2, lambda f: f.high[2], time)
        yield found.target(f"top, {time:g} s", "top", value, 0.02, number)
    yield found.energy_row("power step")
    stops = (*(time for time, _ in _PULSES[1:]), 0.015)
    written = [[seconds(t), factor] for t, factor in _PULSES]
    pulsed = solve({**heated_stack_file(None, "auto", stops, schedule=written), "numerics": target(0.02)})
    for number, time in enumerate(stops):
        value = 1e6 * scheduled_response(_THREE, 2, lambda f: f.high[2], _PULSES, time)
        yield pulsed.target(f"top after pulses, {time:g} s", "top", value, 0.02, number)
    yield pulsed.energy_row("pulses")


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
        return np.array([(weights * response(stack, "top", squared, 0.0, v).high[1]).sum() / v for v in s])

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
