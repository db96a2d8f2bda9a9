"""One time step of the reduced model."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from twin.fe.heat import HeatBalance
from twin.thermal.reduced.arrays import Real
from twin.thermal.reduced.coolant_law import Departure
from twin.thermal.reduced.followed import Followed, property_error
from twin.thermal.reduced.pace import Pace
from twin.thermal.reduced.settled import Settled, SettledMap
from twin.thermal.reduced.state import ReducedState

if TYPE_CHECKING:
    from twin.thermal.reduced.model import ReducedWaferModel


_ENOUGH, _NEGLIGIBLE, _MOST_UPDATES = 0.02, 1e-4, 4
"""Change in K of what the coolant's own temperature adds at which updates of a step end, and that it is not followed;
and how many there are."""
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
        self._renewed: Followed | None = None

    @cached_property
    def _pace(self) -> Pace:
        return self._model.dynamics.pace(self._step)

    @cached_property
    def _board(self) -> float:
        return self._model.film * (self._model.ambient - self._inlet)

    @cached_property
    def _relaxed(self) -> Real:
        """States after the step without heat, over the new inlet's temperature."""
        model, old, count = self._model, self._old, self._pace.count
        states = old.states
        if states.shape[1] < count:
            resting = model.dynamics.at_rest(old.density + old.extra, model.film * (model.ambient - old.inlet))
            states = np.concatenate([states, resting[:, states.shape[1] : count]], axis=1)
        states = states[:, :count].copy()
        states[0] += np.float32(old.inlet - self._inlet) * model.dynamics.constant[:count]
        return self._pace.relaxed(states, self._board)

    @cached_property
    def _even_before(self) -> Real:
        return np.asarray(self._old.even + (self._old.inlet - self._inlet) * self._model.dynamics.even.constant)

    @cached_property
    def _content_before(self) -> float:
        return self._model.linear.of(self._even_before, self._inlet).content

    @cached_property
    def _free(self) -> Real:
        """Readings after the step without heat, (groups, 2 rows)."""
        dynamics = self._model.dynamics
        readings = self._pace.read(self._relaxed, self._board)
        readings[0, dynamics.rows :] -= np.float32(self._board) * dynamics.settled_board[dynamics.rows :]
        return readings

    @cached_property
    def _departure(self) -> Departure:
        """The coolant's properties, as in the full model those at its temperatures before the step."""
        return self._model.departure(self._old, self._map, self._flow_rate, self._inlet)

    def solve(self, heat: Real, guess: ReducedState, reduction: float = 0.0) -> ReducedState:
        """Return the wafer for a heat map in W, shape (tile_y, tile_x); `reduction` does not matter."""
        model, dynamics, pace = self._model, self._model.dynamics, self._pace
        density, supposed, followed, updates = model.density(heat), guess.extra, guess.followed, 0
        given = density.astype(np.float32)
        for _ in range(_MOST_UPDATES):
            readings = dynamics.by_tile(self._free + pace.fed(dynamics.by_mode(given + supposed)))
            rise, reaching = readings[:, : dynamics.rows], readings[:, dynamics.rows :] - supposed
            share = followed.share(reaching)
            off = 0.0 if followed is self._renewed else followed.off
            if not followed.holds(reaching, share, self._flow_rate, self._inlet, off):
                settled = self._map.settle_at(reaching, self._departure, self._flow_rate, self._inlet, followed.settled)
                self._renewed = followed = Followed(model, settled, self._off(settled))
                share = 1.0
                updates += settled.updates
            correction = np.float32(followed.beyond_at(share)) * followed.extra - supposed
            supposed = supposed + correction
            change = float(np.abs(correction).max()) * dynamics.resistance
            if change <= _ENOUGH:
                break
        if change > _NEGLIGIBLE:
            rise = rise + dynamics.by_tile(pace.fed(dynamics.by_mode(correction), slice(dynamics.rows)))
        return ReducedState(
            model, followed, share, reaching, rise, density, self._inlet, None, updates,
            stepped=self, given_details=self._old.details,
            warmth=max(float(np.abs(rise).max()), self._old.warmth / (1.0 + self._step / _FADES)),
        )  # fmt: skip

    @cached_property
    def _lag(self) -> float:
        """Part of the heat that the coolant's own temperature had added which a step leaves."""
        residence = self._model.linear.residence
        return residence / (residence + self._step)

    def _off(self, settled: Settled) -> float:
        """Return the error in K because the coolant's properties are those before the step."""
        old, rise = self._old, self._model.rises(settled)
        return property_error(rise - old.coolant_rise + np.float32(self._inlet - old.inlet), rise)

    def states(self, state: ReducedState) -> Real:
        """Return the reduced states after the step."""
        return self._pace.driven(self._relaxed, self._model.dynamics.by_mode(state.density + state.extra))

    def above(self, wanted: Real) -> Real:
        """Return what the top has of `wanted` after the step, in K by tile."""
        delay = float(self._model.dynamics.delays[-1])
        return np.asarray((delay * self._old.above + self._step * wanted) / np.float32(delay + self._step))

    def even(self, density: Real) -> Real:
        """Return those of the even group with heat in W/m2, (tile_x, tile_y), alone, in double precision."""
        model = self._model
        return model.dynamics.even.after(self._even_before, self._step, model.linear.driven(density, self._inlet))

    def outcome(self, state: ReducedState) -> tuple[HeatBalance, float]:
        """Return the balance of the step, and the heat in J that the wafer holds beyond its reduced states.

        What the coolant's own temperature adds is the settled state less that of the linear equations;
        the heat that it stores comes from the coolant.
        """
        linear, inlet, density = self._model.linear, self._inlet, state.density
        now = linear.of(state.even, inlet)
        beyond, share = state.followed.heats, (1.0 - self._lag) * state.followed.beyond_at(state.share)
        more = self._lag * self._old.more + share * beyond.content
        later = (more - self._old.more) / self._step
        coolant, board = now.coolant + share * beyond.coolant - later, now.board + share * beyond.board
        stored = (now.content - self._content_before) / self._step + later
        heat = float(density.sum()) * self._model.full.tile_area
        return HeatBalance(heat, {"bottom": board}, (coolant,), stored), more
