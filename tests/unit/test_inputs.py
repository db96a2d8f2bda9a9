"""Inputs of a scenario laid over the library: one grammar, named sources, an effect on the results, clear refusals."""

from __future__ import annotations

from typing import Any

import pytest

import twin
from twin import inputs
from twin.engine.run import build
from twin.engine.steady_point import steady_point
from twin.errors import SpecError
from twin.spec.base import to_tree
from twin.spec.documents import validate
from twin.spec.scenario import Scenario

CHANGES = {
    "inputs.chip.core.mac_energy": "4.5 pJ",
    "inputs.material.beol.conductivity.2": "1 W/m/K",
    "inputs.cooling.layers.channels.microchannels.width": "80 um",
    "inputs.delivery.connector_conductance": "3e7 S/m^2",
    "inputs.coolant.viscosity_factor": 1.01,
    "inputs.system.host_power": "2 kW",
}


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return twin.load("wse3-power-virus").replace({"thermal.mesh": "wafer-coarse", "workload.duration": "2 s"})


def test_dotted_and_nested_keys_are_the_same(scenario: Scenario) -> None:
    flat = scenario.replace({"inputs": {"chip.core.mac_energy": "4 pJ", "chip": {"core": {"hop_energy": "2 pJ"}}}})
    nested = scenario.replace({"inputs.chip.core.mac_energy": "4 pJ", "inputs.chip.core.hop_energy": "2 pJ"})
    assert flat == nested
    assert validate(to_tree(nested), Scenario, "again") == nested


def test_inputs_have_value_unit_and_range(scenario: Scenario) -> None:
    found = inputs.inputs_of(scenario)
    thickness = found["inputs.chip.layers.silicon.thickness"]
    assert (thickness.key.unit, thickness.uncertain) == ("m", True)
    assert thickness.range == pytest.approx((300e-6, 500e-6))
    assert found["inputs.cooling.layers.channels.microchannels.pieces"].key.whole
    assert not found["inputs.chip.cores"].uncertain
    changed = scenario.replace({"inputs.chip.core.mac_energy": "4.5 pJ"})
    assert inputs.value_of(changed, "inputs.chip.core.mac_energy") == pytest.approx(4.5e-12)
    energies = [inputs.inputs_of(given)["inputs.chip.core.mac_energy"] for given in (scenario, changed)]
    assert [energy.uncertain for energy in energies] == [True, False], "who sets it knows it"
    assert inputs.value_of(changed, "cooling.flow_rate") == changed.cooling.flow_rate  # type: ignore[union-attr]


@pytest.mark.parametrize("key", CHANGES)
def test_each_input_changes_the_results(scenario: Scenario, key: str) -> None:
    usual, changed = steady_point(scenario), steady_point(scenario.replace({key: CHANGES[key]}))
    names = ("peak_temperature_K", "wafer_power_W", "pressure_drop_Pa", "system_power_W", "max_ir_drop_V")
    assert [changed[name] for name in names] != [usual[name] for name in names]


def test_overridden_inputs_are_assumed_in_the_resolved_scenario(scenario: Scenario) -> None:
    results = twin.run(scenario.replace({**CHANGES, "workload.duration": "1 s"}))
    by_key = {item.key: item for item in results.assumed_inputs}
    assert by_key["system/cs3: host_power"].value == "2 kW"
    assert by_key["system/cs3: host_power"].source == "`inputs` of the scenario; the library says 1 kW"
    assert by_key["material/beol: conductivity.2"].range == ("0.8 W/m/K", "6 W/m/K")
    assert "coolant/water: viscosity_factor" in by_key, "published in the library, assumed here"
    assert (
        "#   core.mac_energy: 4.5 pJ (assumed; `inputs` of the scenario; the library says 3.4 pJ)" in results.scenario
    )
    assert "inputs:" in results.scenario


def test_inputs_do_not_hold_for_the_other_system() -> None:
    short = {"workload.duration": "1 s", "thermal.mesh": "wafer-coarse"}
    base = twin.load("wse3-llama3.1-8b-conversation").replace(short)
    with_rival = twin.run(base.replace({"inputs.system.host_power": "2 kW"}))
    assert with_rival.comparison is not None
    assert "inputs: {}" in with_rival.comparison.scenario


def test_inputs_of_gpu_systems() -> None:
    base = twin.load("dgx-h100-llama3.1-8b-conversation").replace({"systems": 2, "workload.duration": "20 s"})
    uncertain = [key for key, given in inputs.inputs_of(base).items() if given.uncertain]
    assert "inputs.system.supply_efficiency" in uncertain
    usual, better = (
        steady_point(base.replace({"inputs.system.supply_efficiency": share}))["system_power_W"]
        for share in (0.9, 0.96)
    )
    assert usual == pytest.approx(better * 0.96 / 0.9)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"inputs.chip.core.mac_enery": "4 pJ"}, "inputs.chip.core.mac_enery: unknown key. Did you mean 'mac_energy'?"),
        ({"inputs.chip.layers.silcon.thickness": "4 um"}, "layers.silcon: no such item. Did you mean 'silicon'?"),
        ({"inputs.chip.core.mac_energy": 3}, "inputs.chip.core.mac_energy: needs a unit, e.g. '3 pJ'"),
        ({"inputs.chip.voltage.minimum": "0.9 V"}, "inputs.chip.voltage: voltages must rise"),
        ({"inputs.gpu.memory": "1 byte"}, "inputs.gpu: 'cs3' does not use it"),
        ({"inputs.material.copper.density": "1 kg/m^3"}, "inputs.material.copper: 'cs3' does not use it"),
        ({"inputs.chp.x": 1}, "'chp' is no kind of input. Did you mean 'chip'?"),
        ({"inputs.chip": 3}, "'chip' needs keys"),
    ],
)  # fmt: skip
def test_refusals_name_the_key(scenario: Scenario, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        build(scenario.replace(changes), "mine.yaml")
    assert message in str(caught.value)
