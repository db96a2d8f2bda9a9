"""What must hold for any stack whatever its numbers: balances, symmetries, limits, refusals.

Four stacks stand for all: bare conduction (orthotropic, contacts, two films), straight channels,
alternating channels along x, a coolant film.  Random stacks are left to the property tests.
"""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from twin.constants import ZERO_CELSIUS
from twin.errors import SpecError
from twin.fe.advection import advection_diffusion
from twin.fe.patch import patch_error
from twin.vv.coolant import channels, stream
from twin.vv.rows import Registry, Row, compare, holds, within
from twin.vv.stacks import (
    Tree,
    celsius,
    column,
    film,
    held,
    layer,
    mean,
    metres,
    point,
    quantity,
    rectangle,
    solve,
    transient,
    watts,
)

REGISTRY = Registry("conservation")

LINEARITY = "linearity of the equations"
_SIDE = 0.012
_BOXES = (rectangle((0.001, 0.004), (0.002, 0.005)), rectangle((0.007, 0.011), (0.006, 0.0095)))
_POINTS = ((0.001, 0.002), (0.0035, 0.009), (0.008, 0.004), (0.011, 0.011))


def _bed(**changes: object) -> Tree:
    return channels(cells=2, flow_rate="0.3 L/min", heat_transfer={"nusselt": "4.5"}, **changes)


def stack(kind: str) -> Tree:
    """Return one of the four stacks, 12 x 12 mm, without sources."""
    die = layer("die", 0.4e-3, (150.0, 90.0, 120.0), 2, volumetric=1.66e6)
    paste = layer("paste", 60e-6, 4.0, 1, contact=3e-6, volumetric=2e6)
    lid = layer("lid", 0.8e-3, (380.0, 380.0, 300.0), 2, contact=1e-6, volumetric=3.4e6)
    boundaries: Tree = {"bottom": film(4000.0, 20.0)}
    layers = [lid, paste, die]
    if kind == "conduction":
        boundaries["x_max"] = film(900.0, 20.0)
    elif kind == "channels":
        layers = [die, _bed(), lid]
    elif kind == "alternating along x":
        layers = [die, _bed(axis="x", direction="alternate"), lid]
    else:
        boundaries = {"top": stream(2.5e4, 20.0, 20.0, "-")}
    layers[0] = {key: value for key, value in layers[0].items() if key != "contact_resistance_below"}
    return {
        "size": {"x": metres(_SIDE), "y": metres(_SIDE)},
        "cells": {"x": 12, "y": 12},
        "layers": layers,
        "boundaries": boundaries,
        "probes": {
            **{f"{i} {name}": point(*place, name) for i, place in enumerate(_POINTS) for name in ("die", "lid")},
            "box": mean(_BOXES[0], "die", None),
        },
    }


KINDS = ("conduction", "channels", "alternating along x", "coolant film")


def source(layer_name: str, power: float, box: Tree | None = None) -> Tree:
    """Return a source in a layer."""
    return {"layer": layer_name, "power": watts(power), **({"rectangle": box} if box else {})}


def _rises(tree: Tree, coldest: float = 20.0) -> np.ndarray:
    """Rises of all probes at all times."""
    found = solve(tree)
    return np.array([found.history(name) for name in tree["probes"]]) - coldest


def _difference(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.abs(first - second).max() / np.abs(second).max())


@REGISTRY.case("M1", "Superposition of sources", LINEARITY)
def superposition() -> Iterator[Row]:
    for kind in KINDS:
        tree = stack(kind)
        powers = ((3.0, 0.0), (0.0, 5.0), (3.0, 5.0), (6.0, 0.0))
        one, two, both, double = (
            _rises({**tree, "sources": [source("die", a, _BOXES[0]), source("lid", b, _BOXES[1])]}) for a, b in powers
        )
        yield within(f"T(Q1 + Q2) - T(Q1) - T(Q2), {kind}", _difference(one + two, both), 1e-9)
        yield within(f"T(2 Q) - 2 T(Q), {kind}", _difference(2 * one, double), 1e-9)


