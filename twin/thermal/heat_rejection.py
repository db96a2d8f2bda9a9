"""Heat from coolant to facility water and, with a dry cooler, to outdoor air."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from twin.spec.cooling import CoolantLoop, DryCooler
from twin.thermal.coolant import load_coolant
from twin.thermal.exchangers import counterflow_effectiveness, crossflow_effectiveness
from twin.thermal.failures import Condition

_FAN_SPEED = 1e-15
"""To which a fan's share of its full speed is found."""


@dataclass(frozen=True)
class Exchange:
    """Heat given up by coolant at temperature T before the exchanger, with capacity rate C.

    max(0, min(C (T - wanted), G (T - facility), G_o (T - outdoor))): bypass, exchanger, dry cooler;
    each limit is a conductance in W/K and the temperature it ends at in K.
    """

    limits: tuple[tuple[float, float], ...]

    @property
    def impossible(self) -> bool:
        """Whether no heat can be given up at any temperature."""
        return any(conductance <= 0.0 for conductance, _ in self.limits)

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
        if capacity > 0.0 and (self.impossible or start + source / capacity <= limited):
            return start + source / capacity, 0.0
        return limited, source - capacity * (limited - start)


@dataclass(frozen=True)
class Rejection:
    """The exchanger, facility water and dry cooler of a loop in their present condition."""

    loop: CoolantLoop
    condition: Condition

    @cached_property
    def water(self) -> float:
        """Heat capacity rate of the facility water in W/K."""
        facility = self.loop.facility
        capacity = load_coolant(facility.coolant).heat_capacity(facility.temperature)
        return capacity * facility.flow * self.condition.facility_water

    def exchange(self, wanted_inlet: float, capacity: float) -> Exchange:
        """Return what limits the heat from coolant of capacity rate C in W/K to facility water.

        A working valve lets as much coolant pass the exchanger as holds the inlet, a stuck one its share.
        Dry cooler at full speed: supply = outdoor + Q (1/G_d - 1/C_w), so that Q = (T - outdoor) G_o with
        1/G_o = 1/G + 1/G_d - 1/C_w.
        """
        valve = self.condition.valve
        passing = capacity if valve is None else valve * capacity
        exchanger = _conductance(self.loop.exchanger_conductance, passing, self.water)
        limits = [(exchanger, self.loop.facility.temperature)]
        if valve is None:
            limits.append((capacity, wanted_inlet))
        cooler = self.loop.dry_cooler
        if cooler is not None:
            outside = _dry_conductance(cooler, self.condition.fan, self.water)
            sound = exchanger > 0.0 and outside > 0.0
            series = 1.0 / (1.0 / exchanger + 1.0 / outside - 1.0 / self.water) if sound else 0.0
            limits.append((series, cooler.outdoor_temperature))
        return Exchange(tuple(limits))

    def supply(self, heat: float) -> tuple[float, float, float]:
        """Return temperature of the water to the exchanger in K, fan speed and fan power in W, at a heat in W."""
        cooler, wanted = self.loop.dry_cooler, self.loop.facility.temperature
        if cooler is None or heat <= 0.0:
            return wanted, 0.0, 0.0
        most = self.condition.fan
        full = _dry_conductance(cooler, most, self.water)
        warmest = wanted + heat / self.water - cooler.outdoor_temperature
        if full * warmest <= heat:
            supply = cooler.outdoor_temperature + heat * (1.0 / full - 1.0 / self.water)
            return supply, most, cooler.fan_power * most**3
        from scipy.optimize import brentq  # takes long to import, and most loops have no dry cooler

        def spare(share: float) -> float:
            return _dry_conductance(cooler, share, self.water) * warmest - heat

        speed = float(brentq(spare, 0.0, most, xtol=_FAN_SPEED))
        return wanted, speed, cooler.fan_power * speed**3

    def outlet(self, supply: float, heat: float) -> float:
        """Return the facility water behind the exchanger in K."""
        return supply + heat / self.water if self.water > 0.0 else supply


def _conductance(ua: float, one: float, other: float, crossflow: bool = False) -> float:
    """Return heat per difference of inlet temperatures, eps C_min, in W/K."""
    least, most = min(one, other), max(one, other)
    if least <= 0.0 or ua <= 0.0:
        return 0.0
    effectiveness = crossflow_effectiveness if crossflow else counterflow_effectiveness
    return least * effectiveness(ua / least, least / most)


def _dry_conductance(cooler: DryCooler, speed: float, water: float) -> float:
    ua = cooler.conductance * math.pow(speed, cooler.conductance_exponent)
    return _conductance(ua, water, cooler.air_capacity_rate * speed, crossflow=True)
