"""The on-wafer grid under constant-power loads."""

import numpy as np
import pytest
from scipy.sparse.linalg import spsolve

from twin import library
from twin.delivery.grid import WaferGrid, wafer_grid
from twin.delivery.grid_solution import GridSolution
from twin.errors import RunStopped
from twin.spec.chip import Chip, Seam
from twin.spec.delivery import DeliveryDesign


@pytest.fixture(scope="module")
def chip() -> Chip:
    return library.load("chip", "wse3")


@pytest.fixture(scope="module")
def design() -> DeliveryDesign:
    return library.load("delivery", "vertical-48v")


@pytest.fixture(scope="module")
def grid(chip: Chip, design: DeliveryDesign) -> WaferGrid:
    return wafer_grid(chip, design, (4, 4), 1)


@pytest.fixture(scope="module")
def power() -> np.ndarray:
    drawn = np.random.default_rng(3).uniform(0.2, 2.0, (48, 28))
    return drawn * 20e3 / drawn.sum()


@pytest.fixture(scope="module")
def set_voltage() -> np.ndarray:
    return 0.85 + 0.02 * np.random.default_rng(4).standard_normal((12, 7))


@pytest.fixture(scope="module")
def solution(grid: WaferGrid, power: np.ndarray, set_voltage: np.ndarray) -> GridSolution:
    return grid.solve(power, set_voltage, tolerance=1e-13)


def test_power_balance_is_exact(grid, power, set_voltage, solution) -> None:
    assert abs(solution.imbalance) < 1e-12
    np.testing.assert_allclose(solution.device_power, power, rtol=1e-11)
    loose = grid.solve(power, set_voltage, tolerance=1e-3)
    assert abs(loose.imbalance) < 1e-12


def test_losses_are_those_of_the_assembled_matrices(grid, power, set_voltage, solution) -> None:
    """Solve again with the matrices of DOLFINx alone and compare currents and both losses."""
    density = power.ravel() / (solution.tile_voltage.ravel() * grid._tile_area)
    regulator = solution.regulator_voltage.ravel()
    load = grid._feed_of_die @ regulator - grid._tile_nodes @ density
    nodal = spsolve((grid.matrices.sheet + grid.matrices.feed).tocsc(), load)
    sheet = nodal @ (grid.matrices.sheet @ nodal)
    assert solution.sheet_loss.sum() == pytest.approx(sheet, rel=1e-9)
    linear = grid._feed_of_die @ regulator
    fed = nodal @ (grid.matrices.feed @ nodal) - 2 * nodal @ linear + regulator**2 @ grid.die_conductance
    assert solution.feed_loss.sum() == pytest.approx(fed, rel=1e-9)
    weights = grid.matrices.mass.sum(axis=0)
    np.testing.assert_allclose(grid._tile_nodes.sum(axis=1), weights, rtol=1e-10)


def test_regulators_follow_their_load_line(design, set_voltage, solution) -> None:
    expected = set_voltage - design.regulator.load_line * solution.die_current
    np.testing.assert_allclose(solution.regulator_voltage, expected, rtol=1e-12)


def test_losses_are_never_negative_and_voltages_ordered(solution) -> None:
    assert (solution.sheet_loss >= 0).all()
    assert (solution.feed_loss >= 0).all()
    assert (solution.die_minimum_voltage <= solution.die_voltage).all()
    blocks = solution.tile_voltage.reshape(12, 4, 7, 4)
    assert (solution.die_minimum_voltage <= blocks.min(axis=(1, 3))).all()
    np.testing.assert_allclose(blocks.mean(axis=(1, 3)), solution.die_voltage, rtol=1e-12)


def test_uniform_load_gives_the_lumped_solution(chip, design, grid) -> None:
    """Without lateral currents each die is V (V_set - (R_LL + 1/(g A)) P/V) = V^2, P per die."""
    total, set_point = 20e3, 0.85
    found = grid.solve(np.full((48, 28), total / (48 * 28)), np.full((12, 7), set_point), tolerance=1e-13)
    area = chip.size.x * chip.size.y / 84
    resistance = design.regulator.load_line + 1 / (design.connector_conductance * area)
    voltage = (set_point + np.sqrt(set_point**2 - 4 * resistance * total / 84)) / 2
    np.testing.assert_allclose(found.tile_voltage, voltage, rtol=1e-11)
    assert found.sheet_loss.sum() < 1e-12


