"""The stack file of `twin solve`: layers, boundaries, sources, channels, probes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, Tag, field_validator, model_validator

from twin.errors import did_you_mean
from twin.spec.base import (
    AreaResistance,
    FlowRate,
    HeatFlux,
    HeatTransferCoefficient,
    Information,
    InverseTemperature,
    Length,
    Power,
    Quantity,
    Ratio,
    Spec,
    Temperature,
    Time,
)
from twin.spec.chip import Array, Size
from twin.spec.clog import Clog
from twin.spec.coolant import ConstantCoolant
from twin.spec.material import NamedMaterial
from twin.spec.shapes import plain_or_list, plain_or_mapping, word_or_value

PositiveLength = Annotated[Length, Field(gt=0)]
ConductancePerArea = Annotated[float, Quantity("W/m^2/K", "2.5e4 W/m^2/K")]
HeatCapacityRate = Annotated[float, Quantity("W/K", "2782 W/K")]
Axis = Literal["x", "y"]


def _as_text(given: Any) -> Any:
    """Names are any text: a number that was written without quotes is one as well."""
    return str(given) if isinstance(given, int | float) and not isinstance(given, bool) else given


LayerName = Annotated[str, BeforeValidator(_as_text)]
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
    wall_material: NamedMaterial
    coolant: Annotated[Annotated[str, Tag("plain")] | Annotated[ConstantCoolant, Tag("mapping")], plain_or_mapping()]
    inlet_temperature: Temperature
    flow_rate: Annotated[FlowRate, Field(gt=0)]
    heat_transfer: Annotated[
        Annotated[Literal["correlation"], Tag("plain")] | Annotated[HeatTransfer, Tag("mapping")], plain_or_mapping()
    ] = "correlation"
    slots: Slots | None = None
    clogged: tuple[Clog, ...] = ()


class StackLayer(Spec):
    """A solid layer or a layer of channels."""

    name: LayerName
    thickness: PositiveLength
    material: NamedMaterial | None = None
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


class RadiationBoundary(Spec):
    """Grey radiation to large surroundings."""

    emissivity: Annotated[Ratio, Field(gt=0, le=1)]
    ambient: Temperature


class CoolantFilm(Spec):
    """A stream over a face: a conductance per plan area and a heat capacity rate."""

    conductance: Annotated[ConductancePerArea, Field(gt=0)]
    heat_capacity_rate: Annotated[HeatCapacityRate, Field(gt=0)]
    axis: Axis = "y"
    direction: Literal["+", "-"] = "+"
    inlet_temperature: Temperature


Moment = Annotated[Time, Field(ge=0)]
TemperatureSchedule = Annotated[tuple[tuple[Moment, Temperature], ...], Field(min_length=1)]


class Boundary(Spec):
    """What happens at an outer face; flux, film and radiation add up, a fixed temperature excludes them.

    A fixed temperature may be a schedule of times and temperatures, linear between its points.
    """

    heat_flux: HeatFlux | None = None
    film: FilmBoundary | None = None
    radiation: RadiationBoundary | None = None
    temperature: (
        Annotated[Annotated[Temperature, Tag("plain")] | Annotated[TemperatureSchedule, Tag("list")], plain_or_list()]
        | None
    ) = None
    coolant_film: CoolantFilm | None = None

    @model_validator(mode="before")
    @classmethod
    def _nothing_empty(cls, given: Any) -> Any:
        empty = [str(key) for key, value in given.items() if value is None] if isinstance(given, dict) else []
        if empty:
            raise ValueError(f"`{'`, `'.join(empty)}` has no value; leave it out if nothing happens at the face")
        return given

    @model_validator(mode="after")
    def _compatible(self) -> Boundary:
        others = (self.heat_flux, self.film, self.radiation, self.coolant_film)
        if self.temperature is not None and any(other is not None for other in others):
            raise ValueError("a fixed `temperature` excludes heat_flux, film, radiation and coolant_film")
        if isinstance(self.temperature, tuple):
            _rising([time for time, _ in self.temperature], "temperature")
        return self

    @property
    def is_way_out(self) -> bool:
        """Whether heat may leave through the face."""
        return any(way is not None for way in (self.film, self.radiation, self.temperature, self.coolant_film))


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


Schedule = tuple[tuple[Moment, Ratio], ...]


def _rising(times: Sequence[float], name: str) -> None:
    if any(later <= sooner for sooner, later in itertools.pairwise(times)):
        raise ValueError(f"times of `{name}` must rise")


class SourceFeedback(Spec):
    """Local power density times exp(coefficient (T - reference)), such as leakage."""

    coefficient: InverseTemperature
    reference: Temperature


class Source(Spec):
    """Heat in a layer's volume or on an outer face: uniform in a rectangle, or a raster of watts."""

    layer: LayerName | None = None
    face: Literal["bottom", "top", "x_min", "x_max", "y_min", "y_max"] | None = None
    power: Power | None = None
    rectangle: Rectangle | None = None
    map: str | None = None
    schedule: Schedule = ()
    feedback: SourceFeedback | None = None

    @model_validator(mode="after")
    def _complete(self) -> Source:
        if (self.layer is None) == (self.face is None):
            raise ValueError("give either `layer` or `face`")
        if (self.power is None) == (self.map is None):
            raise ValueError("give either `power` or `map`")
        if self.map is not None and (self.rectangle is not None or self.face is not None):
            raise ValueError("a `map` covers a whole layer: it takes no rectangle or face")
        _rising([time for time, _ in self.schedule], "schedule")
        return self


