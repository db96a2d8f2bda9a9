"""A study: one scenario, varied along axes or by samples, with what is recorded of each point."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from twin.spec.base import Spec

Spacing = Literal["linear", "log"]
Method = Literal["lhs", "sobol", "random"]
Seed = Annotated[int, Field(ge=0)]


class Range(Spec):
    """Equally spaced values (of the logarithm, for `log`) from one to another, both included."""

    from_: Annotated[Any, Field(alias="from")]
    to: Any
    points: Annotated[int, Field(ge=1)]
    spacing: Spacing = "linear"


class Span(Spec):
    """The bounds between which a key is sampled, uniformly in the value or in its logarithm."""

    from_: Annotated[Any, Field(alias="from")]
    to: Any
    spacing: Spacing = "linear"


def _shape(given: Any) -> str:
    return "list" if isinstance(given, list) else "other"


Values = Annotated[list[Any], Field(min_length=1)]
Axis = Annotated[Annotated[Values, Tag("list")] | Annotated[Range, Tag("other")], Discriminator(_shape)]
Count = Annotated[int, Field(ge=1)]
Seeds = Annotated[list[Seed], Field(min_length=1)]
Replicas = Annotated[Annotated[Seeds, Tag("list")] | Annotated[Count, Tag("other")], Discriminator(_shape)]


class Sample(Spec):
    """Points drawn over the spans of some keys; `[low, high]` is a linear span.

    `lhs` is a Latin hypercube, `sobol` a scrambled sequence that is balanced for powers of two.
    """

    method: Method
    points: Annotated[int, Field(ge=1)]
    seed: Seed = 1
    over: Annotated[dict[str, Span], Field(min_length=1)]

    @field_validator("over", mode="before")
    @classmethod
    def _pairs(cls, given: Any) -> Any:
        """Read ``[low, high]`` as a span."""
        if not isinstance(given, dict):
            return given
        return {
            key: {"from": span[0], "to": span[1]} if isinstance(span, list) and len(span) == 2 else span
            for key, span in given.items()
        }


class Study(Spec):
    """Points of one scenario: the grid of all `axes`, or a `sample`.

    `base` names the scenario, `set` holds for every point. A point that breaks one of the `constraints` is
    excluded. `derived` are metrics computed from the key figures of each point. `replicas` repeats each
    point with other seeds of the arrivals. `steady` computes one steady operating point at the mean load
    instead of a run. `record` lists the key figures that are kept; none: all.
    """

    title: str = ""
    base: str
    set: dict[str, Any] = {}
    axes: dict[str, Axis] = {}
    sample: Sample | None = None
    constraints: tuple[str, ...] = ()
    derived: dict[str, str] = {}
    replicas: Replicas = 1
    steady: bool = False
    record: Annotated[tuple[str, ...], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _one_way_to_vary(self) -> Study:
        if bool(self.axes) == (self.sample is not None):
            raise ValueError("needs either `axes` (a grid) or `sample` (points drawn), not both")
        return self

    @property
    def varied(self) -> tuple[str, ...]:
        """The dotted keys that differ between points."""
        return tuple(self.axes) or tuple(self.sample.over if self.sample else ())
