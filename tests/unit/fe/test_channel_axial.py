"""Elements along a channel, one node in the section: exact solutions, orders, conservation."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sparse

from twin.fe.channel_axial import AxialSolution, SectionOperators, axial_matrices, solve_along


def solve(
    lines: np.ndarray, film: float, axial: float, load: float, inlet: float, outlet: float = 0.0
) -> AxialSolution:
    """T' - axial T'' + film T = load with heat `inlet` and `outlet` into the ends."""
    one, film_, axial_ = (sparse.csr_array(np.array([[value]])) for value in (1.0, film, axial))
    operators = SectionOperators(one, film_, axial_, insulated=film == 0.0)
    loads = (np.array([value]) for value in (load, inlet, outlet))
    return solve_along(operators, np.ones((1, 1)), lines, *loads)


def test_quadratic_temperatures_are_exact() -> None:
    """T = x^2 with conduction: the ends conduct nothing in at x = 0 and 2 k at x = 1; f = 2 x - 2 k is linear in x."""
    lines, k = np.array([0.0, 0.1, 0.5, 1.0]), 0.3
    along = axial_matrices(lines)
    x = along.points
    right = along.mass @ (2 * x - 2 * k)
    right[-1] += 2 * k
    found = sparse.linalg.spsolve((along.advection + k * along.conduction).tocsc(), right)
    assert found == pytest.approx(x**2, abs=1e-12)


def test_decay_converges_at_order_five_at_the_ends_of_elements() -> None:
    errors = []
    for cells in (4, 8, 16):
        found = solve(np.linspace(0, 1, cells + 1), film=3.0, axial=0.0, load=0.0, inlet=1.0)
        errors.append(abs(found.at_stations(np.ones(1))[-1] - np.exp(-3.0)))
    assert np.log2(np.array(errors[:-1]) / errors[1:]) == pytest.approx(5.0, abs=0.2)


def test_conduction_against_the_flow() -> None:
    """Heat into the outlet decays upstream as exp((x - L)/k): T = q exp(-(L - x)/k), none of it at the inlet."""
    errors = []
    for cells in (32, 64):
        found = solve(np.linspace(0, 1, cells + 1), film=0.0, axial=0.1, load=0.0, inlet=0.0, outlet=1.0)
        values = found.at_stations(np.ones(1))
        errors.append(np.abs(values - np.exp((found.stations - 1) / 0.1)).max())
        assert values[-1] == pytest.approx(1.0, rel=1e-12), "all heat leaves with the flow"
    assert errors[1] < 1e-5
    assert np.log2(errors[0] / errors[1]) == pytest.approx(3.0, abs=0.4)


def test_stations_are_the_inlet_and_the_ends_of_elements() -> None:
    lines = np.array([0.0, 0.1, 0.5, 1.0])
    found = solve(lines, film=0.0, axial=0.0, load=2.0, inlet=1.0)
    assert found.stations == pytest.approx(lines)
    assert found.at_stations(np.ones(1)) == pytest.approx(1.0 + 2.0 * lines)
    assert found.section(-1) == pytest.approx([3.0])


def test_steep_inlets_do_not_oscillate() -> None:
    """A film a hundred times stronger than an element resolves: upwinding damps it at once."""
    found = solve(np.linspace(0, 1, 5), film=400.0, axial=0.0, load=0.0, inlet=1.0)
    values = np.abs(found.at_stations(np.ones(1)))
    assert (values[1:] < 0.05).all()
    assert (np.diff(values[1:]) < 0).all()
