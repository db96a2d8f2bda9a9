"""Solid materials."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, Tag

from twin.spec.base import Conductivity, Density, Ratio, Spec, SpecificHeat, Temperature
from twin.spec.shapes import any_shape, plain_or_mapping

PositiveConductivity = Annotated[Conductivity, Field(gt=0)]


class PowerLawConductivity(Spec):
    """Isotropic conductivity reference (T / temperature)^exponent; silicon near 300 K: exponent -1.3."""

    reference: PositiveConductivity
    temperature: Temperature
    exponent: Ratio

    def at(self, kelvin: float) -> float:
        """Return the conductivity at a temperature in K, in W/m/K."""
        return self.reference * (kelvin / self.temperature) ** self.exponent


class Material(Spec):
    """A solid: conductivity (isotropic, along x, y, z, or a power law of temperature), density and specific heat."""

    title: str = ""
    conductivity: Annotated[
        Annotated[PositiveConductivity, Tag("plain")]
        | Annotated[tuple[PositiveConductivity, PositiveConductivity, PositiveConductivity], Tag("list")]
        | Annotated[PowerLawConductivity, Tag("mapping")],
        any_shape(),
    ]
    density: Annotated[Density, Field(gt=0)]
    specific_heat: Annotated[SpecificHeat, Field(gt=0)]


NamedMaterial = Annotated[Annotated[str, Tag("plain")] | Annotated[Material, Tag("mapping")], plain_or_mapping()]
"""The name of a material, or its constants."""
