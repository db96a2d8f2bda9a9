"""`twin solve`: temperatures of a stack file."""

from __future__ import annotations

import json
import math
import time as clock
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from twin.cli.output import json_safe, note, print_json, print_table, print_text, progress_bar

_SECONDS_BETWEEN_NOTES = 5.0


def solve(
    stack: Annotated[Path, typer.Argument(help="Stack file (YAML).")],
    out: Annotated[Path | None, typer.Option(help="Folder for solution.json and temperature.nc.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the solution that the folder holds.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Solve a layered stack: steady or transient temperatures, probes with their errors and the heat balance."""
    from twin.fe.parallel import is_first
    from twin.thermal.stack import load_stack, outcome, solve_stack

    given = load_stack(stack)
    if out is not None:
        from twin.results.solution import check_free

        check_free(out, overwrite)
    if is_first():
        with progress_bar() as bar:
            result = solve_stack(given, stack.parent, _Shown(bar))
    else:
        result = solve_stack(given, stack.parent)
    found = outcome(result)
    field = result.field if out is not None and result.solved is not None else None
    if is_first():
        if out is not None:
            from twin.results.solution import write_solution

            nodes = result.nodes if field is not None else None
            write_solution(out, json.dumps(json_safe(found), indent=2, allow_nan=False), nodes, field, stack.stem)
        if as_json:
            print_json(found)
        else:
            _print_tables(found)
            for warning in found["warnings"]:
                note(f"warning: {warning}")
    if found["status"] != "converged":
        raise typer.Exit(1)


def _print_tables(found: Mapping[str, Any]) -> None:
    """Write what was found to stdout, temperatures in degC with their errors."""
    if found["status"] != "converged":
        print_text(f"{found['status']}: no temperatures")
        return
    print_table(
        ("layer", "lowest degC", "mean degC", "highest degC"),
        [(name, *(_celsius(v[key]) for key in ("min_K", "mean_K", "max_K"))) for name, v in found["layers"].items()],
    )
    if found["probes"]:
        print_table(("probe", "time s", "temperature degC"), list(_probe_rows(found["probes"])))
    if found["coolant"]:
        print_table(
            ("coolant", "value"),
            [(name, "-" if value is None else f"{value:.6g}") for name, value in found["coolant"].items()],
        )
    print_text(
        f"highest {_celsius(found['max_temperature_K'], found['error_estimate_K'])} degC; "
        f"{found['heat_in_W']:.6g} W in, {found['heat_out_W']:.6g} W out, energy residual "
        f"{found['energy_residual']:.1e}; {found['dofs']} unknowns, {found['wall_time_s']:.2f} s"
    )


def _probe_rows(probes: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for name, probe in probes.items():
        columns = (probe["time_s"], probe["temperature_K"], probe["error_estimate_K"])
        for time, value, error in zip(*columns, strict=True):
            yield name, f"{time:.6g}", _celsius(value, error)


def _celsius(kelvin: float, error: float | None = None) -> str:
    """Return a temperature in degC, with as many digits as its error leaves."""
    from twin.constants import ZERO_CELSIUS

    if not error:
        return f"{kelvin - ZERO_CELSIUS:.4f}"
    digits = min(max(1 - math.floor(math.log10(error)), 0), 6)
    return f"{kelvin - ZERO_CELSIUS:.{digits}f} ± {max(error, 10.0**-digits):.{digits}f}"


class _Shown:
    """Shows how far a solve is: in a progress bar, or in a line every few seconds where there is no terminal."""

    def __init__(self, bar: Any):
        self._bar = bar
        self._tasks: dict[str, Any] = {}
        self._told = clock.monotonic()

    def __call__(self, done: float, total: float, title: str) -> None:
        if title not in self._tasks:
            self._tasks[title] = self._bar.add_task(title, total=total)
        self._bar.update(self._tasks[title], completed=done)
        if not self._bar.console.is_terminal and clock.monotonic() > self._told + _SECONDS_BETWEEN_NOTES:
            self._told = clock.monotonic()
            note(f"{title}: {100 * done / total:.0f} %")
