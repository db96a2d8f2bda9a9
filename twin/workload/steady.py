"""Steady service: a fixed number of streams, each asking again as soon as it is answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from twin.errors import Problem, SpecError
from twin.workload.intervals import Interval
from twin.workload.pipeline import Pipeline

Limiter = Literal["latency", "pipeline", "compute", "memory", "overhead", "communication", "capacity"]


@dataclass(frozen=True)
class Steady:
    """A steady operating point.

    `breakdown` are the parts in s of one token of one stream; `interval` is one second of service, from
    which activity and power follow.
    """

    tokens_per_second: float
    tokens_per_second_per_user: float
    time_to_first_token: float
    inter_token_latency: float
    streams: int
    limiter: Limiter
    breakdown: dict[str, float]
    interval: Interval


def admitted_streams(streams: int, prompt: int, generated: int, cache_tokens: int, where: str) -> int:
    """Return the streams whose tokens fit the cache; SpecError if not even one does."""
    fitting = cache_tokens // (prompt + generated)
    if fitting < 1:
        message = f"a stream of {prompt + generated} tokens does not fit the cache of {cache_tokens}; shorten it"
        raise SpecError(where, [Problem("context", message)])
    return min(streams, fitting)


def one_second(
    output: float, prompts: float, prompt: float, context: float, streams: float, passes: float, busy: float
) -> Interval:
    """Return a second of steady service: `output` tokens, `prompts` prompt tokens, at a busy share."""
    total = output + prompts
    return Interval(
        duration=1.0,
        output_tokens=output,
        prompt_tokens=prompts,
        context_reads=output * context,
        prompt_reads=prompts * 0.5 * prompt,
        passes=passes,
        busy_decode=busy * output / total,
        busy_prefill=busy * prompts / total,
        mean_streams=streams,
        mean_context=context,
        queue_length=0,
        completed=0,
        rejected=0,
        time_to_first_token=np.zeros(0),
        user_rate=np.zeros(0),
    )


def steady_pipeline(
    pipe: Pipeline, streams: int, prompt: int, generated: int, cache_tokens: int, where: str = "command line"
) -> Steady:
    """Return the steady service of wafers with `streams` concurrent requests, prefill included.

    A request alone takes n t_p + G T; the busiest square is held n t_p + G t per request. Requests per
    second are the smaller of S over the first and 1 over the second; where the square is the limit, prefill
    and decoding stretch alike.
    """
    admitted = admitted_streams(streams, prompt, generated, cache_tokens, where)
    context = prompt + 0.5 * generated
    token = pipe.token_time(context)
    reading = prompt * pipe.prompt_time(prompt)
    alone = reading + generated * token.total
    held = reading + generated * pipe.stage_time(context)
    requests = min(admitted / alone, 1.0 / held)
    stretch = admitted / (requests * alone)
    output = requests * generated
    limiter: Limiter = "pipeline" if admitted * held > alone else "latency"
    busy = one_second(output, requests * prompt, prompt, context, admitted, output / admitted, requests * held)
    return Steady(
        tokens_per_second=output,
        tokens_per_second_per_user=output / admitted,
        time_to_first_token=stretch * (reading + token.total),
        inter_token_latency=stretch * token.total,
        streams=admitted,
        limiter="capacity" if admitted < streams else limiter,
        breakdown={
            "layers": token.layers,
            "head": token.head,
            "transfer": token.transfer,
            "host": token.host,
        },
        interval=busy,
    )
