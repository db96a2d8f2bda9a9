"""Coolant along its channels: box scheme, second order, conservative cell by cell.

One temperature per line of nodes across the flow and per cell along it, at the cell's outlet.
With g the heat capacity rate, c the heat capacity per length and h the exchange coefficient (all
per width of line), dy the cell length and T the solid at the wetted walls,

    g (F_out - F_in) + c dy dF_out/dt = h dy w [ e (T_in - F_a) + (1 - e) (T_out - F_b) ],
    F_a = (1 - a) F_in + a F_out,    F_b = F_out,    a = max(0, 1 - 1 / (e NTU)),    NTU = h w dy / g,

with e the share of the cell at its entry (a half; in elements of degree 2 as their quadrature has it).
The two ends of a cell exchange with what flows past them, so that a wall which conducts nothing
along the flow is exact; a > 0 keeps every coefficient positive in cells of more than two transfer
units, so that no coolant leaves the range of its inlet and walls. A cell without flow only
exchanges heat with its walls. The stored heat is taken at the outlet, which is first order in the
cell length for changes faster than the transit through a cell and never oscillates.
Source: Keller box scheme, e.g. Morton & Mayers, Numerical Solution of PDEs, sec. 4.8.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import blas

from twin.fe.tensor import Array


@dataclass(frozen=True)
class WettedWalls:
    """Where a coolant touches the solid.

    first : lowest plane of nodes of the walls
    exchange : (planes, planes) masses of wetted area per plan area, of the planes from there on
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
        return slice(self.first, self.first + len(self.exchange))


