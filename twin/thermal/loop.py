"""The coolant loop of one chip: reservoir -> pumps -> exchanger with bypass -> chip -> reservoir.

Heat from the chip and from the pumps goes to facility water, the rest is stored in the reservoir.
A bypass valve holds the wanted inlet temperature as long as the exchanger can; a dry cooler, if there
is one, holds the facility water's temperature as long as its fans can.  One implicit Euler step has a
closed solution, because the exchanged heat rises with the reservoir's temperature.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from twin.constants import ZERO_CELSIUS, in_celsius
from twin.errors import RunStopped
from twin.spec.cooling import CoolantLoop, Room
from twin.thermal.coolant import CoolantProperties
from twin.thermal.failures import SOUND, Condition
from twin.thermal.heat_rejection import Rejection
from twin.thermal.pumps import PumpPoint, coasted, delivered_flow, loop_pressure_drop, pump_point
from twin.thermal.regime import Caution

_MAGNUS = (17.62, 243.12)
"""Coefficients of the Magnus formula over water (Sonntag 1990; WMO Guide No. 8, annex 4.B)."""
_DENSITY_UPDATES = 4
_FLOW_UPDATES = 200
_FLOW_CHANGE = 1e-12
_NOT_HELD = 0.5
"""K above the wanted inlet temperature from which on a reader is told."""
_BEYOND_CURVE = 1.01
"""Speed over the largest one from which on a reader is told."""


@dataclass(frozen=True)
class LoopState:
    """Temperatures in K of the mixed reservoir, and of the coolant as it enters the chip; speed over rated speed."""

    reservoir_temperature: float
    inlet_temperature: float
    pump_speed: float = 0.0


@dataclass(frozen=True)
class LoopOutput:
    """What one step of the loop did; temperatures in K at its end, powers in W as its means.

    `pump_heat` is the part of `pump_power` that heats the coolant; `stored_heat` goes into the reservoir:
    chip heat + pump_heat = facility_heat + stored_heat.
    """

    inlet_temperature: float
    outlet_temperature: float
    pump_power: float
    pump_heat: float
    pump_speed: float
    facility_heat: float
    facility_supply_temperature: float
    facility_outlet_temperature: float
    fan_power: float
    fan_speed: float
    stored_heat: float
    cautions: tuple[Caution, ...]


@dataclass(frozen=True)
class OperatingPoint:
    """A loop at rest in its steady state: flow in m3/s, the design's pressure drop in Pa at this flow."""

    state: LoopState
    output: LoopOutput
    flow: float
    pressure_drop: float


def dew_point(room: Room) -> float:
    """Return the dew point of the room's air in K by the Magnus formula."""
    a, b = _MAGNUS
    celsius = room.temperature - ZERO_CELSIUS
    humid = math.log(room.relative_humidity) + a * celsius / (b + celsius)
    return ZERO_CELSIUS + b * humid / (a - humid)


def operating_point(
    loop: CoolantLoop,
    coolant: CoolantProperties,
    heat_to_coolant: float,
    wanted_inlet: float,
    wanted_flow: float,
    drop: Callable[[float], float],
    condition: Condition = SOUND,
) -> OperatingPoint:
    """Return the steady operating point of a loop: what its pumps deliver, and its equilibrium there.

    Parameters
    ----------
    heat_to_coolant : float
        Heat from the chip in W.
    wanted_inlet, wanted_flow : float
        Set points in K and m3/s.
    drop : callable
        The design's pressure drop in Pa at a flow in m3/s.
    condition : Condition
        What has failed.

    Raises
    ------
    RunStopped
        There is no equilibrium: nothing flows, or nothing takes the heat.
    """
    flow, pressure_drop = _balanced(loop, wanted_flow, drop, condition.running(loop.pump))
    state = initial_state(loop, coolant, heat_to_coolant, wanted_inlet, flow, pressure_drop, condition)
    arguments = (wanted_inlet, flow, math.inf, loop, coolant, pressure_drop, condition)
    return OperatingPoint(state, loop_step(state, heat_to_coolant, *arguments)[1], flow, pressure_drop)


def _balanced(
    loop: CoolantLoop, wanted_flow: float, drop: Callable[[float], float], running: int
) -> tuple[float, float]:
    """Return the flow in m3/s at which the pumps raise the loop's pressure drop, and the design's part in Pa.

    A fixed point of `delivered_flow`, found by the secant rule: a drop costs more than all else here.
    """
    flow, pressure_drop = wanted_flow, drop(wanted_flow)
    before: tuple[float, float] | None = None
    for _ in range(_FLOW_UPDATES):
        missing = delivered_flow(loop, wanted_flow, pressure_drop * wanted_flow / flow, running) - flow
        if abs(missing) <= _FLOW_CHANGE * wanted_flow:
            return flow, pressure_drop
        step = missing
        if before is not None and before[1] != missing:
            step = missing * (flow - before[0]) / (before[1] - missing)
        before = flow, missing
        flow = min(flow + step, wanted_flow) if flow + step > 0.0 else flow + missing
        if flow <= 0.0:
            raise RunStopped("the coolant loop has no steady state: no pump runs")
        pressure_drop = drop(flow)
    return flow, pressure_drop


