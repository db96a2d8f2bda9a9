"""Grids of layers and their one-dimensional matrices, against integrals done by hand or by quadrature."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_problems import graded, grid

from twin.fe.tensor import basis_integrals, basis_values, low_shares, node_lengths, stiffness, with_midpoints

DEGREES = [1, 2]


def test_stiffness_and_masses_of_two_elements_by_hand() -> None:
    nodes = np.array([0.0, 2.0, 3.0])
    np.testing.assert_allclose(stiffness(nodes).toarray(), [[0.5, -0.5, 0], [-0.5, 1.5, -1], [0, -1, 1]])
    np.testing.assert_allclose(node_lengths(nodes), [1.0, 1.5, 0.5])
    quadratic = with_midpoints(np.array([0.0, 3.0]), 2)
    np.testing.assert_allclose(node_lengths(quadratic, 2), [0.5, 2.0, 0.5])
    np.testing.assert_allclose(stiffness(quadratic, 2).toarray(), np.array([[7, -8, 1], [-8, 16, -8], [1, -8, 7]]) / 9)


@pytest.mark.parametrize("degree", DEGREES)
def test_stiffness_integrates_polynomials_of_its_degree_exactly(degree: int) -> None:
    """int u'^2 of u = 3 - 2 x + c x^2, with c = 0 at degree 1."""
    nodes = with_midpoints(graded(2.0, 9, 5), degree)
    c = 0.7 * (degree - 1)
    u = 3.0 - 2.0 * nodes + c * nodes**2
    exact = sum(w * (-2.0 + 2 * c * x) ** 2 for x, w in zip(*gauss(2.0), strict=True))
    assert u @ stiffness(nodes, degree) @ u == pytest.approx(exact, rel=1e-13)
    assert node_lengths(nodes, degree).sum() == pytest.approx(2.0, rel=1e-14)


def gauss(extent: float) -> tuple[np.ndarray, np.ndarray]:
    points, weights = np.polynomial.legendre.leggauss(4)
    return (points + 1) * extent / 2, weights * extent / 2


def test_conduction_matrices_of_degree_one_are_m_matrices() -> None:
    """Off-diagonals that are never positive keep temperatures within what heat and sinks allow."""
    for matrix in (stiffness(graded(1.0, 9, 5)), grid().conduction_through(np.arange(1.0, 7.0))):
        dense = matrix.toarray()
        assert (dense - np.diag(np.diag(dense)) <= 0).all()
        np.testing.assert_allclose(dense.sum(axis=1), 0.0, atol=1e-12 * dense.max())


def test_contacts_double_their_plane_and_only_theirs() -> None:
    tensor = grid(contacts=(1e-5, 2e-5))
    assert tensor.layer_planes == ((0, 3), (4, 5), (6, 8))
    assert tensor.contacts == ((3, 1e-5), (5, 2e-5))
    assert tensor.slabs == ((0, 3), (4, 5), (6, 8))
    assert tensor.z[3] == tensor.z[4]
    assert grid(contacts=(0.0, 2e-5)).layer_planes == ((0, 3), (3, 4), (5, 7))
    assert grid(contacts=(0.0, 0.0)).slabs == ((0, 6),)
    assert tensor.size == 7 * 13 * 9


@pytest.mark.parametrize("degree", DEGREES)
def test_shares_of_intervals_add_up_to_the_weights_of_nodes(degree: int) -> None:
    nodes = with_midpoints(graded(1.0, 5, 3), degree)
    lengths, low = np.diff(nodes), low_shares(nodes, degree)
    total = np.append(lengths * low, 0.0) + np.insert(lengths * (1 - low), 0, 0.0)
    np.testing.assert_allclose(total, node_lengths(nodes, degree), rtol=1e-13)


@pytest.mark.parametrize("degree", DEGREES)
def test_series_resistance_through_a_grid_is_exact(degree: int) -> None:
    """One watt per area through all layers and both contacts: sum of d/k and of the contacts."""
    tensor = grid(contacts=(1e-5, 2e-5), degree=degree)
    conductivity = tensor.per_cell([120.0, 4.0, 60.0])
    matrix = tensor.conduction_through(conductivity).toarray()
    matrix[0, 0] += 1e15
    temperature = np.linalg.solve(matrix, np.eye(tensor.z.size)[-1])
    exact = 0.4e-3 / 120 + 0.05e-3 / 4 + 0.3e-3 / 60 + 3e-5
    assert temperature[-1] == pytest.approx(exact, rel=1e-9)
    assert tensor.through(conductivity).sum() == pytest.approx(120 * 0.4e-3 + 4 * 0.05e-3 + 60 * 0.3e-3)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    cells=st.integers(1, 12),
    places=st.lists(st.floats(0, 1), min_size=2, max_size=6),
    degree=st.sampled_from(DEGREES),
)
def test_basis_integrals_are_exact(seed: int, cells: int, places: list[float], degree: int) -> None:
    """Against Gauss quadrature between all nodes and edges; sums are lengths."""
    nodes, edges = with_midpoints(graded(1.0, cells, seed), degree), np.sort(places)
    found = basis_integrals(nodes, edges, degree)
    cuts = np.union1d(nodes, edges)
    points, weights = np.polynomial.legendre.leggauss(2)
    exact = np.zeros_like(found)
    for low, high in itertools.pairwise(cuts):
        column = np.searchsorted(edges, (low + high) / 2) - 1
        if 0 <= column < edges.size - 1:
            for point, weight in zip(points, weights, strict=True):
                place = low + (point + 1) / 2 * (high - low)
                exact[:, column] += weight / 2 * (high - low) * basis_values(nodes, place, degree)
    np.testing.assert_allclose(found, exact, atol=1e-13)
    np.testing.assert_allclose(found.sum(axis=0), np.diff(edges), atol=1e-14)


@pytest.mark.parametrize("degree", DEGREES)
def test_basis_reproduces_polynomials_of_its_degree(degree: int) -> None:
    """Values interpolate them; integrals keep the first moment, hence the centroid of what is spread."""
    nodes, edges = with_midpoints(graded(1.0, 7, 2), degree), np.array([0.13, 0.31, 0.9])
    for place in (0.0, 0.2, 0.77, 1.0, float(nodes[3])):
        values = basis_values(nodes, place, degree)
        assert values @ nodes**degree == pytest.approx(place**degree, abs=1e-14)
        assert values.sum() == pytest.approx(1.0, rel=1e-14)
    np.testing.assert_allclose(nodes @ basis_integrals(nodes, edges, degree), np.diff(edges**2) / 2, rtol=1e-13)
