"""Cooling designs: what lies above the chip, and the coolant loop that feeds it."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from twin.spec.base import (
    AreaResistance,
    FlowRate,
    HeatCapacity,
    HeatTransferCoefficient,
    Length,
    Power,
    Pressure,
    Ratio,
    Spec,
    Temperature,
    ThermalConductance,
    Time,
    Velocity,
)
from twin.spec.material import Material
from twin.spec.stack import HeatTransfer

PositiveLength = Annotated[Length, Field(gt=0)]
PositiveFlow = Annotated[FlowRate, Field(gt=0)]
Conductance = Annotated[ThermalConductance, Field(gt=0)]
Share = Annotated[Ratio, Field(ge=0, le=1)]
Efficiency = Annotated[Ratio, Field(gt=0, le=1)]


class EtchedChannels(Spec):
    """Channels along y through a layer, divided into equal `pieces` by slots of a manifold.

    Slots are numbered from 0 (an inlet at y = 0) to `pieces`, inlets and outlets alternating; one piece is
    a single pass.  `turn_loss` is what turning into and out of a slot costs, over rho u^2 / 2.
    """

    width: PositiveLength
    wall: PositiveLength
    wall_material: str | Material
    pieces: Annotated[int, Field(ge=1)]
    slot_width: Annotated[Length, Field(ge=0)] = 0.0
    turn_loss: Annotated[Ratio, Field(ge=0)] = 0.0
    heat_transfer: Literal["correlation"] | HeatTransfer = "correlation"


class CoolingLayer(Spec):
    """A layer above the chip: solid, or channels whose depth is the layer's thickness."""

    name: str
    thickness: PositiveLength
    material: str | Material | None = None
    microchannels: EtchedChannels | None = None
    contact_resistance_below: Annotated[AreaResistance, Field(ge=0)] = 0.0

    @model_validator(mode="after")
    def _material_or_channels(self) -> CoolingLayer:
        if (self.material is None) == (self.microchannels is None):
            raise ValueError("give either `material` or `microchannels`")
        return self


class JetArray(Spec):
    """Round nozzles on a square pitch above the topmost layer; `distance` from nozzle to wall."""

    diameter: PositiveLength
    pitch: PositiveLength
    distance: PositiveLength
    discharge_coefficient: Efficiency

    @model_validator(mode="after")
    def _apart(self) -> JetArray:
        if self.pitch <= self.diameter:
            raise ValueError("pitch must exceed diameter")
        return self

    @property
    def area_share(self) -> float:
        """Area of the nozzles over the plan area."""
        return math.pi * self.diameter**2 / (4.0 * self.pitch**2)


class BoardFilm(Spec):
    """What the board side of the chip loses to its surroundings."""

    coefficient: Annotated[HeatTransferCoefficient, Field(ge=0)]
    ambient: Temperature


class Pump(Spec):
    """`count` equal pumps in parallel, at rated speed dp = shutoff (1 - (V / runout)^2) each.

    Efficiency from wire to water falls as a parabola from its best point, `best_efficiency` at `best_flow`;
    `coolant_share` is the part of the electrical power that ends as heat in the coolant. A pump that
    loses its drive at rated speed has half of it left after `coast_down`.
    """

    count: Annotated[int, Field(ge=1)]
    shutoff_pressure: Annotated[Pressure, Field(gt=0)]
    runout_flow: PositiveFlow
    best_flow: PositiveFlow
    best_efficiency: Efficiency
    maximum_speed: Annotated[Ratio, Field(gt=0)]
    coast_down: Annotated[Time, Field(gt=0)]
    coolant_share: Share

    @model_validator(mode="after")
    def _parabola(self) -> Pump:
        if not 0.5 * self.runout_flow < self.best_flow < self.runout_flow:
            raise ValueError("best_flow must lie between half of runout_flow and runout_flow")
        if self.best_efficiency > self.coolant_share:
            raise ValueError("coolant_share must not be below best_efficiency: friction heats the coolant")
        return self


