"""Two runs side by side: the same key figures and their ratio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twin.results.display import display_of, number
from twin.results.kpis import KPIS, Kpi
from twin.results.results import COMPLETE, INTERRUPTED, Results


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
    """The key figures of two runs; printing it gives a table. `notes` tell which run did not reach its end."""

    first: str
    second: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as one JSON object, null where a system has no such quantity."""
        return {
            "a": self.first,
            "b": self.second,
            "kpis": {row.kpi.name: {"a": row.first, "b": row.second, "ratio": row.ratio} for row in self.rows},
            **({"notes": list(self.notes)} if self.notes else {}),
        }

    def __str__(self) -> str:
        titles = ("", self.first, self.second, "unit", "ratio")
        lines = [titles, *(_cells(row) for row in self.rows)]
        widths = [max(len(line[column]) for line in lines) for column in range(len(titles))]
        return "\n".join([*(_aligned(line, widths) for line in lines), *self.notes])


def compare(first: Results, second: Results) -> Comparison:
    """Return the key figures of two runs side by side."""
    names = (first.description.title or "a", second.description.title or "b")
    return Comparison(
        *names,
        rows=tuple(Row(kpi, first.kpis[name], second.kpis[name]) for name, kpi in KPIS.items()),
        notes=tuple(
            f"{name}: {text}" for name, run in zip(names, (first, second), strict=True) if (text := unended(run))
        ),
    )


def unended(results: Results) -> str:
    """Return what a reader must know before the figures of a run that did not reach its end; else nothing."""
    if results.status == COMPLETE:
        return ""
    reached = f"{float(results.data['time'][-1]):g} s" if results.data.sizes["time"] else "0 s"
    if results.status == INTERRUPTED:
        return f"this run was interrupted at {reached}; its figures cover the committed steps only."
    return f"this run was stopped at {reached}: {results.reason or 'no reason given'}."


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
