"""Rows of the verification table: a computed value beside what it must be, and the verdict."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

ORDER_TOLERANCE = 0.15
"""Largest distance of an observed order from theory."""

_ROUNDING = 1e-9
"""Errors below this share of the scale are those of the reference's own arithmetic."""

GROUPS = {
    "conduction": "conduction",
    "spreading": "spreading",
    "transient": "transient",
    "nonlinear": "nonlinear",
    "coolant": "coolant",
    "ducts": "ducts",
    "experiments": "published experiments",
    "conservation": "conservation and symmetry",
}
"""Short name of each group (of the command and the modules) and the name that tables show."""

ESTIMATES = "error estimates"
"""Group of the rows that judge the error estimates of all others."""


@dataclass(frozen=True)
class Convergence:
    """Errors against mesh or step size, for an observed order; sizes fall."""

    sizes: tuple[float, ...]
    errors: tuple[float, ...]
    theory: float
    axis: str

    @property
    def order(self) -> float:
        """Slope between the two finest."""
        (coarse, fine), (large, small) = self.sizes[-2:], self.errors[-2:]
        if small <= 0 or large <= 0:
            return math.nan
        return math.log(large / small) / math.log(coarse / fine)


@dataclass(frozen=True)
class Row:
    """One line of the table.

    `error` and `tolerance` are in the measure of the case: |result - reference| over `scale` (the
    temperature rise, or the reference itself), or absolute where `scale` is 1.  `exact` marks a
    temperature with an exact solution, whose `error_estimate` in K is judged as well.
    """

    quantity: str
    unit: str
    reference: float | None
    result: float | None
    error: float | None
    tolerance: float | None
    passed: bool
    scale: float = 1.0
    error_estimate: float | None = None
    order: float | None = None
    convergence: Convergence | None = None
    exact: bool = False
    note: str = ""
    case: str = ""
    group: str = ""
    title: str = ""
    source: str = ""

    def __iter__(self) -> Iterator[Row]:
        """A single row can stand where several are expected."""
        yield self

    @property
    def verdict(self) -> str:
        """`pass` or `fail`."""
        return "pass" if self.passed else "fail"

    @property
    def true_error(self) -> float | None:
        """|result - reference| in the row's unit."""
        if self.result is None or self.reference is None:
            return None
        return abs(self.result - self.reference)

    @property
    def is_rounding(self) -> bool:
        """Whether the error is no larger than the rounding of the reference."""
        return self.true_error is not None and self.true_error <= _ROUNDING * self.scale

    def as_json(self) -> dict[str, Any]:
        """Return the row of `twin validate --json`."""
        keys = ("case", "group", "quantity", "unit", "reference", "result", "error", "tolerance", "error_estimate")
        row = {key: getattr(self, key) for key in keys}
        return {**row, "order": self.order, "verdict": self.verdict, "source": self.source, "note": self.note}


@dataclass(frozen=True)
class Case:
    """A problem with a known answer: `rows` solves it."""

    name: str
    group: str
    title: str
    source: str
    rows: Callable[[], Iterable[Row]]
    slow: bool = False

    def run(self) -> Iterator[Row]:
        """Solve; what goes wrong on the way becomes a failed row."""
        try:
            for row in self.rows():
                yield self._named(row)
        except Exception as error:
            yield self._named(failure("solves", error))

    def _named(self, row: Row) -> Row:
        return replace(row, case=self.name, group=GROUPS[self.group], title=self.title, source=self.source)


@dataclass
class Registry:
    """Cases of one group, in the order in which they were written."""

    group: str
    cases: list[Case] = field(default_factory=list)

    def case(self, name: str, title: str, source: str, slow: bool = False) -> Callable[[Any], Any]:
        """Register the decorated function, which yields the rows of a case."""

        def register(rows: Callable[[], Iterable[Row]]) -> Callable[[], Iterable[Row]]:
            def flat() -> Iterator[Row]:
                for several in rows():
                    yield from several

            self.cases.append(Case(name, self.group, title, source, flat, slow))
            return rows

        return register


def compare(
    quantity: str,
    result: float,
    reference: float,
    tolerance: float,
    unit: str = "",
    scale: float | None = None,
    note: str = "",
) -> Row:
    """Return the row of |result - reference| / scale <= tolerance; the scale is |reference| unless given."""
    result, reference = float(result), float(reference)
    scale = abs(reference) if scale is None else abs(float(scale))
    error = abs(result - reference) / scale if scale > 0 else abs(result - reference)
    return Row(quantity, unit, reference, result, error, tolerance, bool(error <= tolerance), scale, note=note)


def temperature(
    quantity: str,
    result: float,
    reference: float,
    tolerance: float,
    rise: float | None = None,
    estimate: float | None = None,
    unit: str = "K",
    note: str = "",
) -> Row:
    """Return the row of a temperature with an exact value, its error relative to a rise."""
    row = compare(quantity, result, reference, tolerance, unit, rise, note)
    return replace(row, error_estimate=estimate, exact=True)


def within(quantity: str, error: float, tolerance: float, unit: str = "", note: str = "") -> Row:
    """Return the row of a quantity that should vanish."""
    error = float(error)
    return Row(quantity, unit, 0.0, error, abs(error), tolerance, bool(abs(error) <= tolerance), note=note)


def observed_order(
    quantity: str,
    sizes: Sequence[float],
    errors: Sequence[float] | np.ndarray,
    theory: float,
    axis: str = "cell",
    tolerance: float = ORDER_TOLERANCE,
    note: str = "",
) -> Row:
    """Return the row of the order observed between the two finest of several sizes."""
    magnitudes = tuple(abs(float(error)) for error in errors)
    found = Convergence(tuple(float(size) for size in sizes), magnitudes, theory, axis)
    error = abs(found.order - theory)
    passed = bool(error <= tolerance)
    return Row(
        quantity, "", theory, found.order, error, tolerance, passed, order=found.order, convergence=found, note=note
    )


def order_or_exact(
    quantity: str, sizes: Sequence[float], errors: Sequence[float], theory: float, floor: float, axis: str = "cell"
) -> Row:
    """Return the row of an observed order, or of the largest error where every mesh is exact to `floor`."""
    largest = max(abs(float(error)) for error in errors)
    if largest <= floor:
        return within(f"{quantity}: exact on every mesh", largest, floor)
    return observed_order(quantity, sizes, errors, theory, axis)


def holds(quantity: str, true: bool, note: str = "") -> Row:
    """Return the row of a statement: 1 for true."""
    return Row(quantity, "", 1.0, float(true), 0.0 if true else 1.0, 0.0, bool(true), note=note)


def failure(quantity: str, error: Exception) -> Row:
    """Return the row of a case that could not be solved."""
    message = " ".join(f"{type(error).__name__}: {error}".split())
    return Row(quantity, "", None, None, None, None, False, note=message[:300])
