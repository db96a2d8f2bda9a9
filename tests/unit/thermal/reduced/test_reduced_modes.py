"""The modes across the flow are the finite-element equations where properties and flow do not vary across it."""

from __future__ import annotations

import numpy as np
import pytest
from reduced_wafers import CONSTANT, DESIGNS, FLOW, random_heat

from twin import library
from twin.spec.chip import Array as Tiles
from twin.thermal.coolant import load_coolant
from twin.thermal.reduced.modes import WaferModes
from twin.thermal.reduced.rows import TileRows
from twin.thermal.reduced.sources import board_film, heat_by_row, row_coolant
from twin.thermal.wafer import WaferThermalModel

INLET = 303.15


def constant_wafer(design: str) -> WaferThermalModel:
    """Return a wafer whose coolant does not change with temperature."""
    return WaferThermalModel(
        library.load("chip", "wse3"), library.load("cooling", design), library.load("mesh", "wafer-coarse"),
        load_coolant(CONSTANT), Tiles(x=2, y=2), INLET,
    )  # fmt: skip


def given(full: WaferThermalModel, modes: WaferModes, heat: np.ndarray) -> np.ndarray:
    """Return what heat in W by tile and the board drive in each mode, (modes, ny, places, 1)."""
    load = np.einsum("xm,xyz->myz", modes.shapes, full.load(heat))
    film, even = full.model.films["bottom"], modes.shapes.T @ modes.grid.x_weights
    driven = film.coefficient * (film.ambient - INLET) * even[:, None, None, None] * board_film(modes)
    driven[:, :, : modes.planes, 0] += load
    return np.asarray(driven)


@pytest.mark.parametrize("design", DESIGNS)
def test_steady_modes_are_the_finite_element_solution(design: str) -> None:
    full = constant_wafer(design)
    modes = WaferModes.of(full, FLOW, INLET)
    heat = random_heat(full, 18e3, 1)
    found = modes.solve(given(full, modes, heat), np.arange(modes.values.size))[:, :, :, 0]
    nodal = np.einsum("xm,myp->xyp", modes.shapes, found) + INLET
    exact = full.steady(heat, FLOW, INLET)
    assert exact.peak - INLET > 10.0
    np.testing.assert_allclose(nodal[:, :, : modes.planes], exact.heat.solid, atol=1e-6, rtol=0)
    np.testing.assert_allclose(modes.coolant(nodal[..., None])[..., 0], exact.heat.coolant[0], atol=1e-6, rtol=0)


@pytest.mark.parametrize("design", DESIGNS)
def test_a_rate_of_change_is_an_implicit_step(design: str) -> None:
    """(E / dt + A) T = heat is one implicit Euler step from the inlet's temperature."""
    full, step = constant_wafer(design), 0.02
    modes = WaferModes.of(full, FLOW, INLET)
    heat = random_heat(full, 18e3, 2)
    found = modes.solve(given(full, modes, heat), np.arange(modes.values.size), 1.0 / step)[:, :, : modes.planes, 0]
    rest = full.uniform(INLET, FLOW)
    exact = full.step(rest, FLOW, INLET, step).solve(heat, rest)
    assert exact.peak - INLET > 5.0
    np.testing.assert_allclose(np.einsum("xm,myp->xyp", modes.shapes, found) + INLET, exact.heat.solid, atol=1e-6)


@pytest.mark.parametrize("design", DESIGNS)
def test_applying_undoes_solving(design: str) -> None:
    modes = WaferModes.of(constant_wafer(design), FLOW, INLET)
    right = np.random.default_rng(3).normal(size=(2, *modes.capacity.shape, 2))
    for mode, given_here in zip((0, 5), right, strict=True):
        found = modes.solve(given_here[None], np.array([mode]))[0]
        np.testing.assert_allclose(modes.applied(found, mode), given_here, atol=1e-9 * np.abs(given_here).max())


def test_shapes_are_orthonormal_and_hold_a_constant() -> None:
    modes = WaferModes.of(constant_wafer("manifold-silicon"), FLOW, INLET)
    widths = modes.grid.x_weights
    np.testing.assert_allclose((modes.shapes.T * widths) @ modes.shapes, np.eye(widths.size), atol=1e-12)
    assert modes.values[0] == pytest.approx(0.0, abs=1e-9 * modes.values[-1])
    assert np.ptp(modes.shapes[:, 0]) < 1e-9


@pytest.mark.parametrize("design", DESIGNS)
def test_rows_are_the_tiles_of_the_full_model(design: str) -> None:
    """Coolant by row of tiles under heat that is even across the flow is the full model's by tile."""
    full = constant_wafer(design)
    modes, rows = WaferModes.of(full, FLOW, INLET), TileRows.of(full)
    watts = np.linspace(5.0, 25.0, full.tiles[0])
    heat = np.repeat(watts[:, None], full.tiles[1], axis=1)
    film = full.model.films["bottom"]
    load = (heat_by_row(full, modes) @ (watts / full.tile_area))[None, :, :, None]
    load = load + film.coefficient * (film.ambient - INLET) * board_film(modes)
    found = row_coolant(modes, rows, modes.solve(load, np.array([0])))[0, :, 0] + INLET
    exact = full.steady(heat, FLOW, INLET)
    np.testing.assert_allclose(found, exact.coolant_temperature[:, 3], atol=1e-6)
