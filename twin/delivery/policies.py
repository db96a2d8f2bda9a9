"""Policies: the sensors of the previous sample set voltage and clock of the next.

Every policy is a pure function of arrays (wafer, die_y, die_x); `next_control` chains those that are on.
Clocks are shares of the chip's nominal clock. Policies see no model: only what a machine can measure.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from twin.delivery.clocks import clock_share, required_voltage
from twin.spec.chip import Chip
from twin.spec.delivery import DeliveryDesign, FrequencyGovernor, ThermalGovernor

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Sensors:
    """What is measured in one sample, arrays (wafer, die_y, die_x).

    `temperature`: hottest sensor of each die in K; `minimum_voltage`: lowest at its devices in V;
    `current`: of its regulator in A. `busy`: share of the interval in which the machine had work;
    `queue`: requests that wait.
    """

    temperature: FloatArray
    minimum_voltage: FloatArray
    current: FloatArray
    busy: float
    queue: float


@dataclass(frozen=True)
class ControlState:
    """Set points and the memory of the policies, arrays (wafer, die_y, die_x).

    `clock` in Hz and `voltage` in V are set points. As shares of the nominal clock: `throttle` is what the
    thermal governor allows, `demand` what the frequency governor asks for, `ceiling` the least that
    anything but temperature allows. `compensation` is the drop in V that adaptive voltage scaling adds;
    `tripped` dies have their clock stopped.
    """

    clock: FloatArray
    voltage: FloatArray
    throttle: FloatArray
    demand: FloatArray
    ceiling: FloatArray
    compensation: FloatArray
    tripped: BoolArray

    def arrays(self) -> dict[str, FloatArray | BoolArray]:
        """Return the state as named arrays, for a file; ``ControlState(**arrays)`` reads it back."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def fixed_voltage(chip: Chip) -> float:
    """Return the set point without adaptive scaling: nominal and the guard band of the worst case, in V."""
    return min(chip.voltage.nominal + chip.voltage.guard_band, chip.voltage.maximum)


def initial_control(chip: Chip, wafers: int) -> ControlState:
    """Return the state at switch-on: full clock at the fixed voltage; nothing throttled or tripped."""
    shape = (wafers, chip.dies.y, chip.dies.x)
    reserve = max(chip.voltage.guard_band - chip.voltage.adaptive_guard_band, 0.0)
    return ControlState(
        clock=np.full(shape, chip.core.clock),
        voltage=np.full(shape, fixed_voltage(chip)),
        throttle=np.ones(shape),
        demand=np.ones(shape),
        ceiling=np.ones(shape),
        compensation=np.full(shape, reserve),
        tripped=np.zeros(shape, dtype=bool),
    )


def next_control(
    state: ControlState,
    sensors: Sensors,
    interval: float,
    chip: Chip,
    design: DeliveryDesign,
    policies: Collection[str],
    service_floor: float = 0.0,
    thermal_interval: float | None = None,
) -> ControlState:
    """Return the set points for the next sample.

    Parameters
    ----------
    state : ControlState
        Of the sample just ended.
    sensors : Sensors
        Measured in it.
    interval : float
        Length of the sample in s.
    chip, design
        Limits of the chip, constants of the policies.
    policies : collection of str
        Of ``adaptive_voltage``, ``frequency_governor``, ``thermal_governor``. Trip, current limit and
        the limit of the clock's slope protect the machine and are always on.
    service_floor : float
        Smallest clock share at which the service level holds.
    thermal_interval : float, optional
        Part of the sample, in s, since `protect` was last called in it; the whole sample if never.
    """
    demand = state.demand
    if "frequency_governor" in policies:
        demand = govern_frequency(demand, sensors, interval, design.frequency_governor, service_floor)
    ceiling = np.minimum(demand, current_share(state, sensors.current, chip, design))
    since = interval if thermal_interval is None else thermal_interval
    throttle = _throttle(state, sensors.temperature, since, chip, design, policies)
    compensation = state.compensation
    voltage = np.full_like(ceiling, fixed_voltage(chip))
    if "adaptive_voltage" in policies:
        present = state.clock / chip.core.clock
        slowest = present - design.clock_slew * interval
        compensation = follow_drop(state, sensors, interval, design.adaptive_voltage.decay)
        voltage = adaptive_voltage(np.maximum(np.minimum(ceiling, throttle), slowest), compensation, chip)
        ceiling = np.minimum(ceiling, safe_share(voltage, compensation, chip))
    planned = replace(state, voltage=voltage, demand=demand, ceiling=ceiling, compensation=compensation)
    return _apply(planned, throttle, sensors.temperature, interval, chip, design)


def protect(
    state: ControlState,
    temperature: FloatArray,
    interval: float,
    chip: Chip,
    design: DeliveryDesign,
    policies: Collection[str],
) -> ControlState:
    """Return the state after a thermal sub-step: governor and trip act, all other set points stay.

    Parameters are those of `next_control`; `temperature` is that of the hottest sensors in K.
    """
    throttle = _throttle(state, temperature, interval, chip, design, policies)
    return _apply(state, throttle, temperature, interval, chip, design)


def _throttle(
    state: ControlState,
    temperature: FloatArray,
    interval: float,
    chip: Chip,
    design: DeliveryDesign,
    policies: Collection[str],
) -> FloatArray:
    if "thermal_governor" not in policies:
        return np.ones_like(state.throttle)
    limit, governor = chip.limits.throttle, design.thermal_governor
    return govern_temperature(state.throttle, temperature, interval, limit, governor)


