"""What varies between the points of a study: values as a scenario file would hold them, and in SI."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem
from twin.spec.keys import Key
from twin.spec.study import Range

Numbers = NDArray[np.float64]


class _Made(Sequence[Any]):
    """Something of each number of an array, made when it is asked for: a study may have millions of them."""

    def __init__(self, numbers: NDArray[Any], make: Callable[[Any], Any]):
        self._numbers, self._make = numbers, make

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, place: Any) -> Any:
        return self._make(self._numbers[place].item())


@dataclass(frozen=True)
class Values:
    """The values of one key: as a resolved scenario writes them, in SI (text as it is), and for a coordinate."""

    key: Key
    written: Sequence[Any]
    si: Sequence[Any]
    labels: NDArray[Any]

    def __len__(self) -> int:
        return len(self.written)

    @cached_property
    def ranks(self) -> NDArray[np.int64]:
        """Where each value lies among those that differ, by size or alphabet."""
        return np.unique(self.labels, return_inverse=True)[1]


def as_values(key: Key, written: Sequence[Any], si: Sequence[Any]) -> Values:
    """Return values with labels: numbers in SI where all are, else text."""
    if key.numeric and all(isinstance(value, int | float) for value in si):
        labels: NDArray[Any] = np.array(si, dtype=np.int64 if key.whole else np.float64)
    else:
        labels = np.array([_label(value) for value in written], dtype=object)
    return Values(key, tuple(written), tuple(si), labels)


def numbers_as_values(key: Key, numbers: Sequence[float] | Numbers) -> Values:
    """Return numbers in SI as values of a key."""
    kind = int if key.whole else float
    labels = np.asarray(numbers, dtype=kind)
    return Values(key, _Made(labels, partial(written_number, key)), _Made(labels, kind), labels)


def _label(written: Any) -> str:
    if isinstance(written, list) and all(isinstance(item, str) for item in written):
        return ",".join(written) or "none"
    if isinstance(written, list):
        return "; ".join(_label(item) for item in written)
    if isinstance(written, dict):
        return ", ".join(f"{key} {_label(item)}" for key, item in written.items() if item is not None)
    return "null" if written is None else str(written)


def written_number(key: Key, number: float) -> Any:
    """Return a number in SI as a resolved scenario writes it."""
    if key.whole:
        return int(number)
    unit = key.quantity.unit if key.quantity else ""
    return f"{number!r} {unit}" if unit else number


def range_numbers(key: Key, given: Range) -> Numbers:
    """Return the values of a range in SI; ValueError says what is wrong."""
    low, high = bounds(key, given)
    spaced = np.geomspace if given.spacing == "log" else np.linspace
    found = np.asarray(spaced(low, high, given.points), dtype=float)
    found[0], found[-1] = (low, high) if given.points > 1 else (low, low)
    if key.whole:
        whole = np.rint(found)
        if len(np.unique(whole)) < len(whole):
            raise ValueError(f"there are no {given.points} whole numbers from {low:g} to {high:g}; use fewer points")
        return whole
    return found


def bounds(key: Key, given: Range) -> tuple[float, float]:
    """Return the ends of a range in SI; ValueError says what is wrong."""
    if not key.numeric:
        raise ValueError("is no number; give a list of values")
    low, high = (number_of(key, end) for end in (given.from_, given.to))
    if low == high and given.points > 1:
        raise ValueError(f"`from` and `to` are the same, {given.to}; give two ends that differ, or a list of one value")
    if given.spacing == "log" and min(low, high) <= 0.0:
        raise ValueError("logarithmic spacing needs ends above zero")
    return low, high


def number_of(key: Key, text: Any) -> float:
    """Return a number as a user wrote it in SI; ValueError says what is wrong."""
    if key.quantity is None:
        if isinstance(text, bool) or not isinstance(text, int):
            raise ValueError(f"needs a whole number, got {text!r}")
        return float(text)
    return key.quantity.convert(text)


def repeated(place: str, given: Sequence[Any], resolved: Sequence[Any]) -> list[Problem]:
    """Return a problem if two values that a user gave, at `place`, are resolved to the same."""
    seen: dict[str, int] = {}
    for number, value in enumerate(resolved):
        first = seen.setdefault(repr(value), number)
        if first != number:
            texts = " and ".join(dict.fromkeys(str(given[one]) for one in (first, number)))
            return [Problem(place, f"values {first + 1} and {number + 1} are the same: {texts}; remove one of them")]
    return []
