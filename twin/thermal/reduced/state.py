"""One instant of a wafer as the reduced model knows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.fe.heat import HeatBalance, HeatState
from twin.thermal.bed import BedFlow
from twin.thermal.readings import BalanceReadings
from twin.thermal.reduced.arrays import Real
from twin.thermal.reduced.details import Details
from twin.thermal.reduced.followed import Followed
from twin.thermal.reduced.settled import Settled

if TYPE_CHECKING:
    from twin.thermal.reduced.model import ReducedWaferModel
    from twin.thermal.reduced.step import ReducedStep


@dataclass(frozen=True)
class ReducedState(BalanceReadings):
    """A wafer as what is settled for its heat, and what is not yet; see WaferState for the quantities.

    followed : the settled state that this one is near to
    share : factor between its heat and that which now reaches the walls
    reaching : the latter in W/m2, (tile_x, tile_y)
    rise : heat layer's mean by tile over the inlet in K, (tile_x, tile_y)
    density : heat in W/m2, (tile_x, tile_y)
    inlet : coolant at the inlet in K
    at_rest : nothing changes any more
    still : the coolant is that of the state followed
    given : reduced states over the inlet's temperature, (groups, states), those of the even group for heat alone,
        and the heat beyond theirs in J
    stepped : the step that led here
    warmth : largest rise by tile in K of now and, fading over a second, of before
    given_above : what the top has of `above`, before a step
    given_details : patterns of heat whose differences within tiles are known, those before a step
    """

    model: ReducedWaferModel = field(repr=False)
    followed: Followed
    share: float
    reaching: Real
    rise: Real
    density: Real
    inlet: float
    given_balance: HeatBalance | None
    iterations: int
    at_rest: bool = False
    still: bool = False
    given: tuple[Real, Real, float] | None = None
    stepped: ReducedStep | None = None
    warmth: float = 0.0
    given_above: Real | None = None
    given_details: Details = field(default=Details(), repr=False)

    @property
    def wanted_above(self) -> Real:
        """What the top would have, settled, of the coolant's own temperature beyond that of heat, in K by tile."""
        return np.asarray(np.float32(self.followed.beyond_at(self.share)) * self.followed.above)

    @cached_property
    def above(self) -> Real:
        """What the top has of it: it follows late."""
        if self.stepped:
            return self.stepped.above(self.wanted_above)
        return self.wanted_above if self.given_above is None else self.given_above

    @cached_property
    def details(self) -> Details:
        """Patterns of heat whose differences within tiles are known; that which reaches the walls is among them."""
        if not self.stepped:
            return self.given_details
        return self.given_details.reaching(self.model, self.settled.reference, self.reaching)

    @cached_property
    def extra(self) -> Real:
        """Heat in W/m2, (tile_x, tile_y), that would warm the wafer as the coolant's own temperature does."""
        return np.float32(self.followed.beyond_at(self.share)) * self.followed.extra

    @cached_property
    def states(self) -> Real:
        """Reduced states over the inlet's temperature that its step resolves, (groups, states)."""
        return self.stepped.states(self) if self.stepped else self._kept[0]

    @cached_property
    def even(self) -> Real:
        """States of the even group for the heat alone, in double precision."""
        return self.stepped.even(self.density) if self.stepped else self._kept[1]

    @cached_property
    def unsettled(self) -> Real:
        """What the reduced states are beyond those at rest under the heat that now reaches the walls."""
        dynamics, board = self.model.dynamics, self.model.film * (self.model.ambient - self.inlet)
        states = dynamics.at_rest(self.density + self.extra, board)
        states[:, : self.states.shape[1]] = self.states
        return np.asarray(states - dynamics.at_rest(self.reaching + self.extra, board))

    def forget_step(self) -> None:
        """Work out what a next step needs, and let go of the step before: history would be kept for ever."""
        if self.stepped:
            object.__setattr__(self, "given", (self.states, self.even, self.more))
            object.__setattr__(self, "given_balance", self.balance)
            object.__setattr__(self, "given_details", self.details)
            object.__setattr__(self, "given_above", self.above)
            object.__setattr__(self, "stepped", None)

    @property
    def more(self) -> float:
        """Heat in J that the wafer holds beyond its reduced states."""
        return self._outcome[1] if self.stepped else self._kept[2]

    @property
    def balance(self) -> HeatBalance:
        """Heat in, out and stored in W."""
        return self.given_balance or self._outcome[0]

    @cached_property
    def _outcome(self) -> tuple[HeatBalance, float]:
        assert self.stepped is not None
        return self.stepped.outcome(self)

    @cached_property
    def _kept(self) -> tuple[Real, Real, float]:
        return self.given or self.model.states_of(self)

    @property
    def settled(self) -> Settled:
        """The settled state that is followed."""
        return self.followed.settled

    @cached_property
    def flow(self) -> BedFlow:
        """The coolant's flow."""
        return self.followed.flow(self.share, self.inlet)

    @cached_property
    def tile_temperature(self) -> Real:
        """Mean of the heat layer in K, (tile_y, tile_x)."""
        return np.asarray(self.rise.T, float) + self.inlet

    @cached_property
    def coolant_by_tile(self) -> Real:
        """Mean coolant by tile over the inlet in K, (tile_x, tile_y)."""
        if self.still:
            return np.float32(self.share) * self.followed.coolant
        dynamics, board = self.model.dynamics, self.model.film * (self.model.ambient - self.inlet)
        linear = dynamics.coolant_means(self.states, dynamics.by_mode(self.density + self.extra), board)
        return np.asarray(linear + np.float32(self.followed.beyond_at(self.share)) * self.followed.coolant_beyond)

    @cached_property
    def coolant_temperature(self) -> Real:
        """Mean coolant in K, (tile_y, tile_x)."""
        return np.asarray(self.coolant_by_tile.T, float) + self.inlet

    @property
    def coolant_rise(self) -> Real:
        """Mean coolant over the inlet in K, (lines, rows)."""
        share, followed = np.float32(self.share), self.followed
        rise = share * self.model.rises(self.settled)
        return rise if self.still else rise + self.model.tiles.on_lines(self.coolant_by_tile - share * followed.coolant)

    @cached_property
    def within(self) -> Real:
        """How the heat layer's mean over its thickness differs within tiles in K, (nx, ny)."""
        return self.model.within_of(self)

    @property
    def nodes(self) -> Real:
        """Mean of the heat layer over its thickness over the inlet in K on the nodes, (nx, ny)."""
        return np.asarray(self.model.tiles.on_nodes(self.rise) + self.within)

    @cached_property
    def die_peak(self) -> Real:
        """Hottest point of the heat layer of each die in K, (die_y, die_x)."""
        return self.model.die_peak(self)

    @cached_property
    def peak(self) -> float:
        """Hottest point of the solid in K: in the heat layer, or at the bottom under warm air."""
        return self.model.peak_of(float(self.die_peak.max()), self)

    @property
    def coolant_means(self) -> tuple[Real, ...]:
        """Mean coolant in K, (lines, rows)."""
        return (self.coolant_rise + np.float32(self.inlet),)

    @property
    def coolant_outlet(self) -> float:
        """Mixed mean of the coolant at the outlets in K."""
        return self.model.outlet_of(self)

    @cached_property
    def heat(self) -> HeatState:
        """All temperatures of solid and coolant."""
        return self.model.field(self)

    def tree(self) -> dict[str, Any]:
        """Return all that the next step needs, as arrays by name."""
        settled = self.settled
        return {
            "states": self.states,
            "even": self.even,
            "above": self.above,
            "reaching": self.reaching,
            "rise": self.rise,
            "density": self.density,
            "settled_density": settled.density,
            "sources": settled.sources,
            "answer": settled.answer,
            "from_sources": settled.from_sources,
            "numbers": np.array(
                [settled.inlet, settled.flow_rate, settled.flow.pressure_drop, settled.flow.reynolds,
                 settled.flow.velocity, *settled.reference, self.followed.off, self.share, self.inlet, self.more,
                 self.warmth, self.still, self.at_rest]
            ),
            **self.details.tree(),
        }  # fmt: skip
