"""A steady point is what a run at constant load tends to, and the mean of one that serves requests."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import twin
from twin import library
from twin.cluster.group import group
from twin.cluster.mean_load import serve_on_group
from twin.cluster.step_time import steady_batch
from twin.engine.anderson import Anderson
from twin.engine.service import Asked
from twin.engine.steady_point import steady_point, steady_state
from twin.errors import RunStopped
from twin.results.kpis import KPIS
from twin.thermal.wafer import WaferThermalModel
from twin.workload.mean_load import mean_load
from twin.workload.serving import Limits, Requests

COARSE = {"thermal.mesh": "wafer-coarse", "compare_with": None}
FOLLOWED = 0.03
"""Error in K up to which time steps of the reduced model follow a settled state (twin.thermal.reduced.followed)."""


def steady(name: str, **changes: Any) -> dict[str, float | None]:
    given = {key.replace("__", "."): value for key, value in changes.items()}
    return steady_point(twin.load(name).replace({**COARSE, **given}))


@pytest.mark.parametrize(("model", "error"), [("full", 2e-3), ("reduced", FOLLOWED)])
def test_power_virus_is_the_end_of_a_long_run(model: str, error: float) -> None:
    changes = {**COARSE, "thermal.model": model, "workload.duration": "20 s"}
    scenario = twin.load("wse3-power-virus").replace(changes)
    data = twin.run(scenario).data.isel(time=-1)
    found = steady_point(scenario)
    assert found["peak_temperature_K"] == pytest.approx(float(data["peak_temperature"].max()), abs=error)
    assert found["wafer_power_W"] == pytest.approx(float(data["wafer_power"].sum()), rel=5e-5)
    assert found["system_power_W"] == pytest.approx(float(data["system_power"]), rel=5e-5)
    assert found["coolant_outlet_K"] == pytest.approx(float(data["coolant_outlet"].mean()), abs=1e-3)
    assert found["min_voltage_V"] == pytest.approx(float(data["die_minimum_voltage"].min()), abs=1e-5)


def test_fans_of_a_dry_cooler_and_the_flow_of_pumps_are_told() -> None:
    """On a hot day the fans run at full speed; at 70 L/min the pumps are at their end."""
    changes = {"cooling__design": "manifold-silicon-dry", "cooling__flow_rate": "60 L/min"}
    found = steady("wse3-power-virus", **changes)
    assert found["fan_power_W"] == pytest.approx(800.0)
    assert found["coolant_flow_m3_s"] == pytest.approx(60 / 60e3)
    stronger = steady("wse3-power-virus", **changes, inputs__cooling__loop__dry_cooler__fan_power="1.2 kW")
    assert stronger["fan_power_W"] == pytest.approx(1200.0)
    assert stronger["facility_power_W"] == found["facility_power_W"], "the facility's factor stands for it"
    wanted = twin.load("wse3-power-virus").replace({**COARSE, "cooling.flow_rate": "70 L/min"})
    state = steady_state(wanted)
    flow = state.figures["coolant_flow_m3_s"]
    assert flow is not None
    assert state.figures["fan_power_W"] is None, "no dry cooler"
    assert flow < 70 / 60e3
    assert any(caution.text.startswith("the pumps deliver") for caution in state.cautions)


def constant_trace(folder: Path, seconds: int) -> str:
    """Write a trace of 40 equal requests a second."""
    path = folder / "constant.csv"
    lines = [f"{number / 40:.4f},800,200" for number in range(40 * seconds)]
    path.write_text("TIMESTAMP,ContextTokens,GeneratedTokens\n" + "\n".join(lines) + "\n")
    return str(path)


def test_constant_requests_give_the_end_of_a_run(tmp_path: Path) -> None:
    changes = {
        **COARSE,
        "workload.trace": constant_trace(tmp_path, 60),
        "workload.rate_scale": 1,
        "workload.duration": "60 s",
        "control.step": "1 s",
        "control.policy": "adaptive_voltage",
    }
    scenario = twin.load("wse3-llama3.1-8b-conversation").replace(changes)
    results, found = twin.run(scenario), steady_point(scenario)
    last = results.data.isel(time=slice(50, None)).mean("time")
    assert found["tokens_per_second"] == pytest.approx(float(last["tokens"]), rel=0.01)
    assert found["utilisation"] == pytest.approx(float(last["utilisation"]), rel=0.01)
    assert found["wafer_power_W"] == pytest.approx(float(last["wafer_power"].sum()), rel=0.01)
    assert found["system_power_W"] == pytest.approx(float(last["system_power"]), rel=0.01)
    assert found["tokens_per_second_per_user"] == pytest.approx(results.kpis["tokens_per_second_per_user"], rel=0.02)
    assert found["energy_residual"] < 1e-6


def test_gpus_serve_the_mean_of_their_run() -> None:
    scenario = twin.load("dgx-h100-llama3.1-8b-conversation").replace(
        {"systems": 2, "workload.duration": "2 min", "workload.rate_scale": 12}
    )
    found, expected = steady_point(scenario), twin.run(scenario).kpis
    for name in ("system_power_W", "tokens_per_second", "utilisation", "wall_energy_per_token_J"):
        assert found[name] == pytest.approx(expected[name], rel=0.05), name


def test_same_names_as_a_run_and_null_where_nothing_applies() -> None:
    found = steady("wse3-idle")
    assert set(found) == set(KPIS)
    assert found["tokens_per_second"] == 0.0
    assert [found[n] for n in ("energy_per_token_J", "time_to_first_token_s", "time_to_first_token_p99_s")] == [
        None
    ] * 3


def test_result_does_not_depend_on_what_was_computed_before() -> None:
    first = steady("wse3-power-virus")
    steady("wse3-power-virus", cooling__flow_rate="25 L/min")
    again = steady("wse3-power-virus")
    first.pop("wall_time_s")
    again.pop("wall_time_s")
    assert first == again


@pytest.mark.parametrize("inlet", ["50 degC", "60 degC", "70 degC"])
def test_thermal_governor_holds_the_throttle_temperature(inlet: str) -> None:
    free = steady("wse3-power-virus", cooling__inlet_temperature="60 degC", control__policy="adaptive_voltage")
    held = steady("wse3-power-virus", cooling__inlet_temperature=inlet, cooling__flow_rate="20 L/min")
    limit = 273.15 + 85
    assert free["peak_temperature_K"] > limit + 2
    assert held["peak_temperature_K"] == pytest.approx(limit, abs=0.1)
    assert held["utilisation"] < free["utilisation"]


def test_runaway_and_pumps_at_rest_are_said() -> None:
    with pytest.raises(RunStopped, match=r"runaway|trip"):
        steady("wse3-power-virus", cooling__inlet_temperature="80 degC", cooling__flow_rate="6 L/min")
    with pytest.raises(RunStopped, match="no pump runs"):
        steady("wse3-power-virus", cooling__failures=[{"part": "pump"}])


def test_mean_load_weighs_contexts_by_tokens() -> None:
    requests = Requests(np.array([0.0, 1.0]), np.array([100, 300]), np.array([10, 30]))
    load = mean_load(requests, 4.0)
    assert load is not None
    assert (load.requests, load.prompt, load.generated) == (0.5, 200.0, 20.0)
    assert load.decode_context == pytest.approx((10 * 105 + 30 * 315) / 40)
    assert load.prompt_length == pytest.approx((100**2 + 300**2) / 400)


@pytest.mark.parametrize("requests_per_second", [0.01, 1.0, 20.0])
def test_group_serves_what_is_asked(requests_per_second: float) -> None:
    system = library.load("system", "dgx-h100")
    built = group(library.load("model", "llama-3.1-8b"), library.load("gpu", system.gpu), system.software, 1, "fp16")
    load = mean_load(Requests(np.zeros(1), np.array([1000]), np.array([200])), 1.0 / requests_per_second)
    found = serve_on_group(built, load, Limits(built.cache_tokens, 4))
    most = 4 / built.step(steady_batch(4, 1000, 200)).total
    asked = 200 * requests_per_second
    assert found.interval.output_tokens == pytest.approx(min(asked, most), rel=1e-6)
    assert found.queue == (asked > most)


def test_governor_at_its_smallest_clock_is_a_steady_state() -> None:
    found = steady("wse3-power-virus", cooling__inlet_temperature="80 degC", cooling__flow_rate="10 L/min")
    assert 273.15 + 85 < found["peak_temperature_K"] < 273.15 + 105
    assert found["utilisation"] == pytest.approx(0.2, rel=1e-6)


@pytest.mark.parametrize("scale", [0.3, 1.0, 6.96])
def test_mean_of_repeated_requests_is_known_without_making_them(scale: float) -> None:
    work = twin.load("wse3-llama3.1-8b-conversation").workload.model_copy(update={"rate_scale": scale})
    asked = Asked.by(work)
    expected = mean_load(asked.requests, work.duration)
    assert expected is not None
    assert asdict(asked.load) == pytest.approx(asdict(expected), rel=1e-12)


def test_few_solutions_of_the_heat_problem_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most of the cost of ten thousand points is that of these solutions."""
    solved = []
    solve = WaferThermalModel.steady

    def counted(self: WaferThermalModel, *arguments: Any) -> Any:
        solved.append(1)
        return solve(self, *arguments)

    monkeypatch.setattr(WaferThermalModel, "steady", counted)
    steady("wse3-llama3.1-8b-conversation", thermal__model="full", cooling__flow_rate="30 L/min")
    assert len(solved) <= 5


def test_anderson_solves_a_slow_linear_fixed_point_in_few_steps() -> None:
    matrix = np.diag([0.9, -0.5, 0.99])
    solution, x, steps = np.array([1.0, 2.0, 3.0]), np.zeros(3), Anderson()
    for _ in range(6):
        x = steps.next(x, solution + matrix @ (x - solution))
    assert x == pytest.approx(solution, abs=1e-8)
    moved = solution + 0.1
    again = steps.shifted()
    for _ in range(2):
        x = again.next(x, moved + matrix @ (x - moved))
    assert x == pytest.approx(moved, abs=1e-6)