@REGISTRY.case("M2", "Reciprocity of conduction", "symmetry of the operator")
def reciprocity() -> Iterator[Row]:
    """The mean over box 2 from a watt in box 1 is the mean over box 1 from a watt in box 2."""
    tree = stack("conduction")
    for names in (("die", "die"), ("die", "lid"), ("paste", "lid")):
        tree["probes"] = {str(i): mean(_BOXES[i], names[i], None) for i in (0, 1)}
        table = np.array(
            [
                _rises({**tree, "sources": [source(names[j], float(i == j), _BOXES[j]) for j in (0, 1)]})[:, -1]
                for i in (0, 1)
            ]
        )
        note = "boxes of " + " and ".join(names)
        yield compare("R12 against R21", table[0, 1], table[1, 0], 1e-9, "K/W", table.max(), note)


def _turned(place: tuple[float, float], swap: bool, flip_x: bool, flip_y: bool) -> tuple[float, float]:
    x, y = (_SIDE - place[0] if flip_x else place[0]), (_SIDE - place[1] if flip_y else place[1])
    return (y, x) if swap else (x, y)


def _turned_stack(swap: bool, flip_x: bool, flip_y: bool) -> Tree:
    """Sources, side film, orthotropy and flow turned and mirrored together."""
    k = (150.0, 90.0, 60.0)
    solid = layer("", 1.0, (k[1], k[0], k[2]) if swap else k)["material"]
    side = {False: ("x_min", "x_max"), True: ("y_min", "y_max")}[swap][flip_x]
    flow = _bed(axis="x" if swap else "y", direction="-" if flip_y else "+", wall_material=solid)
    corners = [_turned(place, swap, flip_x, flip_y) for place in ((0.002, 0.007), (0.004, 0.010))]
    box = rectangle(*(sorted((corners[0][axis], corners[1][axis])) for axis in (0, 1)))
    return {
        "size": {"x": metres(_SIDE), "y": metres(_SIDE)},
        "cells": {"x": 12, "y": 12},
        "layers": [layer("die", 0.4e-3, solid, 2), flow, layer("lid", 0.5e-3, 1.4, 1)],
        "boundaries": {side: film(900.0, 15.0)},
        "sources": [source("die", 60.0), source("die", 20.0, box)],
        "probes": {str(i): point(*_turned(place, swap, flip_x, flip_y), "die") for i, place in enumerate(_POINTS)},
    }


@REGISTRY.case("M4", "Symmetries of the square", "isotropy of space")
def symmetries_of_the_square() -> Iterator[Row]:
    plain = _rises(_turned_stack(False, False, False), 15.0)
    for number in range(1, 8):
        moves = [bool(number & bit) for bit in (1, 2, 4)]
        names = [
            name for name, moved in zip(("axes exchanged", "x mirrored", "y mirrored"), moves, strict=True) if moved
        ]
        found = _rises(_turned_stack(*moves), 15.0)
        yield within(", ".join(names), _difference(found, plain), 1e-9)


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
        tree = {**stack(kind), "sources": [source("die", 8.0, _BOXES[0])]}
        yield within(kind, _difference(_rises(_warmer(tree, 10.0), 30.0), _rises(tree)), 1e-9)


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
    steady = {**stack("conduction"), "sources": [source("die", 8.0, _BOXES[0])]}
    timed = {**steady, "transient": transient(0.01, 0.002, 20.0)}
    for s in (0.1, 7.3):
        for name, tree in (("steady", steady), ("transient", timed)):
            yield within(f"{s:g} times as large, {name}", _difference(_rises(scaled(tree, s)), _rises(tree)), 1e-8)


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
        whole = {**tree, "probes": probes, "sources": [source("die", 8.0, _BOXES[0])]}
        cut = {
            **whole,
            "layers": [*tree["layers"][:index], lower, upper, *tree["layers"][index + 1 :]],
            "sources": [source("lower", 4.0, _BOXES[0]), source("die", 4.0, _BOXES[0])],
        }
        yield within(kind, _difference(_rises(cut), _rises(whole)), 1e-9)


