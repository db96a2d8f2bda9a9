"""How far the reduced model is from the full one: bounds calibrated on solves of both.

The largest error over the whole field grows about as the wafer's rise over the inlet. Its ratio to that rise
is measured at a few points that the reduced model was not built at, random heat by tile and die: steady states at
slow and fast flows and inlets of 10 and 45 degC; time steps at the usual flow after heat has changed at once. The
bound is the largest ratio found, times a margin. It is an estimate: it holds as far as these points stand for others.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np

from twin.fe.tensor import Array
from twin.thermal.reduced.design import ReducedDesign
from twin.thermal.reduced.kept import can_keep, is_kept, kept
from twin.thermal.reduced.model import ReducedWaferModel
from twin.thermal.reduced.state import ReducedState
from twin.thermal.wafer import WaferState, WaferThermalModel

_MARGIN = 1.7
_LEAST = 1e-3
_RISE = 35.0
_INLETS = 283.15, 318.15
_FLOWS = 0.3, 0.9
"""Flows over the pump's best."""
_STEPS = 0.1, 0.01
_LENGTH = 4
_CHANGES = 0.3, 1.3
_SEED = 20
_STEADY, _TRANSIENT = "steady-bound", "transient-bound"


@dataclass(frozen=True)
class Certificate:
    """Bounds of the largest error over the whole field per kelvin of rise by tile over the inlet; kept on disk.

    design : chip and cooling
    flow_rate : usual flow in m3/s
    """

    design: ReducedDesign
    flow_rate: float

    @cached_property
    def steady(self) -> float:
        """Bound of steady states, at any flow."""
        return kept(_STEADY, self.design.wafer(), self._best_flow, lambda: _MARGIN * max(self._steady_ratios()))

    @cached_property
    def transient(self) -> float:
        """Bound of time steps at the usual flow."""
        flow = self._flow
        found = kept(_TRANSIENT, self.design.wafer(), flow, lambda: _MARGIN * max(self._transient_ratios(flow)))
        return max(found, self.steady)

    @property
    def is_left(self) -> bool:
        """Whether bounds are missing on disk that another process could calibrate with the states that are there."""
        wafer = self.design.wafer()
        is_there = is_kept(_STEADY, wafer, self._best_flow) and is_kept(_TRANSIENT, wafer, self._flow)
        return not is_there and can_keep() and self.design.keeps_dynamics(self.flow_rate)

    @property
    def _best_flow(self) -> float:
        return self.design.cooling.loop.pump.best_flow

    @property
    def _flow(self) -> float:
        return self.design.reference_flow(self.flow_rate)

    def bound(self, at_rest: bool, warmth: float) -> float:
        """Return the bound in K of the error of a state; see ReducedState for what is told of it."""
        return _LEAST + (self.steady if at_rest else self.transient) * warmth

    def _steady_ratios(self) -> list[float]:
        random, found = np.random.default_rng(_SEED), []
        for share, inlet in product(_FLOWS, _INLETS):
            flow, full = share * self._best_flow, self.design.wafer(inlet)
            reduced = ReducedWaferModel(full, flow)
            heat = _heat(reduced, random, flow, inlet)
            found.append(_ratio(full.steady(heat, flow, inlet), reduced.steady(heat, flow, inlet)))
        return found

    def _transient_ratios(self, flow: float) -> list[float]:
        random, found = np.random.default_rng(_SEED), []
        for step, inlet in zip(_STEPS, _INLETS, strict=True):
            full = self.design.wafer(inlet)
            found += _after_change(full, ReducedWaferModel(full, flow), random, flow, inlet, step)
        return found


def certify(design: ReducedDesign, flow_rate: float) -> None:
    """Calibrate the bounds that are not on disk yet, and keep them there."""
    certificate = Certificate(design, flow_rate)
    certificate.bound(False, 0.0)


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