class Transient(Spec):
    """Times of a transient; `initial` is a temperature or the steady state of the sources at time 0.

    The step `auto` is chosen, and changed on the way, by the error it makes.
    """

    end: Annotated[Time, Field(gt=0)]
    step: Annotated[
        Annotated[Literal["auto"], Tag("word")] | Annotated[Time, Field(gt=0), Tag("value")], word_or_value("auto")
    ]
    initial: Annotated[
        Annotated[Literal["steady"], Tag("word")] | Annotated[Temperature, Tag("value")],
        word_or_value("steady"),
    ]
    times: tuple[Moment, ...] = ()


class MeanRegion(Spec):
    """The rectangle of a mean."""

    x: tuple[Length, Length]
    y: tuple[Length, Length]


class Probe(Spec):
    """A point (by z, or on a face of a layer) or a mean over a rectangle of a layer or its face."""

    x: Length | None = None
    y: Length | None = None
    z: Length | None = None
    layer: LayerName | None = None
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


class TargetError(Spec):
    """Largest error of every probe at every reported time: in K, or as a share of the probe's rise."""

    value: float
    relative: bool = False

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        if not isinstance(given, str | int | float):
            return given
        text = str(given).strip()
        relative = text.endswith("%")
        value = Quantity("", "0.2 %").convert(text) if relative else Quantity("K", "0.1 K").convert(given)
        if "deg" in text:
            raise ValueError(f"'{text}' is a temperature, not a difference; write it in K, e.g. '0.1 K'")
        if value <= 0:
            raise ValueError(f"must be greater than 0, got '{text}'")
        return {"value": value, "relative": relative}


class Numerics(Spec):
    """How accurate, and at what cost: error, degree of the elements, memory that refinement may take.

    Without a degree, elements are linear, which keeps the maximum principle; quadratic ones serve the target
    of a steady state on a mesh that is left open, where no coolant flows.
    """

    target_error: TargetError | None = None
    degree: Literal[1, 2] | None = None
    memory: Annotated[Information, Field(gt=0)] | None = None


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
    numerics: Numerics = Numerics()

    @field_validator("probes", mode="before")
    @classmethod
    def _names_are_text(cls, given: Any) -> Any:
        return {str(name): probe for name, probe in given.items()} if isinstance(given, dict) else given

    @property
    def degree(self) -> int:
        """Degree of the elements."""
        if self.numerics.degree is not None:
            return self.numerics.degree
        flows = any(layer.microchannels for layer in self.layers) or any(
            face.coolant_film for face in (self.boundaries.bottom, self.boundaries.top)
        )
        left_open = self.numerics.target_error is not None and self.cells is None
        return 2 if left_open and self.transient is None and not flows else 1

    def layer_index(self, name: str) -> int:
        """Return the place of a layer; ValueError names the nearest known one."""
        names = [layer.name for layer in self.layers]
        if name not in names:
            raise ValueError(f"no layer '{name}'. {did_you_mean(name, names)}")
        return names.index(name)
