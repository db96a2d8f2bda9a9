"""Keys that may be written in several ways: the shape of what a user wrote says which one is meant.

Then a mistake is told once, for that way of writing, and not for every other way as well.
"""

from __future__ import annotations

from typing import Any

from pydantic import Discriminator


def _shape(given: Any) -> str:
    if isinstance(given, list | tuple):
        return "list"
    return "plain" if given is None or isinstance(given, str | int | float) else "mapping"


def plain_or_list() -> Any:
    """Tell one value (tag `plain`) from a list (tag `list`)."""
    return Discriminator(lambda given: "list" if _shape(given) == "list" else "plain")


def plain_or_mapping() -> Any:
    """Tell a name or value (tag `plain`) from a mapping (tag `mapping`)."""
    return Discriminator(lambda given: "mapping" if _shape(given) == "mapping" else "plain")


def any_shape() -> Any:
    """Tell a value (tag `plain`), a list (tag `list`) and a mapping (tag `mapping`)."""
    return Discriminator(_shape)


def word_or_value(word: str) -> Any:
    """Tell one special word (tag `word`) from a value (tag `value`)."""
    return Discriminator(lambda given: "word" if given == word else "value")
