"""Manifolds, pressure drops and the properties of water."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from twin import library
from twin.thermal.coolant import load_coolant
from twin.vv import exact_streams as exact
from twin.vv.coolant import channels
from twin.vv.rows import Registry, Row, compare, observed_order
from twin.vv.stacks import (
    Tree,
    flux,
    layer,
    metres,
    point,
    quantity,
    solve,
    watts,
)

REGISTRY = Registry("coolant")


@REGISTRY.case(
    "C08h", "Flow in the channels of a manifold with header friction", "Bajura & Jones, J. Fluids Eng. 98 (1976) 654"
)
def header_friction() -> Iterator[Row]:
    """The continuum of the ladder is a fin: header = conductor, channels = film, U fed at one end, Z at both.

    Of a dividing and a combining header of equal friction the difference of pressures alone drives the
    channels; it obeys the fin's equation with b = n sqrt(2 r / Rc). The discrete ladder is solved exactly
    beside it and tends to the continuum as 1/n.
    """
    ladders = {name: exact.ladder(100, 1.0, 1e-4, name == "U") * 100 for name in ("U", "Z")}
    for name, reference in (("U", _discrete(100, 1e-4, True)), ("Z", _discrete(100, 1e-4, False))):
        for place, label in ((0, "first"), (50, "middle"), (99, "last")):
            yield compare(f"{name}, ladder of 100, {label} channel", ladders[name][place], reference[place], 1e-8)
    b = math.sqrt(2.0)
    counts = (16, 32, 64)
    largest = [_header(n, both=False) for n in counts]
    ratio = math.cosh(b)
    yield compare("U, continuum: first over last", largest[-1][0] / largest[-1][1], ratio, 1e-3)
    errors = [first / last - ratio for first, last in largest]
    yield observed_order("order of U along the header", [1 / n for n in counts], errors, 2.0)
    first, middle = _header(64, both=True)
    value = (math.cosh(b) + 1) / (2 * math.cosh(b / 2))
    yield compare("Z, continuum: end over middle", first / middle, value, 1e-3)
    sizes = (100, 200, 400)
    gaps = []
    for n in sizes:
        share = exact.ladder(n, 1.0, 1e-4 * (100 / n) ** 2, True)
        gaps.append(share[0] / share[-1] - ratio)
    yield observed_order("discrete to continuum", [1 / n for n in sizes], gaps, 1.0, "channel spacing")


def _discrete(count: int, header: float, same_end: bool) -> np.ndarray:
    """Closed form of the difference equation q(i+1) - 2 q(i) + q(i-1) = 2 r/Rc q(i), of mean 1."""
    g = math.acosh(1 + header)
    i = np.arange(count)
    # From the free end of a U header: equal steps about half a segment beyond its last channel.
    far = np.cosh(g * (count - 0.5 - i))
    near = np.cosh(g * (i + 0.5))
    q = far if same_end else far + near
    return np.asarray(q / q.mean())


def _header(cells: int, both: bool) -> tuple[float, float]:
    """Rise at the fed end, and at the other end (U) or in the middle (Z)."""
    length, thickness, conductivity = 0.1, 1e-3, 100.0
    coefficient = 2.0 * conductivity * thickness / length**2
    tree = {
        "size": {"x": metres(length), "y": "10 mm"},
        "cells": {"x": cells, "y": 1},
        "layers": [layer("header", thickness, (conductivity, 1.0, 1e6), 1)],
        "boundaries": {
            "bottom": {"film": {"coefficient": quantity(coefficient, "W/m^2/K"), "ambient": "0 degC"}},
            "x_min": flux(1e4),
            **({"x_max": flux(1e4)} if both else {}),
        },
        "probes": {
            "fed": point(0.0, 0.0, "header"),
            "other": point(length / 2 if both else length, 0.0, "header"),
        },
    }
    found = solve(tree)
    return found.probe("fed"), found.probe("other")


@dataclass(frozen=True)
class WaterPoint:
    """Properties of liquid water at 0.3 MPa, SI units."""

    celsius: float
    density: float
    specific_heat: float
    viscosity: float
    conductivity: float


def water_points() -> Sequence[WaterPoint]:
    """Return the published properties of water from the library's references."""
    table = np.loadtxt(library.packaged("references") / "water-iapws.csv", delimiter=",", skiprows=1)
    return [WaterPoint(*row) for row in table.tolist()]


