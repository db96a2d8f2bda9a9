"""Four stacks that stand for all: bare conduction, straight channels, alternating channels along x, a coolant film."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.vv.coolant import channels, stream
from twin.vv.stacks import (
    Tree,
    film,
    layer,
    mean,
    metres,
    point,
    rectangle,
    solve,
    watts,
)

SIDE = 0.012

BOXES = (rectangle((0.001, 0.004), (0.002, 0.005)), rectangle((0.007, 0.011), (0.006, 0.0095)))

POINTS = ((0.001, 0.002), (0.0035, 0.009), (0.008, 0.004), (0.011, 0.011))


def bed(**changes: Any) -> Tree:
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
        layers = [die, bed(), lid]
    elif kind == "alternating along x":
        layers = [die, bed(axis="x", direction="alternate"), lid]
    else:
        boundaries = {"top": stream(2.5e4, 20.0, 20.0, "-")}
    layers[0] = {key: value for key, value in layers[0].items() if key != "contact_resistance_below"}
    return {
        "size": {"x": metres(SIDE), "y": metres(SIDE)},
        "cells": {"x": 12, "y": 12},
        "layers": layers,
        "boundaries": boundaries,
        "probes": {
            **{f"{i} {name}": point(*place, name) for i, place in enumerate(POINTS) for name in ("die", "lid")},
            "box": mean(BOXES[0], "die", None),
        },
    }


KINDS = ("conduction", "channels", "alternating along x", "coolant film")


def source(layer_name: str, power: float, box: Tree | None = None) -> Tree:
    """Return a source in a layer."""
    return {"layer": layer_name, "power": watts(power), **({"rectangle": box} if box else {})}


def rises(tree: Tree, coldest: float = 20.0) -> np.ndarray:
    """Rises of all probes at all times."""
    found = solve(tree)
    return np.array([found.history(name) for name in tree["probes"]]) - coldest


def difference(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.abs(first - second).max() / np.abs(second).max())
