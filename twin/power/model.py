"""The power of a wafer's tiles from what its cores do, their voltage, temperature and clock."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.power.dynamic import clock_tree_power, event_power, voltage_factor
from twin.power.leakage import leakage_power, leakage_slope, loop_gain, scaled_leakage
from twin.spec.chip import Chip

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class TilePower:
    """Power of each tile in W: units (events), clock tree and leakage."""

    units: FloatArray
    clock_tree: FloatArray
    leakage: FloatArray

    @property
    def dynamic(self) -> FloatArray:
        """Switching power of units and clock tree in W."""
        return self.units + self.clock_tree

    @property
    def total(self) -> FloatArray:
        """All power of the devices in W."""
        return self.units + self.clock_tree + self.leakage


@dataclass(frozen=True)
class Work:
    """Switching power of each tile in W as it would be at nominal voltage: units (events) and clock tree."""

    units: FloatArray
    clock_tree: FloatArray


@dataclass(frozen=True)
class Draw:
    """What tiles at given work and temperature draw at a voltage; `leakage` in W is that at nominal voltage."""

    work: Work
    switching: FloatArray
    leakage: FloatArray
    nominal: float
    voltage_coefficient: float

    def total(self, voltage: FloatArray) -> FloatArray:
        """Return all power of the devices in W at a voltage of each tile in V."""
        return self.switching * voltage_factor(voltage, self.nominal) + self._leakage(voltage)

    def parts(self, voltage: FloatArray) -> TilePower:
        """Return the parts of the power at a voltage of each tile in V."""
        factor = voltage_factor(voltage, self.nominal)
        return TilePower(self.work.units * factor, self.work.clock_tree * factor, self._leakage(voltage))

    def _leakage(self, voltage: FloatArray) -> FloatArray:
        return scaled_leakage(self.leakage, voltage, self.nominal, self.voltage_coefficient)


@dataclass(frozen=True)
class PowerModel:
    """Power of a chip's tiles; `core_share` is the share of the chip's active cores in each tile."""

    chip: Chip
    core_share: FloatArray

    def power(
        self,
        mac_rate: ArrayLike,
        issue_rate: ArrayLike,
        hop_rate: ArrayLike,
        busy: ArrayLike,
        voltage: ArrayLike,
        temperature: ArrayLike,
        clock: ArrayLike,
    ) -> TilePower:
        """Return the power of each tile.

        Parameters
        ----------
        mac_rate, issue_rate, hop_rate : array_like
            Multiply-accumulates, issue cycles and word hops per second of each tile in 1/s; rates
            already contain the clock at which they were reached.
        busy : array_like
            Share of time, 0 to 1, in which the tile's cores have work.
        voltage, temperature, clock : array_like
            At the devices of each tile, in V, K and Hz.
        """
        return self.draw(self.work(mac_rate, issue_rate, hop_rate, busy, clock), temperature).parts(
            np.asarray(voltage, dtype=float)
        )

    def work(
        self, mac_rate: ArrayLike, issue_rate: ArrayLike, hop_rate: ArrayLike, busy: ArrayLike, clock: ArrayLike
    ) -> Work:
        """Return what the work of the tiles draws at nominal voltage; parameters are those of `power`."""
        core, nominal, tree = self.chip.core, self.chip.voltage.nominal, self.chip.clock_tree
        energies = (core.mac_energy, core.issue_energy, core.hop_energy)
        share = np.asarray(clock, dtype=float) / core.clock
        return Work(
            units=event_power((mac_rate, issue_rate, hop_rate), energies, nominal, nominal),
            clock_tree=clock_tree_power(tree.power * self.core_share, nominal, nominal, share, busy, tree.gated),
        )

    def draw(self, work: Work, temperature: ArrayLike) -> Draw:
        """Return what tiles at a temperature in K draw, as a function of their voltage."""
        leak, nominal = self.chip.leakage, self.chip.voltage.nominal
        at_nominal = self.leakage(nominal, temperature)
        return Draw(work, work.units + work.clock_tree, at_nominal, nominal, leak.voltage_coefficient)

    @cached_property
    def steepness(self) -> float:
        """Largest |d ln I / d ln V| of a tile: 1 of what switches, g V of leakage, at the highest voltage."""
        return max(1.0, self.chip.leakage.voltage_coefficient * self.chip.voltage.maximum)

    def leakage(self, voltage: ArrayLike, temperature: ArrayLike) -> FloatArray:
        """Return the leakage of each tile in W at voltage (V) and temperature (K), spare cores included."""
        leak = self.chip.leakage
        return leakage_power(
            self._leakage_at_reference,
            temperature,
            voltage,
            leak.reference_temperature,
            self.chip.voltage.nominal,
            leak.temperature_coefficient,
            leak.voltage_coefficient,
        )

    @cached_property
    def _leakage_at_reference(self) -> FloatArray:
        leak = self.chip.leakage
        spares = (self.chip.physical_cores - self.chip.cores) / self.chip.cores
        return leak.power * (1.0 + leak.spare_share * spares) * self.core_share

    def leakage_slope(self, leakage: ArrayLike) -> FloatArray:
        """Return the derivative of leakage with temperature in W/K."""
        return leakage_slope(leakage, self.chip.leakage.temperature_coefficient)

    def loop_gain(self, leakage: ArrayLike, thermal_resistance: ArrayLike) -> FloatArray:
        """Return the gain of the leakage loop; leakage in W, `thermal_resistance` in K/W."""
        return loop_gain(leakage, self.chip.leakage.temperature_coefficient, thermal_resistance)


def uniform_core_share(tiles_y: int, tiles_x: int) -> FloatArray:
    """Return equal shares of the cores for (tiles_y, tiles_x) tiles; they sum to 1."""
    return np.full((tiles_y, tiles_x), 1.0 / (tiles_y * tiles_x))
