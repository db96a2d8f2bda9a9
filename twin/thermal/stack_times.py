"""When a transient steps: pairs of equal steps between the times that must be hit, fixed or by their error."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from twin.fe.heat import HeatState
from twin.spec.stack import FACES, Stack, Transient
from twin.thermal.stack_check import boundary
from twin.thermal.stack_march import March

_SAME = 1e-12
_DEEPEST = 18
"""A pair of steps is at least the time between two stops over 2^18."""
_START = 10
"""The first pair after a switch is the time to the next stop over 2^10."""
_LONGER = (12.0, 150.0)
"""The next pair is twice (four times) as long if the error is under the tolerance over the first (second)."""
_NOISE, _LEAST_ERROR = 1e-8, 1e-8
"""Differences that are the solver's: over the rise above the coldest sink, and in K."""

Recorder = Callable[[float, HeatState], None]
Told = Callable[[float], None]


@dataclass(frozen=True)
class Pair:
    """Two equal steps, each `step` long, from `begin` to `stop`."""

    begin: float
    step: float
    stop: float


@dataclass(frozen=True)
class Times:
    """The pairs of a transient from its start to its end, and the times reported."""

    pairs: tuple[Pair, ...]
    reported: tuple[float, ...]

    def run(
        self, march: March, start: HeatState, record: Recorder, doubled: bool = False, told: Told | None = None
    ) -> HeatState:
        """March through all pairs (each as one step if `doubled`), recording the reported times."""
        state = start
        waiting = list(self.reported)
        end = self.pairs[-1].stop
        if waiting and waiting[0] == 0.0:
            record(waiting.pop(0), state)
        for pair in self.pairs:
            if doubled:
                state = march.advance(state, pair.begin, 2 * pair.step)
            else:
                state = march.advance(state, pair.begin, pair.step)
                state = march.advance(state, pair.begin + pair.step, pair.step)
            while waiting and waiting[0] <= pair.stop + _SAME * end:
                record(waiting.pop(0), state)
            if told is not None:
                told(pair.stop)
        return state


def reported_times(transient: Transient) -> tuple[float, ...]:
    """Return the times at which probes report, rising; the end if none are given."""
    return tuple(sorted(set(transient.times))) or (transient.end,)


def stops(stack: Stack) -> list[tuple[float, bool]]:
    """Return all times that must be hit, each with whether sources switch there."""
    transient = stack.transient
    assert transient is not None
    switches = {time for source in stack.sources for time, _ in source.schedule}
    bends = {time for face in FACES for time in _times_of(boundary(stack, face).temperature)}
    inside = sorted({*switches, *bends, *reported_times(transient), transient.end})
    return [(time, time in switches) for time in inside if 0 < time <= transient.end]


def _times_of(given: object) -> list[float]:
    """Times of a schedule of temperatures; none for anything else."""
    return [time for time, _ in given] if isinstance(given, tuple) else []


def even_times(stack: Stack, halvings: int) -> Times:
    """Return steps of the file's length, halved so often, equal and even in number between two stops."""
    transient = stack.transient
    assert transient is not None
    assert not isinstance(transient.step, str)
    pairs: list[Pair] = []
    begin = 0.0
    for stop, _ in stops(stack):
        count = max(1, int(np.ceil((stop - begin) / (2 * transient.step) - 1e-9))) * 2**halvings
        edges = np.linspace(begin, stop, count + 1)
        pairs += [Pair(float(a), float(b - a) / 2, float(b)) for a, b in itertools.pairwise(edges)]
        begin = stop
    return Times(tuple(pairs), reported_times(transient))


def chosen_times(stack: Stack, march: March, start: HeatState, tolerance: float, told: Told | None = None) -> Times:
    """Choose steps on a (coarse) model so that the error of each pair stays under a tolerance.

    The error of a pair is a third of its difference from one step of twice the length (step doubling,
    Hairer, Norsett & Wanner, Solving ODEs I, sec. II.4). Pairs are the time between two stops over a
    power of two, so that few different steps are factorised; after a switch they start small.

    Parameters
    ----------
    tolerance : float
        Largest error of a pair over the largest rise so far.
    """
    transient = stack.transient
    assert transient is not None
    steps = _Steps(march, start, start, tolerance)
    pairs: list[Pair] = []
    begin, switched = 0.0, True
    for stop, switches in stops(stack):
        if not pairs:
            steps.scale = steps.rise(march.advance(start, begin, stop))
        depth = _START if switched else int(np.clip(np.ceil(np.log2((stop - begin) / steps.last)), 0, _DEEPEST))
        for pair in steps.between(begin, stop, depth):
            pairs.append(pair)
            if told is not None:
                told(pair.stop)
        begin, switched = stop, switches
    return Times(tuple(pairs), reported_times(transient))


@dataclass
class _Steps:
    """Choosing pairs: the state so far, the largest rise over the start, and the length of the last pair."""

    march: March
    start: HeatState
    state: HeatState
    tolerance: float
    scale: float = 0.0
    last: float = 0.0

    def between(self, low: float, high: float, depth: int) -> Iterator[Pair]:
        """Yield the accepted pairs from one stop to the next; the first has the length over 2^depth."""
        whole, at = 2**_DEEPEST, 0
        while at < whole:
            length = whole >> depth
            begin, step = low + (high - low) * (at / whole), (high - low) / 2 ** (depth + 1)
            after, error = self._tried(begin, step)
            scale = max(self.scale, self.rise(after))
            allowed = max(self.tolerance * scale, self._noise(after))
            if error > allowed and depth < _DEEPEST:
                depth = min(_DEEPEST, depth + max(1, round(np.log2(error / allowed) / 3)))
                continue
            at += length
            self.state, self.scale, self.last = after, scale, 2 * step
            yield Pair(begin, step, high if at == whole else low + (high - low) * (at / whole))
            for ratio in _LONGER:
                if error < allowed / ratio and depth > 0 and at % (whole >> (depth - 1)) == 0:
                    depth -= 1

    def _noise(self, state: HeatState) -> float:
        model = self.march.model
        return _NOISE * (model.highest(state.solid) - model.coldest) + _LEAST_ERROR

    def rise(self, state: HeatState) -> float:
        """Return the largest change since the start in K."""
        return self.march.model.highest(np.abs(state.solid - self.start.solid))

    def _tried(self, begin: float, step: float) -> tuple[HeatState, float]:
        """Return the state after a pair of steps, and its error in K."""
        middle = self.march.advance(self.state, begin, step)
        after = self.march.advance(middle, begin + step, step)
        once = self.march.advance(self.state, begin, 2 * step)
        return after, self.march.model.highest(np.abs(after.solid - once.solid)) / 3
