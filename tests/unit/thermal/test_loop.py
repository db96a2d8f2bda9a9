"""Coolant loop: exchangers, pump, conservation, control of the inlet, equilibrium."""

import math
from typing import Any

import pytest
from coolant_loops import DROP, FLOW, INLET, WATER, plain, run, step, subjects, with_dry_cooler

from twin.spec.base import to_tree
from twin.spec.cooling import CoolantLoop, JetArray, Room
from twin.thermal import exchangers
from twin.thermal import loop as loops
from twin.thermal.jets import jet_film
from twin.thermal.loop import LoopState, initial_state
from twin.thermal.pumps import coasted, delivered_flow, loop_pressure_drop, pump_point


@pytest.mark.parametrize(("ratio", "expected"), [(0.6, 0.811167714028), (1.0, 0.714285714286)])
def test_counterflow_effectiveness(ratio, expected):
    assert exchangers.counterflow_effectiveness(2.5, ratio) == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize(("ratio", "expected"), [(0.6, 0.613552725695), (1.0, 0.496631026500)])
def test_parallel_effectiveness(ratio, expected):
    assert exchangers.parallel_effectiveness(2.5, ratio) == pytest.approx(expected, rel=1e-11)


def test_counterflow_is_smooth_through_balanced_streams():
    near = exchangers.counterflow_effectiveness(2.5, 1 - 1e-7)
    assert near == pytest.approx(exchangers.counterflow_effectiveness(2.5, 1.0), rel=1e-7)


def test_crossflow_lies_between_parallel_and_counterflow():
    cross = exchangers.crossflow_effectiveness(2.5, 0.6)
    assert 0.613552725695 < cross < 0.811167714028
    assert exchangers.crossflow_effectiveness(2.5, 1e-9) == pytest.approx(-math.expm1(-2.5), rel=1e-6)


def test_dew_point_of_saturated_and_of_ordinary_air():
    assert loops.dew_point(Room(temperature="20 degC", relative_humidity=1)) == pytest.approx(293.15)
    # 25 degC at 50 %: 13.9 degC
    assert loops.dew_point(Room(temperature="25 degC", relative_humidity=0.5)) == pytest.approx(287.0, abs=0.1)


def test_pump_follows_the_affinity_laws():
    pump = plain().pump
    one = pump_point(pump, FLOW, 50e3)
    two = pump_point(pump, 2 * FLOW, 200e3)
    assert two.speed == pytest.approx(2 * one.speed, rel=1e-12)
    assert two.power == pytest.approx(8 * one.power, rel=1e-12)


def test_pump_is_best_at_its_best_point():
    pump = plain().pump
    flow = pump.count * pump.best_flow
    head = pump.shutoff_pressure * (1 - (pump.best_flow / pump.runout_flow) ** 2)
    point = pump_point(pump, flow, head)
    assert point.speed == pytest.approx(1.0, rel=1e-12)
    assert head * flow / point.power == pytest.approx(pump.best_efficiency, rel=1e-12)


def test_flow_is_limited_where_curve_and_system_meet():
    loop = plain()
    assert delivered_flow(loop, FLOW, DROP) == FLOW
    wanted = 4 * FLOW
    flow = delivered_flow(loop, wanted, 4 * DROP)
    assert FLOW < flow < wanted
    needed = 4 * DROP * flow / wanted + loop_pressure_drop(loop.loss, flow)
    assert pump_point(loop.pump, flow, needed).speed == pytest.approx(loop.pump.maximum_speed, rel=1e-12)
    assert delivered_flow(loop, wanted, 4 * DROP, running=1) < flow
    assert delivered_flow(loop, wanted, 4 * DROP, running=0) == 0.0
    _, output = step(loop, LoopState(300.0, INLET), flow=wanted, drop=4 * DROP)
    assert "pump speed" in subjects(output)


@pytest.mark.parametrize("dt", [5e-3, 1.0, 1e4])
@pytest.mark.parametrize("heat", [0.0, 20e3, 60e3])
@pytest.mark.parametrize("flow", [0.0, FLOW])
@pytest.mark.parametrize("dry", [False, True])
def test_energy_closes(dt, heat, flow, dry):
    loop = with_dry_cooler() if dry else plain()
    state = LoopState(300.0, 295.0)
    new, output = step(loop, state, heat, dt, flow=flow)
    residual = heat + output.pump_heat - output.facility_heat - output.stored_heat
    assert abs(residual) <= 1e-12 * max(heat, 1e3)
    rise = loop.reservoir_capacity * (new.reservoir_temperature - state.reservoir_temperature) / dt
    assert rise == pytest.approx(output.stored_heat, abs=1e-12 * loop.reservoir_capacity / dt * 300)


def test_outlet_carries_the_heat_of_the_chip():
    _, output = step(plain(), LoopState(300.0, INLET))
    capacity = FLOW * float(WATER.at(INLET).volumetric_heat_capacity)
    assert (output.outlet_temperature - output.inlet_temperature) * capacity == pytest.approx(20e3, rel=1e-9)


def test_equilibrium_stays_and_valve_holds_the_inlet():
    loop = plain()
    state = initial_state(loop, WATER, 20e3, INLET, FLOW, DROP)
    assert state.inlet_temperature == pytest.approx(INLET, abs=1e-9)
    after, output = run(loop, state, 20e3, 20)
    assert after.reservoir_temperature == pytest.approx(state.reservoir_temperature, abs=1e-9)
    assert output.inlet_temperature == pytest.approx(INLET, abs=1e-9)
    assert output.stored_heat == pytest.approx(0.0, abs=1e-4)


