"""A power grid alone: a rectangular sheet with loads, held by edges or pads, or fed all over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from twin.spec.base import ConductancePerArea, CurrentDensity, Length, Resistance, Spec
from twin.spec.chip import Size

Edge = Literal["x_min", "x_max", "y_min", "y_max"]


class GridRectangle(Spec):
    """A rectangle from low to high along x and y in m."""

    x: tuple[Length, Length]
    y: tuple[Length, Length]

    @model_validator(mode="after")
    def _rising(self) -> GridRectangle:
        if self.x[0] >= self.x[1] or self.y[0] >= self.y[1]:
            raise ValueError("each range must rise, e.g. x: [5 mm, 10 mm]")
        return self


class ExtraLoad(Spec):
    """Current density drawn in a rectangle in addition to the sheet's."""

    current_density: CurrentDensity
    rectangle: GridRectangle


class Pad(Spec):
    """A square contact by its centre, held at zero drop."""

    x: Length
    y: Length
    side: Annotated[Length, Field(gt=0)]

    @property
    def rectangle(self) -> GridRectangle:
        """The square of the pad."""
        half = self.side / 2
        return GridRectangle.model_construct(x=(self.x - half, self.x + half), y=(self.y - half, self.y + half))


class Supplies(Spec):
    """Where the sheet is held at zero drop."""

    edges: tuple[Edge, ...] = ()
    pads: tuple[Pad, ...] = ()


class GridProbe(Spec):
    """A point at which the drop is reported."""

    x: Length
    y: Length


class GridProblem(Spec):
    """-div(grad d / R) + g d = J for the drop d >= 0 over a rectangle, zero at its supplies."""

    kind: Literal["grid"]
    size: Size
    sheet_resistance: Annotated[Resistance, Field(gt=0)]
    vertical_conductance: Annotated[ConductancePerArea, Field(gt=0)] | None = None
    current_density: CurrentDensity = 0.0
    extra: tuple[ExtraLoad, ...] = ()
    supplies: Supplies = Supplies()
    probes: dict[str, GridProbe] = {}

    @model_validator(mode="after")
    def _consistent(self) -> GridProblem:
        wrong = list(self._problems())
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def _problems(self) -> Iterator[str]:
        if self.vertical_conductance is None and not (self.supplies.edges or self.supplies.pads):
            yield "nothing supplies the sheet: give supplies.edges, supplies.pads or vertical_conductance"
        places = [(f"extra.{number}", load.rectangle) for number, load in enumerate(self.extra)]
        places += [(f"supplies.pads.{number}", pad.rectangle) for number, pad in enumerate(self.supplies.pads)]
        for name, place in places:
            if not (self._inside(*place.x, self.size.x) and self._inside(*place.y, self.size.y)):
                yield f"{name} lies partly outside the sheet"
        for name, probe in self.probes.items():
            if not (self._inside(probe.x, probe.x, self.size.x) and self._inside(probe.y, probe.y, self.size.y)):
                yield f"probes.{name} lies outside the sheet"

    @staticmethod
    def _inside(low: float, high: float, size: float) -> bool:
        slack = 1e-9 * size
        return low >= -slack and high <= size + slack
