"""Running cases, and judging the error estimates of all their temperatures together."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from twin.vv.rows import ESTIMATES, Case, Row

FACTOR, SHARE, LARGEST_MEDIAN = 3.0, 0.95, 10.0
"""An estimate holds if the true error lies within FACTOR of it; SHARE of them must, and the median of
estimate over true error must not exceed LARGEST_MEDIAN."""

_FEWEST = 20

Progress = Callable[[int, int, str], None]


def run(cases: Sequence[Case], progress: Progress | None = None) -> list[Row]:
    """Return the rows of all cases, and those that judge the estimates if there are enough.

    Parameters
    ----------
    cases : sequence of Case
    progress : callable, optional
        Told of cases done, their number, and the case at work.
    """
    rows: list[Row] = []
    for number, case in enumerate(cases):
        if progress:
            progress(number, len(cases), case.name)
        rows += case.run()
    if progress:
        progress(len(cases), len(cases), "done")
    return [*rows, *judge_estimates(rows)]


def judge_estimates(rows: Sequence[Row]) -> list[Row]:
    """Return the rows on share and median of the estimates of temperatures with an exact solution."""
    exact = [row for row in rows if row.exact]
    if len(exact) < _FEWEST:
        return []
    given = [row for row in exact if row.error_estimate is not None]
    share = sum(_holds(row) for row in given) / len(exact)
    ratios = [_ratio(row) for row in given if not row.is_rounding]
    median = statistics.median(ratios) if ratios else None
    note = f"{len(given)} of {len(exact)} temperatures with an exact solution have an estimate"
    missing = "; the worst: " + ", ".join(_named(row) for row in _worst(given)) if given else ""
    found = [
        Row("share of true errors within 3 estimates", "", 1.0, share, 1.0 - share, 1.0 - SHARE, share >= SHARE,
            note=note + missing),
        Row("median of estimate over true error", "", 1.0, median, median, LARGEST_MEDIAN,
            median is not None and median <= LARGEST_MEDIAN, note=f"{len(ratios)} with an error above rounding"),
    ]  # fmt: skip
    return [replace(row, case="estimates", group=ESTIMATES, source="this catalogue") for row in found]


def _holds(row: Row) -> bool:
    assert row.error_estimate is not None
    return row.is_rounding or (row.true_error is not None and row.true_error <= FACTOR * row.error_estimate)


def _ratio(row: Row) -> float:
    assert row.error_estimate is not None
    assert row.true_error
    return row.error_estimate / row.true_error


def _worst(given: Sequence[Row]) -> list[Row]:
    """The five rows whose error is largest in estimates, of those that do not hold."""
    return sorted((row for row in given if not _holds(row)), key=_ratio)[:5]


def _named(row: Row) -> str:
    return f"{row.case} {row.quantity} ({1 / _ratio(row):.2g} x)"


def as_json(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the object of `twin validate --json`."""
    passed = sum(row.passed for row in rows)
    return {"rows": [row.as_json() for row in rows], "passed": passed, "failed": len(rows) - passed}
