"""The bounds of the reduced model's error: found on solves of both models, they hold on others, and are no padding."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from reduced_wafers import DESIGNS, FLOW, INLET, LITRE_PER_MINUTE, held_out, random_heat, solid_error, wafer

from twin.beside import beside
from twin.thermal.reduced import design as designs
from twin.thermal.reduced.certificate import Certificate, certify
from twin.thermal.reduced.design import ReducedDesign
from twin.thermal.reduced.model import ReducedWaferModel
from twin.thermal.reduced.state import ReducedState
from twin.thermal.reduced.twofold import TwofoldWaferModel

SHARE, PADDING = 0.95, 10.0


@cache
def twofold(design: str, flow: float = FLOW) -> TwofoldWaferModel:
    return TwofoldWaferModel(wafer(design), flow)


def judged(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    """Return the share of true errors within their bounds, and the median of bound over error."""
    bounds, errors = np.array(pairs).T
    return float((errors <= bounds).mean()), float(np.median(bounds / errors))


@pytest.mark.parametrize("design", DESIGNS)
def test_bounds_of_steady_states(design: str) -> None:
    pairs = []
    for point in held_out(20, seed=21):
        full = wafer(design, point.inlet)
        heat = random_heat(full, point.watts, point.seed)
        fast = ReducedWaferModel(full, point.flow_rate).steady(heat, point.flow_rate, point.inlet)
        pairs.append((twofold(design).bound(fast), solid_error(fast, full.steady(heat, point.flow_rate, point.inlet))))
    share, padding = judged(pairs)
    assert share >= SHARE
    assert padding <= PADDING


@pytest.mark.parametrize("design", DESIGNS)
def test_bounds_of_time_steps(design: str) -> None:
    """Power that rises and falls; steps of 5 ms, 100 ms and 1 s."""
    full, pairs = wafer(design), []
    for step, litres in ((5e-3, 45.0), (0.1, 45.0), (1.0, 20.0)):
        flow = litres * LITRE_PER_MINUTE
        model = ReducedWaferModel(full, flow)
        heat = random_heat(full, 8e3, 31)
        true, fast = full.steady(heat, flow, INLET), model.steady(heat, flow, INLET)
        for watts, seed in ((16e3, 32), (16e3, 32), (16e3, 32), (4e3, 33), (4e3, 33), (12e3, 34), (12e3, 34)):
            heat = random_heat(full, watts, seed)
            true = full.step(true, flow, INLET, step).solve(heat, true)
            fast = model.step(fast, flow, INLET, step).solve(heat, fast)
            pairs.append((twofold(design, flow).bound(fast), solid_error(fast, true)))
    share, padding = judged(pairs)
    assert share >= SHARE
    assert padding <= PADDING


def test_more_rise_more_bound_and_none_of_the_full_model() -> None:
    model = twofold("manifold-silicon")
    heat = random_heat(model.full, 8e3, 1)
    weak, strong = model.steady(heat, FLOW, INLET), model.steady(2.0 * heat, FLOW, INLET)
    assert isinstance(weak, ReducedState)
    assert 0.0 < model.bound(weak) < model.bound(strong) < 1.0
    assert model.bound(model.full.steady(heat, FLOW, INLET)) == 0.0


def test_another_process_calibrates_bounds_from_states_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = twofold("jet-impingement").certificate
    expected = known.steady, known.transient
    monkeypatch.setenv("TWIN_CACHE", str(tmp_path))
    design = ReducedDesign.of(wafer("jet-impingement"))
    assert not Certificate(design, FLOW).is_left, "it would build the states as well"
    designs._dynamics.cache_clear()
    design.dynamics(FLOW)
    assert Certificate(design, FLOW).is_left
    with beside(certify, design, FLOW):
        pass
    found = Certificate(design, FLOW)
    assert not found.is_left
    assert (found.steady, found.transient) == pytest.approx(expected, rel=1e-3)
