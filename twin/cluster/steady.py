"""Steady continuous batching on one group of GPUs."""

from __future__ import annotations

from math import ceil

from twin.cluster.group import GpuGroup
from twin.cluster.step_time import Batch, StepTime, steady_batch
from twin.workload.steady import Limiter, Steady, admitted_streams, one_second


def steady_group(group: GpuGroup, streams: int, prompt: int, generated: int, where: str = "command line") -> Steady:
    """Return the steady service of one group with `streams` concurrent requests, prefill included."""
    wanted = min(streams, group.software.maximum_sequences)
    admitted = admitted_streams(wanted, prompt, generated, group.cache_tokens, where)
    batch = steady_batch(admitted, prompt, generated)
    step = group.step(batch)
    output = admitted / step.total
    return Steady(
        tokens_per_second=output,
        tokens_per_second_per_user=output / admitted,
        time_to_first_token=first_token_time(group, admitted, prompt, batch.context),
        inter_token_latency=step.total,
        streams=admitted,
        limiter="capacity" if admitted < streams else largest_part(step),
        breakdown={
            "weights": step.weights,
            "kv": step.kv,
            "compute": step.compute,
            "communication": step.communication,
            "overhead": step.overhead,
        },
        interval=one_second(
            output, output * prompt / generated, prompt, batch.context, admitted, 1.0 / step.total, 1.0
        ),
    )


def first_token_time(group: GpuGroup, streams: int, prompt: int, context: float) -> float:
    """Return the time of the steps that carry a prompt in chunks beside the other streams."""
    room = max(1, group.software.batched_tokens - (streams - 1))
    chunks = ceil(prompt / room)
    return chunks * group.step(Batch(streams - 1, prompt / chunks, context, 1.0)).total


def largest_part(step: StepTime) -> Limiter:
    """Return which part of a step takes longest; weights and cache are both memory."""
    parts: dict[Limiter, float] = {
        "memory": step.weights + step.kv,
        "compute": step.compute,
        "communication": step.communication,
        "overhead": step.overhead,
    }
    return max(parts, key=lambda name: parts[name])
