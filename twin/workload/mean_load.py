"""The mean load of a trace, and wafers that serve it steadily: no queue, no time stepping."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np

from twin.errors import RunStopped
from twin.workload.intervals import Interval
from twin.workload.pipeline import Pipeline
from twin.workload.serving import Limits, Requests
from twin.workload.steady import one_second


@dataclass(frozen=True)
class MeanLoad:
    """Requests as a steady flow: requests per second, mean tokens of prompt and answer.

    `decode_context` E[g (p + g/2)]/E[g] is what a decoded token reads on average, half of `prompt_length`
    E[p^2]/E[p] what a prompt token reads: times and reads are affine in the context, so their means over
    the requests are exact.
    """

    requests: float
    prompt: float
    generated: float
    decode_context: float
    prompt_length: float


@dataclass(frozen=True)
class MeanService:
    """Steady service: one second of it (None without requests), and what a user sees; `queue`: more is asked."""

    interval: Interval | None
    tokens_per_second_per_user: float | None
    time_to_first_token: float | None
    queue: bool

    @property
    def busy(self) -> float:
        """Share of time in which the busiest part has work."""
        return self.interval.busy_decode + self.interval.busy_prefill if self.interval else 0.0


NO_SERVICE = MeanService(None, None, None, False)
NO_WORK = Interval(
    duration=1.0,
    output_tokens=0.0,
    prompt_tokens=0.0,
    context_reads=0.0,
    prompt_reads=0.0,
    passes=0.0,
    busy_decode=0.0,
    busy_prefill=0.0,
    mean_streams=0.0,
    mean_context=0.0,
    queue_length=0,
    completed=0,
    rejected=0,
    time_to_first_token=np.zeros(0),
    user_rate=np.zeros(0),
)
"""A second in which nothing is served."""


def mean_load(requests: Requests, duration: float) -> MeanLoad | None:
    """Return the mean of requests that arrive within `duration` seconds; None if there are none."""
    if not len(requests):
        return None
    prompt, answer = requests.context.astype(float), requests.generated.astype(float)
    return MeanLoad(
        requests=len(requests) / duration,
        prompt=float(prompt.mean()),
        generated=float(answer.mean()),
        decode_context=float(np.mean(answer * (prompt + 0.5 * answer)) / answer.mean()),
        prompt_length=float(np.mean(prompt**2) / prompt.mean()),
    )


def most_streams(load: MeanLoad, limits: Limits) -> float:
    """Return how many mean requests may be served at once; RunStopped if not even one fits the cache."""
    fitting = limits.cache_tokens / (load.prompt + load.generated)
    if fitting < 1.0:
        needed = load.prompt + load.generated
        raise RunStopped(f"a mean request of {needed:.0f} tokens does not fit the cache of {limits.cache_tokens}")
    return min(fitting, inf if limits.streams is None else float(limits.streams))


def serve_on_pipeline(pipe: Pipeline, load: MeanLoad, limits: Limits) -> MeanService:
    """Return the steady service of wafers under a mean load, as `twin.workload.steady.steady_pipeline`.

    A request alone takes n t_p + G T and holds the busiest square n t_p + G t. Requests per second are the
    smallest of those that arrive, S_max over the first and 1 over the second; where the square or the
    cache is the limit, prefill and decoding stretch alike.
    """
    token = pipe.token_time(load.decode_context)
    reading = load.prompt * pipe.prompt_time(load.prompt_length)
    alone = reading + load.generated * token.total
    held = reading + load.generated * pipe.stage_time(load.decode_context)
    most = most_streams(load, limits)
    served = min(load.requests, most / alone, 1.0 / held)
    queue = served < load.requests
    streams = most if queue else served * alone
    stretch = streams / (served * alone)
    output = served * load.generated
    interval = one_second(
        output, served * load.prompt, load.prompt_length, load.decode_context, streams, output / streams, served * held
    )
    return MeanService(interval, 1.0 / (stretch * token.total), stretch * (reading + token.total), queue)
