"""Generalised conjugate residuals against dense solves."""

import numpy as np
import pytest

from twin.fe.krylov import NotConverged, solve


@pytest.fixture
def matrix() -> np.ndarray:
    """A nonsymmetric matrix with a positive definite symmetric part."""
    random = np.random.default_rng(0)
    return 4 * np.eye(30) + random.normal(size=(30, 30)) / 3


@pytest.fixture
def right() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(5, 6))


def applied(matrix: np.ndarray):
    return lambda values: (matrix @ values.ravel()).reshape(values.shape)


def test_solution_is_that_of_a_dense_solve(matrix: np.ndarray, right: np.ndarray) -> None:
    found, iterations = solve(applied(matrix), lambda r: r, right, 1e-11)
    exact = np.linalg.solve(matrix, right.ravel()).reshape(right.shape)
    np.testing.assert_allclose(found, exact, atol=1e-10)
    assert 1 < iterations <= 30


def test_exact_preconditioner_needs_one_iteration(matrix: np.ndarray, right: np.ndarray) -> None:
    _, iterations = solve(applied(matrix), applied(np.linalg.inv(matrix)), right, 1e-11)
    assert iterations == 1


def test_better_preconditioner_needs_fewer_iterations(matrix: np.ndarray, right: np.ndarray) -> None:
    near = np.linalg.inv(matrix + 0.05 * np.random.default_rng(2).normal(size=matrix.shape))
    plain, better = (solve(applied(matrix), p, right, 1e-11)[1] for p in (lambda r: r, applied(near)))
    assert better < plain


def test_residual_within_tolerance_is_left_alone(matrix: np.ndarray, right: np.ndarray) -> None:
    found, iterations = solve(applied(matrix), lambda r: r, right, 2 * np.linalg.norm(right))
    assert iterations == 0
    assert not found.any()


def test_given_residual_is_not_changed(matrix: np.ndarray, right: np.ndarray) -> None:
    before = right.copy()
    solve(applied(matrix), lambda r: r, right, 1e-11)
    np.testing.assert_array_equal(right, before)


def test_stagnation_is_told(matrix: np.ndarray, right: np.ndarray) -> None:
    with pytest.raises(NotConverged, match="after 3 iterations"):
        solve(applied(matrix), lambda r: r, right, 1e-11, most=3)
    with pytest.raises(NotConverged):
        solve(lambda values: np.zeros_like(values), lambda r: r, right, 1e-11)
