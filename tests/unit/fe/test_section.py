"""Biquadratic sections and their meshes: polynomials are exact, meshes nest."""

from __future__ import annotations

import numpy as np
import pytest

from twin.fe.section import QuadraticSection, conduction, graded, line_load, weighted

ACROSS, UP = np.array([0.0, 0.1, 0.4, 1.0]), np.array([0.0, 0.5, 0.6, 2.0, 3.0])


@pytest.fixture(scope="module")
def section() -> QuadraticSection:
    return QuadraticSection(ACROSS, UP)


def test_nodes_are_numbered_row_by_row(section: QuadraticSection) -> None:
    y, z = np.meshgrid(section.nodes_across, section.nodes_up)
    assert section.shape == y.shape == (9, 7)
    trial, test = section.trial_and_test()
    mass = section.matrix(weighted(1.0, trial, test, section.measure))
    first, second = (y**2 * z).ravel(), (1 + z**2).ravel()
    # int y^2 z (1 + z^2) over [0, 1] x [0, 3]
    assert first @ mass @ second == pytest.approx((3**2 / 2 + 3**4 / 4) / 3)


def test_conduction_is_orthotropic_and_cellwise(section: QuadraticSection) -> None:
    trial, test = section.trial_and_test()
    values = np.ones((4, 3))
    values[1, 2] = 5.0  # y from 0.4 to 1, z from 0.5 to 0.6
    matrix = section.matrix(conduction(2.0, section.by_cell(values), trial, test, section.measure))
    y, z = (part.ravel() for part in np.meshgrid(section.nodes_across, section.nodes_up))
    assert y @ matrix @ y == pytest.approx(2.0 * 3.0)
    assert z @ matrix @ z == pytest.approx(3.0 + 4.0 * 0.6 * 0.1)
    assert np.abs(matrix @ np.ones(section.size)).max() < 1e-12


def test_functions_vectors_and_integrals(section: QuadraticSection) -> None:
    y, z = (part.ravel() for part in np.meshgrid(section.nodes_across, section.nodes_up))
    _, test = section.trial_and_test()
    function = section.function(y**2 + z)
    assert section.integral(function**2 * section.measure) == pytest.approx(3 / 5 + 2 * 9 / 2 / 3 + 9)
    load = section.vector(function * test * section.measure)
    assert load.sum() == pytest.approx(1.0 + 4.5)


def test_line_load_integrates_quadratics() -> None:
    nodes = np.array([0.0, 0.5, 1.0, 2.0, 3.0])
    assert line_load(nodes) @ nodes**2 == pytest.approx(9.0)


@pytest.mark.parametrize("towards", ["start", "end", "both"])
def test_coarser_meshes_are_contained_in_finer_ones(towards: str) -> None:
    fine, coarse = (graded(1.0, 3.0, cells, 3.0, towards=towards) for cells in (16, 8))
    assert (fine[0], fine[-1], fine.size) == (1.0, 3.0, 17)
    assert coarse == pytest.approx(fine[::2], rel=1e-14)
    sizes = np.diff(fine)
    finest = {"start": [0], "end": [15], "both": [0, 15]}[towards]
    assert sizes[finest] == pytest.approx(sizes.min())
    assert (sizes > 0).all()
