"""The balance of heat of reduced states, from the mode that is even across the flow, in double precision."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from twin.thermal.reduced.arrays import Real
from twin.thermal.reduced.even import EvenGroup
from twin.thermal.reduced.settled import Settled, SettledMap


@dataclass(frozen=True)
class Heats:
    """Heat stored over the inlet's temperature in J, heat to the board and to the coolant in W."""

    content: float
    board: float
    coolant: float


def settled_heats(
    found: SettledMap, settled: Settled, density: Real, film: float, ambient: float, area: float
) -> Heats:
    """Return the heats of a settled state for heat in W/m2, (tile_x, tile_y)."""
    widths = found.modes.grid.x_weights / found.modes.grid.x_weights.sum()
    sources = widths @ settled.sources
    driven = np.concatenate([density.mean(axis=0), sources, [film * (ambient - settled.inlet)]])
    rows = found.rows.lengths
    walls = found.modes.grid.x_weights.sum() * float(rows @ sources[: rows.size])
    even = found.even
    return Heats(
        content=float(even.content @ driven),
        board=film * (float(even.board @ driven) + area * (settled.inlet - ambient)),
        coolant=float(even.flux @ driven) - walls,
    )


@dataclass(frozen=True)
class LinearHeats:
    """Heats of the states of the even group, which are linear about the usual flow; `tiles` across the flow."""

    even: EvenGroup
    tiles: int
    film: float
    ambient: float
    area: float

    def of(self, states: Real, inlet: float) -> Heats:
        """Return the heats for the states of the even group, (states,)."""
        content, board, outlet = self.even.readings @ states
        return Heats(float(content), self._board(float(board), inlet), float(outlet))

    def settled(self, density: Real, inlet: float) -> Heats:
        """Return the heats of the settled states for heat in W/m2, (tile_x, tile_y)."""
        content, board, outlet = self._settled @ self.driven(density, inlet)
        return Heats(float(content), self._board(float(board), inlet), float(outlet))

    @cached_property
    def residence(self) -> float:
        """Mean time in s that even heat stays in wafer and coolant: heat stored over heat released."""
        count = self._settled.shape[1] - 1
        even = np.append(np.full(count, np.sqrt(self.tiles)), 0.0)
        return float(self._settled[0] @ even) / self.area

    def driven(self, density: Real, inlet: float) -> Real:
        """Return what drives the even group, by row and on the bottom, (rows + 1,)."""
        across, rows = density.shape
        driven = np.empty(rows + 1)
        driven[:-1] = np.full(across, across**-0.5) @ density
        driven[-1] = self.film * (self.ambient - inlet)
        return driven

    def _board(self, integral: float, inlet: float) -> float:
        return self.film * (integral + self.area * (inlet - self.ambient))

    @cached_property
    def _settled(self) -> Real:
        return np.asarray(self.even.readings @ self.even.settled)
