"""Points of a study that are asked for one after the other: taken from the catalogue where it knows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.inputs import value_of
from twin.results.kpis import KPIS
from twin.study.batches import Batches
from twin.study.catalogue import Catalogue
from twin.study.outcome import Figures, Outcome
from twin.study.plan import POINT, Dimension, Plan
from twin.study.shared import SharedPoints
from twin.study.worker import Task

Numbers = NDArray[np.float64]
Connect = Callable[[ExitStack], Any]
"""Returns a dask client that lives as long as the stack."""
Tell = Callable[[int, int, int], None]
"""Told how many points there are, how many failed, and how many were computed now."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """One point: `shares` of the way between the bounds of each key, and all that is known of it in SI."""

    shares: Numbers
    values: dict[str, float]
    known: dict[str, Any]
    error: str = ""

    @property
    def failed(self) -> bool:
        """Whether the point has no result, or breaks a constraint of the study."""
        return bool(self.error)


class Evaluations:
    """The points of a search: each is computed once, in batches, and kept in the catalogue.

    `computed` are the identities of those that were not known before.
    """

    def __init__(
        self,
        plan: Plan,
        task: Task,
        catalogue: Catalogue,
        shared: SharedPoints | None,
        connect: Connect,
        names: frozenset[str],
        tell: Tell,
    ):
        self.plan = plan
        self.computed: list[str] = []
        self._task, self._catalogue, self._shared, self._tell = task, catalogue, shared, tell
        self._connect, self._stack = connect, ExitStack()
        self._found: dict[str, Outcome] = {}
        self._all: dict[str, Evaluation] = {}
        kept, scenario = names - set(KPIS) - set(plan.derived) - set(plan.over), plan.scenario
        self._fixed = {} if scenario is None else {name: value_of(scenario, name) for name in kept}

    def __enter__(self) -> Evaluations:
        return self

    def __exit__(self, *ending: Any) -> None:
        self._stack.__exit__(*ending)

    @property
    def all(self) -> list[Evaluation]:
        """Every point that was asked for, once, in the order in which they were."""
        return list(self._all.values())

    def __call__(self, shares: Numbers) -> list[Evaluation]:
        """Return the points at shares (points, keys) of the way between the bounds."""
        points = self.points(shares)
        identities = [points.identity(number) for number in range(points.points)]
        excluded = [points.is_excluded(number) for number in range(points.points)]
        wanted = dict.fromkeys(name for name, out in zip(identities, excluded, strict=True) if not out)
        self._know([name for name in wanted if name not in self._found], identities, points)
        found = []
        for number, (name, out) in enumerate(zip(identities, excluded, strict=True)):
            evaluation = self._evaluation(shares[number], points, number, None if out else self._found[name])
            found.append(self._all.setdefault(name, evaluation))
        self._report()
        return found

    def _report(self) -> None:
        failed = sum(outcome.figures is None for outcome in self._found.values())
        self._tell(len(self._found), failed, len(self.computed))

    @cached_property
    def client(self) -> Any:
        """The dask client, connected when it is first needed."""
        return self._connect(self._stack)

    def points(self, shares: Numbers) -> Plan:
        """Return the plan of the points at some shares."""
        columns = tuple(v.values(v.at(shares[:, place])) for place, v in enumerate(self.plan.over.values()))
        return replace(self.plan, dimensions=(Dimension(POINT, len(shares), columns),))

    def _know(self, wanted: Sequence[str], identities: Sequence[str], points: Plan) -> None:
        """Get results that are not at hand: from the catalogue, from other studies, from the workers."""
        self._found |= {outcome.identity: outcome for outcome in self._catalogue.known(wanted)}
        left = [name for name in wanted if name not in self._found]
        if left and self._shared is not None and (others := self._shared.find(left)):
            self._catalogue.record(others, reused=True)
            self._found |= {outcome.identity: outcome for outcome in others}
            left = [name for name in left if name not in self._found]
        for outcomes in self._computed(left, identities, points):
            self._catalogue.record(outcomes)
            if self._shared is not None:
                self._shared.keep(outcomes)
            self._found |= {outcome.identity: outcome for outcome in outcomes}
            self.computed += [outcome.identity for outcome in outcomes]
            self._report()

    def _computed(self, left: Sequence[str], identities: Sequence[str], points: Plan) -> Iterator[list[Outcome]]:
        if not left:
            return
        numbers = {name: number for number, name in enumerate(identities)}
        asked = [(name, points.changes(numbers[name])) for name in left]
        yield from Batches(self.client, self._task, asked, lambda names: None).outcomes()

    def _evaluation(self, shares: Numbers, points: Plan, number: int, outcome: Outcome | None) -> Evaluation:
        values = {v.key.name: float(v.si[number]) for v in points.dimensions[0].values}
        if outcome is None:
            return Evaluation(shares, values, {}, "breaks a constraint of the study")
        if outcome.figures is None:
            return Evaluation(shares, values, {}, outcome.error or "failed")
        return Evaluation(shares, values, self._known(points, number, values, outcome.figures))

    def _known(self, points: Plan, number: int, values: Mapping[str, float], figures: Figures) -> dict[str, Any]:
        """Return keys, key figures and derived metrics of a point in SI."""
        known = {**self._fixed, **points.quantities(number), **values, **figures}
        return {**known, **{name: expression.value(known) for name, expression in self.plan.derived.items()}}
