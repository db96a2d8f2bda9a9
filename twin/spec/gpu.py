"""A GPU: its published limits, and the shares of them and energies that measured rows imply."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from twin.spec.base import Bandwidth, ComputeRate, Energy, Information, Power, Ratio, Spec

PositiveShare = Annotated[Ratio, Field(gt=0, le=1)]


class PeakCompute(Spec):
    """Dense operations per second with 16 and 8 bit operands; no `fp8`: the format is not supported."""

    fp16: Annotated[ComputeRate, Field(gt=0)]
    fp8: Annotated[ComputeRate, Field(gt=0)] | None = None


class GpuPower(Spec):
    """Power of one GPU: idle + energies per byte of memory traffic, per operation, per sequence and token.

    `ceiling` is the share of the power limit at which the sum saturates, `sharpness` the exponent of the
    smooth minimum.
    """

    idle: Annotated[Power, Field(ge=0)]
    byte_energy: Annotated[Energy, Field(ge=0)]
    operation_energy: Annotated[Energy, Field(ge=0)]
    sequence_energy: Annotated[Energy, Field(ge=0)]
    limit: Annotated[Power, Field(gt=0)]
    ceiling: PositiveShare
    sharpness: Annotated[Ratio, Field(ge=1)]


class Gpu(Spec):
    """One GPU."""

    title: str
    memory: Annotated[Information, Field(gt=0)]
    bandwidth: Annotated[Bandwidth, Field(gt=0)]
    compute: PeakCompute
    link: Annotated[Bandwidth, Field(gt=0)]
    thermal_design_power: Annotated[Power, Field(gt=0)]
    memory_efficiency: PositiveShare
    compute_efficiency: PositiveShare
    power: GpuPower
