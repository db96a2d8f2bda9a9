"""A system: wafers with what feeds and cools them, or a node of GPUs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from twin.spec.base import Bandwidth, Power, Ratio, Spec, Time


class Software(Spec):
    """Software constants of a wafer: what the compiler and runtime add to the hardware's cycles.

    `prefill_share` is the share of the pipeline that prompts may take while streams are waiting for it.
    Source: cycle model of WaferLLM (OSDI'25) as described in docs/activity.md.
    """

    hop_cycles: Annotated[Ratio, Field(gt=0)]
    overhead_cycles: Annotated[Ratio, Field(ge=0)]
    prefill_row_cycles: Annotated[Ratio, Field(ge=0)]
    compute_share: Annotated[Ratio, Field(gt=0, le=1)]
    prefill_share: Annotated[Ratio, Field(gt=0, lt=1)]
    io_latency: Annotated[Time, Field(ge=0)]


class WaferSystem(Spec):
    """`wafers` chips in a pipeline, each with its cooling and delivery."""

    type: Literal["wafer"]
    title: str
    chip: str
    wafers: Annotated[int, Field(ge=1)] = 1
    cooling: str
    delivery: str
    software: Software
    io_bandwidth: Annotated[Bandwidth, Field(gt=0)]
    supply_efficiency: Annotated[Ratio, Field(gt=0, le=1)]
    host_power: Annotated[Power, Field(ge=0)]


class GpuSoftware(Spec):
    """Overheads of a serving stack: what a step costs beyond reading, multiplying and sending.

    Per step, per layer, per sequence in the batch, per layer of a step that mixes prompts with decoding, and
    the latency of one all-reduce; `batched_tokens` bounds the tokens of a step (chunked prefill),
    `memory_share` the memory that weights and cache may fill, `link_efficiency` the share of the link's
    bandwidth that an all-reduce reaches.
    """

    step_time: Annotated[Time, Field(ge=0)]
    layer_time: Annotated[Time, Field(ge=0)]
    sequence_time: Annotated[Time, Field(ge=0)]
    mixed_layer_time: Annotated[Time, Field(ge=0)]
    all_reduce_latency: Annotated[Time, Field(ge=0)]
    batched_tokens: Annotated[int, Field(ge=1)]
    maximum_sequences: Annotated[int, Field(ge=1)]
    memory_share: Annotated[Ratio, Field(gt=0, le=1)]
    link_efficiency: Annotated[Ratio, Field(gt=0, le=1)]


class Fans(Spec):
    """Fans of an air-cooled node: power with idle GPUs and with all GPUs at their design power."""

    idle: Annotated[Power, Field(ge=0)]
    full: Annotated[Power, Field(ge=0)]

    @model_validator(mode="after")
    def _rising(self) -> Fans:
        if self.full < self.idle:
            raise ValueError("`full` must not be below `idle`")
        return self


class GpuSystem(Spec):
    """A node of `gpus` GPUs; several nodes serve as replicas."""

    type: Literal["gpu"]
    title: str
    gpu: str
    gpus: Annotated[int, Field(ge=1)]
    software: GpuSoftware
    other_power: Annotated[Power, Field(ge=0)]
    fans: Fans
    supply_efficiency: Annotated[Ratio, Field(gt=0, le=1)]


System = Annotated[WaferSystem | GpuSystem, Field(discriminator="type")]
