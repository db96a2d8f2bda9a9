"""Distributions and designs: quantiles are those of the distribution, intervals cover what is known exactly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import model_functions
import numpy as np
import pytest
from model_functions import BASE, X, Y
from scipy import stats

from twin.errors import SpecError
from twin.study import batches
from twin.study.dataset import open_study
from twin.study.plan import Plan
from twin.study.planner import plan, read_study
from twin.study.run import run_study
from twin.study.sampling import design
from twin.study.uncertainty import bands

INLET = {"from": "10 degC", "to": "40 degC", "distribution": "normal", "mean": "20 degC"}
MAC = "inputs.chip.core.mac_energy"


def sampled(over: dict[str, Any], points: int = 400, method: str = "lhs", seed: int = 1) -> Plan:
    content = {"base": BASE, "steady": True, "sample": {"method": method, "points": points, "seed": seed, "over": over}}
    return plan(*read_study(content))


def column(found: Plan, key: str) -> np.ndarray:
    (dimension,) = found.dimensions
    return np.array(next(values.si for values in dimension.values if values.key.name == key))


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (["2 pJ", "5 pJ"], stats.uniform(2e-12, 3e-12)),
        ({"from": "1 pJ", "to": "9 pJ", "spacing": "log"}, stats.loguniform(1e-12, 9e-12)),
        (
            {"from": "2 pJ", "to": "5 pJ", "distribution": "triangular", "mode": "3 pJ"},
            stats.triang(1 / 3, 2e-12, 3e-12),
        ),
        (
            {"from": "2 pJ", "to": "5 pJ", "distribution": "normal", "mean": "3 pJ", "deviation": "0.8 pJ"},
            stats.truncnorm(-1.25, 2.5, 3e-12, 0.8e-12),
        ),
        ("range", stats.uniform(2.2e-12, 2.7e-12)),
        ({"distribution": "triangular"}, stats.triang(1.2 / 2.7, 2.2e-12, 2.7e-12)),
    ],
)
def test_values_have_the_distribution_that_was_asked_for(span: Any, expected: Any) -> None:
    values = column(sampled({MAC: span}), MAC)
    assert stats.kstest(values, expected.cdf).statistic < 1.0 / 400, "one value in each of 400 equal shares"


def test_bounds_of_the_library_a_decade_apart_are_spread_in_the_logarithm() -> None:
    key = "inputs.chip.seam.sheet_resistance"
    values = column(sampled({key: "range"}), key)
    assert stats.kstest(values, stats.loguniform(0.5e-3, 1.0).cdf).statistic < 1.0 / 400


def test_whole_numbers_get_equal_shares() -> None:
    key = "inputs.delivery.regulator.phases"
    values = column(sampled({key: "range"}, points=450), key)
    assert np.unique(values, return_counts=True)[1].tolist() == [50] * 9
    assert values.min() == 8
    assert values.max() == 16


def test_a_prefix_stands_for_the_uncertain_inputs_below_it() -> None:
    found = sampled({"inputs.chip.voltage": "range", "inputs.chip.voltage.nominal": ["0.78 V", "0.8 V"]})
    names = {values.key.name.removeprefix("inputs.chip.voltage.") for values in found.dimensions[0].values}
    guards = {"guard_band", "adaptive_guard_band"}
    assert names == {"nominal", "minimum", "maximum", "threshold", "exponent", *guards}
    assert column(found, "inputs.chip.voltage.nominal").min() >= 0.78
    assert "inputs.chip.voltage.threshold" in found.changes(0)
    whole = sampled({"inputs": "range"}, points=30)
    assert len(whole.dimensions[0].values) > 70


def test_of_two_prefixes_the_longer_one_counts() -> None:
    found = sampled({"inputs.chip": {"distribution": "triangular"}, "inputs": "range"})
    kinds = {name.startswith("inputs.chip."): variation.distribution for name, variation in found.over.items()}
    assert kinds == {True: "triangular", False: "uniform"}


def test_saltelli_design_mixes_one_column_at_a_time() -> None:
    shares = design("saltelli", 8, 3, 5).reshape(5, 8, 3)
    first, second = shares[:2]
    for key in range(3):
        assert (shares[2 + key][:, key] == second[:, key]).all()
        others = [other for other in range(3) if other != key]
        assert (shares[2 + key][:, others] == first[:, others]).all()


def test_band_covers_a_known_distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """3 x - 4 y of uniform x and y has the trapezoidal distribution between -4 and 3."""
    monkeypatch.setattr(batches, "compute", model_functions.weighted_sum)
    sample = {"method": "lhs", "points": 64, "seed": 3, "over": {X: [0, 1], Y: [0, 1]}}
    content = {"base": BASE, "steady": True, "sample": sample}
    run_study(content, tmp_path, workers=1, reuse=False)
    band = bands(open_study(tmp_path), {"peak_temperature_K": -0.5})["peak_temperature_K"]
    exact = stats.trapezoid(3 / 7, 4 / 7, -4, 7)
    for share, value in zip((0.05, 0.5, 0.95), (band.low, band.median, band.high), strict=True):
        deviation = np.sqrt(share * (1.0 - share) / 64)
        assert exact.ppf(share - 2 * deviation if share > 0.06 else 0.005) <= value
        assert value <= exact.ppf(share + 2 * deviation if share < 0.94 else 0.995)
    assert exact.cdf(band.high) - exact.cdf(band.low) == pytest.approx(0.9, abs=0.06)


def test_bands_of_many_hypercubes_hold_nine_tenths_of_the_distribution() -> None:
    exact = stats.trapezoid(3 / 7, 4 / 7, -4, 7)
    contents = []
    for seed in range(200):
        shares = design("lhs", 64, 2, seed)
        low, high = np.quantile(3 * shares[:, 0] - 4 * shares[:, 1], (0.05, 0.95), method="weibull")
        contents.append(exact.cdf(high) - exact.cdf(low))
    assert np.mean(contents) == pytest.approx(0.9, abs=0.01)
    assert np.std(contents) < 0.037, "a hypercube is not worse than independent points"


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"inputs.chip.core.clok": "range"}, "Did you mean 'inputs.chip.core.clock'?"),
        ({"inputs.chip.cores": "range"}, "the library has no `range` of it"),
        ({"inputs.chip.layers.silicon.material": "range"}, "is no number"),
        ({MAC: {"from": "2 pJ", "to": "5 pJ", "distribution": "triangular", "mode": "6 pJ"}}, "between the bounds"),
        ({MAC: {"from": "2 pJ", "to": "5 pJ", "distribution": "normal", "mean": "3 pJ"}}, "needs both `mean`"),
        ({MAC: {"from": "2 pJ"}}, "needs both `from` and `to`"),
        ({MAC: ["2 W", "5 pJ"]}, "wrong dimension"),
        ({MAC: ["0 pJ", "5 pJ"], "inputs.chip.voltage.nominal": ["0.2 V", "0.8 V"]}, "voltages must rise"),
        ({"cooling.inlet_temperature": {**INLET, "deviation": "5 degC"}}, "write the deviation as a difference"),
        ({"cooling.inlet_temperature": {**INLET, "deviation": "-5 K"}}, "above zero, got -5 K"),
        (
            {"cooling.inlet_temperature": {**INLET, "mean": "900 degC", "deviation": "5 K"}},
            "the mean must lie between the bounds, 10 degC and 40 degC, got 900 degC",
        ),
        ({MAC: ["5 pJ", "2 pJ"]}, "the upper bound must be above the lower one, got 5 pJ and 2 pJ"),
        ({MAC: ["2 pJ", "3 pJ", "4 pJ"]}, f"sample.over.{MAC}: must be [low, high], `range`, or a mapping"),
    ],
)
def test_refusals(over: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        sampled(over)
    assert message in str(caught.value)


def test_saltelli_needs_a_power_of_two() -> None:
    with pytest.raises(SpecError, match="power of two and at least 8, got 12"):
        sampled({MAC: "range"}, points=12, method="saltelli")


def test_saltelli_needs_the_rows_of_its_indices() -> None:
    with pytest.raises(SpecError, match="power of two and at least 8, got 4"):
        sampled({MAC: "range"}, points=4, method="saltelli")
    assert sampled({MAC: "range"}, points=8, method="saltelli").points == 24
