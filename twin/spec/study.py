"""A study: one scenario, varied along axes or by samples, with what is recorded of each point."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from twin.spec.answer import Answer
from twin.spec.base import Spec
from twin.spec.optimisation import Optimise
from twin.spec.sample import Bounds, Sample, Seed, Spacing


class Range(Spec):
    """Equally spaced values (of the logarithm, for `log`) from one to another, both included."""

    from_: Annotated[Any, Field(alias="from")]
    to: Any
    points: Annotated[int, Field(ge=1)]
    spacing: Spacing = "linear"


def _shape(given: Any) -> str:
    return "list" if isinstance(given, list) else "other"


Values = Annotated[list[Any], Field(min_length=1)]


def _list_or_range(given: Any) -> Any:
    if not isinstance(given, list | dict | Range):
        raise ValueError(f"must be a list of values, or a mapping with `from`, `to` and `points`, got {given!r}")
    return given


Axis = Annotated[
    Annotated[Values, Tag("list")] | Annotated[Range, Tag("other")],
    Discriminator(_shape),
    BeforeValidator(_list_or_range),
]
Count = Annotated[int, Field(ge=1)]
Seeds = Annotated[list[Seed], Field(min_length=1)]
Replicas = Annotated[Annotated[Seeds, Tag("list")] | Annotated[Count, Tag("other")], Discriminator(_shape)]


class Study(Spec):
    """Points of one scenario: the grid of all `axes`, a `sample`, or those that a search for an optimum tries.

    `base` names the scenario, `set` holds for every point. A point that breaks one of the `constraints` is
    excluded. `derived` are metrics computed from the key figures of each point. `replicas` repeats each
    point with other seeds of the arrivals. `steady` computes one steady operating point at the mean load
    instead of a run. `record` lists the key figures that are kept; none: all. The combinations of all axes and
    replicas, or the points of a sample (of a saltelli design points x (keys + 2)), may be a million.

    For its readers: the `question`, what is `assumed` for the answer and what it `holds_for`; `answers` says
    how the answers follow from the points, `show` which quantities are drawn.
    """

    title: str = ""
    question: str = ""
    assumed: tuple[str, ...] = ()
    holds_for: str = ""
    base: str
    set: dict[str, Any] = {}
    axes: dict[str, Axis] = {}
    sample: Sample | None = None
    optimise: Optimise | None = None
    constraints: tuple[str, ...] = ()
    derived: dict[str, str] = {}
    replicas: Replicas = 1
    steady: bool = False
    record: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    answers: tuple[Answer, ...] = ()
    show: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_way_to_vary(self) -> Study:
        ways = [bool(self.axes), self.sample is not None, self.optimise is not None]
        if sum(ways) != 1:
            raise ValueError("needs either `axes` (a grid) or `sample` (points drawn) or `optimise`, one of them")
        if self.optimise is not None and self.replicas != 1:
            raise ValueError("`optimise` has no `replicas`")
        return self

    @property
    def over(self) -> dict[str, Bounds]:
        """The keys that are sampled or searched, with their bounds."""
        if self.sample is not None:
            return dict(self.sample.over)
        return dict(self.optimise.over) if self.optimise else {}