@REGISTRY.case("M8", "Maximum principle", "no source, no extremum")
def maximum_principle() -> Iterator[Row]:
    """Nothing colder than the coldest sink while heat is not negative; advection does not overshoot."""
    for flow in (0.01, 0.1, 1.0, 10.0):
        for direction in ("+", "alternate"):
            tree = stack("channels")
            tree["layers"][1]["microchannels"] |= {"flow_rate": f"{flow!r} L/min", "direction": direction}
            found = solve({**tree, "sources": [source("die", 60.0, _BOXES[1])]})
            rise = found.hottest - 20
            yield within(f"below the inlet, {flow:g} L/min, {direction}", max(20 - found.coldest, 0.0) / rise, 1e-6)
    found = solve({**stack("conduction"), "sources": [source("die", 60.0, _BOXES[1])]})
    yield within("below the ambient, conduction", max(20 - found.coldest, 0.0) / (found.hottest - 20), 1e-6)
    soon = solve({**stack("conduction"), "sources": [source("die", 60.0, _BOXES[1])],
                  "transient": transient(1e-4, 1e-5, 20.0)})  # fmt: skip
    note = "steps far below the diffusion time of a cell"
    yield within("below the start, transient", max(20 - soon.coldest, 0.0) / (soon.hottest - 20), 1e-6, note=note)
    for exponent in range(-1, 5):
        _, found_layer = advection_diffusion(10.0**exponent, 20, 0.0, (0.0, 1.0))
        beyond = max(-found_layer.min(), found_layer.max() - 1, 0.0)
        yield within(f"advection and diffusion, Pe 1e{exponent}", beyond, 1e-6)


def _hottest(tree: Tree) -> float:
    return solve(tree).hottest


def _changed(index: int, **changes: object) -> Tree:
    tree = {**stack("channels"), "sources": [source("die", 60.0)]}
    tree["layers"][index] = {**tree["layers"][index], **changes}
    return tree


def _with_bed(**changes: object) -> Tree:
    tree = _changed(1)
    tree["layers"][1]["microchannels"] |= changes
    return tree


@REGISTRY.case("M9", "More cooling never heats, more leakage never cools", "monotone dependence")
def monotone() -> Iterator[Row]:
    def filmed(h: float) -> Tree:
        return {**_changed(0), "boundaries": {"bottom": film(h, 20.0)}}

    conductive: Callable[[float], Tree] = lambda k: _changed(0, material=layer("", 1.0, k)["material"])  # noqa: E731
    sweeps: dict[str, list[Tree]] = {
        "flow": [_with_bed(flow_rate=f"{f!r} L/min") for f in (0.1, 0.2, 0.4, 0.8)],
        "film": [filmed(h) for h in (10.0, 100.0, 1e3, 1e4)],
        "conductivity": [conductive(k) for k in (20.0, 60.0, 180.0, 400.0)],
        "coefficient": [_with_bed(heat_transfer={"coefficient": quantity(h, "W/m^2/K")}) for h in (5e3, 1e4, 2e4, 4e4)],
        "inlet": [_with_bed(inlet_temperature=celsius(t)) for t in (40.0, 30.0, 20.0, 10.0)],
    }
    for name, trees in sweeps.items():
        peaks = [_hottest(tree) for tree in trees]
        yield holds(f"peak falls with {name}", bool((np.diff(peaks) < 0).all()), " > ".join(f"{p:.3f}" for p in peaks))
    leaking = []
    for power in (0.0, 2.0, 4.0, 8.0):
        feedback = {"coefficient": "0.02 1/K", "reference": "20 degC"}
        tree = _changed(0)
        tree["sources"].append({**source("die", power), "feedback": feedback})
        leaking.append(_hottest(tree))
    yield holds("peak rises with leakage", bool((np.diff(leaking) > 0).all()), " < ".join(f"{p:.3f}" for p in leaking))


@REGISTRY.case("M10", "Ledger in the steady state", "conservation of energy")
def steady_ledger() -> Iterator[Row]:
    for kind in KINDS:
        found = solve({**stack(kind), "sources": [source("die", 8.0, _BOXES[0]), source("lid", 1.0)]})
        yield found.energy_row(kind)
        yield compare(f"heat in, {kind}", float(found.found["heat_in_W"]), 9.0, 1e-12, "W")
        yield compare(f"heat out, {kind}", float(found.found["heat_out_W"]), 9.0, 1e-8, "W")


@REGISTRY.case("M11", "Ledger of every time step", "conservation of energy")
def transient_ledger() -> Iterator[Row]:
    for kind in KINDS:
        heat = {**source("die", 8.0, _BOXES[0]), "schedule": [["0 s", 1.0], ["9 ms", 0.0], ["21 ms", 2.0]]}
        found = solve({**stack(kind), "sources": [heat], "transient": transient(0.03, 0.003, 20.0)})
        yield found.energy_row(kind)
    yield from _stored()


