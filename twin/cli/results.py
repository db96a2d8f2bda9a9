"""Commands on finished runs: compare, report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twin.cli.output import note, print_json, print_text
from twin.errors import OutputError

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Folder = Annotated[Path, typer.Argument(help="Folder of a run (twin run --out).", show_default=False)]
RunOrStudy = Annotated[Path, typer.Argument(help="Folder of a run or of a study.", show_default=False)]


def compare(first: Folder, second: Folder, as_json: Json = False) -> None:
    """Show the key figures of two runs side by side, with their ratio."""
    from twin.results.compare import compare as compare_results
    from twin.results.results import open_results

    table = compare_results(open_results(first), open_results(second))
    if as_json:
        print_json(table.to_json())
    else:
        print_text(str(table))


def report(
    folder: RunOrStudy,
    out: Annotated[Path | None, typer.Option(help="File to write; absent: report.html in the folder.")] = None,
    against: Annotated[Path | None, typer.Option(help="Folder of a run to compare with.")] = None,
) -> None:
    """Write the report of a run or of a study: one HTML file that needs no network."""
    from twin.report.html import REPORT, write_report
    from twin.report.study import write_study_report
    from twin.results.results import STORE as RUN_STORE
    from twin.results.results import open_results
    from twin.study.dataset import STORE

    if (folder / STORE).is_dir():
        if against is not None:
            raise typer.BadParameter("a study is not compared with a run")
        note(f"{write_study_report(folder, out)}: written")
        return
    if not (folder / RUN_STORE).is_dir():
        raise OutputError(f"{folder}: holds neither a run ({RUN_STORE}) nor the points of a study ({STORE})")
    results = open_results(folder)
    other = None if against is None else open_results(against)
    path = write_report(results, out or folder / REPORT, other)
    note(f"{path}: written")
