"""The reduced thermal model on the default mesh against the full one, at points that it was not built at.

Errors are over the whole field of solid temperatures. Figures are printed; run with `-s` to see them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twin import library
from twin.spec.chip import Array as Tiles
from twin.thermal.coolant import load_coolant
from twin.thermal.reduced.model import ReducedWaferModel
from twin.thermal.reduced.state import ReducedState
from twin.thermal.reduced.twofold import TwofoldWaferModel
from twin.thermal.wafer import WaferState, WaferThermalModel

DESIGNS = ("manifold-silicon", "straight-cold-plate", "jet-impingement")
BENCH = Path(__file__).parents[1] / "benchmarks" / "bench_reduced.py"
INLET = 293.15
FLOWS, INLETS, WATTS = (15.0, 60.0), (283.15, 318.15), (3e3, 22e3)
"""Ranges of the held-out points: coolant in L/min and K, power in W."""
POINTS, TRANSIENTS, LENGTH = 30, 10, 8
USUAL_FLOWS = (16.0, 30.0, 57.0)
"""Flows in L/min of the transients; reduced states are built about each."""
STEADY_ERROR, TRANSIENT_ERROR, RESIDUAL = 0.1, 0.3, 1e-6
UNEVEN_ERRORS = {"steady": 0.2, "transient": 0.6}
"""Largest errors in K where dies as a whole differ threefold as well, as the page of the model tells."""
SHARE, PADDING = 0.95, 10.0
LIMITS = {
    "steady": 5e-3, "leakage": 15e-3, "field": 30e-3, "stepped_field": 30e-3, "step": 200e-6, "changing_step": 500e-6,
}  # fmt: skip
"""CPU seconds."""
MISSED = {
    "step": "0.33 to 0.5 ms: a step reads 4 MB of matrices of its states",
    "changing_step": "2.3 to 3.1 ms with heat of another shape at every step, 0.37 to 0.51 ms where 1 % of it changes",
}
"""Limits that are not reached, with what was measured and why."""
BUILD, BUILD_MEMORY = 180.0, 6e9
DEFAULT_BUILD, DEFAULT_MEMORY = 45.0, 3e9
"""Of the default design, seconds and bytes."""


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TWIN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@dataclass(frozen=True)
class Compared:
    """One pair of states: largest error over the field and its bound in K, and the balance's residual."""

    error: float
    bound: float
    residual: float
    where: str


def wafer(design: str, inlet: float = INLET) -> WaferThermalModel:
    """Return the full model on the default mesh."""
    parts = library.load("chip", "wse3"), library.load("cooling", design), library.load("mesh", "wafer")
    return WaferThermalModel(*parts, load_coolant("water"), Tiles(x=4, y=4), inlet)


def compared(model: TwofoldWaferModel, fast: ReducedState, true: WaferState, where: str) -> Compared:
    """Return how far a reduced state is from the full one."""
    error = float(np.abs(fast.heat.solid - true.heat.solid).max())
    return Compared(error, model.bound(fast), fast.balance.residual, where)