def _stored() -> Iterator[Row]:
    """An adiabatic body keeps every joule: its mean rise is the energy over its capacity."""
    tree = {
        **column(),
        "layers": [layer("a", 1e-3, 5.0, 4, volumetric=2e6), layer("b", 2e-3, 50.0, 4, contact=1e-5, volumetric=3e6)],
        "sources": [{**source("a", 2.0), "schedule": [["0 s", 1.0], ["0.3 s", 0.25]]}],
        "transient": transient(1.0, 0.01, 20.0),
    }
    found = solve(tree)
    joules = 2.0 * (0.3 + 0.25 * 0.7)
    means = [float(found.found["layers"][name]["mean_K"]) - ZERO_CELSIUS - 20 for name in "ab"]
    stored = (2e6 * 1e-3 * means[0] + 3e6 * 2e-3 * means[1]) * 1e-6
    yield compare("energy kept by an adiabatic body", stored, joules, 1e-9, "J")


@REGISTRY.case("M12", "Transient tends to the steady state", "consistency")
def transient_to_steady() -> Iterator[Row]:
    for kind in KINDS:
        tree = {**stack(kind), "sources": [source("die", 8.0, _BOXES[0])]}
        steady = _rises(tree)[:, -1]
        for initial, step in ((35.0, 20.0), ("steady", 1e-3)):
            found = _rises({**tree, "transient": transient(30 * step, step, initial)})[:, -1]
            yield within(f"{kind}, from {initial}", _difference(found, steady), 1e-6)


@REGISTRY.case("M13", "A run that is stored and continued", "determinism")
def restart() -> Iterator[Row]:
    """The coupled engine: four steps at once, or two, a checkpoint on disk, and two more."""
    from twin.engine.run import build, load
    from twin.results import checkpoint

    scenario = load("wse3-llama3.1-8b-conversation").replace(
        {"thermal.mesh": "wafer-coarse", "compare_with": None, "workload.duration": "2 s"}
    )
    simulation = build(scenario, "scenario")

    def advance(state: Any, steps: int) -> Any:
        for _ in range(steps):
            state, _ = simulation.step(state, 0.25)
        return state

    straight = advance(simulation.initial(), 4)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state"
        checkpoint.save(path, simulation.pack(advance(simulation.initial(), 2)))
        continued = advance(build(scenario, "scenario").unpack(checkpoint.load(path)), 2)
    differences = list(_differences(simulation.pack(straight), simulation.pack(continued)))
    note = f"{len(differences)} stored arrays and numbers"
    yield within("largest relative difference of the state", max(differences), 1e-12, note=note)


def _differences(first: Any, second: Any) -> Iterator[float]:
    """Relative differences of all numbers of two packed states."""
    if isinstance(first, dict):
        for key in first:
            yield from _differences(first[key], second[key])
    elif isinstance(first, list | tuple):
        for a, b in zip(first, second, strict=True):
            yield from _differences(a, b)
    elif isinstance(first, np.ndarray | float | int) and not isinstance(first, bool):
        a, b = np.asarray(first, float), np.asarray(second, float)
        if a.size:
            yield float(np.abs(a - b).max() / max(float(np.abs(a).max()), 1e-300))


@REGISTRY.case("M15", "Patch test with a contact on distorted meshes", "Zienkiewicz & Taylor, ch. 10")
def patch_test() -> Iterator[Row]:
    for degree in (1, 2):
        for cells in (6, 11):
            yield within(f"P{degree}, {cells} cells", patch_error(cells, degree), 1e-11)


@REGISTRY.case("M18", "Rasters keep their watts and their centroid on any mesh", "conservation of power")
def rasters() -> Iterator[Row]:
    """Watts by the ledger; the centroid by the share of the heat that leaves at one end of a plate."""
    for rows, columns in ((3, 5), (7, 4), (24, 24), (50, 31)):
        watts_ = np.random.default_rng(rows).uniform(0.0, 2.0, (rows, columns))
        watts_[:, -1] = 0.0
        tree = {**stack("conduction"), "sources": [{"layer": "die", "map": "power.csv"}]}
        found = solve(tree, {"power.csv": watts_})
        note = f"{rows} x {columns} cells of the raster on 12 x 12 of the mesh"
        yield compare(
            f"sum of {rows} x {columns}", float(found.found["heat_in_W"]), watts_.sum(), 1e-12, "W", note=note
        )
        yield compare(f"centroid of {rows} x {columns}", _centroid(watts_), _exact_centroid(watts_), 1e-9, "m")


def _exact_centroid(watts_: np.ndarray) -> float:
    centres = (np.arange(watts_.shape[1]) + 0.5) * _SIDE / watts_.shape[1]
    return float(watts_.sum(axis=0) @ centres / watts_.sum())


