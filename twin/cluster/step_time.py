"""Time of one step of a batch on GPUs: a sum of reading, multiplying, sending and overhead.

The terms add because kernels of different limits run one after another; a maximum of the terms misses
measured rows by 8 % to 80 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

from twin.spec.gpu import Gpu
from twin.spec.model import LanguageModel
from twin.spec.system import GpuSoftware
from twin.workload.operators import (
    BYTES,
    cache_bytes,
    embedding_parameters,
    feed_forward_parameters,
    parameters,
)

ACTIVATION_BYTES = 2
"""Bytes of an activation or a cached value: 16 bit, also with 8-bit weights."""


@dataclass(frozen=True)
class Batch:
    """What one step works on: streams being decoded, prompt tokens, mean cached tokens of a stream.

    `mixed` is the share of steps that carry prompts (0 or 1 for one given step).
    """

    streams: float
    prompt_tokens: float
    context: float
    mixed: float

    @property
    def tokens(self) -> float:
        """Tokens that pass through the model."""
        return self.streams + self.prompt_tokens


@dataclass(frozen=True)
class StepTime:
    """Parts of a step's time in s."""

    weights: float
    kv: float
    compute: float
    communication: float
    overhead: float

    @property
    def total(self) -> float:
        """Time of the step."""
        return self.weights + self.kv + self.compute + self.communication + self.overhead


@dataclass(frozen=True)
class Footprint:
    """What a model asks of the memory and the arithmetic of a GPU group, by number format.

    An 8-bit checkpoint quantises its feed-forwards only; embeddings are looked up, not read or multiplied.
    """

    stored_bytes: float
    read_bytes: float
    cache_bytes: float
    operations_16: float
    operations_8: float


def footprint(model: LanguageModel, number_format: str) -> Footprint:
    """Return the bytes stored, read per step and cached per token, and the operations of one token."""
    feed_forward = feed_forward_parameters(model)
    looked_up = embedding_parameters(model)
    others = parameters(model) - feed_forward - looked_up
    quantised = BYTES[number_format] == 1
    read = feed_forward * BYTES[number_format] + others * ACTIVATION_BYTES
    return Footprint(
        stored_bytes=read + looked_up * ACTIVATION_BYTES,
        read_bytes=read,
        cache_bytes=cache_bytes(model, "fp16"),
        operations_16=2.0 * (others if quantised else others + feed_forward),
        operations_8=2.0 * feed_forward if quantised else 0.0,
    )


def compute_time(foot: Footprint, tokens: float, gpus: int, peak_16: float, peak_8: float) -> float:
    """Return T_c = tok (N_16/C_16 + N_8/C_8)/n in s at the reachable peaks (operations per second)."""
    eight = foot.operations_8 / peak_8 if foot.operations_8 else 0.0
    return tokens * (foot.operations_16 / peak_16 + eight) / gpus


def all_reduce_time(layers: int, hidden: int, tokens: float, gpus: int, latency: float, link: float) -> float:
    """Return T_ar = 2 L [alpha + tok h b 2 (n - 1)/n / link] in s; none on one GPU."""
    if gpus == 1:
        return 0.0
    moved = tokens * hidden * ACTIVATION_BYTES * 2 * (gpus - 1) / gpus
    return 2 * layers * (latency + moved / link)


def overhead_time(software: GpuSoftware, layers: int, streams: float, mixed: float) -> float:
    """Return T_o = t_step + L t_layer + B t_seq + m L t_mix in s."""
    per_layer = software.layer_time + mixed * software.mixed_layer_time
    return software.step_time + layers * per_layer + streams * software.sequence_time


def step_time(
    model: LanguageModel, foot: Footprint, gpu: Gpu, software: GpuSoftware, gpus: int, batch: Batch
) -> StepTime:
    """Return the time of one step on `gpus` tensor-parallel GPUs.

    Keys and values are split by heads: with more GPUs than heads they are held several times over.
    """
    reach = gpus * gpu.bandwidth * gpu.memory_efficiency
    copies = max(1.0, gpus / model.key_value_heads)
    efficiency = gpu.compute_efficiency
    return StepTime(
        weights=foot.read_bytes / reach,
        kv=batch.streams * batch.context * foot.cache_bytes * copies / reach,
        compute=compute_time(
            foot,
            batch.tokens,
            gpus,
            efficiency * gpu.compute.fp16,
            efficiency * (gpu.compute.fp8 or gpu.compute.fp16),
        ),
        communication=all_reduce_time(
            model.num_hidden_layers,
            model.hidden_size,
            batch.tokens,
            gpus,
            software.all_reduce_latency,
            software.link_efficiency * gpu.link,
        ),
        overhead=overhead_time(software, model.num_hidden_layers, batch.streams, batch.mixed),
    )


def steady_batch(streams: float, prompt: float, generated: float) -> Batch:
    """Return the mean step of steady continuous batching: each stream's prompt spread over its answer.

    tok = B (1 + p/o); a share 1 - exp(-B/o) of the steps carries prompts; the mean context is p + o/2.
    """
    return Batch(
        streams=streams,
        prompt_tokens=streams * prompt / generated,
        context=prompt + 0.5 * generated,
        mixed=1.0 - exp(-streams / generated),
    )
