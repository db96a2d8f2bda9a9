"""Pumps of a coolant loop: their curve, affinity laws, what they deliver, and how they run down."""

from __future__ import annotations

import math
from dataclasses import dataclass

from twin.spec.cooling import CoolantLoop, LoopLoss, Pump


@dataclass(frozen=True)
class PumpPoint:
    """Speed over rated speed, electrical power in W, and its part that heats the coolant in W."""

    speed: float
    power: float
    heat: float


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


def coasted(speed: float, dt: float, pump: Pump) -> float:
    """Return the speed, over rated speed, of a pump `dt` seconds after it lost its drive at `speed`.

    The torque of the flow falls as the square of the speed: ds/dt = -s^2 / t_half, s = s0 / (1 + s0 dt / t_half).
    """
    return speed / (1.0 + speed * dt / pump.coast_down)


def delivered_flow(
    loop: CoolantLoop,
    wanted_flow: float,
    pressure_drop: float,
    running: int | None = None,
    speed: float | None = None,
) -> float:
    """Return the flow in m3/s that the pumps can deliver, at most `wanted_flow`.

    `pressure_drop` (Pa) of the design belongs to the wanted flow and is scaled down in proportion to
    the flow (laminar channels), the loop's own as its square: a safe, slightly low answer, exact once
    it is called again with the drop at the flow it returned. No running pump delivers nothing.
    `running` pumps turn at most at `speed`; all of them, at their maximum speed, unless given.
    """
    pump, count = loop.pump, loop.pump.count if running is None else running
    most = pump.maximum_speed if speed is None else speed
    if count < 1 or wanted_flow <= 0.0 or most <= 0.0:
        return 0.0
    needed = pressure_drop + loop_pressure_drop(loop.loss, wanted_flow)
    if pump_point(pump, wanted_flow, needed, count).speed <= most:
        return wanted_flow
    curve = pump.shutoff_pressure / (count * pump.runout_flow) ** 2 + loop.loss.drop / loop.loss.flow**2
    linear = pressure_drop / wanted_flow
    head = pump.shutoff_pressure * most**2
    return min(wanted_flow, 2.0 * head / (linear + math.sqrt(linear**2 + 4.0 * curve * head)))
