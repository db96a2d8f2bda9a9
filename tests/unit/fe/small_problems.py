"""Small graded grids with contacts, and streams of every kind, shared by the tests of the heat solver."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from twin.fe.heat import Film, HeatModel
from twin.fe.stream import Stream, WettedWalls
from twin.fe.tensor import Array, GridLayer, TensorGrid, masses, with_midpoints

INLET = 290.0
CONDUCTIVITY = np.array([[120.0, 80.0, 40.0], [4.0, 4.0, 2.0], [60.0, 90.0, 70.0]])
HEAT_CAPACITY = np.array([1.6e6, 2.0e6, 1.1e6])

PIECES: dict[str, Sequence[Sequence[tuple[int, int, int]]]] = {
    "one pass": [[(0, 11, 1)]],
    "reverse": [[(0, 11, -1)]],
    "manifold": [[(0, 2, 1), (3, 5, -1), (6, 8, 1), (9, 11, -1)]],
    "dead cells": [[(2, 5, -1), (6, 9, 1)]],
    "alternate": [[(0, 11, 1)], [(0, 11, -1)]],
}


def graded(extent: float, cells: int, seed: int) -> Array:
    """Return nodes over an extent with cells that differ by up to a factor of three."""
    sizes = np.random.default_rng(seed).uniform(0.5, 1.5, cells)
    return np.concatenate([[0.0], np.cumsum(sizes)]) * (extent / sizes.sum())


def grid(nx: int = 6, ny: int = 12, contacts: tuple[float, float] = (1e-5, 0.0), degree: int = 1) -> TensorGrid:
    """Return three layers, graded in every direction, with contact resistances below the upper two."""
    bottoms = np.array([0.0, 0.4e-3, 0.45e-3])
    thicknesses = (0.4e-3, 0.05e-3, 0.3e-3)
    cells = (3, 1, 2)
    resistances = (0.0, *contacts)
    layers = tuple(
        GridLayer(bottom + with_midpoints(graded(thickness, count, seed), degree), resistance)
        for seed, (bottom, thickness, count, resistance) in enumerate(
            zip(bottoms, thicknesses, cells, resistances, strict=True)
        )
    )
    x, y = (with_midpoints(graded(*given), degree) for given in ((12e-3, nx, 7), (10e-3, ny, 8)))
    return TensorGrid(x, y, layers, degree)


def model(contacts: tuple[float, float] = (1e-5, 0.0), **options: object) -> HeatModel:
    """Return a model of the grid with a weak film at the bottom unless told otherwise."""
    given = {"films": {"bottom": Film(20.0, 308.0)}, **options}
    return HeatModel(grid(contacts=contacts), CONDUCTIVITY, HEAT_CAPACITY, **given)  # type: ignore[arg-type]


def streams(tensor: TensorGrid, kind: str, spread: float = 0.0, seed: int = 0) -> tuple[Stream, ...]:
    """Return streams through the top layer; flow varies across them by `spread` around its mean."""
    shape = (tensor.x.size, tensor.y.size - 1)
    random = np.random.default_rng(seed)
    found = []
    for pieces in PIECES[kind]:
        rate = np.zeros(shape)
        for first, last, _ in pieces:
            rate[:, first : last + 1] = 4000.0 * (1 + spread * random.uniform(-1, 1, (shape[0], 1)))
        exchange = 1.5e4 * (1 + spread * random.uniform(-1, 1, shape))
        storage = np.full(shape, 500.0)
        found.append(
            Stream(walls(tensor, 1.0 / len(PIECES[kind])), rate, exchange, storage, np.diff(tensor.y), pieces, INLET)
        )
    return tuple(found)


def crossed(heat: HeatModel) -> tuple[Stream, ...]:
    """A stream along y over the top layer, and one along x over the lowest plane."""
    shape = heat.grid.y.size, heat.grid.x.size - 1
    below = Stream(
        WettedWalls(0, np.ones((1, 1))), np.full(shape, 6000.0), np.full(shape, 3e4), np.full(shape, 700.0),
        np.diff(heat.grid.x), [(0, shape[1] - 1, -1)], INLET - 5.0, axis="x",
    )  # fmt: skip
    return (*streams(heat.grid, "one pass", spread=0.2), below)


def walls(tensor: TensorGrid, share: float) -> WettedWalls:
    """Return side walls, floor and ceiling of channels in the top layer."""
    first, last = tensor.layer_planes[2]
    wetted = 1e4 * masses(tensor.z[first : last + 1])
    wetted[[0, -1], [0, -1]] += 0.5
    return WettedWalls(first, share * wetted)


def load(tensor: TensorGrid, watts: float = 60.0, seed: int = 3) -> Array:
    """Return random heat that sums to `watts`."""
    heat = np.random.default_rng(seed).uniform(0.0, 1.0, tensor.shape)
    return np.asarray(heat * (watts / heat.sum()))
