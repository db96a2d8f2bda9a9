"""Scenarios: frozen, closed, changed by dotted keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import twin
from twin import library
from twin.engine.run import step_ends
from twin.errors import SpecError
from twin.spec.base import to_tree
from twin.spec.documents import validate
from twin.spec.scenario import POLICIES, Scenario

NAMES = library.names("scenario")


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return twin.load("wse3-llama3.1-8b-conversation")


@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_written_out_reads_back_exactly(name: str) -> None:
    loaded = twin.load(name)
    assert validate(to_tree(loaded), Scenario, name) == loaded


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("system", "cs3-x4", "cs3-x4"),
        ("model", "llama-3.1-70b", "llama-3.1-70b"),
        ("workload.trace", "mine.csv", "mine.csv"),
        ("workload.rate_scale", 2.5, 2.5),
        ("workload.duration", "2 min", 120.0),
        ("workload.streams", 8, 8),
        ("cooling.design", "jet-impingement", "jet-impingement"),
        ("cooling.coolant", "pg25", "pg25"),
        ("cooling.inlet_temperature", "30 degC", 303.15),
        ("cooling.flow_rate", "60 L/min", 1e-3),
        ("control.step", "0.5 s", 0.5),
        ("control.policy", "none", ()),
        ("control.policy", "adaptive_voltage, thermal_governor", ("adaptive_voltage", "thermal_governor")),
        ("control.policy", ["frequency_governor"], ("frequency_governor",)),
        ("placement.region", 420, 420),
        ("thermal.model", "full", "full"),
        ("thermal.mesh", "wafer-fine", "wafer-fine"),
    ],
)
def test_every_fixed_key_can_be_replaced(scenario: Scenario, key: str, value: object, expected: object) -> None:
    before = to_tree(scenario)
    found: object = scenario.replace({key: value})
    for part in key.split("."):
        found = getattr(found, part)
    assert found == (pytest.approx(expected) if isinstance(expected, float) else expected)
    assert to_tree(scenario) == before


def test_several_keys_change_together_and_the_rest_stays(scenario: Scenario) -> None:
    changed = scenario.replace({"cooling.flow_rate": "60 L/min", "workload.duration": "5 s"})
    assert changed.workload.trace == scenario.workload.trace
    assert changed.replace({"cooling.flow_rate": "40 L/min", "workload.duration": "1 h"}) == scenario


@pytest.mark.parametrize(
    ("changes", "messages"),
    [
        ({"cooling.inlet_temp": "30 degC"}, ["cooling.inlet_temp", "Did you mean 'inlet_temperature'"]),
        ({"cooling.flow_rate": "30"}, ["cooling.flow_rate", "needs a unit"]),
        ({"cooling.flow_rate": "30 K"}, ["cooling.flow_rate", "wrong dimension"]),
        ({"cooling.flow_rate": "0 L/min"}, ["cooling.flow_rate", "greater than 0"]),
        ({"coling.flow_rate": "30 L/min"}, ["coling", "Did you mean 'cooling'"]),
        ({"system.name": "x"}, ["system.name", "no keys below"]),
        ({"control.substep": "2 s"}, ["control", "must not exceed step"]),
        ({"workload.trace": None}, ["workload", "serving needs `trace`"]),
        ({"workload.rate_scale": 0}, ["workload.rate_scale", "greater than 0"]),
        ({"thermal.tiles_per_die": {"x": 0, "y": 1}}, ["thermal.tiles_per_die.x", "greater than or equal to 1"]),
        ({"facility.power_usage_effectiveness": 0.9}, ["facility", "greater than or equal to 1"]),
        ({"x.y": 1, "cooling.flow_rate": "30"}, ["2 problems", "x", "cooling.flow_rate"]),
    ],
)
def test_wrong_changes_are_all_named(scenario: Scenario, changes: dict[str, object], messages: list[str]) -> None:
    with pytest.raises(SpecError) as raised:
        scenario.replace(changes)
    assert all(message in str(raised.value) for message in messages), str(raised.value)


def test_scenarios_are_frozen(scenario: Scenario) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        scenario.system = "cs2"  # type: ignore[misc]


@given(st.floats(min_value=0.01, max_value=1000), st.floats(min_value=274, max_value=370))
def test_numbers_survive_replacing_and_writing(flow: float, inlet: float) -> None:
    base = twin.load("wse3-power-virus")
    changed = base.replace({"cooling.flow_rate": f"{flow!r} L/min", "cooling.inlet_temperature": f"{inlet!r} K"})
    assert changed.cooling is not None
    assert changed.cooling.inlet_temperature == inlet
    assert changed.cooling.flow_rate == pytest.approx(flow * 1e-3 / 60, rel=1e-12)
    assert validate(to_tree(changed), Scenario, "tree") == changed


@given(st.lists(st.sampled_from(POLICIES), unique=True))
def test_policies_may_be_given_as_text_or_list(names: list[str]) -> None:
    base = twin.load("wse3-power-virus")
    text = ",".join(names) or "none"
    assert base.replace({"control.policy": text}) == base.replace({"control.policy": names})


@given(st.floats(min_value=0.05, max_value=50), st.floats(min_value=0.05, max_value=5))
def test_control_steps_fill_the_run_exactly(duration: float, step: float) -> None:
    """All steps are whole but the last, which is never empty nor longer than a step."""
    base = twin.load("wse3-power-virus")
    changes = {"workload.duration": f"{duration!r} s", "control.step": f"{step!r} s", "control.substep": "5 ms"}
    ends = step_ends(base.replace(changes))
    assert ends[-1] == pytest.approx(duration, rel=1e-12)
    lengths = [end - start for start, end in zip([0.0, *ends[:-1]], ends, strict=True)]
    assert all(length == pytest.approx(step) for length in lengths[:-1])
    assert 0 < lengths[-1] <= step * (1 + 1e-6)
