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


@pytest.mark.parametrize("method", ["lhs", "sobol", "random"])
def test_samples_lie_within_their_spans_and_repeat(method: str) -> None:
    over = {"cooling.flow_rate": ["20 L/min", "60 L/min"], "workload.streams": {"from": 1, "to": 8}}
    content = {"sample": {"method": method, "points": 64, "seed": 3, "over": over}}
    found, again = planned(**content), planned(**content)
    flow, streams = found.dimensions[0].values
    assert found.shape == (64,)
    assert flow.si == again.dimensions[0].values[0].si
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
        ({"axes": {"control.tolerance": {"from": 0, "to": 1, "points": 3, "spacing": "log"}}}, "ends above zero"),
    ],
)
def test_refusals(content: dict[str, Any], message: str) -> None:
    assert message in refused(**content)
