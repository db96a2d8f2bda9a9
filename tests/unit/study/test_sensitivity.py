"""Sobol indices by the code path of real studies, with the model exchanged for functions of known indices."""

from __future__ import annotations

import re
from math import pi
from pathlib import Path
from typing import Any

import model_functions
import numpy as np
import pytest
from model_functions import BASE, UNIT_KEYS, X, Y
from scipy import stats

from twin.errors import OutputError
from twin.report.study import render
from twin.study import batches
from twin.study.dataset import open_study
from twin.study.findings import findings
from twin.study.run import run_study
from twin.study.sampling import design
from twin.study.sensitivity import rank_correlations, sensitivities, sobol_indices

SALTELLI: dict[str, Any] = {
    "base": BASE,
    "steady": True,
    "sample": {"method": "saltelli", "points": 1024, "seed": 4, "over": {key: [0, 1] for key in UNIT_KEYS}},
    "record": ["peak_temperature_K", "wafer_power_W"],
}


def ishigami_indices() -> tuple[list[float], list[float]]:
    """Exact indices for a = 7, b = 0.1. Source: Ishigami & Homma, ISUMA 1990; Saltelli et al. 2008, ch. 4."""
    a, b = 7.0, 0.1
    alone = 0.5 * (1.0 + b * pi**4 / 5.0) ** 2, a**2 / 8.0, 0.0
    together = 8.0 * b**2 * pi**8 / 225.0
    variance = sum(alone) + together
    return [v / variance for v in alone], [
        (v + t) / variance for v, t in zip(alone, (together, 0, together), strict=True)
    ]


