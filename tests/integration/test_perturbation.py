"""No input is decoration: each number of the library, changed alone, changes an output of some short run."""

from __future__ import annotations

import pytest
from perturbation import SILENT, Bench, numbers_without_effect


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, busy_trace: str) -> Bench:
    return Bench(tmp_path_factory.mktemp("perturbed"), busy_trace)


@pytest.mark.parametrize(("kind", "name"), [("chip", "wse3"), ("system", "cs3"), ("material", "silicon")])
def test_every_number_changes_something(kind: str, name: str, bench: Bench) -> None:
    assert numbers_without_effect(bench, kind, name) == SILENT.get(kind, set())
