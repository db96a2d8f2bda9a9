"""A system: wafers with what feeds and cools them, or a node of GPUs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from twin.spec.base import Bandwidth, Power, Ratio, Spec, Time
from twin.spec.chip import Share


class Software(Spec):
    """Software constants of a wafer: what the compiler and runtime add to the hardware's cycles.

    Source: cycle model of WaferLLM (OSDI'25) as described in docs/activity.md.
    """

    hop_cycles: Annotated[Ratio, Field(gt=0)]
    overhead_cycles: Annotated[Ratio, Field(ge=0)]
    prefill_row_cycles: Annotated[Ratio, Field(ge=0)]
    compute_share: Share
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


System = WaferSystem
