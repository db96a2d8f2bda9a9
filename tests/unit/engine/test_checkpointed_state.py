"""A state that went through a checkpoint continues with the same arithmetic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import twin
from twin.engine.run import build
from twin.engine.simulation import Simulation
from twin.results import checkpoint

CHANGES = {
    "wse3-llama3.1-8b-conversation": {
        "thermal.mesh": "wafer-coarse",
        "compare_with": None,
        "workload.duration": "20 s",
    },
    "wse3-power-virus": {"thermal.mesh": "wafer-coarse", "workload.start": "0 s"},
    "dgx-h100-llama3.1-8b-conversation": {"workload.duration": "20 s"},
}


@pytest.fixture(params=CHANGES)
def simulation(request: pytest.FixtureRequest) -> Simulation:
    scenario = twin.load(request.param).replace(CHANGES[request.param])
    return build(scenario, request.param)


def test_a_stored_state_continues_as_if_it_had_stayed(simulation: Simulation, tmp_path: Path) -> None:
    state, _ = simulation.step(simulation.initial(), 1.0)
    checkpoint.save(tmp_path / "state.npz", simulation.pack(state))
    stored = simulation.unpack(checkpoint.load(tmp_path / "state.npz"))
    for _ in range(3):
        (state, kept), (stored, found) = (simulation.step(each, 1.0) for each in (state, stored))
        for name, value in kept.items():
            if not name.endswith("_residual"):
                np.testing.assert_allclose(found[name], value, rtol=1e-10, atol=1e-9, err_msg=name)
    assert_same_tree(simulation.pack(stored), simulation.pack(state))


def assert_same_tree(one: Any, other: Any) -> None:
    """Compare packed states."""
    if isinstance(other, dict):
        assert set(one) == set(other)
        for key, value in other.items():
            assert_same_tree(one[key], value)
    elif isinstance(other, list | tuple):
        for a, b in zip(one, other, strict=True):
            assert_same_tree(a, b)
    elif isinstance(other, np.ndarray | float):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-9)


def test_states_are_immutable(simulation: Simulation) -> None:
    """Stepping twice from the same state gives the same: nothing is changed in place."""
    start = simulation.initial()
    (_, first), (_, second) = simulation.step(start, 1.0), simulation.step(start, 1.0)
    for name, value in first.items():
        np.testing.assert_array_equal(second[name], value, err_msg=name)
