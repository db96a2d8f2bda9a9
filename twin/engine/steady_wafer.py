"""The steady operating point of a wafer system under its mean load.

    mean load -> activity -> power(T, V) <-fixed point-> temperature, voltage -> coolant loop, policies -> again

until coolant and set points stand still: what a run tends to when nothing changes any more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf

import numpy as np

from twin.delivery.policies import ControlState, Sensors, initial_control, next_control
from twin.engine.anderson import Anderson
from twin.engine.coupling import Array, Coupled, TileLoad, couple
from twin.engine.output import wafer_sample
from twin.engine.plant import WaferPlant
from twin.engine.samples import Sample
from twin.engine.state import EngineState, Hottest, Served
from twin.errors import RunStopped
from twin.thermal.failures import Condition, condition_at
from twin.thermal.loop import OperatingPoint, operating_point
from twin.thermal.pumps import delivered_flow
from twin.thermal.wafer import WaferState
from twin.workload.activity import Activity, busy_share, idle_activity, serving_activity, virus_activity
from twin.workload.mean_load import NO_SERVICE, MeanLoad, MeanService, serve_on_pipeline
from twin.workload.serving import Queue

_MOST_PASSES = 80
_IN_BAND = 0.02
"""Part of the thermal governor's hysteresis to which a throttled die is brought to its limit."""
_JUMP = 1e-3
"""Change of the clock share from which on voltages of before say nothing of those after it."""
_GOVERNING = 0.5
"""Exponent of the correction of a throttled clock: a rise in temperature goes with its 0.5th to 3rd power."""


@dataclass(frozen=True)
class _Point:
    """An iterate: set points, wafers, voltage per tile in V, coolant flow in m3/s and inlet in K."""

    control: ControlState
    thermal: tuple[WaferState, ...]
    voltage: Array
    flow: float
    inlet: float


def steady_wafer(plant: WaferPlant, load: MeanLoad | None) -> tuple[Sample, MeanService]:
    """Return the variables of one second of a wafer system in its steady state, and what users see.

    Failures count as they are at the end of the scenario. Trips are not acted on but reported: a die that
    trips has no steady state.

    Raises
    ------
    RunStopped
        There is no steady state: runaway, no flow, dies that trip, or no convergence.
    """
    condition = condition_at(plant.cooling.failures, plant.scenario.workload.duration)
    point, voltages = _first(plant, condition), Anderson()
    for _ in range(_MOST_PASSES):
        service, activity = _work(plant, point.control, load)
        loads = _tile_loads(plant, activity, point.control)
        busy = service.busy if service.interval else float(loads[0].busy.mean())
        try:
            coupled = _couple(plant, point, loads)
        except RunStopped as stop:
            point, voltages = _slower(plant, point, stop), Anderson()
            continue
        control = _set_points(plant, point, coupled, busy, service.queue)
        if not _stands_still(plant, point.control, control):
            jumped = np.abs(control.clock - point.control.clock).max() > _JUMP * plant.chip.core.clock
            voltages = Anderson() if jumped else voltages
            control = replace(control, voltage=voltages.next(point.control.voltage, control.voltage))
            point = _moved(point, control, coupled, point.flow, point.inlet)
            continue
        loop = _loop(plant, coupled, condition)
        if _holds(plant, point, loop, coupled):
            _require_no_trip(plant, coupled)
            state = _state(point, loop)
            return wafer_sample(plant, state, coupled, loop.output, service.interval, activity, busy), service
        point, voltages = _moved(point, control, coupled, loop.flow, loop.state.inlet_temperature), Anderson()
    raise RunStopped(f"no steady state was found in {_MOST_PASSES} passes; set points or coolant keep changing")


def _first(plant: WaferPlant, condition: Condition) -> _Point:
    wanted, flow = plant.cooling.inlet_temperature, plant.cooling.flow_rate
    thermal = plant.thermal.uniform(wanted, flow)
    control = initial_control(plant.chip, plant.wafers)
    loop = plant.design.loop
    delivered = delivered_flow(loop, flow, thermal.pressure_drop, condition.running(loop.pump))
    if delivered <= 0.0:
        raise RunStopped("there is no steady state: no pump runs")
    return _Point(control, (thermal,) * plant.wafers, plant.by_tile(control.voltage), delivered, wanted)


def _work(plant: WaferPlant, control: ControlState, load: MeanLoad | None) -> tuple[MeanService, Activity]:
    work, service = plant.scenario.workload, plant.service
    if work.type == "virus":
        clock = plant.by_tile(control.clock)
        return NO_SERVICE, virus_activity(plant.chip, plant.cores, clock, work.utilisation)
    if service is None or load is None:
        return NO_SERVICE, idle_activity(plant.cores)
    found = serve_on_pipeline(plant.pipeline(control.clock), load, service.limits)
    assert found.interval is not None
    return found, serving_activity(found.interval, service.events, service.shares)


def _tile_loads(plant: WaferPlant, activity: Activity, control: ControlState) -> list[TileLoad]:
    clock = plant.by_tile(control.clock)
    busy = busy_share(activity, plant.cores, clock)
    return [
        TileLoad(activity.mac[w], activity.issue[w], activity.hop[w], busy[w], clock[w]) for w in range(plant.wafers)
    ]


def _couple(plant: WaferPlant, point: _Point, loads: list[TileLoad]) -> list[Coupled]:
    return [
        couple(plant, point.thermal[w], load, point.control.voltage[w], point.voltage[w], point.flow, point.inlet, None)
        for w, load in enumerate(loads)
    ]


