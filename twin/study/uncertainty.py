"""Uncertainty bands of a scenario's key figures: a Latin hypercube over the inputs that nobody published."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.engine.steady_point import steady_point
from twin.errors import OutputError, Problem, RunStopped, SpecError
from twin.inputs import inputs_of
from twin.results.kpis import KPIS, NUMERICAL
from twin.results.uncertainty import SHARES, Band, Uncertainty, VariedInput
from twin.spec.base import to_tree
from twin.spec.documents import yaml_text
from twin.spec.scenario import INPUTS, Scenario
from twin.study.dataset import STATUS, open_study
from twin.study.outcome import DONE
from twin.study.planner import plan, read_study
from twin.study.run import Report, run_study
from twin.study.sampling import Variation
from twin.study.sensitivity import RankCorrelation, rank_correlations

if TYPE_CHECKING:
    import xarray as xr

POINTS, SEED = 64, 1
_SCENARIO, _STUDY = "scenario.yaml", "ensemble"
_LEAST = 20
"""Points below which there is no 5 % quantile."""
_DRIVERS = 8


def uncertainty(
    scenario: Scenario,
    out: Path | str | None = None,
    *,
    points: int = POINTS,
    seed: int = SEED,
    workers: int | None = None,
    progress: Report | None = None,
    where: str = "scenario",
) -> Uncertainty:
    """Return the bands of all key figures of a scenario in its steady state.

    Every input of the library that is assumed or estimated, has a range and is not set by the scenario varies
    within it, uniformly as long as nothing but the bounds is known (JCGM 101:2008, 6.4.2), in the logarithm where
    they lie a decade or more apart.

    Parameters
    ----------
    scenario : Scenario
        What the bands are of.
    out : path, optional
        Folder that keeps the points; an ensemble that was interrupted in it is continued.
    points, seed : int
        Points of the Latin hypercube; at least 20.
    workers, progress
        As of `twin.study`.

    Raises
    ------
    RunStopped
        The scenario itself has no steady state, or too few points have one.
    SpecError
        No input of the scenario has a range, too few points are asked for, or the scenario is wrong.
    """
    if points < _LEAST:
        raise SpecError(where, [Problem("points", f"{points} are too few for a 5 % quantile; at least {_LEAST}")])
    if not any(given.uncertain for given in inputs_of(scenario, where).values()):
        raise SpecError(
            where, [Problem(INPUTS, "no input of this system is assumed and has a range: there is no band")]
        )
    scenario = scenario.replace({"thermal.model": "full"})  # a reduced model of every geometry would be used but once
    nominal = steady_point(scenario, where)
    if out is not None:
        return _ensemble(scenario, Path(out), nominal, points, seed, workers, progress)
    with tempfile.TemporaryDirectory(prefix="twin-uncertainty-") as folder:
        return _ensemble(scenario, Path(folder), nominal, points, seed, workers, progress)


def _ensemble(
    scenario: Scenario,
    folder: Path,
    nominal: dict[str, float | None],
    points: int,
    seed: int,
    workers: int | None,
    progress: Report | None,
) -> Uncertainty:
    content = _study(scenario, folder, points, seed)
    try:
        summary = run_study(content, folder / _STUDY, workers=workers, progress=progress)
    except RunStopped as stop:
        raise RunStopped(f"the uncertainty bands could not be computed: {stop}") from stop
    data = open_study(folder / _STUDY)
    over = plan(*read_study(content)).over
    found = bands(data, nominal)
    reasons = tuple(dict.fromkeys(error for _, error in summary.errors))
    status = {key: given.origin.status for key, given in inputs_of(scenario).items() if given.origin}
    correlations = rank_correlations(data)
    return Uncertainty(
        method="Latin hypercube",
        points=points,
        done=int((data[STATUS] == DONE).sum()),
        seed=seed,
        noise=max((item.noise for item in correlations), default=1.0),
        inputs=tuple(_varied(key, variation, status[key]) for key, variation in over.items()),
        bands=with_drivers(found, correlations),
        reasons=reasons,
    )


def bands(data: xr.Dataset, nominal: dict[str, float | None]) -> dict[str, Band]:
    """Return the band of every key figure that the nominal point has, from the points of a study that are done.

    The quantile of share p is value number p (n + 1) of n in their order (Weibull): between those of 5 and 95 % lie
    nine tenths of the distribution in the mean over ensembles, fewer by other rules.

    Raises
    ------
    RunStopped
        Fewer points are done than a 5 % quantile needs.
    """
    done = np.asarray(data[STATUS].values == DONE)
    if done.sum() < _LEAST:
        raise RunStopped(
            f"only {done.sum()} of {done.size} points of the ensemble have a steady state, a band needs {_LEAST}. "
            "Remedy: a scenario further from its limits, or a study with `record` and its page of failures"
        )
    found = {}
    for name, value in nominal.items():
        if value is None or name not in KPIS or name in NUMERICAL:
            continue
        known = np.asarray(data[name].values, dtype=float)[done]
        known = known[np.isfinite(known)]
        if known.size >= _LEAST:
            low, median, high = (float(quantile) for quantile in np.quantile(known, SHARES, method="weibull"))
            found[name] = Band(value, low, median, high)
    return found


def with_drivers(found: dict[str, Band], correlations: list[RankCorrelation]) -> dict[str, Band]:
    """Return bands with the inputs that move them most, those beyond chance only."""
    by_name = {item.quantity: item for item in correlations}
    complete: dict[str, Band] = {}
    for name, band in found.items():
        item = by_name.get(name)
        strongest = [] if item is None else item.ranked[:_DRIVERS]
        drivers = tuple((k, item.coefficients[k]) for k in strongest if item and abs(item.coefficients[k]) > item.noise)
        complete[name] = replace(band, drivers=drivers)
    return complete


def _study(scenario: Scenario, folder: Path, points: int, seed: int) -> dict[str, Any]:
    """Write the scenario beside the ensemble and return the study of it."""
    base = folder.resolve() / _SCENARIO
    try:
        folder.mkdir(parents=True, exist_ok=True)
        base.write_text(yaml_text({"kind": "scenario", **to_tree(scenario)}), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{base}: cannot be written ({error.strerror})") from error
    sample = {"method": "lhs", "points": points, "seed": seed, "over": {INPUTS: "range"}}
    return {"kind": "study", "base": str(base), "steady": True, "sample": sample}


def _varied(key: str, variation: Variation, status: str) -> VariedInput:
    return VariedInput(key, variation.key.unit or "1", variation.low, variation.high, variation.logarithmic, status)