class LoopLoss(Spec):
    """Pressure drop of hoses, couplings, filter and exchanger: `drop` at `flow`, growing as its square."""

    drop: Annotated[Pressure, Field(ge=0)]
    flow: PositiveFlow


class FacilityWater(Spec):
    """Water of the building, on the other side of the exchanger."""

    coolant: str
    temperature: Temperature
    flow: PositiveFlow


class DryCooler(Spec):
    """Fans and a finned coil that cool the facility water against outdoor air.

    Conductance and air capacity rate hold at full fan speed; conductance follows speed to the power
    `conductance_exponent`, air flow the speed, fan power its cube.
    """

    conductance: Conductance
    air_capacity_rate: Conductance
    conductance_exponent: Share
    fan_power: Annotated[Power, Field(ge=0)]
    outdoor_temperature: Temperature


class Room(Spec):
    """Air around the coolant's pipes: water condenses on what is colder than its dew point."""

    temperature: Temperature
    relative_humidity: Annotated[Ratio, Field(gt=0, le=1)]


class CoolantLoop(Spec):
    """Reservoir, pumps, heat exchanger with bypass, facility water; one loop per chip."""

    pump: Pump
    loss: LoopLoss
    reservoir_capacity: Annotated[HeatCapacity, Field(gt=0)]
    exchanger_conductance: Conductance
    facility: FacilityWater
    dry_cooler: DryCooler | None = None
    room: Room


class Failure(Spec):
    """A part of the loop that fails at `start` and works again from `end` on (never, if not given).

    `remaining` is what is left of it: share of the pumps that run, of the facility water's flow, of the
    fans' speed; of a stuck bypass valve, the share of the coolant that passes the exchanger.
    """

    part: Literal["pump", "facility_water", "bypass_valve", "fan"]
    start: Annotated[Time, Field(ge=0)] = 0.0
    end: Annotated[Time, Field(gt=0)] | None = None
    remaining: Share = 0.0

    @model_validator(mode="after")
    def _ordered(self) -> Failure:
        if self.end is not None and self.end <= self.start:
            raise ValueError("`end` must come after `start`")
        return self

    def active(self, time: float) -> bool:
        """Tell whether the part is out of order at a time in s."""
        return self.start <= time and (self.end is None or time < self.end)


class _Design(Spec):
    title: str
    layers: tuple[CoolingLayer, ...]
    board: BoardFilm
    velocity_limit: Annotated[Velocity, Field(gt=0)]
    loop: CoolantLoop


class ChannelDesign(_Design):
    """Channels in one of the layers above the chip, from the chip upward."""

    type: Literal["channels"]

    @model_validator(mode="after")
    def _one_channel_layer(self) -> ChannelDesign:
        if sum(layer.microchannels is not None for layer in self.layers) != 1:
            raise ValueError("exactly one layer must have `microchannels`")
        return self

    @property
    def channel_index(self) -> int:
        """Place of the layer with channels, counted from the chip."""
        return next(i for i, layer in enumerate(self.layers) if layer.microchannels is not None)

    @property
    def channels(self) -> EtchedChannels:
        """The channels."""
        found = self.layers[self.channel_index].microchannels
        assert found is not None
        return found

    @property
    def covered(self) -> bool:
        """Whether nothing lies above the channels: their cover is then adiabatic."""
        return self.channel_index == len(self.layers) - 1


class JetDesign(_Design):
    """Jets onto the topmost of the layers above the chip, or onto the chip itself."""

    type: Literal["jets"]
    jets: JetArray

    @model_validator(mode="after")
    def _solid(self) -> JetDesign:
        if any(layer.microchannels is not None for layer in self.layers):
            raise ValueError("jets cool a solid: no layer may have `microchannels`")
        return self


CoolingDesign = Annotated[ChannelDesign | JetDesign, Field(discriminator="type")]
