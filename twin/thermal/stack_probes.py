"""Probes of a stack: their place, their weights on a grid, and the points around them."""

from __future__ import annotations

import numpy as np

from twin.fe.tensor import Array, TensorGrid
from twin.spec.stack import Probe, Stack
from twin.thermal.stack_fields import NodeWeights, at_height, layer_mean, means, values_at


def probe_weights(stack: Stack, grid: TensorGrid, probe: Probe) -> NodeWeights:
    """Return the weights of the nodes in a probe's temperature."""
    if probe.mean is not None:
        x, y = means(grid.x, probe.mean.x, grid.degree), means(grid.y, probe.mean.y, grid.degree)
    else:
        assert probe.x is not None
        assert probe.y is not None
        x, y = values_at(grid.x, probe.x, grid.degree), values_at(grid.y, probe.y, grid.degree)
    return NodeWeights(x, y, _through(stack, grid, probe))


def _through(stack: Stack, grid: TensorGrid, probe: Probe) -> Array:
    if probe.layer is None:
        return at_height(grid, float(probe.z or 0.0))
    index = stack.layer_index(probe.layer)
    if probe.face is None:
        return layer_mean(grid, index)
    first, last = grid.layer_planes[index]
    weights = np.zeros(grid.z.size)
    weights[first if probe.face == "bottom" else last] = 1.0
    return weights


def probe_place(stack: Stack, probe: Probe) -> tuple[float, float, float]:
    """Return the place of a probe, or the centre of its mean, in m."""
    x, y = (sum(probe.mean.x) / 2, sum(probe.mean.y) / 2) if probe.mean else (probe.x or 0.0, probe.y or 0.0)
    if probe.layer is None:
        return x, y, probe.z or 0.0
    index = stack.layer_index(probe.layer)
    low = sum(layer.thickness for layer in stack.layers[:index])
    share = {"bottom": 0.0, None: 0.5, "top": 1.0}[probe.face]
    return x, y, low + share * stack.layers[index].thickness


def weights_around(stack: Stack, grid: TensorGrid, probe: Probe, spacing: tuple[float, float]) -> list[NodeWeights]:
    """Return the weights of a probe moved by -1, 0 and 1 `spacing` (m) along x and y; a mean stays where it is."""
    if probe.mean is not None:
        return [probe_weights(stack, grid, probe)]
    z = _through(stack, grid, probe)
    along = [
        [values_at(nodes, (place or 0.0) + shift * step, grid.degree) for shift in (-1, 0, 1)]
        for nodes, place, step in zip((grid.x, grid.y), (probe.x, probe.y), spacing, strict=True)
    ]
    return [NodeWeights(x, y, z) for x in along[0] for y in along[1]]


def spacing_at(edges: Array, place: float) -> float:
    """Return the length of the element at a place in m."""
    element = int(np.clip(np.searchsorted(edges, place) - 1, 0, edges.size - 2))
    return float(edges[element + 1] - edges[element])
