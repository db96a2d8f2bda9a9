"""A clogged patch of a layer of channels."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from twin.spec.base import Length, Ratio, Spec


class Clog(Spec):
    """What deposits do to the channels in a rectangle of their layer.

    `resistance_factor` multiplies the friction of every channel in the rectangle (all of them narrowed
    alike); `blocked_share` is the part of them that is closed altogether, 1 for a dead patch.
    """

    x: tuple[Length, Length]
    y: tuple[Length, Length]
    resistance_factor: Annotated[Ratio, Field(ge=1)] = 1.0
    blocked_share: Annotated[Ratio, Field(ge=0, le=1)] = 0.0

    @model_validator(mode="after")
    def _something(self) -> Clog:
        if self.x[0] >= self.x[1] or self.y[0] >= self.y[1]:
            raise ValueError("must be [low, high] with low < high along x and y")
        if self.resistance_factor == 1.0 and self.blocked_share == 0.0:
            raise ValueError("clogs nothing: give a `resistance_factor` above 1 or a `blocked_share`")
        return self
