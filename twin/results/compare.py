"""Two runs side by side: the same key figures and their ratio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twin.results.display import display_of, number
from twin.results.kpis import KPIS, Kpi
from twin.results.results import Results


@dataclass(frozen=True)
class Row:
    """One key figure of both runs in SI; `ratio` is first over second."""

    kpi: Kpi
    first: float | None
    second: float | None

    @property
    def ratio(self) -> float | None:
        """First over second; None without both, and for temperatures, whose ratio means nothing."""
        if self.first is None or not self.second or self.kpi.unit == "K":
            return None
        return self.first / self.second


@dataclass(frozen=True)
class Comparison:
    """The key figures of two runs; printing it gives a table."""

    first: str
    second: str
    rows: tuple[Row, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as one JSON object, null where a system has no such quantity."""
        return {
            "a": self.first,
            "b": self.second,
            "kpis": {row.kpi.name: {"a": row.first, "b": row.second, "ratio": row.ratio} for row in self.rows},
        }

    def __str__(self) -> str:
        titles = ("", self.first, self.second, "unit", "ratio")
        lines = [titles, *(_cells(row) for row in self.rows)]
        widths = [max(len(line[column]) for line in lines) for column in range(len(titles))]
        return "\n".join(_aligned(line, widths) for line in lines)


def compare(first: Results, second: Results) -> Comparison:
    """Return the key figures of two runs side by side."""
    names = (first.description.title or "a", second.description.title or "b")
    return Comparison(
        *names,
        rows=tuple(Row(kpi, first.kpis[name], second.kpis[name]) for name, kpi in KPIS.items()),
    )


def shown(kpi: Kpi, value: float | None) -> str:
    """Return a key figure's value as readers see it, without its unit."""
    return number(None if value is None else display_of(kpi.unit)(value))


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.kpi.label,
        shown(row.kpi, row.first),
        shown(row.kpi, row.second),
        display_of(row.kpi.unit).unit,
        number(row.ratio),
    )


def _aligned(cells: tuple[str, ...], widths: list[int]) -> str:
    label, *others = (
        cell.ljust(width) if column in (0, 3) else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join([label, *others]).rstrip()
