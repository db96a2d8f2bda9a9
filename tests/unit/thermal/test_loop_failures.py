"""Coolant loop: operating points, steady states as limits, energy over transients, what fails."""

import pytest
from coolant_loops import DROP, FLOW, INLET, WATER, failure, plain, run, step, subjects, with_dry_cooler

from twin.errors import RunStopped
from twin.thermal import exchangers
from twin.thermal import loop as loops
from twin.thermal.failures import SOUND, Condition, condition_at
from twin.thermal.loop import LoopState, initial_state
from twin.thermal.pumps import coasted, delivered_flow, loop_pressure_drop, pump_point


def bisected(function, low, high):
    for _ in range(200):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if function(middle) < 0 else (low, middle)
    return 0.5 * (low + high)


def test_operating_point_against_bisection_of_the_whole_loop():
    """Flow where pump curve meets the system's, temperatures where the counterflow exchanger gives the heat."""
    loop, wanted, heat = plain(), 4 * FLOW, 60e3

    def drop(flow):
        return DROP * (flow / FLOW) * (1 + 0.2 * flow / FLOW)

    point = loops.operating_point(loop, WATER, heat, 285.0, wanted, drop)
    pump, loss = loop.pump, loop.loss

    def excess(flow):
        curve = pump.shutoff_pressure * (1 - (flow / pump.count / pump.runout_flow) ** 2)
        return drop(flow) + loss.drop * (flow / loss.flow) ** 2 - curve

    flow = bisected(excess, 1e-6, wanted)
    assert point.flow == pytest.approx(flow, rel=1e-10)
    hydraulic = (drop(flow) + loss.drop * (flow / loss.flow) ** 2) * flow
    relative = flow / pump.count / pump.best_flow
    power = hydraulic / (pump.best_efficiency * relative * (2 - relative))
    assert point.output.pump_power == pytest.approx(power, rel=1e-9)
    water = float(WATER.at(loop.facility.temperature).volumetric_heat_capacity) * loop.facility.flow
    given = heat + pump.coolant_share * power

    def missing(inlet):
        capacity = float(WATER.at(inlet).volumetric_heat_capacity) * flow
        least, most = min(capacity, water), max(capacity, water)
        effectiveness = exchangers.counterflow_effectiveness(loop.exchanger_conductance / least, least / most)
        return effectiveness * least * (inlet + given / capacity - loop.facility.temperature) - given

    inlet = bisected(missing, 285.0, 340.0)
    assert point.output.inlet_temperature == pytest.approx(inlet, abs=2e-4)
    assert point.output.facility_heat == pytest.approx(given, rel=1e-9)
    assert point.output.stored_heat == pytest.approx(0.0, abs=1e-6 * given)


@pytest.mark.parametrize("heat", [5e3, 60e3])
@pytest.mark.parametrize(
    "condition", [SOUND, Condition(pumps=0.5), Condition(facility_water=0.4), Condition(valve=0.7)], ids=str
)
@pytest.mark.parametrize("dry", [False, True])
def test_steady_state_is_the_limit_of_the_transient(heat, condition, dry):
    loop = with_dry_cooler() if dry else plain()

    def drop(flow):
        return DROP * flow / FLOW

    point = loops.operating_point(loop, WATER, heat, INLET, FLOW, drop, condition)
    state = LoopState(300.0, 295.0)
    for _ in range(4000):
        state, output = step(loop, state, heat, 1.0, flow=point.flow, drop=point.pressure_drop, condition=condition)
    assert state.inlet_temperature == pytest.approx(point.state.inlet_temperature, abs=1e-4)
    assert state.reservoir_temperature == pytest.approx(point.state.reservoir_temperature, abs=1e-4)
    assert output.facility_supply_temperature == pytest.approx(point.output.facility_supply_temperature, abs=1e-4)


def test_energy_closes_over_a_transient_with_failures():
    """Integral of chip and pump heat less facility heat is the reservoir's rise, whatever fails meanwhile."""
    loop, state, start = with_dry_cooler(), LoopState(296.0, 295.0), 296.0
    failures = [
        failure("facility_water", 20, 60),
        failure("bypass_valve", 70, 120, 0.3),
        failure("fan", 130, 180, 0.2),
        failure("pump", 200, 210),
    ]
    stored = 0.0
    for second in range(300):
        condition = condition_at(failures, float(second))
        turning, speed = condition.turning(loop.pump, state.pump_speed, 1.0)
        flow = delivered_flow(loop, FLOW, DROP, turning, speed)
        heat = 20e3 if second < 250 else 1e3
        state, output = step(loop, state, heat, 1.0, flow=flow, drop=DROP * flow / FLOW, condition=condition)
        stored += heat + output.pump_heat - output.facility_heat
        assert output.facility_heat >= 0.0
    rise = loop.reservoir_capacity * (state.reservoir_temperature - start)
    assert stored == pytest.approx(rise, abs=1e-9 * 300 * 20e3)


