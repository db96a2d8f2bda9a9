"""Closed forms of conduction that depends on temperature, radiation, and heat that feeds on its temperature."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import lambertw


@dataclass(frozen=True)
class PowerLaw:
    """k = k0 (T / T0)^n, n not -1, T in K; Kirchhoff's transform turns it into a linear problem.

    Source: Carslaw & Jaeger, secs. 1.6 and 2.16.
    """

    reference: float
    temperature: float
    exponent: float

    def transform(self, kelvin: float) -> float:
        """Integral of k from 0 K in W/m."""
        n = self.exponent + 1
        return self.reference * self.temperature**-self.exponent * kelvin**n / n

    def kelvin(self, transformed: float) -> float:
        """Temperature of a transformed value."""
        n = self.exponent + 1
        return float((transformed * n * self.temperature**self.exponent / self.reference) ** (1 / n))

    def generating_centre(self, face: float, generation: float, thickness: float) -> float:
        """Return the centre of a generating slab between faces at one temperature: theta + g L^2 / 8."""
        return self.kelvin(self.transform(face) + generation * thickness**2 / 8)

    def flux(self, cold: float, hot: float, thickness: float) -> float:
        """Heat flux between two faces in W/m2."""
        return (self.transform(hot) - self.transform(cold)) / thickness

    def middle(self, cold: float, hot: float) -> float:
        """Temperature half way between two faces."""
        return self.kelvin((self.transform(hot) + self.transform(cold)) / 2)


def radiating_end(
    conductance: float, hot: float, emissivity: float, constant: float, ambient: float, film: float = 0.0
) -> float:
    """Return T of a bar's end: conductance (hot - T) = eps sigma (T^4 - Ta^4) + h (T - Ta), in K.

    Source: NAFEMS TNSB Rev. 3 (1990), test T2 (h = 0).
    """

    def heat(t: float) -> float:
        return conductance * (hot - t) - emissivity * constant * (t**4 - ambient**4) - film * (t - ambient)

    return float(brentq(heat, min(hot, ambient), max(hot, ambient), xtol=1e-12, rtol=1e-15))


@dataclass(frozen=True)
class Leakage:
    """T = Tc + R (qd + ql exp(b (T - T0))): a uniform die with leakage behind a resistance.

    Fixed points by Lambert's W (Corless et al., Adv. Comput. Math. 5 (1996) 329); temperatures in degC.
    """

    dynamic: float
    leakage: float
    reference: float
    growth: float
    coolant: float

    def _argument(self, resistance: float) -> float:
        without = self.coolant + resistance * self.dynamic - self.reference
        return -self.growth * resistance * self.leakage * math.exp(self.growth * without)

    def _solution(self, resistance: float, branch: int) -> float:
        w = float(np.real(lambertw(self._argument(resistance), branch)))
        return self.coolant + resistance * self.dynamic - w / self.growth

    def stable(self, resistance: float) -> float:
        """Return the temperature that the die takes."""
        return self._solution(resistance, 0)

    def unstable(self, resistance: float) -> float:
        """Return the temperature beyond which the die runs away."""
        return self._solution(resistance, -1)

    def gain(self, resistance: float) -> float:
        """Loop gain b R ql exp(b (T - T0)) at the stable point."""
        return -float(np.real(lambertw(self._argument(resistance), 0)))

    @property
    def critical_resistance(self) -> float:
        """Resistance at which both points meet: W0((qd/ql) e^(-1 - b (Tc - T0))) / (b qd)."""
        inside = self.dynamic / self.leakage * math.exp(-1 - self.growth * (self.coolant - self.reference))
        return float(np.real(lambertw(inside))) / (self.growth * self.dynamic)

    @property
    def critical_temperature(self) -> float:
        """Temperature at which both points meet, Tc + R qd + 1/b."""
        return self.coolant + self.critical_resistance * self.dynamic + 1 / self.growth

    def critical_dynamic(self, resistance: float) -> float:
        """Dynamic flux at which a die behind `resistance` runs away."""
        logarithm = math.log(self.growth * resistance * self.leakage)
        return -(1 + logarithm + self.growth * (self.coolant - self.reference)) / (self.growth * resistance)
