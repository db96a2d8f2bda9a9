"""Random stacks against exact solutions, and symmetries, limits and orderings that no number can break.

The exact temperatures of layered stacks are cosine series of two-ports, and their Laplace inversion in
time (`twin.vv.exact_layers`): they know nothing of meshes or steps.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twin.vv.exact_layers import (
    Layered,
    Patch,
    Slab,
    Spot,
    isotropic,
    scheduled_response,
    steady_rises,
    step_response,
)
from twin.vv.sample_stacks import KINDS, SIDE, difference, rises, source, stack
from twin.vv.spreading import stack_file
from twin.vv.stacks import (
    Solution,
    Tree,
    column,
    film,
    held,
    layer,
    point,
    quantity,
    rectangle,
    seconds,
    solve,
    transient,
    watts,
)

few = settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
kinds = st.sampled_from(KINDS)


def powers(low: float, high: float) -> st.SearchStrategy[float]:
    """Numbers spread evenly over their orders of magnitude."""
    return st.floats(math.log10(low), math.log10(high)).map(lambda x: float(f"{10**x:.6g}"))


@st.composite
def layered(draw: st.DrawFn, orthotropic: bool = True, capacity: float = 0.0) -> Layered:
    """Return one to five layers from 20 um to 4 mm, some with contacts, between two films."""
    slabs = []
    for index in range(draw(st.integers(1, 5))):
        k = draw(powers(0.5, 400.0))
        values = [k, k, k]
        if orthotropic and draw(st.booleans()):
            values = [k * draw(st.floats(0.4, 2.5)) for _ in range(3)]
        contact = draw(powers(1e-7, 5e-5)) if index and draw(st.booleans()) else 0.0
        own = draw(powers(6e5, 5e6)) if capacity else 0.0
        slabs.append(Slab(draw(powers(20e-6, 4e-3)), (values[0], values[1], values[2]), own, contact))
    bottom = draw(st.one_of(st.just(math.inf), powers(300.0, 3e4)))
    top = draw(st.one_of(st.just(0.0), powers(10.0, 3e3)))
    size = (0.02, 0.016) if not capacity else (1e-3, 1e-3)
    return Layered(size, tuple(slabs), bottom, top)


@st.composite
def patches(draw: st.DrawFn, layers: int) -> list[Patch]:
    """Return one to three rectangles of heat, in layers or on top of a stack of 20 x 16 mm."""
    found = []
    for _ in range(draw(st.integers(1, 3))):
        x0, y0 = draw(st.floats(0.0, 0.014)), draw(st.floats(0.0, 0.011))
        x1, y1 = x0 + draw(st.floats(0.002, 0.006)), y0 + draw(st.floats(0.002, 0.005))
        place = draw(st.one_of(st.just("top"), st.integers(0, layers - 1)))
        found.append(Patch(place, (x0, min(x1, 0.02)), (y0, min(y1, 0.016)), draw(st.floats(1.0, 50.0))))
    return found


@settings(few, max_examples=10)
@given(data=st.data())
def test_random_stacks_are_right_and_know_how_right(data: st.DataObject) -> None:
    """Default mesh: every true error lies within three estimates, and none is padded beyond use."""
    given_ = data.draw(layered())
    heat = data.draw(patches(len(given_.slabs)))
    centre = (sum(heat[0].x) / 2, sum(heat[0].y) / 2)
    spots = {f"{side} {i}": Spot(i, side, *centre) for i in range(len(given_.slabs)) for side in ("low", "high")}
    spots["far"] = Spot(len(given_.slabs) - 1, "high", 0.02, 0.016)
    exact, coarse = (steady_rises(given_, heat, list(spots.values()), modes) for modes in (1000, 500))
    found = solve(stack_file(given_, heat, spots))
    assert found.energy < 1e-8
    largest = max(exact)
    for name, value, rough in zip(spots, exact, coarse, strict=True):
        estimate = found.estimate(name)
        assert estimate is not None
        unsure = abs(value - rough) + 1e-8 * largest
        assert abs(found.probe(name) - value) <= 3 * estimate + unsure, name
        assert estimate < 0.02 * largest, name


@settings(few, max_examples=4)
@given(data=st.data())
def test_random_stacks_meet_a_target(data: st.DataObject) -> None:
    given_ = data.draw(layered())
    heat = data.draw(patches(len(given_.slabs)))
    spots = {"hot": Spot(len(given_.slabs) - 1, "high", sum(heat[0].x) / 2, sum(heat[0].y) / 2)}
    exact, coarse = (steady_rises(given_, heat, list(spots.values()), modes)[0] for modes in (1000, 500))
    found = solve({**stack_file(given_, heat, spots), "numerics": {"target_error": "0.1 K"}})
    assert abs(found.probe("hot") - exact) <= 0.1 + abs(exact - coarse)


def column_file(
    given_: Layered, heated: int, flux: float, schedule: list[tuple[float, float]], **changes: object
) -> Tree:
    """Return the stack file of a laterally uniform stack under scheduled heat."""
    faces = {"bottom": given_.bottom, "top": given_.top}
    written = [[seconds(time), factor] for time, factor in schedule]
    return {
        "size": column()["size"],
        "layers": [
            layer(str(i), s.thickness, s.conductivity, None, s.contact, s.capacity) for i, s in enumerate(given_.slabs)
        ],
        "boundaries": {
            face: held(0.0) if math.isinf(h) else film(h, 0.0) for face, h in faces.items() if h
        },
        "sources": [{"layer": str(heated), "power": watts(flux * 1e-6), "schedule": written}],
        "probes": {str(i): point(0.0, 0.0, str(i)) for i in range(len(given_.slabs))},
        **changes,
    }  # fmt: skip


@settings(few, max_examples=8)
@given(data=st.data(), automatic=st.booleans())
def test_random_transients_are_right_and_know_how_right(data: st.DataObject, automatic: bool) -> None:
    """Scheduled heat and an initial temperature of its own, fixed and automatic steps."""
    given_ = data.draw(layered(capacity=1.0))
    resistance = sum(s.thickness / s.conductivity[2] + s.contact for s in given_.slabs)
    resistance += 0.0 if math.isinf(given_.bottom) else 1 / given_.bottom
    slowest = resistance * sum(s.thickness * s.capacity for s in given_.slabs)
    end = slowest * data.draw(powers(0.01, 4.0))
    switch = end * data.draw(st.floats(0.1, 0.9))
    schedule = [(0.0, data.draw(st.floats(0.2, 2.0))), (switch, data.draw(st.floats(0.0, 2.0)))]
    heated = data.draw(st.integers(0, len(given_.slabs) - 1))
    initial = data.draw(st.floats(-20.0, 40.0))
    times = [0.4 * end, end]
    timed = transient(end, "auto" if automatic else end / 100, initial, times)
    found = solve(column_file(given_, heated, 1e5, schedule, transient=timed))
    assert found.energy < 1e-8
    for number, time in enumerate(times):
        for i in range(len(given_.slabs)):
            exact = 1e5 * scheduled_response(given_, heated, lambda f, i=i: f.high[i], schedule, time)
            ambients = ["bottom ambient", *(["top ambient"] if given_.top else [])]
            faded = sum(step_response(given_, name, lambda f, i=i: f.high[i], time) for name in ambients)
            exact += initial * (1 - faded)
            estimate = found.estimate(str(i), number)
            assert estimate is not None
            assert abs(found.probe(str(i), number) - exact) <= 3 * estimate + 1e-6 * (abs(exact) + abs(initial))


def box(data: st.DataObject) -> Tree:
    """Return a rectangle on lines of the mesh of 12 x 12."""
    x, y = (sorted(data.draw(st.lists(st.integers(0, 12), min_size=2, max_size=2, unique=True))) for _ in "xy")
    return rectangle([v * 1e-3 for v in x], [v * 1e-3 for v in y])


def turned(tree: Tree, swap: bool, flip_x: bool, flip_y: bool) -> Tree:
    """Return a stack without layers of its own direction, sources, side films and probes moved together."""

    def place(x: float, y: float) -> tuple[float, float]:
        x, y = (SIDE - x if flip_x else x), (SIDE - y if flip_y else y)
        return (y, x) if swap else (x, y)

    def area(given_: Tree) -> Tree:
        x, y = ([float(edge.split()[0]) for edge in given_[axis]] for axis in "xy")
        corners = [place(x[i], y[i]) for i in (0, 1)]
        return rectangle(*(sorted(corner[axis] for corner in corners) for axis in (0, 1)))

    side = {"x_min": (0.0, SIDE / 2), "x_max": (SIDE, SIDE / 2)}
    names = {(0.0, SIDE / 2): "x_min", (SIDE, SIDE / 2): "x_max", (SIDE / 2, 0.0): "y_min", (SIDE / 2, SIDE): "y_max"}
    probes = {}
    for name, probe in tree["probes"].items():
        x, y = place(*(float(probe[axis].split()[0]) for axis in "xy"))
        probes[name] = {**probe, "x": quantity(x, "m"), "y": quantity(y, "m")}
    return {
        **tree,
        "boundaries": {names[place(*side[f])] if f in side else f: b for f, b in tree["boundaries"].items()},
        "sources": [{**s, "rectangle": area(s["rectangle"])} for s in tree["sources"]],
        "probes": probes,
    }


@few
@given(data=st.data(), moves=st.tuples(st.booleans(), st.booleans(), st.booleans()), timed=st.booleans())
def test_random_conduction_has_the_symmetries_of_the_square(
    data: st.DataObject, moves: tuple[bool, bool, bool], timed: bool
) -> None:
    """M4, steady and in time."""
    k = [data.draw(powers(1.0, 400.0)) for _ in range(2)]
    tree: Tree = {
        "size": {"x": quantity(SIDE, "m"), "y": quantity(SIDE, "m")},
        "cells": {"x": 12, "y": 12},
        "layers": [layer("a", 0.5e-3, k[0], 2), layer("b", 0.2e-3, k[1], 2, contact=data.draw(powers(1e-7, 1e-4)))],
        "boundaries": {"bottom": film(2000.0, 20.0), data.draw(st.sampled_from(["x_min", "x_max"])): film(500.0, 20.0)},
        "sources": [{"layer": name, "power": "9 W", "rectangle": box(data)} for name in "ab"],
        "probes": {str(i): point(x, y, "b") for i, (x, y) in enumerate([(1e-3, 4e-3), (7e-3, 2e-3), (11e-3, 10e-3)])},
    }
    if timed:
        tree["transient"] = transient(0.02, 2e-3, 20.0)
    assert difference(rises(turned(tree, *moves)), rises(tree)) < 1e-9


@few
@given(kind=kinds, data=st.data(), initial=st.one_of(st.none(), st.floats(20.0, 60.0)), steps=powers(1e-5, 1e-1))
def test_nothing_is_colder_than_sinks_and_start(
    kind: str, data: st.DataObject, initial: float | None, steps: float
) -> None:
    """M8: with heat that is not negative no temperature falls below the coldest sink, at any step size."""
    tree = {**stack(kind), "sources": [source("die", data.draw(st.floats(0.0, 50.0)), box(data))]}
    if initial is not None:
        tree["transient"] = transient(4 * steps, steps, initial)
    found = solve(tree)
    scale = max(found.hottest - 20.0, 1e-3)
    assert found.coldest >= 20.0 - 1e-6 * scale


@few
@given(kind=kinds, data=st.data(), factor=st.floats(1.05, 4.0))
def test_more_power_anywhere_heats_everywhere(kind: str, data: st.DataObject, factor: float) -> None:
    """M9: the inverse of the operator is positive."""
    tree, place = stack(kind), box(data)
    low, high = (rises({**tree, "sources": [source("die", p, place), source("lid", 5.0)]}) for p in (10.0, 10 * factor))
    assert (high > low - 1e-9 * high.max()).all()
    assert high.max() > low.max()


def improved(tree: Tree, which: str, factor: float) -> Tree:
    """Return a stack whose cooling is better by one of several means."""
    better = {**tree, "layers": [dict(item) for item in tree["layers"]], "boundaries": dict(tree["boundaries"])}
    if which == "film":
        better["boundaries"]["bottom"] = film(4000.0 * factor, 20.0)
    elif which == "conductivity":
        lid = next(item for item in better["layers"] if item["name"] == "lid")
        lid["material"] = layer("", 1.0, (380.0 * factor, 380.0 * factor, 300.0 * factor))["material"]
    else:
        bed = next(item for item in better["layers"] if "microchannels" in item)
        changes = {
            "flow": {"flow_rate": f"{0.3 * factor!r} L/min"},
            "coefficient": {"heat_transfer": {"nusselt": 4.5 * factor}},
        }
        bed["microchannels"] = {**bed["microchannels"], **changes[which]}
    return better


@few
@given(
    which=st.sampled_from(["film", "conductivity", "flow", "coefficient"]), data=st.data(), factor=st.floats(1.1, 5.0)
)
def test_better_cooling_lowers_the_peak(which: str, data: st.DataObject, factor: float) -> None:
    """M9 on random sources."""
    tree = {**stack("channels"), "sources": [source("die", 40.0, box(data)), source("lid", 10.0)]}
    before, after = solve(tree), solve(improved(tree, which, factor))
    assert after.hottest < before.hottest


@few
@given(kind=kinds, data=st.data(), step=powers(1e-4, 1e-2))
def test_ledger_of_every_step_with_a_schedule(kind: str, data: st.DataObject, step: float) -> None:
    """M11: the worst step of a run whose heat jumps several times, from a warm start."""
    schedule = [["0 s", 1.0], [seconds(3.3 * step), data.draw(st.floats(0.0, 3.0))], [seconds(7.1 * step), 0.0]]
    heat = {**source("die", 30.0, box(data)), "schedule": schedule}
    found = solve({**stack(kind), "sources": [heat], "transient": transient(12 * step, step, 45.0)})
    assert found.energy < 1e-8


@few
@given(kind=kinds, data=st.data(), cut=st.integers(1, 9))
def test_reporting_a_time_changes_nothing(kind: str, data: st.DataObject, cut: int) -> None:
    """M13: stopping at a step's end to report is no restart; what follows is the same."""
    tree = {**stack(kind), "sources": [source("die", 30.0, box(data))]}
    whole = rises({**tree, "transient": transient(0.02, 1e-3, 20.0)})
    stops = [2e-3 * cut, 0.02]
    parts = rises({**tree, "transient": transient(0.02, 1e-3, 20.0, stops)})
    assert parts.shape[1] == 2
    assert np.abs(parts[:, -1] - whole[:, -1]).max() < 1e-9 * whole.max()


