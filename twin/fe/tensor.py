"""Tensor-product grids of layered stacks, and the one-dimensional matrices they are made of.

Unknowns are numbered ``(ix * ny + iy) * nz + iz``: columns through the stack are contiguous.
A contact resistance doubles the plane of nodes it lies in, so that the temperature can jump.
Elements are Lagrange elements of degree 1 or 2 on Gauss-Lobatto points. Gauss-Lobatto quadrature
along x and y (spectral elements; Canuto, Hussaini, Quarteroni & Zang, Spectral Methods (2006), ch. 2
and 5) makes those masses diagonal. Along z integration is exact, which is three times more accurate
at heated faces, except for the share of tall cells that would break the maximum principle: at
degree 1 every conduction matrix is an M-matrix, so that no temperature leaves the range that heat
and sinks allow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class GridLayer:
    """One layer of a grid: its nodes along z in m, and the contact resistance below it in m2 K/W."""

    edges: Array
    contact_resistance_below: float = 0.0


@dataclass(frozen=True, eq=False)
class TensorGrid:
    """Nodes along x and y in m, and layers from bottom to top; at degree 2 midpoints are nodes as well."""

    x: Array
    y: Array
    layers: tuple[GridLayer, ...]
    degree: int = 1

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
        return np.concatenate([np.arange(first, last, self.degree) for first, last in self.layer_planes])

    @cached_property
    def cell_layers(self) -> NDArray[np.int64]:
        """Layer of each cell along z, shape (number of cells,)."""
        counts = [(last - first) // self.degree for first, last in self.layer_planes]
        return np.repeat(np.arange(len(counts)), counts)

    @cached_property
    def cell_heights(self) -> Array:
        """Height of each cell along z in m, shape (number of cells,)."""
        return self.z[self.cell_planes + self.degree] - self.z[self.cell_planes]

    @cached_property
    def x_weights(self) -> Array:
        """Length along x of each column of nodes in m, shape (nx,)."""
        return node_lengths(self.x, self.degree)

    @cached_property
    def y_weights(self) -> Array:
        """Length along y of each node in m, shape (ny,)."""
        return node_lengths(self.y, self.degree)

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

    def through(self, by_cell: Array | float = 1.0) -> Array:
        """Return the integral along z of a property given by cell, by plane of nodes, shape (nz,)."""
        return _gather(self.z.size, self.cell_planes, by_cell * self.cell_heights, _WEIGHTS[self.degree])

    def conduction_through(self, by_cell: Array, contacts: bool = True) -> sparse.csr_array:
        """Return the conduction matrix along z, (nz, nz) in W/m2/K; conductivity in W/m/K by cell."""
        scale = by_cell / self.cell_heights
        matrix = _assemble(self.z.size, self.cell_planes, scale, _STIFFNESS[self.degree])
        for lower, resistance in self.contacts if contacts else ():
            entries = (np.array([1.0, -1.0, -1.0, 1.0]) / resistance, (_PAIR_ROWS + lower, _PAIR_COLUMNS + lower))
            matrix = matrix + sparse.coo_array(entries, shape=matrix.shape)
        return matrix.tocsr()

    def masses_through(self, by_cell: Array, exact: Array | float = 1.0) -> sparse.csr_array:
        """Return the mass matrix along z, (nz, nz), of a property by cell.

        `exact` is the share of exact integration in each cell; the rest is lumped.
        """
        matrix = _assemble(self.z.size, self.cell_planes, exact * by_cell * self.cell_heights, _MASS[self.degree])
        return (matrix + sparse.diags_array(self.through((1.0 - exact) * by_cell))).tocsr()

    def exact_shares(self, conductivity: Array) -> Array:
        """Return the largest share of exact integration along z that keeps an M-matrix, by cell.

        kz / dz >= share dz / 3 (kx / dx^2 + ky / dy^2); conductivity has shape (cells along z, 3).
        """
        if self.degree > 1:
            return np.ones(self.cell_heights.size)
        kx, ky, kz = conductivity.T
        sideways = self.cell_heights**2 / 3 * (kx / np.diff(self.x).min() ** 2 + ky / np.diff(self.y).min() ** 2)
        return np.where(sideways > kz, kz / np.maximum(sideways, np.finfo(float).tiny), 1.0)

    def restricted(self, layer: int, value: float) -> Array:
        """Return a property by cell that has a value in one layer and is nothing elsewhere."""
        return np.where(self.cell_layers == layer, value, 0.0)


def node_lengths(nodes: Array, degree: int = 1) -> Array:
    """Return the Gauss-Lobatto weight of each node in m: the diagonal of the mass matrix."""
    starts = np.arange(0, nodes.size - 1, degree)
    return _gather(nodes.size, starts, nodes[starts + degree] - nodes[starts], _WEIGHTS[degree])


def masses(nodes: Array, degree: int = 1) -> Array:
    """Return the exact mass matrix, dense (n, n) in m."""
    starts = np.arange(0, nodes.size - 1, degree)
    return _assemble(nodes.size, starts, nodes[starts + degree] - nodes[starts], _MASS[degree]).toarray()


def low_shares(nodes: Array, degree: int = 1) -> Array:
    """Return the share of each interval between nodes that belongs to its lower node in the quadrature."""
    weights = _WEIGHTS[degree]
    ends = np.concatenate([weights[:1], weights[1:-1] / 2, weights[1:-1] / 2, weights[-1:]])
    shares = ends[::2] / (ends[::2] + ends[1::2])
    return np.tile(shares, (nodes.size - 1) // degree)


def stiffness(nodes: Array, degree: int = 1) -> sparse.csr_array:
    """Return the matrix of int u' v', (n, n) in 1/m."""
    starts = np.arange(0, nodes.size - 1, degree)
    return _assemble(nodes.size, starts, 1.0 / (nodes[starts + degree] - nodes[starts]), _STIFFNESS[degree])


def basis_integrals(nodes: Array, edges: Array, degree: int = 1) -> Array:
    """Return the exact integral of each basis function over each interval, shape (nodes, intervals).

    Columns sum to the interval's length, so that power spread with them is exact on any mesh,
    cells cut by an interval's edge included.
    """
    return np.diff(_primitives(nodes, np.asarray(edges, float), degree), axis=1)


def basis_values(nodes: Array, place: float, degree: int = 1) -> Array:
    """Return the values of all basis functions at a place, shape (nodes,)."""
    starts = np.arange(0, nodes.size - 1, degree)
    cell = int(starts[np.clip(np.searchsorted(nodes[starts], place, side="right") - 1, 0, starts.size - 1)])
    t = float(np.clip((place - nodes[cell]) / (nodes[cell + degree] - nodes[cell]), 0.0, 1.0))
    values = np.zeros(nodes.size)
    values[cell : cell + degree + 1] = (
        [1 - t, t] if degree == 1 else [(1 - t) * (1 - 2 * t), 4 * t * (1 - t), t * (2 * t - 1)]
    )
    return values


def with_midpoints(edges: Array, degree: int) -> Array:
    """Return the nodes of elements between the given edges: at degree 2 with their midpoints."""
    if degree == 1:
        return edges
    nodes = np.empty(2 * edges.size - 1)
    nodes[::2], nodes[1::2] = edges, (edges[1:] + edges[:-1]) / 2
    return nodes


_WEIGHTS = {1: np.array([1.0, 1.0]) / 2, 2: np.array([1.0, 4.0, 1.0]) / 6}
_STIFFNESS = {
    1: np.array([[1.0, -1.0], [-1.0, 1.0]]),
    2: np.array([[7.0, -8.0, 1.0], [-8.0, 16.0, -8.0], [1.0, -8.0, 7.0]]) / 3,
}
_MASS = {
    1: np.array([[2.0, 1.0], [1.0, 2.0]]) / 6,
    2: np.array([[4.0, 2.0, -1.0], [2.0, 16.0, 2.0], [-1.0, 2.0, 4.0]]) / 30,
}
_PAIR_ROWS, _PAIR_COLUMNS = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])


def _primitives(nodes: Array, points: Array, degree: int) -> Array:
    """Integral of each basis function from the first node to each point, shape (nodes, points)."""
    starts = np.arange(0, nodes.size - 1, degree)
    low, length = nodes[starts][:, None], (nodes[starts + degree] - nodes[starts])[:, None]
    t = np.clip((points[None, :] - low) / length, 0.0, 1.0)
    parts: tuple[Array, ...] = (t - t**2 / 2, t**2 / 2)
    if degree == 2:
        parts = (t - 3 * t**2 / 2 + 2 * t**3 / 3, 2 * t**2 - 4 * t**3 / 3, 2 * t**3 / 3 - t**2 / 2)
    result = np.zeros((nodes.size, points.size))
    for place, part in enumerate(parts):
        result[starts + place] += length * part
    return result


def _gather(size: int, starts: NDArray[np.int64], by_cell: Array, weights: Array) -> Array:
    result = np.zeros(size)
    for place, weight in enumerate(weights):
        result[starts + place] += weight * by_cell
    return result


def _assemble(size: int, starts: NDArray[np.int64], scale: Array, element: Array) -> sparse.csr_array:
    places = np.arange(len(element))
    rows, columns = np.meshgrid(places, places, indexing="ij")
    data = scale[:, None] * element.ravel()
    index = (starts[:, None] + rows.ravel(), starts[:, None] + columns.ravel())
    return sparse.coo_array((data.ravel(), (index[0].ravel(), index[1].ravel())), shape=(size, size)).tocsr()
