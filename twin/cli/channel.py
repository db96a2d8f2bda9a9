"""`twin channel`: one cooling channel with its walls, solved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from twin.cli.output import json_safe, note, print_json, print_table, print_text

RESULT_FILE, FIGURE_FILE = "channel.json", "channel.png"


def channel(
    cell: Annotated[Path, typer.Argument(help="Channel file (YAML).")],
    out: Annotated[Path | None, typer.Option(help=f"Folder for {RESULT_FILE} and {FIGURE_FILE}.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Solve one channel with its walls: friction, heat transfer, thermal resistance, temperatures."""
    from twin.thermal.channel import load_channel, outcome, solve_channel

    specification = load_channel(cell)
    if out is not None:
        _refuse_to_overwrite(out)
    result = solve_channel(specification)
    found = outcome(result)
    if out is not None:
        _write(out, found, result)
    if as_json:
        print_json(found)
        return
    for warning in found["warnings"]:
        note(f"warning: {warning}")
    print_table(("quantity", "value", "unit"), list(_rows(found)))
    outlet = found["base_temperature_K"][-1], found["bulk_temperature_K"][-1]
    print_text(
        f"outlet: base {outlet[0]:.3f} K, coolant {outlet[1]:.3f} K; "
        f"error of the resistance {100.0 * found['error_estimate']:.1g} %"
    )


_TABLE = (
    ("hydraulic_diameter_m", "hydraulic diameter", "um", 1e6),
    ("reynolds", "Reynolds number", "", 1.0),
    ("f_re", "f Re (Fanning)", "", 1.0),
    ("nusselt_h1", "Nu, uniform heat (H1)", "", 1.0),
    ("nusselt_t", "Nu, isothermal walls (T)", "", 1.0),
    ("fin_efficiency", "fin efficiency", "", 1.0),
    ("pressure_drop_Pa", "pressure drop, friction", "kPa", 1e-3),
    ("entrance_pressure_drop_Pa", "pressure drop, entrance", "kPa", 1e-3),
    ("resistance_m2K_W", "resistance, base mean over bulk", "K cm2/W", 1e4),
    ("resistance_max_m2K_W", "resistance, base maximum over bulk", "K cm2/W", 1e4),
)


def _rows(found: dict[str, Any]) -> Any:
    for key, name, unit, scale in _TABLE:
        yield name, f"{scale * found[key]:.6g}", unit


def _refuse_to_overwrite(folder: Path) -> None:
    from twin.errors import OutputError

    for name in (RESULT_FILE, FIGURE_FILE):
        if (folder / name).exists():
            raise OutputError(f"{folder / name}: exists already; choose another folder")


def _write(folder: Path, found: dict[str, Any], result: Any) -> None:
    from twin.errors import OutputError
    from twin.report.channel import write_channel_figure

    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / RESULT_FILE).write_text(json.dumps(json_safe(found), indent=2), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({error.strerror or error})") from error
    write_channel_figure(result, folder / FIGURE_FILE)
