"""The coolant loop of one chip: reservoir -> pumps -> exchanger with bypass -> chip -> reservoir.

Heat from the chip and from the pumps goes to facility water, the rest is stored in the reservoir.
A bypass valve holds the wanted inlet temperature as long as the exchanger can; a dry cooler, if there
is one, holds the facility water's temperature as long as its fans can.  One implicit Euler step has a
closed solution, because the exchanged heat rises with the reservoir's temperature.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from twin.constants import ZERO_CELSIUS
from twin.spec.cooling import CoolantLoop, DryCooler, LoopLoss, Pump, Room
from twin.thermal.coolant import CoolantProperties, load_coolant
from twin.thermal.exchangers import counterflow_effectiveness, crossflow_effectiveness

_MAGNUS = (17.62, 243.12)
"""Coefficients of the Magnus formula over water (Sonntag 1990; WMO Guide No. 8, annex 4.B)."""
_HALVINGS = 60
_DENSITY_UPDATES = 4


@dataclass(frozen=True)
class LoopState:
    """Temperatures in K: the mixed reservoir, and the coolant as it enters the chip."""

    reservoir_temperature: float
    inlet_temperature: float


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
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class PumpPoint:
    """Speed over rated speed, electrical power in W, and its part that heats the coolant in W."""

    speed: float
    power: float
    heat: float


@dataclass(frozen=True)
class _Exchange:
    """Heat given up by coolant at temperature T before the exchanger, with capacity rate C.

    max(0, min(C (T - wanted), G (T - facility), G_o (T - outdoor))): bypass, exchanger, dry cooler.
    """

    limits: tuple[tuple[float, float], ...]

    def balance(self, source: float, capacity: float, start: float, lift: float) -> tuple[float, float]:
        """Return the reservoir's T and the exchanged heat: capacity (T - start) + exchange(T + lift) = source.

        `capacity` in W/K is heat capacity over time step, 0 for equilibrium. Each branch alone is
        linear; the largest root of the limits is that of their minimum, and having no exchange at
        all bounds it from above.
        """
        limited = max(
            (source + capacity * start + conductance * (sink - lift)) / (capacity + conductance)
            for conductance, sink in self.limits
        )
        if capacity > 0.0 and start + source / capacity <= limited:
            return start + source / capacity, 0.0
        return limited, source - capacity * (limited - start)


def dew_point(room: Room) -> float:
    """Return the dew point of the room's air in K by the Magnus formula."""
    a, b = _MAGNUS
    celsius = room.temperature - ZERO_CELSIUS
    humid = math.log(room.relative_humidity) + a * celsius / (b + celsius)
    return ZERO_CELSIUS + b * humid / (a - humid)


def loop_pressure_drop(loss: LoopLoss, flow: float) -> float:
    """Return the drop of hoses, filter and exchanger in Pa, as the square of the flow."""
    return loss.drop * (flow / loss.flow) ** 2


def pump_point(pump: Pump, flow: float, pressure: float, running: int | None = None) -> PumpPoint:
    """Return speed and power at which the running pumps raise `flow` (m3/s) by `pressure` (Pa).

    Affinity laws: dp(V, s) = s^2 dp(V/s) with dp = p0 (1 - (V/V0)^2) gives s^2 = (dp + p0 (V/V0)^2)/p0;
    efficiency is a function of V/s, eta = eta* (x/x*) (2 - x/x*).
    """
    count = pump.count if running is None else running
    if flow <= 0.0 or count < 1:
        return PumpPoint(0.0, 0.0, 0.0)
    each = flow / count
    turbulent = pump.shutoff_pressure * (each / pump.runout_flow) ** 2
    speed = math.sqrt((pressure + turbulent) / pump.shutoff_pressure)
    relative = each / speed / pump.best_flow
    efficiency = pump.best_efficiency * relative * (2.0 - relative)
    power = pressure * flow / efficiency
    return PumpPoint(speed, power, pump.coolant_share * power)


def delivered_flow(loop: CoolantLoop, wanted_flow: float, pressure_drop: float, running: int | None = None) -> float:
    """Return the flow in m3/s that the running pumps can deliver, at most `wanted_flow`.

    `pressure_drop` (Pa) of the design belongs to the wanted flow and is scaled down in proportion to
    the flow (laminar channels), the loop's own as its square: a safe, slightly low answer, exact once
    it is called again with the drop at the flow it returned. No running pump delivers nothing.
    """
    pump, count = loop.pump, loop.pump.count if running is None else running
    if count < 1 or wanted_flow <= 0.0:
        return 0.0
    needed = pressure_drop + loop_pressure_drop(loop.loss, wanted_flow)
    if pump_point(pump, wanted_flow, needed, count).speed <= pump.maximum_speed:
        return wanted_flow
    curve = pump.shutoff_pressure / (count * pump.runout_flow) ** 2 + loop.loss.drop / loop.loss.flow**2
    linear = pressure_drop / wanted_flow
    head = pump.shutoff_pressure * pump.maximum_speed**2
    return min(wanted_flow, 2.0 * head / (linear + math.sqrt(linear**2 + 4.0 * curve * head)))


def initial_state(
    loop: CoolantLoop,
    coolant: CoolantProperties,
    heat_to_coolant: float,
    wanted_inlet: float,
    flow: float,
    pressure_drop: float,
    running: int | None = None,
) -> LoopState:
    """Return the loop at equilibrium with a constant heat from the chip (arguments as `loop_step`).

    Without flow nothing reaches the exchanger: the loop rests at the wanted inlet temperature.
    """
    if flow <= 0.0:
        return LoopState(wanted_inlet, wanted_inlet)
    pump = _pump_of(loop, flow, pressure_drop, running)
    source = heat_to_coolant + pump.heat
    reservoir = inlet = wanted_inlet
    for _ in range(_DENSITY_UPDATES):
        capacity = _capacity_rate(coolant, inlet, flow)
        lift = pump.heat / capacity
        reservoir, _ = _exchange(loop, wanted_inlet, capacity).balance(source, 0.0, wanted_inlet, lift)
        inlet = reservoir + lift - source / capacity
    return LoopState(reservoir, inlet)


