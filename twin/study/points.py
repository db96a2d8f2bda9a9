"""The points of a study as columns: what varies, what was recorded and what became of each, for its readers."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import OutputError
from twin.results.kpis import KPIS
from twin.spec.study import Study
from twin.study.catalogue import CATALOGUE
from twin.study.dataset import STATUS, open_study, study_of
from twin.study.outcome import DONE, FAILED
from twin.study.plan import POINT, REPLICA, SEED
from twin.study.stack_points import STACK_FIGURES

if TYPE_CHECKING:
    import xarray as xr

Values = NDArray[Any]
_FIGURES = re.compile(r"[-+.\deE]*\d")
"""Numbers in a text: warnings that differ in them alone are of one kind."""
_VAGUE = frozenset({"thickness", "width", "value", "power", "conductivity", "design"})
"""Last words of keys that say too little alone."""


@dataclass(frozen=True)
class Column:
    """One quantity of all points: values (points,) in the SI unit `unit`, text where the unit is None.

    `axis` has the values of a varied key as they were written; empty for what was computed.
    """

    name: str
    label: str
    unit: str | None
    values: Values
    axis: Values = field(default_factory=lambda: np.zeros(0))
    is_derived: bool = False

    @property
    def is_key(self) -> bool:
        """Whether the study varies it."""
        return bool(len(self.axis))

    @property
    def is_number(self) -> bool:
        """Whether it is a number."""
        return self.unit is not None

    @cached_property
    def order(self) -> NDArray[np.int64]:
        """Places of the axis from its lowest number on; of texts as they were written."""
        return np.argsort(self.axis) if self.is_number else np.arange(len(self.axis))


@dataclass(frozen=True)
class StudyPoints:
    """All points in the order of their numbers, replicas as their means; `shape` counts points along each axis.

    Samples have one axis, `point`, along which all their keys vary. `margins` keeps how far limits are held.
    """

    study: Study
    title: str
    base: str
    shape: dict[str, int]
    columns: dict[str, Column]
    status: Values
    replicas: int
    margins: dict[str, NDArray[np.float64]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def count(self) -> int:
        """Number of points, replicas counted once."""
        return len(self.status)

    @property
    def done(self) -> NDArray[np.bool_]:
        """Which points have a result."""
        return np.asarray(self.status == DONE)

    @cached_property
    def keys(self) -> tuple[Column, ...]:
        """What varies between the points; keys of one value are left out."""
        return tuple(c for c in self.columns.values() if c.is_key and len(c.axis) > 1)

    @property
    def is_sample(self) -> bool:
        """Whether the points were drawn instead of laid out as a grid."""
        return POINT in self.shape

    def quantities(self, number: int, names: Iterable[str]) -> dict[str, Any]:
        """Return some quantities of a point in SI; None for what does not apply."""
        return {name: _plain(self.columns[name].values[number]) for name in names}

    def neighbour(self, number: int, key: str, step: int) -> int | None:
        """Return the number of the point `step` values further up an axis; None beyond its ends."""
        place = [int(index) for index in np.unravel_index(number, tuple(self.shape.values()))]
        along, order = list(self.shape).index(key), self.columns[key].order
        moved = int(np.flatnonzero(order == place[along])[0]) + step
        if not 0 <= moved < order.size:
            return None
        place[along] = int(order[moved])
        return int(np.ravel_multi_index(place, tuple(self.shape.values())))


@dataclass(frozen=True)
class Warned:
    """A kind of warning: the first point that has it, what it says there, and how many points have it."""

    number: int
    text: str
    count: int

    def __str__(self) -> str:
        return f"{self.count} point{'s' * (self.count != 1)}, such as {self.number}: {self.text}"


@dataclass(frozen=True)
class Failure:
    """Why some points have no result: the first of them, as values of its keys, and how many failed alike."""

    number: int
    error: str
    count: int


@dataclass(frozen=True)
class Provenance:
    """When and where points were computed: seconds since 1970, machines, points taken from other studies."""

    first: float | None
    last: float | None
    hosts: tuple[str, ...]
    reused: int
    states: dict[str, int]


def read_points(folder: Path | str) -> StudyPoints:
    """Return the points of the study in a folder; OutputError if it holds none."""
    data = open_study(folder)
    study = study_of(data)
    replicas = data.sizes.get(REPLICA, 1)
    merged = _without_replicas(data)
    shape = {str(name): size for name, size in merged.sizes.items()}
    columns = {column.name: column for column in (*_keys(merged), *_results(merged, study))}
    status = np.asarray(merged[STATUS].values.ravel(), dtype=object)
    title = str(data.attrs.get("title", ""))
    return StudyPoints(study, title, str(data.attrs["base_scenario"]), shape, columns, status, replicas)


def _without_replicas(data: xr.Dataset) -> xr.Dataset:
    """Return means over replicas; a point of which some are done counts as done, by these."""
    if REPLICA not in data.dims:
        return data
    numbers = data.drop_vars([STATUS, SEED], errors="ignore").mean(REPLICA, keep_attrs=True)
    states = data[STATUS].transpose(..., REPLICA).values
    some = (states == DONE).any(axis=-1)
    dims = tuple(name for name in data[STATUS].dims if name != REPLICA)
    return numbers.assign({STATUS: (dims, np.where(some, DONE, states[..., 0]))})


def _keys(data: xr.Dataset) -> list[Column]:
    names = [str(name) for name in data.coords if str(name) not in (POINT, REPLICA)]
    shared = {last for last, times in Counter(name.split(".")[-1] for name in names).items() if times > 1}
    status = data[STATUS]
    found = []
    for name in names:
        coordinate = data[name]
        values = np.asarray(coordinate.broadcast_like(status).transpose(*status.dims).values).ravel()
        unit = coordinate.attrs.get("units")
        axis = np.asarray(coordinate.values)
        if unit is None:
            values, axis = values.astype(object), axis.astype(object)
        found.append(Column(name, key_label(name, shared), unit, values, axis))
    return found


def key_label(name: str, shared: set[str] | frozenset[str] = frozenset()) -> str:
    """Return a dotted key for readers: its last word, two where the last alone is not clear."""
    if name == "base":
        return "stack"
    words = name.split(".")
    return " ".join(words[-2:] if words[-1] in shared | _VAGUE else words[-1:]).replace("_", " ")


def _results(data: xr.Dataset, study: Study) -> list[Column]:
    found = []
    for name, values in data.data_vars.items():
        if name == STATUS:
            continue
        derived = name in study.derived
        label = str(name).replace("_", " ") if derived else str(values.attrs.get("long_name", name))
        flat = np.asarray(values.values, dtype=float).ravel()
        found.append(Column(str(name), label, str(values.attrs.get("units", "1")), flat, is_derived=derived))
    names = dict.fromkeys((*study.show, *(study.record or ()), *KPIS, *STACK_FIGURES))
    order = {name: place for place, name in enumerate(names)}
    return sorted(found, key=lambda column: (order.get(column.name, len(order)), column.name))


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value
    number = float(value)
    return number if np.isfinite(number) else None


def failures(folder: Path | str) -> list[Failure]:
    """Return the errors of a study, each once, the most frequent first."""
    query = (
        "SELECT min(number), error, count(*) FROM points WHERE state = ? GROUP BY error ORDER BY count(*) DESC, number"
    )
    return [Failure(*row) for row in _rows(folder, query, FAILED)]


def warnings(folder: Path | str) -> list[Warned]:
    """Return the warnings of a study's points, each kind once, the most frequent first."""
    query = "SELECT number, warnings FROM points JOIN results USING (identity) WHERE state = ? AND warnings != '[]'"
    alike: dict[str, list[tuple[int, str]]] = {}
    for number, texts in _rows(folder, f"{query} ORDER BY number", DONE):
        for text in json.loads(texts):
            alike.setdefault(_FIGURES.sub("", text), []).append((number, text))
    found = [Warned(*same[0], len(same)) for same in alike.values()]
    return sorted(found, key=lambda item: (-item.count, item.number))


def errors(folder: Path | str) -> dict[int, str]:
    """Return the error of every failed point by its number, replicas counted."""
    return dict(_rows(folder, "SELECT number, error FROM points WHERE state = ?", FAILED))


def provenance(folder: Path | str) -> Provenance:
    """Return when and where the points of a study were computed."""
    ((first, last, reused),) = _rows(
        folder, "SELECT min(started), max(finished), total(reused AND state = ?) FROM points", DONE
    )
    hosts = tuple(host for (host,) in _rows(folder, "SELECT DISTINCT host FROM points WHERE host != '' ORDER BY host"))
    states = dict(_rows(folder, "SELECT state, count(*) FROM points GROUP BY state"))
    return Provenance(first, last, hosts, int(reused), states)


def _rows(folder: Path | str, query: str, *values: Any) -> list[Any]:
    """Return the rows of a query to the catalogue, which is left as it is."""
    path = Path(folder) / CATALOGUE
    try:
        with sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=30.0) as database:
            return list(database.execute(query, values))
    except sqlite3.DatabaseError as error:
        raise OutputError(f"{path}: cannot be read ({error}); run the study first") from error
