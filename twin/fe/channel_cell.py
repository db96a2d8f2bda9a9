"""Conjugate heat transfer in the cross-section of a channel with its walls, base and cover.

Half a pitch by symmetry: y from the middle of a wall to the middle of the channel, z from the heated base to
the cover's adiabatic outer face, x along the flow. Steady, developed laminar flow, constant properties::

    rho c u dT/dx - d/dx(kx dT/dx) - d/dy(ky dT/dy) - d/dz(kz dT/dz) = 0,   u = 0 in the solid.

Source: Shah & London, Laminar Flow Forced Convection in Ducts, Academic Press 1978, ch. II (conjugate H1
problem); Qu & Mudawar, Int. J. Heat Mass Transfer 45 (2002) 3973 (the cell of a microchannel heat sink).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sparse
import scipy.sparse.linalg as linalg

from twin.fe.duct import CORNER_EXPONENT, Duct
from twin.fe.section import Array, QuadraticSection, conduction, graded, line_load, weighted

Conductivity = tuple[float, float, float]


@dataclass(frozen=True)
class CellShape:
    """Lengths of a cell in m: channel, half a wall on each side, base below and cover above."""

    width: float
    height: float
    wall: float
    base: float
    cover: float

    @property
    def half_pitch(self) -> float:
        """Width of the meshed half of the cell in m."""
        return 0.5 * (self.width + self.wall)

    @property
    def half_area(self) -> float:
        """Area of the meshed half of the channel in m2."""
        return 0.5 * self.width * self.height


@dataclass(frozen=True)
class CellProperties:
    """Conductivities in W/m/K (solids along x, y, z), heat capacity of the coolant in J/m3/K, mean velocity in m/s."""

    base: Conductivity
    wall: Conductivity
    cover: Conductivity
    coolant: float
    heat_capacity: float
    velocity: float


class ChannelCell:
    """Finite elements on the half cell, with `cells` from each corner of the channel to the next symmetry plane.

    `exponent` grades the mesh towards the channel's walls and corners (1: uniform).
    """

    def __init__(self, shape: CellShape, properties: CellProperties, cells: int, exponent: float = CORNER_EXPONENT):
        self.shape, self.properties, self.cells = shape, properties, cells
        face, top = 0.5 * shape.wall, shape.base + shape.height
        wall = graded(0.0, face, cells, exponent, towards="end")
        channel = graded(face, shape.half_pitch, cells, exponent, towards="start")
        base = graded(0.0, shape.base, cells, exponent, towards="end")
        height = graded(shape.base, top, 2 * cells, exponent, towards="both")
        cover = graded(top, top + shape.cover, cells, exponent, towards="start") if shape.cover > 0 else height[-1:]
        self.section = QuadraticSection(
            np.concatenate([wall, channel[1:]]), np.concatenate([base, height[1:], cover[1:]])
        )
        self.duct = Duct(channel, height)
        self._edges = (wall.size - 1, base.size - 1, base.size + height.size - 2)

    @cached_property
    def conduction(self) -> sparse.csr_array:
        """Conduction in the section, in W/K per m of length."""
        trial, test = self.section.trial_and_test()
        ky, kz = (self.section.by_cell(self._conductivity(axis)) for axis in (1, 2))
        return self.section.matrix(conduction(ky, kz, trial, test, self.section.measure))

    @cached_property
    def axial_conduction(self) -> sparse.csr_array:
        """int kx T v: conduction along the channel, in W m/K."""
        trial, test = self.section.trial_and_test()
        return self.section.matrix(
            weighted(self.section.by_cell(self._conductivity(0)), trial, test, self.section.measure)
        )

    @cached_property
    def advection(self) -> sparse.csr_array:
        """int rho c u T v, in W/K."""
        trial, test = self.section.trial_and_test()
        capacity_flux = self.properties.heat_capacity * self.section.function(self.velocity)
        return self.section.matrix(weighted(capacity_flux, trial, test, self.section.measure))

    @cached_property
    def velocity(self) -> Array:
        """Nodal values of the velocity in m/s, zero in the solid."""
        side, floor, ceiling = (2 * edge for edge in self._edges)
        velocity = np.zeros(self.section.shape)
        velocity[floor : ceiling + 1, side:] = self.duct.relative_velocity.reshape(self.duct.section.shape)
        return self.properties.velocity * velocity.ravel()

    @cached_property
    def base_load(self) -> Array:
        """int v over the heated base: the load of a unit flux, in m."""
        load = np.zeros(self.section.shape)
        load[0] = line_load(self.section.nodes_across)
        return load.ravel()

    @cached_property
    def bulk_load(self) -> Array:
        """int rho c u v, in W/K: what bulk temperature and enthalpy are weighted with."""
        return np.asarray(self.advection @ np.ones(self.section.size))

    def base_mean(self, temperature: Array) -> float:
        """Return the mean over the base's width of nodal temperatures."""
        return float(self.base_load @ temperature / self.base_load.sum())

    def base_highest(self, temperature: Array) -> float:
        """Return the highest nodal temperature of the base."""
        return float(temperature[: self.section.shape[1]].max())

    def wetted_highest(self, temperature: Array) -> float:
        """Return the highest nodal temperature of the coolant and of the walls it wets."""
        side, floor, ceiling = (2 * edge for edge in self._edges)
        return float(temperature.reshape(self.section.shape)[floor : ceiling + 1, side:].max())

    def bulk(self, temperature: Array) -> float:
        """Return the mixed mean temperature of the coolant."""
        return float(self.bulk_load @ temperature / self.bulk_load.sum())

    def axial_slope(self, flux: float) -> float:
        """Return dT/dx of developed temperatures in K/m: base flux over capacity rate."""
        return flux * float(self.base_load.sum() / self.bulk_load.sum())

    @cached_property
    def developed(self) -> Array:
        """Nodal temperature over bulk in K per W/m2 of base flux, where dT/dx is the same everywhere.

        int k grad T . grad v = int_base v - (dT/dx) int rho c u v; conduction along the channel has no divergence.
        """
        load = self.base_load - self.axial_slope(1.0) * self.bulk_load
        temperature = np.zeros(self.section.size)
        temperature[1:] = linalg.splu(self.conduction[1:, 1:].tocsc()).solve(load[1:])
        return temperature - self.bulk(temperature)

    def _conductivity(self, axis: int) -> Array:
        """Conductivity along one axis by cell, shape (cells along z, cells along y)."""
        side, floor, ceiling = self._edges
        k = self.properties
        values = np.full((self.section.up.size - 1, self.section.across.size - 1), float(k.wall[axis]))
        values[:floor], values[ceiling:] = k.base[axis], k.cover[axis]
        values[floor:ceiling, side:] = k.coolant
        return values
