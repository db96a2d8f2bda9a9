"""Events per tile: conservation, and the energy per token that they imply."""

from __future__ import annotations

import numpy as np
import pytest

from twin import library
from twin.workload.activity import (
    busy_share,
    idle_activity,
    model_events,
    serving_activity,
    tile_cores,
    utilisation,
    virus_activity,
)
from twin.workload.operators import token_macs
from twin.workload.pipeline import nominal_clocks, pipeline, region_clocks
from twin.workload.placement import cache_capacity, place
from twin.workload.steady import one_second, steady_pipeline


@pytest.fixture(scope="module")
def parts():
    system = library.load("system", "cs3")
    chip, model = library.load("chip", system.chip), library.load("model", "llama-3.1-8b")
    placement = place(model, chip, 1, system.software)
    return model, chip, system, placement


def _activity(parts, interval):
    model, chip, system, placement = parts
    return serving_activity(interval, model_events(model, chip, system.software, placement), placement.shares(48, 28))


def test_macs_of_the_tiles_are_those_of_the_tokens(parts) -> None:
    model, *_ = parts
    interval = one_second(100.0, 50.0, 800, 1000.0, 4, 100.0, 0.5)
    activity = _activity(parts, interval)
    head = model.hidden_size * model.vocab_size
    expected = 100 * token_macs(model, 1000) + 50 * (token_macs(model, 400) - head)
    assert activity.mac.shape == (1, 48, 28)
    assert activity.mac.sum() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("streams", "joule"), [(1, 5.0), (16, 0.36), (64, 0.18)])
def test_energy_per_token_at_the_wall(parts, streams: int, joule: float) -> None:
    """Middle constants: 6 kW static, 2.5 kW cooling, 7 % supply loss, 2k context, decoding only."""
    model, chip, system, placement = parts
    clocks = region_clocks(nominal_clocks(chip, 1), placement.touches(chip.dies))
    rates = pipeline(model, chip, system, placement, clocks).rates(streams, 2048, 0)
    tokens = streams * rates.decode
    activity = _activity(parts, one_second(tokens, 0.0, 1, 2048.0, streams, rates.passes, rates.busy_decode))
    core = chip.core
    dynamic = (
        activity.mac.sum() * core.mac_energy
        + activity.issue.sum() * core.issue_energy
        + activity.hop.sum() * core.hop_energy
    )
    wall = 1.07 * (6000 + dynamic) + 2500
    assert wall / tokens == pytest.approx(joule, rel=0.02)


def test_no_tile_exceeds_what_its_cores_can_do(parts) -> None:
    model, chip, system, placement = parts
    clocks = region_clocks(nominal_clocks(chip, 1), placement.touches(chip.dies))
    pipe = pipeline(model, chip, system, placement, clocks)
    full = steady_pipeline(pipe, 100, 1000, 200, cache_capacity(model, chip, 1, "fp16"))
    assert full.interval.busy_decode + full.interval.busy_prefill == pytest.approx(1.0)
    activity = _activity(parts, full.interval)
    cores = tile_cores(chip, 1, 48, 28)
    assert (activity.mac <= cores * chip.core.clock * chip.core.simd_width).all()
    assert 0.5 < busy_share(activity, cores, np.full_like(cores, chip.core.clock)).max() <= 1.0
    assert 0.0 < utilisation(activity, chip, cores, chip.core.clock) < 0.3


def test_virus_and_idle(parts) -> None:
    _, chip, *_ = parts
    cores = tile_cores(chip, 2, 24, 14)
    assert cores.sum() == pytest.approx(2 * chip.cores)
    virus = virus_activity(chip, cores, np.full_like(cores, chip.core.clock), 0.6)
    assert utilisation(virus, chip, cores, chip.core.clock) == pytest.approx(0.6)
    assert virus.hop.sum() == pytest.approx(0.6 * 2 * chip.cores * chip.core.clock)
    assert not idle_activity(cores).mac.any()


def test_steady_service_is_bound_by_latency_pipeline_or_cache(parts) -> None:
    model, chip, system, placement = parts
    clocks = region_clocks(nominal_clocks(chip, 1), placement.touches(chip.dies))
    pipe = pipeline(model, chip, system, placement, clocks)
    capacity = cache_capacity(model, chip, 1, "fp16")
    one, some, many = (steady_pipeline(pipe, streams, 1000, 200, capacity) for streams in (1, 50, 5000))
    assert [one.limiter, some.limiter, many.limiter] == ["latency", "pipeline", "capacity"]
    assert steady_pipeline(pipe, 1, 1024, 256, capacity).limiter == "latency"
    assert many.streams == capacity // 1200
    assert some.tokens_per_second == pytest.approx(many.tokens_per_second)
    assert sum(one.breakdown.values()) == pytest.approx(one.inter_token_latency)
    assert some.tokens_per_second_per_user < one.tokens_per_second_per_user
