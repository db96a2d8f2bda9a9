"""Figures of bands, indices, optima and fronts carry the numbers that they are made of."""

from __future__ import annotations

from math import nan

import pytest

from twin.report.optimisation import optimisation_cards
from twin.report.sensitivity import sobol_card, tornado_figure
from twin.report.uncertainty import band_figure, band_note
from twin.results.uncertainty import Band, Uncertainty, VariedInput
from twin.study.optimisation import Objective, Optimisation, Searched, Solution, Tried
from twin.study.optimise import LimitAtOptimum, Slope
from twin.study.sensitivity import Index, Sensitivity

FLOW = Searched("cooling.flow_rate", "m^3/s", 1e-4, 1e-3, True)
INLET = Searched("cooling.inlet_temperature", "K", 288.15, 308.15, False)
TRIED = (
    Tried((2e-4, 293.15), (0.5, 310.0), True),
    Tried((5e-4, 293.15), (0.7, 300.0), True),
    Tried((9e-4, 290.15), (0.9, 299.0), False),
    Tried((9e-4, 289.15), (), False),
)


@pytest.fixture
def bands() -> Uncertainty:
    found = {
        "peak_temperature_K": Band(300.0, 298.0, 301.0, 305.0, (("inputs.a", 0.8),)),
        "pump_power_W": Band(200.0, 100.0, 210.0, 400.0),
        "utilisation": Band(0.1, 0.1, 0.1, 0.1),
    }
    varied = (VariedInput("inputs.a", "m", 1.0, 2.0, False, "assumed"),)
    return Uncertainty("Latin hypercube", 64, 60, 1, 0.4, varied, found, ("no steady state: too hot",))


def test_bands_are_drawn_in_percent_and_in_kelvin(bands: Uncertainty) -> None:
    percent, _, kelvin, median = band_figure(bands).data
    assert (percent.y, percent.base, percent.x) == (("pump power",), (-50.0,), (150.0,))
    assert (kelvin.y, kelvin.base, kelvin.x) == (("peak temperature",), (-2.0,), (7.0,))
    assert median.x == (1.0,)


def test_text_of_bands_says_what_was_left_out(bands: Uncertainty) -> None:
    text = bands.summary({"peak_temperature_K": 303.15})
    assert "4 of them without a steady state and left out" in text
    assert "left out: no steady state: too hot" in text
    (line,) = (line for line in text.splitlines() if "peak temperature" in line)
    assert line.split()[2:] == ["30.00", "26.85", "24.85", "27.85", "31.85", "degC"]
    assert band_note(bands, "pump_power_W") == "steady 0.200; 5 to 95 %: 0.100 to 0.400"
    assert band_note(bands, "utilisation") == band_note(None, "pump_power_W") == ""


def test_indices_are_drawn_with_their_intervals() -> None:
    first = {"inputs.a": Index(0.2, 0.1, 0.25), "inputs.b": Index(0.5, 0.4, 0.7)}
    total = {"inputs.a": Index(0.3, 0.2, 0.4), "inputs.b": Index(0.8, 0.7, 0.9)}
    card = sobol_card(Sensitivity("peak_temperature_K", "peak temperature", first, total, 1.0, 60, 64))
    bars = {trace.name: trace for trace in card.figure.data}
    assert bars["total"].y == ("b", "a")
    assert bars["first order"].x == (0.5, 0.2)
    assert bars["first order"].error_x.array == pytest.approx((0.2, 0.05))
    assert bars["first order"].error_x.arrayminus == pytest.approx((0.1, 0.1))
    assert "4 rows with a failed point are left out" in card.caption


def test_tornado_has_the_strongest_on_top_and_the_level_of_chance() -> None:
    figure = tornado_figure({"inputs.weak": 0.3, "inputs.strong": -0.9}, 0.4)
    assert figure.data[0].y == ("strong", "weak")
    (shade,) = figure.layout.shapes
    assert (shade.x0, shade.x1) == (-0.4, 0.4)


def test_optimum_is_marked_over_every_key() -> None:
    limits = (LimitAtOptimum("peak_temperature_K <= 310 K", "K", 0.0, True, 0.01),)
    slopes = (Slope(FLOW.text, FLOW.unit, 2e-4, nan, (1.0,)), Slope(INLET.text, INLET.unit, 293.15, 0.1, (1.0,)))
    energy = (Objective("facility_energy_per_token_J", "J"),)
    tried = tuple(Tried(point.keys, point.objectives[:1], point.kept) for point in TRIED)
    solution = (Solution(TRIED[0].keys, (0.5,)),)
    (card,) = optimisation_cards(Optimisation(energy, (FLOW, INLET), tried, solution, limits, slopes, 2, 2))
    stars = [trace for trace in card.figure.data if trace.name == "optimum"]
    assert [star.x[0] for star in stars] == pytest.approx([12.0, 20.0])
    kept = next(trace for trace in card.figure.data if trace.name == "keeps the limits")
    assert kept.x == pytest.approx((12.0, 30.0))
    assert card.figure.layout.xaxis.type == "log"
    assert "held by peak_temperature_K <= 310 K" in card.caption


def test_front_runs_through_its_points() -> None:
    objectives = (Objective("wall_energy_per_token_J", "J"), Objective("peak_temperature_K", "K"))
    solutions = tuple(Solution(point.keys, point.objectives) for point in TRIED[:2])  # type: ignore[arg-type]
    (card,) = optimisation_cards(Optimisation(objectives, (FLOW, INLET), TRIED, solutions))
    traces = {trace.name: trace for trace in card.figure.data}
    assert traces["front"].x == (0.5, 0.7)
    assert traces["front"].y == pytest.approx((36.85, 26.85))
    assert len(traces["breaks a limit"].x) == 1
    assert card.figure.layout.yaxis.title.text == "peak temperature [degC]"
    assert "flow rate 12.00 L/min" in traces["front"].customdata[0]
