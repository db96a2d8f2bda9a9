"""What the coupled loop and the policies know of a thermal model: tiles in, temperatures out."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class ThermalState(Protocol):
    """Temperatures of one wafer at one instant, in K, and the watts of the step that led there."""

    @property
    def tile_temperature(self) -> Array:
        """Mean of the heat layer over each tile, shape (tile_y, tile_x)."""

    @property
    def coolant_temperature(self) -> Array:
        """Mean of the coolant over each tile, shape (tile_y, tile_x)."""

    @property
    def die_peak(self) -> Array:
        """Hottest point of the heat layer in each die, shape (die_y, die_x)."""

    @property
    def peak(self) -> float:
        """Hottest point of the solid."""

    @property
    def coolant_heat(self) -> float:
        """Heat given to the coolant in W."""

    @property
    def board_heat(self) -> float:
        """Heat given to the board side in W."""

    @property
    def stored_heat(self) -> float:
        """Rate of heat stored in W."""

    @property
    def coolant_outlet(self) -> float:
        """Mixed mean of the coolant at the outlets in K."""

    @property
    def pressure_drop(self) -> float:
        """Pressure drop of the cooling design in Pa."""

    @property
    def iterations(self) -> int:
        """Iterations of the linear solver."""


class ThermalModel(Protocol):
    """A wafer with its cooling; heat in W per tile, shape (tile_y, tile_x)."""

    @property
    def tiles(self) -> tuple[int, int]:
        """Number of tiles along y and x."""

    def steady(self, heat: Array, flow_rate: float, inlet: float, guess: Any = None) -> Any:
        """Return the steady state for a heat map, a flow in m3/s and an inlet in K."""

    def step(self, state: Any, heat: Array, flow_rate: float, inlet: float, step: float, guess: Any = None) -> Any:
        """Return the state one implicit Euler step of `step` seconds later."""