@dataclass(frozen=True)
class Stream:
    """Coolant of one set of channels along `axis`; arrays have shape (lines across, cells along).

    capacity_rate : rho cp V per width of line in W/m/K, without sign
    exchange : coefficient on the wetted walls in W/m2/K
    storage : heat capacity per plan area in J/m2/K
    lengths : cell lengths along the flow in m, shape (cells,)
    pieces : (first cell, last cell, direction) of every piece with flow; others stand still
    inlet : temperature at the inlets in K
    sees_inlet : the walls exchange with the inlet's temperature (jets), not with the passing coolant's
    low_shares : share of each cell that belongs to the node at its low end, shape (cells,)
    """

    walls: WettedWalls
    capacity_rate: Array
    exchange: Array
    storage: Array
    lengths: Array
    pieces: Sequence[tuple[int, int, int]]
    inlet: float
    axis: Literal["x", "y"] = "y"
    sees_inlet: bool = False
    low_shares: Array | float = 0.5

    @cached_property
    def conductance(self) -> Array:
        """h dy per width of line in W/m/K."""
        return self.exchange * self.lengths

    @cached_property
    def loss(self) -> Array:
        """h dy w: heat from coolant to walls per kelvin and width of line in W/m/K."""
        return self.conductance * self.walls.weights.sum()

    @cached_property
    def shares(self) -> tuple[Array, Array]:
        """Share of the outlet's temperature at the inlet end and at the outlet end of each cell."""
        if self.sees_inlet:
            nothing = np.where(self.moving, 0.0, np.ones_like(self.loss))
            return nothing, nothing
        rate = np.where(self.moving, self.capacity_rate, 0.0)
        at_entry = np.maximum(self._entry_shares * self.loss, np.finfo(float).tiny)
        first = np.maximum(0.0, 1.0 - rate / at_entry)
        return np.where(self.moving, first, 1.0), np.ones_like(first)

    @cached_property
    def _entry_shares(self) -> Array:
        return np.where(self.direction >= 0, self.low_shares, 1.0 - np.asarray(self.low_shares))

    @cached_property
    def moving(self) -> NDArray[np.bool_]:
        """Cells with flow, shape (cells,)."""
        mask = np.zeros(self.lengths.size, bool)
        for first, last, _ in self.pieces:
            mask[first : last + 1] = True
        return mask

    @cached_property
    def direction(self) -> NDArray[np.int64]:
        """+1 or -1 where coolant flows along the axis or against it, 0 where it stands, shape (cells,)."""
        signs = np.zeros(self.lengths.size, int)
        for first, last, direction in self.pieces:
            signs[first : last + 1] = direction
        return signs

    @cached_property
    def _along_the_flow(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Cells with flow, piece by piece from inlet to outlet, and the place in this order of each inlet."""
        runs = [np.arange(first, last + 1)[::direction] for first, last, direction in self.pieces]
        starts = np.cumsum([0, *(run.size for run in runs[:-1])]) if runs else np.zeros(0)
        return np.concatenate(runs) if runs else np.zeros(0, int), starts.astype(int)

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

    def lines(self, part: slice) -> Stream:
        """Return the stream of a part of its lines."""
        return replace(
            self,
            capacity_rate=self.capacity_rate[part],
            exchange=self.exchange[part],
            storage=self.storage[part],
        )

    def fed_at(self, inlet: float) -> Stream:
        """Return the stream with another inlet temperature; what follows from the rest is kept."""
        other = copy.copy(self)
        object.__setattr__(other, "inlet", inlet)
        return other

    def along_y(self, field: Array) -> Array:
        """Return a field (nx, ny, ...) with the lines across the flow first."""
        return field if self.axis == "y" else field.swapaxes(0, 1)

    def wall(self, solid: Array) -> Array:
        """Return the solid at the wetted walls, shape (lines, nodes along, planes)."""
        return self.along_y(solid)[:, :, self.walls.planes]

    def temperatures(self, wall: Array, step: float | None = None, old: Array | None = None) -> Array:
        """Return the outlet temperature of every cell for given walls, by a scan along each piece.

        Parameters
        ----------
        wall : array, shape (lines, nodes, planes)
        step : float, optional
            Time step in s; absent: steady.
        old : array, shape (lines, cells), optional
            Temperatures before the step.
        """
        weighted = wall @ self.walls.weights
        low = np.asarray(self.low_shares)
        result = self.conductance * (low * weighted[:, :-1] + (1 - low) * weighted[:, 1:])
        stored = self.storage * self.lengths / step if step else 0.0
        if old is not None:
            result += stored * old
        diagonal, fed = self._scan(step)
        result /= diagonal
        order, starts = self._along_the_flow
        if order.size == 0:
            return result
        fed = fed[:, order]
        right = result[:, order]
        right[:, starts] += fed[:, starts] * self.inlet
        fed[:, starts] = 0.0
        # The scan of all lines and pieces, one after the other, is one bidiagonal system.
        band = np.empty((2, fed.size), order="F")
        band[1, :-1] = -fed.ravel()[1:]
        result[:, order] = blas.dtbsv(1, band, right.ravel(), lower=1, diag=1).reshape(right.shape)
        return result

    def _scan(self, step: float | None) -> tuple[Array, Array]:
        """Coefficient of a cell's own temperature, and factor of what enters it."""
        a, b = self.shares
        rate = np.where(self.moving, self.capacity_rate, 0.0)
        stored = self.storage * self.lengths / step if step else 0.0
        entry = self._entry_shares
        own = entry * a + (1 - entry) * b
        diagonal = rate + stored + self.loss * own
        return diagonal, (rate - self.loss * (1 - own)) / diagonal

    def ends(self, temperatures: Array) -> tuple[Array, Array]:
        """Return the coolant that the walls see at the low and at the high end of every cell."""
        padded = np.concatenate([temperatures, np.full((temperatures.shape[0], 1), self.inlet)], axis=1)
        entering = padded[:, self.upstream]
        a, b = self.shares
        at_entry = entering + a * (temperatures - entering)
        at_exit = entering + b * (temperatures - entering)
        forward = self.direction >= 0
        return np.where(forward, at_entry, at_exit), np.where(forward, at_exit, at_entry)

    def means(self, temperatures: Array) -> Array:
        """Return the mean temperature of every cell."""
        low, high = self.ends(temperatures)
        return np.asarray(high + self.low_shares * (low - high))

    def load(self, wall: Array, temperatures: Array) -> Array:
        """Return heat taken from the walls per width of line, shape (lines, nodes, planes)."""
        low, high = self.ends(temperatures)
        at_low = self.conductance * self.low_shares
        at_high = self.conductance - at_low
        total = np.zeros(wall.shape[:2])
        given = np.zeros(wall.shape[:2])
        total[:, :-1] += at_low
        total[:, 1:] += at_high
        given[:, :-1] += at_low * low
        given[:, 1:] += at_high * high
        return total[:, :, None] * (wall @ self.walls.exchange) - given[:, :, None] * self.walls.weights

    def heat(self, temperatures: Array, widths: Array) -> float:
        """Return the heat carried away in W; `widths` of the lines in m."""
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
