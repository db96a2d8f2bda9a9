"""The scan of a coolant stream against dense equations written out cell by cell."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_problems import INLET, PIECES, grid, streams

from twin.fe.stream import Stream
from twin.fe.tensor import Array, low_shares

KINDS = list(PIECES)
STEPS = [None, 2e-3]


def wall_temperatures(stream: Stream, seed: int) -> Array:
    columns, cells = stream.capacity_rate.shape
    shape = (columns, cells + 1, stream.walls.weights.size)
    return np.random.default_rng(seed).uniform(300.0, 340.0, shape)


def dense_temperatures(stream: Stream, wall: Array, step: float | None, old: Array) -> Array:
    """Solve g (F - F_in) + c dy (F - old) / step = h dy [w (T_j + T_j+1)/2 - W (F + F_in)/2] for a column each."""
    columns, cells = stream.capacity_rate.shape
    feeds = {}
    for first, last, direction in stream.pieces:
        order = list(range(first, last + 1))[::direction]
        feeds.update(dict(zip(order, [None, *order[:-1]], strict=True)))
    result = np.empty((columns, cells))
    for i in range(columns):
        matrix, right = np.zeros((cells, cells)), np.zeros(cells)
        for j in range(cells):
            dy = stream.lengths[j]
            h, g = stream.exchange[i, j] * dy, stream.capacity_rate[i, j]
            around = h * stream.walls.weights.sum()
            right[j] = h * stream.walls.weights @ (wall[i, j] + wall[i, j + 1]) / 2
            if step is not None:
                matrix[j, j] += stream.storage[i, j] * dy / step
                right[j] += stream.storage[i, j] * dy / step * old[i, j]
            if j not in feeds:
                matrix[j, j] += around
                continue
            matrix[j, j] += g + around / 2
            if feeds[j] is None:
                right[j] += (g - around / 2) * stream.inlet
            else:
                matrix[j, feeds[j]] -= g - around / 2
        assert (stream.conductance * stream.walls.weights.sum() < 2 * stream.capacity_rate)[:, stream.moving].all()
        result[i] = np.linalg.solve(matrix, right)
    return result


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("kind", KINDS)
def test_scan_solves_the_dense_equations(kind: str, step: float | None) -> None:
    for stream in streams(grid(), kind, spread=0.4):
        wall = wall_temperatures(stream, 1)
        old = np.random.default_rng(2).uniform(290.0, 320.0, stream.capacity_rate.shape)
        found = stream.temperatures(wall, step, old if step else None)
        np.testing.assert_allclose(found, dense_temperatures(stream, wall, step, old), rtol=1e-13)


def test_standing_coolant_takes_the_temperature_of_its_walls() -> None:
    (stream,) = streams(grid(), "dead cells")
    wall = np.full(wall_temperatures(stream, 1).shape, 333.0)
    found = stream.temperatures(wall)
    still = ~stream.moving
    assert list(np.flatnonzero(still)) == [0, 1, 10, 11]
    np.testing.assert_allclose(found[:, still], 333.0, rtol=1e-13)
    assert (found[:, stream.moving] < 333.0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_uniform_temperature_stays(kind: str) -> None:
    for stream in streams(grid(), kind, spread=0.4):
        wall = np.full(wall_temperatures(stream, 1).shape, INLET)
        for step in STEPS:
            old = np.full(stream.capacity_rate.shape, INLET) if step else None
            np.testing.assert_allclose(stream.temperatures(wall, step, old), INLET, rtol=1e-14)


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    spread=st.floats(0.0, 0.9),
    seed=st.integers(0, 10**6),
    step=st.sampled_from([None, 1e-4, 0.1]),
    quadratic=st.booleans(),
)
def test_heat_from_walls_is_heat_to_the_coolant(
    kind: str, spread: float, seed: int, step: float | None, quadratic: bool
) -> None:
    """Column by column, for any flow: what leaves the walls leaves at the outlets or is stored."""
    tensor = grid()
    widths = np.random.default_rng(seed).uniform(0.5, 2.0, tensor.x.size)
    shares = low_shares(tensor.y, 2) if quadratic else 0.5
    for plain in streams(tensor, kind, spread, seed):
        stream = replace(plain, low_shares=shares)
        wall = wall_temperatures(stream, seed)
        old = np.random.default_rng(seed + 1).uniform(290.0, 320.0, stream.capacity_rate.shape)
        found = stream.temperatures(wall, step, old if step else None)
        taken = stream.load(wall, found).sum(axis=(1, 2)) @ widths
        stored = (stream.stored(found, widths) - stream.stored(old, widths)) / step if step else 0.0
        scale = abs(taken) + abs(stored)
        assert abs(taken - stream.heat(found, widths) - stored) < 1e-12 * max(
            scale, stored_rounding(stream, widths, step)
        )


def stored_rounding(stream: Stream, widths: Array, step: float | None) -> float:
    """Heat content over 0 K by the step in W: its differences round by 1e-16 of it."""
    return stream.stored(np.full(stream.capacity_rate.shape, INLET), widths) / step if step else 0.0


def test_outlet_mean_is_mixed() -> None:
    (stream,) = streams(grid(), "manifold", spread=0.5)
    found = stream.temperatures(wall_temperatures(stream, 4))
    widths = np.linspace(1.0, 2.0, stream.capacity_rate.shape[0])
    rate = (widths[:, None] * stream.capacity_rate[:, stream.outlets]).sum()
    assert stream.heat(found, widths) == pytest.approx(rate * (stream.outlet_mean(found, widths) - INLET), rel=1e-12)
    assert sorted(stream.outlets) == [2, 3, 8, 9]


def test_isothermal_wall_is_approached_at_second_order() -> None:
    """F = T + (inlet - T) exp(-NTU): errors at the outlet fall fourfold with half the cells."""
    errors = []
    for cells in (8, 16, 32):
        tensor = grid(ny=2)
        (coarse,) = (s for s in streams(grid(), "one pass"))
        stream = Stream(
            coarse.walls, np.full((1, cells), 4000.0), np.full((1, cells), 1.5e4), np.zeros((1, cells)),
            np.full(cells, tensor.y[-1] / cells), [(0, cells - 1, 1)], INLET,
        )  # fmt: skip
        wall = np.full((1, cells + 1, stream.walls.weights.size), 350.0)
        units = 1.5e4 * tensor.y[-1] * stream.walls.weights.sum() / 4000.0
        exact = 350.0 + (INLET - 350.0) * np.exp(-units)
        errors.append(abs(stream.temperatures(wall)[0, -1] - exact))
    assert np.log2(np.divide(errors[:-1], errors[1:])) == pytest.approx([2, 2], abs=0.05)
