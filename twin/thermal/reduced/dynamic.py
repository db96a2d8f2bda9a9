"""Changes in time: each group of modes across the flow projected on what heat by tile excites.

The tiles of a row have equal widths, so that each of their cosine modes (DCT-II) excites a group of
modes of its own. For each group, the responses of the finite-element equations to heat on every row,
settled, slow (A^-1 E A^-1 B) and at a few rates of change, (rate E + A)^-1 B, span the reduced states
(rational Krylov space; Antoulas, Approximation of Large-Scale Dynamical Systems, SIAM 2005, ch. 11), solid
and coolant apart and each with a constant, so that the balance of heat closes. The basis is orthonormal in
the heat capacities E, so that the symmetric part of A stays positive and no state can grow. The states are
then diagonalised:

    dx/dt + lambda x = left u,        x+ = (x + dt left u) / (1 + lambda dt)      (implicit Euler)

Each pair of complex states is stored as its real and its imaginary part.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eig

from twin.fe.tensor import Array
from twin.thermal.reduced.modes import WaferModes
from twin.thermal.reduced.rows import TileRows
from twin.thermal.reduced.sources import board_film, heat_by_row, row_coolant, row_flux
from twin.thermal.wafer import WaferThermalModel

RATES = (15.0, 100.0, 1000.0)
"""Rates of change in 1/s at which responses are taken besides 0: of the coolant's transit, silicon, active layer."""
_EXACT, _KEPT = 1e-10, 1e-3
_NO_SHARE = 1e-9
_BUILDERS = 2
"""Threads that build groups."""
_HEAT, _PACE = 4e5, 0.1
"""Heat in W/m2 and step in s by which states are put in order: those of a wafer at full power."""


@dataclass(frozen=True)
class Group:
    """States of one group of modes; fields in K per unit of state, (members, ny, places, states).

    real, imaginary : parts of each state's rate in 1/s; the two halves of a pair have opposite imaginary parts
    partner : the other half of a complex pair, the state itself where real
    share : largest temperature in K that a state holds under heat of `_HEAT` by row, or after 1 K at the inlet
    left : (states, rows), what 1 W/m2 on each row drives, in modes of the tiles
    mean, bottom, top, coolant, flux : (rows, states), means of the heat layer, of the stack's bottom and top and of
        the coolant in K, flux in W/m2
    constant, board : states of 1 K everywhere; what 1 W/m2 into the bottom drives
    """

    members: NDArray[np.int64]
    fields: Array
    real: Array
    imaginary: Array
    partner: NDArray[np.int64]
    share: Array
    left: Array
    mean: Array
    bottom: Array
    top: Array
    coolant: Array
    flux: Array
    constant: Array
    board: Array

    def settled(self, driven: Array) -> Array:
        """Return the steady states (states, sides) for what drives them."""
        rate = (self.real + 1j * self.imaginary)[:, None]
        paired = driven[self.partner]
        gain = 1.0 / rate
        return np.asarray(gain.real * driven - np.where(self.imaginary[:, None] != 0.0, gain.imag * paired, 0.0))

    def ordered(self) -> Group:
        """Return the group with the states first that a step of `_PACE` leaves most of, pairs side by side."""
        left = self.share / np.hypot(1.0 + _PACE * self.real, _PACE * self.imaginary)
        first = np.minimum(np.arange(left.size), self.partner)
        order = np.lexsort((np.arange(left.size), first, -np.maximum(left, left[self.partner])))
        place = np.empty_like(order)
        place[order] = np.arange(order.size)
        return replace(
            self,
            fields=self.fields[..., order],
            real=self.real[order],
            imaginary=self.imaginary[order],
            partner=place[self.partner[order]],
            share=np.maximum(self.share, self.share[self.partner])[order],
            left=self.left[order],
            mean=self.mean[:, order],
            bottom=self.bottom[:, order],
            top=self.top[:, order],
            coolant=self.coolant[:, order],
            flux=self.flux[:, order],
            constant=self.constant[order],
            board=self.board[order],
        )


