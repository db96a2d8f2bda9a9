"""What was served in a step, and how steps and replicas add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """What was served in one step; token counts are those of the step, `mean_` are means over its time.

    `context_reads` sums the cached tokens read by decoding, `prompt_reads` those read by prefill;
    `time_to_first_token` is of the requests answered, `user_rate` (tokens/s after the first token, one
    entry per completed request of two tokens or more) of those completed in the step.
    """

    duration: float
    output_tokens: float
    prompt_tokens: float
    context_reads: float
    prompt_reads: float
    passes: float
    busy_decode: float
    busy_prefill: float
    mean_streams: float
    mean_context: float
    queue_length: int
    completed: int
    rejected: int
    time_to_first_token: Floats
    user_rate: Floats


def merge_replicas(intervals: Sequence[Interval]) -> Interval:
    """Return what replicas served together in the same step; busy shares are means over the replicas."""
    return _merge(intervals, intervals[0].duration, np.ones(len(intervals)), intervals)


def merge_steps(intervals: Sequence[Interval]) -> Interval:
    """Return what one executor served in consecutive steps; means are over their time."""
    durations = np.array([item.duration for item in intervals])
    total = float(durations.sum())
    return _merge(intervals, total, durations / total, intervals[-1:])


def _merge(intervals: Sequence[Interval], duration: float, weights: Floats, waiting: Sequence[Interval]) -> Interval:
    """Return sums of counts, and means with `weights` per interval; `waiting` are those whose queues add."""

    def total(name: str) -> Any:
        return sum(getattr(item, name) for item in intervals)

    def weighted(name: str) -> float:
        return float(weights @ np.array([getattr(item, name) for item in intervals]))

    streams = np.array([item.mean_streams for item in intervals]) * weights
    contexts = np.array([item.mean_context for item in intervals])
    count = weights.sum()
    return Interval(
        duration=duration,
        output_tokens=total("output_tokens"),
        prompt_tokens=total("prompt_tokens"),
        context_reads=total("context_reads"),
        prompt_reads=total("prompt_reads"),
        passes=total("passes"),
        busy_decode=weighted("busy_decode") / count,
        busy_prefill=weighted("busy_prefill") / count,
        mean_streams=float(streams.sum()),
        mean_context=float(streams @ contexts / streams.sum()) if streams.any() else 0.0,
        queue_length=sum(item.queue_length for item in waiting),
        completed=total("completed"),
        rejected=total("rejected"),
        time_to_first_token=np.concatenate([item.time_to_first_token for item in intervals]),
        user_rate=np.concatenate([item.user_rate for item in intervals]),
    )
