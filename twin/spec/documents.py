"""Reading YAML files into specifications, with every problem of a file gathered and raised together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from twin.errors import LibraryError, Problem, SpecError
from twin.spec.base import problems_of


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML 1.2 (or JSON) file; SpecError for anything else."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise LibraryError(f"{path}: no such file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise LibraryError(f"{path}: cannot be read as text ({error})") from error
    try:
        tree = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise SpecError(path.name, [Problem("", f"is not YAML: {_first_line(error)}")]) from error
    if _is_circular(tree):
        raise SpecError(path.name, [Problem("", "holds something that contains itself (an alias within its anchor)")])
    if tree is None:
        raise SpecError(path.name, [Problem("", "is empty; start from one made by `twin new`")])
    if not isinstance(tree, dict):
        raise SpecError(path.name, [Problem("", f"must be a mapping of keys, not a {type(tree).__name__}")])
    return tree


def _is_circular(tree: Any) -> bool:
    try:
        json.dumps(tree, skipkeys=True, default=str)
    except ValueError:
        return True
    return False


def yaml_text(tree: dict[str, Any]) -> str:
    """Return a mapping as YAML, keys in the order given."""
    from io import StringIO

    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 110
    stream = StringIO()
    yaml.dump(tree, stream)
    return stream.getvalue()


def validate(tree: dict[str, Any], annotation: Any, where: str) -> Any:
    """Return the specification in `tree`; SpecError names `where` and every wrong key.

    `annotation` is a Spec class, or a union of them told apart by a `type` key.
    """
    try:
        return TypeAdapter(annotation).validate_python(tree)
    except ValidationError as error:
        raise SpecError(where, problems_of(error, annotation)) from error


def _first_line(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    return f"{getattr(error, 'problem', None) or str(error).splitlines()[0]}{place}"
