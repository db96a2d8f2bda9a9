"""How a working wafer answers to its coolant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from coarse_runs import IDLE, VIRUS, run, total, values

from twin import library
from twin.spec.chip import Chip

LOAD = {"workload__start": "0 s", "workload__duration": "3 s", "workload__utilisation": 0.25}
INLETS = ("18 degC", "26 degC", "34 degC", "42 degC")
FLOWS = ("5 L/min", "10 L/min", "20 L/min", "40 L/min", "70 L/min")


def test_a_warmer_inlet_raises_leakage_and_every_die() -> None:
    runs = [run(VIRUS, **LOAD, control__policy="none", cooling__inlet_temperature=inlet) for inlet in INLETS]
    leakage = [total(results, "leakage_power")[-1] for results in runs]
    assert np.all(np.diff(leakage) > 0)
    dies = np.array([values(results, "die_temperature")[-1] for results in runs])
    assert np.all(np.diff(dies, axis=0) > 0)


def test_leakage_follows_its_law_from_inlet_to_inlet() -> None:
    """Sum over tiles of V exp(b T + g V), with b and g of the chip's file and the die's voltage and temperatures."""
    chip = library.load("chip", "wse3")
    assert isinstance(chip, Chip)
    runs = [run(VIRUS, **LOAD, control__policy="none", cooling__inlet_temperature=inlet) for inlet in INLETS[:2]]
    expected = []
    for results in runs:
        voltage = np.repeat(np.repeat(values(results, "die_voltage")[-1, 0], 4, axis=0), 4, axis=1)
        heated = chip.leakage.temperature_coefficient * values(results, "tile_temperature")[-1, 0]
        expected.append(np.sum(voltage * np.exp(heated + chip.leakage.voltage_coefficient * voltage)))
    found = [total(results, "leakage_power")[-1] for results in runs]
    assert found[1] / found[0] == pytest.approx(expected[1] / expected[0], rel=1e-4)
    assert found[1] > 1.3 * found[0]


@pytest.mark.parametrize("load", [LOAD, {**LOAD, "workload__utilisation": 0.05}], ids=["busy", "calm"])
def test_more_flow_never_heats(load: dict[str, object]) -> None:
    runs = [run(VIRUS, **load, cooling__flow_rate=flow) for flow in FLOWS]
    for name in ("peak_temperature", "coolant_outlet", "die_temperature"):
        last = np.array([values(results, name)[-1] for results in runs])
        assert np.all(np.diff(last, axis=0) <= 1e-6), name
    peaks = [values(results, "peak_temperature")[-1, 0] for results in runs]
    assert np.all(np.diff(peaks) < 0)


def test_more_flow_costs_more_pressure_and_pump_power() -> None:
    runs = [run(VIRUS, **LOAD, cooling__flow_rate=flow) for flow in FLOWS]
    for name in ("pump_power", "pressure_drop"):
        assert np.all(np.diff([total(results, name)[-1] for results in runs]) > 0), name


def test_pumps_deliver_no_more_than_their_curve() -> None:
    """A flow beyond the pumps' curve is cut to what they deliver, and no more heat is taken away by wishing."""
    wished = run(VIRUS, **LOAD, cooling__flow_rate="400 L/min")
    delivered = values(wished, "flow_rate")
    assert np.all(delivered < 0.99 * 400e-3 / 60)
    assert wished.kpis["energy_residual"] <= 1e-6


@pytest.mark.parametrize("design", ["straight-cold-plate", "jet-impingement"])
def test_other_designs_run_and_cool_better_with_more_flow(design: str) -> None:
    few, many = (
        run(VIRUS, **{**LOAD, "workload__utilisation": 0.1}, cooling__design=design, cooling__flow_rate=flow)
        for flow in ("20 L/min", "60 L/min")
    )
    assert many.kpis["peak_temperature_K"] < few.kpis["peak_temperature_K"]
    assert few.kpis["energy_residual"] <= 1e-6


@pytest.mark.parametrize("coolant", ["pg25", "eg25"])
def test_glycol_cools_worse_than_water(coolant: str) -> None:
    water, glycol = (run(VIRUS, **LOAD, cooling__coolant=name) for name in ("water", coolant))
    assert glycol.kpis["peak_temperature_K"] > water.kpis["peak_temperature_K"]
    assert glycol.kpis["pressure_drop_Pa"] > water.kpis["pressure_drop_Pa"]


def test_a_blocked_slot_heats_the_dies_beside_it(add_data: Callable[[str, str], Path]) -> None:
    """Slot 12 of 24 lies at mid-height: the rows of dies there heat most, the far ones hardly."""
    add_data(
        "chips/calm.yaml", "kind: chip\nbase: wse3\nleakage: {power: {value: 0.1 kW, source: x, status: derived}}\n"
    )
    add_data("systems/calm.yaml", "kind: system\nbase: cs3\nchip: calm\n")
    free, blocked = (run(IDLE, system="calm", workload__duration="3 s", cooling__blocked__slots=b) for b in ([], [12]))
    rise = (values(blocked, "die_temperature") - values(free, "die_temperature"))[-1, 0].mean(axis=1)
    assert np.argmax(rise) in (5, 6)
    assert rise.max() > 10 * abs(rise[0])


def test_a_blocked_slot_of_a_leaky_wafer_runs_away_even_idle() -> None:
    """Where nothing flows only the silicon carries heat aside; leakage at idle then grows without bound."""
    results = run(IDLE, workload__duration="3 s", cooling__blocked__slots=[12])
    assert results.status == "stopped"
    assert "runaway" in results.reason
