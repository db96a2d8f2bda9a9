"""From layers to a grid with properties: what the wafer and the stack file have in common."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from twin import library
from twin.fe.heat import PowerLaw
from twin.fe.stream import WettedWalls
from twin.fe.tensor import Array, GridLayer, TensorGrid, basis_integrals, masses
from twin.spec.material import Material, PowerLawConductivity
from twin.thermal.hydraulics import ChannelGeometry

_MOST_WALLS = 16


class LayerCells(NamedTuple):
    """Thickness in m and cells of a layer, and the contact resistance below it in m2 K/W."""

    thickness: float
    cells: int
    contact_resistance_below: float


@dataclass(frozen=True)
class Layer:
    """One layer of a thermal model; `channels` if coolant flows through it.

    conductivity : (kx, ky, kz) of the solid (of the walls) in W/m/K; of a power law its reference
    heat_capacity : of the solid in J/m3/K
    """

    name: str
    thickness: float
    cells: int
    conductivity: tuple[float, float, float]
    heat_capacity: float
    contact_resistance_below: float = 0.0
    channels: ChannelGeometry | None = None
    power_law: PowerLawConductivity | None = None

    @property
    def mesh(self) -> LayerCells:
        """What the mesh depends on."""
        return LayerCells(self.thickness, self.cells, self.contact_resistance_below)


def material(given: str | Material) -> Material:
    """Return a material by name or as given."""
    found = library.load("material", given) if isinstance(given, str) else given
    assert isinstance(found, Material)
    return found


def solid_layer(name: str, thickness: float, cells: int, given: str | Material, contact: float = 0.0) -> Layer:
    """Return a layer of one material."""
    found = material(given)
    k = found.conductivity
    law = k if isinstance(k, PowerLawConductivity) else None
    reference = k.reference if isinstance(k, PowerLawConductivity) else k
    along = reference if isinstance(reference, tuple) else (reference, reference, reference)
    return Layer(name, thickness, cells, along, found.density * found.specific_heat, contact, power_law=law)


def channel_layer(
    name: str,
    geometry: ChannelGeometry,
    cells: int,
    wall: str | Material,
    fluid_conductivity: float,
    contact: float = 0.0,
) -> Layer:
    """Return a layer of channels along y as a homogeneous solid.

    Walls conduct along and through the layer by their share of the plan area; across, wall and
    fluid lie in series. Exact for conduction along and through, the usual bound across.
    Source: Nield & Bejan, Convection in Porous Media, ch. 2.
    """
    base = solid_layer(name, geometry.height, cells, wall, contact)
    share = geometry.width / (geometry.width + geometry.wall)
    kx, ky, kz = base.conductivity
    across = 1.0 / ((1 - share) / kx + share / fluid_conductivity)
    return Layer(
        name, geometry.height, cells, (across, (1 - share) * ky, (1 - share) * kz),
        (1 - share) * base.heat_capacity, contact, geometry, base.power_law,
    )  # fmt: skip


def power_laws(layers: Sequence[Layer]) -> dict[int, PowerLaw]:
    """Return the conductivities that depend on temperature, by layer."""
    found = {index: layer.power_law for index, layer in enumerate(layers)}
    return {index: PowerLaw(law.temperature, law.exponent) for index, law in found.items() if law}


def build_grid(x: Array, y: Array, layers: Sequence[Layer | LayerCells]) -> TensorGrid:
    """Return the grid of a stack of layers on given nodes along x and y."""
    bottoms = np.concatenate([[0.0], np.cumsum([layer.thickness for layer in layers])])
    return TensorGrid(
        x,
        y,
        tuple(
            GridLayer(np.linspace(bottoms[i], bottoms[i + 1], layer.cells + 1), layer.contact_resistance_below)
            for i, layer in enumerate(layers)
        ),
    )


@lru_cache(maxsize=_MOST_WALLS)
def wetted_walls(grid: TensorGrid, index: int, geometry: ChannelGeometry, share: float = 1.0) -> WettedWalls:
    """Return where the coolant of layer `index` touches the solid, per unit coefficient.

    The two side walls of each channel exchange all along their height, so that the wall resolved
    along z is its own fin; floor and ceiling exchange at the faces of the layer. A layer that is
    the lowest or topmost of the stack has an adiabatic, non-wetted cover there. `share` is the
    part of the channels that belongs to one stream.
    """
    first, last = grid.layer_planes[index]
    pitch = geometry.width + geometry.wall
    wetted = 2.0 / pitch * masses(grid.z[first : last + 1], grid.degree)
    if index > 0:
        wetted[0, 0] += geometry.width / pitch
    if index < len(grid.layers) - 1:
        wetted[-1, -1] += geometry.width / pitch
    return WettedWalls(first, share * wetted)


def nodes_between(breakpoints: Sequence[float] | Array, cells: int) -> Array:
    """Return nodes through all breakpoints with cells no larger than the extent over `cells`."""
    points = np.unique(np.round(np.asarray(breakpoints, float), 12))
    keep = np.concatenate([[True], np.diff(points) > 1e-9 * (points[-1] - points[0])])
    points = points[keep]
    largest = (points[-1] - points[0]) / cells
    pieces = [
        np.linspace(low, high, max(1, int(np.ceil((high - low) / largest - 1e-9))) + 1)[:-1]
        for low, high in itertools.pairwise(points)
    ]
    return np.concatenate([*pieces, points[-1:]])


def tile_nodes(extent: float, tiles: int, cells: int, edge_share: float) -> Array:
    """Return nodes of `tiles` equal tiles of `cells` cells, the outermost narrower by `edge_share`."""
    sizes = np.ones(cells)
    if cells >= 3:
        sizes[[0, -1]] = edge_share
        sizes[1:-1] = (cells - 2 * edge_share) / (cells - 2)
    inside = np.concatenate([[0.0], np.cumsum(sizes)[:-1]]) / cells
    return np.append((np.arange(tiles)[:, None] + inside).ravel(), tiles) * (extent / tiles)


def mean_weights(nodes: Array, interval: Sequence[float] | Array) -> Array:
    """Return the weights of the nodes in the mean over an interval; they sum to 1."""
    weights = basis_integrals(nodes, np.clip(np.asarray(interval), nodes[0], nodes[-1]))[:, 0]
    return weights / weights.sum()


def layer_mean_weights(grid: TensorGrid, index: int) -> Array:
    """Weights of the planes in the mean over a layer's thickness; they sum to 1."""
    first, last = grid.layer_planes[index]
    weights = np.zeros(grid.z.size)
    weights[first : last + 1] = mean_weights(grid.z[first : last + 1], grid.z[[first, last]])
    return weights
