"""GPU groups: step time, executor, power."""

from __future__ import annotations

import numpy as np
import pytest

from twin import library
from twin.cluster.group import GpuGroup, group
from twin.cluster.power import gpu_power, node_power, smooth_minimum
from twin.cluster.steady import steady_group
from twin.cluster.step_time import Batch, all_reduce_time, footprint, steady_batch
from twin.errors import SpecError
from twin.workload.intervals import merge_steps
from twin.workload.operators import parameters
from twin.workload.serving import Queue, Requests, is_drained, step
from twin.workload.steady import one_second


def _group(model: str = "llama-3.1-8b", system: str = "dgx-h100", gpus: int = 1, fmt: str = "fp16") -> GpuGroup:
    spec = library.load("system", system)
    return group(library.load("model", model), library.load("gpu", spec.gpu), spec.software, gpus, fmt)


@pytest.mark.parametrize("gpus", [1, 4])
def test_executor_takes_the_time_of_its_step(gpus: int) -> None:
    built = _group(gpus=gpus)
    exact = built.step(Batch(20, 0, 1500, 0)).total
    assert built.rates(20, 1500, 0).decode == pytest.approx(1 / exact, rel=1e-9)
    mixed = built.step(Batch(20, 700, 1500, 1)).total
    rates = built.rates(20, 1500, 700)
    assert rates.decode == pytest.approx(1 / mixed, rel=1e-9)
    assert rates.prefill == pytest.approx(700 / mixed, rel=1e-9)
    assert rates.busy_decode + rates.busy_prefill == pytest.approx(1.0)


def test_long_prompts_come_in_chunks() -> None:
    built = _group()
    most = built.software.batched_tokens
    time = built.step(Batch(100, most - 100, 1000, 1)).total
    assert built.rates(100, 1000, 10 * most).prefill == pytest.approx((most - 100) / time)


def test_all_reduce() -> None:
    assert all_reduce_time(32, 4096, 10, 1, 1e-5, 1e11) == 0.0
    expected = 2 * 32 * (1e-5 + 10 * 4096 * 2 * 2 * 3 / 4 / 1e11)
    assert all_reduce_time(32, 4096, 10, 4, 1e-5, 1e11) == pytest.approx(expected)


def test_eight_bit_quantises_feed_forwards_only() -> None:
    model = library.load("model", "llama-3.1-70b")
    half, full = footprint(model, "fp8"), footprint(model, "fp16")
    assert full.stored_bytes == 2 * parameters(model)
    assert 0.55 < half.stored_bytes / full.stored_bytes < 0.65
    assert half.operations_16 + half.operations_8 == pytest.approx(full.operations_16)
    assert half.cache_bytes == full.cache_bytes


def test_what_does_not_fit_says_how_many_would() -> None:
    with pytest.raises(SpecError, match=r"gpus.*at least 2"):
        _group("llama-3.1-70b")
    with pytest.raises(SpecError, match="no fp8"):
        _group(system="dgx-a100", fmt="fp8")
    assert _group("llama-3.1-70b", gpus=2).cache_tokens > 0


def test_smooth_minimum() -> None:
    assert smooth_minimum(100.0, 700.0, 10) == pytest.approx(100.0, rel=1e-6)
    assert smooth_minimum(5000.0, 700.0, 10) == pytest.approx(700.0, rel=1e-6)
    values = [smooth_minimum(x, 700.0, 10) for x in np.linspace(1, 2000, 50)]
    assert (np.diff(values) > 0).all()


def test_power_terms_add_below_the_limit() -> None:
    power = library.load("gpu", "h100").power
    idle = gpu_power(power, 0.0, 0.0, 0.0)
    assert idle == pytest.approx(power.idle, rel=1e-6)
    small = gpu_power(power, 1e11, 1e13, 100.0)
    terms = 1e11 * power.byte_energy + 1e13 * power.operation_energy + 100 * power.sequence_energy
    assert small - idle == pytest.approx(terms, rel=1e-3)
    assert gpu_power(power, 1e15, 1e18, 0.0) <= power.limit
    assert node_power(5600.0, 1500.0, 400.0, 0.94) == pytest.approx(7500 / 0.94)


def test_power_follows_the_power_limit() -> None:
    built = _group()
    capped = built.gpu.model_copy(update={"power": built.gpu.power.model_copy(update={"limit": 400.0})})
    low = group(built.model, capped, built.software, 1, "fp16")
    busy = one_second(9000.0, 4000.0, 200, 400.0, 500, 18.0, 1.0)
    assert low.power(busy) < 400.0 < built.power(busy)


def test_simulated_service_draws_the_power_of_steady_service() -> None:
    """64 streams served by the simulation against the closed form of steady continuous batching."""
    built, prompt, generated, count = _group(), 200, 400, 64
    steady = steady_group(built, count, prompt, generated)
    many = 40 * count
    arrival = np.linspace(0.0, 1.0, many)
    requests = Requests(arrival, np.full(many, prompt), np.full(many, generated))
    queue, parts = Queue(), []
    while not is_drained(queue, requests):
        queue, interval = step(queue, 1.0, requests, built, built.limits(count))
        parts.append(interval)
    middle = merge_steps(parts[len(parts) // 4 : -len(parts) // 4])
    rate = middle.output_tokens / middle.duration
    assert rate == pytest.approx(steady.tokens_per_second, rel=0.1)
    assert built.power(middle) == pytest.approx(built.power(steady.interval), rel=0.05)


def test_steady_batch_spreads_the_prompt() -> None:
    batch = steady_batch(8, 200, 400)
    assert (batch.tokens, batch.context) == (12, 400)
    assert batch.mixed == pytest.approx(1 - np.exp(-8 / 400))


def test_steady_breakdown_and_capacity() -> None:
    built = _group()
    few, many = steady_group(built, 8, 1000, 200), steady_group(built, 100_000, 1000, 200)
    assert sum(few.breakdown.values()) == pytest.approx(few.inter_token_latency)
    assert few.limiter == "memory"
    assert many.limiter == "capacity"
    assert many.streams == built.cache_tokens // 1200