@few
@given(kind=kinds, data=st.data())
def test_steady_start_is_an_equilibrium(kind: str, data: st.DataObject) -> None:
    """M12: what starts from its steady state stays, whatever the steps."""
    tree = {**stack(kind), "sources": [source("die", 25.0, box(data)), source("lid", 5.0, box(data))]}
    steady = rises(tree)[:, -1]
    later = rises({**tree, "transient": transient(0.3, data.draw(powers(1e-3, 0.1)), "steady", [0.1, 0.3])})
    assert np.abs(later - steady[:, None]).max() < 1e-7 * steady.max()


def test_uniform_heat_makes_no_lateral_difference() -> None:
    """Layers heated alike everywhere between films are one-dimensional on any mesh."""
    given_ = Layered((0.02, 0.016), (isotropic(1e-3, 5.0), isotropic(0.3e-3, 120.0, contact=2e-5)), 700.0, 90.0)
    tree = stack_file(given_, [Patch(1, (0.0, 0.02), (0.0, 0.016), 12.0)], {"a": Spot(1, "high", 0.003, 0.012)}, (7, 5))
    tree["probes"]["b"] = point(0.019, 0.001, "1")
    found: Solution = solve(tree)
    assert found.probe("a") == pytest.approx(found.probe("b"), abs=1e-8)
