"""Rows of tiles along the flow: the resolution at which the reduced model knows the coolant.

Across the flow the coolant keeps every line of the mesh: lines whose coolant is warmer have thinner
coolant and more of it, and that differs within a tile.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from twin.thermal.bed import ChannelBed
from twin.thermal.jets import JetBed
from twin.thermal.layout import Layout
from twin.thermal.reduced.arrays import Places, Real
from twin.thermal.wafer import WaferThermalModel


@dataclass(frozen=True)
class TileRows:
    """Rows of tiles on the cells of a mesh.

    lengths : length of each row along the flow in m, shape (rows,)
    cell_rows : row of each cell of the mesh
    cell_shares : share of each cell in the mean over its row, shape (cells, rows)
    bed : the coolant on segments, the rows cut at the slots
    segment_rows, segment_shares : as those of the cells
    """

    lengths: Real
    cell_rows: Places
    cell_shares: Real
    bed: ChannelBed | JetBed
    segment_rows: Places
    segment_shares: Real

    @classmethod
    def of(cls, wafer: WaferThermalModel) -> TileRows:
        """Return the rows of a wafer's tiles."""
        edges = np.linspace(0.0, wafer.chip.size.y, wafer.tiles[0] + 1)
        bed, segments = _on_segments(wafer, edges)
        cell_rows, cell_shares = _membership(wafer.grid.y, edges)
        return cls(np.diff(edges), cell_rows, cell_shares, bed, *_membership(segments, edges))

    def on_segments(self, rows: Real) -> Real:
        """Return values of rows, (..., rows), on their segments."""
        return rows if self.segment_rows.size == self.lengths.size else rows[..., self.segment_rows]

    def by_row(self, segments: Real) -> Real:
        """Return the means over rows, (..., rows), of values on segments."""
        if self.segment_rows.size == self.lengths.size:
            return segments
        return np.asarray(segments @ self.segment_shares)


def _membership(cells: Real, edges: Real) -> tuple[Places, Real]:
    """Return the row of each cell by its middle, and its share in the mean over the row."""
    middles, lengths = (cells[1:] + cells[:-1]) / 2, np.diff(cells)
    rows = np.clip(np.searchsorted(edges, middles) - 1, 0, edges.size - 2).astype(np.int64)
    shares = np.zeros((middles.size, edges.size - 1))
    shares[np.arange(middles.size), rows] = lengths
    return rows, shares / shares.sum(axis=0)


def _on_segments(wafer: WaferThermalModel, edges: Real) -> tuple[ChannelBed | JetBed, Real]:
    """Return the wafer's coolant on the rows cut at the slots, and the edges of these segments."""
    bed = wafer.bed
    if isinstance(bed, JetBed):
        return replace(bed, lengths=np.diff(edges)), edges
    (layout,) = bed.layouts
    slots = np.array([*layout.inlets, *layout.outlets])
    distance = np.abs(edges[:, None] - slots).min(axis=1)
    own = [edge for edge, away in zip(edges, distance, strict=True) if away > 1e-9 * edges[-1]]
    segments = np.unique(np.concatenate([own, slots, edges[[0, -1]]]))
    segments = segments[np.concatenate([[True], np.diff(segments) > 1e-9 * edges[-1]])]
    coarse = Layout(segments, layout.inlets, layout.outlets, layout.slot_width)
    # Clogs are refused before anything is asked (ReducedDesign.reference_flow).
    return replace(bed, layouts=(coarse,), clogging=None), segments
