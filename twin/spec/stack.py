"""The stack file of `twin solve`: layers, boundaries, sources, channels, probes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from twin.errors import did_you_mean
from twin.spec.base import (
    AreaResistance,
    FlowRate,
    HeatFlux,
    HeatTransferCoefficient,
    Length,
    Power,
    Quantity,
    Ratio,
    Spec,
    Temperature,
    Time,
)
from twin.spec.chip import Array, Size
from twin.spec.coolant import ConstantCoolant
from twin.spec.material import Material

PositiveLength = Annotated[Length, Field(gt=0)]
ConductancePerArea = Annotated[float, Quantity("W/m^2/K", "2.5e4 W/m^2/K")]
HeatCapacityRate = Annotated[float, Quantity("W/K", "2782 W/K")]
Axis = Literal["x", "y"]
FACES = ("bottom", "top", "x_min", "x_max", "y_min", "y_max")


class Slots(Spec):
    """Positions along the channels where a manifold feeds and drains them."""

    inlets: Annotated[tuple[Length, ...], Field(min_length=1)]
    outlets: Annotated[tuple[Length, ...], Field(min_length=1)]
    width: Annotated[Length, Field(ge=0)] = 0.0


class HeatTransfer(Spec):
    """A fixed Nusselt number or a fixed coefficient on the wetted walls."""

    nusselt: Annotated[Ratio, Field(gt=0)] | None = None
    coefficient: Annotated[HeatTransferCoefficient, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _one(self) -> HeatTransfer:
        if (self.nusselt is None) == (self.coefficient is None):
            raise ValueError("give either `nusselt` or `coefficient`")
        return self


class Microchannels(Spec):
    """Channels through a layer, separated by walls; the layer's thickness is their depth."""

    width: PositiveLength
    wall: PositiveLength
    axis: Axis = "y"
    direction: Literal["+", "-", "alternate"] = "+"
    wall_material: str | Material
    coolant: str | ConstantCoolant
    inlet_temperature: Temperature
    flow_rate: Annotated[FlowRate, Field(gt=0)]
    heat_transfer: Literal["correlation"] | HeatTransfer = "correlation"
    slots: Slots | None = None


class StackLayer(Spec):
    """A solid layer or a layer of channels."""

    name: str
    thickness: PositiveLength
    material: str | Material | None = None
    microchannels: Microchannels | None = None
    cells: Annotated[int, Field(ge=1)] | None = None
    contact_resistance_below: Annotated[AreaResistance, Field(ge=0)] = 0.0

    @model_validator(mode="after")
    def _material_or_channels(self) -> StackLayer:
        if (self.material is None) == (self.microchannels is None):
            raise ValueError("give either `material` or `microchannels`")
        return self


class FilmBoundary(Spec):
    """Newton's law of cooling."""

    coefficient: Annotated[HeatTransferCoefficient, Field(gt=0)]
    ambient: Temperature


class CoolantFilm(Spec):
    """A stream over a face: a conductance per plan area and a heat capacity rate."""

    conductance: Annotated[ConductancePerArea, Field(gt=0)]
    heat_capacity_rate: Annotated[HeatCapacityRate, Field(gt=0)]
    axis: Axis = "y"
    direction: Literal["+", "-"] = "+"
    inlet_temperature: Temperature


class Boundary(Spec):
    """What happens at an outer face; flux and film add up, a fixed temperature excludes them."""

    heat_flux: HeatFlux | None = None
    film: FilmBoundary | None = None
    temperature: Temperature | None = None
    coolant_film: CoolantFilm | None = None

    @model_validator(mode="after")
    def _compatible(self) -> Boundary:
        others = (self.heat_flux, self.film, self.coolant_film)
        if self.temperature is not None and any(other is not None for other in others):
            raise ValueError("a fixed `temperature` excludes heat_flux, film and coolant_film")
        return self


