"""Uncertainty of the key figures: bands from an ensemble over the inputs that nobody published."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from twin.results.display import display_of, number
from twin.results.kpis import KPIS

UNCERTAINTY_FILE, ENSEMBLE_FOLDER = "uncertainty.json", "uncertainty"
SHARES = (0.05, 0.5, 0.95)
"""The quantiles of a band."""


@dataclass(frozen=True)
class VariedInput:
    """An input of the ensemble: key, bounds in SI, and whether it is spread in its logarithm."""

    key: str
    unit: str
    low: float
    high: float
    logarithmic: bool
    status: str


@dataclass(frozen=True)
class Band:
    """A key figure of steady points in SI: without variation, and its quantiles over the ensemble.

    `drivers` are the inputs with the strongest rank correlation, those beyond chance only.
    """

    nominal: float
    low: float
    median: float
    high: float
    drivers: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Uncertainty:
    """Bands of the key figures of a scenario, and how they were found.

    `points` were drawn by `method` with `seed`; `done` of them have a steady state, `reasons` tells why others have
    none. `noise` is the rank correlation that the largest of all inputs would reach by chance in one of twenty cases.
    `scenario` is the digest of the resolved scenario that the bands are of.
    """

    method: str
    points: int
    done: int
    seed: int
    noise: float
    inputs: tuple[VariedInput, ...]
    bands: dict[str, Band]
    reasons: tuple[str, ...] = ()
    scenario: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the uncertainty as plain mappings."""
        return asdict(self)

    @classmethod
    def read(cls, tree: Mapping[str, Any]) -> Uncertainty:
        """Return the uncertainty that `to_json` gave."""
        bands = {
            name: Band(**{**band, "drivers": tuple((key, value) for key, value in band["drivers"])})
            for name, band in tree["bands"].items()
        }
        varied = tuple(VariedInput(**item) for item in tree["inputs"])
        return cls(**{**tree, "bands": bands, "inputs": varied, "reasons": tuple(tree["reasons"])})

    @property
    def origin(self) -> str:
        """How the bands were found, in one sentence."""
        left_out = f", {self.points - self.done} of them without a steady state and left out" * (
            self.done < self.points
        )
        return (
            f"5, 50 and 95 % of {self.points} steady operating points at the mean load{left_out}: {len(self.inputs)} "
            f"inputs that nobody published vary independently and uniformly within their ranges ({self.method}, seed "
            f"{self.seed}; full thermal model). `steady` is the same without variation: compare with it."
        )

    def summary(self, run: Mapping[str, float | None]) -> str:
        """Return a text table: each key figure of the run, of the steady point, and its band."""
        head = ("", "run", "steady", "5 %", "50 %", "95 %")
        lines = [f"  {head[0]:<28}" + "".join(f"{text:>13}" for text in head[1:])]
        for name, band in self.bands.items():
            shown = display_of(KPIS[name].unit)
            values = (run.get(name), band.nominal, band.low, band.median, band.high)
            cells = "".join(f"{number(None if v is None else shown(v)):>13}" for v in values)
            lines.append(f"  {KPIS[name].label:<28}{cells} {shown.unit}".rstrip())
        return "\n".join([*lines, f"  {self.origin}", *(f"  left out: {reason}" for reason in self.reasons)])


def digest(scenario: str) -> str:
    """Return the digest of a resolved scenario's text."""
    return hashlib.sha256(scenario.encode()).hexdigest()


def read_uncertainty(folder: Path, scenario: str) -> Uncertainty | None:
    """Return the bands kept in the folder of a run; None if there are none, or if they are of another scenario."""
    try:
        tree = json.loads((folder / UNCERTAINTY_FILE).read_text(encoding="utf-8"))
        found = Uncertainty.read(tree)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return found if found.scenario == digest(scenario) else None
