"""The reduced states of all groups side by side, ready for time steps; single precision."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twin.thermal.reduced.arrays import Real
from twin.thermal.reduced.dynamic import Group, reduce_groups, tile_cosines
from twin.thermal.reduced.even import EvenGroup, gain
from twin.thermal.reduced.modes import WaferModes
from twin.thermal.reduced.pace import Pace
from twin.thermal.reduced.rows import TileRows
from twin.thermal.wafer import WaferThermalModel

_RESOLVED = 4e-3
"""Temperature in K that a time step leaves of a state, below which the state rests."""
_READERS = 2
"""Threads that read the whole field off the states."""
_ALIGNED = 16
"""States of a group are kept by as many: numbers of single precision that processors take at a time."""


@dataclass(frozen=True)
class Dynamics:
    """States of all groups, (groups, states) padded to the largest group, those that matter most first.

    real, imaginary, partner : rate in 1/s of each state and place of its other half
    share : largest temperature in K that a state holds under heat of a wafer at full power, or after 1 K at the inlet
    left : (groups, states, rows);  board : what 1 W/m2 into the bottom drives, (states,) of the even group
    readings : (groups, 2 rows, states), heat layer's mean in K and settled heat
        in W/m2, in tiles' modes
    bottom, top, coolant : (groups, rows, states), means of the stack's bottom and top and of the coolant in K
    delays : time in s by which each plane is later than the heat layer under even heat, (planes,); 0 up to that layer
    settled_mean : heat layer's mean that settled heat gives, (groups, rows, rows)
    settled_board : readings of the settled states that 1 W/m2 into the bottom gives, (2 rows,)
    fields : (groups, members, ny places, states) in K;  members : (groups, members), -1 where there are fewer
    places : of a row of nodes, planes and coolant
    """

    real: Real
    imaginary: Real
    partner: NDArray[np.int64]
    share: Real
    left: Real
    board: Real
    readings: Real
    bottom: Real
    top: Real
    coolant: Real
    delays: Real
    settled_mean: Real
    settled_board: Real
    fields: Real
    members: NDArray[np.int64]
    places: int
    even: EvenGroup

    @classmethod
    def build(cls, wafer: WaferThermalModel, flow_rate: float, temperature: float) -> Dynamics:
        """Return the reduced states at a flow in m3/s and a coolant temperature in K."""
        modes, rows = WaferModes.of(wafer, flow_rate, temperature), TileRows.of(wafer)
        groups = reduce_groups(wafer, modes, rows)
        readings = [_mean_and_heat(group) for group in groups]
        settled_board = readings[0] @ groups[0].settled(groups[0].board[:, None])
        states = max(group.real.size for group in groups)
        partner = np.tile(np.arange(states), (len(groups), 1))
        for number, group in enumerate(groups):
            partner[number, : group.partner.size] = group.partner
        return cls(
            _padded([group.real for group in groups], 0, 1.0),
            _padded([group.imaginary for group in groups], 0),
            partner,
            _padded([group.share for group in groups], 0),
            _padded([group.left for group in groups], 0).astype(np.float32),
            np.pad(groups[0].board, (0, states - groups[0].board.size)),
            _padded(readings, 1).astype(np.float32),
            _padded([group.bottom for group in groups], 1).astype(np.float32),
            _padded([group.top for group in groups], 1).astype(np.float32),
            _padded([group.coolant for group in groups], 1).astype(np.float32),
            _delays(groups[0], wafer.tile_hats[2]),
            np.stack([group.mean @ group.settled(group.left) for group in groups]).astype(np.float32),
            settled_board[:, 0].astype(np.float32),
            _padded_fields(groups, states),
            _padded([group.members.astype(float) for group in groups], 0, -1.0).astype(np.int64),
            modes.rows.size,
            EvenGroup.of(modes, groups[0]),
        )  # fmt: skip

    @property
    def rows(self) -> int:
        """Rows of tiles along the flow."""
        return int(self.left.shape[2])

    @property
    def none(self) -> Real:
        """No states: all rest under heat."""
        return np.zeros((len(self.real), 0), np.float32)

    @cached_property
    def cosines(self) -> Real:
        """Tiles' modes across the flow, (tile_x, groups)."""
        return tile_cosines(len(self.real)).astype(np.float32)

    @cached_property
    def _paces(self) -> dict[float, Pace]:
        return {}

    def pace(self, step: float) -> Pace:
        """Return what steps of `step` seconds need."""
        if step not in self._paces:
            self._paces[step] = Pace.of(self, step)
        return self._paces[step]

    def resolved(self, step: float) -> int:
        """Return how many states of each group a step of `step` seconds leaves more of than `_RESOLVED`."""
        left = self.share / np.hypot(1.0 + step * self.real, step * self.imaginary)
        count = int(np.flatnonzero((left > _RESOLVED).any(axis=0)).max(initial=0)) + 1
        return min(-(-count // _ALIGNED) * _ALIGNED, self.real.shape[1])

    def by_mode(self, density: Real) -> Real:
        """Return heat in W/m2 by tile, (tile_x, tile_y), in tiles' modes, (groups, rows)."""
        return np.asarray(self.cosines.T @ density.astype(np.float32))

    def by_tile(self, modes: Real) -> Real:
        """Return what is given in tiles' modes by tile."""
        return np.asarray(self.cosines @ modes)

    def bottom_means(self, states: Real, modes: Real, board: float) -> Real:
        """Return the bottom's mean by tile in K of some states, those that are not among them resting under heat.

        modes : the heat in tiles' modes, (groups, rows);  board : that into the bottom in W/m2
        """
        return self.by_tile(self._read("bottom", states, modes, board))

    def top_means(self, density: Real) -> Real:
        """Return the top's mean by tile in K that heat in W/m2 by tile gives, settled."""
        return self.by_tile(self._read("top", self.none, self.by_mode(density), 0.0))

    def coolant_means(self, states: Real, modes: Real, board: float) -> Real:
        """Return the coolant's mean by tile in K; parameters are those of `bottom_means`."""
        return self.by_tile(self._read("coolant", states, modes, board))

    def _read(self, name: str, states: Real, modes: Real, board: float) -> Real:
        """Return a reading in tiles' modes, (groups, rows), of some states, the others resting under heat."""
        own, of_heat, of_board = self._parts(name, states.shape[1])
        means = np.matmul(own, states[:, :, None])[:, :, 0] + np.matmul(of_heat, modes[:, :, None])[:, :, 0]
        means[0] += np.float32(board) * of_board
        return np.asarray(means)

    def _parts(self, name: str, count: int) -> tuple[Real, Real, Real]:
        """Return a reading of `count` states, and of heat and of 1 W/m2 into the bottom for all others at rest."""
        if (name, count) not in self._readings:
            reading: Real = getattr(self, name)
            others, settled = reading[:, :, count:], self._settled
            self._readings[name, count] = (
                np.ascontiguousarray(reading[:, :, :count]),
                np.matmul(others, settled[:, count:]),
                others[0] @ self._settled_by_board[count:],
            )
        return self._readings[name, count]

    @cached_property
    def _readings(self) -> dict[tuple[str, int], tuple[Real, Real, Real]]:
        return {}

    def heat_of(self, means: Real, board: float) -> Real:
        """Return the heat in W/m2 by tile that, settled, gives the heat layer such means by tile in K."""
        driven = self.by_mode(means)
        driven[0] -= np.float32(board) * self.settled_board[: self.rows]
        return self.by_tile(np.matmul(self._heat_of_mean, driven[:, :, None])[:, :, 0])

    @cached_property
    def _heat_of_mean(self) -> Real:
        return np.linalg.inv(self.settled_mean.astype(float)).astype(np.float32)

    @cached_property
    def resistance(self) -> float:
        """Mean rise of a tile in K for 1 W/m2 in it alone."""
        return float(np.trace(self.settled_mean, axis1=1, axis2=2).mean() / self.rows)

    def settled_means(self, density: Real, board: float) -> Real:
        """Return the heat layer's mean by tile in K that heat in W/m2 by tile and on the bottom gives, settled."""
        driven = self.by_mode(density)
        means = np.matmul(self.settled_mean, driven[:, :, None])[:, :, 0]
        settled, count = self.settled_board, self.rows
        means[0] += np.float32(board) * settled[:count]
        return self.by_tile(means)

    def layer(self, name: str, through: Real, modes: int, states: Real) -> Real:
        """Return the mean of a layer with the weights `through` of the planes in K, (modes, ny), for some states."""
        if name not in self._layers:
            planes = self.fields.reshape(*self.members.shape, -1, self.places, self.fields.shape[-1])
            weights = np.pad(through, (0, self.places - through.size)).astype(np.float32)
            self._layers[name] = np.einsum("gmyps,p->gmys", planes, weights, optimize=True)
        fields = self._layers[name]
        groups, members, nodes, count = fields.shape
        found = np.matmul(fields.reshape(groups, -1, count), states.astype(np.float32)[:, :, None])
        result = np.zeros((modes, nodes), np.float32)
        used = self.members >= 0
        result[self.members[used]] = found.reshape(groups, members, nodes)[used]
        return result

    @property
    def stacked(self) -> Real:
        """The fields with members, nodes along y and places in one row, (groups, members ny places, states)."""
        return self.fields.reshape(len(self.fields), -1, self.fields.shape[-1])

    def whole(self, states: Real, modes: Real) -> Real:
        """Return the fields in K of some states, (groups, members ny places), the others resting under heat.

        modes : the heat in tiles' modes, (groups, rows)
        """
        own, of_heat, _ = self._parts("stacked", states.shape[1])
        fields = np.empty(own.shape[:2], np.float32)

        def read(groups: slice) -> None:
            fields[groups] = np.matmul(own[groups], states[groups, :, None])[:, :, 0]
            fields[groups] += np.matmul(of_heat[groups], modes[groups, :, None])[:, :, 0]

        half = len(fields) // 2
        with ThreadPoolExecutor(_READERS) as readers:  # memory is what it takes: one processor cannot use all of it
            list(readers.map(read, (slice(half), slice(half, None))))
        return fields

    @cached_property
    def _layers(self) -> dict[str, Real]:
        return {}

    @cached_property
    def _settled(self) -> Real:
        """Settled states of heat in tiles' modes, (groups, states, rows)."""
        own, other = gain(self.real, self.imaginary, None)
        paired = np.take_along_axis(self.left, self.partner[:, :, None], axis=1)
        return np.asarray(own[:, :, None] * self.left + other[:, :, None] * paired, np.float32)

    @cached_property
    def _settled_by_board(self) -> Real:
        """Settled states of the even group for 1 W/m2 into the bottom, (states,)."""
        own, other = gain(self.real[0], self.imaginary[0], None)
        return np.asarray(own * self.board + other * self.board[self.partner[0]], np.float32)

    def at_rest(self, density: Real, board: float) -> Real:
        """Return the states that rest under heat in W/m2 by tile and on the bottom, (groups, states)."""
        states = np.matmul(self._settled, self.by_mode(density)[:, :, None])[:, :, 0]
        states[0] += np.float32(board) * self._settled_by_board
        return np.asarray(states)

    @cached_property
    def constant(self) -> Real:
        """States of 1 K everywhere, of the even group, (states,)."""
        return np.pad(self.even.constant, (0, self.real.shape[1] - self.even.constant.size)).astype(np.float32)


def _mean_and_heat(group: Group) -> Real:
    """Return rows that read the heat layer's mean and settled heat off the states of a group, (2 rows, states).

    Settled heat is what would give the present flux if it lasted.
    """
    answer = group.settled(group.left)
    return np.concatenate([group.mean, np.linalg.solve(group.flux @ answer, group.flux)])


def _delays(even: Group, through: Real) -> Real:
    """Return how much later than the heat layer, with weights `through`, the planes above it are in s."""
    resting = even.settled(even.left.sum(axis=1, keepdims=True))
    fields = even.fields[list(even.members).index(0)].mean(axis=0)[: through.size]
    rise, later = (fields @ resting)[:, 0], (fields @ even.settled(resting))[:, 0]
    delays = later / rise - (through @ later) / (through @ rise)
    delays[: int(np.flatnonzero(through).max()) + 1] = 0.0
    return np.asarray(np.maximum(delays, 0.0), np.float32)


def _padded(arrays: Sequence[Real], axis: int, fill: float = 0.0) -> Real:
    """Return arrays of different length along one axis, filled up and stacked."""
    size = max(array.shape[axis] for array in arrays)
    found = []
    for array in arrays:
        pads = [(0, 0)] * array.ndim
        pads[axis] = (0, size - array.shape[axis])
        found.append(np.pad(array, pads, constant_values=fill))
    return np.stack(found)


def _padded_fields(groups: Sequence[Group], states: int) -> Real:
    members = max(group.members.size for group in groups)
    unknowns = groups[0].fields.shape[1] * groups[0].fields.shape[2]
    fields = np.zeros((len(groups), members, unknowns, states), np.float32)
    for number, group in enumerate(groups):
        own = group.fields.reshape(group.members.size, unknowns, -1)
        fields[number, : group.members.size, :, : own.shape[2]] = own
    return fields
