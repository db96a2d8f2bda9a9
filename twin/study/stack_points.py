"""A point of a study of stacks: a stack file with some keys changed, solved, as key figures."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin import library
from twin.errors import LibraryError, Problem, RunStopped, SpecError, TwinError, did_you_mean
from twin.references import references
from twin.spec.documents import read_yaml, validate
from twin.spec.stack import Stack
from twin.study.identity import code_digest, digest, sha
from twin.study.outcome import Figures
from twin.study.stack_keys import set_in_stack
from twin.thermal.stack import StackResult, outcome, solve_stack
from twin.thermal.stack_check import check_stack, lacks_memory

BASE = "base"
_FOLDER = "stacks"
_SUFFIX = ".yaml"
_HERE = Path()
Outcome = Mapping[str, Any]


@dataclass(frozen=True)
class StackFigure:
    """One key figure of a solved stack: its name, SI unit, label and meaning."""

    name: str
    unit: str
    label: str
    description: str
    of: Callable[[StackResult, Outcome], float | None]


def _found(name: str) -> Callable[[StackResult, Outcome], float | None]:
    return lambda result, found: found[name]


def _coolant(name: str) -> Callable[[StackResult, Outcome], float | None]:
    return lambda result, found: found["coolant"][name] if found["coolant"] else None


def _share_of_range(found: Outcome) -> float | None:
    span = found["max_temperature_K"] - found["min_temperature_K"]
    return found["error_estimate_K"] / span if span > 0.0 else None


def _pumped(result: StackResult) -> float:
    """Return the power that flow and pressure drop of all channel layers ask of the coolant, in W."""
    flows = (channels.flow_rate for _, channels in result.model.beds)
    return float(sum(flow.pressure_drop * rate for flow, rate in zip(result.flows, flows, strict=True)))


STACK_FIGURES: dict[str, StackFigure] = {
    f.name: f
    for f in (
        StackFigure("max_temperature_K", "K", "highest temperature", "of the solid", _found("max_temperature_K")),
        StackFigure("min_temperature_K", "K", "lowest temperature", "of the solid", _found("min_temperature_K")),
        StackFigure(
            "temperature_error",
            "1",
            "error of the temperatures",
            "largest estimate over the range of temperatures",
            lambda result, found: _share_of_range(found),
        ),
        StackFigure("heat_in_W", "W", "heat", "of all sources, feedback included", _found("heat_in_W")),
        StackFigure("feedback_W", "W", "heat with feedback", "such as leakage", _found("feedback_W")),
        StackFigure("coolant_outlet_K", "K", "coolant outlet", "mixed mean", _coolant("outlet_mean_K")),
        StackFigure("coolant_hottest_K", "K", "hottest coolant", "at an outlet", _coolant("outlet_max_K")),
        StackFigure("pressure_drop_Pa", "Pa", "pressure drop", "largest of the layers", _coolant("pressure_drop_Pa")),
        StackFigure("reynolds", "1", "Reynolds number", "largest of the layers", _coolant("reynolds")),
        StackFigure("flow_rate_m3_s", "m^3/s", "coolant flow", "of all layers", _coolant("flow_rate_m3_s")),
        StackFigure(
            "coolant_power_W",
            "W",
            "power into the coolant",
            "flow times pressure drop, all layers; pumps need more by their efficiency",
            lambda result, found: _pumped(result),
        ),
        StackFigure("energy_residual", "1", "energy residual", "|in - out| over power in", _found("energy_residual")),
        StackFigure("wall_time_s", "s", "computing time", "on this machine", _found("wall_time_s")),
    )
}


def stack_file(name: str) -> Path:
    """Return the file of a stack: a path, or a name in data/stacks."""
    given = Path(name)
    if given.suffix == _SUFFIX:
        if given.is_file():
            return given
        raise LibraryError(f"{name}: no such file (expected a stack)")
    known = _stacks()
    if name not in known:
        raise LibraryError(f"stack '{name}' not found. {did_you_mean(name, known)}")
    return known[name]


def base_names() -> list[str]:
    """Return the names that may be the base of a study: of scenarios and of stacks."""
    return [*library.names("scenario"), *sorted(_stacks())]


def _stacks() -> dict[str, Path]:
    folders = reversed(library.searched(_FOLDER))
    return {path.stem: path for folder in folders for path in folder.glob(f"*{_SUFFIX}")}


def is_stack(name: str) -> bool:
    """Tell whether the base of a study is a stack."""
    try:
        path = stack_file(name)
        return read_yaml(path).get("kind") == "stack"
    except (LibraryError, SpecError):
        return False


def read_stack(name: str) -> dict[str, Any]:
    """Return the tree of a stack file, maps by their absolute path."""
    path = stack_file(name)
    tree: dict[str, Any] = json.loads(json.dumps(read_yaml(path)))
    for source in tree.get("sources", []):
        if isinstance(source, dict) and isinstance(source.get("map"), str):
            source["map"] = str((path.parent / source["map"]).resolve())
    return tree


def checked_stack(tree: dict[str, Any], where: str, fits_now: bool = True) -> Stack:
    """Return the stack in a tree; SpecError names every problem (see `check_stack`)."""
    stack: Stack = validate(tree, Stack, where)
    check_stack(stack, where, _HERE, fits_now)
    return stack


def resolved_stack(base: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tree of a point from the stacks of a study (JSON text) and its changes."""
    given = json.loads(base)
    tree: dict[str, Any] = given["stacks"][changes.get(BASE, given[BASE])]
    for key, written in changes.items():
        if key != BASE and not set_in_stack(tree, key, written):
            raise SpecError("point", [Problem(key, f"'{changes.get(BASE, given[BASE])}' has no such key")])
    return tree


def stack_identity(tree: dict[str, Any]) -> str:
    """Return the identity of a point, the same in every study and on every machine."""
    sources = tree.get("sources", [])
    maps = [Path(source["map"]).read_text() for source in sources if source.get("map")]
    inputs = [(key, digest(kind, name)) for key, kind, name in references(tree)]
    nameless = [{**source, "map": ""} if source.get("map") else source for source in sources]
    return sha([code_digest(), "stack", {**tree, "title": "", "sources": nameless}, inputs, maps])


def stack_figures(tree: dict[str, Any]) -> tuple[Figures, tuple[str, ...]]:
    """Return the key figures of a stack, and its warnings.

    Raises
    ------
    RunStopped
        It has no temperatures.
    TwinError
        Memory is short now.
    """
    stack = checked_stack(tree, "point", fits_now=False)
    if lack := lacks_memory(stack):
        raise TwinError(f"the mesh {lack}. Remedy: fewer workers or a coarser mesh, then run the same command again")
    result = solve_stack(stack, _HERE)
    if result.status != "converged":
        raise RunStopped(f"{result.status}: {'; '.join(result.warnings)}")
    found = outcome(result)
    return {name: figure.of(result, found) for name, figure in STACK_FIGURES.items()}, tuple(result.warnings)
