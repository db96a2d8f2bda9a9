"""Reduced against full: the answer of a search, the hottest point of a study and ten random ones, computed again.

Steady points are computed with the full model, runs with their own checks at the hottest and at ten random instants.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
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
from twin.study.worker import BY_FULL, BY_REDUCED, Task
from twin.thermal.reduced.twofold import FULL_INSTEAD

CHECKS = "checks.json"
MODEL, REDUCED, FULL = "thermal.model", "reduced", "full"
RANDOM_POINTS = 10
ANSWER = "answer"
_SEED = 1
_PEAK = "peak_temperature_K"
_COMPARED = (_PEAK, "wafer_power_W")


@dataclass(frozen=True)
class Check:
    """A quantity of one point by both models, in SI; `chosen` tells why: `answer`, `hottest` or `random`.

    Of a run that is the hottest point at the instant at which they differ most.
    """

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
    """The points of a study that are checked: why, what the reduced model gave, and who they are when checked.

    base : the resolved scenario as it is computed again, as JSON text: steady points with the full model
    """

    why: dict[int, str]
    figures: dict[int, Figures]
    identities: dict[str, int]
    base: str

    @classmethod
    def of(cls, plan: Plan, catalogue: Catalogue, answers: Sequence[int]) -> _Chosen:
        """Return the choice among the points that the reduced model has computed; `answers` are among them."""
        by_full = catalogue.warned(FULL_INSTEAD)
        known = {
            number: figures
            for number, _, figures in catalogue.results()
            if figures and figures.get(_PEAK) and number not in by_full
        }
        why = chosen_points({number: float(figures[_PEAK] or 0.0) for number, figures in known.items()}, answers)
        steady, base = plan.study.steady, plan.base_text
        if steady:
            base = json.dumps({**plan.base, "thermal": {**plan.base["thermal"], "model": FULL}})
        trees = {number: resolved(base, plan.changes(number)) for number in why}
        identities = {point_identity(tree, steady, not steady): number for number, tree in trees.items()}
        return cls(why, known, identities, base)


def is_checked(plan: Plan) -> bool:
    """Tell whether all points of a study are computed with the reduced model."""
    varied = {values.key.name for dimension in plan.dimensions for values in dimension.values}
    if plan.kind != SCENARIO or MODEL in varied:
        return False
    return bool(plan.base["thermal"]["model"] == REDUCED)


def are_missing(plan: Plan, catalogue: Catalogue, folder: Path, answers: Sequence[int] = ()) -> bool:
    """Tell whether a study is to be checked and was not yet, or not at the points that it has now."""
    return is_checked(plan) and _checked_points(folder) != sorted(_Chosen.of(plan, catalogue, answers).identities)


def chosen_points(peaks: Mapping[int, float], answers: Sequence[int] = (), seed: int = _SEED) -> dict[int, str]:
    """Return the numbers of the answers, the hottest point and ten others, drawn, with why each was chosen."""
    if not peaks:
        return {}
    hottest = max(peaks, key=lambda number: (peaks[number], -number))
    others = sorted(set(peaks) - {hottest, *answers})
    drawn = np.random.default_rng(seed).permutation(len(others))[:RANDOM_POINTS]
    random = {others[place]: "random" for place in sorted(drawn)}
    return {hottest: "hottest", **random, **{number: ANSWER for number in answers if number in peaks}}


def write_checks(
    plan: Plan,
    catalogue: Catalogue,
    shared: SharedPoints | None,
    task: Task,
    client: Any,
    folder: Path,
    answers: Sequence[int] = (),
) -> None:
    """Compute the chosen points of a study again and keep how far the models are apart in its folder.

    answers : numbers of the points that are the answer of a search
    """
    chosen, checked = _Chosen.of(plan, catalogue, answers), not plan.study.steady
    identities = chosen.identities
    outcomes = list(shared.find(list(identities))) if shared is not None else []
    left = [(name, plan.changes(number)) for name, number in identities.items() if name not in _names(outcomes)]
    for more in Batches(
        client, replace(task, base=chosen.base, checked=checked), left, lambda identities: None
    ).outcomes():
        outcomes += more
        if shared is not None:
            shared.keep(more)
    checks = [
        Check(number, chosen.why[number], quantity, reduced, full)
        for number, figures in sorted((identities[o.identity], o.figures) for o in outcomes if o.figures)
        for quantity, reduced, full in _compared(chosen.figures[number], figures, checked)
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


def _compared(known: Figures, found: Figures, checked: bool) -> Iterator[tuple[str, float, float]]:
    """Yield quantities by the reduced and by the full model."""
    pairs = [(name, known.get(name), found.get(name)) for name in _COMPARED]
    if checked:
        pairs = [(_PEAK, found.get(BY_REDUCED), found.get(BY_FULL))]
    for name, reduced, full in pairs:
        if reduced is not None and full is not None:
            yield name, float(reduced), float(full)


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
    counts = Counter(check.chosen for check in peaks)
    places = ["the optimum" if counts[ANSWER] == 1 else f"{counts[ANSWER]} points of the front"] * (ANSWER in counts)
    places += ["the hottest point"] * ("hottest" in counts) + [f"{counts['random']} random ones"] * ("random" in counts)
    told = ", ".join(places[:-1]) + " and " * (len(places) > 1) + places[-1]
    return f"reduced less full model at {told}: peak temperature by at most {abs(worst.difference):.2g} K{power}"
