"""What a result says about itself: title, scenario, inputs that nobody published, what a reader must know."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from twin.library import Entry
from twin.results.model_error import ModelError, read_errors, written_errors


@dataclass(frozen=True)
class AssumedInput:
    """One input with status `assumed`: its key in the library, value as written, and bounds."""

    key: str
    value: str
    source: str
    status: str
    range: tuple[str, str] | None = None


@dataclass(frozen=True)
class Occurrence:
    """A warning of a run: what it is about, what it said when it first occurred, and when, in s."""

    subject: str
    text: str
    time: float


@dataclass(frozen=True)
class Description:
    """The attributes of a run; `scenario` is the resolved scenario as YAML text.

    `limits` are the temperatures in K at which the chip throttles and trips, `failure_time` in s is when the
    first part of its cooling fails.
    """

    title: str
    system: str = ""
    scenario: str = ""
    assumed_inputs: tuple[AssumedInput, ...] = ()
    model_errors: tuple[ModelError, ...] = ()
    start_time: float = 0.0
    limits: tuple[float, float] | None = None
    failure_time: float | None = None

    def attributes(self) -> dict[str, Any]:
        """Return the description as attributes that Zarr and NetCDF can both hold."""
        found: dict[str, Any] = {
            "Conventions": "CF-1.11",
            "title": self.title,
            "system": self.system,
            "scenario": self.scenario,
            "assumed_inputs": json.dumps([asdict(item) for item in self.assumed_inputs]),
            "model_errors": written_errors(self.model_errors),
            "start_time": self.start_time,
        }
        if self.limits is not None:
            found["throttle_temperature"], found["trip_temperature"] = self.limits
        if self.failure_time is not None:
            found["failure_time"] = self.failure_time
        return found

    @classmethod
    def read(cls, attributes: Mapping[str, Any]) -> Description:
        """Return the description kept in a data set's attributes."""
        listed = json.loads(attributes.get("assumed_inputs", "[]"))
        limits = [attributes[name] for name in ("throttle_temperature", "trip_temperature") if name in attributes]
        return cls(
            title=str(attributes.get("title", "")),
            system=str(attributes.get("system", "")),
            scenario=str(attributes.get("scenario", "")),
            assumed_inputs=tuple(_assumed_input(item) for item in listed),
            model_errors=read_errors(attributes),
            start_time=float(attributes.get("start_time", 0.0)),
            limits=(float(limits[0]), float(limits[1])) if len(limits) == 2 else None,
            failure_time=attributes.get("failure_time"),
        )


def assumed_inputs(entries: Iterable[Entry]) -> tuple[AssumedInput, ...]:
    """Return the inputs with status `assumed` of all library entries that a run uses."""
    return tuple(
        AssumedInput(f"{entry.kind}/{entry.name}: {item.key}", item.text, item.source, item.status, item.range)
        for entry in entries
        for item in entry.assumed
    )


def _assumed_input(item: Mapping[str, Any]) -> AssumedInput:
    bounds = item.get("range")
    return AssumedInput(
        key=item["key"],
        value=item["value"],
        source=item["source"],
        status=item["status"],
        range=(bounds[0], bounds[1]) if bounds else None,
    )


def written_occurrences(occurrences: Iterable[Occurrence]) -> str:
    """Return the warnings of a run as text for an attribute."""
    return json.dumps([asdict(item) for item in occurrences])


def read_occurrences(attributes: Mapping[str, Any]) -> tuple[Occurrence, ...]:
    """Return the warnings kept in a data set's attributes."""
    return tuple(Occurrence(**item) for item in json.loads(attributes.get("warnings", "[]")))
