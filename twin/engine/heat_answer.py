"""How wafers answer to heat, as their last solution shows it: each tile's rise over the inlet goes with its heat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from twin.delivery.grid import GridSolution
from twin.engine.coupling import Array, Coupled
from twin.engine.plant import WaferPlant

_BEYOND = 600.0
"""K that no expectation exceeds: leakage models mean nothing there."""


@dataclass(frozen=True)
class Answer:
    """A heat in W, and the rise over the inlet in K of tiles and of the hottest point of dies at it.

    The heat is that of the devices; the loss of the sheet, a hundredth of it, goes with it.

    Arrays of tiles have shape (wafer, tile_y, tile_x), those of dies (wafer, die_y, die_x).
    """

    heat: Array
    rise: Array
    die_rise: Array

    @classmethod
    def of(cls, coupled: Sequence[Coupled], inlet: float, hottest: bool) -> Answer:
        """Return the answer that a solution of the heat problem shows.

        Without `hottest` that of the dies' hottest points is left out: they cost much to find, and what is
        not known to be warm is not held back.
        """
        heat = drawn_by([found.grid for found in coupled])
        rise = np.asarray([found.thermal.tile_temperature for found in coupled], dtype=np.float64) - inlet
        dies = coupled[0].grid.die_current.shape
        die_rise = np.zeros((len(coupled), *dies))
        if hottest:
            die_rise = np.asarray([found.thermal.die_peak for found in coupled], dtype=np.float64) - inlet
        return cls(heat, rise, die_rise)

    @classmethod
    def unknown(cls, plant: WaferPlant) -> Answer:
        """Return the answer of wafers that heat does not warm."""
        tiles = np.zeros((plant.wafers, *plant.tiles))
        return cls(tiles, tiles, np.zeros((plant.wafers, plant.chip.dies.y, plant.chip.dies.x)))

    def most(self, allowed: float) -> Array:
        """Return the heat of each die in W at which its hottest point is expected to rise by `allowed` K."""
        most = np.full_like(self.die_rise, inf)
        if allowed < inf:
            warm = by_die(self.heat, most.shape)
            np.divide(warm * max(allowed, 0.0), self.die_rise, out=most, where=self.die_rise > 0.0)
        return most

    def temperature(self, heat: Array, most: Array, inlet: float) -> Array:
        """Return the expected temperatures of the tiles in K at another heat in W.

        Dies are expected to be held at the heat `most`: a governor slows them down before they get warmer.
        """
        held = np.minimum(1.0, most / by_die(heat, most.shape))
        ratio = np.divide(heat, self.heat, out=np.ones_like(heat), where=self.heat > 0.0)
        return np.asarray(np.minimum(inlet + self.rise * ratio * _by_tile(held, heat.shape), _BEYOND))


def drawn_by(grids: Sequence[GridSolution]) -> Array:
    """Return the power of the devices of all wafers in W, (wafer, tile_y, tile_x)."""
    return np.stack([grid.device_power for grid in grids])


def by_die(tiles: Array, dies: tuple[int, ...]) -> Array:
    """Return sums over the tiles of each die, in the shape `dies`."""
    wafers, rows, columns = dies
    return np.asarray(tiles.reshape(wafers, rows, tiles.shape[1] // rows, columns, -1).sum(axis=(2, 4)))


def _by_tile(dies: Array, tiles: tuple[int, ...]) -> Array:
    return np.repeat(np.repeat(dies, tiles[1] // dies.shape[1], axis=1), tiles[2] // dies.shape[2], axis=2)
