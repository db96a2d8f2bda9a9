"""Weights of nodal fields: they integrate, interpolate and average what they say."""

from __future__ import annotations

import numpy as np
import pytest

from twin.fe.tensor import GridLayer, TensorGrid
from twin.thermal import stack_memory
from twin.thermal.stack_fields import (
    NodeWeights,
    at_height,
    height_integrals,
    layer_mean,
    means,
    values_at,
    whole,
)
from twin.thermal.stack_mesh import nodes_of


def grid(degree: int) -> TensorGrid:
    layers = (
        GridLayer(nodes_of(np.array([0.0, 0.3, 1.0]), degree)),
        GridLayer(nodes_of(np.array([1.0, 1.5, 3.0]), degree), 1e-5),
    )
    return TensorGrid(
        nodes_of(np.array([0.0, 1.0, 4.0]), degree), nodes_of(np.array([0.0, 2.0]), degree), layers, degree
    )


@pytest.mark.parametrize("degree", [1, 2])
def test_polynomials_of_the_elements_are_exact(degree: int) -> None:
    found = grid(degree)
    powers = range(degree + 1)
    for power in powers:
        assert whole(found.x, degree) @ found.x**power == pytest.approx(4.0 ** (power + 1) / (power + 1))
        assert values_at(found.x, 2.7, degree) @ found.x**power == pytest.approx(2.7**power)
        exact = (3.5 ** (power + 1) - 0.5 ** (power + 1)) / (power + 1) / 3.0
        assert means(found.x, (0.5, 3.5), degree) @ found.x**power == pytest.approx(exact)


@pytest.mark.parametrize("degree", [1, 2])
def test_layers_and_heights(degree: int) -> None:
    found = grid(degree)
    assert height_integrals(found).sum() == pytest.approx(3.0)
    assert layer_mean(found, 1) @ found.z == pytest.approx(2.0)
    for height in (0.0, 0.7, 2.2, 3.0):
        assert at_height(found, height) @ found.z == pytest.approx(height)
    jump = np.where(np.arange(found.z.size) < found.layer_planes[1][0], 0.0, 1.0)
    assert layer_mean(found, 0) @ jump == 0.0
    assert layer_mean(found, 1) @ jump == pytest.approx(1.0)


@pytest.mark.parametrize("degree", [1, 2])
def test_weights_of_parts_add_up_to_those_of_the_whole(degree: int) -> None:
    """As they do over processes that own runs of columns, of which some may not see a probe at all."""
    found = grid(degree)
    field = np.random.default_rng(1).random(found.shape)
    weights = NodeWeights(values_at(found.x, 0.2, degree), means(found.y, (0.3, 1.1), degree), at_height(found, 0.7))
    dense = np.einsum("i,j,k,ijk", weights.x, weights.y, weights.z, field)
    assert weights.of(field) == pytest.approx(dense)
    parts = [slice(0, 2), slice(2, found.x.size)]
    assert sum(weights.on(part).of(field[part]) for part in parts) == pytest.approx(dense)


def test_memory_of_the_machine() -> None:
    assert 1e6 < stack_memory.free() < 1e14
    assert stack_memory.for_refinement(5.0) == 5.0
    assert stack_memory.for_refinement(None) <= stack_memory.REFINEMENT_MOST
    assert stack_memory.needed(10, 2) > stack_memory.needed(10, 1) > 0
