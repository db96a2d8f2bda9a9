"""Checkpoints: a nested state of arrays and plain values in one file, exact, replaced atomically.

The structure is kept as JSON (floats round-trip, integers of any size), arrays as npz members;
nothing is pickled, so that a checkpoint cannot run code.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twin.errors import OutputError

_STRUCTURE = "structure"


def save(path: Path, tree: Any) -> None:
    """Write `tree` to `path`; a reader sees the old checkpoint or the new one, never a part.

    Parameters
    ----------
    path : Path
        File to replace.
    tree : Any
        Mappings, lists, tuples, dataclasses (read back as dicts of their fields), arrays, floats,
        integers, text, booleans and None.

    Raises
    ------
    TypeError
        The tree holds something else; the message names its place.
    OSError
        The file cannot be written; the previous checkpoint is untouched.
    """
    arrays: dict[str, np.ndarray] = {}
    structure = json.dumps(_encode(tree, arrays, "state"))
    arrays[_STRUCTURE] = np.frombuffer(structure.encode(), dtype=np.uint8)
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    replace_file(path, content.getvalue())


def load(path: Path) -> Any:
    """Return the tree saved in `path`; OutputError if there is none or it is damaged."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            structure = json.loads(stored[_STRUCTURE].tobytes().decode())
            return _decode(structure, stored)
    except FileNotFoundError as error:
        raise OutputError(f"{path}: no checkpoint; start the run again with --overwrite") from error
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise OutputError(f"{path}: damaged checkpoint; start the run again with --overwrite") from error


def replace_file(path: Path, content: bytes) -> None:
    """Write a file beside `path`, flush it to the disk and put it in the place of `path`."""
    draft = path.with_name(f".{path.name}.draft")
    try:
        with draft.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(draft, path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    _flush_folder(path.parent)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _encode(node: Any, arrays: dict[str, np.ndarray], place: str) -> Any:
    """Return `node` as JSON; containers and arrays become one-key mappings that name their type."""
    if node is None or isinstance(node, bool | str):
        return node
    if isinstance(node, np.ndarray):
        if node.dtype.hasobject:
            raise TypeError(f"{place}: arrays of objects cannot be kept in a checkpoint")
        arrays[f"array_{len(arrays)}"] = node
        return {"array": f"array_{len(arrays) - 1}"}
    if isinstance(node, np.generic):
        return _encode(node.item(), arrays, place)
    if isinstance(node, int | float):
        return node
    if is_dataclass(node) and not isinstance(node, type):
        return _encode({field.name: getattr(node, field.name) for field in fields(node)}, arrays, place)
    if isinstance(node, Mapping):
        pairs = [[_encode(key, arrays, place), _encode(value, arrays, f"{place}.{key}")] for key, value in node.items()]
        return {"mapping": pairs}
    if isinstance(node, list | tuple):
        kind = "tuple" if isinstance(node, tuple) else "list"
        return {kind: [_encode(item, arrays, f"{place}.{index}") for index, item in enumerate(node)]}
    raise TypeError(f"{place}: a {type(node).__name__} cannot be kept in a checkpoint")


def _decode(node: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    if not isinstance(node, dict):
        return node
    ((kind, content),) = node.items()
    if kind == "array":
        return arrays[content]
    if kind == "mapping":
        return {_decode(key, arrays): _decode(value, arrays) for key, value in content}
    items = [_decode(item, arrays) for item in content]
    return tuple(items) if kind == "tuple" else items
