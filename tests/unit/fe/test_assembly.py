"""What DOLFINx assembles equals the tensor products of one-dimensional matrices."""

from functools import reduce

import numpy as np
import pytest
import scipy.sparse as sparse
from small_problems import CONDUCTIVITY, HEAT_CAPACITY, grid

from twin.fe.assembly import FACES, SolidMatrices, assemble_solid
from twin.fe.tensor import TensorGrid, mass, mass_through, stiffness, stiffness_through

CONTACTS = [(0.0, 0.0), (1e-5, 0.0), (1e-5, 3e-6)]


def kron(*parts: np.ndarray) -> sparse.csr_array:
    return sparse.csr_array(reduce(sparse.kron, [sparse.csr_array(part) for part in parts]))


def difference(found: sparse.csr_array, expected: sparse.csr_array) -> float:
    """Largest difference of entries over the largest entry."""
    return float(abs(found - expected).max() / abs(expected).max())


@pytest.fixture(scope="module", params=CONTACTS, ids=str)
def assembled(request: pytest.FixtureRequest) -> tuple[TensorGrid, SolidMatrices]:
    tensor = grid(contacts=request.param)
    return tensor, assemble_solid(tensor, CONDUCTIVITY, HEAT_CAPACITY)


def test_conduction_is_the_tensor_product(assembled: tuple[TensorGrid, SolidMatrices]) -> None:
    tensor, matrices = assembled
    x, y = tensor.x, tensor.y
    kx, ky, kz = (tensor.per_cell(CONDUCTIVITY[:, axis]) for axis in range(3))
    expected = (
        kron(stiffness(x), mass(y), mass_through(tensor, kx))
        + kron(mass(x), stiffness(y), mass_through(tensor, ky))
        + kron(mass(x), mass(y), stiffness_through(tensor, kz))
    )
    assert difference(matrices.conduction, expected) < 1e-13


def test_storage_is_the_tensor_product(assembled: tuple[TensorGrid, SolidMatrices]) -> None:
    tensor, matrices = assembled
    through = mass_through(tensor, tensor.per_cell(HEAT_CAPACITY))
    assert difference(matrices.storage, kron(mass(tensor.x), mass(tensor.y), through)) < 1e-13


@pytest.mark.parametrize("face", FACES)
def test_films_of_faces_are_the_tensor_product(assembled: tuple[TensorGrid, SolidMatrices], face: str) -> None:
    tensor, matrices = assembled
    axis, end = (
        "xyz".index({"b": "z", "t": "z"}.get(face[0], face[0])),
        0 if face in ("bottom", "x_min", "y_min") else -1,
    )
    parts = [mass(tensor.x), mass(tensor.y), mass_through(tensor, np.ones(tensor.cell_planes.size))]
    corner = np.zeros_like(parts[axis])
    corner[end, end] = 1.0
    parts[axis] = corner
    assert difference(matrices.faces[face], kron(*parts)) < 1e-13


def test_uniform_temperature_conducts_nothing(assembled: tuple[TensorGrid, SolidMatrices]) -> None:
    _, matrices = assembled
    rows = matrices.conduction.sum(axis=1)
    assert np.abs(rows).max() < 1e-12 * abs(matrices.conduction).max()
    assert abs(matrices.conduction - matrices.conduction.T).max() < 1e-14 * abs(matrices.conduction).max()
