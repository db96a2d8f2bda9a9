"""A chip: geometry, layers, cores, and the constants of its power and voltage."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from twin.spec.base import (
    AreaResistance,
    Energy,
    Frequency,
    Information,
    InverseTemperature,
    InverseVoltage,
    Length,
    Power,
    Ratio,
    Resistance,
    Spec,
    Temperature,
    Voltage,
)
from twin.spec.material import Material

Share = Annotated[Ratio, Field(ge=0, le=1)]


class Size(Spec):
    """Extent along x and y in m."""

    x: Annotated[Length, Field(gt=0)]
    y: Annotated[Length, Field(gt=0)]


class Array(Spec):
    """A regular array: columns along x, rows along y."""

    x: Annotated[int, Field(ge=1)]
    y: Annotated[int, Field(ge=1)]


class ChipLayer(Spec):
    """One layer of the chip; exactly one layer of a chip carries the heat of its devices."""

    name: str
    thickness: Annotated[Length, Field(gt=0)]
    material: str | Material
    heat: bool = False
    contact_resistance_below: Annotated[AreaResistance, Field(ge=0)] = 0.0


class Core(Spec):
    """One core: width, clock, memory, and dynamic energy per event at nominal voltage."""

    simd_width: Annotated[int, Field(ge=1)]
    clock: Annotated[Frequency, Field(gt=0)]
    memory: Annotated[Information, Field(gt=0)]
    reserved_memory: Annotated[Information, Field(ge=0)]
    mac_energy: Annotated[Energy, Field(ge=0)]
    issue_energy: Annotated[Energy, Field(ge=0)]
    hop_energy: Annotated[Energy, Field(ge=0)]


class VoltageScale(Spec):
    """Alpha-power law of the clock, f ~ (V - threshold)^exponent / V, through (nominal, core clock)."""

    nominal: Annotated[Voltage, Field(gt=0)]
    minimum: Annotated[Voltage, Field(gt=0)]
    maximum: Annotated[Voltage, Field(gt=0)]
    threshold: Annotated[Voltage, Field(gt=0)]
    exponent: Annotated[Ratio, Field(ge=1)]
    guard_band: Annotated[Voltage, Field(ge=0)]
    adaptive_guard_band: Annotated[Voltage, Field(ge=0)]

    @model_validator(mode="after")
    def _ordered(self) -> VoltageScale:
        if not self.threshold < self.minimum <= self.nominal <= self.maximum:
            raise ValueError("voltages must rise: threshold < minimum <= nominal <= maximum")
        return self


class Leakage(Spec):
    """Leakage of all active cores: power (V/V0) exp(b (T - T0)) exp(g (V - V0)).

    A core disabled by redundancy leaks `spare_share` of an active one: 0 if gated, 1 if not.
    """

    power: Annotated[Power, Field(ge=0)]
    reference_temperature: Temperature
    temperature_coefficient: Annotated[InverseTemperature, Field(ge=0)]
    voltage_coefficient: Annotated[InverseVoltage, Field(ge=0)]
    spare_share: Share


class ClockTree(Spec):
    """Clock distribution of all active cores at nominal voltage and clock; `gated` is saved when idle."""

    power: Annotated[Power, Field(ge=0)]
    gated: Share


class TemperatureLimits(Spec):
    """Where the thermal governor begins to slow the clock, and where the emergency trip stops it."""

    throttle: Temperature
    trip: Temperature


class Seam(Spec):
    """The scribe line between dies: few power straps cross it, so its sheet resistance is high."""

    width: Annotated[Length, Field(gt=0)]
    sheet_resistance: Annotated[Resistance, Field(gt=0)]


class Chip(Spec):
    """A chip of dies on one substrate; layers from the connector side (z = 0) to the coolant side."""

    title: str
    size: Size
    dies: Array
    cores: Annotated[int, Field(ge=1)]
    physical_cores: Annotated[int, Field(ge=1)]
    core: Core
    layers: Annotated[tuple[ChipLayer, ...], Field(min_length=1)]
    voltage: VoltageScale
    leakage: Leakage
    clock_tree: ClockTree
    limits: TemperatureLimits
    sheet_resistance: Annotated[Resistance, Field(gt=0)]
    seam: Seam | None = None

    @model_validator(mode="after")
    def _one_heat_layer(self) -> Chip:
        if sum(layer.heat for layer in self.layers) != 1:
            raise ValueError("exactly one layer must have `heat: true`")
        if self.cores > self.physical_cores:
            raise ValueError("cores must not exceed physical_cores")
        if self.seam is not None and self.seam.width >= min(self.die_size.x, self.die_size.y):
            raise ValueError("seam.width must be smaller than a die")
        return self

    @property
    def heat_layer(self) -> ChipLayer:
        """The layer in which the devices release their heat."""
        return next(layer for layer in self.layers if layer.heat)

    @property
    def die_size(self) -> Size:
        """Pitch of the dies along x and y in m."""
        return Size.model_construct(x=self.size.x / self.dies.x, y=self.size.y / self.dies.y)
