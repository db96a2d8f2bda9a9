"""The report of a run: one HTML file that needs no network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twin.report.comparison import comparison_card
from twin.report.energy import energy_card
from twin.report.maps import map_cards
from twin.report.page import Section, rendered, write_page
from twin.report.series import numerics_card, series_cards
from twin.report.uncertainty import band_note, uncertainty_cards
from twin.results.compare import compare, shown, unended
from twin.results.display import display_of, number
from twin.results.kpis import KPIS
from twin.results.results import Results

REPORT = "report.html"


def write_report(results: Results, path: Path, other: Results | None = None) -> Path:
    """Write the report of a run to `path`, compared with `other` (else the run's own comparison).

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    return write_page(render(results, other or results.comparison), path)


def render(results: Results, other: Results | None = None) -> str:
    """Return the report as HTML with plotly.js inside."""
    sections = report_sections(results, other)
    return rendered(
        "report.html.j2",
        (card for section in sections for card in section.cards),
        results=results,
        banner=banner(results, other),
        kpis=kpi_tiles(results),
        model_errors=model_error_rows(results),
        sections=sections,
        comparison=comparison_rows(results, other) if other is not None else None,
    )


def report_sections(results: Results, other: Results | None) -> list[Section]:
    """Return the figures that this run has, in the order of the page."""
    flow, numerics = energy_card(results), numerics_card(results)
    sections = [
        Section("How sure it is", uncertainty_cards(results)),
        Section("Over time", series_cards(results)),
        Section("On the wafer", map_cards(results)),
        Section("Energy", [flow] if flow else []),
        Section("Against the other system", [comparison_card(results, other)] if other else []),
        Section("Numerics", [numerics] if numerics else []),
    ]
    return [section for section in sections if section.cards]


def banner(results: Results, other: Results | None = None) -> str:
    """Return what a reader must know before the figures: runs that did not reach their end."""
    own, of_other = unended(results), "" if other is None else unended(other)
    told = [own[:1].upper() + own[1:], f"The other system: {of_other}" if of_other else ""]
    return " ".join(filter(None, told))


def kpi_tiles(results: Results) -> list[dict[str, str]]:
    """Return label, value, unit, meaning and a note of every key figure that the system has."""
    errors = [kelvin for error in results.model_errors if (kelvin := results.peak_error(error)) is not None]
    notes = {"peak_temperature_K": f"model error {sum(errors):+.2g} K"} if errors else {}
    return [
        {
            "label": kpi.label,
            "value": shown(kpi, results.kpis[name]),
            "unit": display_of(kpi.unit).unit,
            "description": kpi.description,
            "note": "; ".join(filter(None, (notes.get(name), band_note(results.uncertainty, name)))),
        }
        for name, kpi in KPIS.items()
        if results.kpis[name] is not None
    ]


def model_error_rows(results: Results) -> list[dict[str, str]]:
    """Return what the models are known to miss: of which quantity, how much, and what that means for the peak."""
    return [
        {
            "quantity": error.quantity,
            "relative": f"{100.0 * error.relative_error:+.1f} %",
            "share": f"{100.0 * error.share_of_rise:.0f} %",
            "peak": "-" if (kelvin := results.peak_error(error)) is None else f"{kelvin:+.2g} K",
            "source": error.source,
        }
        for error in results.model_errors
    ]


def comparison_rows(results: Results, other: Results) -> dict[str, Any]:
    """Return the table of both systems' key figures, without those that neither has."""
    table = compare(results, other)
    rows = [
        {
            "label": row.kpi.label,
            "unit": display_of(row.kpi.unit).unit,
            "first": shown(row.kpi, row.first),
            "second": shown(row.kpi, row.second),
            "ratio": number(row.ratio, 3),
        }
        for row in table.rows
        if row.first is not None or row.second is not None
    ]
    return {"first": table.first, "second": table.second, "rows": rows}
