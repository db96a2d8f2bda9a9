"""`twin run`: a scenario from request trace to report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from twin.cli.output import note, print_json, print_text, progress_bar

DEFAULT_SCENARIO = "wse3-llama3.1-8b-conversation"


def run(
    scenario: Annotated[
        str | None,
        typer.Argument(
            help=f"Name in data/scenarios, or a file; absent: {DEFAULT_SCENARIO}, or that of the run to resume.",
            show_default=False,
        ),
    ] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE, such as cooling.flow_rate='30 L/min'")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for results; absent: runs/SCENARIO.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the run that the folder holds.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the interrupted run in the folder.")] = False,
    uncertainty: Annotated[
        bool, typer.Option("--uncertainty", help="Bands of the key figures: assumed inputs vary within their ranges.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object of key figures.")] = False,
) -> None:
    """Run a scenario: results.zarr, report.html, scenario.yaml and the key figures."""
    from twin.cli.uncertainty import add_uncertainty
    from twin.engine.run import SCENARIO_FILE, load
    from twin.engine.run import run as run_scenario
    from twin.errors import SpecError
    from twin.references import check_references
    from twin.report.html import write_report

    if overwrite and resume:
        raise typer.BadParameter("use either --overwrite or --resume")
    kept = out / SCENARIO_FILE if out and resume else None
    scenario = scenario or (str(kept) if kept and kept.is_file() else DEFAULT_SCENARIO)
    chosen = load(scenario)
    where = Path(scenario).name
    given = _changes(changes or [])
    if given:
        try:
            chosen = chosen.replace(given)
        except SpecError as error:
            raise SpecError(f"{where} with --set", error.problems) from error
    if problems := check_references(chosen):
        raise SpecError(where, problems)
    folder = out or Path("runs") / _name(scenario)
    with progress_bar() as bar:
        results = run_scenario(chosen, folder, overwrite=overwrite, resume=resume, progress=_Shown(bar), where=where)
    without_bands = uncertainty and not add_uncertainty(chosen, results, folder, where, keep=resume)
    report = write_report(results, folder / "report.html")
    if as_json:
        print_json(results.to_json())
    else:
        print_text(results.summary())
        if results.comparison is not None:
            print_text("\nThe same requests on the other system:\n" + results.comparison.summary())
    note(f"report: {report}")
    if results.status == "stopped" or without_bands:
        raise typer.Exit(1)


def _changes(given: list[str]) -> dict[str, Any]:
    """Return KEY=VALUE pairs as a mapping; values are read as YAML."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    from twin.errors import Problem, SpecError

    problems = [Problem(item, "is not of the form KEY=VALUE") for item in given if "=" not in item]
    if problems:
        raise SpecError("--set", problems)
    changes: dict[str, Any] = {}
    for item in given:
        key, value = item.split("=", 1)
        try:
            changes[key.strip()] = YAML(typ="safe", pure=True).load(value)
        except YAMLError:
            problems.append(Problem(key.strip(), f"'{value}' cannot be read as a YAML value; put quotes around text"))
    if problems:
        raise SpecError("--set", problems)
    return changes


def _name(scenario: str) -> str:
    """Return the name of a scenario or of its file; a name may hold dots."""
    path = Path(scenario)
    return path.stem if path.suffix in (".yaml", ".yml") else path.name


class _Shown:
    """Shows the simulated time of each system: in a progress bar, or in ten lines where there is no terminal."""

    def __init__(self, bar: Any):
        self._bar = bar
        self._tasks: dict[str, Any] = {}
        self._tenths: dict[str, int] = {}

    def __call__(self, done: float, total: float, title: str) -> None:
        text = f"{title}: {done:.6g} of {total:.6g} s simulated"
        if title not in self._tasks:
            self._tasks[title] = self._bar.add_task(title, total=total)
        self._bar.update(self._tasks[title], completed=done, description=text)
        tenth = int(10 * done / total)
        if not self._bar.console.is_terminal and tenth > self._tenths.get(title, 0):
            self._tenths[title] = tenth
            note(text)
