"""Key figures against values worked out by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest
import synthetic_run

from twin.results.compare import compare
from twin.results.description import Description
from twin.results.kpis import KPIS
from twin.results.memory import MemoryWriter
from twin.results.results import Results

DESIGN_KPIS = [
    "peak_temperature_K",
    "mean_temperature_K",
    "wafer_power_W",
    "system_power_W",
    "facility_power_W",
    "pump_power_W",
    "pressure_drop_Pa",
    "coolant_outlet_K",
    "min_voltage_V",
    "max_ir_drop_V",
    "tokens_per_second",
    "tokens_per_second_per_user",
    "time_to_first_token_s",
    "time_to_first_token_p99_s",
    "energy_per_token_J",
    "wall_energy_per_token_J",
    "utilisation",
    "energy_residual",
    "coupling_iterations",
    "wall_time_s",
]


def two_wafers(start_time: float = 0.0) -> Results:
    """Return two unequal steps (1 s, then 3 s) of two wafers."""
    coords = {"time": start_time + np.array([1.0, 4.0]), "wafer": [0, 1]}
    writer = MemoryWriter(coords, Description("two", start_time=start_time))
    writer.append(
        0,
        {
            "wafer_power": [1000.0, 3000.0],
            "accelerator_power": 4000.0,
            "system_power": 6000.0,
            "tokens": 10.0,
            "peak_temperature": [350.0, 340.0],
            "pressure_drop": [10e3, 12e3],
            "utilisation": 0.5,
            "energy_residual": [1e-9, 3e-9],
            "coupling_iterations": [2, 4],
        },
    )
    writer.append(
        1,
        {
            "wafer_power": [2000.0, 4000.0],
            "accelerator_power": 6000.0,
            "system_power": 8000.0,
            "tokens": 30.0,
            "peak_temperature": [345.0, 349.0],
            "pressure_drop": [11e3, 9e3],
            "utilisation": 0.1,
            "energy_residual": [2e-9, 1e-9],
            "coupling_iterations": [4, 6],
        },
    )
    seen = {
        "time_to_first_token": np.append(np.arange(1.0, 101.0), np.nan),
        "tokens_per_second": np.append(np.arange(100.0), np.nan),
    }
    return writer.finish(wall_time=0.5, requests=seen)


@pytest.mark.parametrize("start_time", [0.0, 100.0])
def test_key_figures_of_unequal_steps(start_time: float) -> None:
    kpis = two_wafers(start_time).kpis
    expected = {
        "wafer_power_W": (4000 * 1 + 6000 * 3) / 4,
        "system_power_W": (6000 * 1 + 8000 * 3) / 4,
        "tokens_per_second": 40 / 4,
        "energy_per_token_J": (4000 * 1 + 6000 * 3) / 40,
        "wall_energy_per_token_J": (6000 * 1 + 8000 * 3) / 40,
        "peak_temperature_K": 350.0,
        "pressure_drop_Pa": 12e3,
        "utilisation": (0.5 * 1 + 0.1 * 3) / 4,
        "energy_residual": 3e-9,
        "coupling_iterations": (3 * 1 + 5 * 3) / 4,
        "time_to_first_token_s": 50.5,
        "time_to_first_token_p99_s": 1 + 0.99 * 99,
        "tokens_per_second_per_user": 49.5,
        "wall_time_s": 0.5,
    }
    assert {name: kpis[name] for name in expected} == pytest.approx(expected, rel=1e-12)


def test_json_has_every_key_figure_of_the_contract_and_no_nan() -> None:
    for results in (two_wafers(), synthetic_run.wafer_results(), synthetic_run.gpu_results()):
        printed = json.dumps(results.to_json(), allow_nan=False)
        assert set(DESIGN_KPIS) | {"assumed_inputs"} <= set(json.loads(printed))


def test_idle_run_has_no_energy_per_token() -> None:
    writer = MemoryWriter({"time": [1.0]}, Description("idle"))
    writer.append(0, {"tokens": 0.0, "accelerator_power": 100.0})
    kpis = writer.finish().kpis
    assert kpis["energy_per_token_J"] is None
    assert kpis["tokens_per_second"] == 0.0


def test_run_without_steps_has_no_key_figures() -> None:
    kpis = MemoryWriter({"time": [1.0]}, Description("killed early")).finish("interrupted").kpis
    assert set(kpis.values()) == {None}


def test_comparison_puts_ratio_first_over_second_and_none_where_one_has_nothing() -> None:
    wafer, gpu = synthetic_run.wafer_results(), synthetic_run.gpu_results()
    rows = compare(wafer, gpu).to_json()["kpis"]
    wall = rows["wall_energy_per_token_J"]
    assert wall["ratio"] == pytest.approx(wall["a"] / wall["b"])
    assert rows["peak_temperature_K"]["b"] is None
    assert rows["peak_temperature_K"]["ratio"] is None
    assert "energy per token, wall" in str(compare(wafer, gpu))


def test_summary_shows_every_key_figure_with_its_unit() -> None:
    results = synthetic_run.wafer_results()
    summary = results.summary()
    assert all(kpi.label in summary for kpi in KPIS.values())
    peak = results.kpis["peak_temperature_K"]
    assert peak is not None
    assert f"{peak - 273.15:.2f} degC" in summary


def heating(failure_time: float | None, *peaks: float) -> Results:
    """Return a run of steps of 1 s that end at these peaks; the chip throttles at 350 K and trips at 370 K."""
    description = Description("heating", limits=(350.0, 370.0), failure_time=failure_time)
    writer = MemoryWriter({"time": np.arange(1.0, 1.0 + len(peaks)), "wafer": [0]}, description)
    for number, peak in enumerate(peaks):
        writer.append(number, {"peak_temperature": [peak]})
    return writer.finish("complete")


@pytest.mark.parametrize(
    ("failure_time", "peaks", "throttle", "trip"),
    [
        (None, (300.0, 340.0, 360.0, 380.0), 2.5, 3.5),
        (2.0, (300.0, 340.0, 360.0, 380.0), 0.5, 1.5),
        (1.0, (340.0, 345.0, 349.0), None, None),
        (2.0, (360.0, 340.0, 340.0, 360.0), 1.5, None),  # what was hot before the failure is not its doing
        (2.0, (360.0, 360.0, 365.0), 0.0, None),
        (None, (355.0,), 1.0, None),
    ],
)
def test_time_to_a_limit_counts_from_the_failure(
    failure_time: float | None, peaks: tuple[float, ...], throttle: float | None, trip: float | None
) -> None:
    found = heating(failure_time, *peaks).kpis
    for name, expected in (("time_to_throttle_s", throttle), ("time_to_trip_s", trip)):
        assert found[name] == (None if expected is None else pytest.approx(expected)), name


def test_limits_of_a_chip_survive_the_file() -> None:
    written = Description("heating", limits=(350.0, 370.0), failure_time=2.0)
    assert Description.read(written.attributes()) == written
    assert Description.read(Description("plain").attributes()).limits is None
