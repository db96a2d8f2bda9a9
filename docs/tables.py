"""Writes the tables of these pages from the code, so that they cannot drift: ``make docs``.

A page marks the place of a table with ``<!-- table NAME -->`` and ``<!-- end -->``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic_core import PydanticUndefined

from twin.results.kpis import KPIS
from twin.results.tables import HOTTEST, REQUESTS
from twin.spec.base import Quantity, Spec, to_tree
from twin.spec.scenario import Scenario
from twin.variables import VARIABLES, Variable

FOLDER = Path(__file__).parent
_PLACE = re.compile(r"(<!-- table (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)

SCENARIO_KEYS = {
    "title": "what the report is headed with",
    "system": "a name in `data/systems` or a file",
    "systems": "how many of the system: wafers in one pipeline, or nodes; `null`: one pipeline, the fewest nodes",
    "model": "a name in `data/models` or a Hugging Face `config.json`; needed by `serving`",
    "number_format": "of weights and activations: `fp16`, `bf16`, `fp8` (on GPUs of the feed-forwards alone; "
    "on wafers of all weights and the cache, whose cycles and energies stay those of fp16)",
    "workload.type": "`serving` replays requests, `virus` drives all cores, `idle` does nothing",
    "workload.trace": "a name in `data/traces` or a CSV file (columns below)",
    "workload.rate_scale": "how many times as often requests arrive as in the trace; fractions are drawn by the seed",
    "workload.seed": "of the drawn arrivals",
    "workload.duration": "simulated time; requests that arrive later are left out",
    "workload.streams": "the most requests decoded at once, by all wafers together or by each group of GPUs; "
    "`null`: as many as the cache holds",
    "workload.utilisation": "share of cycles in which the cores of a `virus` work",
    "workload.start": "when a `virus` begins",
    "service_level.time_to_first_token": "promised to 99 % of the requests",
    "service_level.tokens_per_second_per_user": "promised to the median user; the clock never governs below it",
    "compare_with": "a system that serves the same requests; `null`: none",
    "placement.region": "edge, in cores, of the square of a layer; `null`: as large as fits",
    "cooling.design": "a name in `data/cooling` or a file; `null`: that of the system",
    "cooling.coolant": "a name in `data/coolants` or a file",
    "cooling.inlet_temperature": "of the coolant at the wafer; the loop holds it as long as its exchanger can",
    "cooling.flow_rate": "per wafer; the pumps give less if their curve ends before",
    "cooling.blocked.slots": "numbers of blocked slots of the manifold, from 0 at y = 0",
    "cooling.clogged.x": "of each clogged patch: `[low, high]` on the wafer",
    "cooling.clogged.y": "the same along y",
    "cooling.clogged.resistance_factor": "friction of its channels over that of clean ones",
    "cooling.clogged.blocked_share": "share of its channels that are closed altogether",
    "cooling.failures.part": "of each failure: `pump`, `facility_water`, `bypass_valve` or `fan` (of the dry cooler)",
    "cooling.failures.start": "when the part fails",
    "cooling.failures.end": "when it works again; `null`: never",
    "cooling.failures.remaining": "share left of pumps, water flow or fan speed; of a stuck valve, "
    "share of the coolant through the exchanger",
    "control.step": "how often the policies set clock and voltage",
    "control.substep": "of thermal governor and trip, where a temperature comes near their threshold",
    "control.policy": "any of `adaptive_voltage`, `frequency_governor`, `thermal_governor`, or `none`",
    "control.tolerance": "of the fixed point, relative to the temperature rise; of voltages a tenth of it",
    "thermal.model": "`full`, the finite-element model",
    "thermal.mesh": "a name in `meshes` or a file",
    "thermal.tiles_per_die.x": "tiles along x that carry their own power and temperature",
    "thermal.tiles_per_die.y": "the same along y",
    "facility.power_usage_effectiveness": "facility power over system power",
    "inputs": "numbers that replace those of the library, such as `{chip.core.mac_energy: 4 pJ}`; see "
    "[Unknown inputs](uncertainty.md)",
}


def render() -> dict[Path, str]:
    """Return what every page with tables should hold."""
    return {page: _PLACE.sub(_filled, page.read_text(encoding="utf-8")) for page in sorted(FOLDER.glob("*.md"))}


def _filled(place: re.Match[str]) -> str:
    return f"{place[1]}{TABLES[place[2]]()}{place[3]}"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    cells = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |\n" for row in cells)


def variables_table(variables: Mapping[str, Variable]) -> str:
    """Return the table of some variables."""
    rows = [(f"`{v.name}`", v.unit, ", ".join(v.dims), v.description) for v in variables.values()]
    return table(("variable", "unit", "dimensions", "meaning"), rows)


def kpi_table() -> str:
    """Return the table of the key figures."""
    return table(
        ("key figure", "unit", "meaning"),
        [(f"`{kpi.name}`", kpi.unit, f"{kpi.label}: {kpi.description}") for kpi in KPIS.values()],
    )


def scenario_table() -> str:
    """Return the table of all keys of a scenario."""
    return table(
        ("key", "written as", "default", "meaning"),
        [(f"`{key}`", kind, default, SCENARIO_KEYS[key]) for key, kind, default in scenario_keys(Scenario)],
    )


def scenario_keys(model: type[Spec], prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield (dotted key, how it is written, default) for every key of a specification."""
    for name, field in model.model_fields.items():
        inner = _nested(field.annotation)
        if inner is not None:
            default = field.default if isinstance(field.default, Spec) else None
            yield from _with_defaults(scenario_keys(inner, f"{prefix}{name}."), default, f"{prefix}{name}.")
            continue
        quantity = next((item for item in _annotations(field) if isinstance(item, Quantity)), None)
        yield f"{prefix}{name}", _written(field, quantity), _default(field.default, quantity)


