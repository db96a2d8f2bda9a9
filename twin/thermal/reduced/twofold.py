"""Reduced where it holds, full where it does not: what a run with `thermal.model: reduced` computes with.

The reduced model refuses flows that it is not built for, and coolant too far from its reference. Then the
full model takes over from the same temperatures, and a run goes on with it to its end; the cautions say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from twin.fe.tensor import Array, TensorGrid
from twin.thermal.layers import Layer
from twin.thermal.reduced.certificate import Certificate
from twin.thermal.reduced.model import ReducedWaferModel
from twin.thermal.reduced.settled import OutOfRange
from twin.thermal.reduced.state import ReducedState
from twin.thermal.reduced.step import ReducedStep
from twin.thermal.regime import Caution
from twin.thermal.wafer import WaferState, WaferStep, WaferThermalModel

State = WaferState | ReducedState
FULL_INSTEAD = "the full thermal model took over from the reduced one"
"""How the caution begins that tells of it."""


class TwofoldWaferModel:
    """A wafer by the reduced model within its range and by the full model outside.

    Parameters
    ----------
    full : WaferThermalModel
        The finite-element model.
    flow_rate : float
        Usual coolant flow in m3/s.
    """

    def __init__(self, full: WaferThermalModel, flow_rate: float):
        self.full = full
        self.reduced = ReducedWaferModel(full, flow_rate)
        self._refusal = ""

    @cached_property
    def certificate(self) -> Certificate:
        """Bounds of the reduced model's error, calibrated or read when first needed."""
        return Certificate(self.reduced.design, self.reduced.usual_flow)

    def bound(self, state: State) -> float:
        """Return the bound of a state's largest error against the full model in K; 0 for the full model's own."""
        return 0.0 if isinstance(state, WaferState) else self.certificate.bound(state.at_rest, state.warmth)

    @property
    def tiles(self) -> tuple[int, int]:
        """Number of tiles along y and x."""
        return self.full.tiles

    @property
    def grid(self) -> TensorGrid:
        """Mesh of the full model."""
        return self.full.grid

    @property
    def unknowns(self) -> int:
        """Number of unknowns of the full model, solid and coolant."""
        return self.full.unknowns

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Layers of chip and cooling design."""
        return self.full.layers

    @property
    def reference_temperature(self) -> float:
        """Temperature in K at which density and specific heat of the coolant are taken."""
        return self.full.reference_temperature

    def uniform(self, temperature: float, flow_rate: float) -> State:
        """Return a wafer at one temperature."""
        try:
            return self.reduced.uniform(temperature, flow_rate)
        except OutOfRange as refusal:
            self._refusal = str(refusal)
            return self.full.uniform(temperature, flow_rate)

    def uniform_drop(self, temperature: float, flow_rate: float) -> float:
        """Return the pressure drop in Pa of a flow in m3/s of coolant at one temperature in K."""
        return self.full.uniform_drop(temperature, flow_rate)

    def steady(
        self, heat: Array, flow_rate: float, inlet: float, guess: State | None = None, enough: float = 0.0
    ) -> State:
        """Return the steady state for heat in W by tile; changes of the coolant up to `enough` K need no more work."""
        try:
            known = guess if isinstance(guess, ReducedState) else None
            return self.reduced.steady(heat, flow_rate, inlet, known, enough)
        except OutOfRange as refusal:
            self._refusal = str(refusal)
            return self.full.steady(heat, flow_rate, inlet, guess if isinstance(guess, WaferState) else None, enough)

    def step(self, state: State, flow_rate: float, inlet: float, step: float) -> TwofoldStep | WaferStep:
        """Return the equations of one implicit Euler step."""
        if isinstance(state, WaferState):
            return self.full.step(state, flow_rate, inlet, step)
        try:
            return TwofoldStep(self, state, self.reduced.step(state, flow_rate, inlet, step), (flow_rate, inlet, step))
        except OutOfRange as refusal:
            return self.instead(state, (flow_rate, inlet, step), refusal)

    def instead(self, state: ReducedState, moment: tuple[float, float, float], refusal: OutOfRange) -> WaferStep:
        """Return the full model's equations of a moment (flow, inlet, step) that the reduced model refuses."""
        self._refusal = str(refusal)
        return self.full.step(self.whole(state), *moment)

    def whole(self, state: State) -> WaferState:
        """Return a state as one of the full model."""
        if isinstance(state, WaferState):
            return state
        return self.full.with_temperatures(state.heat, state.settled.flow_rate, state.inlet)

    def surface(self, state: State) -> Array:
        """Return the heat layer's mean over its thickness on the nodes, (ny, nx)."""
        return self.full.surface(state) if isinstance(state, WaferState) else self.reduced.surface(state)

    def coolant_surface(self, state: State) -> Array:
        """Return the coolant around each node, (ny, nx)."""
        if isinstance(state, WaferState):
            return self.full.coolant_surface(state)
        return self.reduced.coolant_surface(state)

    def cautions(self, state: State, inlet: float) -> tuple[Caution, ...]:
        """Return where the coolant of a state leaves what the model holds for, and whether the full model took over."""
        if isinstance(state, ReducedState):
            return self.reduced.cautions(state, inlet)
        reason = f": {self._refusal}" if self._refusal else ""
        return (Caution("thermal model", f"{FULL_INSTEAD}{reason}"), *self.full.cautions(state, inlet))

    def drop(self, states: Sequence[State], flow_rate: float) -> float:
        """Return the largest pressure drop in Pa that a flow in m3/s has at the coolant temperatures of some wafers."""
        return max(
            self.full.drop([state], flow_rate)
            if isinstance(state, WaferState)
            else self.reduced.drop([state], flow_rate)
            for state in states
        )

    def restored(self, tree: dict[str, Any], flow_rate: float, inlet: float) -> State:
        """Return the state that its `tree` told of."""
        model = self.full if "solid" in tree else self.reduced
        return model.restored(tree, flow_rate, inlet)


class TwofoldStep:
    """The equations of a wafer at one moment, those of the full model once the reduced one refuses."""

    def __init__(
        self, model: TwofoldWaferModel, old: ReducedState, reduced: ReducedStep, moment: tuple[float, float, float]
    ):
        self._model, self._old, self._moment = model, old, moment
        self._equations: ReducedStep | WaferStep = reduced

    def solve(self, heat: Array, guess: State, reduction: float = 0.0) -> State:
        """Return the wafer for a heat map in W, shape (tile_y, tile_x)."""
        if isinstance(self._equations, ReducedStep):
            assert isinstance(guess, ReducedState)
            try:
                return self._equations.solve(heat, guess, reduction)
            except OutOfRange as refusal:
                self._equations = self._model.instead(self._old, self._moment, refusal)
        return self._equations.solve(heat, self._model.whole(guess), reduction)
