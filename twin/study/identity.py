"""What a point is: a digest of its resolved scenario and of everything that its result depends on."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import twin
from twin import library
from twin.errors import TwinError
from twin.references import references
from twin.spec.base import Spec, to_tree

_COMPUTING = ("wafer-twin", "numpy", "scipy", "coolprop", "dolfinx-solver-real")
_IRRELEVANT = ("title", "compare_with")


def point_identity(tree: dict[str, Any], steady: bool, checked: bool = False) -> str:
    """Return the identity of a point, the same in every study and on every machine.

    Parameters
    ----------
    tree : dict
        The resolved scenario, as `twin.spec.base.to_tree` writes it; changed in place.
    steady : bool
        Whether it is computed as a steady operating point.
    checked : bool
        Whether it is a run whose thermal models are compared.
    """
    for name in _IRRELEVANT:
        tree.pop(name, None)
    inputs = [(key, digest(kind, name)) for key, kind, name in references(tree)]
    for key, _ in inputs:
        _forget(tree, key)
    return sha([code_digest(), bool(steady), tree, inputs, *(["checked"] if checked else [])])


def _forget(tree: dict[str, Any], key: str) -> None:
    """Blank a name: what it stands for is in the digest."""
    *parents, last = key.split(".")
    node: Any = tree
    for name in parents:
        node = node.get(name) if isinstance(node, dict) else None
    if isinstance(node, dict) and isinstance(node.get(last), str):
        node[last] = ""


@cache
def digest(kind: str, name: str) -> str:
    """Return the digest of an entry of the library, of all it refers to, and of the data file beside it."""
    if kind == "trace" and Path(name).suffix.lower() == ".csv":
        return _file(Path(name))
    try:
        entry = library.entry(kind, name)
    except TwinError as error:
        return sha(["unreadable", str(error)])
    tree = to_tree(entry.spec) if isinstance(entry.spec, Spec) else {}
    inner = [digest(of, called) for _, of, called in references(tree)]
    beside = getattr(entry.spec, "file", None)
    return sha([tree, inner, _file(entry.path.parent / str(beside)) if beside else ""])


def _file(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return "absent"


@cache
def code_digest() -> str:
    """Return the digest of the package's source and of the versions of what it computes with."""
    found = hashlib.sha256()
    root = Path(twin.__file__).parent
    for path in sorted(root.rglob("*.py")):
        found.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    for package in _COMPUTING:
        found.update(f"{package} {_version(package)}".encode())
    return found.hexdigest()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def forget() -> None:
    """Read the library anew: files may have changed since the last study of this process."""
    digest.cache_clear()
    library.forget()


def sha(content: Any) -> str:
    """Return the digest of plain values."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
