"""Temperature that develops along a channel cell, with conduction along the solid.

The coolant enters at one temperature with its developed velocity; both ends of the solid are adiabatic. Solved
for is the departure from the developed state q theta(y, z) + (dT/dx) x, which only the two ends drive.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.fe.channel_axial import AxialSolution, SectionOperators, krylov_basis, solve_along
from twin.fe.channel_cell import ChannelCell
from twin.fe.section import Array, graded

END_EXPONENT = 3.0
"""Grading along the channel towards both ends: a wall's temperature starts as x^(1/3) (Leveque)."""

_FINEST = 1e-6
_LENGTHS = 24
"""Scales along the channel that the modes resolve, over its length: spread evenly in the logarithm."""


@dataclass(frozen=True)
class DevelopingTemperature:
    """Temperatures over the inlet's, in K, at the ends of the elements along the channel."""

    cell: ChannelCell
    flux: float
    departure: AxialSolution

    @property
    def stations(self) -> Array:
        """Distances from the inlet in m."""
        return self.departure.stations

    @property
    def bulk(self) -> Array:
        """Mixed mean temperature of the coolant at the stations."""
        cell = self.cell
        rise = self.cell.axial_slope(self.flux) * self.stations
        return np.asarray(rise + self.departure.at_stations(cell.bulk_load) / cell.bulk_load.sum())

    @property
    def base_over_bulk(self) -> Array:
        """Mean over the base's width minus `bulk`, at the stations."""
        cell = self.cell
        weights = cell.base_load / cell.base_load.sum() - cell.bulk_load / cell.bulk_load.sum()
        return self.flux * cell.base_mean(cell.developed) + self.departure.at_stations(weights)

    @property
    def hottest_base_over_bulk(self) -> Array:
        """Highest of the base's width minus `bulk`, at the stations."""
        sections = (self.section(station) for station in range(self.stations.size))
        return np.array([self.cell.base_highest(found) - self.cell.bulk(found) for found in sections])

    def section(self, station: int) -> Array:
        """Return the nodal temperatures of one station's section."""
        rise = self.cell.axial_slope(self.flux) * self.stations[station]
        return np.asarray(rise + self.flux * self.cell.developed + self.departure.section(station))


def developing_temperature(cell: ChannelCell, flux: float, length: float, elements: int) -> DevelopingTemperature:
    """Solve a channel of `length` in m under a base flux in W/m2 with a number of elements along it."""
    operators = SectionOperators(cell.advection, cell.conduction, cell.axial_conduction)
    profile = flux * (cell.advection @ cell.developed)
    end_flux = cell.axial_slope(flux) * (cell.axial_conduction @ np.ones(cell.section.size))
    lengths = np.geomspace(_FINEST * length, length, _LENGTHS)
    basis = krylov_basis(operators, np.column_stack([profile, end_flux]), lengths)
    lines = graded(0.0, length, elements, END_EXPONENT, towards="both")
    departure = solve_along(operators, basis, lines, np.zeros(cell.section.size), end_flux - profile, -end_flux)
    return DevelopingTemperature(cell, flux, departure)