def tile_cosines(count: int) -> Array:
    """Return the orthonormal cosine modes of a row of tiles (DCT-II), (tiles, modes)."""
    modes = np.cos(np.pi * np.outer(np.arange(count) + 0.5, np.arange(count)) / count)
    return np.asarray(modes / np.linalg.norm(modes, axis=0))


def reduce_groups(wafer: WaferThermalModel, modes: WaferModes, rows: TileRows) -> list[Group]:
    """Return the reduced states of every group, in the order of the tiles' modes."""
    tile_shapes = modes.shapes.T @ wafer.tile_hats[0]
    shares = tile_cosines(wafer.tiles[1]).T @ tile_shapes.T
    excited = np.abs(shares) > _NO_SHARE * np.abs(shares).max()
    if (excited.sum(axis=0) > 1).any():
        raise ValueError("tiles of equal width on equal meshes are needed")
    build = _Builder(wafer, modes, rows, shares)
    members = [np.flatnonzero(row) for row in excited]
    with ThreadPoolExecutor(_BUILDERS) as builders:  # what they spend their time in releases Python's lock
        return list(builders.map(build.group, range(len(members)), members))


@dataclass(frozen=True)
class _Builder:
    wafer: WaferThermalModel
    modes: WaferModes
    rows: TileRows
    shares: Array

    def group(self, number: int, members: NDArray[np.int64]) -> Group:
        """Return the states of the group that a mode of the tiles excites."""
        modes = self.modes
        heat = self.shares[number, members][:, None, None, None] * heat_by_row(self.wafer, modes)
        sides = heat
        even = 0 in members
        if even:
            board = np.zeros((*heat.shape[:3], 1))
            board[list(members).index(0)] = np.sqrt(modes.grid.x_weights.sum()) * board_film(modes)
            sides = np.concatenate([heat, board], axis=3)
        settled = modes.solve(sides, members)
        slow = modes.solve(modes.capacity[:, :, None] * settled, members)
        others = np.concatenate([slow, *(modes.solve(sides, members, rate) for rate in RATES)], axis=3)
        basis = np.concatenate([self._basis(settled, others, even, solid) for solid in (True, False)], axis=3)
        applied = np.stack([modes.applied(part, mode) for part, mode in zip(basis, members, strict=True)])
        matrix = np.einsum("myps,mypt->st", basis, applied, optimize=True)
        return self._diagonalised(matrix, basis, sides, members, number, even)

    def _basis(self, settled: Array, others: Array, even: bool, solid: bool) -> Array:
        """Return states of solid or coolant, orthonormal in heat capacities, (members, ny, places, states).

        Settled responses are in their span exactly, the others to a tolerance.
        """
        planes, capacity = self.modes.planes, self.modes.capacity
        chosen = np.zeros(capacity.shape, bool)
        chosen[:, slice(None, planes) if solid else slice(planes, None)] = True
        chosen &= capacity > 0.0
        members = settled.shape[0]
        root = np.sqrt(capacity[chosen])
        if root.size == 0:
            return np.zeros((*settled.shape[:3], 0))
        kept = np.zeros((members * root.size, 0))
        if even:
            constant = np.zeros((members, root.size))
            constant[0] = root / np.linalg.norm(root)
            kept = constant.reshape(-1, 1)
        for responses, tolerance in ((settled, _EXACT), (others, _KEPT)):
            scaled = (responses[:, chosen] * root[:, None]).reshape(-1, responses.shape[3])
            scaled = scaled / np.maximum(np.linalg.norm(scaled, axis=0), np.finfo(float).tiny)
            for _ in range(2):  # once leaves rounding of what it takes off
                scaled = scaled - kept @ (kept.T @ scaled)
            vectors, sizes, _ = np.linalg.svd(scaled, full_matrices=False)
            kept = np.concatenate([kept, vectors[:, sizes > tolerance]], axis=1)
        basis = np.zeros((*settled.shape[:3], kept.shape[1]))
        basis[:, chosen] = kept.reshape(members, root.size, -1) / root[:, None]
        return basis

    def _diagonalised(
        self, matrix: Array, basis: Array, sides: Array, members: NDArray[np.int64], number: int, even: bool
    ) -> Group:
        rates, vectors = eig(matrix)
        order = np.argsort(rates.real + 1e-9 * np.abs(rates.imag))
        rates, vectors = rates[order], vectors[:, order]
        inverse = np.linalg.inv(vectors)
        if rates.real.min() <= 0.0:
            raise ArithmeticError(f"a reduced state grows: rate {rates.real.min():.3g} 1/s")
        real: list[float] = []
        imaginary: list[float] = []
        partner: list[int] = []
        right: list[Array] = []
        left: list[Array] = []
        for rate, vector, dual in zip(rates, vectors.T, inverse, strict=True):
            if rate.imag < 0.0:
                continue
            place = len(real)
            halves = [(rate.imag, 2.0 * vector.real, dual.real), (-rate.imag, -2.0 * vector.imag, dual.imag)]
            if rate.imag == 0.0:
                halves = [(0.0, vector.real, dual.real)]
            for half, (part, out, into) in enumerate(halves):
                real.append(rate.real)
                imaginary.append(part)
                right.append(out)
                left.append(into)
                partner.append(place + (1 - half if rate.imag > 0.0 else 0))
        back, into = np.array(right).T, np.array(left)
        driven = into @ np.einsum("myps,mypt->st", basis, sides, optimize=True)
        fields = basis @ back
        shares = self.shares[number, members]
        constant = np.zeros(len(real))
        if even:
            width = np.sqrt(self.modes.grid.x_weights.sum())
            constant = into @ np.einsum("yps,yp->s", basis[list(members).index(0)], self.modes.capacity) * width
        count = self.rows.lengths.size
        found = Group(
            members=members,
            fields=fields,
            real=np.array(real),
            imaginary=np.array(imaginary),
            partner=np.array(partner),
            share=self._shares_of(fields, driven, constant, np.abs(np.array(real) + 1j * np.array(imaginary))),
            left=driven[:, :count],
            mean=self._mean(fields, shares, self.wafer.tile_hats[2]),
            bottom=self._mean(fields, shares, np.eye(1, self.modes.planes)[0]),
            top=self._mean(fields, shares, np.eye(1, self.modes.planes, self.modes.planes - 1)[0]),
            coolant=self._by_tile(row_coolant(self.modes, self.rows, fields), shares),
            flux=self._by_tile(row_flux(self.modes, self.rows, fields), shares),
            constant=constant,
            board=driven[:, -1] if even else np.zeros(len(real)),
        )
        return found.ordered()

    def _shares_of(self, fields: Array, driven: Array, constant: Array, rate: Array) -> Array:
        """Return `Group.share` of each state; heat differs by tile by half its mean."""
        count, tiles = self.rows.lengths.size, self.wafer.tiles[1]
        heat = np.linalg.norm(driven[:, :count], axis=1) / 2.0
        if constant.any():
            heat = np.maximum(heat, np.sqrt(tiles) * np.abs(driven[:, :count].sum(axis=1)))
        peak = np.abs(fields).max(axis=(0, 1, 2)) * np.sqrt(2.0 / self.modes.grid.x_weights.sum())
        return np.asarray(peak * np.maximum(_HEAT * heat / rate, np.abs(constant)))

    def _mean(self, fields: Array, shares: Array, through: Array) -> Array:
        """Return rows that read means by tile with the weights `through` of the planes."""
        y = self.wafer.tile_hats[1]
        layer = np.einsum("myps,p,m->ys", fields[:, :, : self.modes.planes], through, shares, optimize=True)
        return np.asarray((y.T @ layer) / (self._tile_width * self.rows.lengths[:, None]))

    def _by_tile(self, rows: Array, shares: Array) -> Array:
        return np.einsum("mrs,m->rs", rows, shares) / self._tile_width

    @property
    def _tile_width(self) -> float:
        return float(self.modes.grid.x_weights.sum() / self.wafer.tiles[1])
