"""A settled state that time steps follow: what it adds to the linear states is renewed only when it changes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from twin.thermal.bed import BedFlow
from twin.thermal.reduced.arrays import Real
from twin.thermal.reduced.heats import Heats
from twin.thermal.reduced.settled import Settled, SettledMap

if TYPE_CHECKING:
    from twin.thermal.reduced.model import ReducedWaferModel

_RENEWED = 0.03
"""Error in K beyond which a followed state is renewed, estimated to first order."""
_SHARES = 0.7, 1.4
"""Range of the factor between the heat of a followed state and the present one."""
_LUKEWARM = 10.0
"""Rise over the inlet in K up to which that range does not matter: no warning depends on it."""
_UNEVEN, _EVEN = 0.02, 0.002
"""Relative changes per kelvin of what lines carry where coolant warms unevenly (viscosity), and of the coefficient
where it warms evenly (conductivity): those of water at 20 degC."""
_PROPERTY_SCALE = 40.0
"""Kelvins over which the coolant's viscosity changes by about its own size."""


@dataclass(frozen=True)
class Followed:
    """A settled state and what it has beyond the linear states settled for the same heat.

    off : error in K because the coolant's properties were taken at its temperatures before

    Where all heat changes by one factor, temperatures do so. Of what lies beyond, the part that the inlet's
    temperature makes changes by this factor, the part that the coolant's rise makes by its square.
    """

    model: ReducedWaferModel = field(repr=False)
    settled: Settled
    off: float = 0.0

    @property
    def _board(self) -> float:
        return self.model.film * (self.model.ambient - self.settled.inlet)

    @cached_property
    def beyond(self) -> Real:
        """Heat layer's mean by tile beyond that of the linear states, in K, (tile_x, tile_y); nothing without heat."""
        if self._norm == 0.0:
            return np.zeros_like(self.settled.density)
        linear = self.model.dynamics.settled_means(self.settled.density, self._board)
        return np.asarray(self.model.by_tile(self.settled, 2) - linear)

    @cached_property
    def extra(self) -> Real:
        """Heat in W/m2 by tile, (tile_x, tile_y), that gives the linear states what lies beyond them."""
        return self.model.dynamics.heat_of(self.beyond, 0.0)

    @cached_property
    def above(self) -> Real:
        """What the top has of it beyond that of the heat `extra`, in K by tile: coolant warms it as the heat layer."""
        return self.beyond - self.model.dynamics.top_means(self.extra)

    @cached_property
    def coolant(self) -> Real:
        """Mean coolant by tile over the inlet in K, (tile_x, tile_y)."""
        return self.model.by_tile(self.settled, 1)

    @cached_property
    def coolant_beyond(self) -> Real:
        """What the mean coolant by tile is beyond that of the linear states at rest in K, (tile_x, tile_y)."""
        dynamics = self.model.dynamics
        heat = dynamics.by_mode(self.settled.density + self.extra)
        return self.coolant - dynamics.coolant_means(dynamics.none, heat, self._board)

    @cached_property
    def _by_inlet(self) -> float:
        """Part of what lies beyond that the inlet's temperature alone makes."""
        sources, alone = self.settled.sources, self._alone
        size = float(np.vdot(sources, sources))
        return min(max(float(np.vdot(alone, sources)) / size, 0.0), 1.0) if size > 0.0 else 0.0

    @cached_property
    def _alone(self) -> Real:
        """Sources if all the coolant were as warm as that at the inlet."""
        return self._found.sources_at_inlet(self.settled)

    @cached_property
    def _sizes(self) -> tuple[float, float]:
        """Largest temperatures by tile in K that the coolant's inlet and its rise add; together it may be less."""
        sources, alone = self.settled.sources, self._alone
        per_source = self.size / max(float(np.linalg.norm(sources)), float(np.finfo(np.float32).tiny))
        return per_source * float(np.linalg.norm(alone)), per_source * float(np.linalg.norm(sources - alone))

    def beyond_at(self, share: float) -> float:
        """Return the factor of what lies beyond when all heat changes by a factor."""
        return 1.0 if share == 1.0 else self._by_inlet * share + (1.0 - self._by_inlet) * share * share

    @cached_property
    def size(self) -> float:
        """Largest temperature by tile beyond the linear states in K."""
        return float(np.abs(self.beyond).max())

    @cached_property
    def rise(self) -> float:
        """Largest temperature by tile over the inlet in K."""
        return float(np.abs(self.model.by_tile(self.settled, 2)).max())

    @cached_property
    def film(self) -> float:
        """Largest temperature of the walls over their coolant in K."""
        return float(self._found.film(self.settled).max())

    def flow(self, share: float, inlet: float) -> BedFlow:
        """Return the coolant's flow with all heat by a factor and another inlet in K: its viscosity changes."""
        found, at_inlet, warm = self.settled.flow, self.settled.inlet, self.mean_rise
        if share == 1.0 and inlet == at_inlet:
            return found
        factor = self._found.law.drop_factor(at_inlet + warm, inlet + share * warm)
        return replace(found, pressure_drop=found.pressure_drop * factor, reynolds=found.reynolds / factor)

    def extremes(self, share: float, reaching: Real) -> tuple[float, float]:
        """Return the hottest coolant and wetted wall over the inlet in K for other heat, at most."""
        if self._norm == 0.0:
            return 0.0, 0.0
        factor = max(share, float(reaching.max()) / float(self.settled.density.max()))
        coolant, wall = self._extremes
        return factor * coolant, factor * wall

    @cached_property
    def _extremes(self) -> tuple[float, float]:
        return self._found.extremes(self.settled)

    @cached_property
    def heats(self) -> Heats:
        """Heats beyond those of the linear states."""
        true = self.model.heats(self.settled, self.settled.density)
        linear = self.model.linear.settled(self.settled.density, self.settled.inlet)
        return Heats(true.content - linear.content, true.board - linear.board, true.coolant - linear.coolant)

    @cached_property
    def nodes(self) -> Real:
        """What the coolant's own temperature adds to the heat layer's mean in K on the nodes, (nx, ny)."""
        return self._found.surface_of_sources(self.settled.sources)

    @cached_property
    def mean_rise(self) -> float:
        """Mean of the coolant over the inlet in K."""
        return float(self.model.rises(self.settled).mean())

    @property
    def _found(self) -> SettledMap:
        return self.model.map_of(self.settled)

    @cached_property
    def within(self) -> Real:
        """What the coolant's own temperature adds less what is interpolated between its means, in K, (nx, ny)."""
        return self.model.tiles.within(self.nodes)

    @cached_property
    def _norm(self) -> float:
        return float(np.vdot(self.settled.density, self.settled.density))

    def share(self, reaching: Real) -> float:
        """Return the factor between this heat and another, (tile_x, tile_y), that fits best."""
        return float(np.vdot(self.settled.density, reaching)) / self._norm if self._norm > 0.0 else 1.0

    def holds(self, reaching: Real, share: float, flow_rate: float, inlet: float, off: float) -> bool:
        """Tell whether the state, scaled, holds well enough for other heat, flow in m3/s and inlet in K.

        off : error in K because the coolant's properties are not those of the step
        """
        settled, (low, high) = self.settled, _SHARES
        if settled.flow_rate != flow_rate or self._norm == 0.0:
            return False
        if not low <= share <= high and max(1.0, share) * self.rise > _LUKEWARM:
            return False
        warmer = abs(inlet - settled.inlet)
        error = off + self._found.law.by_inlet * warmer * max(1.0, share) * self.film
        rest = float(np.abs(reaching - np.float32(share) * settled.density).max()) / float(settled.density.max())
        by_inlet, by_rise = self._sizes
        error += self.size * warmer / _PROPERTY_SCALE + 2.0 * (by_inlet + by_rise) * rest
        return error + by_rise * (rest**2 + (share - 1.0) ** 2) <= _RENEWED


def property_error(change: Real, rise: Real) -> float:
    """Return to first order the error in K of properties taken before the coolant changed, for its rise in K."""
    even = float(change.mean())
    uneven = float(np.abs(change - np.float32(even)).max())
    return (_UNEVEN * uneven + _EVEN * abs(even)) * float(rise.max())
