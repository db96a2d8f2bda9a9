"""From layers to grids: effective properties, wetted walls, nodes and means."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin import library
from twin.spec.material import Material
from twin.thermal.hydraulics import ChannelGeometry
from twin.thermal.layers import (
    build_grid,
    channel_layer,
    layer_mean_weights,
    mean_weights,
    nodes_between,
    solid_layer,
    tile_nodes,
    wetted_walls,
)

GEOMETRY = ChannelGeometry(width=100e-6, wall=60e-6, height=300e-6)
ORTHOTROPIC = Material.model_construct(conductivity=(10.0, 20.0, 30.0), density=2000.0, specific_heat=500.0)


def test_solid_layer_takes_its_material() -> None:
    silicon = library.load("material", "silicon")
    layer = solid_layer("die", 1e-3, 2, "silicon", 1e-5)
    assert layer.conductivity == (silicon.conductivity,) * 3
    assert layer.heat_capacity == silicon.density * silicon.specific_heat
    assert solid_layer("die", 1e-3, 2, ORTHOTROPIC).conductivity == (10.0, 20.0, 30.0)
    assert solid_layer("die", 1e-3, 2, ORTHOTROPIC).heat_capacity == 1e6


def test_channel_layer_is_walls_in_parallel_along_and_in_series_across() -> None:
    layer = channel_layer("channels", GEOMETRY, 4, ORTHOTROPIC, 0.6)
    fluid = 100 / 160
    across, along, through = layer.conductivity
    assert along == pytest.approx(20 * (1 - fluid))
    assert through == pytest.approx(30 * (1 - fluid))
    assert 160e-6 / across == pytest.approx(60e-6 / 10 + 100e-6 / 0.6)
    assert layer.heat_capacity == pytest.approx(1e6 * (1 - fluid))
    assert layer.thickness == GEOMETRY.height


@pytest.mark.parametrize(
    ("place", "wetted"), [(0, ("sides", "ceiling")), (1, ("sides", "floor", "ceiling")), (2, ("sides", "floor"))]
)
def test_wetted_walls_by_place_in_the_stack(place: int, wetted: tuple[str, ...]) -> None:
    """Outer covers are not wetted; areas per plan area: sides 2 H / p, floor and ceiling w / p."""
    layers = [solid_layer(str(i), 1e-4, 2, "silicon") for i in range(2)]
    layers.insert(place, channel_layer("channels", GEOMETRY, 3, "silicon", 0.6))
    grid = build_grid(np.linspace(0, 1, 3), np.linspace(0, 1, 3), layers)
    walls = wetted_walls(grid, place, GEOMETRY)
    areas = {"sides": 2 * 300 / 160, "floor": 100 / 160, "ceiling": 100 / 160}
    assert walls.weights.sum() == pytest.approx(sum(areas[name] for name in wetted))
    sides = np.array([1, 2, 2, 1]) / 6 * areas["sides"]
    ends = np.array([areas["floor"] * ("floor" in wetted), 0, 0, areas["ceiling"] * ("ceiling" in wetted)])
    np.testing.assert_allclose(walls.weights, sides + ends)
    assert walls.first == grid.layer_planes[place][0]
    half = wetted_walls(grid, place, GEOMETRY, 0.5)
    np.testing.assert_allclose(half.exchange, walls.exchange / 2)


def test_resolved_wall_is_its_own_fin() -> None:
    """Heat into floor and walls under an adiabatic cover: h w / p + (wall / p) k m tanh(m H)."""
    h, k = 2e4, 120.0
    wall_material = Material.model_construct(conductivity=k, density=2330.0, specific_heat=700.0)
    layers = [solid_layer("die", 1e-4, 1, "silicon"), channel_layer("channels", GEOMETRY, 40, wall_material, 0.6)]
    grid = build_grid(np.array([0.0, 1.0]), np.array([0.0, 1.0]), layers)
    walls = wetted_walls(grid, 1, GEOMETRY)
    through = layers[1].conductivity[2] / np.diff(grid.z[1:])
    matrix = h * walls.exchange
    for j, conductance in enumerate(through):
        matrix[j : j + 2, j : j + 2] += conductance * np.array([[1, -1], [-1, 1]])
    conductance = 1 / np.linalg.inv(matrix)[0, 0]
    m = np.sqrt(2 * h / (k * GEOMETRY.wall))
    fin = GEOMETRY.wall * k * m * np.tanh(m * GEOMETRY.height)
    assert conductance == pytest.approx((h * GEOMETRY.width + fin) / GEOMETRY.pitch, rel=1e-4)


@given(points=st.lists(st.floats(0, 1), max_size=5), cells=st.integers(1, 40))
def test_nodes_pass_through_breakpoints_and_are_fine_enough(points: list[float], cells: int) -> None:
    nodes = nodes_between([0.0, *points, 1.0], cells)
    assert nodes[0] == 0.0
    assert nodes[-1] == 1.0
    assert (np.diff(nodes) > 1e-10).all()
    assert np.diff(nodes).max() <= (1 / cells) * (1 + 1e-9)
    assert all(np.abs(nodes - point).min() <= 2e-9 for point in points)


def test_breakpoints_that_coincide_are_one_node() -> None:
    assert nodes_between([0.0, 0.5, 0.5 + 1e-11, 1.0], 2).size == 3


def test_tile_nodes_grade_towards_tile_edges() -> None:
    nodes = tile_nodes(0.3, 3, 4, 0.6)
    sizes = np.diff(nodes).reshape(3, 4)
    assert nodes[[0, 4, 8, 12]] == pytest.approx([0.0, 0.1, 0.2, 0.3])
    np.testing.assert_allclose(sizes, np.tile([0.6, 1.4, 1.4, 0.6], (3, 1)) * 0.1 / 4)
    np.testing.assert_allclose(tile_nodes(0.3, 3, 2, 1.0), np.linspace(0, 0.3, 7))


def test_means_are_exact_for_linear_fields() -> None:
    nodes = tile_nodes(1.0, 2, 3, 0.5)
    weights = mean_weights(nodes, (0.13, 0.77))
    assert weights.sum() == pytest.approx(1.0)
    assert weights @ nodes == pytest.approx(0.45)
    layers = [solid_layer(str(i), (i + 1) * 1e-4, 3, "silicon", 1e-5 * (i > 0)) for i in range(3)]
    grid = build_grid(nodes, nodes, layers)
    assert layer_mean_weights(grid, 1) @ grid.z == pytest.approx(2e-4)
    assert np.flatnonzero(layer_mean_weights(grid, 1)).tolist() == [4, 5, 6, 7]