def initial_state(
    loop: CoolantLoop,
    coolant: CoolantProperties,
    heat_to_coolant: float,
    wanted_inlet: float,
    flow: float,
    pressure_drop: float,
    condition: Condition = SOUND,
) -> LoopState:
    """Return the loop at equilibrium with a constant heat from the chip (arguments as `loop_step`).

    Without flow nothing reaches the exchanger: the loop rests at the wanted inlet temperature.

    Raises
    ------
    RunStopped
        Nothing takes the heat of the coolant.
    """
    if flow <= 0.0:
        return LoopState(wanted_inlet, wanted_inlet)
    pump = _pump_of(loop, flow, pressure_drop, condition)
    source = heat_to_coolant + pump.heat
    reservoir = inlet = wanted_inlet
    for _ in range(_DENSITY_UPDATES):
        capacity = _capacity_rate(coolant, inlet, flow)
        lift = pump.heat / capacity
        exchange = Rejection(loop, condition).exchange(wanted_inlet, capacity)
        if source > 0.0 and exchange.impossible:
            raise RunStopped("the coolant loop has no steady state: nothing takes the heat of the coolant")
        reservoir, _ = exchange.balance(source, 0.0, wanted_inlet, lift)
        inlet = reservoir + lift - source / capacity
    return LoopState(reservoir, inlet, pump.speed)


def loop_step(
    state: LoopState,
    heat_to_coolant: float,
    wanted_inlet: float,
    flow: float,
    dt: float,
    loop: CoolantLoop,
    coolant: CoolantProperties,
    pressure_drop: float,
    condition: Condition = SOUND,
) -> tuple[LoopState, LoopOutput]:
    """Return the loop after `dt` seconds by one implicit Euler step, stable for any step.

    Parameters
    ----------
    state : LoopState
        Loop at the start of the step.
    heat_to_coolant : float
        Heat from the chip in W, mean of the step.
    wanted_inlet : float
        Set point of the coolant at the chip's inlet in K.
    flow, pressure_drop : float
        Flow in m3/s (see `delivered_flow`), of coolant at the inlet's temperature, and the design's
        pressure drop at this flow in Pa.
    dt : float
        Length of the step in s; infinity gives the equilibrium.
    condition : Condition
        What has failed; pumps that run down need no power.
    """
    pump = _pump_of(loop, flow, pressure_drop, condition)
    storage = loop.reservoir_capacity / dt
    source = heat_to_coolant + pump.heat
    rejection = Rejection(loop, condition)
    if flow > 0.0:
        capacity = _capacity_rate(coolant, state.inlet_temperature, flow)
        lift = pump.heat / capacity
        exchange = rejection.exchange(wanted_inlet, capacity)
        reservoir, given = exchange.balance(source, storage, state.reservoir_temperature, lift)
        inlet = reservoir + lift - given / capacity
        outlet = inlet + heat_to_coolant / capacity
    else:
        reservoir = state.reservoir_temperature + source / storage
        given, inlet, outlet = 0.0, reservoir, reservoir
    supply, fan_speed, fan_power = rejection.supply(given)
    output = LoopOutput(
        inlet_temperature=inlet,
        outlet_temperature=outlet,
        pump_power=pump.power,
        pump_heat=pump.heat,
        pump_speed=pump.speed,
        facility_heat=given,
        facility_supply_temperature=supply,
        facility_outlet_temperature=rejection.outlet(supply, given),
        fan_power=fan_power,
        fan_speed=fan_speed,
        stored_heat=source - given,
        cautions=tuple(_cautions(loop, pump, inlet, wanted_inlet)),
    )
    driven = condition.running(loop.pump) > 0
    speed = pump.speed if driven else coasted(state.pump_speed, dt, loop.pump)
    return LoopState(reservoir, inlet, speed), output


def flow_cautions(flow: float, wanted_flow: float) -> Iterator[Caution]:
    """Yield a caution if the pumps deliver less than is wanted, in m3/s."""
    if flow < wanted_flow * (1.0 - 1e-9):
        litres, wanted = 6e4 * flow, 6e4 * wanted_flow
        yield Caution("pump curve", f"the pumps deliver {litres:.3g} of the wanted {wanted:.3g} L/min")


def _cautions(loop: CoolantLoop, pump: PumpPoint, inlet: float, wanted_inlet: float) -> Iterator[Caution]:
    dew = dew_point(loop.room)
    if inlet < dew:
        text = f"coolant inlet {in_celsius(inlet)} is below the room's dew point {in_celsius(dew)}: water condenses"
        yield Caution("dew point", text)
    if inlet > wanted_inlet + _NOT_HELD:
        wanted = in_celsius(wanted_inlet)
        text = f"coolant enters at {in_celsius(inlet)} instead of {wanted}: the exchanger does not hold it"
        yield Caution("inlet temperature", text)
    if pump.speed > loop.pump.maximum_speed * _BEYOND_CURVE:
        end = loop.pump.maximum_speed
        yield Caution("pump speed", f"pump would need {pump.speed:.2f} of rated speed, its curve ends at {end:g}")


def _pump_of(loop: CoolantLoop, flow: float, pressure_drop: float, condition: Condition) -> PumpPoint:
    """Return the working point of the driven pumps."""
    running = condition.running(loop.pump)
    return pump_point(loop.pump, flow, pressure_drop + loop_pressure_drop(loop.loss, flow), running)


def _capacity_rate(coolant: CoolantProperties, temperature: float, flow: float) -> float:
    return coolant.heat_capacity(temperature) * flow
