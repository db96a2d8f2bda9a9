"""Errors that are said against errors that are made, and targets that are held, on stacks with exact solutions.

Exact values: spreading by the series of Muzychka, Culham & Yovanovich, ASME J. Electron. Packag. 125 (2003)
178; step cooling of a slab, Incropera & DeWitt, sec. 5.5; step of flux on a half space, Carslaw & Jaeger, sec.
2.9; isothermal wall, Incropera & DeWitt, sec. 8.3; plate held at its edges, Ozisik, Heat Conduction, ch. 15.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stack_files import ZERO_CELSIUS, Tree, at, film, material, outcome, solve

SQUARE: Tree = {"x": ["20 mm", "30 mm"], "y": ["20 mm", "30 mm"]}
COLUMN: Tree = {"size": {"x": "1 mm", "y": "1 mm"}}
TIMES = {"times": ["0.05 s", "0.2 s", "1 s"], "end": "1 s", "initial": "100 degC"}


def spreader(**changes: Any) -> Tree:
    return {
        "size": {"x": "50 mm", "y": "50 mm"},
        "layers": [
            {"name": "spreader", "thickness": "5 mm", "material": material(390.0)},
            {"name": "die", "thickness": "1 mm", "material": material(120.0)},
        ],
        "boundaries": {"bottom": film(5000.0, 0.0)},
        "sources": [{"face": "top", "power": "100 W", "rectangle": SQUARE}],
        "probes": {
            "centre": at("25 mm", "25 mm", "die"),
            "source": {"mean": SQUARE, "layer": "die", "face": "top"},
            "corner": at("0 mm", "0 mm", "die"),
        },
        **changes,
    }


def slab(biot: float, step: str, **changes: Any) -> Tree:
    return {
        **COLUMN,
        "layers": [{"name": "slab", "thickness": "1 mm", "material": material(1.0)}],
        "boundaries": {"top": film(1000.0 * biot, 0.0)},
        "transient": {**TIMES, "step": step},
        "probes": {"centre": at("0 mm", "0 mm", "slab", "bottom"), "surface": at("0 mm", "0 mm", "slab")},
        **changes,
    }


def half_space(**changes: Any) -> Tree:
    times = ["1 us", "10 us", "100 us", "1 ms"]
    return {
        **COLUMN,
        "layers": [{"name": "silicon", "thickness": "5 mm", "material": material(120.0, 1.66e6)}],
        "boundaries": {"bottom": {"heat_flux": "1e6 W/m^2"}},
        "transient": {"end": "1 ms", "step": "auto", "initial": "0 degC", "times": times},
        "probes": {"surface": at("0 mm", "0 mm", "silicon", "bottom")},
        **changes,
    }


def heated_pass(**changes: Any) -> Tree:
    stream = {
        "conductance": f"{520 / 0.02!r} W/m^2/K", "heat_capacity_rate": "400 W/K", "inlet_temperature": "20 degC",
    }  # fmt: skip
    return {
        "size": {"x": "100 mm", "y": "200 mm"},
        "layers": [{"name": "wall", "thickness": "1 mm", "material": material([1e-3, 1e-3, 1.0])}],
        "boundaries": {"bottom": {"heat_flux": "1e5 W/m^2"}, "top": {"coolant_film": stream}},
        "probes": {"end": at("50 mm", "200 mm", "wall"), "middle": at("50 mm", "100 mm", "wall")},
        **changes,
    }


def plate(**changes: Any) -> Tree:
    held = {"temperature": "0 degC"}
    return {
        "size": {"x": "0.2 m", "y": "0.1 m"},
        "layers": [{"name": "plate", "thickness": "10 mm", "cells": 1, "material": material([10.0, 2.5, 1.0])}],
        "boundaries": dict.fromkeys(("x_min", "x_max", "y_min", "y_max"), held),
        "sources": [{"layer": "plate", "power": "20 W"}],
        "probes": {"centre": at("0.1 m", "0.05 m", "plate"), "quarter": at("0.05 m", "0.025 m", "plate")},
        **changes,
    }


SPREAD = {"centre": [29.524729549429086], "source": [26.04661593579112], "corner": [6.194804658188041]}
SLAB = {
    1.0: {
        "centre": [99.97509550582603, 95.06417785054656, 53.38594014085679],
        "surface": [79.03767636492263, 64.33907844774378, 34.817685166166945],
    },
    10.0: {
        "centre": [99.85296134797161, 82.92547308230184, 16.381764169303062],
        "surface": [23.23262942645541, 12.248223808889926, 2.3172060216343642],
    },
}
FLUX = {"surface": [0.07994851332455809, 0.252819397649924, 0.7994851332455809, 2.52819397649924]}
RISE = 1e5 * 0.02 / 400
PASS = {"end": [20 + RISE + 1e5 / 26e3], "middle": [20 + RISE / 2 + 1e5 / 26e3]}
PLATE = {"centre": [29.46854131260552], "quarter": [18.114463243789086]}

CASES: dict[str, tuple[Tree, dict[str, list[float]]]] = {
    "spreader": (spreader(), SPREAD),
    "spreader of given cells": (spreader(cells={"x": 40, "y": 40}), SPREAD),
    "spreader of cells that miss the source": (spreader(cells={"x": 33, "y": 29}), SPREAD),
    "spreader of quadratic elements": (spreader(numerics={"degree": 2}), SPREAD),
    "slab": (slab(1.0, "10 ms"), SLAB[1.0]),
    "slab, long steps": (slab(10.0, "50 ms"), SLAB[10.0]),
    "slab, automatic steps": (slab(10.0, "auto"), SLAB[10.0]),
    "slab of three elements": (
        slab(1.0, "10 ms", layers=[{"name": "slab", "thickness": "1 mm", "cells": 3, "material": material(1.0)}]),
        SLAB[1.0],
    ),
    "slab of one element": (
        slab(1.0, "10 ms", layers=[{"name": "slab", "thickness": "1 mm", "cells": 1, "material": material(1.0)}]),
        SLAB[1.0],
    ),
    "half space from a microsecond to a millisecond": (half_space(), FLUX),
    "plate": (plate(), PLATE),
    "plate of given cells": (plate(cells={"x": 15, "y": 12}), PLATE),
}


def errors(folder: Path, tree: Tree, exact: dict[str, list[float]]) -> tuple[np.ndarray, np.ndarray]:
    """Return errors made and errors said, of all probes at all times."""
    found = outcome(solve(folder, tree))
    assert found["status"] == "converged"
    assert found["energy_residual"] < 1e-8
    said = [found["probes"][name]["error_estimate_K"] for name in exact]
    made = [
        np.abs(np.array(found["probes"][name]["temperature_K"]) - ZERO_CELSIUS - exact[name]).tolist() for name in exact
    ]
    assert found["error_estimate_K"] >= max(max(row) for row in said)
    return np.concatenate(made), np.concatenate(said)


def test_errors_said_bound_errors_made_and_are_not_padded(tmp_path: Path) -> None:
    """95 % within three estimates; an estimate is at most ten errors on the median."""
    pairs = [errors(tmp_path, *case) for case in CASES.values()]
    made, said = (np.concatenate(column) for column in zip(*pairs, strict=True))
    assert (made <= 3 * said).mean() >= 0.95
    assert np.median(said / made) <= 10
    for case, (m, s) in zip(CASES, pairs, strict=True):
        assert (m <= 6 * s).all(), case


TARGETS: dict[str, tuple[Tree, dict[str, list[float]]]] = {
    "spreader": (spreader(), SPREAD),
    "spreader of given cells": (spreader(cells={"x": 20, "y": 20}), SPREAD),
    "slab, long steps": (slab(10.0, "50 ms"), SLAB[10.0]),
    "slab, automatic steps": (slab(10.0, "auto"), SLAB[10.0]),
    "half space": (half_space(), FLUX),
    "plate": (plate(), PLATE),
    "plate of few cells": (plate(cells={"x": 4, "y": 4}), PLATE),
    "coolant film": (heated_pass(), PASS),
}


@pytest.mark.parametrize("case", TARGETS)
def test_targets_are_held(tmp_path: Path, case: str) -> None:
    tree, exact = TARGETS[case]
    made, said = errors(tmp_path, {**tree, "numerics": {"target_error": "0.05 K"}}, exact)
    assert said.max() <= 0.05
    assert made.max() <= 0.05


@pytest.mark.parametrize("case", ["spreader", "slab, long steps"])
def test_targets_in_percent_of_the_rise_are_held(tmp_path: Path, case: str) -> None:
    tree, exact = TARGETS[case]
    initial = float(tree.get("transient", {"initial": "0 degC"})["initial"].split()[0])
    made, _ = errors(tmp_path, {**tree, "numerics": {"target_error": "0.5 %"}}, exact)
    rises = np.abs(np.concatenate(list(exact.values())) - initial)
    assert (made <= np.maximum(0.005 * rises, 1e-3)).all()


def test_memory_ends_refinement_with_a_warning_and_an_honest_error(tmp_path: Path) -> None:
    tree = spreader(cells={"x": 20, "y": 20}, numerics={"target_error": "1 mK", "memory": "50 MB"})
    found = outcome(solve(tmp_path, tree))
    assert found["status"] == "converged"
    assert any("target_error" in warning for warning in found["warnings"])
    assert found["error_estimate_K"] > 1e-3
    source = found["probes"]["source"]
    assert abs(source["temperature_K"][0] - ZERO_CELSIUS - SPREAD["source"][0]) <= 3 * source["error_estimate_K"][0]


def test_automatic_steps_are_of_second_order_and_do_not_ring(tmp_path: Path) -> None:
    """Power on and off: after each switch the surface moves one way only."""
    tree = slab(1.0, "auto")
    tree["sources"] = [{"face": "top", "power": "1 mW", "schedule": [["0 s", 0.0], ["0.3 s", 1000.0], ["0.6 s", 0.0]]}]
    on, off = np.linspace(0.301, 0.6, 12), np.linspace(0.601, 0.9, 12)
    tree["transient"] = {
        "end": "1 s", "step": "auto", "initial": "0 degC", "times": [f"{t!r} s" for t in (*on.tolist(), *off.tolist())],
    }  # fmt: skip
    found = outcome(solve(tmp_path, tree))["probes"]["surface"]["temperature_K"]
    assert (np.diff(found[:12]) > 0).all()
    assert (np.diff(found[12:]) < 0).all()