def test_drop_is_mirrored_with_the_load(grid, power) -> None:
    set_point = np.full((12, 7), 0.85)
    there = grid.solve(power, set_point).tile_voltage
    back = grid.solve(power[::-1, ::-1], set_point).tile_voltage[::-1, ::-1]
    np.testing.assert_allclose(there, back, rtol=1e-9)


def test_more_power_never_raises_a_voltage(grid, power, solution, set_voltage) -> None:
    more = power.copy()
    more[20, 10] += 50.0
    assert (grid.solve(more, set_voltage).tile_voltage <= solution.tile_voltage + 1e-9).all()


def test_a_load_that_follows_its_voltage_is_found_as_by_repeated_constant_powers(grid, power, set_voltage) -> None:
    """Resistors draw P (V / V0)^2; the reference renews a constant power until it stands still."""

    def resistors(voltage: np.ndarray) -> np.ndarray:
        return power * (voltage / 0.8) ** 2

    voltage = np.full(power.shape, 0.8)
    for _ in range(12):
        voltage = grid.solve(resistors(voltage), set_voltage, voltage, tolerance=1e-13).tile_voltage
    found = grid.solve(resistors, set_voltage, tolerance=1e-12)
    np.testing.assert_allclose(found.tile_voltage, voltage, rtol=1e-11)
    np.testing.assert_allclose(found.device_power, resistors(voltage), rtol=1e-10)
    assert abs(found.imbalance) < 1e-12


@pytest.mark.parametrize("tolerance", [1e-3, 1e-5, 1e-7])
def test_error_is_bounded_by_what_is_reported_and_by_the_tolerance(
    grid, power, set_voltage, solution, tolerance
) -> None:
    found = grid.solve(power, set_voltage, tolerance=tolerance)
    true = np.abs(found.tile_voltage - solution.tile_voltage).max()
    assert true <= found.error <= tolerance * set_voltage.max()


def test_start_from_the_last_step_saves_iterations(grid, power, set_voltage, solution) -> None:
    again = grid.solve(power * 1.0001, set_voltage, start=solution.tile_voltage)
    assert again.iterations < grid.solve(power * 1.0001, set_voltage).iterations


def test_seams_keep_currents_of_unequal_dies_apart(chip, design, power) -> None:
    unequal = np.full((12, 7), 0.85)
    unequal[5, 3] = 0.80
    joined = wafer_grid(chip.model_copy(update={"seam": None}), design, (4, 4), 1)
    apart_chip = chip.model_copy(update={"seam": Seam.model_construct(width=5e-4, sheet_resistance=10.0)})
    apart = wafer_grid(apart_chip, design, (4, 4), 1)
    lost = [g.solve(power, unequal).sheet_loss.sum() for g in (joined, apart)]
    own = power.reshape(12, 4, 7, 4).sum(axis=(1, 3))[5, 3]
    supplied = [s.die_current[5, 3] * s.die_voltage[5, 3] for s in (g.solve(power, unequal) for g in (joined, apart))]
    assert lost[1] < lost[0]
    assert supplied[1] == pytest.approx(own, rel=0.02)
    assert supplied[0] < 0.5 * own


def test_tile_voltage_converges_with_the_mesh_at_second_order(chip, design, power) -> None:
    smooth = chip.model_copy(update={"seam": None})
    set_point = np.full((12, 7), 0.85)
    voltages = [wafer_grid(smooth, design, (4, 4), n).solve(power, set_point).tile_voltage for n in (1, 2, 4, 8)]
    errors = [np.abs(v - voltages[-1]).max() for v in voltages[:-1]]
    assert errors[0] < 1e-3
    assert np.log2(errors[0] / errors[1]) > 1.8


def test_collapse_is_told_not_iterated_through(grid, power) -> None:
    with pytest.raises(RunStopped, match="voltage collapse"):
        grid.solve(power * 12, np.full((12, 7), 0.85))


def test_single_die_has_one_regulator(design) -> None:
    gpu = library.load("chip", "h100-like")
    one = wafer_grid(gpu, library.load("delivery", "vertical-48v-gpu"), (8, 8), 2)
    found = one.solve(np.full((8, 8), 700 / 64), np.array([[0.9]]))
    assert found.die_current.shape == (1, 1)
    assert abs(found.imbalance) < 1e-12
