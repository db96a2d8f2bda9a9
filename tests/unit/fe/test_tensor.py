"""Grids of layers and their one-dimensional matrices, against integrals done by hand or by quadrature."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_problems import graded, grid

from twin.fe.tensor import hat_integrals, mass, mass_through, stiffness, stiffness_through

LINEAR = 3.0, -2.0


def test_stiffness_and_mass_of_two_cells_by_hand() -> None:
    nodes = np.array([0.0, 2.0, 3.0])
    np.testing.assert_allclose(stiffness(nodes), [[0.5, -0.5, 0], [-0.5, 1.5, -1], [0, -1, 1]])
    np.testing.assert_allclose(mass(nodes), np.array([[4, 2, 0], [2, 6, 1], [0, 1, 2]]) / 6)


def test_matrices_integrate_linear_functions_exactly() -> None:
    """int c u'^2 and int c u^2 of u = a + b x, with a coefficient by cell."""
    nodes = graded(2.0, 9, 5)
    coefficient = np.random.default_rng(1).uniform(0.5, 2.0, 9)
    a, b = LINEAR
    u = a + b * nodes
    assert u @ stiffness(nodes, coefficient) @ u == pytest.approx(b**2 * coefficient @ np.diff(nodes), rel=1e-13)
    primitive = u**3 / (3 * b)
    assert u @ mass(nodes, coefficient) @ u == pytest.approx(coefficient @ np.diff(primitive), rel=1e-13)


def test_contacts_double_their_plane_and_only_theirs() -> None:
    tensor = grid(contacts=(1e-5, 2e-5))
    assert tensor.layer_planes == ((0, 3), (4, 5), (6, 8))
    assert tensor.contacts == ((3, 1e-5), (5, 2e-5))
    assert tensor.slabs == ((0, 3), (4, 5), (6, 8))
    assert tensor.z[3] == tensor.z[4]
    assert grid(contacts=(0.0, 2e-5)).layer_planes == ((0, 3), (3, 4), (5, 7))
    assert grid(contacts=(0.0, 0.0)).slabs == ((0, 6),)
    assert tensor.size == 7 * 13 * 9


def test_series_resistance_through_a_grid_is_exact() -> None:
    """One watt per area through all layers and both contacts: sum of d/k and of the contacts."""
    tensor = grid(contacts=(1e-5, 2e-5))
    conductivity = tensor.per_cell([120.0, 4.0, 60.0])
    matrix = stiffness_through(tensor, conductivity)
    matrix[0, 0] += 1e15
    temperature = np.linalg.solve(matrix, np.eye(tensor.z.size)[-1])
    exact = 0.4e-3 / 120 + 0.05e-3 / 4 + 0.3e-3 / 60 + 3e-5
    assert temperature[-1] == pytest.approx(exact, rel=1e-9)
    assert mass_through(tensor, conductivity).sum() == pytest.approx(120 * 0.4e-3 + 4 * 0.05e-3 + 60 * 0.3e-3)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), cells=st.integers(1, 12), places=st.lists(st.floats(0, 1), min_size=2, max_size=6))
def test_hat_integrals_are_exact(seed: int, cells: int, places: list[float]) -> None:
    """Against Simpson's rule between all nodes and edges, which is exact for hats; sums are lengths."""
    nodes, edges = graded(1.0, cells, seed), np.sort(places)
    found = hat_integrals(nodes, edges)
    cuts = np.union1d(nodes, edges)
    middles = (cuts[1:] + cuts[:-1]) / 2
    hats = np.eye(nodes.size)
    for j in range(edges.size - 1):
        inside = (middles > edges[j]) & (middles < edges[j + 1])
        exact = [np.interp(middles, nodes, hat)[inside] @ np.diff(cuts)[inside] for hat in hats]
        np.testing.assert_allclose(found[:, j], exact, atol=1e-14)
    np.testing.assert_allclose(found.sum(axis=0), np.diff(edges), atol=1e-14)


def test_hat_integrals_keep_the_first_moment() -> None:
    """Hats reproduce linear functions, hence the centroid of what is spread with them."""
    nodes, edges = graded(1.0, 7, 2), np.array([0.13, 0.31, 0.9])
    moments = nodes @ hat_integrals(nodes, edges)
    np.testing.assert_allclose(moments, np.diff(edges**2) / 2, rtol=1e-13)
