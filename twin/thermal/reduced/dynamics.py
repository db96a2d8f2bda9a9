"""The reduced states of all groups side by side, ready for time steps.

Single precision, but for the group that is even across the flow, which alone carries the balance of heat.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twin.thermal.reduced.arrays import Real
from twin.thermal.reduced.dynamic import Group, reduce_groups, tile_cosines
from twin.thermal.reduced.modes import WaferModes
from twin.thermal.reduced.rows import TileRows
from twin.thermal.wafer import WaferThermalModel


@dataclass(frozen=True)
class EvenGroup:
    """The group that is even across the flow, in double precision.

    left : (states, rows + 1), what heat by row and on the bottom (last) drives
    content, board, outlet : rows that give heat stored in J, the bottom's integral in K m2 and heat to the
        coolant in W
    constant : states of 1 K everywhere
    """

    left: Real
    content: Real
    board: Real
    outlet: Real
    constant: Real

    @classmethod
    def of(cls, modes: WaferModes, group: Group) -> EvenGroup:
        """Return the functionals of the first group; only its first mode has a mean across the flow."""
        width = float(np.sqrt(modes.grid.x_weights.sum()))
        fields = group.fields[list(group.members).index(0)]
        return cls(
            left=np.concatenate([group.left, group.board[:, None]], axis=1),
            content=width * np.einsum("yps,yp->s", fields, modes.capacity),
            board=width * (modes.grid.y_weights @ fields[:, 0]),
            outlet=width * _carried_off(modes, fields),
            constant=group.constant,
        )


@dataclass(frozen=True)
class Dynamics:
    """States of all groups, (groups, states) padded to the largest group.

    real, imaginary, partner : rate in 1/s of each state and place of its other half
    left : (groups, states, rows);  readings : (groups, 2 rows, states), heat layer's mean in K and settled heat
        in W/m2, in tiles' modes
    bottom : (groups, rows, states), means of the stack's bottom in K
    settled_mean : heat layer's mean that settled heat gives, (groups, rows, rows)
    settled_board : readings of the settled states that 1 W/m2 into the bottom gives, (2 rows,)
    fields : (groups, members, ny places, states) in K;  members : (groups, members), -1 where there are fewer
    places : of a row of nodes, planes and coolant
    """

    flow_rate: float
    temperature: float
    real: Real
    imaginary: Real
    partner: NDArray[np.int64]
    left: Real
    readings: Real
    bottom: Real
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
        readings = [_readings(group) for group in groups]
        board = readings[0] @ groups[0].settled(groups[0].board[:, None])
        states = max(group.real.size for group in groups)
        partner = np.tile(np.arange(states), (len(groups), 1))
        for number, group in enumerate(groups):
            partner[number, : group.partner.size] = group.partner
        return cls(
            flow_rate, temperature,
            _padded([group.real for group in groups], 0, 1.0),
            _padded([group.imaginary for group in groups], 0),
            partner,
            _padded([group.left for group in groups], 0).astype(np.float32),
            _padded(readings, 1).astype(np.float32),
            _padded([group.bottom for group in groups], 1).astype(np.float32),
            np.stack([group.mean @ group.settled(group.left) for group in groups]).astype(np.float32),
            board[:, 0].astype(np.float32),
            _padded_fields(groups, states),
            _padded([group.members.astype(float) for group in groups], 0, -1.0).astype(np.int64),
            modes.rows.size,
            EvenGroup.of(modes, groups[0]),
        )  # fmt: skip

    @property
    def rows(self) -> int:
        """Rows of tiles along the flow."""
        return int(self.left.shape[2])

    @cached_property
    def cosines(self) -> Real:
        """Tiles' modes across the flow, (tile_x, groups)."""
        return tile_cosines(len(self.real)).astype(np.float32)

    @cached_property
    def _others(self) -> NDArray[np.int64]:
        """Places of the partners in all states, one after the other."""
        groups, states = self.partner.shape
        return self.partner + states * np.arange(groups)[:, None]

    @cached_property
    def _gains(self) -> dict[float | None, tuple[Real, Real]]:
        return {}

    @cached_property
    def _feeds(self) -> dict[float, Real]:
        return {}

    def by_mode(self, density: Real) -> Real:
        """Return heat in W/m2 by tile, (tile_x, tile_y), in tiles' modes, (groups, rows)."""
        return np.asarray(self.cosines.T @ density.astype(np.float32))

    def by_tile(self, modes: Real) -> Real:
        """Return what is given in tiles' modes by tile."""
        return np.asarray(self.cosines @ modes)

    def drive(self, driven: Real) -> Real:
        """Return what heat in tiles' modes drives, (groups, states)."""
        return np.asarray(np.matmul(self.left, driven[:, :, None])[:, :, 0])

    def read(self, states: Real) -> Real:
        """Return the readings of states in tiles' modes, (groups, 2 rows)."""
        return np.asarray(np.matmul(self.readings, states.astype(np.float32)[:, :, None])[:, :, 0])

    def bottom_means(self, states: Real) -> Real:
        """Return the bottom's mean by tile in K of some states."""
        return self.by_tile(np.matmul(self.bottom, states.astype(np.float32)[:, :, None])[:, :, 0])

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

    @cached_property
    def _layers(self) -> dict[str, Real]:
        return {}

    def feed(self, step: float, driven: Real) -> Real:
        """Return the readings after a step that heat in tiles' modes gives, (groups, 2 rows)."""
        if step not in self._feeds:
            own, other = self.gain(step)
            driving = self.left.astype(float)
            paired = np.take_along_axis(driving, self.partner[:, :, None], axis=1)
            after = step * (own[:, :, None] * driving + other[:, :, None] * paired)
            self._feeds[step] = np.matmul(self.readings, after).astype(np.float32)
        return np.asarray(np.matmul(self._feeds[step], driven[:, :, None])[:, :, 0])

    def at_rest(self, density: Real, board: float) -> Real:
        """Return the states that rest under heat in W/m2 by tile and on the bottom, (groups, states)."""
        driving = self.drive(self.by_mode(density)).astype(float)
        count = self.even.constant.size
        rows = density.sum(axis=0, dtype=float) / np.sqrt(density.shape[0])
        driving[0, :count] = self.even.left @ np.append(rows, board)
        return self.scaled(driving, self.gain(None))

    @cached_property
    def even_settled(self) -> Real:
        """Settled states of the even group for heat by row and on the bottom, (states, rows + 1)."""
        own, other = self.gain(None)
        count, left = self.even.constant.size, self.even.left
        return np.asarray(own[0, :count, None] * left + other[0, :count, None] * left[self.partner[0, :count]])

    def gain(self, step: float | None) -> tuple[Real, Real]:
        """Return factors (own, partner) of states in (1 + lambda dt)^-1; None: of lambda^-1."""
        if step not in self._gains:
            rate = self.real + 1j * self.imaginary
            factor = 1.0 / (1.0 + step * rate) if step else 1.0 / rate
            self._gains[step] = factor.real, np.where(self.imaginary != 0.0, -factor.imag, 0.0)
        return self._gains[step]

    def scaled(self, states: Real, gain: tuple[Real, Real]) -> Real:
        """Return states, (groups, states), times a factor of `gain`."""
        return np.asarray(gain[0] * states + gain[1] * states.ravel()[self._others])


def _carried_off(modes: WaferModes, fields: Real) -> Real:
    """Return the heat that fields (ny, places, states) give to the coolant that leaves, in W/m of width."""
    stream = modes.stream
    if stream.sees_inlet:  # spent jets store nothing: all that the walls give leaves at once
        low, high = modes.flux(np.asarray(fields, np.float64))
        return np.asarray(stream.lengths @ ((low + high) / 2))
    outlets = stream.outlets
    return np.asarray(stream.capacity_rate[0, outlets] @ modes.coolant(np.asarray(fields, np.float64))[outlets])


def _readings(group: Group) -> Real:
    """Return rows that read the heat layer's mean and settled heat off the states of a group, (2 rows, states).

    Settled heat is what would give the present flux if it lasted.
    """
    answer = group.settled(group.left)
    return np.concatenate([group.mean, np.linalg.solve(group.flux @ answer, group.flux)])


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
