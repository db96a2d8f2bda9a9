"""What time steps of one length need of the reduced states: those that it resolves, and what heat does in it.

States that such a step leaves nothing of rest under the heat of the step; they come last, and are not kept. Nor is
half a pair that the last place kept would cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.thermal.reduced.arrays import Real
from twin.thermal.reduced.even import gain

if TYPE_CHECKING:
    from twin.thermal.reduced.dynamics import Dynamics


@dataclass(frozen=True)
class Pace:
    """Implicit Euler steps of one length; single precision.

    count : states that are kept of each group
    own, other, others : factors of states and of their partners, (groups, count), and places of the latter
    after : what heat in tiles' modes adds to the states, (groups, count, rows)
    board : what 1 W/m2 into the bottom adds to those of the even group, (count,)
    readings : those of the states kept, (groups, 2 rows, count)
    feed : what heat adds to the readings, (groups, 2 rows, rows), and 1 W/m2 into the bottom: `board_feed`, (2 rows,)
    """

    count: int
    own: Real
    other: Real
    others: NDArray[np.int64]
    after: Real
    board: Real
    readings: Real
    feed: Real
    board_feed: Real

    @classmethod
    def of(cls, dynamics: Dynamics, step: float) -> Pace:
        """Return the steps of `step` seconds."""
        count = dynamics.resolved(step)
        own, other = gain(dynamics.real, dynamics.imaginary, step)
        resting = gain(dynamics.real, dynamics.imaginary, None)
        driving = np.concatenate([dynamics.left, np.zeros_like(dynamics.left[:, :, :1])], axis=2).astype(float)
        driving[0, :, -1] = dynamics.board
        paired = np.take_along_axis(driving, dynamics.partner[:, :, None], axis=1)
        after = step * (own[:, :, None] * driving + other[:, :, None] * paired)
        rest = resting[0][:, :, None] * driving + resting[1][:, :, None] * paired
        resolved = (np.arange(own.shape[1]) < count) & (dynamics.partner < count)
        after = np.where(resolved[:, :, None], after, rest)
        feed = np.matmul(dynamics.readings, after).astype(np.float32)
        groups = np.arange(len(own))[:, None]
        return cls(
            count,
            np.where(resolved, own, 0.0)[:, :count].astype(np.float32),
            np.where(resolved, other, 0.0)[:, :count].astype(np.float32),
            np.minimum(dynamics.partner[:, :count], count - 1) + count * groups,
            np.ascontiguousarray(after[:, :count, :-1], np.float32),
            after[0, :count, -1].astype(np.float32),
            np.ascontiguousarray(dynamics.readings[:, :, :count]),
            np.ascontiguousarray(feed[:, :, :-1]),
            feed[0, :, -1],
        )

    def relaxed(self, before: Real, board: float) -> Real:
        """Return the states after a step without heat from those before it; `board` in W/m2 into the bottom."""
        states = self.own * before + self.other * before.ravel()[self.others]
        states[0] += np.float32(board) * self.board
        return np.asarray(states)

    def read(self, relaxed: Real, board: float) -> Real:
        """Return the readings after a step without heat in tiles' modes, (groups, 2 rows)."""
        found = np.matmul(self.readings, relaxed[:, :, None])[:, :, 0]
        found[0] += np.float32(board) * (self.board_feed - self.readings[0] @ self.board)
        return np.asarray(found)

    def driven(self, relaxed: Real, modes: Real) -> Real:
        """Return the states after a step with heat in tiles' modes, (groups, rows)."""
        return np.asarray(relaxed + np.matmul(self.after, modes[:, :, None])[:, :, 0])

    def fed(self, modes: Real, rows: slice = slice(None)) -> Real:
        """Return what heat in tiles' modes adds to the readings, or to some of their rows."""
        return np.asarray(np.matmul(self.feed[:, rows], modes[:, :, None])[:, :, 0])
