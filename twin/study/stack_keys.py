"""Dotted keys of a stack file: items of lists by name or number, ``*`` for all that have what follows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from twin.spec.keys import Key, leaves
from twin.spec.stack import Stack

EVERY = "*"


def stack_keys(stack: Stack) -> dict[str, Key]:
    """Return the keys of a stack, with ``*`` in place of every item of a list as well."""
    found: dict[str, Key] = {}
    for key, _ in leaves(stack):
        for name in (key.name, _of_all(key.name)):
            found.setdefault(name, Key(name, key.quantity, key.whole))
    return found


def _of_all(name: str) -> str:
    words = name.split(".")
    return ".".join([words[0], EVERY, *words[2:]]) if words[0] in ("layers", "sources") and len(words) > 2 else name


def set_in_stack(tree: dict[str, Any], key: str, value: Any) -> bool:
    """Set a key in the tree of a stack file, in place; tell whether it was found."""
    *parents, last = key.split(".")
    found = list(_nodes(tree, parents))
    for node in found:
        node[last] = value
    return bool(found)


def _nodes(node: Any, words: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the mappings that the words lead to."""
    if not words:
        if isinstance(node, dict):
            yield node
        return
    first, rest = words[0], words[1:]
    if isinstance(node, list):
        for number, item in enumerate(node):
            name = str(item.get("name", number)) if isinstance(item, dict) else str(number)
            if first in (EVERY, name):
                yield from _nodes(item, rest)
    elif isinstance(node, dict) and first in node:
        yield from _nodes(node[first], rest)
