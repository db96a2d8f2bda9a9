"""A serving simulation that is stepped: requests queue, are admitted, prefilled and decoded.

Decoding streams all advance at one rate, so each finishes when the shared progress (tokens per stream)
reaches a threshold that is known when it starts: a heap of thresholds makes every event cost O(log n).
Rates are piecewise constant between events, which do not depend on how time is cut into steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import cached_property
from heapq import heappop, heappush
from math import inf
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from twin.workload.intervals import Interval

Floats = NDArray[np.float64]


class Rates(NamedTuple):
    """What an executor does while streams, their context and the prompt in prefill stay as they are.

    `decode` tokens per second of each stream, `prefill` prompt tokens per second, `passes` over the weights
    per second, and the busy shares of the executor's time spent on decoding and on prefill.
    """

    decode: float
    prefill: float
    passes: float
    busy_decode: float
    busy_prefill: float


class Executor(Protocol):
    """The machine that serves: a pipeline of wafers or a batch on GPUs."""

    def rates(self, streams: int, context: float, prompt: int) -> Rates:
        """Return the rates with `streams` decoding at mean `context`; `prompt` tokens in prefill or 0."""
        ...


@dataclass(frozen=True)
class Requests:
    """Requests in order of arrival: time in s, tokens of the prompt and tokens to generate."""

    arrival: Floats
    context: NDArray[np.int64]
    generated: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.arrival)

    @cached_property
    def listed(self) -> tuple[list[float], list[int], list[int]]:
        """Arrivals, prompts and tokens to generate as plain numbers, which are quicker to read one by one."""
        return self.arrival.tolist(), self.context.tolist(), self.generated.tolist()


@dataclass(frozen=True)
class Limits:
    """What bounds admission: tokens in the cache and concurrent streams; `refresh` tokens between updates.

    A stream's context grows while it is decoded; rates follow it at every event and at the latest when
    each stream has advanced by `refresh` tokens.
    """

    cache_tokens: int
    streams: int | None = None
    refresh: float = 64.0


@dataclass(frozen=True)
class Queue:
    """The whole state between steps: numbers and lists of numbers.

    `arrived` and `admitted` count requests from the first on; the queue is what lies between. Streams being
    decoded are in `decoding`, a heap of (progress at the last token, request); those without a first token
    in `unanswered` as (progress at that token, request), the others in `answered` as (request, time of that
    token). `context_base` is the sum over streams of prompt less the progress at which they began;
    `seen_context` and `seen_progress` are of the latest event, on which the rates rest.
    """

    time: float = 0.0
    progress: float = 0.0
    arrived: int = 0
    admitted: int = 0
    prefilling: int = -1
    prefill_left: float = 0.0
    cache_tokens: int = 0
    context_base: float = 0.0
    seen_context: float = 0.0
    seen_progress: float = 0.0
    decoding: list[tuple[float, int]] = field(default_factory=list)
    unanswered: list[tuple[float, int]] = field(default_factory=list)
    answered: list[tuple[int, float]] = field(default_factory=list)


def step(queue: Queue, dt: float, requests: Requests, executor: Executor, limits: Limits) -> tuple[Queue, Interval]:
    """Serve for `dt` seconds; return the new state and what was served.

    A request whose prompt and answer exceed the whole cache is rejected when its turn comes.
    """
    simulation = _Simulation(queue, requests, executor, limits)
    simulation.run(queue.time + dt)
    return simulation.queue(), simulation.interval()


def is_drained(queue: Queue, requests: Requests) -> bool:
    """Tell whether every request has been served or rejected."""
    return queue.admitted == len(requests) and queue.prefilling < 0 and not queue.decoding


def pack(queue: Queue) -> dict[str, NDArray[Any]]:
    """Return the state as arrays that can be stored; `unpack` gives it back exactly."""
    return {item.name: np.asarray(getattr(queue, item.name)) for item in fields(queue)}


def unpack(arrays: dict[str, NDArray[Any]]) -> Queue:
    """Return the state that `pack` stored."""
    counts = ("arrived", "admitted", "prefilling", "cache_tokens")
    scalars = {
        item.name: (int if item.name in counts else float)(arrays[item.name])
        for item in fields(Queue)
        if item.name not in ("decoding", "unanswered", "answered")
    }
    return Queue(
        **scalars,  # type: ignore[arg-type]
        decoding=[(float(a), int(b)) for a, b in arrays["decoding"]],
        unanswered=[(float(a), int(b)) for a, b in arrays["unanswered"]],
        answered=[(int(a), float(b)) for a, b in arrays["answered"]],
    )


class _Simulation:
    """One step in the making: the mutable copy of a state and the sums of its interval."""

    def __init__(self, queue: Queue, requests: Requests, executor: Executor, limits: Limits):
        self.executor, self.limits = executor, limits
        self.arrivals, self.prompts, self.answers = requests.listed
        self.start, self.time, self.progress = queue.time, queue.time, queue.progress
        self.arrived, self.admitted = queue.arrived, queue.admitted
        self.prefilling, self.prefill_left = queue.prefilling, queue.prefill_left
        self.cache_tokens, self.context_base = queue.cache_tokens, queue.context_base
        self.seen_context, self.seen_progress = queue.seen_context, queue.seen_progress
        self.decoding, self.unanswered = list(queue.decoding), list(queue.unanswered)
        self.answered = dict(queue.answered)
        self.output = self.prompt = self.context_reads = self.prompt_reads = 0.0
        self.passes = self.busy_decode = self.busy_prefill = self.stream_time = self.context_time = 0.0
        self.rejected = 0
        self.first_waits: list[float] = []
        self.user_rates: list[float] = []
        self.completed = 0

    def run(self, end: float) -> None:
        """Advance from event to event up to `end`."""
        rates = self._rates()
        while True:
            wait, event = self._next_event(rates)
            if not self.time + wait < end:
                self._advance(end - self.time, rates)
                self.time = end
                return
            self._advance(wait, rates)
            if event():
                self._look()
                rates = self._rates()

    def _rates(self) -> Rates:
        prompt = self.prompts[self.prefilling] if self.prefilling >= 0 else 0
        return self.executor.rates(len(self.decoding), self.seen_context, prompt)

    def _next_event(self, rates: Rates) -> tuple[float, Callable[[], bool]]:
        """Return the wait to the next event and what happens then."""
        wait, event = inf, self._arrive
        if self.arrived < len(self.arrivals):
            wait = max(0.0, self.arrivals[self.arrived] - self.time)
        if self.prefilling >= 0 and rates.prefill > 0.0 and self.prefill_left < wait * rates.prefill:
            wait, event = self.prefill_left / rates.prefill, self._finish_prefill
        if self.decoding and rates.decode > 0.0:
            left = self.decoding[0][0] - self.progress
            if left <= wait * rates.decode:
                wait, event = max(0.0, left / rates.decode), self._finish_stream
            left = self.seen_progress + self.limits.refresh - self.progress
            if left < wait * rates.decode:
                wait, event = max(0.0, left / rates.decode), self._refresh
        return wait, event

    def _advance(self, dt: float, rates: Rates) -> None:
        """Let `dt` pass at constant rates."""
        streams = len(self.decoding)
        gained = rates.decode * dt
        if streams:
            cached = self.context_base + streams * (self.progress + 0.5 * gained)
            self.output += streams * gained
            self.context_reads += gained * cached
            self.stream_time += streams * dt
            self.context_time += cached * dt
            self._answer(self.progress + gained, rates.decode)
            self.progress += gained
        if self.prefilling >= 0:
            done = min(self.prefill_left, rates.prefill * dt)
            self.prefill_left -= done
            self.prompt += done
            self.prompt_reads += done * 0.5 * self.prompts[self.prefilling]
        self.passes += rates.passes * dt
        self.busy_decode += rates.busy_decode * dt
        self.busy_prefill += rates.busy_prefill * dt
        self.time += dt

    def _answer(self, progress: float, rate: float) -> None:
        """Record the first tokens of streams whose threshold lies below `progress`, before time moves."""
        while self.unanswered and self.unanswered[0][0] <= progress:
            threshold, request = self.unanswered.pop(0)
            moment = self.time + (max(0.0, threshold - self.progress) / rate if rate > 0.0 else 0.0)
            self.answered[request] = moment
            self.first_waits.append(moment - self.arrivals[request])

    def _arrive(self) -> bool:
        self.arrived += 1
        return self._admit()

    def _admit(self) -> bool:
        """Let the head of the queue into prefill if nothing is there and cache and streams suffice."""
        while self.prefilling < 0 and self.admitted < self.arrived:
            request = self.admitted
            need = self._tokens(request)
            if need > self.limits.cache_tokens:
                self.rejected += 1
                self.admitted += 1
                continue
            full = self.limits.streams is not None and len(self.decoding) >= self.limits.streams
            if full or self.cache_tokens + need > self.limits.cache_tokens:
                return False
            self.admitted += 1
            self.cache_tokens += need
            self.prefilling, self.prefill_left = request, float(self.prompts[request])
            return True
        return False

    def _tokens(self, request: int) -> int:
        return self.prompts[request] + self.answers[request]

    def _finish_prefill(self) -> bool:
        """Begin to decode: each token, the first included, is one pass."""
        request, self.prefilling = self.prefilling, -1
        self.prompt += self.prefill_left
        self.prefill_left = 0.0
        heappush(self.decoding, (self.progress + float(self.answers[request]), request))
        self.unanswered.append((self.progress + 1.0, request))
        self.context_base += float(self.prompts[request]) - self.progress
        self._admit()
        return True

    def _finish_stream(self) -> bool:
        threshold, request = heappop(self.decoding)
        self.progress = threshold
        self._answer(threshold, 0.0)
        generated = float(self.answers[request])
        began = threshold - generated
        self.context_base -= float(self.prompts[request]) - began
        if not self.decoding:
            self.context_base = 0.0  # no rounding is carried from one busy period to the next
        self.cache_tokens -= self._tokens(request)
        first = self.answered.pop(request)
        self.completed += 1
        if generated > 1.0:
            self.user_rates.append((generated - 1.0) / (self.time - first))
        self._admit()
        return True

    def _refresh(self) -> bool:
        return True

    def _look(self) -> None:
        """Note what the rates depend on, so that they are the same however time is cut into steps."""
        streams = len(self.decoding)
        self.seen_context = self.context_base / streams + self.progress if streams else 0.0
        self.seen_progress = self.progress

    def queue(self) -> Queue:
        """Return the state as it is now."""
        return Queue(
            time=self.time,
            progress=self.progress,
            arrived=self.arrived,
            admitted=self.admitted,
            prefilling=self.prefilling,
            prefill_left=self.prefill_left,
            cache_tokens=self.cache_tokens,
            context_base=self.context_base,
            seen_context=self.seen_context,
            seen_progress=self.seen_progress,
            decoding=self.decoding,
            unanswered=self.unanswered,
            answered=list(self.answered.items()),
        )

    def interval(self) -> Interval:
        """Return what was served so far."""
        duration = self.time - self.start
        return Interval(
            duration=duration,
            output_tokens=self.output,
            prompt_tokens=self.prompt,
            context_reads=self.context_reads,
            prompt_reads=self.prompt_reads,
            passes=self.passes,
            busy_decode=self.busy_decode / duration,
            busy_prefill=self.busy_prefill / duration,
            mean_streams=self.stream_time / duration,
            mean_context=self.context_time / self.stream_time if self.stream_time else 0.0,
            queue_length=self.arrived - self.admitted,
            completed=self.completed,
            rejected=self.rejected,
            time_to_first_token=np.asarray(self.first_waits),
            user_rate=np.asarray(self.user_rates),
        )
