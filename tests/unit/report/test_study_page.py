"""The page of a study: figures follow the layout of the points, words follow their values."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from made_points import FLOW, INLET, STREAMS, SYSTEM, made

from twin.report.study import points_table
from twin.report.study_cards import study_cards
from twin.report.study_display import is_logarithmic, shown
from twin.report.study_layout import Page
from twin.report.study_words import outcome, told
from twin.study.points import StudyPoints

FLOWS = [1e-3 / 60 * litres for litres in (10, 20, 30, 40, 50, 60)]
INLETS = [290.0, 295.0, 300.0, 305.0, 310.0]
LIMITED = {"answers": [{"minimise": "energy_J", "limits": ["peak_K <= 330 K"]}]}


def energy(inlet: float, flow: float) -> float:
    return 1.0 + (6e4 * flow / 10 - 3.0) ** 2 + 0.01 * (inlet - 290.0)


def peak(inlet: float, flow: float) -> float:
    return inlet + 250.0 / (6e4 * flow)


BOTH: dict[str, Any] = {"energy_J": ("J", energy), "peak_K": ("K", peak)}


def grid(status: Any = lambda inlet, flow: "done", **study: Any) -> StudyPoints:
    return made({INLET: INLETS, FLOW: FLOWS}, BOTH, status, **(study or LIMITED))


def traces(points: StudyPoints, card: str, kind: str, errors: dict[int, str] | None = None) -> list[Any]:
    found = {card.name: card for card in study_cards(Page(points, errors or {}))}
    return [trace for trace in found[card].figure.data if trace.type == kind]


def test_two_numeric_keys_make_a_map_with_limit_and_answer() -> None:
    points = grid(show=["energy_J"], **LIMITED)
    heat, veil = traces(points, "energy-J-0", "heatmap")
    assert heat.x == pytest.approx([10, 20, 30, 40, 50, 60])
    assert heat.y == pytest.approx(np.array(INLETS) - 273.15)
    for row, inlet in enumerate(INLETS):
        for column, flow in enumerate(FLOWS):
            assert heat.z[row][column] == pytest.approx(energy(inlet, flow))
            assert (veil.z[row][column] == 1.0) == (peak(inlet, flow) > 330.0)
    star = next(t for t in traces(points, "energy-J-0", "scatter") if t.name == "answer")
    assert (star.x[0], star.y[0]) == pytest.approx((30.0, 290.0 - 273.15))


def test_points_without_result_are_marked_with_their_reason() -> None:
    points = grid(lambda inlet, flow: "failed" if inlet > 309 and flow < 2e-4 else "done")
    failed = next(n for n in range(points.count) if points.status[n] == "failed")
    marks = [t for t in traces(points, "energy-J-0", "scatter", {failed: "runaway"}) if t.name == "no result"]
    assert [mark.text for mark in marks] == [("runaway",)]
    assert (marks[0].x[0], marks[0].y[0]) == pytest.approx((10.0, 310.0 - 273.15))
    assert "29 done, 1 failed" in outcome(points)


def test_few_values_of_the_other_key_make_lines() -> None:
    points = made({INLET: [290.0, 300.0], FLOW: FLOWS}, BOTH, show=["peak_K"], **LIMITED)
    lines = [t for t in traces(points, "peak-K", "scatter") if t.mode == "lines+markers"]
    assert [line.name for line in lines] == ["inlet temperature 16.85 degC", "inlet temperature 26.85 degC"]
    assert lines[0].y == pytest.approx([peak(290.0, flow) - 273.15 for flow in FLOWS])
    limit = next(t for t in traces(points, "peak-K", "scatter") if t.name.startswith("limit"))
    assert set(np.round(limit.y, 6)) == {round(330.0 - 273.15, 6)}


def test_things_without_order_make_bars_and_the_best_stands_out() -> None:
    points = made(
        {SYSTEM: ["a", "b", "c"]},
        {"energy_J": ("J", {"a": 3.0, "b": 1.0, "c": 2.0}.__getitem__)},
        answers=[{"minimise": "energy_J", "for_each": [SYSTEM]}],
    )
    (bars,) = traces(points, "energy-J", "bar")
    assert (list(bars.x), list(bars.y)) == (["a", "b", "c"], [3.0, 1.0, 2.0])
    colours = bars.marker.color
    assert colours[1] != colours[0] == colours[2]
    (answer,) = told(points)
    assert [(line.value, line.note) for line in answer.lines] == [
        ("3 J", "3.0 times"),
        ("1 J", "best"),
        ("2 J", "100 % more"),
    ]


def test_words_follow_the_values() -> None:
    (answer,) = told(grid())
    assert answer.sentence.startswith("1 J, at inlet temperature 16.85 degC (the end of its range), flow rate 30 L/min")
    assert "(best between 20 and 40 L/min)" in answer.sentence
    held = sum(peak(inlet, flow) <= 330.0 for inlet in INLETS for flow in FLOWS)
    assert f"The limits hold at {held} of 30 points." in answer.sentence
    (none,) = told(grid(answers=[{"minimise": "energy_J", "limits": ["peak_K <= 200 K"]}]))
    assert none.sentence == "No point holds the limits (peak_K <= 200 K)."
    (edge,) = told(grid(answers=[{"asks": "Warmest", "maximise": INLET, "limits": ["peak_K <= 311 K"]}]))
    warmest = 311.0 - 250.0 / 60 - 273.15
    assert re.match(rf"{warmest:.2f}".rstrip("0"), edge.sentence), edge.sentence
    assert "interpolated between the points 31.85 and 36.85 degC" in edge.sentence


def test_how_far_values_go_is_told_of_the_points_that_it_is_true_of() -> None:
    limits = ["peak_K <= 318 K"]
    (each,) = told(grid(answers=[{"minimise": "energy_J", "limits": limits, "for_each": [INLET]}]))
    greatest = max(energy(INLETS[0], flow) for flow in FLOWS if peak(INLETS[0], flow) <= 318.0)
    text = f"Over the points with inlet temperature 16.85 degC that hold the limits it goes up to {greatest:g} J, "
    assert text in each.sentence
    (held,) = told(grid(answers=[{"maximise": "energy_J", "limits": limits}]))
    least = min(energy(i, f) for i in INLETS for f in FLOWS if peak(i, f) <= 318.0)
    assert f"Over the points that hold the limits it goes down to {least:g} J" in held.sentence
    (free,) = told(grid(answers=[{"minimise": "energy_J"}]))
    assert f"Over all points it goes up to {max(energy(i, f) for i in INLETS for f in FLOWS):.4g} J" in free.sentence


def test_points_without_a_value_are_not_among_those_told_of() -> None:
    times = {290.0: np.nan, 300.0: 4.0, 310.0: 2.0}
    results: dict[str, Any] = {"time_s": ("s", times.__getitem__)}
    (answer,) = told(made({INLET: list(times)}, results, answers=[{"minimise": "time_s"}]))
    assert "Over the points that have a value it goes up to 4 s, 2.0 times." in answer.sentence


def test_bent_margin_is_told_and_drawn_as_the_points_around_it() -> None:
    inlets = [290.0, 295.0, 300.0, 305.0, 310.0, 315.0]
    limit = "inlet_K <= cooling.inlet_temperature + 0.5 K"
    answers = [{"minimise": INLET, "limits": [limit]}]
    results: dict[str, Any] = {"inlet_K": ("K", lambda inlet: max(inlet, 306.0))}
    points = made({INLET: inlets}, results, answers=answers, show=["inlet_K"])
    (answer,) = told(points)
    assert answer.sentence.startswith("31.85 to 36.85 degC, where")
    assert "ends, between the points 31.85 and 36.85 degC." in answer.sentence
    assert "interpolated" not in answer.sentence
    star = next(trace for trace in traces(points, "inlet-K", "scatter") if trace.name == "answer")
    assert (star.x[0], star.error_x.array[0], star.error_x.arrayminus[0]) == pytest.approx((36.85, 0.0, 5.0))


def test_interpolated_edge_is_drawn_between_its_two_points() -> None:
    points = made(
        {INLET: INLETS},
        {"peak_K": ("K", lambda inlet: inlet + 20.0)},
        answers=[{"maximise": INLET, "limits": ["peak_K <= 322 K"]}],
        show=["peak_K"],
    )
    star = next(trace for trace in traces(points, "peak-K", "scatter") if trace.name == "answer")
    assert (star.x[0], star.y[0]) == pytest.approx((302.0 - 273.15, 322.0 - 273.15))
    assert (star.error_x.array[0], star.error_x.arrayminus[0]) == pytest.approx((3.0, 2.0))


def test_plateau_and_limit_beside_the_best_are_told() -> None:
    rates = {1: 1.0, 4: 4.0, 8: 8.0, 13: 13.0, 16: 13.0, 64: 13.0}
    (flat,) = told(made({STREAMS: list(rates)}, {"rate": ("1/s", rates.__getitem__)}, answers=[{"maximise": "rate"}]))
    assert "at streams 13 (as good from 13 to 64, the end of its range)" in flat.sentence
    (held,) = told(grid(answers=[{"minimise": "energy_J", "limits": ["peak_K <= 297 K"]}]))
    value = f"{energy(290.0, FLOWS[2]):g} J"
    assert f"(best between this and 30 L/min, which has {value} but breaks 'peak_K <= 297 K')" in held.sentence


def test_last_whole_number_that_holds_is_told_with_the_next() -> None:
    rates = {13: 99.0, 14: 98.0, 15: 1.0}
    answers = [{"maximise": STREAMS, "limits": ["rate >= 50 / (1 s)"]}]
    (answer,) = told(made({STREAMS: list(rates)}, {"rate": ("1/s", rates.__getitem__)}, answers=answers))
    assert answer.sentence.startswith("14, the last that holds 'rate >= 50 / (1 s)', which breaks at 15.")


def test_table_lists_points_in_the_units_of_readers() -> None:
    points = grid(lambda inlet, flow: "excluded" if inlet > 309 else "done")
    table = points_table(points)
    assert table.headings[:2] == ("inlet temperature [degC]", "flow rate [L/min]")
    assert table.rows[0][0][:2] == ("16.85", "10")
    assert len(table.rows) == 24
    assert table.left_out == 0


def test_units_follow_the_size() -> None:
    points = made({SYSTEM: ["a", "b"]}, {"small_W": ("W", lambda s: 12.0), "large_W": ("W", lambda s: 2e4)})
    assert (shown(points.columns["small_W"]).unit, shown(points.columns["large_W"]).unit) == ("W", "kW")
    assert is_logarithmic(np.array([1, 10, 100]))
    assert not is_logarithmic(np.array([1, 2, 3]))
    assert not is_logarithmic(np.array([10.0, 20.0, 40.0]))


def test_no_result_makes_no_figure() -> None:
    points = grid(lambda inlet, flow: "failed")
    assert study_cards(Page(points, {})) == []
    assert told(points)[0].sentence == "No point has a result."