def test_lost_facility_water_lets_the_loop_heat_at_the_rate_of_its_reservoir():
    loop = plain()
    state = initial_state(loop, WATER, 20e3, INLET, FLOW, DROP)
    condition = Condition(facility_water=0.0)
    _, first = step(loop, state, 20e3, condition=condition)
    assert first.facility_heat == 0.0
    after, output = run(loop, state, 20e3, 30, condition=condition)
    rise = 30 * (20e3 + output.pump_heat) / loop.reservoir_capacity
    assert after.reservoir_temperature - state.reservoir_temperature == pytest.approx(rise, rel=1e-9)
    assert "inlet temperature" in subjects(output)
    with pytest.raises(RunStopped, match="nothing takes the heat"):
        loops.operating_point(loop, WATER, 20e3, INLET, FLOW, lambda flow: DROP, condition)
    with pytest.raises(RunStopped, match="no pump"):
        loops.operating_point(loop, WATER, 20e3, INLET, FLOW, lambda flow: DROP, Condition(pumps=0.4))


@pytest.mark.parametrize(("share", "side"), [(0.02, 1), (1.0, -1)])
def test_a_stuck_valve_gives_the_wrong_inlet(share, side):
    """Nearly shut the inlet is warmer than wanted, wide open it is colder; held by nothing."""
    loop = plain()
    point = loops.operating_point(loop, WATER, 20e3, INLET, FLOW, lambda flow: DROP, Condition(valve=share))
    assert side * (point.output.inlet_temperature - INLET) > 1.0
    # the share of the coolant that passes gives all the heat, by the exchanger's effectiveness
    capacity = float(WATER.at(point.output.inlet_temperature).volumetric_heat_capacity) * FLOW
    water = float(WATER.at(loop.facility.temperature).volumetric_heat_capacity) * loop.facility.flow
    least, most = min(share * capacity, water), max(share * capacity, water)
    effectiveness = exchangers.counterflow_effectiveness(loop.exchanger_conductance / least, least / most)
    hot = point.state.reservoir_temperature + point.output.pump_heat / capacity
    assert effectiveness * least * (hot - loop.facility.temperature) == pytest.approx(
        point.output.facility_heat, rel=1e-4
    )


def test_a_pump_without_drive_coasts_down_by_the_square_of_its_speed():
    """Against the differential equation ds/dt = -s^2 / t_half, by small explicit steps."""
    pump = plain().pump
    speed, dt = 0.8, 1e-5
    for _ in range(100_000):
        speed -= dt * speed**2 / pump.coast_down
    assert coasted(0.8, 1.0, pump) == pytest.approx(speed, rel=1e-4)
    assert coasted(coasted(0.8, 0.3, pump), 0.7, pump) == pytest.approx(coasted(0.8, 1.0, pump), rel=1e-12)
    assert coasted(1.0, pump.coast_down, pump) == pytest.approx(0.5)


def test_flow_of_coasting_pumps_obeys_the_curve_at_their_speed():
    loop = plain()
    flow = delivered_flow(loop, FLOW, DROP, 2, 0.3)
    needed = DROP * flow / FLOW + loop_pressure_drop(loop.loss, flow)
    assert 0.0 < flow < FLOW
    assert pump_point(loop.pump, flow, needed).speed == pytest.approx(0.3, rel=1e-12)
    state, output = step(loop, LoopState(300.0, INLET, 0.6), flow=flow, drop=DROP, condition=Condition(pumps=0.0))
    assert (output.pump_power, output.pump_heat) == (0.0, 0.0)
    assert state.pump_speed == coasted(0.6, 1.0, loop.pump)


def test_conditions_follow_the_failures():
    failures = [failure("pump", 2, 8, 0.5), failure("pump", 5, 6), failure("fan", 1, 9, 0.4)]
    pump = plain().pump
    expected = {0.0: (2, 2), 2.0: (1, 1), 5.0: (0, 1), 6.0: (1, 1), 8.0: (2, 2)}
    for time, (driven, turning) in expected.items():
        condition = condition_at(failures, time)
        assert (condition.running(pump), condition.turning(pump, 1.0, 0.0)[0]) == (driven, turning), time
        assert condition.fan == (0.4 if 1.0 <= time < 9.0 else 1.0)
    assert condition_at(failures, 0.5) == SOUND
    both = condition_at([failure("pump", 3, 8)], 4.0)
    assert both.turning(pump, 1.0, 0.0)[0] == 2
    again = [failure("pump", 2, 8, 0.0), failure("pump", 5, 9, 0.5)]
    assert [condition_at(again, t).turning(pump, 1.0, 0.0)[0] for t in (3.0, 6.0, 8.5)] == [2, 2, 1]
    with pytest.raises(ValueError, match="after `start`"):
        failure("fan", 3, 2)


def test_a_shortfall_of_flow_is_told():
    assert list(loops.flow_cautions(FLOW, FLOW)) == []
    (caution,) = loops.flow_cautions(0.25 * FLOW, FLOW)
    assert caution.subject == "pump curve"
    assert "10 of the wanted 40 L/min" in caution.text
