"""What must hold for any stack whatever its numbers: balances, limits, refusals.

Random stacks are left to the property tests.
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
from twin.vv.rows import Registry, Row, compare, holds, within
from twin.vv.sample_stacks import BOXES, KINDS, SIDE, difference, rises, source, stack
from twin.vv.stacks import (
    Tree,
    celsius,
    column,
    film,
    held,
    layer,
    mean,
    metres,
    quantity,
    rectangle,
    solve,
    transient,
)

REGISTRY = Registry("conservation")


@REGISTRY.case("M8", "Maximum principle", "no source, no extremum")
def maximum_principle() -> Iterator[Row]:
    """Nothing colder than the coldest sink while heat is not negative; advection does not overshoot."""
    for flow in (0.01, 0.1, 1.0, 10.0):
        for direction in ("+", "alternate"):
            tree = stack("channels")
            tree["layers"][1]["microchannels"] |= {"flow_rate": f"{flow!r} L/min", "direction": direction}
            found = solve({**tree, "sources": [source("die", 60.0, BOXES[1])]})
            rise = found.hottest - 20
            yield within(f"below the inlet, {flow:g} L/min, {direction}", max(20 - found.coldest, 0.0) / rise, 1e-6)
    found = solve({**stack("conduction"), "sources": [source("die", 60.0, BOXES[1])]})
    yield within("below the ambient, conduction", max(20 - found.coldest, 0.0) / (found.hottest - 20), 1e-6)
    soon = solve({**stack("conduction"), "sources": [source("die", 60.0, BOXES[1])],
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
        found = solve({**stack(kind), "sources": [source("die", 8.0, BOXES[0]), source("lid", 1.0)]})
        yield found.energy_row(kind)
        yield compare(f"heat in, {kind}", float(found.found["heat_in_W"]), 9.0, 1e-12, "W")
        yield compare(f"heat out, {kind}", float(found.found["heat_out_W"]), 9.0, 1e-8, "W")


@REGISTRY.case("M11", "Ledger of every time step", "conservation of energy")
def transient_ledger() -> Iterator[Row]:
    for kind in KINDS:
        heat = {**source("die", 8.0, BOXES[0]), "schedule": [["0 s", 1.0], ["9 ms", 0.0], ["21 ms", 2.0]]}
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
        tree = {**stack(kind), "sources": [source("die", 8.0, BOXES[0])]}
        steady = rises(tree)[:, -1]
        for initial, step in ((35.0, 20.0), ("steady", 1e-3)):
            found = rises({**tree, "transient": transient(30 * step, step, initial)})[:, -1]
            yield within(f"{kind}, from {initial}", difference(found, steady), 1e-6)


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
    centres = (np.arange(watts_.shape[1]) + 0.5) * SIDE / watts_.shape[1]
    return float(watts_.sum(axis=0) @ centres / watts_.sum())


def _centroid(watts_: np.ndarray) -> float:
    """Of a plate held at zero at x_min, the share of the heat that leaves through a film at x_max is the centroid's.

    A temperature linear in x is the influence function, which linear elements hold exactly. The last
    column of the raster is cold, so that temperatures are linear towards x_max.
    """
    tree = {
        "size": {"x": metres(SIDE), "y": metres(SIDE)},
        "cells": {"x": 12, "y": 12},
        "layers": [layer("plate", 1e-3, 100.0, 1)],
        "boundaries": {"x_min": held(0.0), "x_max": film(_EDGE, 0.0)},
        "sources": [{"layer": "plate", "map": "power.csv"}],
        "probes": {"edge": mean(rectangle((SIDE - 1e-4, SIDE), (0.0, SIDE)), "plate", None),
                   "end": mean(rectangle((SIDE - 2e-4, SIDE), (0.0, SIDE)), "plate", None)},
    }  # fmt: skip
    found = solve(tree, {"power.csv": watts_})
    # Two means near the end give the face itself.
    face = 2 * found.probe("edge") - found.probe("end")
    through = _EDGE * face * SIDE * 1e-3
    return through / watts_.sum() * (SIDE + 100.0 / _EDGE)


_EDGE = 1e6


@REGISTRY.case("M19", "Wrong stacks are refused, the key named", "schema")
def refusals() -> Iterator[Row]:
    def broken(key: str, value: object) -> Tree:
        tree = copy.deepcopy({**stack("channels"), "sources": [source("die", 1.0, BOXES[0])]})
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
