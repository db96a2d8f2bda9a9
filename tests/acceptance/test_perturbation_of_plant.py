"""Each number of what feeds and cools a wafer, changed alone, changes an output of some short run."""

from __future__ import annotations

import pytest
from coarse_runs import written_busy_trace
from perturbation import SILENT, Bench, numbers_without_effect


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    busy_trace = written_busy_trace(tmp_path_factory.mktemp("traces"))
    return Bench(tmp_path_factory.mktemp("perturbed"), busy_trace)


@pytest.mark.parametrize(("kind", "name"), [("delivery", "vertical-48v"), ("cooling", "manifold-silicon")])
def test_every_number_changes_something(kind: str, name: str, bench: Bench) -> None:
    assert numbers_without_effect(bench, kind, name) == SILENT.get(kind, set())
