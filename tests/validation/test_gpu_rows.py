"""The GPU model against measured rows that its fit has not seen."""

from __future__ import annotations

import numpy as np
import pytest

from twin import library
from twin.cluster.fit import (
    Bench,
    fit_power,
    fit_timing,
    read_rows,
    relative_errors,
    with_power,
    with_timing,
)
from twin.cluster.fleet import fleet_power

MODELS = ("llama-3.1-8b", "llama-3.1-70b", "llama-3.1-405b")


@pytest.fixture(scope="module")
def rows():
    return read_rows(library.packaged("references") / "mlenergy-llama31-v3.csv")


@pytest.fixture(scope="module")
def stored() -> Bench:
    models = {name: library.load("model", name) for name in MODELS}
    gpus = {"H100": library.load("gpu", "h100"), "B200": library.load("gpu", "b200")}
    return Bench(models, gpus, library.load("system", "dgx-h100").software)


@pytest.fixture(scope="module")
def fitted(rows, stored):
    seen = [row for row in rows if not row.held_out]
    timing = fit_timing(stored, seen)
    bench = with_timing(stored, timing)
    power = fit_power(bench, seen, timing["prompt_tokens"])
    return with_power(bench, power), timing, power


def test_left_out_rows(rows) -> None:
    assert len(rows) == 44
    assert max(row.batch for row in rows if row.gpu == "B200" and row.model == "llama-3.1-8b") < 65
    assert sum(row.held_out for row in rows) == 21


def test_held_out_rows(rows, stored, fitted) -> None:
    """Medians on unseen rows; the constants are those stored in the library."""
    _, timing, _ = fitted
    unseen = [row for row in rows if row.held_out]
    rates, powers = relative_errors(stored, unseen, timing["prompt_tokens"])
    assert np.median(np.abs(rates)) < 0.05
    assert np.median(np.abs(powers)) < 0.05
    assert np.median(np.abs((1 + powers) / (1 + rates) - 1)) < 0.05
    # worst are 8B rows on B200 at batch 32 and 64, where the host begins to bind
    assert np.abs(rates).max() < 0.35


def test_stored_constants_are_those_of_the_fit(stored, fitted) -> None:
    refitted, _, _ = fitted
    for name, gpu in stored.gpus.items():
        again = refitted.gpus[name]
        for key in ("memory_efficiency", "compute_efficiency"):
            assert getattr(gpu, key) == pytest.approx(getattr(again, key), rel=5e-3)
        for key in ("idle", "byte_energy", "operation_energy", "sequence_energy"):
            assert getattr(gpu.power, key) == pytest.approx(getattr(again.power, key), rel=5e-3)
    for key in ("step_time", "layer_time", "sequence_time", "mixed_layer_time", "all_reduce_latency"):
        assert getattr(stored.software, key) == pytest.approx(getattr(refitted.software, key), rel=5e-3)


def test_every_constant_is_plausible(fitted) -> None:
    _, timing, power = fitted
    assert all(0.4 < value < 1.0 for key, value in timing.items() if key.endswith("efficiency"))
    assert 100 < timing["prompt_tokens"] < 300
    assert all(50 < value < 250 for key, value in power.items() if key.endswith("idle"))


def test_node_with_capped_gpus_draws_what_was_metered() -> None:
    """MLPerf Power v4.1, H200 x8 MaxQ: GPUs capped at 500 W; 6.16 to 6.20 kW at the wall, 2.71 kW idle."""
    system, gpu = library.load("system", "dgx-h200"), library.load("gpu", "h200")
    assert fleet_power(system, gpu, 1, 8 * 500.0).wall == pytest.approx(6180, rel=0.02)
    assert fleet_power(system, gpu, 1, 8 * gpu.power.idle).wall == pytest.approx(2710, rel=0.04)
