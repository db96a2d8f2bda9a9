"""`twin validate`: the verification and validation cases, computed live."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.cli.output import json_safe, note, print_json, print_table, print_text, progress_bar

if TYPE_CHECKING:
    from twin.vv.rows import Row

TABLE_FILE, PAGE_FILE = "validation.json", "validation.html"


def validate(
    cases: Annotated[list[str] | None, typer.Argument(help="Names of cases; absent: all.", metavar="[CASE]...")] = None,
    group: Annotated[str | None, typer.Option(help="Only this group, such as conduction or ducts.")] = None,
    out: Annotated[Path | None, typer.Option(help=f"Folder for {TABLE_FILE} and {PAGE_FILE}.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the files that the folder holds.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compute every case with a known answer: reference, result, error, tolerance, order, verdict."""
    from twin.vv.catalogue import choose
    from twin.vv.run import as_json as table
    from twin.vv.run import run

    chosen = choose(cases or [], group)
    if out is not None and not overwrite:
        _refuse_to_overwrite(out)
    with progress_bar() as bar:
        rows = run(chosen, _Shown(bar))
    found = table(rows)
    if out is not None:
        _write(out, rows, found)
    if as_json:
        print_json(found)
    else:
        _print_rows(rows)
        print_text(f"{found['passed']} passed, {found['failed']} failed")
    if found["failed"]:
        raise typer.Exit(1)


def _refuse_to_overwrite(out: Path) -> None:
    from twin.errors import OutputError

    held = [name for name in (TABLE_FILE, PAGE_FILE) if (out / name).exists()]
    if held:
        raise OutputError(f"{out} holds {' and '.join(held)} already. Remedy: another --out, or --overwrite.")


def _write(out: Path, rows: list[Row], found: dict[str, Any]) -> None:
    from twin.errors import OutputError
    from twin.report.validation import render
    from twin.results.checkpoint import replace_file

    try:
        out.mkdir(parents=True, exist_ok=True)
        text = json.dumps(json_safe(found), indent=2, allow_nan=False)
        replace_file(out / TABLE_FILE, text.encode())
        replace_file(out / PAGE_FILE, render(rows).encode())
    except OSError as error:
        raise OutputError(f"{out}: cannot be written ({error.strerror})") from error
    note(f"report: {out / PAGE_FILE}")


_VALUES = ("reference", "result", "unit", "error", "tolerance", "estimate K", "order", "verdict")


def _print_rows(rows: list[Row]) -> None:
    columns = ("case", "quantity", *_VALUES)
    for group, members in groupby(rows, key=lambda row: row.group):
        print_table(columns, [_cells(row) for row in members], title=group)
    failed = [row for row in rows if not row.passed and row.note]
    for row in failed:
        print_text(f"{row.case}, {row.quantity}: {row.note}")


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.case, row.quantity, _number(row.reference, 9), _number(row.result, 9), row.unit,
        _number(row.error, 3), _number(row.tolerance, 3), _number(row.error_estimate, 3), _number(row.order, 3),
        row.verdict,
    )  # fmt: skip


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}g}"


class _Shown:
    """Shows the case at work: in a progress bar, or as a line each where there is no terminal."""

    def __init__(self, bar: Any):
        self._bar = bar
        self._task = bar.add_task("validate", total=1)

    def __call__(self, done: int, total: int, case: str) -> None:
        self._bar.update(self._task, completed=done, total=total, description=case)
        if not self._bar.console.is_terminal and done < total:
            note(f"{done + 1} of {total}: {case}")
