"""Wafers on a coarse mesh by both thermal models, the heat that they are given, and how far they are apart."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from twin import library
from twin.spec.chip import Array as Tiles
from twin.spec.clog import Clog
from twin.spec.coolant import ConstantCoolant
from twin.thermal.coolant import load_coolant
from twin.thermal.reduced.model import ReducedWaferModel
from twin.thermal.reduced.state import ReducedState
from twin.thermal.wafer import WaferState, WaferThermalModel

Array = NDArray[np.float64]
DESIGNS = ("manifold-silicon", "straight-cold-plate", "jet-impingement")
LITRE_PER_MINUTE = 1 / 60e3
FLOW, INLET = 40 * LITRE_PER_MINUTE, 293.15
SLOWEST, FASTEST = 15 * LITRE_PER_MINUTE, 60 * LITRE_PER_MINUTE
COLDEST, WARMEST = 283.15, 318.15
WEAKEST, STRONGEST = 3e3, 22e3
CONSTANT = ConstantCoolant.model_construct(density=998.0, specific_heat=4182.0, conductivity=0.6, viscosity=1e-3)


@cache
def wafer(
    design: str = "manifold-silicon",
    inlet: float = INLET,
    tiles: int = 4,
    mesh: str = "wafer-coarse",
    blocked: tuple[int, ...] = (),
    clogged: tuple[Clog, ...] = (),
    coolant: str = "water",
) -> WaferThermalModel:
    """Return the full model, the coolant's density and specific heat taken at its inlet."""
    return WaferThermalModel(
        library.load("chip", "wse3"), library.load("cooling", design), library.load("mesh", mesh),
        load_coolant(coolant), Tiles(x=tiles, y=tiles), inlet, blocked, clogged,
    )  # fmt: skip


@cache
def reduced(
    design: str = "manifold-silicon", flow_rate: float = FLOW, inlet: float = INLET, tiles: int = 4
) -> ReducedWaferModel:
    """Return the reduced model about a flow in m3/s."""
    return ReducedWaferModel(wafer(design, inlet, tiles), flow_rate)


def random_heat(model: WaferThermalModel, watts: float, seed: int) -> Array:
    """Return W by tile, the largest nine times the smallest."""
    heat = np.random.default_rng(seed).uniform(0.2, 1.8, model.tiles)
    return np.asarray(heat * (watts / heat.sum()))


@dataclass(frozen=True)
class Point:
    """An operating point: coolant flow in m3/s, its inlet in K, watts of the wafer, and the seed of its map."""

    flow_rate: float
    inlet: float
    watts: float
    seed: int


def held_out(count: int, seed: int) -> list[Point]:
    """Return points over the range of flows (evenly in their logarithms), inlets and powers."""
    random = np.random.default_rng(seed)
    flows = np.exp(random.uniform(np.log(SLOWEST), np.log(FASTEST), count))
    inlets, watts = random.uniform(COLDEST, WARMEST, count), random.uniform(WEAKEST, STRONGEST, count)
    return [
        Point(float(f), float(t), float(p), i) for i, (f, t, p) in enumerate(zip(flows, inlets, watts, strict=True))
    ]


def solid_error(fast: ReducedState, true: WaferState) -> float:
    """Return the largest error of the solid's temperatures in K."""
    return float(np.abs(fast.heat.solid - true.heat.solid).max())


def coolant_error(fast: ReducedState, true: WaferState) -> float:
    """Return the largest error of the coolant's temperatures in K."""
    pairs = zip(fast.heat.coolant, true.heat.coolant, strict=True)
    return max(float(np.abs(a - b).max()) for a, b in pairs)
