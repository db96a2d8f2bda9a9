"""Laminar flow in etched parallel channels that a manifold feeds and drains through slots.

Channels exchange no fluid through their walls, so Darcy's law separates into one line per column of
channels: each piece between an inlet slot and the next outlet slot has the flow that the common
pressure drop drives through its resistance.  Columns run across the flow (n), cells along it (m);
positive is along the channels' axis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.errors import Problem, SpecError
from twin.spec.cooling import ChannelDesign
from twin.spec.stack import HeatTransfer
from twin.thermal import correlations
from twin.thermal.clogging import Clogging
from twin.thermal.coolant import Properties
from twin.thermal.layout import Layout, Piece

FloatArray = NDArray[np.float64]

_SETTLED = 1e-12
_ITERATIONS = 50
_LEAST = 0.1
"""Share of a velocity below which no step of the iteration leads."""


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
    def shear_evenness(self) -> float:
        """How evenly the heated walls are sheared, for the thermal entrance."""
        return correlations.shear_evenness(self.width, self.height, self.covered)

    def entrance_loss(self, distance: ArrayLike) -> FloatArray:
        """K of a piece of length x+ = L / (D_h Re), over rho u^2 / 2; K(inf) for long ones."""
        return correlations.developing_entrance_loss(self.width, self.height, distance)

    def entrance_loss_and_slope(self, inverse_length: FloatArray) -> tuple[FloatArray, FloatArray]:
        """K over rho u^2 / 2 and x+ dK/dx+ of pieces of length x+ = L / (D_h Re), given 1/x+."""
        return correlations.entrance_loss_and_slope(self.width, self.height, inverse_length)

    @property
    def wetted_area_density(self) -> float:
        """Heat exchanging wall per plan area: side walls and floor, and the ceiling unless covered."""
        return (2.0 * self.height + self.width * (1.0 if self.covered else 2.0)) / self.pitch


@dataclass(frozen=True, eq=False)
class ChannelFlow:
    """Flow through the channels: arrays (n, m) over columns and cells, positive along their axis.

    `flow` in m3/s of the whole column, `velocity` in m/s within the channels that are open,
    `open_share` of them, `pressure_drop` in Pa between inlets and outlets, `distance_from_entry` in m.
    """

    flow: FloatArray
    velocity: FloatArray
    open_share: FloatArray
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
    clogging: Clogging | None = None,
    turn_loss: float = 0.0,
    entrance: bool = True,
) -> ChannelFlow:
    """Return the flow of every column and cell, and the pressure drop that drives it.

    Per piece, dp = sum over cells (r 2 f Re mu dy / D_h^2) u + [K(x+) + K_turn] rho u^2 / 2 (Shah &
    London 1978): all pieces share dp, and their flows add up to `total_flow`.

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
    clogging : Clogging, optional
        Factors on friction and shares of channels open; a channel that is blocked somewhere carries
        nothing through its piece.
    turn_loss : float
        K_turn of turning into and out of the slots.
    entrance : bool
        Whether the flow develops from the entry of each piece; K(x+) = 0 if not.

    Raises
    ------
    SpecError
        Every channel is blocked.
    """
    widths = np.asarray(column_widths, dtype=float)
    shape = (len(widths), len(layout.edges) - 1)
    viscosity = np.broadcast_to(np.asarray(viscosity, dtype=float), shape)
    friction = 2.0 * geometry.friction / geometry.hydraulic_diameter**2
    clean = viscosity * (friction * layout.lengths)
    resistance = linear = _by_piece(np.add, clean, layout)
    share = np.ones_like(linear)
    if clogging is not None:
        linear = _by_piece(np.add, clean * clogging.resistance, layout)
        share = _by_piece(np.minimum, np.broadcast_to(clogging.open_share, shape), layout)
        if not share.any():
            raise SpecError("clogged channels", [Problem("clogged", "every channel is blocked: nothing can flow")])
    section = geometry.fluid_fraction * geometry.height * widths[:, None]
    # x+ = L / (D_h Re) = (sum mu dy) / (rho u D_h^2)
    develops = resistance / (2.0 * geometry.friction * density) if entrance else None
    speed, drop = _common_drop(linear, density, share * section, total_flow, geometry, turn_loss, develops)
    velocity = _by_cell(np.where(share > 0.0, speed, 0.0), 0.0, layout) * layout.directions
    opened = np.ones(shape) if clogging is None else _by_cell(share, 1.0, layout)
    return ChannelFlow(
        flow=velocity * opened * section,
        velocity=velocity,
        open_share=opened,
        reynolds=(density * geometry.hydraulic_diameter) * np.abs(velocity) / viscosity,
        pressure_drop=drop,
        pieces=layout.pieces,
        distance_from_entry=np.broadcast_to(layout.distances, shape),
    )


def _by_piece(operation: np.ufunc, cells: FloatArray, layout: Layout) -> FloatArray:
    """Return values (n, m) of cells reduced over each piece, (n, pieces)."""
    return np.asarray(operation.reduceat(cells, layout.piece_bounds, axis=1)[:, ::2])


def _by_cell(pieces: FloatArray, elsewhere: float, layout: Layout) -> FloatArray:
    """Return values (n, pieces) on the cells of each piece, (n, m)."""
    padded = np.concatenate([pieces, np.full((len(pieces), 1), elsewhere)], axis=1)
    return padded.take(layout.piece_of_cell, axis=1)


def _common_drop(
    linear: FloatArray,
    density: float,
    areas: FloatArray,
    total: float,
    geometry: ChannelGeometry,
    turn_loss: float,
    develops: FloatArray | None,
) -> tuple[FloatArray, float]:
    """Return velocities (n, pieces) and their drop: linear u + (K(x+) + K_turn) rho u^2 / 2, sum(u A) = total.

    `develops` in m/s is x+ u. Newton's method on the velocities and the drop together.
    """
    if total <= 0.0:
        return np.zeros_like(linear), 0.0
    speed = total / float((areas / linear).sum()) / linear
    for _ in range(_ITERATIONS):
        loss = np.full_like(speed, turn_loss)
        gain = 2.0 * loss
        if develops is not None:
            developing, slope = geometry.entrance_loss_and_slope(speed / develops)
            loss = turn_loss + developing
            gain = 2.0 * loss - slope
        dynamic = 0.5 * density * speed
        found = speed * (linear + dynamic * loss)
        steepness = linear + dynamic * gain
        weights = areas / steepness
        drop = (total - float((speed * areas).sum()) + float((weights * found).sum())) / float(weights.sum())
        change = (drop - found) / steepness
        speed = np.maximum(speed + change, _LEAST * speed)
        if np.abs(change).max() <= _SETTLED * speed.max():
            break
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
    nusselt = correlations.nusselt_entrance(geometry.nusselt, geometry.friction, graetz, geometry.shear_evenness)
    return nusselt * properties.conductivity / diameter
