"""The names in a specification that refer to other entries of the library."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from twin import library
from twin.errors import Problem, TwinError
from twin.spec.base import Spec, to_tree

_KIND_OF_KEY = {
    "system": "system",
    "chip": "chip",
    "gpu": "gpu",
    "cooling": "cooling",
    "delivery": "delivery",
    "design": "cooling",
    "coolant": "coolant",
    "material": "material",
    "wall_material": "material",
    "model": "model",
    "trace": "trace",
    "mesh": "mesh",
    "compare_with": "system",
}
_NOT_A_NAME = {"thermal.model"}


def references(tree: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield (dotted key, kind, name) for every name of another entry in a specification."""
    for key, value in tree.items():
        dotted = f"{prefix}{key}"
        items = value if isinstance(value, list) else [value]
        for item in items:
            if isinstance(item, dict):
                yield from references(item, f"{dotted}.")
        if isinstance(value, str) and key in _KIND_OF_KEY and dotted not in _NOT_A_NAME:
            yield dotted, _KIND_OF_KEY[key], value


def check_references(spec: Spec) -> list[Problem]:
    """Return what is wrong with everything a specification refers to, directly or through others."""
    seen: set[tuple[str, str]] = set()
    return list(_check(spec, "", seen))


def _check(spec: Spec, prefix: str, seen: set[tuple[str, str]]) -> Iterator[Problem]:
    for key, kind, name in references(to_tree(spec)):
        if (kind, name) in seen:
            continue
        seen.add((kind, name))
        if kind == "trace" and Path(name).suffix.lower() == ".csv":
            if not Path(name).is_file():
                yield Problem(f"{prefix}{key}", f"{name}: no such file")
            continue
        try:
            found = library.entry(kind, name)
        except TwinError as error:
            yield Problem(f"{prefix}{key}", str(error).replace("\n", "\n   "))
            continue
        yield from _check(found.spec, f"{prefix}{key} ({found.path.name}): ", seen)
