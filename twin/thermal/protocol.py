"""What the engine asks of a thermal model of a wafer, full or reduced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from twin.fe.heat import HeatBalance
from twin.fe.tensor import Array, TensorGrid
from twin.thermal.bed import BedFlow
from twin.thermal.layers import Layer
from twin.thermal.regime import Caution


class ThermalState(Protocol):
    """One instant of a wafer; temperatures in K, heats in W, arrays by tile (tile_y, tile_x), by die (die_y, die_x)."""

    @property
    def balance(self) -> HeatBalance:
        """Heat in, out and stored."""

    @property
    def flow(self) -> BedFlow:
        """The coolant's flow."""

    @property
    def tile_temperature(self) -> Any:
        """Mean of the heat layer by tile."""

    @property
    def coolant_temperature(self) -> Any:
        """Mean coolant by tile."""

    @property
    def die_peak(self) -> Any:
        """Hottest point of the heat layer of each die."""

    @property
    def peak(self) -> float:
        """Hottest point of the solid."""

    @property
    def coolant_outlet(self) -> float:
        """Mixed mean of the coolant at the outlets."""

    @property
    def coolant_heat(self) -> float:
        """Heat given to the coolant."""

    @property
    def board_heat(self) -> float:
        """Heat given to the board side."""

    @property
    def stored_heat(self) -> float:
        """Rate of heat stored."""

    @property
    def pressure_drop(self) -> float:
        """Pressure drop of the cooling design in Pa."""

    @property
    def iterations(self) -> int:
        """Iterations that led here."""

    def tree(self) -> dict[str, Any]:
        """Return all that the next step needs, as arrays by name."""


class ThermalStep(Protocol):
    """The equations of one time step."""

    def solve(self, heat: Array, guess: Any, reduction: float = 0.0) -> ThermalState:
        """Return the wafer for a heat map in W, shape (tile_y, tile_x)."""


class ThermalModel(Protocol):
    """A wafer under its cooling design; a model takes the states that it gave."""

    @property
    def tiles(self) -> tuple[int, int]:
        """Number of tiles along y and x."""

    @property
    def grid(self) -> TensorGrid:
        """Mesh."""

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Layers of chip and cooling design."""

    @property
    def unknowns(self) -> int:
        """Number of unknowns, solid and coolant."""

    @property
    def reference_temperature(self) -> float:
        """Temperature in K at which density and specific heat of the coolant are taken."""

    def uniform(self, temperature: float, flow_rate: float) -> ThermalState:
        """Return a wafer at one temperature in K with a flow in m3/s."""

    def uniform_drop(self, temperature: float, flow_rate: float) -> float:
        """Return the pressure drop in Pa of a flow in m3/s of coolant at one temperature in K."""

    def steady(
        self, heat: Array, flow_rate: float, inlet: float, guess: Any = None, enough: float = 0.0
    ) -> ThermalState:
        """Return the steady state for heat in W by tile; changes of the coolant up to `enough` K need no more work."""

    def step(self, state: Any, flow_rate: float, inlet: float, step: float) -> ThermalStep:
        """Return the equations of one implicit Euler step of `step` s."""

    def surface(self, state: Any) -> Array:
        """Return the heat layer's mean over its thickness on the nodes, (ny, nx)."""

    def coolant_surface(self, state: Any) -> Array:
        """Return the coolant around each node, (ny, nx)."""

    def cautions(self, state: Any, inlet: float) -> tuple[Caution, ...]:
        """Return where a state leaves what the model holds for."""

    def drop(self, states: Sequence[Any], flow_rate: float) -> float:
        """Return the largest pressure drop in Pa that a flow in m3/s has in some wafers."""

    def restored(self, tree: dict[str, Any], flow_rate: float, inlet: float) -> ThermalState:
        """Return the state that its `tree` told of."""
