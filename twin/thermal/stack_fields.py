"""Nodal fields of a stack as products of weights along x, y and z: what loads and probes are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from twin.fe.tensor import Array, TensorGrid, basis_integrals, basis_values


@dataclass(frozen=True)
class NodeWeights:
    """Weights of the nodes along x, y and z; a node's weight is their product."""

    x: Array
    y: Array
    z: Array

    def of(self, values: Array) -> float:
        """Return the weighted sum of a nodal field (nx, ny, nz)."""
        x, y, z = (_support(weights) for weights in (self.x, self.y, self.z))
        return float(self.x[x] @ ((values[x, y, z] @ self.z[z]) @ self.y[y]))

    def on(self, columns: slice) -> NodeWeights:
        """Return the weights of some columns along x."""
        return replace(self, x=self.x[columns])


def _support(weights: Array) -> slice:
    used = np.flatnonzero(weights)
    return slice(int(used[0]), int(used[-1]) + 1) if used.size else slice(0)


def integrals(nodes: Array, interval: Sequence[float], degree: int) -> Array:
    """Return the integral of every basis function over an interval in m."""
    low, high = np.clip(np.asarray(interval, float), nodes[0], nodes[-1])
    return np.asarray(basis_integrals(nodes, np.array([low, high]), degree)[:, 0])


def means(nodes: Array, interval: Sequence[float], degree: int) -> Array:
    """Return the weights of the nodes in the mean over an interval; they sum to 1."""
    weights = integrals(nodes, interval, degree)
    return weights / weights.sum()


def values_at(nodes: Array, place: float, degree: int) -> Array:
    """Return the value of every basis function at a place."""
    return np.asarray(basis_values(nodes, float(np.clip(place, nodes[0], nodes[-1])), degree))


def whole(nodes: Array, degree: int) -> Array:
    """Return the integral of every basis function over all its nodes' extent in m."""
    return integrals(nodes, (nodes[0], nodes[-1]), degree)


def end(count: int, last: bool) -> Array:
    """Return weights of the first or the last node alone."""
    weights = np.zeros(count)
    weights[-1 if last else 0] = 1.0
    return weights


def layer_integrals(grid: TensorGrid, index: int) -> Array:
    """Return the integral through one layer of the basis function of every plane, in m."""
    first, last = grid.layer_planes[index]
    weights = np.zeros(grid.z.size)
    weights[first : last + 1] = whole(grid.z[first : last + 1], grid.degree)
    return weights


def layer_mean(grid: TensorGrid, index: int) -> Array:
    """Return the weights of the planes in the mean over a layer's thickness."""
    weights = layer_integrals(grid, index)
    return weights / weights.sum()


def height_integrals(grid: TensorGrid) -> Array:
    """Return the integral through the whole stack of the basis function of every plane, in m."""
    return np.sum([layer_integrals(grid, index) for index in range(len(grid.layers))], axis=0)


def at_height(grid: TensorGrid, z: float) -> Array:
    """Return the value of the basis function of every plane at a height."""
    tops = [layer.edges[-1] for layer in grid.layers]
    index = min(int(np.searchsorted(tops, z * (1 - 1e-12))), len(tops) - 1)
    first, last = grid.layer_planes[index]
    weights = np.zeros(grid.z.size)
    weights[first : last + 1] = values_at(grid.z[first : last + 1], z, grid.degree)
    return weights