def test_overloaded_exchanger_lets_the_inlet_rise_to_its_own_equilibrium():
    loop = plain()
    state = initial_state(loop, WATER, 90e3, INLET, FLOW, DROP)
    assert state.inlet_temperature > INLET + 1
    start = initial_state(loop, WATER, 20e3, INLET, FLOW, DROP)
    after, output = run(loop, start, 90e3, 400)
    assert after.inlet_temperature == pytest.approx(state.inlet_temperature, abs=1e-3)
    # effectiveness of the exchanger at this point
    water = float(WATER.at(loop.facility.temperature).volumetric_heat_capacity) * loop.facility.flow
    capacity = float(WATER.at(after.inlet_temperature).volumetric_heat_capacity) * FLOW
    hot = after.reservoir_temperature + output.pump_heat / capacity
    share = output.facility_heat / (capacity * (hot - loop.facility.temperature))
    expected = exchangers.counterflow_effectiveness(loop.exchanger_conductance / capacity, capacity / water)
    assert share == pytest.approx(expected, rel=1e-6)
    assert output.facility_outlet_temperature == pytest.approx(loop.facility.temperature + output.facility_heat / water)


def test_cold_loop_keeps_its_heat_until_the_inlet_is_warm():
    loop = plain()
    state, output = step(loop, LoopState(285.0, 285.0), heat=5e3)
    assert output.facility_heat == 0.0
    assert state.reservoir_temperature > 285.0


def test_implicit_euler_is_of_first_order():
    loop, start = plain(), LoopState(295.0, 293.15)
    ends = [run(loop, start, 60e3, n, 8.0 / n)[0].reservoir_temperature for n in (4, 8, 16, 512)]
    errors = [abs(end - ends[-1]) for end in ends[:-1]]
    assert math.log2(errors[1] / errors[2]) == pytest.approx(1.0, abs=0.15)


def test_dry_cooler_holds_the_water_while_its_fans_can():
    loop = with_dry_cooler()
    state = initial_state(loop, WATER, 15e3, INLET, FLOW, DROP)
    _, output = step(loop, state, 15e3)
    assert 0.0 < output.fan_speed < 1.0
    assert output.facility_supply_temperature == loop.facility.temperature
    assert output.fan_power == pytest.approx(1e3 * output.fan_speed**3)
    hot = with_dry_cooler("30 degC")
    state = initial_state(hot, WATER, 15e3, INLET, FLOW, DROP)
    _, output = step(hot, state, 15e3)
    assert output.fan_speed == 1.0
    assert output.facility_supply_temperature > 303.15
    assert state.inlet_temperature > output.facility_supply_temperature
    # heat to air by the cooler's effectiveness
    water = float(WATER.at(hot.facility.temperature).volumetric_heat_capacity) * hot.facility.flow
    ratio = min(water, 8e3) / max(water, 8e3)
    least = min(water, 8e3)
    air = least * exchangers.crossflow_effectiveness(9e3 / least, ratio) * (output.facility_outlet_temperature - 303.15)
    assert air == pytest.approx(output.facility_heat, rel=1e-9)


def test_inlet_below_the_dew_point_warns():
    _, output = step(plain(), LoopState(280.0, 280.0), heat=0.0)
    assert "dew point" in subjects(output)


def _leaves(tree: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if isinstance(tree, dict):
        return [leaf for key, child in tree.items() for leaf in _leaves(child, (*path, key))]
    return [path]


def _perturbed(tree: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    copy = dict(tree)
    if len(path) > 1:
        copy[path[0]] = _perturbed(tree[path[0]], path[1:])
        return copy
    value = tree[path[0]]
    if isinstance(value, int):
        copy[path[0]] = value + 1
    elif value == "water":
        copy[path[0]] = "pg25"
    elif isinstance(value, str):
        number, unit = value.split(maxsplit=1)
        copy[path[0]] = f"{float(number) * 1.02} {unit}"
    else:
        copy[path[0]] = value * 0.98
    return copy


def _outputs(loop: CoolantLoop) -> list[object]:
    found: list[object] = []
    for wanted, heat in ((INLET, 15e3), (INLET, 90e3)):
        state = initial_state(loop, WATER, heat, wanted, FLOW, DROP)
        found += [state, step(loop, state, 1.1 * heat), loops.dew_point(loop.room)]
    return [*found, delivered_flow(loop, 4 * FLOW, 4 * DROP), coasted(1.0, 1.0, loop.pump)]


def test_every_field_of_the_loop_matters():
    tree = to_tree(with_dry_cooler())
    reference = _outputs(CoolantLoop.model_validate(tree))
    idle = [
        ".".join(path)
        for path in _leaves(tree)
        if _outputs(CoolantLoop.model_validate(_perturbed(tree, path))) == reference
    ]
    assert idle == []


def test_jets_share_the_flow_and_lose_its_velocity_head():
    jets = JetArray(diameter="1 mm", pitch="12 mm", distance="3 mm", discharge_coefficient=0.8)
    film = jet_film(jets, 0.216**2, FLOW, WATER, INLET)
    nozzles = 18**2
    assert film.velocity * nozzles * math.pi * 1e-6 / 4 == pytest.approx(FLOW, rel=1e-12)
    assert film.pressure_drop == pytest.approx(998.298 * film.velocity**2 / 2 / 0.64, rel=1e-5)
    assert film.cautions == ()
    slower = jet_film(jets, 0.216**2, FLOW / 2, WATER, INLET)
    assert film.coefficient / slower.coefficient == pytest.approx(2 ** (2 / 3), rel=1e-12)
    assert any("Reynolds" in caution.text for caution in slower.cautions)
    assert jet_film(jets, 0.216**2, 0.0, WATER, INLET).coefficient == 0.0