@REGISTRY.case(
    "C15c", "Properties of liquid water at 0.3 MPa", "IAPWS-95; IAPWS R12-08 (viscosity); R15-11 (conductivity)"
)
def properties_of_water() -> Iterator[Row]:
    limits = {"density": 1e-3, "specific_heat": 1e-3, "viscosity": 1e-2, "conductivity": 5e-3}
    units = {"density": "kg/m^3", "specific_heat": "J/kg/K", "viscosity": "Pa*s", "conductivity": "W/m/K"}
    for place in water_points():
        found = load_coolant("water").at(place.celsius + 273.15)
        for name, limit in limits.items():
            given, published = float(getattr(found, name)), getattr(place, name)
            yield compare(f"{name}, {place.celsius:g} degC", given, published, limit, units[name])


@REGISTRY.case("manifold cell", "A manifold of equal pieces is one piece mirrored", "periodicity")
def manifold_cell() -> Iterator[Row]:
    """Four pieces of 10 mm fed by slots at 0, 20 and 40 mm against one pass of 10 mm at a quarter of the flow."""
    common: Tree = {"heat_transfer": {"coefficient": "2e4 W/m^2/K"}}
    slots = {"inlets": ["0 mm", "20 mm", "40 mm"], "outlets": ["10 mm", "30 mm"], "width": "0 mm"}

    def tree(length: float, flow: float, **changes: Any) -> Tree:
        bed = channels(flow_rate=f"{flow!r} L/min", **common, **changes)
        return {
            "size": {"x": "10 mm", "y": metres(length)},
            "cells": {"x": 1, "y": int(length / 0.25e-3)},
            "layers": [layer("die", 0.4e-3, 130.0, 4), bed, layer("lid", 0.3e-3, 130.0, 2)],
            "sources": [{"layer": "die", "power": watts(1e6 * length * 0.01)}],
            "probes": {
                f"{place:g} mm": point(0.005, place * 1e-3, "die", "bottom")
                for place in (0.0, 5.0, 10.0, 20.0, 35.0)
                if place * 1e-3 <= length
            },
        }

    many, one = solve(tree(0.04, 0.8, slots=slots)), solve(tree(0.01, 0.2))
    rise = one.hottest - 20
    for place, mirror in ((0.0, 0.0), (5.0, 5.0), (10.0, 10.0), (20.0, 0.0), (35.0, 5.0)):
        reference = one.probe(f"{mirror:g} mm")
        yield compare(f"die at {place:g} mm", many.probe(f"{place:g} mm"), reference, 1e-8, "degC", rise)
    yield compare("outlet", many.outlet, one.outlet, 1e-8, "degC", rise)
    drops = [float(solution.found["coolant"]["pressure_drop_Pa"]) for solution in (many, one)]
    yield compare("pressure drop", drops[0], drops[1], 1e-8, "Pa")
    yield many.energy_row()


@REGISTRY.case("pressure drop", "Friction of developed flow in straight channels", "Shah & London (1978), ch. VII")
def pressure_drop() -> Iterator[Row]:
    """dp = 2 f Re mu L u / D_h^2 with f Re of a spectral element; no entrance loss at a fixed coefficient."""
    from twin.vv.exact_ducts import rectangular_duct

    tree = {
        "size": {"x": "10 mm", "y": "10 mm"},
        "cells": {"x": 2, "y": 4},
        "layers": [
            layer("die", 0.4e-3, 130.0, 1),
            channels(flow_rate="0.3 L/min", heat_transfer={"coefficient": "2e4 W/m^2/K"}),
        ],
        "sources": [{"layer": "die", "power": "50 W"}],
    }
    found = solve(tree)
    duct = rectangular_duct(100e-6, 300e-6)
    speed = 0.3e-3 / 60 / (50 * 100e-6 * 300e-6)
    drop = 2 * duct.friction * 1e-3 * 0.01 * speed / (150e-6) ** 2
    yield compare("pressure drop", float(found.found["coolant"]["pressure_drop_Pa"]), drop, 1e-6, "Pa")
    reynolds = 998 * speed * 150e-6 / 1e-3
    yield compare("Reynolds number", float(found.found["coolant"]["reynolds"]), reynolds, 1e-9)
