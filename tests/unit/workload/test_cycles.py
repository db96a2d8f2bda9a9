"""Cycles of operators and the pipeline they make."""

from __future__ import annotations

import numpy as np
import pytest

from twin import library
from twin.workload.cycles import allreduce_cycles, gemv_cycles, layer_cycles, layer_line, prefill_line
from twin.workload.pipeline import nominal_clocks, pipeline, region_clocks
from twin.workload.placement import place


@pytest.fixture(scope="module")
def parts():
    system = library.load("system", "cs3")
    chip, model = library.load("chip", system.chip), library.load("model", "llama-3.1-8b")
    return model, chip, system, place(model, chip, 1, system.software)


def _pipe(parts, clock):
    model, chip, system, placement = parts
    return pipeline(model, chip, system, placement, region_clocks(clock, placement.touches(chip.dies)))


def test_allreduce_by_hand() -> None:
    # 100 cores in 10 groups of 10: alpha (5 + 100) + kappa (5 + 5 + 1)
    assert allreduce_cycles(100, 1.0, 20.0) == 105 + 220
    assert allreduce_cycles(100, 1.5, 0.0) == 157.5


def test_gemv_by_hand() -> None:
    assert gemv_cycles(28, 16, 24.0, 8) == 24 * 28 + 28 * 16 / 8


def test_an_allreduce_grows_with_the_line_beyond_its_square_root() -> None:
    lengths = np.array([10_000, 40_000])
    cycles = [allreduce_cycles(length, 1.0, 1e-9) for length in lengths]
    assert np.log2(cycles[1] / cycles[0]) / 2 == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("line", [layer_line, prefill_line])
def test_lines_meet_the_rounded_cycles_at_whole_tokens_per_core(parts, line) -> None:
    model, chip, system, placement = parts
    software = system.software
    edge, width = placement.layer_edge, chip.core.simd_width
    whole = line(model, edge, width, software)
    if line is layer_line:
        exact = layer_cycles(model, edge, 27 * edge, width, software)
        assert whole(27 * edge) == pytest.approx(exact, rel=1e-12)
        between = layer_cycles(model, edge, 27 * edge + 1, width, software)
        assert whole(27 * edge + 1) < between
    assert whole.slope > 0 < whole.constant


def test_launch_figures_of_the_vendor(parts) -> None:
    """1,800 tokens/s of Llama 3.1 8B fixes the I/O latency; 450 of 70B on four systems is then predicted."""
    _, chip, _, _ = parts
    assert 1 / _pipe(parts, nominal_clocks(chip, 1)).token_time(2048).total == pytest.approx(1800, rel=0.02)
    system = library.load("system", "cs3-x4")
    model = library.load("model", "llama-3.1-70b")
    placement = place(model, chip, 4, system.software)
    clocks = region_clocks(nominal_clocks(chip, 4), placement.touches(chip.dies))
    large = pipeline(model, chip, system, placement, clocks)
    assert 1 / large.token_time(2048).total == pytest.approx(450, rel=0.18)


def test_knee_of_the_pipeline(parts) -> None:
    _, chip, _, _ = parts
    pipe = _pipe(parts, nominal_clocks(chip, 1))
    knee = pipe.token_time(2048).total / pipe.stage_time(2048)
    assert knee == pytest.approx(38, abs=1.5)
    below, above = pipe.rates(30, 2048, 0), pipe.rates(200, 2048, 0)
    assert below.decode == pytest.approx(1 / pipe.token_time(2048).total)
    assert 200 * above.decode == pytest.approx(1 / pipe.stage_time(2048))
    assert above.busy_decode == pytest.approx(1.0)


def test_prompts_and_streams_share_the_pipeline(parts) -> None:
    _, chip, system, _ = parts
    pipe = _pipe(parts, nominal_clocks(chip, 1))
    alone, few, many = (pipe.rates(streams, 1000, 1000) for streams in (0, 5, 500))
    assert alone.prefill > few.prefill > many.prefill
    assert few.decode == pytest.approx(pipe.rates(5, 1000, 0).decode)
    assert many.busy_prefill == pytest.approx(system.software.prefill_share)
    for rates in (few, many):
        assert rates.busy_decode + rates.busy_prefill == pytest.approx(1.0)


def test_one_throttled_die_slows_what_touches_it(parts) -> None:
    _, chip, _, placement = parts
    clock = nominal_clocks(chip, 1)
    fast = _pipe(parts, clock)
    clock[0, 0, 0] *= 0.5
    slow = _pipe(parts, clock)
    touching = placement.touches(chip.dies)[:-1, 0, 0, 0].sum()
    assert 0 < touching < 32
    grown = slow.decode_layers(1000) / fast.decode_layers(1000)
    assert grown == pytest.approx(1 + touching / 32)
    assert slow.stage_time(1000) == pytest.approx(2 * fast.stage_time(1000))


def test_a_stopped_clock_stops_service(parts) -> None:
    _, chip, _, _ = parts
    clock = nominal_clocks(chip, 1)
    clock[0, 3, 3] = 0.0
    assert _pipe(parts, clock).rates(10, 1000, 100) == (0.0, 0.0, 0.0, 0.0, 0.0)


def test_layers_that_share_a_square_hold_it_in_turn(parts) -> None:
    model, chip, system, _ = parts
    software = system.software
    placement = place(model, chip, 1, software, region=300)
    clocks = region_clocks(nominal_clocks(chip, 1), placement.touches(chip.dies))
    pipe = pipeline(model, chip, system, placement, clocks)
    one_layer = layer_cycles(model, 300, 300, chip.core.simd_width, software) / chip.core.clock
    most = max(placement.slots.count(slot) for slot in placement.slots)
    assert most == 4
    assert pipe.stage_time(300) >= most * one_layer * (1 - 1e-12)
