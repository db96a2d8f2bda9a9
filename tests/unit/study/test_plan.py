"""From a study to its points: values, order, identities, and every problem named at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import twin
from twin import library
from twin.errors import SpecError
from twin.spec.base import to_tree
from twin.study.identity import forget
from twin.study.plan import Plan
from twin.study.planner import plan, read_study

BASE: dict[str, Any] = {"base": "wse3-llama3.1-8b-conversation", "steady": True}


def planned(**content: Any) -> Plan:
    return plan(*read_study({**BASE, **content}))


def refused(**content: Any) -> str:
    with pytest.raises(SpecError) as caught:
        planned(**content)
    return str(caught.value)


def test_grid_has_all_combinations_last_axis_fastest() -> None:
    flows = {"from": "20 L/min", "to": "80 L/min", "points": 3, "spacing": "log"}
    found = planned(axes={"cooling.inlet_temperature": ["18 degC", "32 degC"], "cooling.flow_rate": flows})
    assert found.shape == (2, 3)
    assert found.changes(4)["cooling.inlet_temperature"] == "305.15 K"
    litres = [6e4 * value for value in found.dimensions[1].values[0].si]
    assert litres == pytest.approx([20.0, 40.0, 80.0], rel=1e-12)


def test_point_is_what_replace_gives() -> None:
    found = planned(axes={"cooling.flow_rate": ["30 L/min"], "control.policy": ["none", "thermal_governor"]})
    changes = {"cooling.flow_rate": "30 L/min", "control.policy": "thermal_governor"}
    expected = to_tree(twin.load(BASE["base"]).replace(changes))
    changed = found.changes(1)
    assert changed["cooling.flow_rate"] == expected["cooling"]["flow_rate"]
    assert changed["control.policy"] == expected["control"]["policy"]
    assert found.dimensions[1].values[0].labels.tolist() == ["none", "thermal_governor"]


def test_points_with_like_cooling_are_neighbours() -> None:
    """Numbers by size, text by alphabet, whatever else varies; points keep their numbers."""
    axes = {
        "workload.rate_scale": [2, 4],
        "cooling.flow_rate": ["100 L/min", "30 L/min"],
        "cooling.design": ["straight-cold-plate", "manifold-silicon"],
    }
    found = planned(axes=axes)
    assert found.neighbours(range(found.points)) == [3, 7, 2, 6, 1, 5, 0, 4]
    assert found.neighbours([0, 7, 4]) == [7, 0, 4]
    assert planned(axes={"workload.rate_scale": [4, 2]}).neighbours([1, 0]) == [0, 1]


def test_equal_points_of_different_studies_have_one_identity() -> None:
    grid = planned(axes={"cooling.inlet_temperature": ["18 degC", "25 degC"], "cooling.flow_rate": ["30 L/min"]})
    other = planned(set={"cooling.flow_rate": "30 L/min"}, axes={"cooling.inlet_temperature": ["298.15 K"]})
    assert grid.identity(1) == other.identity(0)
    assert grid.identity(0) != grid.identity(1)
    runs = planned(steady=False, set={"cooling.flow_rate": "30 L/min"}, axes={"cooling.inlet_temperature": ["25 degC"]})
    assert runs.identity(0) != other.identity(0)


def test_identity_follows_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "_extra_folders", [])
    axes = {"cooling.flow_rate": ["30 L/min"]}
    forget()
    before = planned(axes=axes).identity(0)
    folder = tmp_path / "coolants"
    folder.mkdir()
    text = library.find("coolant", "water").read_text(encoding="utf-8")
    (folder / "water.yaml").write_text(text, encoding="utf-8")
    library.use_folder(tmp_path)
    forget()
    assert planned(axes=axes).identity(0) == before, "the same content elsewhere is the same"
    chips = tmp_path / "chips"
    chips.mkdir()
    chip = library.find("chip", "wse3").read_text(encoding="utf-8")
    (chips / "wse3.yaml").write_text(chip.replace("throttle: {value: 85", "throttle: {value: 84"), encoding="utf-8")
    assert (chips / "wse3.yaml").read_text() != chip
    forget()
    assert planned(axes=axes).identity(0) != before
    forget()


def test_study_is_the_same_after_its_folder_was_moved(tmp_path: Path) -> None:
    found = []
    for name in ("here", "there"):
        trace = tmp_path / name / "trace.csv"
        trace.parent.mkdir()
        trace.write_text(
            "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.68,374,44\n2023-11-16 18:15:50.99,396,109\n"
        )
        found.append(
            planned(
                base="wse3-llama3.1-8b-conversation",
                set={"workload.trace": str(trace)},
                axes={"cooling.flow_rate": ["30 L/min"]},
            )
        )
    assert found[0].base != found[1].base
    assert found[0].signature == found[1].signature
    assert found[0].identity(0) == found[1].identity(0)


@pytest.mark.parametrize("method", ["lhs", "sobol", "random"])
def test_samples_lie_within_their_spans_and_repeat(method: str) -> None:
    over = {"cooling.flow_rate": ["20 L/min", "60 L/min"], "workload.streams": {"from": 1, "to": 8}}
    content = {"sample": {"method": method, "points": 64, "seed": 3, "over": over}}
    found, again = planned(**content), planned(**content)
    flow, streams = found.dimensions[0].values
    assert found.shape == (64,)
    assert list(flow.si) == list(again.dimensions[0].values[0].si)
    assert 20 / 6e4 <= min(flow.si) < max(flow.si) <= 60 / 6e4
    assert set(streams.si) <= set(range(1, 9))
    if method == "lhs":
        share = (np.array(flow.si) * 6e4 - 20) / 40
        assert sorted(np.floor(64 * share).astype(int)) == list(range(64)), "one point in every slice"


def test_constraints_exclude_points() -> None:
    found = planned(
        axes={"cooling.flow_rate": ["20 L/min", "40 L/min", "70 L/min"]},
        constraints=["cooling.flow_rate <= 60 L/min", "placement.region > 3"],
    )
    assert [found.is_excluded(number) for number in range(3)] == [False, False, True]


def test_replicas_are_a_dimension_of_seeds() -> None:
    found = planned(axes={"cooling.flow_rate": ["20 L/min", "40 L/min"]}, replicas=[5, 9])
    assert found.shape == (2, 2)
    assert found.changes(3)["workload.seed"] == 9


def test_all_problems_are_said_at_once() -> None:
    message = refused(
        axes={
            "cooling.flow_rate": ["1 kg", "30", "40 L/min"],
            "cooling.coolant": ["watr"],
            "workload.streams": {"from": 1, "to": 3, "points": 5},
        },
        constraints=["cooling.flow_rate <= 60"],
        derived={"x": "energy_per_tokn_J"},
        record=["peak_temp"],
    )
    assert message.startswith("7 problems in study")
    for part in (
        "axes.cooling.flow_rate: '1 kg': '1 kg' has the wrong dimension",
        "axes.cooling.flow_rate: '30': needs a unit",
        "axes.cooling.coolant: 'watr': coolant 'watr' not found",
        "axes.workload.streams: there are no 5 whole numbers from 1 to 3",
        "constraints.0: m^3/s and 1 do not fit together",
        "derived.x: 'energy_per_tokn_J' is unknown. Did you mean 'energy_per_token_J'?",
        "record: 'peak_temp' is no key figure",
    ):
        assert part in message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"axes": {"cooling.flow_rat": ["1 L/min"]}}, "Did you mean 'cooling.flow_rate'?"),
        ({}, "needs either `axes` (a grid) or `sample`"),
        ({"base": "nope", "axes": {"model": ["llama-3.1-8b"]}}, "base: no scenario or stack is called 'nope'"),
        ({"base": "one-wafr", "axes": {"model": ["llama-3.1-8b"]}}, "Did you mean 'one-wafer'?"),
        ({"axes": {"cooling.inlet_temperature": ["20 degC", "293.15 K"]}}, "values 1 and 2 are the same"),
        ({"axes": {"model": {"from": "a", "to": "b", "points": 2}}}, "axes.model: is no number"),
        ({"set": {"model": "x"}, "axes": {"model": ["llama-3.1-8b"]}}, "is in `set` as well"),
        ({"axes": {"workload.seed": [1, 2]}, "replicas": 2}, "cannot be used with an axis"),
        ({"axes": {"model": ["llama-3.1-8b"]}, "derived": {"status": "1 + 1"}}, "derived.status: choose another name"),
        (
            {"axes": {"model": ["llama-3.1-8b"]}, "derived": {"model": "system_power_W / 2"}},
            "derived.model: choose another name",
        ),
        ({"axes": {"control.tolerance": {"from": 0, "to": 1, "points": 3, "spacing": "log"}}}, "ends above zero"),
        ({"axes": {"workload.streams": [10**30]}}, "must be at most 9007199254740992"),
        ({"axes": {"workload.streams": {"from": 1, "to": 10**30, "points": 3}}}, "must be at most 9007199254740992"),
        ({"axes": {"model": ["llama-3.1-8b"]}, "replicas": [10**30]}, "must be less than or equal to 9007199254740992"),
        ({"axes": {"control.tolerance": {"from": 1, "to": 1, "points": 3}}}, "`from` and `to` are the same, 1"),
        ({"axes": {"cooling.flow_rate": ["20 L/min", "1200 L/h"]}}, "are the same: 20 L/min and 1200 L/h; remove"),
        ({"axes": {"model": ["llama-3.1-8b"]}, "replicas": [4, 7, 4]}, "replicas: values 1 and 3 are the same: 4"),
        (
            {"axes": {"model": ["llama-3.1-8b"]}, "record": ["pump_power_W", "pump_power_W"]},
            "record: values 1 and 2 are the same: pump_power_W",
        ),
        (
            {"axes": {"workload.utilisation": {"from": 0.5, "to": 7, "points": 900}}},
            "1 problem in study\n * axes.workload.utilisation: 7: must be less than or equal to 1",
        ),
    ],
)
def test_refusals(content: dict[str, Any], message: str) -> None:
    assert message in refused(**content)


FLOWS = {"from": "20 L/min", "to": "40 L/min", "points": 10**12}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"axes": {"cooling.flow_rate": FLOWS}},
            "axes: 1,000,000,000,000 points in all, 1,000,000 at most; choose fewer",
        ),
        (
            {"axes": {"cooling.flow_rate": ["20 L/min", "30 L/min"]}, "replicas": 500_001},
            "axes: 1,000,002 points in all",
        ),
        (
            {
                "axes": {
                    "cooling.flow_rate": {**FLOWS, "points": 1001},
                    "cooling.inlet_temperature": {"from": "10 degC", "to": "20 degC", "points": 1000},
                }
            },
            "axes: 1,001,000 points in all",
        ),
        (
            {"sample": {"method": "sobol", "points": 10**12, "over": {"cooling.flow_rate": ["20 L/min", "40 L/min"]}}},
            "sample.points: 1,000,000,000,000 points in all",
        ),
        (
            {"sample": {"method": "saltelli", "points": 2**19, "over": {"inputs.chip.core.mac_energy": "range"}}},
            "sample.points: 1,572,864 points in all",
        ),
        (
            {
                "optimise": {
                    "minimise": "pump_power_W",
                    "design": 10**12,
                    "over": {"cooling.flow_rate": ["20 L/min", "40 L/min"]},
                }
            },
            "optimise.design: 1,000,000,000,000 points in all",
        ),
    ],
)
def test_more_than_a_million_points_are_refused_unmade(content: dict[str, Any], message: str) -> None:
    """None of these would fit in memory, and a wrong record is told as well."""
    found = refused(**content, record=["peak_temp"])
    assert message in found
    assert "record: 'peak_temp' is no key figure" in found


def test_a_hundred_thousand_points_are_planned() -> None:
    found = planned(axes={"cooling.flow_rate": {**FLOWS, "points": 50_000}}, replicas=2)
    assert found.points == 100_000
    last = found.changes(99_999)
    assert twin.load(BASE["base"]).replace(last) == twin.load(BASE["base"]).replace(
        {"cooling.flow_rate": "40 L/min", "workload.seed": 2}
    )


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (
            {
                "axes": {
                    "cooling.inlet_temperatur": ["18 degC"],
                    "cooling.flow_rate": ["20", "30 L/min"],
                    "cooling.coolant": ["water", "watr"],
                },
                "constraints": ["cooling.flow_rate <= 60"],
                "derived": {"x": "peak_temp_K", "y": "cooling.inlet_temperatur + 1 K"},
                "record": ["peak_temp"],
                "answers": [
                    {"minimise": "zzz", "limits": ["x < 5", "y < 5 K", "mean_temperature_K <= 85 L"]},
                    {"maximise": "peak_temp", "for_each": ["cooling.inlet_temperature", "x"]},
                ],
                "show": ["blub", "y"],
            },
            (
                "axes.cooling.inlet_temperatur: unknown key. Did you mean 'cooling.inlet_temperature'?",
                "axes.cooling.flow_rate: '20': needs a unit",
                "axes.cooling.coolant: 'watr': coolant 'watr' not found",
                "constraints.0: ",
                "derived.x: 'peak_temp_K' is unknown",
                "record: 'peak_temp' is no key figure",
                "answers.0.minimise: 'zzz'",
                "answers.0.limits: K and m^3 do not fit",
                "show: 'blub' is not recorded",
            ),
        ),
        (
            {
                "set": {
                    "cooling.flow_rate": "30 L/min",
                    "thermal.modle": "full",
                    "workload.utilisation": 7,
                    "cooling.coolant": "watr",
                },
                "axes": {"cooling.flow_rate": ["20 L/min"], "inputs.chip.core.mac_energy": ["4 pJ", "5 W"]},
            },
            (
                "set.thermal.modle: unknown key. Did you mean 'model'?",
                "set.workload.utilisation: must be less than or equal to 1, got 7",
                "set.cooling.coolant: coolant 'watr' not found",
                "axes.cooling.flow_rate: is in `set` as well",
                "axes.inputs.chip.core.mac_energy: '5 W'",
            ),
        ),
        (
            {
                "optimise": {
                    "minimise": ["blah", "pump_power_W"],
                    "subject_to": ["peak_temperature_K <= 85 W", "pump_power_W < 1"],
                    "over": {
                        "workload.streams": [1, 5],
                        "cooling.flow_rate": ["40 L/min", "20 L/min"],
                        "cooling.flw": [1, 2],
                    },
                }
            },
            (
                "optimise.minimise.0: 'blah' is unknown",
                "optimise.subject_to.0: K and",
                "optimise.subject_to.1: ",
                "optimise.over.workload.streams: is a whole number",
                "optimise.over.cooling.flow_rate: the upper bound must be above the lower one, got 40 L/min and 20",
                "optimise.over.cooling.flw: unknown key",
            ),
        ),
        (
            {
                "set": {"inputs.chp.x": 1, "inputs.chip.core.mac_energy": "5 W", "workload.duration": "1 h"},
                "axes": {"cooling.flow_rate": ["30"]},
            },
            (
                "set.inputs: 'chp' is no kind of input. Did you mean 'chip'?",
                "set.inputs.chip.core.mac_energy: '5 W' has the wrong dimension",
                "axes.cooling.flow_rate: '30': needs a unit",
            ),
        ),
        (
            {
                "axes": {"cooling.flow_rate": ["30 L/min"]},
                "derived": {"x": "peak_temp_K"},
                "answers": [{"minimise": "x", "for_each": ["cooling.coolant"]}],
                "show": ["cooling.flow_rate"],
            },
            (
                "derived.x: 'peak_temp_K' is unknown",
                "answers.0.for_each: 'cooling.coolant' is not varied",
                "show: 'cooling.flow_rate' is not recorded",
            ),
        ),
        (
            {"axes": {"inputs.chip.core.mac_energy": ["4 pJ", "5 W"], "inputs.chip.foo": [1]}, "record": ["a"]},
            (
                "axes.inputs.chip.core.mac_energy: '5 W': '5 W' has the wrong dimension",
                "axes.inputs.chip.foo: unknown key",
                "record: 'a' is no key figure",
            ),
        ),
    ],
    ids=["axes", "set", "optimise", "inputs of set", "answers", "inputs"],
)
def test_sound_parts_are_checked_beside_wrong_ones_and_nothing_is_told_twice(
    content: dict[str, Any], parts: tuple[str, ...]
) -> None:
    message = refused(**content)
    for part in parts:
        assert f" * {part}" in message
    assert message.startswith(f"{len(parts)} problems in study")


def test_unknown_key_like_no_other_is_told_with_three_keys_and_the_command_that_lists_all() -> None:
    message = refused(axes={"qqqqqqqq": [1]})
    closest = message.split("The closest of ")[1].split(": ")[1].split(". All: ")[0]
    assert len(closest.split(", ")) == 3
    assert "All: `twin schema scenario`, below `inputs` `twin show KIND/NAME --sources`." in message


@pytest.mark.parametrize(
    ("content", "messages"),
    [
        (
            {"axes": {"cooling.inlet_temperature": ["20 degC", "-500 degC", "150 degC", "-5 degC"]}},
            (
                "axes.cooling.inlet_temperature: '-500 degC': must be above absolute zero, -273.15 degC",
                "axes.cooling.inlet_temperature: '150 degC': Water cannot enter at 150.0 degC",
                "axes.cooling.inlet_temperature: '-5 degC': Water cannot enter at -5.0 degC: it freezes at 0.0 degC",
            ),
        ),
        (
            {"axes": {"cooling.inlet_temperature": {"from": "20 degC", "to": "150 degC", "points": 50}}},
            ("axes.cooling.inlet_temperature: '150 degC': Water cannot enter",),
        ),
        (
            {
                "sample": {
                    "method": "lhs",
                    "points": 50,
                    "over": {"cooling.inlet_temperature": {"from": "-40 degC", "to": "20 degC"}},
                }
            },
            ("sample.over.cooling.inlet_temperature: '-40 degC': Water cannot enter",),
        ),
        (
            {"set": {"cooling.inlet_temperature": "-5 degC"}, "axes": {"cooling.coolant": ["eg25", "water"]}},
            ("axes.cooling.coolant: 'water': Water cannot enter at -5.0 degC",),
        ),
        (
            {"set": {"cooling.inlet_temperature": "150 degC"}, "axes": {"cooling.flow_rate": ["30 L/min"]}},
            ("set.cooling.inlet_temperature: Water cannot enter at 150.0 degC",),
        ),
    ],
)
def test_inlet_temperatures_that_no_run_takes_are_refused(content: dict[str, Any], messages: tuple[str, ...]) -> None:
    found = refused(**content)
    for message in messages:
        assert message in found
    assert found.startswith(f"{len(messages)} problem")


def test_coolants_may_be_paired_with_temperatures_that_one_of_them_has() -> None:
    found = planned(axes={"cooling.coolant": ["water", "eg25"], "cooling.inlet_temperature": ["-5 degC", "20 degC"]})
    assert found.points == 4
