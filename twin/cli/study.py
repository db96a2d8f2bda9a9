"""`twin study`: a scenario varied along axes or by samples, computed on all cores or on a cluster."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.cli.output import note, print_json, print_text

if TYPE_CHECKING:
    from twin.study.run import Progress, Summary

INTERRUPTED = 130
_EVERY = 10.0
"""Seconds between two lines of progress where there is no terminal."""


def study(
    given: Annotated[str, typer.Argument(metavar="STUDY", help="Name in data/studies, or a file.")],
    out: Annotated[Path | None, typer.Option(help="Folder for results; absent: studies/STUDY.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes here; absent: one per core.")] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a dask scheduler, instead of processes here.")
    ] = None,
    no_reuse: Annotated[bool, typer.Option("--no-reuse", help="Take no points from other studies.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compute many points of a scenario, and a page that answers the study's question: report.html.

    study.zarr holds the data, catalogue.sqlite the state of every point. The same command continues a study.
    """
    from twin.report.study import write_study_report
    from twin.study.points import warnings
    from twin.study.run import run_study

    if workers is not None and scheduler is not None:
        raise typer.BadParameter("use either --workers or --scheduler")
    folder = out or Path("studies") / Path(given).stem
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with _Shown() as shown:
            found = run_study(
                given, folder, workers=workers, scheduler=scheduler, reuse=not no_reuse, progress=shown.show
            )
    except KeyboardInterrupt:
        note(f"Interrupted. Finished points are kept in {folder}; the same command continues.")
        sys.stderr.flush()
        os._exit(INTERRUPTED)  # threads of dask would delay the end; everything is on the disk
    warned = [f"warning: {item}" for item in warnings(folder)]
    for text in (*found.notes, *warned, *(f"point {number} failed: {error}" for number, error in found.errors)):
        note(text)
    page = write_study_report(folder)
    if as_json:
        print_json(_json(found))
    else:
        print_text(f"{_text(found)}\nreport: {page}")
    if found.failed or found.problem:
        raise typer.Exit(1)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _json(found: Summary) -> dict[str, Any]:
    from twin.report.study_words import told
    from twin.study.findings import findings
    from twin.study.points import errors, read_points, warnings

    where_any = {
        "excluded": found.excluded,
        "answers": [str(answer) for answer in told(read_points(found.folder))],
        "errors": errors(found.folder),
        "warnings": [asdict(item) for item in warnings(found.folder)],
    }
    return {
        "points": found.points,
        "done": found.done,
        "failed": found.failed,
        "reused": found.reused,
        "wall_time_s": found.wall_time,
        **{name: value for name, value in where_any.items() if value},
        **findings(found.folder).to_json(),
    }


def _text(found: Summary) -> str:
    import numpy as np

    from twin.report.study_display import shown
    from twin.report.study_words import told
    from twin.study.findings import findings
    from twin.study.model_checks import checks_in_words, read_checks
    from twin.study.points import read_points

    lines = [
        f"{found.points} points: {found.done} done ({found.reused} reused), {found.failed} failed, "
        f"{found.excluded} excluded; {found.wall_time:.1f} s"
    ]
    points = read_points(found.folder)
    for column in points.columns.values():
        values = column.values.astype(float) if column.is_number and not column.is_key else np.zeros(0)
        values = values[np.isfinite(values)]
        if values.size:
            how = shown(column)
            low, high = how.text(values.min(), unit=False), how.text(values.max(), unit=False)
            lines.append(f"  {column.label:<32}{low:>12} to {high:<12}{how.unit}".rstrip())
        elif column.is_derived or column.name in (points.study.record or ()):
            lines.append(f"  {column.label:<32}no value at any point")
    if checked := checks_in_words(read_checks(found.folder)):
        lines.append(f"thermal model: {checked}")
    return "\n".join(
        [*lines, *map(str, told(points)), *findings(found.folder).lines, f"results: {found.folder / 'study.zarr'}"]
    )


class _Shown:
    """Done and total, rate, remaining time and failures: a bar on a terminal, else a line now and then."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        console = Console(file=sys.stderr)
        columns = (TextColumn("{task.description}"), BarColumn())
        self._bar = Progress(*columns, console=console, disable=not console.is_terminal, auto_refresh=False)
        self._task = self._bar.add_task("starting", total=None)
        self._terminal = console.is_terminal
        self._next = 0.0

    def __enter__(self) -> _Shown:
        self._bar.start()
        return self

    def __exit__(self, *ending: object) -> None:
        self._bar.stop()

    def show(self, progress: Progress) -> None:
        """Show how far a study is."""
        ended = progress.done + progress.failed + progress.excluded
        total = None if progress.to_compute is None else progress.points
        self._bar.update(self._task, completed=ended, total=total, description=line(progress), refresh=True)
        now = time.monotonic()
        if not self._terminal and (now >= self._next or progress.computed == progress.to_compute):
            self._next = now + _EVERY
            note(line(progress))


def line(progress: Progress) -> str:
    """Return progress as text: done and total, failures, points per second, remaining time."""
    text = f"{progress.done} done" if progress.to_compute is None else f"{progress.done} of {progress.points} done"
    if progress.failed:
        text += f", {progress.failed} failed"
    if progress.excluded:
        text += f", {progress.excluded} excluded"
    rate = progress.computed / max(progress.seconds, 1e-9)
    if progress.to_compute is None:
        return f"{text}; {rate:.3g} points/s" if progress.computed else text
    if not progress.computed:
        return f"{text}; {progress.to_compute} to compute"
    left = (progress.to_compute - progress.computed) / rate
    return f"{text}; {rate:.3g} points/s, {_duration(left)} left"


def _duration(seconds: float) -> str:
    if seconds < 100.0:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000.0 else f"{seconds / 3600:.1f} h"
