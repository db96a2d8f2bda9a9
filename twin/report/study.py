"""The page of a study: its question, the answer in words and figures, every point, and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from twin.report.optimisation import finding_cards
from twin.report.page import rendered, write_page
from twin.report.sensitivity import correlation_cards
from twin.report.study_cards import study_cards
from twin.report.study_display import shown
from twin.report.study_layout import Page
from twin.report.study_rest import assumed, facts
from twin.report.study_words import outcome, told
from twin.study.findings import findings
from twin.study.model_checks import read_checks
from twin.study.outcome import DONE, EXCLUDED, FAILED
from twin.study.points import Column, StudyPoints, errors, failures, provenance, read_points, warnings

PAGE = "report.html"
MOST_ROWS = 400
_MOST_COLUMNS = 8


@dataclass(frozen=True)
class Table:
    """The points as text: a heading per column, cells and state of each point; `left_out` are not listed."""

    headings: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], str], ...]
    left_out: int


@dataclass(frozen=True)
class Reason:
    """Why points have no result, or a warning: how many alike, where the first of them is, and the text."""

    count: int
    where: str
    text: str


def write_study_report(folder: Path, path: Path | None = None) -> Path:
    """Write the page of the study in a folder.

    Raises
    ------
    OutputError
        The folder holds no study, or the file cannot be written.
    """
    return write_page(render(folder), path or folder / PAGE)


def render(folder: Path) -> str:
    """Return the page of the study in a folder as HTML with plotly.js inside."""
    points = read_points(folder)
    by_number = errors(folder) if points.replicas == 1 else {}
    found = findings(folder)
    cards = finding_cards(found) or [*study_cards(Page(points, by_number)), *correlation_cards(found.correlations)]
    made = provenance(folder)
    return rendered(
        "study.html.j2",
        cards,
        title=points.title or "Study",
        study=points.study,
        base=points.base,
        outcome=outcome(points),
        state=_state(points),
        answers=told(points),
        findings="\n".join(found.lines),
        cards=cards,
        failed=[_reason(points, item.number, item.error, item.count) for item in failures(folder)],
        warned=[_reason(points, item.number, item.text, item.count) for item in warnings(folder)],
        table=points_table(points),
        facts=facts(points, made, read_checks(folder)),
        assumed_inputs=assumed(points),
    )


def _state(points: StudyPoints) -> str:
    ended = set(points.status) <= {DONE, FAILED, EXCLUDED}
    return "complete" if ended and FAILED not in points.status else "stopped" if ended else "interrupted"


def points_table(points: StudyPoints) -> Table:
    """Return the points with their keys and the quantities that matter most; excluded points are not listed."""
    results = [column for column in points.columns.values() if not column.is_key][:_MOST_COLUMNS]
    columns = [shown(column) for column in (*points.keys, *results)]
    listed = [number for number in range(points.count) if points.status[number] != EXCLUDED]
    rows = tuple(
        (tuple(how.text(how.column.values[n], unit=False) for how in columns), str(points.status[n]))
        for n in listed[:MOST_ROWS]
    )
    return Table(tuple(how.label for how in columns), rows, max(len(listed) - MOST_ROWS, 0))


def _reason(points: StudyPoints, number: int, text: str, count: int) -> Reason:
    """Return an error or a warning with the place of the first point that has it."""
    keys: tuple[Column, ...] = points.keys
    at = number // points.replicas
    where = ", ".join(f"{column.label} {shown(column).text(column.values[at])}" for column in keys)
    return Reason(count, where, text)
