"""Samples: how the values of each key are distributed, and the designs that draw them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, did_you_mean
from twin.inputs import Input
from twin.spec.keys import Key
from twin.spec.sample import Bounds, Sample, Span
from twin.study.axes import Values, number_of, numbers_as_values, written_number
from twin.units import to_si

Numbers = NDArray[np.float64]

_DECADE = 10.0
"""Ratio of the library's bounds from which on values are spread in their logarithm."""


@dataclass(frozen=True)
class Variation:
    """How a key varies: bounds in SI, the distribution between them in the value or its logarithm."""

    key: Key
    low: float
    high: float
    logarithmic: bool = False
    distribution: str = "uniform"
    centre: float = 0.0
    deviation: float = 1.0
    ends: tuple[Any, Any] = ("", "")
    """The bounds as they were written."""

    def at(self, share: Numbers) -> Numbers:
        """Return the values below which these shares of the distribution lie, shape as given."""
        low, high = (self.low - 0.5, self.high + 0.5) if self.key.whole else (self.low, self.high)
        if self.logarithmic:
            low, high = np.log(low), np.log(high)
        found = self._quantile(low, high, share)
        values = np.exp(found) if self.logarithmic else found
        return np.clip(np.rint(values) if self.key.whole else values, self.low, self.high)

    def _quantile(self, low: float, high: float, share: Numbers) -> Numbers:
        from scipy import stats

        if self.distribution == "uniform":
            return np.asarray(low + (high - low) * share)
        centre = np.log(self.centre) if self.logarithmic else self.centre
        if self.distribution == "triangular":
            return np.asarray(stats.triang.ppf(share, (centre - low) / (high - low), low, high - low))
        ends = (low - centre) / self.deviation, (high - centre) / self.deviation
        return np.asarray(stats.truncnorm.ppf(share, *ends, centre, self.deviation))

    def values(self, numbers: Sequence[float] | Numbers) -> Values:
        """Return numbers in SI as values of the key."""
        return numbers_as_values(self.key, numbers)


def variations(
    over: Mapping[str, Bounds],
    table: Mapping[str, Key],
    inputs: Mapping[str, Input],
    place: str,
    command: str,
    problems: list[Problem],
) -> dict[str, Variation]:
    """Return how each key varies; a name such as `inputs.chip` stands for the uncertain inputs below it.

    Parameters
    ----------
    over : mapping
        Keys, or beginnings of the keys of inputs, with their bounds.
    table : mapping
        Every key that there is.
    inputs : mapping
        The inputs of the base scenario from the library.
    place : str
        How problems call `over`.
    command : str
        What lists the keys.
    problems : list
        Receives what is wrong.
    """
    found: dict[str, Variation] = {}
    for name, span in over.items():
        below = [key for key, given in inputs.items() if key.startswith(f"{name}.") and given.uncertain]
        if name not in table and not below:
            problems.append(Problem(f"{place}.{name}", f"unknown key. {did_you_mean(name, table, command)}"))
        for key in [name] if name in table else [key for key in below if _most_special(key, over) == name]:
            try:
                found[key] = _variation(table[key], span, inputs.get(key))
            except ValueError as error:
                problems.append(Problem(f"{place}.{name}", f"{key}: {error}" if key != name else str(error)))
    return found


def _most_special(key: str, over: Mapping[str, Bounds]) -> str:
    """Return the longest of the names that stand for a key."""
    return max((name for name in over if key == name or key.startswith(f"{name}.")), key=len)


def _variation(key: Key, span: Bounds, given: Input | None) -> Variation:
    """Return how one key varies; ValueError says what is wrong."""
    if not key.numeric:
        raise ValueError("is no number; use `axes` with a list of values")
    found = _between(key, span, given)
    if not found.low < found.high:
        raise ValueError(f"the upper bound must be above the lower one, got {found.ends[0]} and {found.ends[1]}")
    if found.logarithmic and found.low <= 0.0:
        raise ValueError("logarithmic spacing needs bounds above zero")
    if not isinstance(span, Span) or span.distribution == "uniform":
        return found
    return _triangular(found, span, given) if span.distribution == "triangular" else _normal(found, span)


