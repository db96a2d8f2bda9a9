"""Other systems than one wafer: GPUs, two wafers, four wafers."""

from __future__ import annotations

import numpy as np
import pytest
from coarse_runs import SERVING, run, total, values

from twin.results.kpis import KPIS
from twin.results.results import Results

GPU = "dgx-h100-llama3.1-8b-conversation"
SEVENTY = "wse3-llama3.1-70b-conversation"
ABSENT_ON_GPUS = {
    "peak_temperature_K",
    "mean_temperature_K",
    "wafer_power_W",
    "pump_power_W",
    "fan_power_W",
    "coolant_flow_m3_s",
    "pressure_drop_Pa",
    "coolant_inlet_K",
    "coolant_outlet_K",
    "time_to_throttle_s",
    "time_to_trip_s",
    "min_voltage_V",
    "max_ir_drop_V",
    "energy_residual",
    "coupling_iterations",
}


@pytest.fixture(scope="module")
def gpus(busy_trace: str) -> Results:
    return run(GPU, workload__duration="6 s", workload__trace=busy_trace, workload__rate_scale=1)


def test_gpus_have_no_wafer_quantities_and_all_others(gpus: Results) -> None:
    found = {name for name, value in gpus.kpis.items() if value is None}
    assert found == ABSENT_ON_GPUS
    assert set(gpus.kpis) == set(KPIS)


def test_parts_of_a_node_add_up_to_its_power_at_the_wall(gpus: Results) -> None:
    parts = sum(total(gpus, name) for name in ("accelerator_power", "host_power", "supply_loss"))
    np.testing.assert_allclose(parts, total(gpus, "system_power"), rtol=1e-12)
    assert np.all(total(gpus, "facility_power") >= total(gpus, "system_power"))


def test_the_comparison_serves_the_same_requests(busy_trace: str) -> None:
    load = {"workload__duration": "6 s", "workload__trace": busy_trace, "workload__rate_scale": 0.3}
    results = run(SERVING, **load, compare_with="dgx-h100")
    other = results.comparison
    assert other is not None
    assert {name for name, value in other.kpis.items() if value is None} == ABSENT_ON_GPUS
    prompts = [total(item, "prompt_tokens").sum() for item in (results, other)]
    assert prompts[0] == pytest.approx(prompts[1], rel=0.05)
    alone = run(GPU, **load)
    np.testing.assert_array_equal(values(alone, "tokens"), values(other, "tokens"))


def test_more_nodes_than_needed_cost_more_and_serve_no_worse(busy_trace: str) -> None:
    load = {"workload__duration": "6 s", "workload__trace": busy_trace, "workload__rate_scale": 1}
    one, three = (run(GPU, **load, systems=count) for count in (1, 3))
    assert three.kpis["system_power_W"] > 1.5 * one.kpis["system_power_W"]
    assert three.kpis["time_to_first_token_s"] <= one.kpis["time_to_first_token_s"]


def test_seventy_billion_parameters_on_four_wafers() -> None:
    results = run(SEVENTY, workload__duration="12 s")
    assert results.status == "complete"
    assert results.data.sizes["wafer"] == 4
    assert values(results, "energy_residual").shape[1] == 4
    assert values(results, "energy_residual").max() <= 1e-6
    assert total(results, "tokens").sum() > 0
    assert np.all(values(results, "dynamic_power") > 0)


def test_two_wafers_share_the_layers_of_a_model(busy_trace: str) -> None:
    load = {"workload__duration": "4 s", "workload__trace": busy_trace, "workload__rate_scale": 1}
    one, two = run(SERVING, **load), run(SERVING, **load, systems=2)
    assert two.data.sizes["wafer"] == 2
    assert values(two, "energy_residual").max() <= 1e-6
    assert two.kpis["system_power_W"] > 1.05 * one.kpis["system_power_W"]
    for name in ("pump_power", "host_power"):
        assert total(two, name).mean() == pytest.approx(2 * total(one, name).mean(), rel=0.05), name
    assert total(two, "tokens").sum() == pytest.approx(total(one, "tokens").sum(), rel=0.1)
