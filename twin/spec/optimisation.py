"""An optimisation: what is to be least, under which limits, over which keys."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from twin.spec.base import Ratio, Spec
from twin.spec.sample import Bounds, Seed, as_bounds


class Optimise(Spec):
    """The least value of a quantity, or the front between two, over continuous keys.

    `minimise` is an expression over key figures, derived metrics and keys, or two of them: then no point of the
    front can be better in one without being worse in the other. `subject_to` are comparisons, such as
    ``peak_temperature_K <= 85 degC``. The search begins with `design` points spread evenly, goes on locally from
    the best `starts` of them, with at most `evaluations` points each, and ends where the steps fall below
    `tolerance` of the bounds' distance; sensitivities are differences over `difference` of it. A front has
    `front` points.
    """

    minimise: Annotated[tuple[str, ...], Field(min_length=1, max_length=2)]
    subject_to: tuple[str, ...] = ()
    over: Annotated[dict[str, Annotated[Bounds, BeforeValidator(as_bounds)]], Field(min_length=1)]
    design: Annotated[int, Field(ge=2)] = 32
    starts: Annotated[int, Field(ge=1)] = 4
    evaluations: Annotated[int, Field(ge=10)] = 100
    front: Annotated[int, Field(ge=3)] = 12
    tolerance: Annotated[Ratio, Field(gt=0, lt=0.1)] = 1e-3
    difference: Annotated[Ratio, Field(gt=0, lt=0.1)] = 0.01
    seed: Seed = 1

    @field_validator("minimise", mode="before")
    @classmethod
    def _one_or_two(cls, given: Any) -> Any:
        """Accept one expression alone."""
        return [given] if isinstance(given, str) else given
