"""The channel file of `twin channel`: one cooling channel with its walls, base and cover."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from twin.spec.base import FlowRate, HeatFlux, Length, Ratio, Spec, Temperature, Velocity
from twin.spec.coolant import ConstantCoolant
from twin.spec.material import Material

PositiveLength = Annotated[Length, Field(gt=0)]
_DRIVES = ("velocity", "reynolds", "flow_rate")


class ChannelShape(Spec):
    """Lengths in the cross-section: `wall` is the solid between channels; no cover is an adiabatic lid."""

    width: PositiveLength
    height: PositiveLength
    wall: PositiveLength
    base: PositiveLength
    cover: Annotated[Length, Field(ge=0)] = 0.0


class Channel(Spec):
    """A channel of an array, its base heated uniformly and its cover's outer face adiabatic.

    `cells` of the mesh lie between a corner of the channel and the next plane of symmetry or outer face.
    """

    kind: Literal["channel"]
    title: str = ""
    channel: ChannelShape
    wall_material: str | Material
    base_material: str | Material | None = None
    cover_material: str | Material | None = None
    coolant: str | ConstantCoolant
    inlet_temperature: Temperature
    heat_flux: Annotated[HeatFlux, Field(gt=0)]
    velocity: Annotated[Velocity, Field(gt=0)] | None = None
    reynolds: Annotated[Ratio, Field(gt=0)] | None = None
    flow_rate: Annotated[FlowRate, Field(gt=0)] | None = None
    length: PositiveLength
    model: Literal["developed", "developing"] = "developed"
    cells: Annotated[int, Field(ge=4, le=48, multiple_of=4)] = 12

    @model_validator(mode="after")
    def _one_drive(self) -> Channel:
        given = [name for name in _DRIVES if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"give one of velocity (mean), reynolds or flow_rate (per channel), got {', '.join(given) or 'none'}"
            )
        return self
