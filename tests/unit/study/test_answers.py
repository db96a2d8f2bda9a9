"""Answers from points whose best is known: minima, how far a key may go, limits, points without results."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from made_points import FLOW, INLET, STREAMS, SYSTEM, made

from twin.errors import Problem
from twin.spec.answer import Answer
from twin.study.answers import Found, answered, holding
from twin.study.edges import Edge
from twin.study.limits import Limit, problems
from twin.study.points import StudyPoints

FLOWS = [1e-4 * step for step in range(1, 8)]
INLETS = [290.0, 300.0, 310.0, 320.0]


def bowl(**study: Any) -> StudyPoints:
    """Energy is least at a flow of 4e-4 and the lowest inlet; the peak lies 20 K above the inlet."""
    energy = lambda inlet, flow: 1.0 + (1e4 * flow - 4.0) ** 2 + 0.01 * (inlet - 290.0)  # noqa: E731
    peak = lambda inlet, flow: inlet + 20.0  # noqa: E731
    return made({INLET: INLETS, FLOW: FLOWS}, {"energy_J": ("J", energy), "peak_K": ("K", peak)}, **study)


def only(points: StudyPoints, **answer: Any) -> Found:
    (found,) = answered(points, Answer(**answer))
    return found


def test_least_value_with_its_neighbours() -> None:
    points = bowl()
    found = only(points, minimise="energy_J")
    assert found.number is not None
    assert points.columns[FLOW].values[found.number] == pytest.approx(4e-4)
    assert found.value == pytest.approx(1.0)
    assert found.around[FLOW].between == pytest.approx((3e-4, 5e-4))
    assert found.around[INLET].between == (None, 300.0)
    assert not any(around.is_level or around.stopped for around in found.around.values())
    assert (found.holding, found.points) == (28, 28)
    assert found.worst == pytest.approx(1.0 + 9.0 + 0.3)


def test_limits_move_the_best() -> None:
    points = bowl()
    found = only(points, minimise="energy_J", limits=("cooling.flow_rate >= 33 L/min", "peak_K <= 321 K"))
    assert found.number is not None
    assert points.columns[FLOW].values[found.number] == pytest.approx(6e-4)
    assert (found.holding, found.points) == (2 * 2, 28)


@pytest.mark.parametrize("inlets", [INLETS, INLETS[::-1], [290.0, 320.0, 300.0, 310.0], [310.0, 290.0, 300.0, 320.0]])
def test_how_far_a_key_may_go_lies_between_points(inlets: list[float]) -> None:
    points = made({INLET: inlets}, {"peak_K": ("K", lambda inlet: 1.5 * inlet - 120.0)})
    up = only(points, maximise=INLET, limits=("peak_K <= 336 K",))
    assert up.best == pytest.approx(304.0, abs=1e-9)
    assert up.edge is not None
    assert (up.edge.last, up.edge.beyond) == (300.0, 310.0)
    down = only(points, minimise=INLET, limits=("peak_K > 336 K",))
    assert down.best == pytest.approx(304.0, abs=1e-9)


def test_the_limit_that_ends_first_counts() -> None:
    results = {"peak_K": ("K", lambda inlet: inlet), "drop_Pa": ("Pa", lambda inlet: inlet)}
    points = made({INLET: INLETS}, results)  # type: ignore[arg-type]
    found = only(points, maximise=INLET, limits=("peak_K <= 307 K", "drop_Pa <= 303 Pa"))
    assert found.best == pytest.approx(303.0)
    assert found.edge is not None
    assert found.edge.broken == "drop_Pa <= 303 Pa"


def delivered(inlet: float) -> float:
    """A cooler that holds no less than 306 K: the margin to 0.5 K above the set point bends there."""
    return max(inlet, 306.0)


HELD = ("inlet_K <= cooling.inlet_temperature + 0.5 K",)


def cooled(inlets: list[float]) -> Edge:
    found = only(made({INLET: inlets}, {"inlet_K": ("K", delivered)}), minimise=INLET, limits=HELD)
    assert found.edge is not None
    return found.edge


def test_no_edge_is_interpolated_across_a_kink() -> None:
    edge = cooled([290.0, 295.0, 300.0, 305.0, 310.0, 315.0])  # a straight line would say 307.6 K instead of 305.5 K
    assert (edge.reached, edge.last, edge.beyond, edge.broken) == (None, 310.0, 305.0, HELD[0])
    assert edge.end == 310.0, "a point that holds"


@pytest.mark.parametrize("shift", [0.0, 0.1, 0.2, 0.3, 0.4])
def test_kink_beside_an_edge_does_no_harm(shift: float) -> None:
    edge = cooled([304.0 + shift + 0.5 * step for step in range(8)])
    assert edge.end == pytest.approx(305.5, abs=1e-9)
    assert edge.reached is not None


def test_two_points_are_too_few_to_interpolate() -> None:
    found = only(
        made({INLET: [300.0, 310.0]}, {"peak_K": ("K", lambda i: i)}), maximise=INLET, limits=("peak_K <= 304 K",)
    )
    assert found.edge == Edge(None, 300.0, 310.0, "peak_K <= 304 K")


@pytest.mark.parametrize(("flows", "trusted"), [(FLOWS, False), ([1e-5 * step for step in range(8, 60)], True)])
def test_curved_margin_is_interpolated_where_points_are_close(flows: list[float], trusted: bool) -> None:
    points = made({FLOW: flows}, {"peak_K": ("K", lambda flow: 290.0 + 5e-7 / flow**2)})
    found = only(points, minimise=FLOW, limits=("peak_K <= 312 K",))
    assert found.edge is not None
    assert (found.edge.reached is not None) == trusted
    if trusted:
        assert found.best == pytest.approx((5e-7 / 22.0) ** 0.5, rel=0.01)
    assert found.edge.last >= (5e-7 / 22.0) ** 0.5 >= found.edge.beyond  # type: ignore[operator]


def test_whole_numbers_stay_whole_on_the_side_that_holds() -> None:
    points = made({STREAMS: [1, 10, 20]}, {"rate": ("1/s", lambda streams: 100.0 - streams)})
    assert only(points, maximise=STREAMS, limits=("rate >= 84.5 / (1 s)",)).best == 15
    assert only(points, minimise=STREAMS, limits=("rate <= 84.5 / (1 s)",)).best == 16


def test_neighbouring_whole_numbers_need_no_line() -> None:
    points = made({STREAMS: [13, 14, 15, 16]}, {"rate": ("1/s", lambda n: {13: 99.0, 14: 98.0, 15: 1.0, 16: 0.9}[n])})
    found = only(points, maximise=STREAMS, limits=("rate >= 50 / (1 s)",))
    assert found.edge == Edge(14.0, 14.0, 15.0, "rate >= 50 / (1 s)")


def test_plateau_is_told_from_its_first_to_its_last_point() -> None:
    points = made({STREAMS: [1, 4, 8, 12, 13, 16, 64]}, {"rate": ("1/s", lambda n: min(n, 12.5) + 1e-4 * (n == 16))})
    found = only(points, maximise="rate")
    assert found.around[STREAMS].level == (13.0, 64.0)
    assert found.around[STREAMS].between == (12.0, None)


@pytest.mark.parametrize("flows", [FLOWS, FLOWS[::-1], FLOWS[::2] + FLOWS[1::2]])
def test_better_neighbour_that_breaks_a_limit_is_known(flows: list[float]) -> None:
    results = {"power_W": ("W", lambda flow: 1e12 * flow**3), "peak_K": ("K", lambda flow: 290.0 + 5e-3 / flow)}
    points = made({FLOW: flows}, results)  # type: ignore[arg-type]
    found = only(points, minimise="power_W", limits=("peak_K <= 305 K",))
    around = found.around[FLOW]
    assert points.columns[FLOW].values[found.number] == pytest.approx(4e-4)
    assert around.stopped is not None
    assert points.columns[FLOW].values[around.stopped] == pytest.approx(3e-4)
    assert around.between == pytest.approx((3e-4, 5e-4))
    assert only(points, minimise="power_W").around[FLOW].stopped is None


def test_end_of_an_axis_and_points_without_result() -> None:
    points = made(
        {INLET: INLETS}, {"peak_K": ("K", lambda inlet: inlet)}, lambda inlet: "failed" if inlet > 305 else "done"
    )
    found = only(points, maximise=INLET, limits=("peak_K <= 400 K",))
    assert found.edge is not None
    assert (found.edge.reached, found.edge.last, found.edge.beyond) == (None, 300.0, 310.0)
    whole = only(made({INLET: INLETS}, {"peak_K": ("K", lambda i: i)}), maximise=INLET, limits=("peak_K <= 400 K",))
    assert whole.edge is not None
    assert (whole.edge.reached, whole.edge.beyond, whole.best) == (None, None, 320.0)


def test_each_value_is_answered_on_its_own() -> None:
    energy = lambda system, flow: {"a": 1.0, "b": 2.0, "c": 3.0}[system] + flow  # noqa: E731
    points = made({SYSTEM: ["a", "b", "c"], FLOW: FLOWS}, {"energy_J": ("J", energy)})
    found = answered(points, Answer(minimise="energy_J", for_each=(SYSTEM,), limits=("energy_J <= 2.5 J",)))
    assert [item.group for item in found] == [{SYSTEM: "a"}, {SYSTEM: "b"}, {SYSTEM: "c"}]
    assert [item.number is None for item in found] == [False, False, True]
    assert [item.value for item in found[:2]] == pytest.approx([1.0001, 2.0001])


def test_limit_over_a_missing_quantity_says_nothing() -> None:
    points = made({SYSTEM: ["wafer", "gpu"]}, {"peak_K": ("K", lambda s: 400.0 if s == "wafer" else np.nan)})
    assert holding(points, Answer(minimise="peak_K", limits=("peak_K <= 350 K",))).tolist() == [False, True]
    assert only(points, minimise="peak_K", limits=("peak_K <= 350 K",)).number is None


def test_limit_that_says_nothing_before_it_breaks() -> None:
    never = {"time_s": ("s", lambda inlet: {290.0: np.nan, 300.0: np.nan, 310.0: 1.5, 320.0: 1.0}[inlet])}
    found = only(made({INLET: INLETS}, never), maximise=INLET, limits=("time_s >= 2 s",))  # type: ignore[arg-type]
    assert found.edge is not None
    assert (found.edge.reached, found.edge.last, found.edge.beyond) == (None, 300.0, 310.0)
    assert found.edge.broken == "time_s >= 2 s"


def test_curve_of_a_limit() -> None:
    along = np.array([290.0, 300.0])
    assert Limit("inlet_K <= cooling.inlet_temperature + 0.5 K").curve("inlet_K", INLET, along) == pytest.approx(
        [290.5, 300.5]
    )
    assert Limit("85 degC >= peak_K").curve("peak_K", INLET, along) == pytest.approx([358.15, 358.15])
    assert Limit("peak_K <= 85 degC").curve("other_K", INLET, along) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"minimise": "energy"}, "'energy' is neither recorded, derived nor varied. Did you mean 'energy_J'?"),
        ({"maximise": SYSTEM}, "'system' is no number"),
        ({"minimise": "energy_J", "for_each": [INLET]}, "'cooling.inlet_temperature' is not varied"),
        ({"minimise": "energy_J", "limits": ["energy_J <= 3 K"]}, "do not fit together"),
        ({"minimise": "energy_J", "limits": ["energy_J < 3 J and energy_J > 1 J"]}, "is not one comparison"),
        ({"minimise": "energy_J", "limits": ["energy_J"]}, "is not one comparison"),
    ],
)
def test_wrong_questions(answer: dict[str, Any], message: str) -> None:
    found: list[Problem] = problems((Answer(**answer),), {"energy_J": "J", SYSTEM: None}, (SYSTEM,))
    assert len(found) == 1
    assert message in found[0].message
