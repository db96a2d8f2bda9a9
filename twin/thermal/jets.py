"""An array of impinging jets as a film on the topmost layer."""

from __future__ import annotations

import math
from dataclasses import dataclass

from twin.spec.cooling import JetArray
from twin.thermal import correlations
from twin.thermal.coolant import CoolantProperties


@dataclass(frozen=True)
class JetFilm:
    """Film under the jets: coefficient in W/m2/K on wall minus inlet temperature, and its flow."""

    coefficient: float
    velocity: float
    reynolds: float
    pressure_drop: float
    warnings: tuple[str, ...]


def jet_film(jets: JetArray, area: float, flow: float, coolant: CoolantProperties, inlet_temperature: float) -> JetFilm:
    """Return the film that `flow` (m3/s) makes over the plan `area` (m2); no film without flow.

    The jets share the flow equally; their coefficient is referred to the temperature at the nozzles
    (Martin 1977).  A nozzle's drop is rho u^2 / (2 c_d^2), its discharge coefficient c_d.
    """
    share = math.pi * jets.diameter**2 / (4.0 * jets.pitch**2)
    velocity = flow / (share * area)
    at = coolant.at(inlet_temperature)
    reynolds = float(at.density * velocity * jets.diameter / at.viscosity)
    ratio = jets.distance / jets.diameter
    nusselt = float(correlations.jet_array_nusselt(reynolds, at.prandtl, ratio, share))
    return JetFilm(
        coefficient=nusselt * float(at.conductivity) / jets.diameter,
        velocity=velocity,
        reynolds=reynolds,
        pressure_drop=float(at.density) * velocity**2 / (2.0 * jets.discharge_coefficient**2),
        warnings=tuple(correlations.jet_range_problems(reynolds, ratio, share)) if flow > 0.0 else (),
    )