def _between(key: Key, span: Bounds, given: Input | None) -> Variation:
    """Return a uniform distribution between the bounds of a study or, if it has none, of the library."""
    if span.from_ is not None:
        low, high = number_of(key, span.from_), number_of(key, span.to)
        return Variation(key, low, high, span.spacing == "log", ends=(span.from_, span.to))
    if given is None or given.range is None:
        raise ValueError("the library has no `range` of it; give [low, high]")
    low, high = given.range
    logarithmic = span.spacing == "log" if span.spacing else 0.0 < _DECADE * low <= high
    return Variation(key, low, high, logarithmic, ends=(written_number(key, low), written_number(key, high)))


def _triangular(found: Variation, span: Span, given: Input | None) -> Variation:
    """Return a triangular distribution between the bounds of another one."""
    if span.mode is None and given is None:
        raise ValueError("a triangular distribution needs its `mode`")
    present = written_number(found.key, given.value) if given else None
    mode = _inside(found, "mode", present if span.mode is None else span.mode)
    return replace(found, distribution=span.distribution, centre=mode)


def _normal(found: Variation, span: Span) -> Variation:
    """Return a normal distribution cut off at the bounds of another one."""
    key = found.key
    mean = _inside(found, "mean", span.mean)
    if key.unit == "K" and str(span.deviation).lower().endswith(("degc", "degf")):
        raise ValueError("write the deviation as a difference, such as '5 K'")
    deviation = to_si(span.deviation, key.quantity.unit) if key.quantity else number_of(key, span.deviation)
    if deviation <= 0.0:
        raise ValueError(f"the deviation must be above zero, got {span.deviation}")
    return replace(found, logarithmic=False, distribution=span.distribution, centre=mean, deviation=deviation)


def _inside(found: Variation, name: str, text: Any) -> float:
    """Return the middle of a distribution in SI; ValueError if it lies outside the bounds."""
    middle = number_of(found.key, text)
    if not found.low <= middle <= found.high:
        raise ValueError(f"the {name} must lie between the bounds, {found.ends[0]} and {found.ends[1]}, got {text}")
    return middle


def drawn(sample: Sample, over: Mapping[str, Variation]) -> dict[str, Values]:
    """Return the values of all sampled keys, over (point,); equal for equal seeds.

    Source of the designs: McKay, Beckman & Conover, Technometrics 21 (1979) 239 (lhs); Sobol', USSR Comput.
    Math. Math. Phys. 7 (1967) 86, scrambled after Owen (1998); Saltelli et al., Comput. Phys. Commun. 181 (2010)
    259 (saltelli: blocks A, B and, for each key, A with this key's column of B).
    """
    shares = design(sample.method, sample.points, len(over), sample.seed)
    return {name: v.values(v.at(shares[:, column])) for column, (name, v) in enumerate(over.items())}


def design_points(method: str, points: int, keys: int) -> int:
    """Return how many points a design of `points` has."""
    return points * (keys + 2) if method == "saltelli" else points


def design(method: str, points: int, keys: int, seed: int) -> Numbers:
    """Return points of the unit cube, shape (points, keys); of a saltelli design (points (keys + 2), keys)."""
    from scipy.stats import qmc

    if method == "random":
        return np.random.default_rng(seed).random((points, keys))
    if method == "lhs":
        return np.asarray(qmc.LatinHypercube(keys, rng=seed).random(points))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a sequence that is cut is less balanced, not wrong
        if method == "sobol":
            return np.asarray(qmc.Sobol(keys, rng=seed).random(points))
        both = np.asarray(qmc.Sobol(2 * keys, rng=seed).random(points))
    return _saltelli(both[:, :keys], _unlike(both[:, :keys], both[:, keys:]))


def _unlike(first: Numbers, second: Numbers) -> Numbers:
    """Return the columns of the second block so that each is least correlated with the one of the first in its place.

    In many dimensions some pairs of columns of a short Sobol' sequence are nearly equal (correlations of 0.75 in 64
    points of 30 columns): where they met, replacing one by the other would change nothing, and a key look unimportant.
    """
    from scipy.optimize import linear_sum_assignment

    keys = first.shape[1]
    if len(first) < 2:
        return second
    correlation = np.corrcoef(first, second, rowvar=False)[:keys, keys:]
    return np.asarray(second[:, linear_sum_assignment(correlation**2)[1]])


def _saltelli(first: Numbers, second: Numbers) -> Numbers:
    """Return the blocks A, B, and A with one column of B at a time."""
    mixed = [np.where(np.arange(first.shape[1]) == column, second, first) for column in range(first.shape[1])]
    return np.concatenate([first, second, *mixed])
