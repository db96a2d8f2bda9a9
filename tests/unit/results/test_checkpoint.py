"""Checkpoints give back exactly what was saved, and never half of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.errors import OutputError
from twin.results import checkpoint

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=4)
        | st.tuples(inner, inner)
    ),
    max_leaves=12,
)


@dataclass(frozen=True)
class Queue:
    waiting: tuple[int, ...]
    arrival: np.ndarray


@given(tree=TREES)
def test_plain_trees_round_trip(tmp_path_factory: pytest.TempPathFactory, tree: Any) -> None:
    path = tmp_path_factory.mktemp("state") / "checkpoint.npz"
    checkpoint.save(path, tree)
    assert repr(checkpoint.load(path)) == repr(tree)


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "bool", "complex128"])
def test_arrays_round_trip_bit_by_bit(tmp_path: Path, dtype: str) -> None:
    array = np.random.default_rng(0).normal(size=(3, 4)).astype(dtype)
    array.flat[0] = np.nan if dtype.startswith("float") else array.flat[0]
    checkpoint.save(tmp_path / "c.npz", {"deep": [array]})
    found = checkpoint.load(tmp_path / "c.npz")["deep"][0]
    assert found.dtype == array.dtype
    assert found.tobytes() == array.tobytes()


def test_dataclasses_come_back_as_their_fields(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "c.npz", Queue((3, 1), np.array([0.5])))
    found = checkpoint.load(tmp_path / "c.npz")
    assert found["waiting"] == (3, 1)
    assert found["arrival"].tolist() == [0.5]


def test_random_generator_continues_where_it_was(tmp_path: Path) -> None:
    generator = np.random.default_rng(7)
    generator.random(10)
    checkpoint.save(tmp_path / "c.npz", generator.bit_generator.state)
    expected = generator.random(5)
    again = np.random.default_rng()
    again.bit_generator.state = checkpoint.load(tmp_path / "c.npz")
    assert again.random(5).tolist() == expected.tolist()


def test_unknown_objects_are_refused_by_place(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"state\.queue\.1: a set"):
        checkpoint.save(tmp_path / "c.npz", {"queue": [1, {2}]})
    with pytest.raises(TypeError, match="arrays of objects"):
        checkpoint.save(tmp_path / "c.npz", np.array([None]))


def test_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    path = tmp_path / "c.npz"
    checkpoint.save(path, {"a": np.arange(100)})
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(OutputError, match="damaged checkpoint"):
        checkpoint.load(path)
