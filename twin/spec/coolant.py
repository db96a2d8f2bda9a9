"""Coolants: a fluid of the property library CoolProp, or constant properties."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from twin.spec.base import (
    Conductivity,
    Density,
    Pressure,
    Ratio,
    Spec,
    SpecificHeat,
    Temperature,
    Viscosity,
)

Fraction = Annotated[Ratio, Field(gt=0, lt=1)]


class FluidCoolant(Spec):
    """A fluid known to CoolProp, used between two temperatures at one pressure.

    `viscosity_factor` multiplies the viscosity of the property library: sources differ by a few
    percent for mixtures, and its range carries that uncertainty.
    """

    type: Literal["fluid"] = "fluid"
    title: str = ""
    backend: Literal["HEOS", "INCOMP"]
    fluid: Annotated[str, Field(min_length=1)]
    mass_fraction: Fraction | None = None
    pressure: Annotated[Pressure, Field(gt=0)]
    minimum_temperature: Temperature
    maximum_temperature: Temperature
    freezing_point: Temperature
    boiling_point: Temperature
    viscosity_factor: Annotated[Ratio, Field(gt=0)] = 1.0

    @model_validator(mode="after")
    def _ordered(self) -> FluidCoolant:
        if not self.minimum_temperature < self.maximum_temperature:
            raise ValueError("minimum_temperature must be below maximum_temperature")
        if not self.freezing_point < self.boiling_point:
            raise ValueError("freezing_point must be below boiling_point")
        return self


class ConstantCoolant(Spec):
    """A coolant whose properties do not depend on temperature."""

    type: Literal["constant"] = "constant"
    title: str = ""
    density: Annotated[Density, Field(gt=0)]
    specific_heat: Annotated[SpecificHeat, Field(gt=0)]
    conductivity: Annotated[Conductivity, Field(gt=0)]
    viscosity: Annotated[Viscosity, Field(gt=0)]
    freezing_point: Temperature | None = None
    boiling_point: Temperature | None = None


Coolant = Annotated[FluidCoolant | ConstantCoolant, Field(discriminator="type")]
