"""Spreading in the limit of the half space, and circles as strips."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np

from twin.vv import exact_conduction as exact
from twin.vv.exact_layers import Layered, Patch, Spot, isotropic, steady_rises
from twin.vv.rows import Registry, Row, compare
from twin.vv.spreading import stack_file
from twin.vv.stacks import (
    Tree,
    held,
    layer,
    mean,
    point,
    rectangle,
    solve,
    square,
    watts,
)

REGISTRY = Registry("spreading")


@REGISTRY.case(
    "C03d", "Limits of the half space: square and circle", "Yovanovich & Marotta, Heat Transfer Handbook, ch. 4"
)
def half_space() -> Iterator[Row]:
    """k sqrt(A) R from quarter blocks of 20 and 40 sides: the rest of the space falls as one over the block."""
    square_, circle = exact.square_on_half_space(), exact.circle_on_half_space()
    for name, shape, values in (("square", _quarter_square(), square_), ("circle", _quarter_circle(), circle)):
        small, large = (_quarter_block(shape, half) for half in (10.0, 20.0))
        for place, which in enumerate(("centre", "mean")):
            found = 2 * large[place] - small[place]
            yield compare(f"{name}, {which}", found, values[place], 1e-2, "", note="blocks of 20 and 40, extrapolated")


_STRIPS = 32


def _quarter_square() -> list[tuple[float, float, float, float]]:
    return [(0.0, 0.5, 0.0, 0.5)]


def _quarter_circle() -> list[tuple[float, float, float, float]]:
    """A quarter of a circle of unit area as strips that hold its area."""
    radius = 1 / math.sqrt(math.pi)
    edges = radius * np.sin(np.linspace(0.0, np.pi / 2, _STRIPS + 1))

    def area(x: float) -> float:
        return (x * math.sqrt(max(radius**2 - x**2, 0.0)) + radius**2 * math.asin(min(x / radius, 1.0))) / 2

    return [
        (float(low), float(high), 0.0, (area(high) - area(low)) / float(high - low))
        for low, high in itertools.pairwise(edges)
    ]


def _quarter_block(shape: list[tuple[float, float, float, float]], half: float) -> tuple[float, float]:
    """Rise at the centre and mean of a unit flux on a block of `half` sides, k = 1, far faces at zero.

    Strips of other sources without power grade the mesh; layers grow with depth.
    """
    total = sum((x1 - x0) * (y1 - y0) for x0, x1, y0, y1 in shape)
    grading = [0.6 + 0.04 * 1.25**i for i in range(40) if 0.6 + 0.04 * 1.25**i < half]
    fine = np.linspace(0.0, 0.6, 37)[1:]
    edges = [float(edge) for edge in np.union1d(fine, grading)]
    depth = np.concatenate([[0.0], np.cumsum(0.015 * 1.22 ** np.arange(45))])
    depth = np.append(depth[depth < half * 0.9], half)
    thickness = np.diff(depth)[::-1]
    sources: list[Tree] = [
        {"face": "top", "power": watts((x1 - x0) * (y1 - y0)), "rectangle": rectangle((x0, x1), (y0, y1))}
        for x0, x1, y0, y1 in shape
    ]
    lines = [{"face": "top", "power": "0 W", "rectangle": rectangle((0.0, e), (0.0, e))} for e in edges]
    top = str(len(thickness) - 1)
    probes = {f"strip {i}": mean(rectangle(s[:2], s[2:]), top) for i, s in enumerate(shape)}
    tree = {
        "size": square(half),
        "cells": {"x": 8, "y": 8},
        "layers": [layer(str(i), float(t), 1.0, 1) for i, t in enumerate(thickness)],
        "boundaries": {"bottom": held(0.0), "x_max": held(0.0), "y_max": held(0.0)},
        "sources": sources + lines,
        "probes": {"centre": point(0.0, 0.0, top), **probes},
    }
    found = solve(tree)
    average = sum((s[1] - s[0]) * (s[3] - s[2]) * found.probe(f"strip {i}") for i, s in enumerate(shape)) / total
    # A quarter carries a quarter of the heat: R = T / (4 Q'), sqrt(A) = sqrt(4 Q') with unit flux.
    return found.probe("centre") / math.sqrt(4 * total), average / math.sqrt(4 * total)


@REGISTRY.case(
    "equivalent circle", "A square spreads like the circle of its area", "Lee et al., IEEE Trans. CPMT A 18 (1995) 1"
)
def equivalent_circle() -> Iterator[Row]:
    """A centred strip-built circle and the square of its area on one spreader; reference: series of the strips."""
    stack = Layered((0.04, 0.04), (isotropic(4e-3, 200.0),), 3000.0)
    area = 36e-6
    scale = math.sqrt(area)
    quarters = [tuple(scale * v for v in strip_) for strip_ in _quarter_circle()]
    strips = [
        Patch("top", (0.02 + side[0], 0.02 + side[1]), (0.02 - y1, 0.02 + y1), 50.0 * 2 * (x1 - x0) * y1 / area)
        for x0, x1, _, y1 in quarters
        for side in ((x0, x1), (-x1, -x0))
    ]
    half = scale / 2
    side = (0.02 - half, 0.02 + half)
    spot = Spot(0, "high", 0.02, 0.02)
    exact_circle, exact_square = (
        steady_rises(stack, patches, [spot], 800)[0] for patches in (strips, [Patch("top", side, side, 50.0)])
    )
    tree = stack_file(stack, strips, {"centre": spot}, (48, 48), 8)
    found = solve(tree)
    yield found.row("centre of the circle", "centre", exact_circle, 5e-3)
    yield compare("circle over square at the centre", found.probe("centre") / exact_square, 1.0, 0.02)
    yield found.energy_row()
