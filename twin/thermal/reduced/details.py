"""How temperatures differ within tiles: worked out once for heat that differs from what was before.

They follow linearly from the heat that reaches the walls, and the heat of a run varies between a few patterns. What was
worked out is kept for a basis of the latest ones; for heat near to a sum of them, temperatures are that sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.thermal.reduced.arrays import Real

if TYPE_CHECKING:
    from twin.thermal.reduced.model import ReducedWaferModel

_WITHIN_TILES, _ENOUGH = 0.3, 0.05
"""How far a tile's temperatures differ within it, over what heat in it alone warms it; the error in K allowed for."""
_MOST = 4
"""Patterns that are kept; one more, and only the latest is."""
Reference = tuple[float, float]


@dataclass(frozen=True)
class Details:
    """Differences within tiles for some patterns of heat.

    reference : flow and temperature of the settled map that they were found with
    patterns : orthonormal heat by tile, (patterns, tile_x tile_y)
    within : heat layer less what is interpolated between its means by tile, for those, (patterns, nx, ny)
    """

    reference: Reference = (0.0, 0.0)
    patterns: Real | None = None
    within: Real | None = None

    def of(self, model: ReducedWaferModel, reference: Reference, heat: Real) -> tuple[Real, Details]:
        """Return the differences in K on the nodes, (nx, ny), for heat in W/m2 by tile, and what is known then."""
        given = heat.ravel()
        if self.patterns is None or self.within is None or reference != self.reference:
            return Details._first(model, reference, heat)
        shares = self.patterns @ given
        rest = given - shares @ self.patterns
        if _WITHIN_TILES * model.dynamics.resistance * float(np.abs(rest).max()) <= _ENOUGH:
            return np.tensordot(shares, self.within, 1), self
        if len(self.patterns) == _MOST:
            return Details._first(model, reference, heat)
        size = np.float32(np.linalg.norm(rest))
        pattern = rest / size
        found = model.details(reference, pattern.reshape(heat.shape))
        known = Details(
            reference, np.concatenate([self.patterns, pattern[None]]), np.concatenate([self.within, found[None]])
        )
        return np.tensordot(shares, self.within, 1) + size * found, known

    @classmethod
    def _first(cls, model: ReducedWaferModel, reference: Reference, heat: Real) -> tuple[Real, Details]:
        size = np.float32(np.linalg.norm(heat))
        if size == 0.0:
            return np.zeros(model.nodes, np.float32), cls()
        pattern = heat / size
        found = model.details(reference, pattern)
        return size * found, cls(reference, pattern.reshape(1, -1), found[None])

    def tree(self) -> dict[str, Real]:
        """Return what `restored` needs, as arrays by name."""
        if self.patterns is None:
            return {}
        return {"detail_reference": np.array(self.reference), "patterns": self.patterns}

    @classmethod
    def restored(cls, model: ReducedWaferModel, tree: dict[str, Real]) -> Details:
        """Return what `tree` told of."""
        if "patterns" not in tree:
            return cls()
        flow, temperature = (float(value) for value in tree["detail_reference"])
        patterns = tree["patterns"]
        columns, rows = model.full.tiles[::-1]
        within = [model.details((flow, temperature), pattern.reshape(columns, rows)) for pattern in patterns]
        return cls((flow, temperature), patterns, np.stack(within))
