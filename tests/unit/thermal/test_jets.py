"""Impinging jets: Martin's film, the nozzles' drop, and the balance of every cell's own share of flow."""

from __future__ import annotations

import numpy as np
import pytest

from twin import library
from twin.fe.heat import HeatBalance, HeatModel, HeatState, HeatSystem
from twin.thermal import correlations
from twin.thermal.coolant import load_coolant
from twin.thermal.jets import JetBed, jet_film
from twin.thermal.layers import build_grid, solid_layer

JETS = library.load("cooling", "jet-impingement").jets
WATER = load_coolant("water")
AREA, FLOW, INLET = 0.215**2, 40 / 60e3, 293.15
SHARE = np.pi * JETS.diameter**2 / (4 * JETS.pitch**2)


def test_film_is_the_correlation_at_the_nozzles() -> None:
    film = jet_film(JETS, AREA, FLOW, WATER, INLET)
    at = WATER.at(np.array(INLET))
    speed = FLOW / (SHARE * AREA)
    reynolds = float(at.density * speed * JETS.diameter / at.viscosity)
    nusselt = correlations.jet_array_nusselt(reynolds, at.prandtl, JETS.distance / JETS.diameter, SHARE)
    assert film.velocity == pytest.approx(speed)
    assert film.reynolds == pytest.approx(reynolds)
    assert film.coefficient == pytest.approx(float(nusselt * at.conductivity) / JETS.diameter)
    assert film.pressure_drop == pytest.approx(float(at.density) * (speed / JETS.discharge_coefficient) ** 2 / 2)


def test_more_flow_more_film_and_drop_as_its_square() -> None:
    films = [jet_film(JETS, AREA, f * FLOW, WATER, INLET) for f in (0.5, 1.0, 2.0)]
    assert films[0].coefficient < films[1].coefficient < films[2].coefficient
    assert films[2].pressure_drop == pytest.approx(16 * films[0].pressure_drop)


def test_no_flow_no_film() -> None:
    film = jet_film(JETS, AREA, 0.0, WATER, INLET)
    assert (film.coefficient, film.pressure_drop, film.cautions) == (0.0, 0.0, ())


def test_beyond_the_correlation_is_told() -> None:
    assert jet_film(JETS, AREA, 100 * FLOW, WATER, INLET).cautions
    assert not jet_film(JETS, AREA, FLOW, WATER, INLET).cautions


def test_without_flow_the_coolant_rests_on_the_lid_and_takes_its_temperature() -> None:
    """A layer at rest as deep as the nozzles are distant; solid and coolant end at one temperature."""
    grid = build_grid(np.linspace(0, 0.02, 3), np.linspace(0, 0.02, 3), [solid_layer("lid", 1e-3, 2, "copper")])
    bed = JetBed.over(grid, JETS, 4e-4, WATER, INLET)
    (stream,), _ = bed.streams(0.0, INLET, bed.uniform(INLET))
    at = WATER.at(np.array(INLET))
    held = float(at.volumetric_heat_capacity) * JETS.distance
    np.testing.assert_allclose(stream.storage, held)
    model = HeatModel(grid, np.array([[398.0] * 3]), np.array([3.45e6]))
    old = HeatState(np.full(grid.shape, INLET + 10), bed.uniform(INLET))
    long = 1e5
    new, _, _ = HeatSystem(model, (stream,), long).at((stream,), old).solve(0 * old.solid, old.solid, 1e-12)
    mixed = INLET + 10 * 3.45e6 * 1e-3 / (3.45e6 * 1e-3 + held)
    np.testing.assert_allclose(new.solid, mixed, rtol=1e-5)
    np.testing.assert_allclose(new.coolant[0], mixed, rtol=1e-5)
    assert not stream.moving.any()


def solved(watts: float, flow: float) -> tuple[HeatState, HeatBalance]:
    layers = [solid_layer("die", 5e-4, 2, "silicon"), solid_layer("lid", 1e-3, 2, "copper")]
    grid = build_grid(np.linspace(0, 0.215, 9), np.linspace(0, 0.215, 7), layers)
    model = HeatModel(
        grid, np.array([layer.conductivity for layer in layers]), np.array([layer.heat_capacity for layer in layers])
    )
    bed = JetBed.over(grid, JETS, AREA, WATER, INLET)
    streams, _ = bed.streams(flow, INLET, bed.uniform(INLET))
    guess = np.full(grid.shape, INLET)
    state, balance, _ = (
        HeatSystem(model, streams, None).at(streams).solve(model.over_face("bottom", watts / AREA), guess, 1e-9 * watts)
    )
    return state, balance


@pytest.mark.parametrize("share", [0.01, 0.3, 1.0])
def test_uniform_heat_raises_the_face_by_flux_over_film(share: float) -> None:
    """q = h (T - T_nozzle) exactly, and the spent coolant of every cell takes up its own heat."""
    state, balance = solved(18e3, share * FLOW)
    film = jet_film(JETS, AREA, share * FLOW, WATER, INLET)
    flux = float(WATER.at(np.array(INLET)).volumetric_heat_capacity) * share * FLOW / AREA
    top = state.solid[:, :, -1]
    np.testing.assert_allclose(top - INLET, 18e3 / AREA / min(film.coefficient, flux), rtol=1e-8)
    np.testing.assert_allclose(state.coolant[0] - INLET, 18e3 / AREA / flux, rtol=1e-8)
    assert state.coolant[0].max() <= top.max() * (1 + 1e-12)
    assert balance.residual < 1e-9
