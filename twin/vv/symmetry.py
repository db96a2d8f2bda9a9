"""Linearity, reciprocity and symmetries of any stack."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import numpy as np

from twin.vv.rows import Registry, Row, compare, within
from twin.vv.sample_stacks import BOXES, KINDS, POINTS, SIDE, bed, difference, rises, source, stack
from twin.vv.stacks import (
    Tree,
    celsius,
    film,
    layer,
    mean,
    metres,
    point,
    quantity,
    rectangle,
    transient,
)

REGISTRY = Registry("conservation")


LINEARITY = "linearity of the equations"


@REGISTRY.case("M1", "Superposition of sources", LINEARITY)
def superposition() -> Iterator[Row]:
    for kind in KINDS:
        tree = stack(kind)
        powers = ((3.0, 0.0), (0.0, 5.0), (3.0, 5.0), (6.0, 0.0))
        one, two, both, double = (
            rises({**tree, "sources": [source("die", a, BOXES[0]), source("lid", b, BOXES[1])]}) for a, b in powers
        )
        yield within(f"T(Q1 + Q2) - T(Q1) - T(Q2), {kind}", difference(one + two, both), 1e-9)
        yield within(f"T(2 Q) - 2 T(Q), {kind}", difference(2 * one, double), 1e-9)


@REGISTRY.case("M2", "Reciprocity of conduction", "symmetry of the operator")
def reciprocity() -> Iterator[Row]:
    """The mean over box 2 from a watt in box 1 is the mean over box 1 from a watt in box 2."""
    tree = stack("conduction")
    for names in (("die", "die"), ("die", "lid"), ("paste", "lid")):
        tree["probes"] = {str(i): mean(BOXES[i], names[i], None) for i in (0, 1)}
        table = np.array(
            [
                rises({**tree, "sources": [source(names[j], float(i == j), BOXES[j]) for j in (0, 1)]})[:, -1]
                for i in (0, 1)
            ]
        )
        note = "boxes of " + " and ".join(names)
        yield compare("R12 against R21", table[0, 1], table[1, 0], 1e-9, "K/W", table.max(), note)


def _turned(place: tuple[float, float], swap: bool, flip_x: bool, flip_y: bool) -> tuple[float, float]:
    x, y = (SIDE - place[0] if flip_x else place[0]), (SIDE - place[1] if flip_y else place[1])
    return (y, x) if swap else (x, y)


def _turned_stack(swap: bool, flip_x: bool, flip_y: bool) -> Tree:
    """Sources, side film, orthotropy and flow turned and mirrored together."""
    k = (150.0, 90.0, 60.0)
    solid = layer("", 1.0, (k[1], k[0], k[2]) if swap else k)["material"]
    side = {False: ("x_min", "x_max"), True: ("y_min", "y_max")}[swap][flip_x]
    flow = bed(axis="x" if swap else "y", direction="-" if flip_y else "+", wall_material=solid)
    corners = [_turned(place, swap, flip_x, flip_y) for place in ((0.002, 0.007), (0.004, 0.010))]
    box = rectangle(*(sorted((corners[0][axis], corners[1][axis])) for axis in (0, 1)))
    return {
        "size": {"x": metres(SIDE), "y": metres(SIDE)},
        "cells": {"x": 12, "y": 12},
        "layers": [layer("die", 0.4e-3, solid, 2), flow, layer("lid", 0.5e-3, 1.4, 1)],
        "boundaries": {side: film(900.0, 15.0)},
        "sources": [source("die", 60.0), source("die", 20.0, box)],
        "probes": {str(i): point(*_turned(place, swap, flip_x, flip_y), "die") for i, place in enumerate(POINTS)},
    }


_MOVES = ("axes exchanged", "x mirrored", "y mirrored")


@REGISTRY.case("M4", "Symmetries of the square", "isotropy of space")
def symmetries_of_the_square() -> Iterator[Row]:
    plain = rises(_turned_stack(False, False, False), 15.0)
    for number in range(1, 8):
        moves = [bool(number & bit) for bit in (1, 2, 4)]
        names = [name for name, moved in zip(_MOVES, moves, strict=True) if moved]
        found = rises(_turned_stack(*moves), 15.0)
        yield within(", ".join(names), difference(found, plain), 1e-9)


def _warmer(tree: Tree, kelvins: float) -> Tree:
    """All ambients and inlets warmer."""
    warm = copy.deepcopy(tree)
    for boundary in warm["boundaries"].values():
        if "film" in boundary:
            boundary["film"]["ambient"] = celsius(20.0 + kelvins)
        if "coolant_film" in boundary:
            boundary["coolant_film"]["inlet_temperature"] = celsius(20.0 + kelvins)
    for item in warm["layers"]:
        if "microchannels" in item:
            item["microchannels"]["inlet_temperature"] = celsius(20.0 + kelvins)
    return warm


@REGISTRY.case("M5", "Shift of all temperatures", "constant properties")
def shift() -> Iterator[Row]:
    for kind in KINDS:
        tree = {**stack(kind), "sources": [source("die", 8.0, BOXES[0])]}
        yield within(kind, difference(rises(_warmer(tree, 10.0), 30.0), rises(tree)), 1e-9)


def scaled(tree: Tree, s: float) -> Tree:
    """Return the stack s times as large with the same rises: films / s, contacts and watts * s, times s^2."""

    def by(text: str, factor: float) -> str:
        number, unit = text.split(" ", 1)
        return quantity(float(number) * factor, unit)

    larger = copy.deepcopy(tree)
    larger["size"] = {axis: by(text, s) for axis, text in tree["size"].items()}
    for item in larger["layers"]:
        item["thickness"] = by(item["thickness"], s)
        if "contact_resistance_below" in item:
            item["contact_resistance_below"] = by(item["contact_resistance_below"], s)
    for boundary in larger["boundaries"].values():
        boundary["film"]["coefficient"] = by(boundary["film"]["coefficient"], 1 / s)
    for item in larger["sources"]:
        item["power"] = by(item["power"], s)
        item["rectangle"] = {axis: [by(edge, s) for edge in edges] for axis, edges in item["rectangle"].items()}
    for probe in larger["probes"].values():
        for axis in ("x", "y"):
            if axis in probe:
                probe[axis] = by(probe[axis], s)
        if "mean" in probe:
            probe["mean"] = {axis: [by(edge, s) for edge in edges] for axis, edges in probe["mean"].items()}
    if "transient" in larger:
        larger["transient"] |= {key: by(larger["transient"][key], s * s) for key in ("end", "step")}
    return larger


@REGISTRY.case("M6", "Scaling of all lengths", "dimensional analysis")
def scaling() -> Iterator[Row]:
    steady = {**stack("conduction"), "sources": [source("die", 8.0, BOXES[0])]}
    timed = {**steady, "transient": transient(0.01, 0.002, 20.0)}
    for s in (0.1, 7.3):
        for name, tree in (("steady", steady), ("transient", timed)):
            yield within(f"{s:g} times as large, {name}", difference(rises(scaled(tree, s)), rises(tree)), 1e-8)


@REGISTRY.case("M7", "A layer cut in two, a contact without resistance", "continuity")
def layer_cut_in_two() -> Iterator[Row]:
    for kind in KINDS:
        tree = stack(kind)
        index = next(i for i, item in enumerate(tree["layers"]) if item["name"] == "die")
        die = tree["layers"][index]
        half = metres(float(die["thickness"].split()[0]) / 2)
        lower = {**die, "name": "lower", "thickness": half, "cells": 1}
        upper = {k: v for k, v in lower.items() if k != "contact_resistance_below"}
        upper |= {"name": "die", "contact_resistance_below": "0 m^2*K/W"}
        probes = {name: probe for name, probe in tree["probes"].items() if name != "box"}
        whole = {**tree, "probes": probes, "sources": [source("die", 8.0, BOXES[0])]}
        cut = {
            **whole,
            "layers": [*tree["layers"][:index], lower, upper, *tree["layers"][index + 1 :]],
            "sources": [source("lower", 4.0, BOXES[0]), source("die", 4.0, BOXES[0])],
        }
        yield within(kind, difference(rises(cut), rises(whole)), 1e-9)


@REGISTRY.case("linear in time", "A transient of twice the power rises twice as much", LINEARITY)
def linear_in_time() -> Iterator[Row]:
    times = [0.003, 0.01, 0.03]
    for kind in KINDS:
        one, two = (
            rises(
                {
                    **stack(kind),
                    "sources": [source("die", p, BOXES[0])],
                    "transient": transient(0.03, 1e-3, 20.0, times),
                }
            )
            for p in (4.0, 8.0)
        )
        yield within(kind, difference(2 * one, two), 1e-9)


@REGISTRY.case("steady start", "A steady start of two sources, then one is switched off", "superposition in time")
def steady_start() -> Iterator[Row]:
    """Switching off is the steady state of both, less the step response of the other."""
    times = [0.002, 0.01, 0.05]
    tree = stack("channels")
    pair = [source("die", 6.0, BOXES[0]), source("die", 4.0, BOXES[1])]
    off = {**pair[1], "schedule": [["0 s", 1.0], ["1 ns", 0.0]]}
    common = {"transient": transient(0.05, 1e-3, "steady", times)}
    both = rises({**tree, "sources": pair})
    switched = rises({**tree, "sources": [pair[0], off], **common})
    step = rises({**tree, "sources": [{**pair[0], "power": "0 W"}, pair[1]],
                   "transient": transient(0.05, 1e-3, 20.0, times)})  # fmt: skip
    yield within("rises after switching off", difference(switched, both - step), 1e-6)
