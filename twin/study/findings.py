"""What a study found out beyond its points: Sobol indices, rank correlations, an optimum, a front."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

from twin.errors import OutputError
from twin.results.display import display_of, number
from twin.study.dataset import open_study, study_of
from twin.study.optimisation import Optimisation, read_optimisation
from twin.study.optimise import Slope
from twin.study.sensitivity import Index, RankCorrelation, Sensitivity, rank_correlations, sensitivities

_FLAT = 1e-3
"""Percent below which an effect is none."""
_SHOWN = 8
"""Inputs that the text lists of each quantity, and quantities whose rank correlations are told."""
_STRONGEST = 3
"""Keys that the text lists of each rank correlation."""


@dataclass(frozen=True)
class Findings:
    """Sobol indices of a saltelli design, rank correlations of other samples, or the answer of an optimisation.

    `problem` says why there is none.
    """

    sensitivities: list[Sensitivity] = field(default_factory=list)
    correlations: list[RankCorrelation] = field(default_factory=list)
    optimisation: Optimisation | None = None
    problem: str = ""

    @property
    def lines(self) -> list[str]:
        """The findings as text."""
        found = [line for item in self.sensitivities for line in sensitivity_lines(item)]
        found += correlation_lines(self.correlations)
        if self.optimisation is not None:
            found += optimisation_lines(self.optimisation)
        return [*found, self.problem] if self.problem else found

    def to_json(self) -> dict[str, Any]:
        """Return the findings as plain mappings; empty for a study without any."""
        found: dict[str, Any] = {}
        if self.sensitivities:
            found["sensitivity"] = {item.quantity: asdict(item) for item in self.sensitivities}
        if self.optimisation is not None:
            found["optimisation"] = asdict(self.optimisation)
        return found


def findings(folder: Path | str) -> Findings:
    """Return what the study in a folder found out; OutputError if it holds none."""
    optimisation = read_optimisation(folder)
    if optimisation is not None:
        return Findings(optimisation=optimisation)
    data = open_study(folder)
    study = study_of(data)
    if study.sample is None:
        return Findings()
    if study.sample.method != "saltelli":
        known = {item.quantity: item for item in rank_correlations(data)}
        wanted = dict.fromkeys((*study.show, *study.derived, *(study.record or ()))) or known
        return Findings(correlations=[known[name] for name in wanted if name in known][:_SHOWN])
    try:
        return Findings(sensitivities(data))
    except OutputError as error:
        return Findings(problem=f"no Sobol indices: {error}")


def sensitivity_lines(found: Sensitivity) -> list[str]:
    """Return a table of the indices of one quantity, the most important keys first."""
    left_out = f"; {found.planned - found.rows} left out, a point of theirs has no result" * (
        found.rows < found.planned
    )
    lines = [
        f"{found.label}: shares of its variance, {found.rows} rows of the design{left_out}",
        f"  {'':<52}{'first order':>24}{'total':>24}",
    ]
    for key in found.ranked[:_SHOWN]:
        lines.append(f"  {key:<52}{_interval(found.first[key]):>24}{_interval(found.total[key]):>24}")
    rest = found.ranked[_SHOWN:]
    if rest:
        lines.append(f"  and {len(rest)} more, each with a total of at most {found.total[rest[0]].value:.2f}")
    return lines


def correlation_lines(found: Sequence[RankCorrelation]) -> list[str]:
    """Return a line per quantity: the keys that move it beyond chance, the strongest first."""
    if not found:
        return []
    lines = [f"rank correlations; chance reaches {max(item.noise for item in found):.2f}"]
    for item in found:
        strong = [key for key in item.ranked if abs(item.coefficients[key]) > item.noise][:_STRONGEST]
        told = ", ".join(f"{key} {item.coefficients[key]:+.2f}" for key in strong)
        lines.append(f"  {item.label:<32}{told or 'none beyond chance'}")
    return lines


def optimisation_lines(found: Optimisation) -> list[str]:
    """Return an optimum with what holds it, or the points of a front."""
    if found.problem:
        return [found.problem]
    objectives = ", ".join(f"{item.text} [{item.unit}]" for item in found.objectives)
    head = f"least {objectives}: {len(found.tried)} points, {found.failed} without result"
    if found.is_front:
        keys = "".join(f"{_last(key.text):>22}" for key in found.keys)
        rows = [
            "".join(f"{_shown(v, o.unit):>22}" for v, o in zip(solution.objectives, found.objectives, strict=True))
            + "".join(f"{_shown(v, key.unit):>22}" for v, key in zip(solution.keys, found.keys, strict=True))
            for solution in found.solutions
        ]
        return [
            head,
            "  " + "".join(f"{_last(item.text):>22}" for item in found.objectives) + keys,
            *("  " + r for r in rows),
        ]
    (best,) = found.solutions
    lines = [
        f"{head}; {found.converged} of {found.searches} searches converged",
        f"  {_shown(best.objectives[0], found.objectives[0].unit)} at",
    ]
    for slope in found.slopes:
        at = f", at its {slope.bound} bound" if slope.bound else ""
        lines.append(
            f"  {slope.key:<40}{_shown(slope.value, slope.unit):>16}{at}; {_effect(slope, best.objectives[0])}"
        )
    for limit in found.limits:
        state = f"active, one {limit.unit} more saves {limit.worth:.3g}" if limit.active else "not active"
        lines.append(f"  {limit.text:<40}{number(limit.margin):>12} {limit.unit} left; {state}")
    return lines


def _effect(slope: Slope, objective: float) -> str:
    """Return the relative change of the objective for one percent more of a key, or one kelvin."""
    step, words = (1.0, "1 K") if slope.unit == "K" else (0.01 * slope.value, "1 %")
    change = 100.0 * slope.objective * step / objective if objective else float("nan")
    if not isfinite(change):
        return "its effect is not known"
    return f"{words} more: {change:+.2g} %" if abs(change) >= _FLAT else "flat there"


def _interval(index: Index) -> str:
    return f"{index.value:.2f} ({index.low:.2f} to {index.high:.2f})"


def _shown(value: float, unit: str) -> str:
    shown = display_of(unit)
    return f"{number(shown(value))} {shown.unit}".rstrip()


def _last(text: str) -> str:
    return text if len(text) <= 20 else text.rsplit(".", 1)[-1][:20]
