"""Tensor-product grids of layered stacks, and the one-dimensional matrices they are made of.

Unknowns are numbered ``(ix * ny + iy) * nz + iz``: columns through the stack are contiguous.
A contact resistance doubles the plane of nodes it lies in, so that the temperature can jump.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class GridLayer:
    """One layer of a grid: its cell edges along z in m, and the contact resistance below it in m2 K/W."""

    edges: Array
    contact_resistance_below: float = 0.0


@dataclass(frozen=True)
class TensorGrid:
    """Nodes along x and y in m, and layers from bottom to top."""

    x: Array
    y: Array
    layers: tuple[GridLayer, ...]

    @cached_property
    def z(self) -> Array:
        """Height of every plane of nodes, shape (nz,); a contact repeats its height."""
        heights = [self.layers[0].edges[:1]]
        for index, layer in enumerate(self.layers):
            doubled = index > 0 and layer.contact_resistance_below > 0
            heights.append(layer.edges if doubled else layer.edges[1:])
        return np.concatenate(heights)

    @cached_property
    def layer_planes(self) -> tuple[tuple[int, int], ...]:
        """First and last plane of each layer."""
        planes, last = [], 0
        for index, layer in enumerate(self.layers):
            first = last + 1 if index > 0 and layer.contact_resistance_below > 0 else last
            last = first + layer.edges.size - 1
            planes.append((first, last))
        return tuple(planes)

    @cached_property
    def cell_planes(self) -> NDArray[np.int64]:
        """Lower plane of each cell along z, shape (number of cells,)."""
        return np.concatenate([np.arange(first, last) for first, last in self.layer_planes])

    @cached_property
    def cell_layers(self) -> NDArray[np.int64]:
        """Layer of each cell along z, shape (number of cells,)."""
        return np.concatenate([np.full(last - first, i) for i, (first, last) in enumerate(self.layer_planes)])

    @cached_property
    def contacts(self) -> tuple[tuple[int, float], ...]:
        """(lower plane, resistance) of each contact."""
        return tuple(
            (first - 1, layer.contact_resistance_below)
            for (first, _), layer in zip(self.layer_planes, self.layers, strict=True)
            if first > 0 and layer.contact_resistance_below > 0
        )

    @cached_property
    def slabs(self) -> tuple[tuple[int, int], ...]:
        """First and last plane of each run of layers without a contact inside."""
        cuts = [lower for lower, _ in self.contacts]
        return tuple(zip([0, *(c + 1 for c in cuts)], [*cuts, self.z.size - 1], strict=True))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of nodes along x, y, z."""
        return self.x.size, self.y.size, self.z.size

    @property
    def size(self) -> int:
        """Number of unknowns of the solid."""
        return self.x.size * self.y.size * self.z.size

    def per_cell(self, by_layer: Sequence[float] | Array) -> Array:
        """Spread a property given by layer over the cells along z."""
        return np.asarray(by_layer, float)[self.cell_layers]


def stiffness(nodes: Array, coefficient: Array | float = 1.0) -> Array:
    """Return the matrix of int c u' v' of hat functions, dense (n, n); `coefficient` by cell."""
    return _assemble(nodes.size, np.arange(nodes.size - 1), coefficient / np.diff(nodes), _STIFFNESS)


def mass(nodes: Array, coefficient: Array | float = 1.0) -> Array:
    """Return the matrix of int c u v of hat functions, dense (n, n); `coefficient` by cell."""
    return _assemble(nodes.size, np.arange(nodes.size - 1), coefficient * np.diff(nodes), _MASS)


def stiffness_through(grid: TensorGrid, conductivity: Array) -> Array:
    """Return the stiffness along z with contacts, dense (nz, nz); `conductivity` by cell."""
    thickness = grid.z[grid.cell_planes + 1] - grid.z[grid.cell_planes]
    matrix = _assemble(grid.z.size, grid.cell_planes, conductivity / thickness, _STIFFNESS)
    for lower, resistance in grid.contacts:
        matrix[lower : lower + 2, lower : lower + 2] += _STIFFNESS / resistance
    return matrix


def mass_through(grid: TensorGrid, coefficient: Array) -> Array:
    """Return the mass matrix along z, dense (nz, nz); `coefficient` by cell."""
    thickness = grid.z[grid.cell_planes + 1] - grid.z[grid.cell_planes]
    return _assemble(grid.z.size, grid.cell_planes, coefficient * thickness, _MASS)


def hat_integrals(nodes: Array, edges: Array) -> Array:
    """Return the exact integrals of each hat function over each interval, shape (nodes, intervals).

    Columns sum to the interval's length, so that power spread with them is exact on any mesh,
    cells cut by an interval's edge included.
    """
    primitives = _hat_primitives(nodes, np.asarray(edges, float))
    return np.diff(primitives, axis=1)


def _hat_primitives(nodes: Array, points: Array) -> Array:
    """Integral of each hat from the first node to each point, shape (nodes, points)."""
    spacing = np.diff(nodes)
    t = np.clip((points[None, :] - nodes[:-1, None]) / spacing[:, None], 0.0, 1.0)
    rising, falling = spacing[:, None] * t**2 / 2, spacing[:, None] * (t - t**2 / 2)
    result = np.zeros((nodes.size, points.size))
    result[1:] += rising
    result[:-1] += falling
    return result


_STIFFNESS = np.array([[1.0, -1.0], [-1.0, 1.0]])
_MASS = np.array([[2.0, 1.0], [1.0, 2.0]]) / 6.0


def _assemble(size: int, lower: NDArray[np.int64], scale: Array, element: Array) -> Array:
    matrix = np.zeros((size, size))
    for row in (0, 1):
        for column in (0, 1):
            np.add.at(matrix, (lower + row, lower + column), scale * element[row, column])
    return matrix