def _loop(plant: WaferPlant, coupled: list[Coupled], condition: Condition) -> OperatingPoint:
    """Return the loop's operating point at the mean heat of the wafers, each of which has a loop alike."""
    heat = float(np.mean([found.thermal.coolant_heat for found in coupled]))
    states = [found.thermal for found in coupled]
    cooling = plant.cooling
    return operating_point(
        plant.design.loop,
        plant.coolant,
        heat,
        cooling.inlet_temperature,
        cooling.flow_rate,
        lambda flow: plant.thermal.drop(states, flow),
        condition,
    )


def _set_points(plant: WaferPlant, point: _Point, coupled: list[Coupled], busy: float, queue: bool) -> ControlState:
    """Return the set points that the policies reach from here in an unlimited time."""
    hottest = np.stack([found.thermal.die_peak for found in coupled])
    control = replace(point.control, throttle=_throttle(plant, point, hottest))
    sensors = Sensors(
        temperature=np.full_like(hottest, point.inlet),  # the governor is above, trips are judged at the end
        minimum_voltage=np.stack([found.grid.die_minimum_voltage for found in coupled]),
        current=np.stack([found.grid.die_current for found in coupled]),
        busy=busy,
        queue=float(queue),
    )
    policies = plant.scenario.control.policy
    return next_control(
        control, sensors, inf, plant.chip, plant.delivery, policies, plant.service_floor, thermal_interval=0.0
    )


def _moved(point: _Point, control: ControlState, coupled: list[Coupled], flow: float, inlet: float) -> _Point:
    thermal = tuple(found.thermal for found in coupled)
    return _Point(control, thermal, np.stack([found.grid.tile_voltage for found in coupled]), flow, inlet)


def _throttle(plant: WaferPlant, point: _Point, hottest: Array) -> Array:
    """Return the clock share of each die that brings its hottest point to the throttle temperature, at most 1."""
    if "thermal_governor" not in plant.scenario.control.policy:
        return np.ones_like(hottest)
    limit, governor = plant.chip.limits.throttle, plant.delivery.thermal_governor
    present = np.minimum(point.control.throttle, point.control.clock / plant.chip.core.clock)
    ratio = max(limit - point.inlet, governor.hysteresis) / np.maximum(hottest - point.inlet, governor.hysteresis)
    wanted = np.clip(present * ratio**_GOVERNING, governor.minimum_share, 1.0)
    at_limit = np.abs(hottest - limit) <= _IN_BAND * governor.hysteresis
    free = (hottest < limit) & (point.control.throttle >= 1.0)
    return np.where(free, 1.0, np.where(at_limit, point.control.throttle, wanted))


def _slower(plant: WaferPlant, point: _Point, stop: RunStopped) -> _Point:
    """Return an iterate from which a thermal governor finds a steady state, where full clocks have none."""
    smallest = plant.delivery.thermal_governor.minimum_share
    if "thermal_governor" not in plant.scenario.control.policy or (point.control.throttle <= smallest).all():
        raise stop
    throttle = np.maximum(0.5 * point.control.throttle, smallest)
    clock = np.minimum(point.control.clock, throttle * plant.chip.core.clock)
    thermal = (plant.thermal.uniform(point.inlet, point.flow),) * plant.wafers
    voltage = plant.by_tile(point.control.voltage)
    return replace(
        point, control=replace(point.control, throttle=throttle, clock=clock), thermal=thermal, voltage=voltage
    )


def _stands_still(plant: WaferPlant, old: ControlState, new: ControlState) -> bool:
    """Tell whether set points changed by no more than the scenario's tolerance."""
    tolerance, chip = plant.scenario.control.tolerance, plant.chip
    voltage = float(np.abs(new.voltage - old.voltage).max())
    clock = float(np.abs(new.clock - old.clock).max())
    return voltage <= tolerance * chip.voltage.nominal and clock <= tolerance * chip.core.clock


def _holds(plant: WaferPlant, point: _Point, loop: OperatingPoint, coupled: list[Coupled]) -> bool:
    """Tell whether the loop feeds what the wafers were computed with, within the scenario's tolerance."""
    tolerance = plant.scenario.control.tolerance
    rise = max(1.0, max(found.thermal.peak for found in coupled) - point.inlet)
    warmer = abs(loop.state.inlet_temperature - point.inlet)
    return warmer <= tolerance * rise and abs(loop.flow - point.flow) <= tolerance * point.flow


def _require_no_trip(plant: WaferPlant, coupled: list[Coupled]) -> None:
    hottest, trip = max(float(found.thermal.die_peak.max()) for found in coupled), plant.chip.limits.trip
    if hottest >= trip:
        raise RunStopped(
            f"no steady state: dies would reach {hottest:.1f} K and trip at {trip:.1f} K. "
            "Remedy: more flow, a colder inlet, less work, or the thermal governor."
        )


def _state(point: _Point, loop: OperatingPoint) -> EngineState:
    """Return the iterate as a state of the engine, for the variables of its results."""
    nothing = Hottest(0.0, 0.0, np.zeros(0), np.zeros(0))
    return EngineState(
        time=0.0,
        queue=Queue(),
        thermal=point.thermal,
        voltage=point.voltage,
        control=point.control,
        loop=loop.state,
        flow=loop.flow,
        hottest=nothing,
        served=Served.none(),
    )