def _with_defaults(
    keys: Iterator[tuple[str, str, str]], default: Spec | None, prefix: str
) -> Iterator[tuple[str, str, str]]:
    """Yield keys with the defaults that a whole group has, where single keys have none."""
    tree = to_tree(default) if default is not None else {}
    for key, kind, own in keys:
        value = tree.get(key.removeprefix(prefix))
        yield key, kind, f"`{value}`" if own == "needed" and value is not None else own


def _nested(annotation: Any) -> type[Spec] | None:
    candidates = [annotation, *get_args(annotation)]
    return next((c for c in candidates if isinstance(c, type) and issubclass(c, Spec)), None)


def _annotations(field: Any) -> list[Any]:
    """Return everything that a field's type consists of."""
    found = [*field.metadata, field.annotation, *get_args(field.annotation)]
    return [*found, *(part for annotation in found for part in get_args(annotation))]


def _written(field: Any, quantity: Quantity | None) -> str:
    """Return an example for a quantity, else the type."""
    if quantity is not None:
        return f"`{quantity.example}`" if quantity.unit else "number"
    if "dict" in str(field.annotation):
        return "mapping"
    kind = "whole number" if int in _annotations(field) else "name"
    return f"list of {kind}s" if "tuple" in str(field.annotation) else kind


def _default(value: Any, quantity: Quantity | None) -> str:
    if value is PydanticUndefined:
        return "needed"
    if value in ((), "", {}):
        return "none"
    if value is None:
        return "`null`"
    return f"`{value:g} {quantity.unit}`".replace(" `", "`") if quantity else f"`{value}`"


TABLES: dict[str, Callable[[], str]] = {
    "variables": lambda: variables_table(VARIABLES),
    "hottest": lambda: variables_table(HOTTEST),
    "requests": lambda: variables_table(REQUESTS),
    "kpis": kpi_table,
    "scenario": scenario_table,
}


if __name__ == "__main__":
    for path, text in render().items():
        path.write_text(text, encoding="utf-8")
