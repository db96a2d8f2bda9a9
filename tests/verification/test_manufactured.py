"""Manufactured solution of solid and coolant together: observed orders in three dimensions.

Tf = T0 + A(x) g(y), C' Tf' = G (Ts - Tf) at the wetted top, hence Ts = T0 + A (g + r g') + A s g' (1 - z^2) / 2
with r = C'/G and s = C'/kz: its flux through the top is what the coolant takes, none goes through the
bottom, and A' = g' = g'' = 0 at the ends. The body source is -div(k grad Ts). Source: Roache, ASME J.
Fluids Eng. 124 (2002) 4; Salari & Knupp, SAND2000-1444.
"""

import numpy as np
import pytest
from numpy.polynomial import Polynomial
from stack_files import orders

from twin.fe.heat import HeatModel, HeatSystem
from twin.fe.stream import Stream, WettedWalls
from twin.fe.tensor import Array, GridLayer, TensorGrid

KX, KY, KZ = 1.0, 0.5, 2.0
EXCHANGE, RATE, INLET = 4.0, 3.0, 1.0
R, S = RATE / EXCHANGE, RATE / KZ
G = Polynomial([0, 0, 0, 10, -15, 6])


def amplitude(x: Array) -> Array:
    return 1 + 0.5 * np.cos(np.pi * x)


def amplitude_bent(x: Array) -> Array:
    """A''."""
    return -0.5 * np.pi**2 * np.cos(np.pi * x)


def along_wall(y: Array, z: Array, direction: int, bent: int = 0) -> Array:
    """g + (r + s (1 - z^2) / 2) g' along the flow, or its second derivative along y."""
    place = y if direction > 0 else 1 - y
    return G.deriv(bent)(place) + (R + S * (1 - z**2) / 2) * G.deriv(bent + 1)(place)


def graded(cells: int) -> Array:
    """Nodes of a smooth grading that every refinement shares."""
    place = np.linspace(0.0, 1.0, cells + 1)
    return place + 0.1 * np.sin(2 * np.pi * place) / np.pi


def errors(cells: int, direction: int) -> tuple[float, float, float]:
    """Root mean square of the error in the solid and in the coolant, and the error of the heat."""
    grid = TensorGrid(graded(cells), graded(cells), (GridLayer(graded(cells // 2)),))
    model = HeatModel(grid, np.array([[KX, KY, KZ]]), np.array([1.0]))
    shape = (grid.x.size, grid.y.size - 1)
    stream = Stream(
        WettedWalls(grid.z.size - 1, np.ones((1, 1))), np.full(shape, RATE), np.full(shape, EXCHANGE),
        np.zeros(shape), np.diff(grid.y), [(0, shape[1] - 1, direction)], INLET,
    )  # fmt: skip
    x, y, z = np.meshgrid(grid.x, grid.y, grid.z, indexing="ij")
    place = y if direction > 0 else 1 - y
    wall = along_wall(y, z, direction)
    source = (
        -KX * amplitude_bent(x) * wall
        - KY * amplitude(x) * along_wall(y, z, direction, 2)
        + KZ * S * amplitude(x) * G.deriv()(place)
    )
    load = model.capacity_weights * source
    equations = HeatSystem(model, (stream,), None).at((stream,))
    state, balance, _ = equations.solve(load, np.full(grid.shape, INLET), 1e-12)
    assert balance.residual < 1e-10
    solid = state.solid - (INLET + amplitude(x) * wall)
    ends = grid.y[1:] if direction > 0 else 1 - grid.y[:-1]
    coolant = state.coolant[0] - (INLET + amplitude(grid.x)[:, None] * G(ends))
    weights = model.capacity_weights
    return (
        float(np.sqrt((weights * solid**2).sum())),
        float(np.sqrt(model.column_widths @ coolant**2 @ stream.lengths)),
        abs(balance.streams[0] - RATE),
    )


@pytest.mark.parametrize("direction", [1, -1])
def test_solid_and_coolant_are_of_second_order(direction: int) -> None:
    found = np.array([errors(cells, direction) for cells in (8, 16, 32)])
    for quantity in range(3):
        assert orders(found[:, quantity])[-1] == pytest.approx(2, abs=0.15)
    assert found[-1, 0] < 0.03