def run(folder: Path, content: dict[str, Any], model: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run a study with another model in the workers; nothing is shared with studies of the twin."""
    monkeypatch.setattr(batches, "compute", model)
    run_study(content, folder, workers=1, reuse=False)
    return folder


def test_indices_of_the_ishigami_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = run(tmp_path, SALTELLI, model_functions.ishigami, monkeypatch)
    (found,) = sensitivities(open_study(folder))  # the constant power has none
    assert found.quantity == "peak_temperature_K"
    assert found.rows == found.planned == 1024
    for exact, indices in zip(ishigami_indices(), (found.first, found.total), strict=True):
        for key, value in zip(UNIT_KEYS, exact, strict=True):
            index = indices[key]
            assert index.low <= value <= index.high, (key, value, index)
            assert index.high - index.low < 0.2
    assert found.ranked[0] == UNIT_KEYS[0]
    shown = f"{found.total[UNIT_KEYS[0]].value:.2f}"
    assert any(shown in line for line in findings(folder).lines)
    assert findings(folder).to_json()["sensitivity"]["peak_temperature_K"]["rows"] == 1024


def test_rows_with_a_failed_point_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = run(tmp_path, SALTELLI, model_functions.ishigami_with_gaps, monkeypatch)
    (found,) = sensitivities(open_study(folder))
    assert 900 < found.rows < 1024
    for exact, indices in zip(ishigami_indices(), (found.first, found.total), strict=True):
        for key, value in zip(UNIT_KEYS, exact, strict=True):
            assert indices[key].low <= value <= indices[key].high
    assert any(f"{1024 - found.rows} left out" in line for line in findings(folder).lines)


def test_a_quantity_that_some_points_lack_keeps_none_from_its_indices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = {
        **SALTELLI,
        "sample": {**SALTELLI["sample"], "points": 16},
        "record": [*SALTELLI["record"], "time_to_throttle_s"],
    }
    folder = run(tmp_path, content, model_functions.ishigami_sometimes_throttled, monkeypatch)
    assert [found.quantity for found in sensitivities(open_study(folder))] == ["peak_temperature_K"]


def test_replicas_count_by_their_mean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = {**SALTELLI, "sample": {**SALTELLI["sample"], "points": 16}}
    once = run(tmp_path / "once", content, model_functions.ishigami, monkeypatch)
    twice = run(tmp_path / "twice", {**content, "replicas": 2}, model_functions.ishigami, monkeypatch)
    assert open_study(twice).sizes["replica"] == 2
    assert sensitivities(open_study(twice)) == sensitivities(open_study(once))
    assert rank_correlations(open_study(twice)) == rank_correlations(open_study(once))


def test_design_of_few_rows_says_how_many_are_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = {**SALTELLI, "sample": {**SALTELLI["sample"], "points": 8}}
    folder = run(tmp_path, content, model_functions.ishigami_in_part, monkeypatch)
    (line,) = findings(folder).lines
    assert re.fullmatch("no Sobol indices: [1-7] of 8 rows of the design have all their values; 8 are needed", line)


def test_whole_key_that_is_the_same_in_both_halves_of_a_design(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    over = {"workload.streams": [1, 2], X: [0, 1], Y: [0, 1]}
    sample = {"method": "saltelli", "points": 8, "seed": 32, "over": over}
    content = {**SALTELLI, "sample": sample, "record": ["facility_energy_per_token_J"]}
    data = open_study(run(tmp_path, content, model_functions.two_valleys, monkeypatch))
    streams = data["workload.streams"].values.reshape(5, 8)
    assert (streams == streams[0]).all(), "with this seed no block differs from A in this key"
    (found,) = sensitivities(data)
    assert found.total["workload.streams"].value == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(("keys", "points"), [(3, 64), (15, 64), (30, 128)])
def test_total_indices_of_a_sum_of_many_keys(keys: int, points: int) -> None:
    """Each is its key's share of the variance; the pairs of like columns in a short sequence do not meet."""
    weights = np.linspace(1.0, 3.0, keys)
    for seed in range(5):
        values = (design("saltelli", points, keys, seed) @ weights).reshape(keys + 2, points)
        total = sobol_indices(values[0], values[1], values[2:])[1]
        assert total / total.sum() == pytest.approx(weights**2 / (weights**2).sum(), rel=0.03)
        assert total.sum() == pytest.approx(1.0, abs=0.25)


def test_indices_are_those_of_scipy() -> None:
    rng = np.random.default_rng(3)
    first, second, mixed = rng.normal(size=256), rng.normal(size=256), rng.normal(size=(5, 256))
    expected = stats.sobol_indices(func={"f_A": first[None], "f_B": second[None], "f_AB": mixed[:, None]}, n=256)
    found = sobol_indices(first, second, mixed)
    np.testing.assert_allclose(found[0], expected.first_order.ravel(), rtol=1e-12)
    np.testing.assert_allclose(found[1], expected.total_order.ravel(), rtol=1e-12)
    assert np.isnan(sobol_indices(np.ones(8), np.ones(8), np.ones((2, 8)))).all()


def test_rank_correlations_of_a_weighted_sum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = {**SALTELLI, "sample": {"method": "lhs", "points": 400, "seed": 2, "over": {X: [0, 1], Y: [0, 1]}}}
    data = open_study(run(tmp_path, content, model_functions.weighted_sum, monkeypatch))
    (found,) = rank_correlations(data)
    told = findings(tmp_path)
    assert told.correlations == [found]
    assert told.lines[1].split()[-4:] == [Y, f"{found.coefficients[Y]:+.2f},", X, f"{found.coefficients[X]:+.2f}"]
    assert told.to_json() == {}
    assert 'id="tornado-peak_temperature_K"' in render(tmp_path)
    assert found.ranked == [Y, X]
    assert found.coefficients[Y] == pytest.approx(-0.8, abs=0.08)
    assert found.coefficients[X] == pytest.approx(0.6, abs=0.08)
    assert found.noise == pytest.approx(2.2414 / np.sqrt(399), rel=1e-3), "two keys share one in twenty"
    with pytest.raises(OutputError, match="method: saltelli"):
        sensitivities(data)
