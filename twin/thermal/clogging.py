"""Clogged patches on the cells of a bed: friction factors, and the share of channels left open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.errors import Problem
from twin.spec.clog import Clog

FloatArray = NDArray[np.float64]

_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Clogging:
    """Per column and cell of a bed, broadcast to (n, m): factor on friction, share of channels open."""

    resistance: FloatArray
    open_share: FloatArray

    @classmethod
    def none(cls) -> Clogging:
        """Return clean channels."""
        return cls(np.ones((1, 1)), np.ones((1, 1)))

    @classmethod
    def over(cls, clogs: Sequence[Clog], column_widths: ArrayLike, edges: ArrayLike, axis: str = "y") -> Clogging:
        """Return the patches on columns across the flow (from 0) and cells along it, `axis` x or y.

        A patch that covers a cell in part counts by its share: along the flow resistances add up,
        f_y = 1 + c_y (f - 1); across it channels lie side by side, 1/f = (1 - c_x) + c_x / f_y.
        """
        columns = np.concatenate([[0.0], np.cumsum(column_widths)])
        cells = np.asarray(edges, dtype=float)
        resistance = np.ones((columns.size - 1, cells.size - 1))
        open_share = np.ones_like(resistance)
        for clog in clogs:
            across, along = (clog.x, clog.y) if axis == "y" else (clog.y, clog.x)
            side, length = _covered(columns, across)[:, None], _covered(cells, along)[None, :]
            in_line = 1.0 + length * (clog.resistance_factor - 1.0)
            resistance *= 1.0 / ((1.0 - side) + side / in_line)
            open_share *= 1.0 - clog.blocked_share * side * (length > 0.0)
        return cls(resistance, np.where(open_share > _ROUNDING, open_share, 0.0))


def clog_problems(clogs: Sequence[Clog], width: float, length: float, key: str = "clogged") -> list[Problem]:
    """Return which patches leave a layer of `width` along x and `length` along y, in m."""
    return [
        Problem(f"{key}.{number}.{name}", f"{low:g} to {high:g} m leaves the layer, 0 to {extent:g} m")
        for number, clog in enumerate(clogs)
        for name, (low, high), extent in (("x", clog.x, width), ("y", clog.y, length))
        if low < -_ROUNDING * extent or high > extent * (1.0 + _ROUNDING)
    ]


def _covered(edges: FloatArray, interval: tuple[float, float]) -> FloatArray:
    """Return the share of each cell that lies in the interval."""
    low, high = edges[:-1], edges[1:]
    covered = np.clip(np.minimum(high, interval[1]) - np.maximum(low, interval[0]), 0.0, None) / (high - low)
    return np.where(covered > _ROUNDING, covered, 0.0)
