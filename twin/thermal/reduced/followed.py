"""A settled state that time steps follow: what it adds to the linear states is renewed only when it changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from twin.thermal.reduced.arrays import Real
from twin.thermal.reduced.heats import Heats
from twin.thermal.reduced.settled import Settled

if TYPE_CHECKING:
    from twin.thermal.reduced.model import ReducedWaferModel

_RENEWED = 0.03
"""Error in K beyond which a followed state is renewed, estimated to first order."""
_SHARES = 0.7, 1.4
"""Range of the factor between the heat of a followed state and the present one."""
_UNEVEN, _EVEN = 0.02, 0.002
"""Relative changes per kelvin of what lines carry where coolant warms unevenly (viscosity), and of the coefficient
where it warms evenly (conductivity): those of water at 20 degC."""
_PROPERTY_SCALE = 40.0
"""Kelvins over which the coolant's viscosity changes by about its own size."""


@dataclass(frozen=True)
class Followed:
    """A settled state and what it has beyond the linear states settled for the same heat.

    off : error in K because the coolant's properties were taken at its temperatures before

    Where all heat changes by one factor, temperatures do so and what lies beyond by its square.
    """

    model: ReducedWaferModel = field(repr=False)
    settled: Settled
    off: float = 0.0

    @property
    def _board(self) -> float:
        return self.model.film * (self.model.ambient - self.settled.inlet)

    @cached_property
    def beyond(self) -> Real:
        """Heat layer's mean by tile beyond that of the linear states, in K, (tile_x, tile_y)."""
        linear = self.model.dynamics.settled_means(self.settled.density, self._board)
        return np.asarray(self.model.by_tile(self.settled, 2) - linear)

    @cached_property
    def heats(self) -> Heats:
        """Heats beyond those of the linear states."""
        true = self.model.heats(self.settled, self.settled.density)
        linear = self.model.linear.settled(self.settled.density, self.settled.inlet)
        return Heats(true.content - linear.content, true.board - linear.board, true.coolant - linear.coolant)

    @cached_property
    def nodes(self) -> Real:
        """What the coolant's own temperature adds to the heat layer's mean in K on the nodes, (nx, ny)."""
        return self.model.map(self.settled.reference).surface_of_sources(self.settled.sources)

    @cached_property
    def _norm(self) -> float:
        return float(np.vdot(self.settled.density, self.settled.density))

    def share(self, reaching: Real) -> float:
        """Return the factor between this heat and another, (tile_x, tile_y), that fits best."""
        return float(np.vdot(self.settled.density, reaching)) / self._norm if self._norm > 0.0 else 1.0

    def holds(self, reaching: Real, share: float, flow_rate: float, inlet: float) -> bool:
        """Tell whether the state, scaled, holds well enough for other heat, flow in m3/s and inlet in K."""
        settled = self.settled
        low, high = _SHARES
        if not (settled.flow_rate == flow_rate and low <= share <= high and self._norm > 0.0):
            return False
        rest = float(np.abs(reaching - share * settled.density).max()) / float(settled.density.max())
        size = float(np.abs(self.beyond).max())
        warmer = abs(inlet - settled.inlet) / _PROPERTY_SCALE
        return self.off + size * (2.0 * rest + (share - 1.0) ** 2 + warmer) <= _RENEWED


def property_error(change: Real, rise: Real) -> float:
    """Return to first order the error in K of properties taken before the coolant changed, for its rise in K."""
    even = float(change.mean())
    uneven = float(np.abs(change - np.float32(even)).max())
    return (_UNEVEN * uneven + _EVEN * abs(even)) * float(rise.max())
