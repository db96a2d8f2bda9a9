"""Steps of a transient: pairs that hit every stop, fixed or chosen by their error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twin.spec.documents import validate
from twin.spec.stack import Stack
from twin.thermal.stack import StackResult, outcome, solve_stack
from twin.thermal.stack_times import Times, chosen_times, even_times, stops
from twin.thermal.stack_trace import Task, start_of


def heated(**changes: Any) -> Stack:
    tree: dict[str, Any] = {
        "kind": "stack",
        "size": {"x": "1 mm", "y": "1 mm"},
        "layers": [{"name": "die", "thickness": "0.5 mm", "material": "silicon", "cells": 8}],
        "boundaries": {"top": {"film": {"coefficient": "5000 W/m^2/K", "ambient": "25 degC"}}},
        "sources": [{"face": "bottom", "power": "1 W", "schedule": [["0 s", 1.0], ["0.3 s", 0.0], ["0.35 s", 2.0]]}],
        "transient": {"end": "1 s", "step": "70 ms", "initial": "25 degC", "times": ["0.5 s", "0.1 s"]},
        "probes": {"p": {"x": "0 mm", "y": "0 mm", "layer": "die", "face": "bottom"}},
        **changes,
    }
    stack = validate(tree, Stack, "stack.yaml")
    assert isinstance(stack, Stack)
    return stack


def transient(**changes: Any) -> dict[str, Any]:
    return {"transient": {"end": "1 s", "step": "auto", "initial": "25 degC", **changes}}


def chosen(stack: Stack, tolerance: float) -> Times:
    from twin.thermal.stack_grading import first_mesh

    task = Task.of(stack, Path("."))
    march = task.march(first_mesh(task.stack, task.layers))
    return chosen_times(task.stack, march, start_of(task, march), tolerance)


def test_stops_are_reported_times_switches_and_the_end() -> None:
    assert stops(heated()) == [(0.1, False), (0.3, True), (0.35, True), (0.5, False), (1.0, False)]
    bent = heated(
        sources=[], boundaries={"top": {"temperature": [["0 s", "20 degC"], ["0.7 s", "30 degC"], ["9 s", "0 degC"]]}}
    )
    assert stops(bent) == [(0.1, False), (0.5, False), (0.7, False), (1.0, False)]


@pytest.mark.parametrize("halvings", [0, 2])
def test_even_steps_fill_every_interval(halvings: int) -> None:
    stack = heated()
    times = even_times(stack, halvings)
    assert times.pairs[0].begin == 0.0
    for pair, after in zip(times.pairs, times.pairs[1:], strict=False):
        assert pair.stop == after.begin
        assert pair.begin + 2 * pair.step == pytest.approx(pair.stop, rel=1e-12)
    assert max(pair.step for pair in times.pairs) <= 0.07 / 2**halvings
    assert {stop for stop, _ in stops(stack)} <= {pair.stop for pair in times.pairs}
    assert times.reported == (0.1, 0.5)


def test_chosen_steps_are_small_after_switches_and_long_elsewhere() -> None:
    stack = heated(**transient(times=["1 s"]))
    times = chosen(stack, 1e-3)
    assert {stop for stop, _ in stops(stack)} <= {pair.stop for pair in times.pairs}
    first = {begin: next(p.step for p in times.pairs if p.begin == begin) for begin in (0.0, 0.3, 0.35)}
    longest = max(pair.step for pair in times.pairs)
    assert all(step < longest / 20 for step in first.values())
    assert len(times.pairs) < 150


def test_smaller_tolerance_takes_more_steps() -> None:
    stack = heated(**transient())
    counts = [len(chosen(stack, tolerance).pairs) for tolerance in (1e-2, 1e-3, 1e-4)]
    assert counts == sorted(counts)
    assert counts[2] > 1.5 * counts[0]


def test_nothing_happens_in_few_steps() -> None:
    """Neither the steady state nor a body as warm as its surroundings is resolved down to rounding."""
    steady = heated(sources=[{"face": "bottom", "power": "1 W"}], **transient(initial="steady"))
    still = heated(sources=[], **transient())
    for stack in (steady, still):
        assert len(chosen(stack, 1e-4).pairs) < 30


def result_of(**changes: Any) -> StackResult:
    return solve_stack(heated(**changes))


def test_automatic_steps_agree_with_many_equal_ones() -> None:
    many = result_of(transient={"end": "1 s", "step": "0.5 ms", "initial": "25 degC", "times": ["0.32 s", "1 s"]})
    auto = result_of(**transient(times=["0.32 s", "1 s"]))
    assert auto.probes["p"] == pytest.approx(many.probes["p"], abs=0.05)
    errors = outcome(auto)["probes"]["p"]["error_estimate_K"]
    difference = np.abs(np.array(auto.probes["p"]) - many.probes["p"])
    assert (difference <= 3 * np.array(errors)).all()


def test_progress_is_told_up_to_the_end() -> None:
    told: list[tuple[float, float, str]] = []
    solve_stack(heated(), progress=lambda *state: told.append(state))
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)
    assert told[-1][:2] == (1.0, 1.0)
