"""The dotted keys of a specification: which there are, their unit, and their values in a given one."""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin

from twin.spec.base import Quantity, Spec


@dataclass(frozen=True)
class Key:
    """A dotted key: SI unit ("" without dimension, None if it is no quantity), whether it is a whole number."""

    name: str
    quantity: Quantity | None
    whole: bool

    @property
    def numeric(self) -> bool:
        """Whether its values are numbers."""
        return self.quantity is not None or self.whole

    @property
    def unit(self) -> str | None:
        """SI unit ("1" without dimension); None of text."""
        if self.quantity is not None:
            return self.quantity.unit or "1"
        return "1" if self.whole else None


def keys(model: type[Spec], prefix: str = "") -> dict[str, Key]:
    """Return every dotted key of a specification; lists count as one key."""
    found: dict[str, Key] = {}
    for name, field in model.model_fields.items():
        dotted = f"{prefix}{field.alias or name}"
        below = _model(field.annotation)
        if below is not None:
            found |= keys(below, f"{dotted}.")
            continue
        marks = [*field.metadata, field.annotation]
        found[dotted] = Key(dotted, next(_quantities(marks), None), _is_whole(field.annotation))
    return found


def leaves(spec: Spec, prefix: str = "") -> Iterator[tuple[Key, Any]]:
    """Yield every key of a specification with its value in SI; items of lists are known by `name`, else number."""
    for name, field in type(spec).model_fields.items():
        given, dotted = getattr(spec, name), f"{prefix}{field.alias or name}"
        quantity = next(_quantities([*field.metadata, field.annotation]), None)
        items = given if isinstance(given, tuple) and (quantity or any(isinstance(i, Spec) for i in given)) else None
        if isinstance(given, Spec):
            yield from leaves(given, f"{dotted}.")
        elif items is None:
            yield Key(dotted, quantity, _is_whole(field.annotation)), given
        for number, item in enumerate(items or ()):
            if isinstance(item, Spec):
                yield from leaves(item, f"{dotted}.{getattr(item, 'name', number)}.")
            else:
                yield Key(f"{dotted}.{number}", quantity, False), item


def value(spec: Spec, key: str) -> Any:
    """Return the value of a dotted key in SI; None where a part of the way to it is missing."""
    node: Any = spec
    for name in key.split("."):
        node = getattr(node, name, None)
    return node


def _alternatives(annotation: Any) -> list[Any]:
    """Return what a value may be, None left out."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _alternatives(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [part for given in get_args(annotation) if given is not type(None) for part in _alternatives(given)]
    return [annotation]


def _model(annotation: Any) -> type[Spec] | None:
    models = [a for a in _alternatives(annotation) if isinstance(a, type) and issubclass(a, Spec)]
    return models[0] if len(models) == 1 else None


def _is_whole(annotation: Any) -> bool:
    return _alternatives(annotation) == [int]


def _quantities(marks: list[Any]) -> Iterator[Quantity]:
    for mark in marks:
        if isinstance(mark, Quantity):
            yield mark
        elif get_origin(mark) in (Annotated, Union, types.UnionType):
            yield from _quantities(list(get_args(mark)))
