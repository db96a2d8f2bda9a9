"""Samples: keys drawn from distributions, by a design."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from twin.spec.base import Spec

Spacing = Literal["linear", "log"]
Method = Literal["lhs", "sobol", "random", "saltelli"]
Distribution = Literal["uniform", "triangular", "normal"]
MOST_WHOLE = 2**53
"""The largest whole number that studies take: a coordinate has 64 bits, and a number between bounds 53."""
Seed = Annotated[int, Field(ge=0, le=MOST_WHOLE)]
BOUNDS_OF_LIBRARY = "range"
LEAST_ROWS = 8
"""Rows of a saltelli design, or points of another sample, that indices need."""


def as_bounds(given: Any) -> Any:
    """Return ``[low, high]`` or ``range`` as the mapping that it stands for."""
    if given == BOUNDS_OF_LIBRARY:
        return {}
    if isinstance(given, list | tuple) and len(given) == 2:
        return {"from": given[0], "to": given[1]}
    if not isinstance(given, dict | Spec):
        wanted = f"[low, high], `{BOUNDS_OF_LIBRARY}`, or a mapping with `from` and `to`"
        raise ValueError(f"must be {wanted}, got {given!r}")
    return given


class Bounds(Spec):
    """The bounds of a key; without them an input of the library has those of its `range`.

    `spacing` tells whether points are spread in the value or in its logarithm; if it is not said, in the
    logarithm where the library's bounds lie a decade or more apart.
    """

    from_: Annotated[Any, Field(alias="from")] = None
    to: Any = None
    spacing: Spacing | None = None

    @model_validator(mode="after")
    def _both(self) -> Bounds:
        if (self.from_ is None) != (self.to is None):
            raise ValueError("needs both `from` and `to`, or neither")
        return self


class Span(Bounds):
    """The bounds between which a key is sampled, and how its values are distributed between them.

    The distribution is that of the value, or with `log` of its logarithm; a `normal` one is cut off at the
    bounds. Without `mode` the most likely value of a triangular distribution is that of the input in the library.
    """

    distribution: Distribution = "uniform"
    mode: Any = None
    mean: Any = None
    deviation: Any = None

    @model_validator(mode="after")
    def _complete(self) -> Span:
        if self.mode is not None and self.distribution != "triangular":
            raise ValueError("`mode` belongs to `distribution: triangular`")
        if (self.mean is not None or self.deviation is not None) != (self.distribution == "normal"):
            raise ValueError("`mean` and `deviation` belong to `distribution: normal`, which needs both")
        if self.distribution == "normal" and (self.mean is None or self.deviation is None):
            raise ValueError("`distribution: normal` needs both `mean` and `deviation`")
        if self.distribution == "normal" and self.spacing == "log":
            raise ValueError("a normal distribution has no `spacing`")
        return self


class Sample(Spec):
    """Points drawn over the spans of some keys; `[low, high]` is a uniform span, `range` that of the library.

    `lhs` is a Latin hypercube, `sobol` a scrambled sequence that is balanced for powers of two. `saltelli` is
    the design of Sobol indices: points x (keys + 2) points, `points` a power of two and 8 or more. A key such as
    `inputs` or `inputs.chip` stands for all inputs below it that nobody published and whose range is known.
    """

    method: Method
    points: Annotated[int, Field(ge=1)]
    seed: Seed = 1
    over: Annotated[dict[str, Annotated[Span, BeforeValidator(as_bounds)]], Field(min_length=1)]

    @model_validator(mode="after")
    def _balanced(self) -> Sample:
        if self.method == "saltelli" and (self.points < LEAST_ROWS or self.points & (self.points - 1)):
            raise ValueError(
                f"`points` of a saltelli design must be a power of two and at least {LEAST_ROWS}, got {self.points}"
            )
        return self
