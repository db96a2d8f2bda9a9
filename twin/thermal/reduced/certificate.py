"""How far the reduced model is from the full one: bounds calibrated on solves of both.

The largest error over the whole field grows about as the wafer's rise over the inlet. Its ratio to that rise
is measured at a few points that the reduced model was not built at: random heat by tile and die, flows over the whole
range, inlets of 10 and 45 degC; and in time steps after heat has changed at once. The bound is the largest
ratio found, times a margin. It is an estimate: it holds as far as these points stand for others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.fe.tensor import Array
from twin.thermal.reduced.design import ReducedDesign
from twin.thermal.reduced.model import ReducedWaferModel
from twin.thermal.reduced.state import ReducedState
from twin.thermal.wafer import WaferState, WaferThermalModel

_MARGIN = 2.0
_LEAST = 1e-3
_RISE = 35.0
_INLETS = 283.15, 318.15
_FLOWS = 0.3, 0.7, 1.1
"""Flows over the pump's best."""
_STEPS = 0.1, 0.01
_LENGTH = 4
_CHANGES = 0.3, 1.3
_SEED = 20


@dataclass(frozen=True)
class Certificate:
    """Bounds of the largest error over the whole field per kelvin of rise by tile over the inlet."""

    steady: float
    transient: float

    def bound(self, state: ReducedState) -> float:
        """Return the bound of a state's error in K."""
        ratio = self.steady if state.at_rest else self.transient
        return _LEAST + ratio * state.warmth


def calibrate(design: ReducedDesign) -> Certificate:
    """Return the certificate of the reduced models of a design, found by solving with both."""
    random = np.random.default_rng(_SEED)
    steady, transient = [0.0], [0.0]
    for number, share in enumerate(_FLOWS):
        flow = share * design.cooling.loop.pump.best_flow
        for inlet in _INLETS:
            full = design.wafer(inlet)
            reduced = ReducedWaferModel(full, flow)
            heat = _heat(reduced, random, flow, inlet)
            states = full.steady(heat, flow, inlet), reduced.steady(heat, flow, inlet)
            steady.append(_ratio(*states))
        if number < 2:
            for step in _STEPS:
                transient += _after_change(full, reduced, random, flow, inlet, step)
    return Certificate(_MARGIN * max(steady), _MARGIN * max(steady + transient))


def _heat(reduced: ReducedWaferModel, random: np.random.Generator, flow: float, inlet: float) -> Array:
    """Return random heat by tile in W that warms the wafer by about 35 K."""
    shape, chip = reduced.full.tiles, reduced.full.chip
    dies = random.uniform(0.5, 1.5, (chip.dies.y, chip.dies.x))
    busy = np.kron(dies, np.ones((shape[0] // chip.dies.y, shape[1] // chip.dies.x)))
    heat = random.uniform(0.3, 1.7, shape) * busy * reduced.full.tile_area * 1e5
    peak = reduced.steady(heat, flow, inlet).peak
    cold = reduced.steady(np.zeros(shape), flow, inlet).peak
    return np.asarray(heat * _RISE / (peak - cold))


def _after_change(
    full: WaferThermalModel,
    reduced: ReducedWaferModel,
    random: np.random.Generator,
    flow: float,
    inlet: float,
    step: float,
) -> list[float]:
    """Return the ratios after a change from one random heat to another."""
    before = _heat(reduced, random, flow, inlet)
    true, fast = full.steady(before, flow, inlet), reduced.steady(before, flow, inlet)
    found = []
    for share in _CHANGES:
        after = share * _heat(reduced, random, flow, inlet)
        for _ in range(_LENGTH):
            true = full.step(true, flow, inlet, step).solve(after, true)
            fast = reduced.step(fast, flow, inlet, step).solve(after, fast)
            found.append(_ratio(true, fast))
    return found


def _ratio(true: WaferState, fast: ReducedState) -> float:
    """Return the largest error over the whole field per kelvin of rise."""
    error = float(np.abs(fast.heat.solid - true.heat.solid).max())
    return max(0.0, error - _LEAST) / fast.warmth
