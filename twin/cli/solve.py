"""`twin solve`: temperatures of a stack file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from twin.cli.output import json_safe, print_json, print_table, print_text


def solve(
    stack: Annotated[Path, typer.Argument(help="Stack file (YAML).")],
    out: Annotated[Path | None, typer.Option(help="Folder for solution.json and temperature.nc.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Solve a layered stack: steady or transient temperatures, probes and the heat balance."""
    from twin.results.field import write_field
    from twin.thermal.stack import load_stack, outcome, solve_stack

    result = solve_stack(load_stack(stack), stack.parent)
    found = outcome(result)
    if out is not None:
        write_field(out / "temperature.nc", *result.nodes, result.field, stack.stem)
        (out / "solution.json").write_text(json.dumps(json_safe(found), indent=2), encoding="utf-8")
    if as_json:
        print_json(found)
        return
    print_table(
        ("layer", "lowest K", "mean K", "highest K"),
        [(name, *(f"{v[key]:.4f}" for key in ("min_K", "mean_K", "max_K"))) for name, v in found["layers"].items()],
    )
    if found["probes"]:
        print_table(("probe", "time s", "temperature K"), list(_probe_rows(found["probes"])))
    if found["coolant"]:
        print_table(
            ("coolant", "value"),
            [(name, "-" if value is None else f"{value:.6g}") for name, value in found["coolant"].items()],
        )
    print_text(
        f"{found['heat_in_W']:.6g} W in, {found['heat_out_W']:.6g} W out, energy residual "
        f"{found['energy_residual']:.1e}; {found['dofs']} unknowns, {found['wall_time_s']:.2f} s"
    )


def _probe_rows(probes: dict[str, Any]) -> Any:
    for name, probe in probes.items():
        for time, value in zip(probe["time_s"], probe["temperature_K"], strict=True):
            yield name, f"{time:.6g}", f"{value:.4f}"