def _centroid(watts_: np.ndarray) -> float:
    """Of a plate held at zero at x_min, the share of the heat that leaves through a film at x_max is the centroid's.

    A temperature linear in x is the influence function, which linear elements hold exactly. The last
    column of the raster is cold, so that temperatures are linear towards x_max.
    """
    tree = {
        "size": {"x": metres(_SIDE), "y": metres(_SIDE)},
        "cells": {"x": 12, "y": 12},
        "layers": [layer("plate", 1e-3, 100.0, 1)],
        "boundaries": {"x_min": held(0.0), "x_max": film(_EDGE, 0.0)},
        "sources": [{"layer": "plate", "map": "power.csv"}],
        "probes": {"edge": mean(rectangle((_SIDE - 1e-4, _SIDE), (0.0, _SIDE)), "plate", None),
                   "end": mean(rectangle((_SIDE - 2e-4, _SIDE), (0.0, _SIDE)), "plate", None)},
    }  # fmt: skip
    found = solve(tree, {"power.csv": watts_})
    # Two means near the end give the face itself.
    face = 2 * found.probe("edge") - found.probe("end")
    through = _EDGE * face * _SIDE * 1e-3
    return through / watts_.sum() * (_SIDE + 100.0 / _EDGE)


_EDGE = 1e6


@REGISTRY.case("M19", "Wrong stacks are refused, the key named", "schema")
def refusals() -> Iterator[Row]:
    def broken(key: str, value: object) -> Tree:
        tree = copy.deepcopy({**stack("channels"), "sources": [source("die", 1.0, _BOXES[0])]})
        *path, last = key.split(".")
        node: Any = tree
        for part in path:
            node = node[int(part)] if part.isdigit() else node[part]
        node[last] = value
        return tree

    cases = {
        "layers.0.thickness": "-1 mm",
        "layers.0.material.conductivity": "-3 W/m/K",
        "layers.1.microchannels.flow_rate": "-1 L/min",
        "layers.1.microchannels.width": "0 um",
        "boundaries.bottom.film.coefficient": "-5 W/m^2/K",
        "sources.0.rectangle.x": ["10 mm", "20 mm"],
        "sources.0.layer": "dye",
        "size.x": "12",
        "layers.2.name": "die",
        "layers.1.microchannels.coolant": "watre",
    }
    for key, value in cases.items():
        told = _refusal(broken(key, value))
        yield holds(f"{key} = {value}", told is not None and _names(told, key), " ".join((told or "accepted").split()))


def _refusal(tree: Tree) -> str | None:
    try:
        solve(tree)
    except SpecError as error:
        return str(error)
    return None


def _names(message: str, key: str) -> bool:
    """Whether a message names the key or, of names, the list it stands in."""
    return key in message or (key.split(".")[0] in message and key.split(".")[-1] in message)


@REGISTRY.case("linear in time", "A transient of twice the power rises twice as much", LINEARITY)
def linear_in_time() -> Iterator[Row]:
    times = [0.003, 0.01, 0.03]
    for kind in KINDS:
        one, two = (
            _rises(
                {
                    **stack(kind),
                    "sources": [source("die", p, _BOXES[0])],
                    "transient": transient(0.03, 1e-3, 20.0, times),
                }
            )
            for p in (4.0, 8.0)
        )
        yield within(kind, _difference(2 * one, two), 1e-9)


@REGISTRY.case("steady start", "A steady start of two sources, then one is switched off", "superposition in time")
def steady_start() -> Iterator[Row]:
    """Switching off is the steady state of both, less the step response of the other."""
    times = [0.002, 0.01, 0.05]
    tree = stack("channels")
    pair = [source("die", 6.0, _BOXES[0]), source("die", 4.0, _BOXES[1])]
    off = {**pair[1], "schedule": [["0 s", 1.0], ["1 ns", 0.0]]}
    common = {"transient": transient(0.05, 1e-3, "steady", times)}
    both = _rises({**tree, "sources": pair})
    switched = _rises({**tree, "sources": [pair[0], off], **common})
    step = _rises({**tree, "sources": [{**pair[0], "power": "0 W"}, pair[1]],
                   "transient": transient(0.05, 1e-3, 20.0, times)})  # fmt: skip
    yield within("rises after switching off", _difference(switched, both - step), 1e-6)