def _apply(
    state: ControlState,
    throttle: FloatArray,
    temperature: FloatArray,
    interval: float,
    chip: Chip,
    design: DeliveryDesign,
) -> ControlState:
    """Set clock and trip from the throttle and the state's ceiling."""
    tripped = trip(state.tripped, temperature, chip, design.thermal_governor)
    wanted = np.minimum(state.ceiling, throttle)
    share = limit_slope(state.clock / chip.core.clock, wanted, interval, design.clock_slew)
    return replace(
        state,
        clock=np.where(tripped, 0.0, share) * chip.core.clock,
        throttle=np.where(tripped, design.thermal_governor.minimum_share, throttle),
        tripped=tripped,
    )


def trip(tripped: BoolArray, temperature: FloatArray, chip: Chip, governor: ThermalGovernor) -> BoolArray:
    """Return which dies stand still: from the trip temperature on, until `hysteresis` below throttle."""
    hot = temperature >= chip.limits.trip
    cooled = temperature < chip.limits.throttle - governor.hysteresis
    return np.asarray(hot | (tripped & ~cooled))


def govern_temperature(
    throttle: FloatArray,
    temperature: FloatArray,
    interval: float,
    limit: float,
    governor: ThermalGovernor,
) -> FloatArray:
    """Return the clock share each die is allowed by its hottest sensor.

    Above `limit` (K) it falls, below `limit - hysteresis` it rises, between them it stays.
    """
    falling = -governor.down * interval * (temperature > limit)
    rising = governor.up * interval * (temperature < limit - governor.hysteresis)
    return _bounded(throttle + falling + rising, governor.minimum_share, 1.0)


def govern_frequency(
    demand: FloatArray,
    sensors: Sensors,
    interval: float,
    governor: FrequencyGovernor,
    service_floor: float,
) -> FloatArray:
    """Return the machine's clock share for the work of the last interval.

    Busy u at share s is work s u: it fills `target_busy` of the time at s u / target_busy. A queue asks
    for the full clock at once, since requests that wait cost latency; so does a machine that was never
    idle, whose work is unknown. One value for all dies, which work in one pipeline.
    """
    present = float(demand.max())
    floor = min(max(governor.minimum_share, service_floor), 1.0)
    enough = sensors.busy * present / governor.target_busy
    if sensors.queue > 0 or sensors.busy >= 1.0:
        enough = 1.0
    wanted = min(max(enough, floor), 1.0)
    if wanted > present:
        return np.full_like(demand, wanted)
    if present - wanted <= governor.hysteresis:
        return np.full_like(demand, max(present, floor))
    return np.full_like(demand, max(wanted, present - governor.down * interval))


def current_share(state: ControlState, current: FloatArray, chip: Chip, design: DeliveryDesign) -> FloatArray:
    """Return the clock share at which each regulator stays within its rating, s I_max / I, at most 1.

    Repeated, it settles at the rating: of a current a + b s the part that follows the clock shrinks or
    grows until a + b s = I_max, unless the smallest share of the thermal governor is reached before.
    """
    rating = design.regulator.phases * design.regulator.current_limit
    smallest = design.thermal_governor.minimum_share
    present = np.maximum(state.clock / chip.core.clock, smallest)
    load = np.abs(current) / rating
    return _bounded(present / np.maximum(load, smallest), smallest, 1.0)


def follow_drop(state: ControlState, sensors: Sensors, interval: float, decay: float) -> FloatArray:
    """Return the drop in V to compensate: the measured one, or a decaying memory of a larger one.

    The memory keeps a load that returns after a short pause from meeting a voltage set for idling.
    """
    measured = np.maximum(state.voltage - sensors.minimum_voltage, 0.0)
    remembered = np.maximum(state.compensation - measured, 0.0)
    return np.asarray(measured + remembered * np.exp(-interval / decay))


def adaptive_voltage(share: FloatArray, compensation: FloatArray, chip: Chip) -> FloatArray:
    """Return each die's lowest safe set point in V: what the clock needs, adaptive guard band, drop.

    Never above the fixed voltage, which is safe at every clock by its own guard band.
    """
    scale = chip.voltage
    wanted = required_voltage(share, scale) + scale.adaptive_guard_band + compensation
    return _bounded(wanted, scale.minimum, fixed_voltage(chip))


def safe_share(voltage: FloatArray, compensation: FloatArray, chip: Chip) -> FloatArray:
    """Return the clock share that a set point still allows after drop and adaptive guard band."""
    return clock_share(voltage - compensation - chip.voltage.adaptive_guard_band, chip.voltage)


def limit_slope(present: FloatArray, wanted: FloatArray, interval: float, slope: float) -> FloatArray:
    """Return the clock share moved towards `wanted` by at most `slope` (1/s) times the interval."""
    reach = slope * interval
    return _bounded(wanted, present - reach, present + reach)


def voltage_margin(minimum_voltage: FloatArray, clock: FloatArray, chip: Chip) -> FloatArray:
    """Return how far the devices' lowest voltage lies above what their clock (Hz) needs, in V.

    Negative: the sample would have failed timing; results report it, policies cannot foresee it.
    """
    return minimum_voltage - required_voltage(clock / chip.core.clock, chip.voltage)


def _bounded(values: FloatArray, low: FloatArray | float, high: FloatArray | float) -> FloatArray:
    """Return values within bounds; `np.clip` takes several times as long for arrays as small as a wafer's dies."""
    return np.minimum(np.maximum(values, low), high)
