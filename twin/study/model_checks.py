"""Reduced against full: the hottest point of a study and ten random ones, computed again with the full model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from twin.errors import OutputError, RunStopped
from twin.results.checkpoint import replace_file
from twin.study.batches import Batches
from twin.study.catalogue import Catalogue
from twin.study.identity import point_identity
from twin.study.outcome import Figures, Outcome
from twin.study.plan import SCENARIO, Plan, resolved
from twin.study.shared import SharedPoints
from twin.study.worker import Task

CHECKS = "checks.json"
MODEL, REDUCED, FULL = "thermal.model", "reduced", "full"
RANDOM_POINTS = 10
_SEED = 1
_PEAK = "peak_temperature_K"
_COMPARED = (_PEAK, "wafer_power_W")


@dataclass(frozen=True)
class Check:
    """A quantity of one point by both models, in SI; `chosen` tells why this point: `hottest` or `random`."""

    number: int
    chosen: str
    quantity: str
    reduced: float
    full: float

    @property
    def difference(self) -> float:
        """Reduced less full, in SI."""
        return self.reduced - self.full


@dataclass(frozen=True)
class _Chosen:
    """The points of a study that are checked: why, what the reduced model gave, and who they are to the full model.

    base : the resolved scenario with the full model, as JSON text
    """

    why: dict[int, str]
    figures: dict[int, Figures]
    identities: dict[str, int]
    base: str

    @classmethod
    def of(cls, plan: Plan, catalogue: Catalogue) -> _Chosen:
        """Return the choice among the points that are done."""
        known = {number: figures for number, _, figures in catalogue.results() if figures and figures.get(_PEAK)}
        why = chosen_points({number: float(figures[_PEAK] or 0.0) for number, figures in known.items()})
        base = json.dumps({**plan.base, "thermal": {**plan.base["thermal"], "model": FULL}})
        steady = plan.study.steady
        identities = {point_identity(resolved(base, plan.changes(number)), steady): number for number in why}
        return cls(why, known, identities, base)


def is_checked(plan: Plan) -> bool:
    """Tell whether the points of a study are steady ones of the reduced model; runs in time check themselves."""
    varied = {values.key.name for dimension in plan.dimensions for values in dimension.values}
    if plan.kind != SCENARIO or not plan.study.steady or MODEL in varied:
        return False
    return bool(plan.base["thermal"]["model"] == REDUCED)


def are_missing(plan: Plan, catalogue: Catalogue, folder: Path) -> bool:
    """Tell whether a study is to be checked and was not yet, or not at the points that it has now."""
    return is_checked(plan) and _checked_points(folder) != sorted(_Chosen.of(plan, catalogue).identities)


def chosen_points(peaks: Mapping[int, float], seed: int = _SEED) -> dict[int, str]:
    """Return the numbers of the hottest point and of ten others, drawn with a seed, with why each was chosen."""
    if not peaks:
        return {}
    hottest = max(peaks, key=lambda number: (peaks[number], -number))
    others = sorted(set(peaks) - {hottest})
    drawn = np.random.default_rng(seed).permutation(len(others))[:RANDOM_POINTS]
    return {hottest: "hottest", **{others[place]: "random" for place in sorted(drawn)}}


def write_checks(
    plan: Plan, catalogue: Catalogue, shared: SharedPoints | None, task: Task, client: Any, folder: Path
) -> None:
    """Compute the chosen points of a study with the full model and keep the differences in its folder."""
    chosen = _Chosen.of(plan, catalogue)
    known, identities = chosen.figures, chosen.identities
    outcomes = list(shared.find(list(identities))) if shared is not None else []
    left = [(name, plan.changes(number)) for name, number in identities.items() if name not in _names(outcomes)]
    for more in Batches(client, replace(task, base=chosen.base), left, lambda identities: None).outcomes():
        outcomes += more
        if shared is not None:
            shared.keep(more)
    checks = [
        Check(number, chosen.why[number], quantity, float(reduced), float(full))
        for number, outcome in sorted((identities[o.identity], o) for o in outcomes if o.figures)
        for quantity in _COMPARED
        if (reduced := known[number].get(quantity)) is not None
        and (full := (outcome.figures or {}).get(quantity)) is not None
    ]
    points = sorted(outcome.identity for outcome in outcomes if outcome.figures or outcome.lasting)
    content = {"points": points, "checks": [asdict(check) for check in checks]}
    try:
        replace_file(folder / CHECKS, json.dumps(content, indent=1).encode())
    except OSError as error:
        raise RunStopped(
            f"{folder / CHECKS}: cannot be written ({error.strerror}). All points are kept. "
            "Remedy: make room on the disk, then run the same command again"
        ) from error


def _names(outcomes: list[Outcome]) -> set[str]:
    return {outcome.identity for outcome in outcomes}


def read_checks(folder: Path | str) -> list[Check]:
    """Return the checks of a study; none where its points were not computed with the reduced model."""
    path = Path(folder) / CHECKS
    try:
        return [Check(**item) for item in json.loads(path.read_text(encoding="utf-8"))["checks"]]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise OutputError(f"{path}: cannot be read ({error}); delete it and run the study again") from error


def _checked_points(folder: Path) -> list[str]:
    """Return the identities of the points that were checked, in order; none if there is no such file."""
    try:
        return list(json.loads((folder / CHECKS).read_text(encoding="utf-8"))["points"])
    except (OSError, ValueError, TypeError, KeyError):
        return []


def checks_in_words(checks: list[Check]) -> str:
    """Return the largest differences in one sentence; empty without checks."""
    if not checks:
        return ""
    peaks = [check for check in checks if check.quantity == _PEAK]
    powers = [abs(check.difference) / check.full for check in checks if check.quantity != _PEAK and check.full]
    worst = max(peaks, key=lambda check: abs(check.difference))
    power = f", wafer power by at most {100 * max(powers):.2g} %" if powers else ""
    random = sum(check.chosen == "random" for check in peaks)
    hottest = "the hottest and " * (random < len(peaks))
    return (
        f"reduced less full model at {hottest}{random} random points: peak temperature by at most "
        f"{abs(worst.difference):.2g} K{power}"
    )
