"""How far a key may go until a limit breaks: between two points of a study, interpolated where that is safe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.spec.answer import Answer
from twin.study.limits import Limit
from twin.study.points import StudyPoints

_STRAIGHT = 0.1
"""How far, as a share of the way between two points, an interpolated edge may lie from an extrapolated one."""


@dataclass(frozen=True)
class Edge:
    """How far a key may go: the last point that holds, the first that does not, and what ends it.

    `reached` is where the limit `broken` is met between the two, linear in the margin; None where only the two are
    known: the margin bends, or the next point has no result and `broken` is empty. `beyond` is None at the end of
    the axis.
    """

    reached: float | None
    last: float
    beyond: float | None
    broken: str

    @property
    def end(self) -> float:
        """How far the key may go, as far as is known."""
        return self.last if self.reached is None else self.reached


def edge_beyond(points: StudyPoints, answer: Answer, number: int) -> Edge:
    """Return where along the axis of the goal the limits end, beyond a point that holds them."""
    column = points.columns[answer.goal]
    last = float(column.values[number])
    step = 1 if answer.maximise else -1
    following = points.neighbour(number, column.name, step)
    if following is None:
        return Edge(None, last, None, "")
    beyond = float(column.values[following])
    margins = {text: Limit(text).margins(points) for text in answer.limits}
    broken = [text for text in answer.limits if margins[text][following] < 0.0]
    if not broken:
        return Edge(None, last, beyond, "")
    row = [points.neighbour(number, column.name, places * step) for places in (-1, 0, 1, 2)]
    keys = _at(row, column.values)
    zeros = {text: _zero(*keys[1:3], *_at(row, margins[text])[1:3]) for text in broken}
    first = min(broken, key=lambda text: abs(zeros[text] - last))
    if np.issubdtype(column.axis.dtype, np.integer):
        if abs(beyond - last) == 1.0:
            return Edge(last, last, beyond, first)
        zeros[first] = float(np.trunc(zeros[first] - last)) + last  # the last whole number that holds
    straight = all(_is_straight(keys, _at(row, margins[text])) for text in broken)
    return Edge(zeros[first] if straight else None, last, beyond, first)


def _at(row: Sequence[int | None], values: NDArray[Any]) -> list[float]:
    return [nan if number is None else float(values[number]) for number in row]


def _zero(low: float, high: float, margin_low: float, margin_high: float) -> float:
    """Return where the line through two points meets zero; NaN if it does not."""
    rise = margin_high - margin_low
    return low - margin_low * (high - low) / rise if rise else nan


def _is_straight(keys: Sequence[float], margins: Sequence[float]) -> bool:
    """Tell whether a margin that ends between the inner two of four points may be interpolated.

    With one kink between the outer points the true end lies between the interpolated one and one of those that are
    extrapolated from either side, and no further from the first than the nearer of these.
    """
    between = _zero(*keys[1:3], *margins[1:3])
    outside = [_zero(*keys[at : at + 2], *margins[at : at + 2]) for at in (0, 2)]
    misses = [abs(end - between) for end in outside if isfinite(end)]
    return min(misses, default=np.inf) <= _STRAIGHT * abs(keys[2] - keys[1])
