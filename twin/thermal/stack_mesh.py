"""Meshes of stacks: elements along x, y and through each layer; nested coarse and fine ones."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from twin.fe.tensor import Array, GridLayer, TensorGrid

Direction = Literal["x", "y", "z"]
DIRECTIONS: tuple[Direction, ...] = ("x", "y", "z")
_COINCIDE = 1e-9
_COARSER = 0.7


@dataclass(frozen=True)
class StackMesh:
    """Edges of the elements in m, along x and y and through each layer (heights in the stack).

    contacts : resistance below each layer in m2 K/W
    kept : edges along x and y that every mesh has (slots of a manifold)
    aligned : edges along x and y that coarser meshes have as well where they stay coarser (sources)
    """

    x: Array
    y: Array
    layers: tuple[Array, ...]
    contacts: tuple[float, ...]
    kept: tuple[Array, Array]
    aligned: tuple[Array, Array]
    degree: int = 1

    @property
    def grid(self) -> TensorGrid:
        """The nodes of the elements."""
        layers = zip(self.layers, self.contacts, strict=True)
        return TensorGrid(
            nodes_of(self.x, self.degree),
            nodes_of(self.y, self.degree),
            tuple(GridLayer(nodes_of(edges, self.degree), contact) for edges, contact in layers),
            self.degree,
        )

    @property
    def unknowns(self) -> int:
        """Number of nodes, those of a contact twice."""
        return _nodes(self.x, self.degree) * _nodes(self.y, self.degree) * self.planes

    @property
    def planes(self) -> int:
        """Number of planes of nodes."""
        jumps = sum(contact > 0 for contact in self.contacts[1:])
        return sum((edges.size - 1) * self.degree for edges in self.layers) + 1 + jumps

    def coarse(self) -> StackMesh:
        """Return the mesh with pairs of elements merged; an odd one joins the last pair."""
        x, y = (
            _merged(edges, kept, aligned)
            for edges, kept, aligned in zip((self.x, self.y), self.kept, self.aligned, strict=True)
        )
        return replace(self, x=x, y=y, layers=tuple(_pairs(edges) for edges in self.layers))

    def refined(self, directions: Sequence[Direction] = DIRECTIONS) -> StackMesh:
        """Return the mesh with all elements halved along the given directions."""
        return replace(
            self,
            x=halved(self.x) if "x" in directions else self.x,
            y=halved(self.y) if "y" in directions else self.y,
            layers=tuple(halved(edges) if "z" in directions else edges for edges in self.layers),
        )

    def singles_split(self, fine: StackMesh, varies: tuple[bool, bool]) -> StackMesh | None:
        """Return this coarse mesh with the elements halved that `fine` could not merge; None without any.

        Such are single elements of a layer and, where the solution `varies`, along x and y.
        """
        along = [
            halved(mine) if mine.size == theirs.size and wanted else mine
            for mine, theirs, wanted in zip((self.x, self.y), (fine.x, fine.y), varies, strict=True)
        ]
        layers = tuple(halved(edges) if edges.size == 2 and same.size == 2 else edges
                       for edges, same in zip(self.layers, fine.layers, strict=True))  # fmt: skip
        split = replace(self, x=along[0], y=along[1], layers=layers)
        return split if split.unknowns > self.unknowns else None


def nodes_of(edges: Array, degree: int) -> Array:
    """Return the nodes of elements: edges, and at degree 2 the middles."""
    return halved(edges) if degree == 2 else edges


def halved(edges: Array) -> Array:
    """Return the edges of elements cut in two."""
    result = np.empty(2 * edges.size - 1)
    result[::2] = edges
    result[1::2] = (edges[1:] + edges[:-1]) / 2
    return result


def graded(breaks: Sequence[float] | Array, size: Callable[[Array], Array], fewest: int = 2) -> Array:
    """Return edges through all breaks, an even number of elements of about the wanted size between two.

    Parameters
    ----------
    breaks : sequence
        Rising places in m.
    size : callable
        Wanted size of the elements in m at given places.
    fewest : int
        Fewest elements between two breaks.
    """
    pieces = []
    for low, high in itertools.pairwise(breaks):
        points = low + (high - low) * _SAMPLES
        density = 1.0 / size(points)
        count = np.concatenate([[0.0], np.cumsum(np.diff(points) * (density[1:] + density[:-1]) / 2)])
        elements = max(fewest, int(np.ceil(count[-1] - _COINCIDE)))
        elements += elements % 2 if fewest > 1 else 0
        inside = np.interp(np.linspace(0, count[-1], elements + 1)[1:-1], count, points)
        pieces.append(np.concatenate([[low], inside]))
    return np.concatenate([*pieces, breaks[-1:]])


def _samples() -> Array:
    """Places in [0, 1], crowded at both ends."""
    half = np.concatenate([[0.0], np.geomspace(1e-6, 0.5, 120)])
    return np.concatenate([half, 1 - half[-2::-1]])


_SAMPLES = _samples()


def distinct(points: Sequence[float] | Array, extent: float) -> Array:
    """Return rising places from 0 to `extent` without those that coincide."""
    inside = np.unique(np.clip(np.asarray([0.0, extent, *points], float), 0.0, extent))
    keep = np.concatenate([[True], np.diff(inside) > _COINCIDE * extent])
    result = inside[keep]
    result[-1] = extent
    return result


def _nodes(edges: Array, degree: int) -> int:
    return (edges.size - 1) * degree + 1


def _merged(edges: Array, kept: Array, aligned: Array) -> Array:
    both = _merged_between(edges, np.concatenate([kept, aligned]))
    if both.size - 1 <= _COARSER * (edges.size - 1):
        return both
    return _merged_between(edges, kept)


def _merged_between(edges: Array, kept: Array) -> Array:
    """Return pairs of the elements between edges that stay."""
    stops = [0, edges.size - 1]
    if kept.size:
        distance = np.abs(edges[:, None] - kept).min(axis=1)
        stops += np.flatnonzero(distance <= _COINCIDE * (edges[-1] - edges[0])).tolist()
    pieces = [_pairs(edges[low : high + 1])[:-1] for low, high in itertools.pairwise(sorted(set(stops)))]
    return np.concatenate([*pieces, edges[-1:]])


def _pairs(edges: Array) -> Array:
    """Return every second edge; of an odd number of elements the last three become one."""
    if edges.size == 2:
        return edges
    result = edges[:-1:2]
    return np.append(result if edges.size % 2 else result[:-1], edges[-1])
