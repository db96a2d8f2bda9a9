"""Solid and coolant along the flow: advection, two temperatures, alternating streams."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from twin.fe.advection import advection_diffusion, coupled_errors, coupled_sources
from twin.vv import exact_streams as exact
from twin.vv.coolant import FLUX, RATE, SIDE, channels, stream
from twin.vv.rows import Registry, Row, compare, observed_order, order_or_exact, within
from twin.vv.spreading import targeted
from twin.vv.stacks import (
    Tree,
    layer,
    metres,
    point,
    quantity,
    rectangle,
    solve,
    watts,
)

REGISTRY = Registry("coolant")


NIELD = "Nield & Bejan, Convection in Porous Media (local thermal non-equilibrium)"

BROOKS = "Brooks & Hughes, Comput. Meth. Appl. Mech. Eng. 32 (1982) 199"


@REGISTRY.case("C09a", "Advection and diffusion in one dimension, Pe 1 to 1000", BROOKS)
def advection_and_diffusion() -> Iterator[Row]:
    """SUPG on linear elements with the optimal parameter is exact at the nodes."""
    for peclet in (1.0, 10.0, 100.0, 1000.0):
        nodes, layer_ = advection_diffusion(peclet, 20, 0.0, (0.0, 1.0))
        value = exact.boundary_layer(peclet, 0.95)
        if value > 1e-12:
            yield compare(f"(i) T(0.95), Pe {peclet:g}", layer_[19], value, 1e-10, scale=1.0)
        yield within(f"(i) over- and undershoot, Pe {peclet:g}", max(-layer_.min(), layer_.max() - 1, 0.0), 1e-8)
        _, heated = advection_diffusion(peclet, 20, 1.0, (0.0, 0.0))
        yield compare(f"(ii) T(0.95), Pe {peclet:g}", heated[19], 0.95 - value, 1e-10, scale=1.0)
        largest = max(abs(t - exact.boundary_layer(peclet, x)) for x, t in zip(nodes, layer_, strict=True))
        yield within(f"(i) largest error of all nodes, Pe {peclet:g}", largest, 1e-10)


_THICK, _THROUGH = 1e-3, 1e5

_FILM = 1 / (1 / 25e3 - _THICK / _THROUGH / 4)
"""25 kW/m2/K less a quarter of the layer's own resistance, from its faces' mean to the wetted one."""

_PLACES = {"inlet": 0.0, "quarter": 0.25, "half": 0.5, "outlet": 1.0}


def _two_temperatures(case: str, cells: int | None) -> Tree:
    source: Tree = {"layer": "wafer", "power": "18 kW"}
    if case == "downstream":
        source["rectangle"] = rectangle((0.0, SIDE), (SIDE / 2, SIDE))
    tree: Tree = {
        "size": {"x": metres(SIDE), "y": metres(SIDE)},
        "layers": [layer("wafer", _THICK, (1263.0, 1263.0, _THROUGH), 1)],
        "boundaries": {"top": stream(_FILM, RATE, 20.0)},
        "sources": [source],
        "probes": {
            f"{name} {face}": point(0.05, share * SIDE, "wafer", face)
            for name, share in _PLACES.items()
            for face in ("bottom", "top")
        },
    }
    return {**tree, "cells": {"x": 1, "y": cells}} if cells else tree


@REGISTRY.case("C09b", "Solid and coolant along the flow, uniform and downstream heat", NIELD)
def solid_and_coolant() -> Iterator[Row]:
    cases = {
        "uniform": ((SIDE, FLUX),),
        "downstream": ((SIDE / 2, 0.0), (SIDE, 2 * FLUX)),
    }
    counts = (200, 400, 800)
    for case, pieces in cases.items():
        model = exact.TwoTemperatures(1.263, 25e3, RATE / SIDE, 20.0, pieces)
        runs = [solve(_two_temperatures(case, n)) for n in counts]
        fine = solve(_two_temperatures(case, 8000))
        for name, share in _PLACES.items():
            value = model.at(share * SIDE)[0]
            means = [(run.probe(f"{name} bottom") + run.probe(f"{name} top")) / 2 for run in runs]
            mean = (fine.probe(f"{name} bottom") + fine.probe(f"{name} top")) / 2
            yield compare(f"{case}: solid at {name}", mean, value, 1e-6, "degC", 1.0)
            errors = [mean - value for mean in means]
            yield order_or_exact(f"{case}: order along the flow, {name}", [1 / n for n in counts], errors, 2.0, 2e-8)
        yield compare(f"{case}: outlet", fine.outlet, 20 + 18e3 / RATE, 1e-8, "degC", 6.47)
        yield fine.energy_row()
        values = {}
        for name, share in _PLACES.items():
            solid, fluid = model.at(share * SIDE)
            values[f"{name} top"] = solid - 25e3 * (solid - fluid) * _THICK / _THROUGH / 4
        yield from targeted(_two_temperatures(case, None), values)


@REGISTRY.case("C09d", "Manufactured solution of solid and coolant", "Roache (2002); Salari & Knupp, SAND2000-1444")
def manufactured_coupling() -> Iterator[Row]:
    solid, coolant = coupled_sources(0.37, 0.81)
    by_hand = _sources_by_hand(0.37, 0.81)
    yield compare("f_s(0.37, 0.81)", solid, by_hand[0], 1e-10)
    yield compare("f_f(0.37, 0.81)", coolant, by_hand[1], 1e-10)
    counts = (16, 32, 64)
    sizes = [1 / n for n in counts]
    for degree in (1, 2):
        errors = np.array([coupled_errors(n, degree) for n in counts])
        yield observed_order(f"Ts, P{degree}, L2", sizes, errors[:, 0], degree + 1.0)
        yield observed_order(f"Ts, P{degree}, H1", sizes, errors[:, 1], float(degree))
        yield observed_order(f"Tf, P{degree} with SUPG, L2", sizes, errors[:, 2], degree + 1.0)


def _sources_by_hand(x: float, y: float) -> tuple[float, float]:
    """-lap Ts + 4 (Ts - Tf) and 50 dTf/dx - 4 (Ts - Tf), differentiated by hand."""
    p = math.pi
    wave = math.sin(p * x / 2) * math.cos(p * y)
    ts = 1 + wave + x * x * y
    tf = x * (1 + y / 2) + 0.3 * math.sin(2 * p * x) * math.cos(p * y)
    laplace = -(p * p / 4 + p * p) * wave + 2 * y
    slope = 1 + y / 2 + 0.6 * p * math.cos(2 * p * x) * math.cos(p * y)
    return -laplace + 4 * (ts - tf), 50 * slope - 4 * (ts - tf)


_WALLS, _STIFF = 25e3 / 3.5, 1e5
"""Coefficient that makes 25 kW/m2/K of floor and two walls, and a conductivity that makes fins nearly perfect."""


def _alternating(cells: int | None) -> Tree:
    through = layer("", 1.0, (1e-9, 1e-9, _STIFF))["material"]
    bed = channels(
        cells=32 if cells else None, direction="alternate", wall_material=through,
        heat_transfer={"coefficient": quantity(_WALLS, "W/m^2/K")},
    )  # fmt: skip
    tree: Tree = {
        "size": {"x": metres(SIDE), "y": metres(SIDE)},
        "layers": [layer("die", 100e-6, through, 1), bed],
        "sources": [{"layer": "die", "power": "18 kW"}],
        "probes": {"end": point(0.0, 0.0, "die"), "middle": point(0.0, SIDE / 2, "die")},
    }
    return {**tree, "cells": {"x": 1, "y": cells}} if cells else tree


@REGISTRY.case("C09f", "Alternating streams under uniform heat", "closed form at `exact_streams.Alternating`")
def alternating_streams() -> Iterator[Row]:
    model = exact.Alternating(FLUX, RATE / SIDE / 2, 12.5e3, SIDE, 20.0)
    fins = 1 / exact.straight_fins(_WALLS, 100e-6, 100e-6, 300e-6, _STIFF) - 1 / 25e3
    values = {"end": model.solid(0.0) + fins * FLUX, "middle": model.solid(SIDE / 2) + fins * FLUX}
    counts = (20, 40, 80)
    runs = [solve(_alternating(n)) for n in counts]
    for name, value in values.items():
        yield compare(f"solid at the {name}", runs[-1].probe(name), value, 2e-6, "degC", 1.0)
        errors = [run.probe(name) - value for run in runs]
        yield order_or_exact(f"order along the flow, {name}", [1 / n for n in counts], errors, 2.0, 2e-6)
    spread = runs[-1].probe("middle") - runs[-1].probe("end")
    yield compare("spread of the solid", spread, model.spread, 1e-5, "K")
    yield compare("outlet", runs[-1].outlet, model.streams(SIDE)[0], 1e-6, "degC", 1.0)
    yield runs[-1].energy_row()
    yield from targeted(_alternating(None), values)


@REGISTRY.case("ends of a stream", "Thin wall of poor conductivity: its ends over a stream's inlet and outlet", NIELD)
def ends_of_a_stream() -> Iterator[Row]:
    """Conduction along the wall reaches sqrt(k t / G) = 0.4 mm into 200 mm; default mesh, then a target error."""
    length, width, thickness, sheet, exchange, flux_ = 0.2, 0.05, 0.13e-3, 1.6e-3, 1.1e4, 3e5
    rate, through = 250.0, 1e4
    model = exact.TwoTemperatures(sheet, exchange, rate, 20.0, ((length, flux_),))
    values = {}
    for name, share in (("inlet", 0.0), ("middle", 0.5), ("outlet", 1.0)):
        solid, fluid = model.at(share * length)
        values[name] = solid - exchange * (solid - fluid) * thickness / through / 4
    tree = {
        "size": {"x": metres(width), "y": metres(length)},
        "layers": [layer("wall", thickness, (sheet / thickness, sheet / thickness, through))],
        "boundaries": {"top": stream(1 / (1 / exchange - thickness / through / 4), rate * width, 20.0)},
        "sources": [{"layer": "wall", "power": watts(flux_ * length * width)}],
        "probes": {
            name: point(0.02, place, "wall") for name, place in (("inlet", 0.0), ("middle", 0.1), ("outlet", 0.2))
        },
    }
    found = solve(tree)
    rise = max(values.values()) - 20
    for name, value in values.items():
        yield found.row(name, name, value, 1e-3, rise)
    yield found.energy_row()
    yield from targeted(tree, values)
