"""An array of impinging jets as a film on the topmost layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twin.fe.stream import Stream, WettedWalls
from twin.fe.tensor import Array, TensorGrid, mass
from twin.spec.cooling import JetArray
from twin.thermal import correlations
from twin.thermal.bed import BedFlow
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


@dataclass(frozen=True)
class JetBed:
    """Jets over a wafer: every cell of the topmost face has its own share of the flow.

    Spent coolant leaves each cell on its own, without crossing others: exact for jets with drains
    between them, optimistic where spent coolant flows to the edge of the wafer. Coolant held above
    the wafer is not counted as stored heat.
    """

    jets: JetArray
    area: float
    plane: int
    column_widths: Array
    lengths: Array
    coolant: CoolantProperties
    reference_temperature: float

    @classmethod
    def over(
        cls, grid: TensorGrid, jets: JetArray, area: float, coolant: CoolantProperties, temperature: float
    ) -> JetBed:
        """Return the jets over the top of a grid of plan `area` in m2."""
        widths = mass(grid.x).sum(axis=1)
        return cls(jets, area, grid.z.size - 1, widths, np.diff(grid.y), coolant, temperature)

    @property
    def shape(self) -> tuple[int, int]:
        """Columns and cells."""
        return self.column_widths.size, self.lengths.size

    def uniform(self, temperature: float) -> tuple[Array, ...]:
        """Return a coolant field at one temperature."""
        return (np.full(self.shape, temperature),)

    def streams(self, flow_rate: float, inlet: float, means: Sequence[Array]) -> tuple[tuple[Stream, ...], BedFlow]:
        """Return the stream of all cells at a total flow in m3/s; `means` do not matter to jets."""
        film = jet_film(self.jets, self.area, flow_rate, self.coolant, inlet)
        at = self.coolant.at(self.reference_temperature)
        flux = float(at.volumetric_heat_capacity) * flow_rate / self.area
        stream = Stream(
            walls=WettedWalls(self.plane, np.ones((1, 1))),
            capacity_rate=np.broadcast_to(flux * self.lengths, self.shape),
            exchange=np.full(self.shape, _over_mean(film.coefficient, flux)),
            storage=np.zeros(self.shape),
            lengths=self.lengths,
            pieces=[(cell, cell, 1) for cell in range(self.lengths.size)] if flow_rate > 0.0 else [],
            inlet=inlet,
        )
        return (stream,), BedFlow((), film.pressure_drop, film.reynolds)


def _over_mean(coefficient: float, flux: float) -> float:
    """Return the coefficient over the mean of inlet and spent coolant for one over the inlet.

    q = h (T - T_in) = g (T_out - T_in) = H (T - (T_in + T_out)/2) gives H = h / (1 - h / 2g); the heat of
    a jet cannot exceed what its coolant takes up at the wall's temperature, h <= g.
    """
    bounded = min(coefficient, flux)
    return bounded / (1.0 - bounded / (2.0 * flux)) if flux > 0.0 else 0.0
