"""Laminar flow in etched parallel channels that a manifold feeds and drains through slots.

Channels exchange no fluid through their walls, so Darcy's law separates into one line per column of
channels: each piece between an inlet slot and the next outlet slot has the flow that the common
pressure drop drives through its resistance.  Columns run across the flow (n), cells along it (m);
positive is along y.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.spec.cooling import ChannelDesign
from twin.spec.stack import HeatTransfer
from twin.thermal import correlations
from twin.thermal.coolant import Properties
from twin.thermal.layout import Layout, Piece

FloatArray = NDArray[np.float64]

_CONVERGED = 1e-14
_ITERATIONS = 50


@dataclass(frozen=True)
class ChannelGeometry:
    """Rectangular channels between walls, lengths in m; `covered`: the cover takes no heat."""

    width: float
    wall: float
    height: float
    covered: bool = False

    @property
    def pitch(self) -> float:
        """Channel and wall, in m."""
        return self.width + self.wall

    @property
    def fluid_fraction(self) -> float:
        """Share of the channels in the layer."""
        return self.width / self.pitch

    @property
    def hydraulic_diameter(self) -> float:
        """D_h over all four walls, in m."""
        return correlations.hydraulic_diameter(self.width, self.height)

    @property
    def friction(self) -> float:
        """Fanning f Re of developed flow."""
        return correlations.friction_factor_reynolds(self.width, self.height)

    @property
    def nusselt(self) -> float:
        """Developed Nu_H1 on D_h: four heated walls, three under an adiabatic cover."""
        if self.covered:
            return correlations.nusselt_three_sided(self.width, self.height)
        return correlations.nusselt_four_sided(self.width, self.height)

    @property
    def entrance_loss(self) -> float:
        """K(inf), over rho u^2 / 2."""
        return correlations.entrance_loss(self.width, self.height)

    @property
    def wetted_area_density(self) -> float:
        """Heat exchanging wall per plan area: side walls and floor, and the ceiling unless covered."""
        return (2.0 * self.height + self.width * (1.0 if self.covered else 2.0)) / self.pitch


@dataclass(frozen=True, eq=False)
class ChannelFlow:
    """Flow through the channels: arrays (n, m) over columns and cells, positive along y.

    `flow` in m3/s of the whole column, `velocity` in m/s within the channels, `pressure_drop` in Pa
    between inlets and outlets, `distance_from_entry` in m.
    """

    flow: FloatArray
    velocity: FloatArray
    reynolds: FloatArray
    pressure_drop: float
    pieces: tuple[Piece, ...]
    distance_from_entry: FloatArray


def design_geometry(design: ChannelDesign) -> ChannelGeometry:
    """Return the channels of a cooling design."""
    channels = design.channels
    depth = design.layers[design.channel_index].thickness
    return ChannelGeometry(channels.width, channels.wall, depth, design.covered)


def solve_flow(
    geometry: ChannelGeometry,
    layout: Layout,
    column_widths: ArrayLike,
    viscosity: ArrayLike,
    density: float,
    total_flow: float,
    resistance_factor: ArrayLike = 1.0,
    loss_coefficient: float | None = None,
) -> ChannelFlow:
    """Return the flow of every column and cell, and the pressure drop that drives it.

    Per piece, dp = sum over cells (r 2 f Re mu dy / D_h^2) u + K rho u^2 / 2 (Shah & London 1978): all
    pieces share dp, and their flows add up to `total_flow`.

    Parameters
    ----------
    geometry, layout
        Channels, and where they are fed.
    column_widths : array (n,)
        Width of each column across the flow in m.
    viscosity : array, broadcast to (n, m)
        Dynamic viscosity in Pa s.
    density : float
        Density in kg/m3 (of the entrance loss and the Reynolds number).
    total_flow : float
        Volumetric flow of the layer in m3/s, not negative.
    resistance_factor : array, broadcast to (n, m)
        Multiplies the friction of a cell: 1 clean, above it clogged.
    loss_coefficient : float, optional
        K; K(inf) of the duct unless given, 0 leaves entrance losses out.
    """
    widths = np.asarray(column_widths, dtype=float)
    shape = (len(widths), len(layout.edges) - 1)
    viscosity = np.broadcast_to(np.asarray(viscosity, dtype=float), shape)
    loss = geometry.entrance_loss if loss_coefficient is None else loss_coefficient
    friction = 2.0 * geometry.friction / geometry.hydraulic_diameter**2
    per_velocity = friction * viscosity * layout.lengths
    if np.ndim(resistance_factor) or resistance_factor != 1.0:
        per_velocity = per_velocity * np.asarray(resistance_factor, dtype=float)
    starts = np.array([(piece.first, piece.last + 1) for piece in layout.pieces]).ravel()
    resistance = np.add.reduceat(np.pad(per_velocity, ((0, 0), (0, 1))), starts, axis=1)[:, ::2]
    areas = geometry.fluid_fraction * geometry.height * widths[:, None]
    speed, drop = _common_drop(resistance, 0.5 * loss * density, areas, total_flow)
    velocity = np.zeros(shape)
    for place, piece in enumerate(layout.pieces):
        velocity[:, piece.first : piece.last + 1] = piece.direction * speed[:, place, None]
    return ChannelFlow(
        flow=velocity * areas,
        velocity=velocity,
        reynolds=(density * geometry.hydraulic_diameter) * np.abs(velocity) / viscosity,
        pressure_drop=drop,
        pieces=layout.pieces,
        distance_from_entry=np.broadcast_to(layout.distances, shape),
    )


def _common_drop(linear: FloatArray, quadratic: float, areas: FloatArray, total: float) -> tuple[FloatArray, float]:
    """Return velocities (n, pieces) and the drop with linear u + quadratic u^2 = drop, sum(u A) = total.

    The flow is a concave rising function of the drop, so Newton's method converges from any start.
    """
    conductance = areas / linear
    if total <= 0.0:
        return np.zeros_like(linear), 0.0
    drop = total / float(conductance.sum())
    for _ in range(_ITERATIONS):
        root = np.sqrt(linear**2 + 4.0 * quadratic * drop)
        speed = 2.0 * drop / (linear + root)
        missing = total - float((speed * areas).sum())
        if abs(missing) <= _CONVERGED * total:
            break
        drop += missing / float((areas / root).sum())
    return speed * (total / float((speed * areas).sum())), drop


def heat_transfer_coefficient(
    geometry: ChannelGeometry,
    flow: ChannelFlow,
    properties: Properties,
    mode: Literal["correlation"] | HeatTransfer = "correlation",
) -> FloatArray:
    """Return the coefficient on the wetted walls, (n, m), in W/m2/K.

    `mode` is `correlation` (developed Nu_H1 with the thermal entrance of each piece), or a fixed Nusselt
    number on D_h, or a fixed coefficient.  Where nothing flows the developed value holds.
    """
    if not isinstance(mode, str) and mode.coefficient is not None:
        return np.full(flow.flow.shape, mode.coefficient)
    diameter = geometry.hydraulic_diameter
    if not isinstance(mode, str):
        return (mode.nusselt or 0.0) / diameter * np.broadcast_to(properties.conductivity, flow.flow.shape)
    graetz = flow.reynolds * properties.prandtl * (diameter / flow.distance_from_entry)
    nusselt = correlations.nusselt_entrance(geometry.nusselt, geometry.friction, graetz)
    return nusselt * properties.conductivity / diameter


def flow_warnings(flow: ChannelFlow, velocity_limit: float) -> list[str]:
    """Return where the flow leaves the laminar regime, or is faster than walls bear (m/s)."""
    found = []
    reynolds, speed = float(flow.reynolds.max()), float(np.abs(flow.velocity).max())
    if reynolds > correlations.LAMINAR_REYNOLDS:
        limit = correlations.LAMINAR_REYNOLDS
        found.append(f"Reynolds number {reynolds:.0f} is above {limit:.0f}: flow is transitional, not laminar")
    if speed > velocity_limit:
        found.append(f"coolant at {speed:.2g} m/s is faster than {velocity_limit:g} m/s: walls may erode")
    return found
