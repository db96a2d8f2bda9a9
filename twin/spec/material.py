"""Solid materials."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from twin.spec.base import Conductivity, Density, Spec, SpecificHeat


class Material(Spec):
    """A solid: conductivity (isotropic or along x, y, z), density and specific heat."""

    title: str = ""
    conductivity: Annotated[Conductivity, Field(gt=0)] | tuple[Conductivity, Conductivity, Conductivity]
    density: Annotated[Density, Field(gt=0)]
    specific_heat: Annotated[SpecificHeat, Field(gt=0)]
