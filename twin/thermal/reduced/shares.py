"""From nodes to tiles and back, along each axis; single precision. Kept: the points of a study share a few meshes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from twin.fe.tensor import TensorGrid
from twin.thermal.reduced.arrays import Real
from twin.thermal.wafer import tile_integrals

_MOST = 16


@dataclass(frozen=True, eq=False)
class TileShares:
    """Shares of nodes in tiles and of tiles in nodes.

    lines : of each line of nodes in each tile across the flow, (tile_x, nx)
    rows : of each node in each tile along the flow, (ny, tile_y)
    across, along : of each tile at each node, (nx, tile_x) and (tile_y, ny); the mean where tiles meet
    """

    lines: Real
    rows: Real
    across: Real
    along: Real

    def means(self, nodes: Real) -> Real:
        """Return means by tile, (tile_x, tile_y), of values on the nodes, (nx, ny)."""
        return np.asarray(self.lines @ nodes @ self.rows)

    def on_lines(self, by_tile: Real) -> Real:
        """Return what is given by tile, (tile_x, tile_y), on the lines across the flow, (nx, tile_y)."""
        return np.asarray(self.across @ by_tile.astype(np.float32))

    def on_nodes(self, by_tile: Real) -> Real:
        """Return what is given by tile, (tile_x, tile_y), on the nodes, (nx, ny)."""
        return np.asarray(self.on_lines(by_tile) @ self.along)

    def within(self, nodes: Real) -> Real:
        """Return how values on the nodes, (nx, ny), differ from what is interpolated between their means by tile."""
        return nodes - self.on_nodes(self.means(nodes))


@lru_cache(maxsize=_MOST)
def tile_shares(grid: TensorGrid, tiles: tuple[int, int]) -> TileShares:
    """Return the shares of a mesh and of its tiles along y and x."""
    x, y = tile_integrals(grid, tiles)
    return TileShares(
        (x / x.sum(axis=0)).T.astype(np.float32),
        (y / y.sum(axis=0)).astype(np.float32),
        (x / x.sum(axis=1, keepdims=True)).astype(np.float32),
        np.ascontiguousarray((y / y.sum(axis=1, keepdims=True)).T, np.float32),
    )
