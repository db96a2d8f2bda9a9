"""What a study is asked: which of its points is the best, under which limits."""

from __future__ import annotations

from pydantic import model_validator

from twin.spec.base import Spec


class Answer(Spec):
    """One question to the points of a study: the least or greatest value of a quantity where all limits hold.

    The quantity is a key figure, a derived metric or a varied key; that of a numeric key is found between
    the points, where the limit is reached. `limits` are comparisons such as ``peak_temperature_K <= 85 degC``.
    Each value of the keys `for_each` is answered on its own.
    """

    asks: str = ""
    minimise: str | None = None
    maximise: str | None = None
    limits: tuple[str, ...] = ()
    for_each: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_goal(self) -> Answer:
        if (self.minimise is None) == (self.maximise is None):
            raise ValueError("give either `minimise` or `maximise`")
        return self

    @property
    def goal(self) -> str:
        """The quantity that is to be least or greatest."""
        return self.minimise or self.maximise or ""
