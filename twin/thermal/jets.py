"""An array of impinging jets as a film on the topmost layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twin.fe.stream import Stream, WettedWalls
from twin.fe.tensor import Array, TensorGrid
from twin.spec.cooling import JetArray
from twin.thermal import correlations
from twin.thermal.bed import BedFlow
from twin.thermal.coolant import CoolantProperties
from twin.thermal.regime import Caution, coolant_cautions, velocity_cautions


@dataclass(frozen=True)
class JetFilm:
    """Film under the jets: coefficient in W/m2/K on wall minus inlet temperature, and its flow."""

    coefficient: float
    velocity: float
    reynolds: float
    pressure_drop: float
    cautions: tuple[Caution, ...]


def jet_film(jets: JetArray, area: float, flow: float, coolant: CoolantProperties, inlet_temperature: float) -> JetFilm:
    """Return the film that `flow` (m3/s) makes over the plan `area` (m2); no film without flow.

    The jets share the flow equally; their coefficient is referred to the temperature at the nozzles
    (Martin 1977).  A nozzle's drop is rho u^2 / (2 c_d^2), its discharge coefficient c_d.
    """
    share = jets.area_share
    velocity = flow / (share * area)
    at = coolant.at(inlet_temperature)
    reynolds = float(at.density * velocity * jets.diameter / at.viscosity)
    ratio = jets.distance / jets.diameter
    nusselt = float(correlations.jet_array_nusselt(reynolds, at.prandtl, ratio, share))
    outside = correlations.jet_range_problems(reynolds, ratio, share) if flow > 0.0 else {}
    return JetFilm(
        coefficient=nusselt * float(at.conductivity) / jets.diameter,
        velocity=velocity,
        reynolds=reynolds,
        pressure_drop=float(at.density) * velocity**2 / (2.0 * jets.discharge_coefficient**2),
        cautions=tuple(Caution(name, text) for name, text in outside.items()),
    )


@dataclass(frozen=True)
class JetBed:
    """Jets over a wafer: every cell of the topmost face has its own share of the flow.

    Spent coolant leaves each cell on its own, without crossing others: exact for jets with drains
    between them, optimistic where spent coolant flows to the edge of the wafer. Coolant held above
    the wafer is not counted as stored heat while it flows; without flow it is a layer at rest as deep
    as the nozzles are distant.
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
        widths = grid.x_weights
        return cls(jets, area, grid.z.size - 1, widths, np.diff(grid.y), coolant, temperature)

    @property
    def shape(self) -> tuple[int, int]:
        """Columns and cells."""
        return self.column_widths.size, self.lengths.size

    def uniform(self, temperature: float) -> tuple[Array, ...]:
        """Return a coolant field at one temperature."""
        return (np.full(self.shape, temperature),)

    def flow(self, flow_rate: float, means: Sequence[Array]) -> BedFlow:
        """Return the flow through the nozzles at a total flow in m3/s; `means` do not matter to jets."""
        film = jet_film(self.jets, self.area, flow_rate, self.coolant, self.reference_temperature)
        return BedFlow((), film.pressure_drop, film.reynolds, film.velocity)

    def streams(self, flow_rate: float, inlet: float, means: Sequence[Array]) -> tuple[tuple[Stream, ...], BedFlow]:
        """Return the stream of all cells at a total flow in m3/s; `means` do not matter to jets."""
        film = jet_film(self.jets, self.area, flow_rate, self.coolant, inlet)
        at = self.coolant.at(self.reference_temperature)
        heat_capacity = float(at.volumetric_heat_capacity)
        flux, flows = heat_capacity * flow_rate / self.area, flow_rate > 0.0
        still = float(at.conductivity) / self.jets.distance
        stream = Stream(
            walls=WettedWalls(self.plane, np.ones((1, 1))),
            capacity_rate=np.broadcast_to(flux * self.lengths, self.shape),
            # A jet's heat cannot exceed what its coolant takes up at the wall's temperature.
            exchange=np.full(self.shape, min(film.coefficient, flux) if flows else still),
            storage=np.full(self.shape, 0.0 if flows else heat_capacity * self.jets.distance),
            lengths=self.lengths,
            pieces=[(cell, cell, 1) for cell in range(self.lengths.size)] if flows else [],
            inlet=inlet,
            sees_inlet=True,
        )
        return (stream,), BedFlow((), film.pressure_drop, film.reynolds, film.velocity)

    def cautions(
        self,
        flow: BedFlow,
        inlet: float,
        coolant: Sequence[Array],
        hottest_wall: float,
        velocity_limit: float | None = None,
    ) -> tuple[Caution, ...]:
        """Return where jets and coolant leave what the model holds for; arguments as for channels."""
        coldest = min(inlet, *(float(field.min()) for field in coolant))
        hottest = max(inlet, *(float(field.max()) for field in coolant))
        rate = flow.velocity * self.jets.area_share * self.area
        return (
            *jet_film(self.jets, self.area, rate, self.coolant, inlet).cautions,
            *velocity_cautions(flow.velocity, velocity_limit),
            *coolant_cautions(self.coolant, coldest, hottest, hottest_wall),
        )
