"""How temperatures differ within tiles: worked out once for heat that differs from what was before.

They follow linearly from the heat that reaches the walls, and the heat of a run varies between a few patterns. A basis
of the latest ones is kept; for heat near to a sum of them, temperatures are that sum.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from twin.thermal.reduced.arrays import Real

if TYPE_CHECKING:
    from twin.thermal.reduced.model import ReducedWaferModel

_WITHIN_TILES, _ENOUGH = 0.8, 0.013
"""How far at most temperatures differ within tiles, over what the largest heat warms a tile alone: 0.75 under the
manifold at 15 L/min, 0.4 at 40 L/min; the error in K allowed for."""
_MOST = 6
"""Patterns that are kept; one more, and only the latest is."""


@dataclass(frozen=True, eq=False)
class Pattern:
    """Heat by tile of length 1, (tile_x tile_y); `reference` is flow and temperature of the map that is taken."""

    model: ReducedWaferModel
    reference: tuple[float, float]
    heat: Real

    @cached_property
    def within(self) -> Real:
        """Heat layer less what is interpolated between its means by tile, (nx, ny)."""
        columns, rows = self.model.full.tiles[::-1]
        return self.model.details(self.reference, self.heat.reshape(columns, rows))


@dataclass(frozen=True, eq=False)
class Details:
    """A basis of patterns, orthonormal."""

    patterns: tuple[Pattern, ...] = ()

    def reaching(self, model: ReducedWaferModel, reference: tuple[float, float], heat: Real) -> Details:
        """Return a basis that holds heat in W/m2 by tile, (tile_x, tile_y), as well; nothing is worked out yet."""
        if self.holds(reference, heat):
            return self
        begins = not self.patterns or self.patterns[0].reference != reference or len(self.patterns) == _MOST
        rest = heat.ravel() if begins else self._rest(heat.ravel())
        size = np.float32(np.linalg.norm(rest))
        if size == 0.0:
            return self
        return Details((*(() if begins else self.patterns), Pattern(model, reference, rest / size)))

    def holds(self, reference: tuple[float, float], heat: Real, error: float = _ENOUGH) -> bool:
        """Tell whether heat is near to a sum of the patterns, for a map at this reference; `error` in K."""
        if not self.patterns or self.patterns[0].reference != reference:
            return False
        rest, resistance = self._rest(heat.ravel()), self.patterns[0].model.dynamics.resistance
        return _WITHIN_TILES * resistance * max(float(rest.max()), -float(rest.min())) <= error

    def of(self, heat: Real) -> Real:
        """Return the differences in K on the nodes, (nx, ny), for heat that the basis holds."""
        within = self._within
        return np.asarray((self._heats @ heat.ravel()) @ within.reshape(len(within), -1)).reshape(within.shape[1:])

    def _rest(self, given: Real) -> Real:
        return np.asarray(given - (self._heats @ given) @ self._heats)

    @cached_property
    def _heats(self) -> Real:
        return np.stack([pattern.heat for pattern in self.patterns])

    @cached_property
    def _within(self) -> Real:
        return np.stack([pattern.within for pattern in self.patterns])

    def tree(self) -> dict[str, Real]:
        """Return what `restored` needs, as arrays by name."""
        if not self.patterns:
            return {}
        return {"pattern_reference": np.array(self.patterns[0].reference), "patterns": self._heats}

    @classmethod
    def restored(cls, model: ReducedWaferModel, tree: dict[str, Real]) -> Details:
        """Return the basis that `tree` told of."""
        if "patterns" not in tree:
            return cls()
        flow, temperature = (float(value) for value in tree["pattern_reference"])
        heats: Iterable[Real] = tree["patterns"]
        return cls(tuple(Pattern(model, (flow, temperature), heat) for heat in heats))