class Boundaries(Spec):
    """The outer faces; absent: adiabatic."""

    bottom: Boundary = Boundary()
    top: Boundary = Boundary()
    x_min: Boundary = Boundary()
    x_max: Boundary = Boundary()
    y_min: Boundary = Boundary()
    y_max: Boundary = Boundary()


class Rectangle(Spec):
    """A rectangle in the plane of the stack."""

    x: tuple[Length, Length]
    y: tuple[Length, Length]

    @model_validator(mode="after")
    def _ordered(self) -> Rectangle:
        if self.x[0] >= self.x[1] or self.y[0] >= self.y[1]:
            raise ValueError("must be [low, high] with low < high along x and y")
        return self


Schedule = tuple[tuple[Time, Ratio], ...]


class Source(Spec):
    """Heat in a layer's volume or on an outer face: uniform in a rectangle, or a raster of watts."""

    layer: str | None = None
    face: Literal["bottom", "top", "x_min", "x_max", "y_min", "y_max"] | None = None
    power: Power | None = None
    rectangle: Rectangle | None = None
    map: str | None = None
    schedule: Schedule = ()

    @model_validator(mode="after")
    def _complete(self) -> Source:
        if (self.layer is None) == (self.face is None):
            raise ValueError("give either `layer` or `face`")
        if (self.power is None) == (self.map is None):
            raise ValueError("give either `power` or `map`")
        if self.map is not None and (self.rectangle is not None or self.face is not None):
            raise ValueError("a `map` covers a whole layer: it takes no rectangle or face")
        if any(later[0] <= sooner[0] for sooner, later in zip(self.schedule, self.schedule[1:], strict=False)):
            raise ValueError("times of the schedule must rise")
        return self


class Transient(Spec):
    """Times of a transient; `initial` is a temperature or the steady state of the sources at time 0."""

    end: Annotated[Time, Field(gt=0)]
    step: Annotated[Time, Field(gt=0)]
    initial: Literal["steady"] | Temperature
    times: tuple[Annotated[Time, Field(ge=0)], ...] = ()


class MeanRegion(Spec):
    """The rectangle of a mean."""

    x: tuple[Length, Length]
    y: tuple[Length, Length]


class Probe(Spec):
    """A point (by z, or on a face of a layer) or a mean over a rectangle of a layer or its face."""

    x: Length | None = None
    y: Length | None = None
    z: Length | None = None
    layer: str | None = None
    face: Literal["bottom", "top"] | None = None
    mean: MeanRegion | None = None

    @model_validator(mode="after")
    def _complete(self) -> Probe:
        if self.mean is not None:
            if self.layer is None or any(v is not None for v in (self.x, self.y, self.z)):
                raise ValueError("a mean needs `layer` and takes no x, y, z")
            return self
        if self.x is None or self.y is None:
            raise ValueError("a point needs x and y")
        if (self.z is None) == (self.layer is None):
            raise ValueError("a point needs either `z`, or `layer` with `face`")
        if self.layer is not None and self.face is None:
            raise ValueError("a point in a layer needs `face: bottom` or `face: top`")
        return self


class Stack(Spec):
    """A layered stack from bottom (z = 0) to top."""

    kind: Literal["stack"]
    title: str = ""
    size: Size
    cells: Array | None = None
    layers: Annotated[tuple[StackLayer, ...], Field(min_length=1)]
    boundaries: Boundaries = Boundaries()
    sources: tuple[Source, ...] = ()
    transient: Transient | None = None
    probes: dict[str, Probe] = {}

    @field_validator("probes", mode="before")
    @classmethod
    def _names_are_text(cls, given: Any) -> Any:
        return {str(name): probe for name, probe in given.items()} if isinstance(given, dict) else given

    def layer_index(self, name: str) -> int:
        """Return the place of a layer; ValueError names the nearest known one."""
        names = [layer.name for layer in self.layers]
        if name not in names:
            raise ValueError(f"no layer '{name}'. {did_you_mean(name, names)}")
        return names.index(name)
