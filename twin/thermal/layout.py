"""Where a manifold feeds and drains parallel channels: slots, and the pieces between them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.errors import Problem, SpecError

FloatArray = NDArray[np.float64]

_COINCIDE = 1e-9


@dataclass(frozen=True)
class Piece:
    """Cells `first` to `last` (inclusive) between an inlet and an outlet; direction +1 along the channels' axis."""

    first: int
    last: int
    direction: int


@dataclass(frozen=True, eq=False)
class Layout:
    """Where fluid enters and leaves: slot positions on the edges of the cells along the channels.

    All along a slot the channels below it have the slot's pressure, so that they lose none there: the
    hydraulic length of a piece is its spacing less half a slot at either end.  The ends of the channels
    are closed.

    Raises
    ------
    SpecError
        A slot is not on an edge, two slots coincide, slots leave no channel between them, or no inlet
        has an outlet beside it.
    """

    edges: FloatArray
    inlets: tuple[float, ...]
    outlets: tuple[float, ...]
    slot_width: float = 0.0

    def __post_init__(self) -> None:
        problems = self._problems()
        if problems:
            raise SpecError("slots of the channels", problems)

    @classmethod
    def single_pass(cls, edges: ArrayLike, direction: int = 1) -> Layout:
        """Return one pass from end to end, along their axis (+1) or against it (-1)."""
        edges = np.asarray(edges, dtype=float)
        low, high = float(edges[0]), float(edges[-1])
        return cls(edges, (low,), (high,)) if direction > 0 else cls(edges, (high,), (low,))

    @classmethod
    def manifold(cls, edges: ArrayLike, pieces: int, slot_width: float, blocked: Iterable[int] = ()) -> Layout:
        """Return `pieces` equal pieces between slots 0 (an inlet at the low end) to `pieces`, alternating.

        Slots whose numbers are in `blocked` are closed.
        """
        edges = np.asarray(edges, dtype=float)
        positions = slot_positions(float(edges[0]), float(edges[-1]), pieces)
        closed = set(blocked)
        unknown = sorted(closed - set(range(pieces + 1)))
        if unknown:
            text = f"no slot {', '.join(map(str, unknown))}; slots are numbered 0 to {pieces}"
            raise SpecError("slots of the channels", [Problem("blocked", text)])
        open_slots = [(k, y) for k, y in enumerate(positions) if k not in closed]
        inlets = tuple(y for k, y in open_slots if k % 2 == 0)
        outlets = tuple(y for k, y in open_slots if k % 2 == 1)
        return cls(edges, inlets, outlets, slot_width)

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """The pieces that carry flow, in order along the axis."""
        found = []
        for (low, kind), (high, following) in zip(self._slots, self._slots[1:], strict=False):
            if kind != following:
                found.append(Piece(self._edge(low), self._edge(high) - 1, kind))
        return tuple(found)

    @cached_property
    def piece_of_cell(self) -> NDArray[np.intp]:
        """Number of the piece of every cell, (m,); that of no piece where no fluid moves."""
        numbers = np.full(len(self.edges) - 1, len(self.pieces), dtype=np.intp)
        for number, piece in enumerate(self.pieces):
            numbers[piece.first : piece.last + 1] = number
        return numbers

    @cached_property
    def piece_bounds(self) -> NDArray[np.intp]:
        """First cell of each piece and first cell behind it, in turn, for `reduceat`; the end of the cells left out."""
        bounds = np.array([(piece.first, piece.last + 1) for piece in self.pieces], dtype=np.intp).ravel()
        return bounds[bounds < len(self.edges) - 1]

    @cached_property
    def lengths(self) -> FloatArray:
        """Hydraulic length of every cell in m, (m,): its own length, less what lies under slots."""
        low, high = self.edges[:-1], self.edges[1:]
        lengths = high - low
        for place, _ in self._slots:
            below = np.minimum(high, place + 0.5 * self.slot_width) - np.maximum(low, place - 0.5 * self.slot_width)
            lengths = lengths - np.clip(below, 0.0, None)
        return np.where(lengths > _COINCIDE * np.diff(self.edges), lengths, 0.0)

    @cached_property
    def directions(self) -> FloatArray:
        """+1, -1, or 0 where no fluid moves, per cell (m,)."""
        signs = np.zeros(len(self.edges) - 1)
        for piece in self.pieces:
            signs[piece.first : piece.last + 1] = piece.direction
        return signs

    @cached_property
    def distances(self) -> FloatArray:
        """Distance from the entry for the thermal entrance, (m,); infinite where no fluid moves.

        Of a cell from x1 to x2 it is the distance whose Leveque value is the cell's mean,
        x^(-1/3) = 3/2 (x2^(2/3) - x1^(2/3)) / (x2 - x1): nearly the centre, except next to the entry.
        """
        distances = np.full(len(self.edges) - 1, np.inf)
        for piece in self.pieces:
            edges = self.edges[piece.first : piece.last + 2]
            entry = edges[0] if piece.direction > 0 else edges[-1]
            from_entry = np.abs(edges - entry)
            mean = 1.5 * np.diff(from_entry ** (2.0 / 3.0)) / np.diff(from_entry)
            distances[piece.first : piece.last + 1] = mean**-3.0
        return distances

    @cached_property
    def _slots(self) -> list[tuple[float, int]]:
        """Slots in order along the axis: (position, +1 for an inlet, -1 for an outlet)."""
        return sorted([(y, 1) for y in self.inlets] + [(y, -1) for y in self.outlets])

    def _edge(self, position: float) -> int:
        return int(np.argmin(np.abs(self.edges - position)))

    def _problems(self) -> list[Problem]:
        extent = float(self.edges[-1] - self.edges[0])
        found = [
            Problem("slots", f"{y:g} m is not on an edge of the cells along the channels")
            for y, _ in self._slots
            if abs(self.edges[self._edge(y)] - y) > _COINCIDE * extent
        ]
        spacings = np.diff([y for y, _ in self._slots])
        if np.any(spacings <= _COINCIDE * extent):
            found.append(Problem("slots", "two slots lie at one position"))
        elif np.any(spacings <= self.slot_width * (1.0 + _COINCIDE)):
            found.append(Problem("slots.width", f"slots of {self.slot_width:g} m leave no channel between them"))
        if not any(a != b for (_, a), (_, b) in zip(self._slots, self._slots[1:], strict=False)):
            found.append(Problem("slots", "no open inlet has an open outlet beside it: nothing can flow"))
        return found


def slot_positions(low: float, high: float, pieces: int) -> FloatArray:
    """Return the positions of `pieces` + 1 slots that divide the extent equally, in m."""
    return low + (high - low) * (np.arange(pieces + 1) / pieces)
