"""Requests on a wafer: tokens, queues, clocks and joules."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from coarse_runs import SERVING, run, total, values

BUSY = {"workload__duration": "6 s"}


@pytest.fixture(scope="module")
def drained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A trace of 30 requests in 3 s, of which the last 5 s are quiet; and its tokens."""
    path = tmp_path_factory.mktemp("traces") / "drained.csv"
    lines = [f"{0.1 * number:.1f},{200 + 17 * number},{20 + number}" for number in range(30)]
    path.write_text("TIMESTAMP,ContextTokens,GeneratedTokens\n" + "\n".join(lines) + "\n")
    return path, sum(20 + number for number in range(30))


@pytest.mark.parametrize("policy", ["none", "adaptive_voltage,frequency_governor,thermal_governor"])
def test_tokens_out_are_tokens_requested_when_the_queue_drains(drained: tuple[Path, int], policy: str) -> None:
    path, tokens = drained
    changes = {"workload__rate_scale": 1, "workload__duration": "8 s", "control__policy": policy}
    results = run(SERVING, **changes, workload__trace=str(path))
    assert total(results, "tokens").sum() == pytest.approx(tokens, rel=1e-9)
    assert total(results, "prompt_tokens").sum() == pytest.approx(sum(200 + 17 * n for n in range(30)), rel=1e-9)
    assert total(results, "queue_length")[-1] == 0
    assert total(results, "tokens")[-1] == 0
    assert results.requests is not None
    assert np.isfinite(results.requests["time_to_first_token"].values).sum() == 30


def test_tokens_do_not_depend_on_the_control_step(drained: tuple[Path, int]) -> None:
    path, tokens = drained
    changes = {"workload__rate_scale": 1, "workload__duration": "8 s", "control__policy": "none"}
    results = run(SERVING, **changes, workload__trace=str(path), control__step="0.25 s")
    assert total(results, "tokens").sum() == pytest.approx(tokens, rel=1e-9)


def test_throttling_lengthens_the_queue(busy_trace: str) -> None:
    """Coolant so warm that the governor throttles: the same requests wait longer for the first token."""
    load = {"workload__duration": "4 s", "workload__rate_scale": 1, "workload__trace": busy_trace}
    cool = run(SERVING, **load, control__policy="thermal_governor")
    hot = run(
        SERVING,
        **load,
        control__policy="thermal_governor",
        cooling__inlet_temperature="78 degC",
        control__substep="20 ms",
    )
    assert values(hot, "die_frequency").min() < 0.8 * values(cool, "die_frequency").min()
    assert total(hot, "queue_length").max() > total(cool, "queue_length").max() + 1
    assert hot.kpis["time_to_first_token_p99_s"] > 1.2 * cool.kpis["time_to_first_token_p99_s"]
    assert total(hot, "tokens").sum() < total(cool, "tokens").sum()


def test_adaptive_voltage_lowers_energy_per_token_at_equal_throughput(busy_trace: str) -> None:
    load = {**BUSY, "workload__trace": busy_trace}
    fixed, adaptive = (run(SERVING, **load, control__policy=policy) for policy in ("none", "adaptive_voltage"))
    assert adaptive.kpis["tokens_per_second"] == pytest.approx(fixed.kpis["tokens_per_second"], rel=1e-6)
    assert adaptive.kpis["energy_per_token_J"] < 0.985 * fixed.kpis["energy_per_token_J"]
    assert adaptive.kpis["wall_energy_per_token_J"] < fixed.kpis["wall_energy_per_token_J"]
    assert adaptive.kpis["min_voltage_V"] < fixed.kpis["min_voltage_V"]


def test_the_frequency_governor_saves_energy_and_keeps_the_service_level() -> None:
    calm = {"workload__duration": "8 s", "workload__rate_scale": 1}
    off, on = (
        run(SERVING, **calm, control__policy=policy)
        for policy in ("adaptive_voltage", "adaptive_voltage,frequency_governor")
    )
    assert total(on, "tokens").sum() == pytest.approx(total(off, "tokens").sum(), rel=0.02)
    assert on.kpis["energy_per_token_J"] < 0.97 * off.kpis["energy_per_token_J"]
    assert values(on, "die_frequency").min() < values(off, "die_frequency").min()
    assert on.kpis["time_to_first_token_p99_s"] <= 2.0
    assert on.kpis["tokens_per_second_per_user"] >= 50


def test_more_requests_cost_less_energy_each(busy_trace: str) -> None:
    runs = [run(SERVING, **BUSY, workload__trace=busy_trace, workload__rate_scale=scale) for scale in (0.1, 0.3, 1)]
    energy = [results.kpis["energy_per_token_J"] for results in runs]
    assert energy == sorted(energy, reverse=True)
    assert len(set(energy)) == 3


def test_the_same_seed_gives_the_same_run_and_another_one_another(busy_trace: str) -> None:
    load = {**BUSY, "workload__trace": busy_trace}
    results = {seed: run(SERVING, **load, workload__rate_scale=0.5, workload__seed=seed) for seed in (1, 2)}
    again = run(SERVING, **load, workload__rate_scale="0.5", workload__seed=1)
    np.testing.assert_array_equal(values(results[1], "tokens"), values(again, "tokens"))
    assert np.any(values(results[1], "tokens") != values(results[2], "tokens"))


def test_a_limit_of_streams_makes_requests_wait(busy_trace: str) -> None:
    load = {**BUSY, "workload__trace": busy_trace, "workload__rate_scale": 1}
    free, narrow = run(SERVING, **load), run(SERVING, **load, workload__streams=2)
    assert narrow.data["active_streams"].values.max() <= 2 + 1e-9
    assert narrow.kpis["time_to_first_token_s"] > free.kpis["time_to_first_token_s"]
    assert total(narrow, "queue_length")[-1] > total(free, "queue_length")[-1]
