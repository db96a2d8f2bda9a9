"""One time step of the reduced model."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from twin.fe.heat import HeatBalance
from twin.thermal.reduced.arrays import Real
from twin.thermal.reduced.coolant_law import Departure
from twin.thermal.reduced.followed import Followed, property_error
from twin.thermal.reduced.settled import Settled, SettledMap
from twin.thermal.reduced.state import ReducedState

if TYPE_CHECKING:
    from twin.thermal.reduced.model import ReducedWaferModel


_FADES = 1.0
"""Time in s over which the slow parts of the stack, connectors and cover, forget."""


class ReducedStep:
    """The equations of a wafer at one moment; `solve` may be called again with other heat."""

    def __init__(
        self,
        model: ReducedWaferModel,
        old: ReducedState,
        found: SettledMap,
        flow_rate: float,
        inlet: float,
        step: float,
    ):
        old.forget_step()
        self._model, self._old, self._map = model, old, found
        self._flow_rate, self._inlet, self._step = flow_rate, inlet, step

    @cached_property
    def _before(self) -> Real:
        """States before the step over the new inlet's temperature."""
        states = self._old.states.copy()
        even = self._model.dynamics.even
        states[0, : even.constant.size] += (self._old.inlet - self._inlet) * even.constant
        return states

    @property
    def _even_before(self) -> Real:
        return np.asarray(self._before[0, : self._model.dynamics.even.constant.size])

    @cached_property
    def _content_before(self) -> float:
        return self._model.linear.of(self._even_before, self._inlet).content

    @cached_property
    def _board(self) -> float:
        return self._model.film * (self._model.ambient - self._inlet)

    @cached_property
    def _free(self) -> Real:
        """Readings after the step without heat, (groups, 2 rows)."""
        dynamics = self._model.dynamics
        states = self._before.copy()
        even = dynamics.even.left
        states[0, : len(even)] += self._step * self._board * even[:, -1]
        readings = dynamics.read(dynamics.scaled(states, dynamics.gain(self._step)))
        readings[0, dynamics.rows :] -= np.float32(self._board) * dynamics.settled_board[dynamics.rows :]
        return readings

    @cached_property
    def _departure(self) -> Departure:
        """The coolant's properties, as in the full model those at its temperatures before the step."""
        old = self._old
        return self._map.departure(old.share * old.settled.answer, self._flow_rate, old.inlet)

    def solve(self, heat: Real, guess: ReducedState, reduction: float = 0.0) -> ReducedState:
        """Return the wafer for a heat map in W, shape (tile_y, tile_x); `reduction` does not matter."""
        model, dynamics = self._model, self._model.dynamics
        density = model.density(heat)
        readings = dynamics.by_tile(self._free + dynamics.feed(self._step, dynamics.by_mode(density)))
        mean, reaching = readings[:, : dynamics.rows], np.ascontiguousarray(readings[:, dynamics.rows :])
        followed, updates = guess.followed, 0
        share = followed.share(reaching)
        if not followed.holds(reaching, share, self._flow_rate, self._inlet):
            settled = self._map.settle_at(reaching, self._departure, self._flow_rate, self._inlet, guess.settled)
            followed, share, updates = Followed(model, settled, self._off(settled)), 1.0, settled.updates
        lag = self._lag
        beyond = np.float32(lag) * self._old.added + np.float32((1.0 - lag) * share**2) * followed.beyond
        return ReducedState(
            model, followed, share, reaching, mean + beyond, beyond, density, self._inlet, None, updates,
            stepped=self, warmth=max(float(np.abs(mean).max()), self._old.warmth / (1.0 + self._step / _FADES)),
        )  # fmt: skip

    @cached_property
    def _lag(self) -> float:
        """Part of what the coolant's own temperature had added that a step leaves."""
        residence = self._model.linear.residence
        return residence / (residence + self._step)

    def _off(self, settled: Settled) -> float:
        """Return the error in K because the coolant's properties are those before the step."""
        old, rise = self._old, self._model.rises(settled)
        before = np.float32(old.share) * self._model.rises(old.settled)
        return property_error(rise - before + np.float32(self._inlet - old.inlet), rise)

    def states(self, density: Real) -> Real:
        """Return the reduced states after the step with heat in W/m2, (tile_x, tile_y)."""
        dynamics = self._model.dynamics
        states = self._before + self._step * dynamics.drive(dynamics.by_mode(density))
        found = dynamics.scaled(states, dynamics.gain(self._step))
        even = self._even(density)
        found[0] = 0.0
        found[0, : even.size] = even
        return found

    def _even(self, density: Real) -> Real:
        """Return the states of the even group after the step, in double precision."""
        dynamics = self._model.dynamics
        driven = self._model.linear.driven(density, self._inlet)
        count = dynamics.even.constant.size
        states = self._even_before + self._step * (dynamics.even.left @ driven)
        own, other = dynamics.gain(self._step)
        return np.asarray(own[0, :count] * states + other[0, :count] * states[dynamics.partner[0, :count]])

    def outcome(self, state: ReducedState) -> tuple[HeatBalance, float]:
        """Return the balance of the step, and the heat in J that the wafer holds beyond its reduced states.

        What the coolant's own temperature adds is the settled state less that of the linear equations;
        the heat that it stores comes from the coolant.
        """
        linear, inlet, density = self._model.linear, self._inlet, state.density
        now = linear.after(self._even_before, self._step, linear.driven(density, inlet), inlet)
        beyond, share = state.followed.heats, (1.0 - self._lag) * state.share**2
        more = self._lag * self._old.more + share * beyond.content
        later = (more - self._old.more) / self._step
        coolant, board = now.coolant + share * beyond.coolant - later, now.board + share * beyond.board
        stored = (now.content - self._content_before) / self._step + later
        heat = float(density.sum()) * self._model.full.tile_area
        return HeatBalance(heat, {"bottom": board}, (coolant,), stored), more
