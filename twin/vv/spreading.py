"""Heat that spreads from small sources through layered stacks, against cosine series."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from twin.vv.exact_layers import Layered, Patch, Slab, Spot, isotropic, raster_patches, response, steady_rises
from twin.vv.rows import Registry, Row, compare, observed_order
from twin.vv.stacks import (
    Solution,
    Tree,
    film,
    held,
    layer,
    mean,
    metres,
    point,
    rectangle,
    solve,
    target,
    watts,
)

REGISTRY = Registry("spreading")

SERIES = "Muzychka, Culham & Yovanovich, ASME J. Electron. Packag. 125 (2003) 178"

TARGET = 0.05
"""Target error in K of every case of this group."""
_LEAST = 1e-3
"""Smallest target in K that a percentage stands for."""


def _faces(stack: Layered) -> dict[str, Tree]:
    """Films of a stack to 0 degC."""
    films = {"bottom": stack.bottom, "top": stack.top}
    return {
        face: held(0.0) if math.isinf(coefficient) else film(coefficient, 0.0)
        for face, coefficient in films.items()
        if coefficient
    }


def stack_file(
    stack: Layered, patches: Sequence[Patch], spots: dict[str, Spot], cells: Sequence[int] = (), through: int = 0
) -> Tree:
    """The stack file of a layered stack with rectangles of heat; layers are called 0, 1, ..."""
    tree: Tree = {
        "size": {"x": metres(stack.size[0]), "y": metres(stack.size[1])},
        "layers": [
            layer(str(i), slab.thickness, slab.conductivity, through or None, slab.contact)
            for i, slab in enumerate(stack.slabs)
        ],
        "boundaries": _faces(stack),
        "sources": [
            {
                **({"face": patch.place} if isinstance(patch.place, str) else {"layer": str(patch.place)}),
                "power": watts(patch.power),
                "rectangle": rectangle(patch.x, patch.y),
            }
            for patch in patches
        ],
        "probes": {name: _probe(spot) for name, spot in spots.items()},
    }
    return {**tree, "cells": {"x": cells[0], "y": cells[-1]}} if cells else tree


def _probe(spot: Spot) -> Tree:
    face = {"low": "bottom", "high": "top", "mean": None}[spot.side]
    if isinstance(spot.x, tuple):
        assert isinstance(spot.y, tuple)
        return mean(rectangle(spot.x, spot.y), str(spot.slab), face)
    assert not isinstance(spot.y, tuple)
    return point(spot.x, spot.y, str(spot.slab), face or "top")


def _judged(
    stack: Layered,
    patches: Sequence[Patch],
    spots: dict[str, Spot],
    tolerance: float,
    cells: Sequence[int],
    through: int = 6,
) -> Iterator[Row]:
    """Rows of a stack on one mesh, on the default mesh with its estimates, and with a target error."""
    values = dict(zip(spots, steady_rises(stack, patches, list(spots.values())), strict=True))
    rise = max(values.values())
    fixed = solve(stack_file(stack, patches, spots, cells, through))
    default = solve(stack_file(stack, patches, spots))
    for name, value in values.items():
        yield fixed.row(name, name, value, tolerance, rise)
        yield default.row(f"{name}, default mesh", name, value, tolerance, rise)
    yield fixed.energy_row()
    yield from targeted(stack_file(stack, patches, spots), values)


def targeted(tree: Tree, values: dict[str, float], kelvins: float = TARGET) -> Iterator[Row]:
    """Rows of a stack solved with a target error."""
    found = solve({**tree, "numerics": target(kelvins)})
    for name, value in values.items():
        yield found.target(name, name, value, kelvins)


_COMPOUND = Layered((0.05, 0.05), (isotropic(5e-3, 390.0), isotropic(1e-3, 120.0)), bottom=5000.0)

_CENTRED = (0.02, 0.03)

_WHOLE = (0.0, 0.05)


def _compound(cells: int) -> tuple[Tree, dict[str, float]]:
    """100 W on a centred square of 10 mm; the mesh is refined through the layers as well."""
    spots = {
        "centre": Spot(1, "high", 0.025, 0.025),
        "mean of the source": Spot(1, "high", _CENTRED, _CENTRED),
        "mean of the top": Spot(1, "high", _WHOLE, _WHOLE),
        "corner": Spot(1, "high", 0.0, 0.0),
        "under the die": Spot(1, "low", 0.025, 0.025),
    }
    patches = [Patch("top", _CENTRED, _CENTRED, 100.0)]
    values = dict(zip(spots, steady_rises(_COMPOUND, patches, list(spots.values()), 1200), strict=True))
    return stack_file(_COMPOUND, patches, spots, (cells, cells), max(2, cells // 10)), values


@REGISTRY.case("C03a", "Isoflux square on two layers, film below", SERIES)
def square_on_two_layers() -> Iterator[Row]:
    for wave in (300.0, 900.0):
        kernel = float(response(_COMPOUND, "top", a2=wave**2).high[1])
        closed = _kernel_in_closed_form(wave)
        yield compare(f"kernel Z({wave:g}/m) of the reference, in closed form", kernel, closed, 1e-12, "m^2*K/W")
    counts = (30, 60, 120)
    solutions: list[Solution] = []
    for cells in counts:
        tree, values = _compound(cells)
        solutions.append(solve(tree))
    finest = solutions[-1]
    rise = values["centre"]
    for name, value in values.items():
        tolerance = 1e-8 if name == "mean of the top" else 5e-3
        yield finest.row(name, name, value, tolerance, rise)
    by_conduction = 100 * (1 / 5000 + 1e-3 / 120 + 5e-3 / 390) / 0.05**2
    yield compare("mean of the top in closed form", finest.probe("mean of the top"), by_conduction, 1e-8, "degC")
    spread = (values["mean of the source"] - values["mean of the top"]) / 100
    sizes = [1 / n for n in counts]
    far, near = ([s.probe(name) - values[name] for s in solutions] for name in ("under the die", "mean of the source"))
    yield observed_order("order in space, under the die", sizes, far, 2.0)
    without_logarithm = [error / math.log(n) for error, n in zip(near, counts, strict=True)]
    note = "h^2 ln(1/h): the flux jumps at the edge of the source, T ~ r ln r; the logarithm is divided out"
    yield observed_order("order in space, mean of the source", sizes, without_logarithm, 2.0, note=note)
    yield finest.energy_row()
    without = {key: value for key, value in tree.items() if key != "cells"}
    without["layers"] = [{k: v for k, v in item.items() if k != "cells"} for item in tree["layers"]]
    aimed = list(targeted(without, values))
    yield from aimed
    found = {row.quantity.split(",")[0]: row.result or math.nan for row in aimed}
    resistance = (found["mean of the source"] - found["mean of the top"]) / 100
    yield compare("spreading resistance of the mean", resistance, spread, 5e-3, "K/W")


def _kernel_in_closed_form(wave: float) -> float:
    """1 / (k1 l phi), with phi as printed by Muzychka, Culham & Yovanovich (2003)."""
    k1, k2, t1, t2, h = 120.0, 390.0, 1e-3, 5e-3, 5000.0
    z = wave
    kappa = k2 / k1
    e2, e4, e24, e = (math.exp(v * z) for v in (2 * t1, 4 * t1, 2 * (2 * t1 + t2), 2 * (t1 + t2)))
    rho = (z + h / k2) / (z - h / k2)
    alpha = (1 - kappa) / (1 + kappa)
    above = alpha * e4 - e2 + rho * (e24 - alpha * e)
    below = alpha * e4 + e2 + rho * (e24 + alpha * e)
    return below / (k1 * z * above)


_ORTHOTROPIC = Layered(
    (0.04, 0.03),
    (
        Slab(2e-3, (300.0, 300.0, 300.0)),
        Slab(0.1e-3, (5.0, 5.0, 2.0), contact=1e-5),
        Slab(0.7e-3, (200.0, 80.0, 120.0)),
    ),
    bottom=8000.0,
)


@REGISTRY.case("eccentric source", "Eccentric rectangle on three orthotropic layers with a contact, film below", SERIES)
def eccentric_source() -> Iterator[Row]:
    """The recursion of impedances with orthotropic layers and a contact."""
    x, y = (0.004, 0.012), (0.015, 0.024)
    spots = {
        "centre of the source": Spot(2, "high", 0.008, 0.0195),
        "mean of the source": Spot(2, "high", x, y),
        "below the contact": Spot(0, "high", 0.008, 0.0195),
        "far corner": Spot(2, "high", 0.04, 0.0),
    }
    yield from _judged(_ORTHOTROPIC, [Patch("top", x, y, 60.0)], spots, 5e-3, (60, 60))


@REGISTRY.case("three sources", "Three sources in different layers and faces, superposed", SERIES)
def three_sources() -> Iterator[Row]:
    """Faces and volumes heat at once; films on both sides."""
    stack = Layered((0.03, 0.03), (isotropic(1e-3, 150.0), isotropic(0.3e-3, 30.0, contact=2e-6)), 6000.0, 500.0)
    patches = [
        Patch("top", (0.004, 0.010), (0.005, 0.012), 20.0),
        Patch(0, (0.018, 0.026), (0.016, 0.022), 35.0),
        Patch("bottom", (0.012, 0.018), (0.002, 0.008), 10.0),
    ]
    spots = {
        "first": Spot(1, "high", 0.007, 0.0085),
        "second": Spot(0, "mean", (0.018, 0.026), (0.016, 0.022)),
        "third": Spot(0, "low", 0.015, 0.005),
        "between": Spot(1, "low", 0.015, 0.015),
    }
    yield from _judged(stack, patches, spots, 5e-3, (60, 60))


@REGISTRY.case("buried source", "Thin heated layer between two spreaders, held below", SERIES)
def buried_source() -> Iterator[Row]:
    """Heat uniform in the volume of 10 um of devices under 0.4 mm of silicon."""
    stack = Layered(
        (0.02, 0.02), (isotropic(0.3e-3, 60.0), isotropic(10e-6, 2.0), isotropic(0.4e-3, 130.0)), math.inf, 20e3
    )
    side = (0.006, 0.011)
    spots = {
        "middle, under the source": Spot(1, "low", 0.0085, 0.0085),
        "mean of the source": Spot(1, "mean", side, side),
        "top above the source": Spot(2, "high", 0.0085, 0.0085),
    }
    yield from _judged(stack, [Patch(1, side, side, 80.0)], spots, 2e-2, (96, 96))


@REGISTRY.case("raster", "Raster of watts against the series of its cells", SERIES)
def raster() -> Iterator[Row]:
    """A checkered map of 6 x 4 cells in a layer; the mesh cuts the raster."""
    stack = Layered((0.024, 0.016), (isotropic(1.5e-3, 180.0), isotropic(0.2e-3, 100.0)), 7000.0)
    watts_ = np.random.default_rng(3).uniform(0.0, 4.0, (4, 6))
    patches = raster_patches(watts_, stack.size, 1)
    spots = {
        "in a cell": Spot(1, "high", 0.014, 0.006),
        "mean of a quarter": Spot(1, "mean", (0.012, 0.024), (0.0, 0.008)),
        "below": Spot(0, "low", 0.006, 0.010),
    }
    values = dict(zip(spots, steady_rises(stack, patches, list(spots.values()), 900), strict=True))
    rise = max(values.values())
    tree = {**stack_file(stack, [], spots, (50, 37), 4), "sources": [{"layer": "1", "map": "power.csv"}]}
    found = solve(tree, {"power.csv": watts_})
    for name, value in values.items():
        yield found.row(name, name, value, 5e-3, rise)
    yield found.energy_row()
    aim = solve({**tree, "numerics": target(TARGET)}, {"power.csv": watts_})
    for name, value in values.items():
        yield aim.target(name, name, value, TARGET)


@REGISTRY.case("whole face", "A source over the whole face is one-dimensional", "Incropera & DeWitt, sec. 3.1")
def whole_face() -> Iterator[Row]:
    """The limit in which nothing spreads: series resistances, exact on any mesh."""
    stack = Layered((0.02, 0.01), (isotropic(2e-3, 50.0), isotropic(1e-3, 5.0, contact=1e-5)), 3000.0)
    heat = 40.0 / (0.02 * 0.01)
    value = heat * (1 / 3000 + 2e-3 / 50 + 1e-5 + 1e-3 / 5)
    spots = {"top": Spot(1, "high", 0.013, 0.004)}
    tree = stack_file(stack, [Patch("top", (0.0, 0.02), (0.0, 0.01), 40.0)], spots)
    found = solve(tree)
    yield found.row("top", "top", value, 1e-9)
    yield found.energy_row()
    yield from targeted(tree, {"top": value})


@REGISTRY.case("strip", "A strip source: two-dimensional spreading", SERIES)
def strip() -> Iterator[Row]:
    """Along y nothing varies; the single series converges fast and the order in space is 2."""
    stack = Layered((0.03, 0.01), (isotropic(1e-3, 120.0), isotropic(0.5e-3, 40.0)), 10e3)
    patches = [Patch("top", (0.0, 0.006), (0.0, 0.01), 60.0)]
    spots = {"middle": Spot(1, "high", 0.003, 0.005), "end": Spot(1, "high", 0.03, 0.005)}
    values = dict(zip(spots, steady_rises(stack, patches, list(spots.values())), strict=True))
    counts = (40, 80, 160)
    solutions = [solve(stack_file(stack, patches, spots, (n, 1), n // 10)) for n in counts]
    for name, value in values.items():
        yield solutions[-1].row(name, name, value, 2e-3, values["middle"])
        errors = [solution.probe(name) - value for solution in solutions]
        yield observed_order(f"order in space, {name}", [1 / n for n in counts], errors, 2.0)
    yield solutions[-1].energy_row()
    yield from targeted(stack_file(stack, patches, spots), values)
    percent = solve({**stack_file(stack, patches, spots), "numerics": {"target_error": "0.1 %"}})
    for name, value in values.items():
        allowed = max(1e-3 * value, _LEAST)
        yield compare(f"{name}, target_error 0.1 %", percent.probe(name), value, allowed, "degC", 1.0)
