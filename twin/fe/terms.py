"""What acts on the heat of a solid beside linear conduction: films, radiation, power laws, sources."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.constants import STEFAN_BOLTZMANN
from twin.fe.tensor import Array


@dataclass(frozen=True)
class Film:
    """Newton's law of cooling on one outer face: coefficient in W/m2/K, ambient in K."""

    coefficient: float
    ambient: float


@dataclass(frozen=True)
class Radiation:
    """Grey radiation of one outer face to an ambient in K."""

    emissivity: float
    ambient: float

    def flux(self, kelvin: Array) -> Array:
        """Return the radiated heat in W/m2 (Stefan-Boltzmann)."""
        return np.asarray(STEFAN_BOLTZMANN * self.emissivity * (kelvin**4 - self.ambient**4))

    def slope(self, kelvin: Array | float) -> Array:
        """Return the derivative of the flux in W/m2/K."""
        return np.asarray(4.0 * STEFAN_BOLTZMANN * self.emissivity * kelvin**3)


@dataclass(frozen=True)
class PowerLaw:
    """Conductivity that is the layer's own at `temperature` in K, times (T / temperature)^exponent."""

    temperature: float
    exponent: float

    def factor(self, kelvin: Array) -> Array:
        """Return k(T) / k(temperature)."""
        return np.asarray((kelvin / self.temperature) ** self.exponent)

    def integral(self, kelvin: Array) -> Array:
        """Return the integral of the factor from `temperature` to T in K (Kirchhoff's transform).

        Source: Carslaw & Jaeger, Conduction of Heat in Solids, sec. 1.6.
        """
        ratio, power = kelvin / self.temperature, self.exponent + 1.0
        return np.asarray(self.temperature * (np.log(ratio) if power == 0.0 else (ratio**power - 1.0) / power))


@dataclass(frozen=True)
class Feedback:
    """Heat that grows with temperature: weights exp(coefficient (T - reference)) in W per node."""

    weights: Array
    coefficient: float
    reference: float

    def heat(self, solid: Array) -> Array:
        """Return the heat per node in W."""
        return np.asarray(self.weights * np.exp(self.coefficient * (solid - self.reference)))


@dataclass(frozen=True)
class Load:
    """Heat of sources: `nodal` in W per node, and what grows with temperature."""

    nodal: Array
    feedback: tuple[Feedback, ...] = ()
