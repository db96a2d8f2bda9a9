"""The state of the on-wafer grid under a load, and what is read off it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from twin.delivery.grid import WaferGrid

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class GridSolution:
    """Voltages in V, currents in A and powers in W of one wafer.

    `device_power` is what the tiles draw at these voltages, the power asked for within the tolerance.
    `error` bounds how far the voltages are from those of the exact fixed point. What is not needed in
    every pass of a coupled step is computed when it is asked for.
    """

    grid: WaferGrid
    nodal_voltage: FloatArray
    tile_voltage: FloatArray
    regulator_voltage: FloatArray
    die_current: FloatArray
    device_power: FloatArray
    error: float
    iterations: int

    @cached_property
    def sheet_loss(self) -> FloatArray:
        """Dissipated in the wafer, shape (tile_y, tile_x)."""
        return self.grid.sheet_loss(self.nodal_voltage)

    @cached_property
    def feed_loss(self) -> FloatArray:
        """Dissipated between each regulator and its die, shape (die_y, die_x)."""
        return self.grid.feed_loss(self.nodal_voltage, self.regulator_voltage, self.die_current)

    @cached_property
    def die_voltage(self) -> FloatArray:
        """Mean over each die, whose currents are those of its regulator."""
        return self.regulator_voltage - self.die_current / self.grid.die_conductance.reshape(self.die_current.shape)

    @cached_property
    def die_minimum_voltage(self) -> FloatArray:
        """Lowest voltage of each die."""
        return self.grid.lowest_by_die(self.nodal_voltage)

    @property
    def largest_drop(self) -> float:
        """Largest difference between a die's regulator and its devices in V."""
        return float((self.regulator_voltage - self.die_minimum_voltage).max())

    @property
    def imbalance(self) -> float:
        """Power of the regulators less that of devices, sheet and feed, over the former."""
        supplied = float((self.regulator_voltage * self.die_current).sum())
        used = float(self.device_power.sum() + self.sheet_loss.sum() + self.feed_loss.sum())
        return (supplied - used) / max(abs(supplied), np.finfo(float).tiny)
