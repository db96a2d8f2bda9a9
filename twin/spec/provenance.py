"""Where numbers come from: every value of the library carries unit, source and status.

A value is written ``{value: 148 W/m/K, source: Incropera2011, status: published, range: [...]}``;
a file's own `source` and `status` hold for all its values that do not say otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from twin.errors import Problem
from twin.spec.base import STATUSES

_FIELDS = {"value", "source", "status", "range", "note"}


@dataclass(frozen=True)
class Provenance:
    """Source and status of one value; `text` is what the file says, `range` its bounds if it has any."""

    key: str
    text: str
    source: str
    status: str
    range: tuple[str, str] | None = None
    note: str = ""


def is_sourced(node: Any) -> bool:
    """Tell whether a mapping is a value with its provenance."""
    return isinstance(node, dict) and "value" in node and set(node) <= _FIELDS


def strip(node: Any) -> Any:
    """Return the tree with each sourced value replaced by the value alone."""
    if is_sourced(node):
        return strip(node["value"])
    if isinstance(node, dict):
        return {key: strip(child) for key, child in node.items()}
    if isinstance(node, list):
        return [strip(child) for child in node]
    return node


def collect(tree: dict[str, Any]) -> list[Provenance]:
    """Return the provenance of every number of a file, in file order."""
    default_source, default_status = str(tree.get("source", "")), str(tree.get("status", ""))
    found = []
    for key, node in _values(tree):
        sourced = node if isinstance(node, dict) else {"value": node}
        found.append(
            Provenance(
                key=key,
                text=_text(sourced["value"]),
                source=str(sourced.get("source", default_source)),
                status=str(sourced.get("status", default_status)),
                range=_range(sourced.get("range")),
                note=str(sourced.get("note", "")),
            )
        )
    return found


def problems(provenance: list[Provenance]) -> list[Problem]:
    """Return what is wrong: each value needs a source and a known status, its range two bounds."""
    found = []
    for item in provenance:
        if not item.source:
            found.append(Problem(item.key, "has no source; write {value:, source:, status:}"))
        if item.status not in STATUSES:
            found.append(Problem(item.key, f"status '{item.status}' is none of {', '.join(STATUSES)}"))
        if item.range is not None and not all(_is_number(bound) for bound in item.range):
            found.append(Problem(item.key, "range must be two quantities, such as [1 mm, 2 mm]"))
    return found


def _values(node: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted key, node) for every sourced value and every bare number or quantity text."""
    if is_sourced(node) or _is_number(node):
        yield key, node
    elif isinstance(node, dict):
        for name, child in node.items():
            yield from _values(child, f"{key}.{name}" if key else str(name))
    elif isinstance(node, list):
        if node and all(_is_number(child) for child in node):
            yield key, {"value": node}
            return
        for index, child in enumerate(node):
            label = child.get("name", index) if isinstance(child, dict) else index
            yield from _values(child, f"{key}.{label}")


def _range(bounds: Any) -> tuple[str, str] | None:
    """Return the bounds of a value as written; empty texts, which are a problem, for what is no pair."""
    if bounds is None:
        return None
    return (str(bounds[0]), str(bounds[1])) if isinstance(bounds, list) and len(bounds) == 2 else ("", "")


def _is_number(node: Any) -> bool:
    if isinstance(node, bool):
        return False
    if isinstance(node, int | float):
        return True
    return isinstance(node, str) and node[:1] in "+-.0123456789" and node[:1] != "" and _starts_as_number(node)


def _starts_as_number(text: str) -> bool:
    try:
        float(text.split(maxsplit=1)[0])
    except (ValueError, IndexError):
        return False
    return True


def _text(value: Any) -> str:
    return ", ".join(str(item) for item in value) if isinstance(value, list) else str(value)
