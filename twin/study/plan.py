"""The points of a study, numbered: what each changes in the base, and what excludes it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from twin.inputs import value_of
from twin.results.kpis import KPIS
from twin.spec.expression import Expression
from twin.spec.scenario import Scenario, set_dotted
from twin.spec.study import Study
from twin.study.axes import Values
from twin.study.identity import point_identity
from twin.study.sampling import Variation

POINT, REPLICA, SEED = "point", "replica", "workload.seed"
SCENARIO, STACK = "scenario", "stack"
"""What the points of a study may be."""
MOST_POINTS = 1_000_000
"""Points that a study may have: a grid of all axes and replicas, or a sample with what its design makes of it."""
_COOLING = ("cooling.", "inputs.cooling.")
"""How keys begin that thermal models depend on."""


@dataclass(frozen=True)
class Dimension:
    """A dimension of the results with the keys that vary along it (several for samples)."""

    name: str
    size: int
    values: tuple[Values, ...]


@dataclass(frozen=True)
class Formulas:
    """The expressions of a study; `units` are those of all that expressions may use."""

    constraints: tuple[Expression, ...]
    derived: dict[str, Expression]
    derived_units: dict[str, str]
    units: dict[str, str | None]


@dataclass(frozen=True)
class Plan:
    """The points of a study in the order of their numbers (the last dimension fastest).

    `base` is the resolved scenario as `to_tree` writes it; a point is this with its `changes`. `over` tells how
    sampled and searched keys vary; a search for an optimum begins with the points of the plan. `units` are those of
    all quantities that expressions may use.
    """

    study: Study
    title: str
    base: dict[str, Any]
    scenario: Scenario | None
    dimensions: tuple[Dimension, ...]
    record: tuple[str, ...]
    derived: dict[str, Expression]
    derived_units: dict[str, str]
    constraints: tuple[Expression, ...]
    over: dict[str, Variation] = field(default_factory=dict)
    units: dict[str, str | None] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """What the points are."""
        return SCENARIO

    @property
    def figures(self) -> Mapping[str, Any]:
        """The key figures of a point: name, unit, label and description of each."""
        return KPIS

    @property
    def shape(self) -> tuple[int, ...]:
        """Points along each dimension."""
        return tuple(dimension.size for dimension in self.dimensions)

    @property
    def points(self) -> int:
        """Number of points."""
        return int(np.prod(self.shape, dtype=np.int64))

    def _places(self, number: int) -> Iterator[tuple[Values, int]]:
        for dimension, place in zip(self.dimensions, np.unravel_index(number, self.shape), strict=True):
            for values in dimension.values:
                yield values, int(place)

    def changes(self, number: int) -> dict[str, Any]:
        """Return what a point changes in the base, as a resolved scenario writes it."""
        return {values.key.name: values.written[place] for values, place in self._places(number)}

    def neighbours(self, numbers: Iterable[int]) -> list[int]:
        """Return points in an order in which those with like cooling follow each other: they share thermal models."""
        ranks = {v.key.name: v.ranks for d in self.dimensions for v in d.values if v.key.name.startswith(_COOLING)}
        return sorted(
            numbers,
            key=lambda number: (
                [ranks[v.key.name][place] for v, place in self._places(number) if v.key.name in ranks], number,
            ),
        )  # fmt: skip

    def quantities(self, number: int) -> dict[str, Any]:
        """Return the keys of a point that expressions use, in SI."""
        varied = {values.key.name: values.si[place] for values, place in self._places(number)}
        return {name: varied.get(name, fixed) for name, fixed in self._fixed.items()}

    @cached_property
    def _fixed(self) -> dict[str, Any]:
        names = {name for e in (*self.constraints, *self.derived.values()) for name in e.names} - set(KPIS)
        assert self.scenario is not None
        return {name: value_of(self.scenario, name) for name in names}

    def is_excluded(self, number: int) -> bool:
        """Tell whether a point breaks a constraint; one over a quantity that the point lacks says nothing."""
        if not self.constraints:
            return False
        found = self.quantities(number)
        return any(constraint.value(found) is False for constraint in self.constraints)

    @cached_property
    def base_text(self) -> str:
        """The resolved base as JSON text."""
        return json.dumps(self.base)

    def identity(self, number: int) -> str:
        """Return the identity of a point."""
        return point_identity(resolved(self.base_text, self.changes(number)), self.study.steady)

    @cached_property
    def signature(self) -> str:
        """What fixes the points of a study and their order; what is recorded of them is left out.

        Files are told by their names alone: a study goes on after its folder was moved.
        """
        varied: Any = [[d.name, [[v.key.name, list(v.written)] for v in d.values]] for d in self.dimensions]
        if self.study.optimise is not None:
            varied = [self.study.optimise.model_dump(mode="json"), self.study.derived]
        conditions = [constraint.text for constraint in self.constraints]
        return json.dumps(_portable([self.base, varied, conditions, self.study.steady]), sort_keys=True)


def _portable(node: Any) -> Any:
    """Return plain values with the folders of files left out."""
    if isinstance(node, Mapping):
        return {_portable(key): _portable(value) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [_portable(value) for value in node]
    return Path(node).name if isinstance(node, str) and Path(node).is_absolute() else node


def resolved(base: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the resolved scenario of a point from the base (JSON text) and its changes."""
    tree: dict[str, Any] = json.loads(base)
    for key, written in changes.items():
        set_dotted(tree, key, written)
    return tree
