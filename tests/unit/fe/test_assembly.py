"""The tensor operator equals what DOLFINx assembles from the weak forms."""

import numpy as np
import pytest
from small_problems import CONDUCTIVITY, HEAT_CAPACITY, grid, model

from twin.fe.assembly import assemble
from twin.fe.parallel import Slabs
from twin.fe.solid import FACES, TensorOperator
from twin.fe.tensor import TensorGrid

CONTACTS = [(0.0, 0.0), (1e-5, 0.0), (1e-5, 3e-6)]


def difference(tensor: TensorGrid, *arguments: object, **options: object) -> float:
    """Largest difference of heats over the largest heat, for random temperatures."""
    slabs = Slabs(tensor.x.size)
    solid = np.random.default_rng(0).uniform(-1.0, 1.0, tensor.shape)
    found = TensorOperator.of(tensor, slabs, *arguments, **options).apply(solid)  # type: ignore[arg-type]
    expected = assemble(tensor, slabs, *arguments, **options).apply(solid)  # type: ignore[arg-type]
    return float(np.abs(found - expected).max() / np.abs(expected).max())


@pytest.mark.parametrize("degree", [1, 2])
@pytest.mark.parametrize("contacts", CONTACTS, ids=str)
def test_conduction_and_storage_are_those_of_the_forms(contacts: tuple[float, float], degree: int) -> None:
    tensor = grid(contacts=contacts, degree=degree)
    k, capacity = tensor.per_cell(CONDUCTIVITY), tensor.per_cell(HEAT_CAPACITY)
    assert difference(tensor, k) < 1e-14
    assert difference(tensor, 0.0 * k, storage=capacity / 1e-3, contacts=False) < 1e-14
    assert difference(tensor, k, storage=capacity / 1e-3) < 1e-14


@pytest.mark.parametrize("degree", [1, 2])
@pytest.mark.parametrize("face", FACES)
def test_films_are_those_of_the_forms(face: str, degree: int) -> None:
    tensor = grid(degree=degree)
    nothing = np.zeros((tensor.cell_planes.size, 3))
    assert difference(tensor, nothing, {face: 700.0}, contacts=False) < 1e-14


def test_uniform_temperature_conducts_nothing() -> None:
    heat = model(films={})
    assert np.abs(heat.operator(None).apply(np.ones(heat.shape))).max() < 1e-15 * heat.stiffest


def test_areas_and_capacities_add_up() -> None:
    heat = model()
    areas = {face: float(heat.face_weights(face).sum()) for face in FACES}
    height = 0.75e-3
    assert areas["bottom"] == areas["top"] == pytest.approx(120e-6, rel=1e-13)
    assert areas["x_min"] == areas["x_max"] == pytest.approx(10e-3 * height, rel=1e-13)
    assert areas["y_min"] == areas["y_max"] == pytest.approx(12e-3 * height, rel=1e-13)
    content = HEAT_CAPACITY @ [0.4e-3, 0.05e-3, 0.3e-3] * 120e-6
    assert heat.capacity_weights.sum() == pytest.approx(content, rel=1e-13)
