"""How the points of a study are laid out on paper: along which keys, with what as series, panels or bars."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twin.report.study_display import shown
from twin.results.kpis import NUMERICAL
from twin.study.answers import Found, answered
from twin.study.limits import Limit
from twin.study.points import Column, StudyPoints

MOST_SERIES = 4
"""Values of a second numeric key up to which it makes lines instead of a map."""
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Series:
    """Points that belong together, and what sets them apart from others."""

    label: str
    members: Mask


@dataclass(frozen=True)
class Page:
    """Points with what a page needs to draw them; `errors` are those of failed points, by number."""

    points: StudyPoints
    errors: dict[int, str]

    @cached_property
    def answers(self) -> list[list[Found]]:
        """The answers to every question of the study."""
        return [answered(self.points, answer) for answer in self.points.study.answers]

    @cached_property
    def keys(self) -> tuple[Column, ...]:
        """The keys that are drawn: those that the others do not fix (as a model fixes its number of systems)."""
        kept: list[Column] = []
        for column in sorted(self.points.keys, key=lambda column: column.is_number):
            if not kept or not _follows(column, kept[0], self.points.done):
                kept.append(column)
        return tuple(column for column in self.points.keys if column in kept)

    @cached_property
    def numeric(self) -> tuple[Column, ...]:
        """The numeric keys that are drawn, the one with most values first."""
        found = [column for column in self.keys if column.is_number]
        return tuple(sorted(found, key=lambda column: -len(column.axis)))

    @property
    def is_map(self) -> bool:
        """Whether two numeric keys have values enough for a map."""
        return len(self.numeric) > 1 and len(self.numeric[1].axis) > MOST_SERIES

    @cached_property
    def drawn(self) -> tuple[Column, ...]:
        """The quantities that are drawn: what `show` names, else goals and limits of the answers, else all."""
        columns = self.points.columns
        names = self.points.study.show
        if not names:
            goals = [a.goal for a in self.points.study.answers]
            texts = [text for answer in self.points.study.answers for text in answer.limits]
            limited = [name for name in columns for text in texts if name in Limit(text).names]
            names = tuple(dict.fromkeys((*goals, *limited))) or tuple(n for n in columns if n not in NUMERICAL)
        found = [columns[name] for name in names if name in columns and not columns[name].is_key]
        return tuple(column for column in found if np.isfinite(column.values.astype(float)).any())

    def series(self, without: tuple[Column, ...]) -> list[Series]:
        """Return the points in groups of equal values of all drawn keys but some, those with results only."""
        others = [column for column in self.keys if column not in without]
        found: dict[tuple[str, ...], list[int]] = {}
        for number in range(self.points.count):
            label = tuple(
                shown(c).text(c.values[number]) if not c.is_number else f"{c.label} {shown(c).text(c.values[number])}"
                for c in others
            )
            found.setdefault(label, []).append(number)
        return [
            Series(", ".join(label), _mask(members, self.points.count))
            for label, members in found.items()
            if self.points.done[members].any()
        ]

    def best(self, quantity: Column) -> Iterator[tuple[int, Found]]:
        """Yield the points that answer a question about a quantity, with the answers."""
        for answer, found in zip(self.points.study.answers, self.answers, strict=True):
            if answer.goal == quantity.name:
                yield from ((item.number, item) for item in found if item.number is not None)

    def without_result(self, members: Mask) -> list[int]:
        """Return the numbers of points that failed."""
        return [int(number) for number in np.flatnonzero(members & (self.points.status == "failed"))]


def _follows(column: Column, other: Column, done: Mask) -> bool:
    """Tell whether a key has one value only for each value of another, among the points with results."""
    if not done.any() or done.all():
        return False
    pairs = {(other.values[number], column.values[number]) for number in np.flatnonzero(done)}
    return len(pairs) == len({value for value, _ in pairs}) and column.axis.size != 1


def _mask(members: list[int], count: int) -> Mask:
    found = np.zeros(count, dtype=bool)
    found[members] = True
    return found
