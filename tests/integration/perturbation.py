"""Changing one number of the library at a time, and looking whether any output of some short runs changes."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from coarse_runs import SERVING, VIRUS

import twin
from twin import library
from twin.errors import SpecError
from twin.results.results import Results
from twin.spec.documents import yaml_text
from twin.spec.provenance import is_sourced
from twin.spec.scenario import Scenario

MESH = "kind: mesh\ncells_per_tile: {x: 1, y: 1}\nedge_share: 1\nlayers: {heat: 1, solid: 1, channels: 1}\n"
FACTORS = (1.05, 0.93, 1.2)
FAR = {
    "core.reserved_memory": 0.7,
    "voltage.maximum": 0.93,
    "voltage.minimum": 1.2,
    # bounds that these short runs reach only from afar, and how far to move them
    "clock_slew": 0.02,
    "frequency_governor.down": 0.3,
    "regulator.current_limit": 0.3,
    "frequency_governor.hysteresis": 12,
    "software.prefill_share": 1.6,
    "thermal_governor.minimum_share": 4,
    "thermal_governor.up": 0.1,
}
HOT = {"workload.start": "0 s", "workload.duration": "0.8 s", "control.step": "0.2 s", "control.substep": "5 ms"}
RUNS: dict[str, tuple[str, dict[str, Any]]] = {
    "serving": (SERVING, {"workload.rate_scale": 1, "workload.duration": "3 s"}),
    "calm": (SERVING, {"workload.rate_scale": 1, "workload.duration": "5 s", "workload.trace": "calm.csv"}),
    "full cache": (SERVING, {"workload.rate_scale": 1, "workload.duration": "3 s", "workload.trace": "long.csv"}),
    "hot": (VIRUS, {**HOT, "cooling.flow_rate": "4 L/min"}),
    "tripping": (VIRUS, {**HOT, "cooling.flow_rate": "4 L/min", "control.policy": "none"}),
    "failing": (VIRUS, {**HOT, "workload.utilisation": 0.1, "cooling.failures": [{"part": "pump", "start": "0.2 s"}]}),
    "cold": (VIRUS, {**HOT, "cooling.flow_rate": "200 L/min", "cooling.inlet_temperature": "15.5 degC"}),
}
SILENT = {
    "delivery": {
        # the droop of a load step is a simulation of its own, on microseconds
        *(f"output_filter.{name}" for name in ("resistance", "inductance", "capacitance", "esr")),
        "current_slew",
    },
    # bounds of warnings
    "cooling": {"velocity_limit", "loop.room.temperature", "loop.room.relative_humidity"},
}


class Bench:
    """Runs the scenarios with one entry of the library changed, and compares with nothing changed."""

    def __init__(self, folder: Path, trace: str):
        self.folder = folder
        (folder / "mesh.yaml").write_text(MESH)
        lines = "".join(f"{0.01 * number},20000,2000\n" for number in range(12))
        (folder / "long.csv").write_text("TIMESTAMP,ContextTokens,GeneratedTokens\n" + lines)
        small = {"thermal.mesh": str(folder / "mesh.yaml"), "thermal.tiles_per_die": {"x": 1, "y": 1}}
        calm = "".join(f"{0.2 * number},500,40\n" for number in range(20))
        (folder / "calm.csv").write_text("TIMESTAMP,ContextTokens,GeneratedTokens\n" + calm)
        traces = {None: trace, **{name: str(folder / name) for name in ("long.csv", "calm.csv")}}
        self._scenarios = {}
        for name, (base, changes) in RUNS.items():
            given = {**small, "compare_with": None, **changes}
            if base == SERVING:
                given["workload.trace"] = traces[changes.get("workload.trace")]
            scenario = library.load("scenario", base)
            assert isinstance(scenario, Scenario)
            self._scenarios[name] = scenario.replace(given)
        self._usual = {name: twin.run(scenario) for name, scenario in self._scenarios.items()}

    def effect(self, kind: str, name: str, tree: dict[str, Any]) -> bool:
        """Tell whether any run comes out otherwise with `tree` in the place of an entry."""
        place = self.folder / library.find(kind, name).parent.name / f"{name}.yaml"
        place.parent.mkdir(exist_ok=True)
        place.write_text(yaml_text(tree))
        library.forget()
        try:
            return any(differs(twin.run(s), self._usual[n]) for n, s in self._scenarios.items())
        finally:
            place.unlink()
            library.forget()


def differs(one: Results, other: Results) -> bool:
    """Tell whether any output differs by more than rounding."""
    if (one.status, dict(one.data.sizes)) != (other.status, dict(other.data.sizes)):
        return True
    ignored = ("residual", "iterations")
    names = [str(name) for name in one.data.data_vars if not str(name).endswith(ignored)]
    return not all(
        np.allclose(one.data[name].values, other.data[name].values, rtol=1e-7, atol=1e-12, equal_nan=True)
        for name in names
    )


def sourced(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Yield the place of every number of an entry's tree, with its node."""
    if is_sourced(node):
        yield path, node
    elif isinstance(node, dict | list):
        for key, child in node.items() if isinstance(node, dict) else enumerate(node):
            yield from sourced(child, (*path, key))
    elif isinstance(node, str) and node[:1].isdigit() and " " in node:
        yield path, {"value": node, "source": "a test", "status": "derived"}


def changed(tree: dict[str, Any], path: tuple[Any, ...], node: dict[str, Any], factor: float) -> dict[str, Any]:
    """Return the tree with one number multiplied; whole numbers stay whole."""
    number, _, unit = str(node["value"]).partition(" ")
    value = float(number) * factor
    whole = not unit and float(number).is_integer() and "." not in number
    written: Any = max(1, round(value) + (factor > 1)) if whole else f"{value!r} {unit}".strip()
    found = copy.deepcopy(tree)
    place: Any = found
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = {"value": written, "source": "a test", "status": "derived"}
    return found


def numbers_without_effect(bench: Bench, kind: str, name: str) -> set[str]:
    """Return the keys of an entry that change nothing; those of `SILENT` are tried once."""
    tree = library.tree(kind, name)
    library.use_folder(bench.folder)
    silent = set()
    for path, node in sourced(tree):
        key = ".".join(map(str, path))
        factors = (FAR[key],) if key in FAR else FACTORS[: 1 if key in SILENT.get(kind, set()) else None]
        if not any(_has_effect(bench, kind, name, changed(tree, path, node, factor)) for factor in factors):
            silent.add(key)
    return silent


def _has_effect(bench: Bench, kind: str, name: str, tree: dict[str, Any]) -> bool:
    """Tell whether a changed entry has an effect; one that is refused as contradictory has none."""
    try:
        return bench.effect(kind, name, tree)
    except SpecError:
        return False