def heat_of(random: np.random.Generator, shape: tuple[int, int], watts: float, uneven: bool) -> np.ndarray:
    """Return W by tile: the largest nine times the smallest; if uneven, dies busy from a half to three halves."""
    dies = np.kron(random.uniform(0.5, 1.5, (shape[0] // 4, shape[1] // 4)), np.ones((4, 4)))
    heat = random.uniform(0.2, 1.8, shape) * (dies if uneven else 1.0)
    return np.asarray(heat * (watts / heat.sum()))


@cache
def certified(design: str, litres: float = 40.0) -> TwofoldWaferModel:
    """Return the model whose bounds are judged, with its usual flow in L/min."""
    return TwofoldWaferModel(wafer(design), litres / 60e3)


@cache
def steady(design: str, uneven: bool) -> list[Compared]:
    """Return the comparison at random flows, inlets and powers, and at the slowest flow with most power."""
    random, found = np.random.default_rng(41), []
    points = [
        (np.exp(random.uniform(*np.log(FLOWS))), random.uniform(*INLETS), random.uniform(*WATTS)) for _ in range(POINTS)
    ]
    points += [(FLOWS[0], inlet, WATTS[1]) for inlet in INLETS] + [(FLOWS[1], inlet, WATTS[0]) for inlet in INLETS]
    for litres, inlet, watts in points:
        full, flow = wafer(design, inlet), litres / 60e3
        heat = heat_of(random, full.tiles, watts, uneven)
        fast = ReducedWaferModel(full, flow).steady(heat, flow, inlet)
        true = full.steady(heat, flow, inlet)
        where = f"{litres:.1f} L/min, {inlet - 273.15:.1f} degC, {watts / 1e3:.1f} kW"
        found.append(compared(certified(design), fast, true, where))
    return found


@cache
def transients(design: str, uneven: bool) -> list[Compared]:
    """Return the comparison after every step of runs whose power changes at the start and half way."""
    random, found = np.random.default_rng(42), []
    for number in range(TRANSIENTS):
        litres, step = USUAL_FLOWS[number % len(USUAL_FLOWS)], (5e-3, 0.02, 0.1, 1.0)[number % 4]
        inlet, flow = random.uniform(*INLETS), litres / 60e3
        full = wafer(design, inlet)
        model = ReducedWaferModel(full, flow)
        heat = heat_of(random, full.tiles, random.uniform(*WATTS), uneven)
        true, fast = full.steady(heat, flow, inlet), model.steady(heat, flow, inlet)
        for place in range(LENGTH):
            if place % (LENGTH // 2) == 0:
                heat = heat_of(random, full.tiles, random.uniform(*WATTS), uneven)
            true = full.step(true, flow, inlet, step).solve(heat, true)
            fast = model.step(fast, flow, inlet, step).solve(heat, fast)
            where = f"{litres:.0f} L/min, {inlet - 273.15:.1f} degC, step {place} of {step} s"
            found.append(compared(certified(design, litres), fast, true, where))
    return found


@cache
def costs(design: str) -> dict[str, float]:
    """Return CPU seconds and bytes, measured in a process of its own with an empty cache."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, str(BENCH), "--json", design]
    found: dict[str, float] = json.loads(subprocess.check_output(command, env=environment))
    print(f"\n{design}: " + ", ".join(f"{key} {value:.4g}" for key, value in found.items()))
    return found


def told(design: str, kind: str, found: list[Compared]) -> list[Compared]:
    """Print the figures of a comparison and return it."""
    worst, ratios = max(found, key=lambda one: one.error), [one.bound / one.error for one in found]
    held = np.mean([one.error <= one.bound for one in found])
    print(
        f"\n{design}, {kind}, {len(found)} fields: error at most {worst.error:.3f} K ({worst.where}), "
        f"median {np.median([one.error for one in found]):.4f} K; bounds hold for {100 * held:.0f} %, "
        f"median of bound over error {np.median(ratios):.1f}"
    )
    return found


def of_kind(design: str, kind: str, uneven: bool = False) -> list[Compared]:
    """Return the comparison at rest or after steps of power."""
    return steady(design, uneven) if kind == "steady" else transients(design, uneven)


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize(("kind", "most"), [("steady", STEADY_ERROR), ("transient", TRANSIENT_ERROR)])
def test_errors(design: str, kind: str, most: float) -> None:
    found = told(design, kind, of_kind(design, kind))
    assert len(found) >= (POINTS if kind == "steady" else TRANSIENTS * LENGTH)
    assert max(one.error for one in found) <= most


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("kind", UNEVEN_ERRORS)
def test_errors_where_dies_differ(design: str, kind: str) -> None:
    found = told(design, f"{kind}, dies differ", of_kind(design, kind, True))
    assert max(one.error for one in found) <= UNEVEN_ERRORS[kind]


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("kind", UNEVEN_ERRORS)
def test_balances_close(design: str, kind: str) -> None:
    assert max(one.residual for one in of_kind(design, kind) + of_kind(design, kind, True)) <= RESIDUAL


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("kind", UNEVEN_ERRORS)
@pytest.mark.parametrize("uneven", [False, True], ids=["alike", "differ"])
def test_bounds_hold_and_are_no_padding(design: str, kind: str, uneven: bool) -> None:
    found = of_kind(design, kind, uneven)
    assert np.mean([one.error <= one.bound for one in found]) >= SHARE
    assert np.median([one.bound / one.error for one in found]) <= PADDING


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(name, marks=pytest.mark.xfail(strict=True, reason=MISSED[name]) if name in MISSED else ())
        for name in LIMITS
    ],
)
def test_answers_are_fast(design: str, answer: str) -> None:
    assert costs(design)[answer] <= LIMITS[answer]


@pytest.mark.parametrize("design", DESIGNS)
def test_building_is_cheap(design: str) -> None:
    found: dict[str, Any] = costs(design)
    seconds = found["settled_map"] + found["dynamics"] + found["certificate"]
    default = design == DESIGNS[0]
    assert seconds <= (DEFAULT_BUILD if default else BUILD)
    assert found["memory"] <= (DEFAULT_MEMORY if default else BUILD_MEMORY)
