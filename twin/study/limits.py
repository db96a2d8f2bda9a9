"""The limits that the answers of a study hold, and what may be wrong with the questions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, did_you_mean
from twin.spec.answer import Answer
from twin.spec.expression import Expression, ExpressionError

if TYPE_CHECKING:
    from twin.study.points import StudyPoints

_COMPARISON = re.compile(r"^(?P<left>[^<>=!]+)(?P<sign><=|>=|<|>)(?P<right>[^<>=!]+)$")


@dataclass(frozen=True)
class Limit:
    """A comparison of two quantities; `margin` is positive where it holds."""

    text: str

    @cached_property
    def sides(self) -> tuple[Expression, Expression]:
        """The smaller and the larger side, as the limit wants them."""
        found = _COMPARISON.match(self.text)
        if found is None:
            raise ExpressionError(f"'{self.text}' is not one comparison, such as 'peak_temperature_K <= 85 degC'")
        left, right = Expression(found["left"].strip()), Expression(found["right"].strip())
        return (left, right) if found["sign"].startswith("<") else (right, left)

    @property
    def names(self) -> frozenset[str]:
        """The quantities that it compares."""
        smaller, larger = self.sides
        return smaller.names | larger.names

    def margins(self, points: StudyPoints) -> NDArray[np.float64]:
        """Return larger less smaller side (points,) in SI; NaN where a quantity is missing."""
        if self.text not in points.margins:
            points.margins[self.text] = self._margins(points)
        return points.margins[self.text]

    def _margins(self, points: StudyPoints) -> NDArray[np.float64]:
        smaller, larger = self.sides
        found = np.full(points.count, np.nan)
        for number in np.flatnonzero(points.done):
            known = points.quantities(int(number), self.names)
            low, high = smaller.value(known), larger.value(known)
            if low is not None and high is not None:
                found[number] = high - low
        return found

    def curve(self, quantity: str, key: str, along: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Return what bounds a quantity at the values `along` of a key, in SI; None if it bounds something else."""
        for one, other in (self.sides, self.sides[::-1]):
            if one.text == quantity and other.names <= {key}:
                return np.array([other.value({key: float(value)}) for value in along], dtype=float)
        return None


def problems(answers: tuple[Answer, ...], units: Mapping[str, str | None], varied: tuple[str, ...]) -> list[Problem]:
    """Return what is wrong with the answers that a study asks for; `units` are those of all it knows."""
    return [
        Problem(f"answers.{number}.{key}", text)
        for number, answer in enumerate(answers)
        for key, text in _wrong(answer, units, varied)
    ]


def _wrong(answer: Answer, units: Mapping[str, str | None], varied: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    goal = "minimise" if answer.minimise else "maximise"
    if answer.goal not in units:
        yield goal, f"'{answer.goal}' is neither recorded, derived nor varied. {did_you_mean(answer.goal, units)}"
    elif units[answer.goal] is None:
        yield goal, f"'{answer.goal}' is no number"
    for key in answer.for_each:
        if key not in varied:
            yield "for_each", f"'{key}' is not varied. {did_you_mean(key, varied)}"
    for text in answer.limits:
        if wrong := wrong_limit(text, units):
            yield "limits", wrong


def wrong_limit(text: str, units: Mapping[str, str | None]) -> str:
    """Return what is wrong with a limit over quantities with these SI units; empty if nothing is."""
    try:
        Expression(text).unit(units)
        sides = Limit(text).sides
        return f"'{text}' does not compare numbers" if any(s.unit(units) in ("text", "truth") for s in sides) else ""
    except ExpressionError as error:
        return str(error)