def loop_step(
    state: LoopState,
    heat_to_coolant: float,
    wanted_inlet: float,
    flow: float,
    dt: float,
    loop: CoolantLoop,
    coolant: CoolantProperties,
    pressure_drop: float,
    running: int | None = None,
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
    running : int, optional
        Pumps in operation; all of them unless given.
    """
    pump = _pump_of(loop, flow, pressure_drop, running)
    storage = loop.reservoir_capacity / dt
    source = heat_to_coolant + pump.heat
    if flow > 0.0:
        capacity = _capacity_rate(coolant, state.inlet_temperature, flow)
        exchange = _exchange(loop, wanted_inlet, capacity)
        lift = pump.heat / capacity
        reservoir, given = exchange.balance(source, storage, state.reservoir_temperature, lift)
        inlet = reservoir + lift - given / capacity
        outlet = inlet + heat_to_coolant / capacity
    else:
        reservoir = state.reservoir_temperature + source / storage
        given, inlet, outlet = 0.0, reservoir, reservoir
    output = _output(loop, pump, given, source - given, inlet, outlet)
    return LoopState(reservoir, inlet), output


def _output(loop: CoolantLoop, pump: PumpPoint, given: float, stored: float, inlet: float, outlet: float) -> LoopOutput:
    water = _water_capacity_rate(loop)
    supply, fan_speed, fan_power = _facility_supply(loop, given, water)
    return LoopOutput(
        inlet_temperature=inlet,
        outlet_temperature=outlet,
        pump_power=pump.power,
        pump_heat=pump.heat,
        pump_speed=pump.speed,
        facility_heat=given,
        facility_supply_temperature=supply,
        facility_outlet_temperature=supply + given / water,
        fan_power=fan_power,
        fan_speed=fan_speed,
        stored_heat=stored,
        warnings=tuple(_warnings(loop, pump, inlet)),
    )


def _warnings(loop: CoolantLoop, pump: PumpPoint, inlet: float) -> list[str]:
    found = []
    dew = dew_point(loop.room)
    if inlet < dew:
        found.append(f"coolant inlet {inlet:.1f} K is below the room's dew point {dew:.1f} K: water condenses")
    if pump.speed > loop.pump.maximum_speed * (1.0 + 1e-9):
        found.append(f"pump would need {pump.speed:.2f} of rated speed, its curve ends at {loop.pump.maximum_speed:g}")
    return found


def _pump_of(loop: CoolantLoop, flow: float, pressure_drop: float, running: int | None) -> PumpPoint:
    return pump_point(loop.pump, flow, pressure_drop + loop_pressure_drop(loop.loss, flow), running)


def _capacity_rate(coolant: CoolantProperties, temperature: float, flow: float) -> float:
    return float(coolant.at(temperature).volumetric_heat_capacity) * flow


def _water_capacity_rate(loop: CoolantLoop) -> float:
    facility = loop.facility
    return _capacity_rate(load_coolant(facility.coolant), facility.temperature, facility.flow)


def _conductance(ua: float, one: float, other: float, crossflow: bool = False) -> float:
    """Return heat per difference of inlet temperatures, eps C_min, in W/K."""
    least, most = min(one, other), max(one, other)
    effectiveness = crossflow_effectiveness if crossflow else counterflow_effectiveness
    return least * effectiveness(ua / least, least / most)


def _exchange(loop: CoolantLoop, wanted_inlet: float, capacity: float) -> _Exchange:
    """Return what limits the heat to facility water; with a dry cooler the two exchangers in series.

    Dry cooler at full speed: supply = outdoor + Q (1/G_d - 1/C_w), so that Q = (T - outdoor) G_o with
    1/G_o = 1/G + 1/G_d - 1/C_w.
    """
    water = _water_capacity_rate(loop)
    exchanger = _conductance(loop.exchanger_conductance, capacity, water)
    limits = [(capacity, wanted_inlet), (exchanger, loop.facility.temperature)]
    if loop.dry_cooler is not None:
        outside = _dry_conductance(loop.dry_cooler, 1.0, water)
        series = 1.0 / (1.0 / exchanger + 1.0 / outside - 1.0 / water)
        limits.append((series, loop.dry_cooler.outdoor_temperature))
    return _Exchange(tuple(limits))


def _dry_conductance(cooler: DryCooler, speed: float, water: float) -> float:
    ua = cooler.conductance * speed**cooler.conductance_exponent
    return _conductance(ua, water, cooler.air_capacity_rate * speed, crossflow=True)


def _facility_supply(loop: CoolantLoop, heat: float, water: float) -> tuple[float, float, float]:
    """Return temperature of the water to the exchanger in K, fan speed and fan power in W."""
    cooler, wanted = loop.dry_cooler, loop.facility.temperature
    if cooler is None or heat <= 0.0:
        return wanted, 0.0, 0.0
    full = _dry_conductance(cooler, 1.0, water)
    warmest = wanted + heat / water - cooler.outdoor_temperature
    if full * warmest <= heat:
        supply = cooler.outdoor_temperature + heat * (1.0 / full - 1.0 / water)
        return supply, 1.0, cooler.fan_power
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        enough = _dry_conductance(cooler, middle, water) * warmest >= heat
        low, high = (low, middle) if enough else (middle, high)
    return wanted, high, cooler.fan_power * high**3
