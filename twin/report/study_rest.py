"""What the answers of a study rest on: its thermal model, its base, inputs that nobody published, who computed it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from twin import library
from twin.errors import TwinError
from twin.references import references
from twin.results.description import AssumedInput, assumed_inputs
from twin.spec.base import Spec, to_tree
from twin.spec.scenario import set_dotted
from twin.study.model_checks import Check, checks_in_words
from twin.study.points import Provenance, StudyPoints


@dataclass(frozen=True)
class Fact:
    """One line of a table: what, and its value."""

    name: str
    value: str


def base_tree(points: StudyPoints) -> dict[str, Any]:
    """Return the resolved base of a study."""
    from ruamel.yaml import YAML

    found = YAML(typ="safe", pure=True).load(points.base)
    return dict(found or {})


def facts(points: StudyPoints, made: Provenance, checks: list[Check]) -> list[Fact]:
    """Return how, when and where the points were computed."""
    tree = base_tree(points)
    found = [
        Fact("base", points.study.base),
        Fact("points", _kind_of_points(points, tree)),
    ]
    thermal = tree.get("thermal")
    if isinstance(thermal, dict):
        found.append(Fact("thermal model", f"{thermal.get('model')}, mesh {thermal.get('mesh')}"))
    if checks:
        found.append(Fact("thermal model, checked", checks_in_words(checks)))
    if "energy_residual" in points.columns and points.done.any():
        worst = max((v for v in points.columns["energy_residual"].values if v == v), default=None)
        if worst is not None:
            found.append(Fact("energy residual, worst point", f"{worst:.1e}"))
    if made.first is not None and made.last is not None:
        found.append(Fact("computed", f"{_moment(made.first)} to {_moment(made.last)} on {', '.join(made.hosts)}"))
    if made.reused:
        found.append(Fact("taken from earlier starts and other studies", f"{made.reused} points"))
    found.append(Fact("version", f"wafer-twin {version('wafer-twin')}"))
    return found


def _kind_of_points(points: StudyPoints, tree: dict[str, Any]) -> str:
    if tree.get("kind") == "stack":
        return "stacks of layers, solved"
    return "steady operating points at the mean load" if points.study.steady else "runs in time"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def assumed(points: StudyPoints) -> tuple[AssumedInput, ...]:
    """Return the inputs with status `assumed` of every entry that the base or a value of an axis refers to."""
    tree = base_tree(points)
    trees = [tree]
    for column in points.keys:
        if not column.is_number:
            trees += [_with(tree, column.name, str(value)) for value in column.axis]
    seen: dict[tuple[str, str], None] = {}
    for one in trees:
        for _, kind, name in references(one):
            _collect(kind, name, seen)
    return assumed_inputs(found for kind, name in seen if (found := _entry(kind, name)) is not None)


def _with(tree: dict[str, Any], key: str, value: str) -> dict[str, Any]:
    changed: dict[str, Any] = json.loads(json.dumps(tree))
    set_dotted(changed, key, value)
    return changed


def _collect(kind: str, name: str, seen: dict[tuple[str, str], None]) -> None:
    if (kind, name) in seen:
        return
    found = _entry(kind, name)
    if found is None:
        return
    seen[kind, name] = None
    for below, called in _named(found.spec):
        _collect(below, called, seen)


def _named(spec: Any) -> Iterator[tuple[str, str]]:
    if isinstance(spec, Spec):
        yield from ((kind, name) for _, kind, name in references(to_tree(spec)))


def _entry(kind: str, name: str) -> library.Entry | None:
    """Return an entry; None where it cannot be read any more, since a page outlives the files it came from."""
    try:
        return library.entry(kind, name)
    except TwinError:
        return None
