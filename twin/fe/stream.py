"""Coolant along its channels: box scheme, second order, conservative cell by cell.

One temperature per column of nodes across the flow and per cell along it, at the cell's outlet.
With g the heat capacity rate, h the exchange coefficient (both per width of column), dy the cell
length and T the solid at the wetted walls,

    g (F_out - F_in) + c dF_out/dt = h dy [ w (T_j + T_j+1)/2 - W (F_out + F_in)/2 ].

A cell without flow only exchanges heat with its walls. The stored heat is taken at the outlet,
which is first order in the cell length for changes faster than the transit through a cell and
keeps the scheme free of oscillations at any time step.
Source: Keller box scheme, e.g. Morton & Mayers, Numerical Solution of PDEs, sec. 4.8.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twin.fe.tensor import Array


@dataclass(frozen=True)
class WettedWalls:
    """Where a coolant touches the solid, per plan area and unit coefficient.

    planes : first and last plane of nodes of the walls
    exchange : (planes, planes) matrix of the walls' own term in 1 (area per plan area)
    """

    first: int
    exchange: Array

    @cached_property
    def weights(self) -> Array:
        """Wetted area per plan area of each plane, shape (planes,)."""
        return self.exchange.sum(axis=1)

    @property
    def planes(self) -> slice:
        """Planes of nodes that touch the coolant."""
        return slice(self.first, self.first + self.exchange.shape[0])


@dataclass(frozen=True)
class Stream:
    """Coolant of one set of channels along y; arrays have shape (columns, cells).

    capacity_rate : rho cp V per width of column in W/m/K, without sign
    exchange : coefficient on the wetted walls in W/m2/K
    storage : heat capacity per plan area in J/m2/K
    lengths : cell lengths along y in m, shape (cells,)
    pieces : (first cell, last cell, direction) of every piece with flow; others stand still
    inlet : temperature at the inlets in K
    """

    walls: WettedWalls
    capacity_rate: Array
    exchange: Array
    storage: Array
    lengths: Array
    pieces: Sequence[tuple[int, int, int]]
    inlet: float

    @cached_property
    def conductance(self) -> Array:
        """h dy per width of column in W/m/K."""
        return self.exchange * self.lengths

    @cached_property
    def moving(self) -> NDArray[np.bool_]:
        """Cells with flow, shape (cells,)."""
        mask = np.zeros(self.lengths.size, bool)
        for first, last, _ in self.pieces:
            mask[first : last + 1] = True
        return mask

    @cached_property
    def ranks(self) -> NDArray[np.int64]:
        """Cell at each place along each piece, shape (longest piece, pieces); -1 past a piece's end."""
        longest = max((last - first + 1 for first, last, _ in self.pieces), default=0)
        ranks = np.full((longest, len(self.pieces)), -1)
        for p, (first, last, direction) in enumerate(self.pieces):
            ranks[: last - first + 1, p] = np.arange(first, last + 1)[::direction]
        return ranks

    @cached_property
    def upstream(self) -> NDArray[np.int64]:
        """Cell upstream of each cell; -1 at an inlet, the cell itself where nothing moves."""
        above = np.arange(self.lengths.size)
        for first, last, direction in self.pieces:
            entry = first if direction > 0 else last
            above[first : last + 1] -= direction
            above[entry] = -1
        return above

    @cached_property
    def outlets(self) -> NDArray[np.int64]:
        """Last cell of every piece."""
        return np.array([last if direction > 0 else first for first, last, direction in self.pieces], int)

    def wall_heat(self, wall: Array) -> Array:
        """Return h dy w (T_j + T_j+1)/2 per width of column; `wall` has shape (columns, nodes, planes)."""
        weighted = wall @ self.walls.weights
        return self.conductance * (weighted[:, :-1] + weighted[:, 1:]) / 2

    def temperatures(self, wall: Array, step: float | None = None, old: Array | None = None) -> Array:
        """Return the outlet temperature of every cell for given walls, by a scan along each piece.

        Parameters
        ----------
        wall : array, shape (columns, nodes, planes)
        step : float, optional
            Time step in s; absent: steady.
        old : array, shape (columns, cells), optional
            Temperatures before the step.
        """
        given = self.wall_heat(wall)
        stored = self.storage * self.lengths / step if step else np.zeros_like(given)
        if old is not None:
            given = given + stored * old
        loss = self.conductance * self.walls.weights.sum()
        result = given / np.where(self.moving, 1.0, loss + stored)
        entering = np.full((given.shape[0], len(self.pieces)), self.inlet)
        for cells in self.ranks:
            here = cells >= 0
            c = cells[here]
            rate, half = self.capacity_rate[:, c], loss[:, c] / 2
            out = (given[:, c] + (rate - half) * entering[:, here]) / (rate + half + stored[:, c])
            result[:, c] = out
            entering[:, here] = out
        return result

    def means(self, temperatures: Array) -> Array:
        """Return the mean temperature of every cell."""
        inlet = np.full((temperatures.shape[0], 1), self.inlet)
        padded = np.concatenate([temperatures, inlet], axis=1)
        return (temperatures + padded[:, self.upstream]) / 2

    def load(self, wall: Array, means: Array) -> Array:
        """Return heat taken from the walls per width of column, shape (columns, nodes, planes)."""
        inner = wall @ self.walls.exchange
        third, sixth = (self.conductance / d for d in (3.0, 6.0))
        half = (self.conductance / 2 * means)[:, :, None] * self.walls.weights
        result = np.zeros_like(wall)
        result[:, :-1] += third[:, :, None] * inner[:, :-1] + sixth[:, :, None] * inner[:, 1:] - half
        result[:, 1:] += third[:, :, None] * inner[:, 1:] + sixth[:, :, None] * inner[:, :-1] - half
        return result

    def heat(self, temperatures: Array, widths: Array) -> float:
        """Return the heat carried away in W; `widths` of the columns in m."""
        rise = self.capacity_rate[:, self.outlets] * (temperatures[:, self.outlets] - self.inlet)
        return float(widths @ rise.sum(axis=1))

    def outlet_mean(self, temperatures: Array, widths: Array) -> float:
        """Return the mixed mean temperature at the outlets in K."""
        rate = widths[:, None] * self.capacity_rate[:, self.outlets]
        if rate.sum() == 0:
            return self.inlet
        return float((rate * temperatures[:, self.outlets]).sum() / rate.sum())

    def stored(self, temperatures: Array, widths: Array) -> float:
        """Return the heat content over 0 K in J."""
        return float(widths @ (self.storage * self.lengths * temperatures).sum(axis=1))
