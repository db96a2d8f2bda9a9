"""Laminar flow in etched parallel channels that a manifold feeds and drains through slots.

Channels exchange no fluid through their walls, so Darcy's law separates into one line per column of
channels: each piece between an inlet slot and the next outlet slot has the flow that the common
pressure drop drives through its resistance.  Columns run across the flow (n), cells along it (m);
positive is along y.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.errors import Problem, SpecError
from twin.spec.stack import HeatTransfer
from twin.thermal import correlations
from twin.thermal.coolant import Properties

FloatArray = NDArray[np.float64]

_COINCIDE = 1e-9
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


@dataclass(frozen=True)
class Piece:
    """Cells `first` to `last` (inclusive) between an inlet and an outlet; direction +1 along y."""

    first: int
    last: int
    direction: int


@dataclass(frozen=True, eq=False)
class Layout:
    """Where fluid enters and leaves: slot positions on the edges of the cells along the channels.

    A slot feeds its whole width uniformly, so within half a slot of each end of a piece the flow
    ramps from nothing to full: the hydraulic length of a piece is its spacing minus half the slot
    width.  The ends of the channels are closed.

    Raises
    ------
    SpecError
        A slot is not on an edge, two slots coincide, slots are wider than their spacing, or no inlet
        has an outlet beside it.
    """

    edges: FloatArray
    inlets: tuple[float, ...]
    outlets: tuple[float, ...]
    slot_width: float = 0.0

    def __post_init__(self) -> None:
        problems = self._problems()
        if problems:
            raise SpecError("slots of the channels", problems)

    @classmethod
    def single_pass(cls, edges: ArrayLike, direction: int = 1) -> Layout:
        """Return one pass from end to end, along y (+1) or against it (-1)."""
        edges = np.asarray(edges, dtype=float)
        low, high = float(edges[0]), float(edges[-1])
        return cls(edges, (low,), (high,)) if direction > 0 else cls(edges, (high,), (low,))

    @classmethod
    def manifold(
        cls, edges: ArrayLike, pieces: int, slot_width: float, blocked: Iterable[int] = ()
    ) -> Layout:
        """Return `pieces` equal pieces between slots 0 (an inlet at the low end) to `pieces`, alternating.

        Slots whose numbers are in `blocked` are closed.
        """
        edges = np.asarray(edges, dtype=float)
        positions = slot_positions(float(edges[0]), float(edges[-1]), pieces)
        closed = set(blocked)
        unknown = sorted(closed - set(range(pieces + 1)))
        if unknown:
            text = f"no slot {', '.join(map(str, unknown))}; slots are numbered 0 to {pieces}"
            raise SpecError("slots of the channels", [Problem("blocked", text)])
        open_slots = [(k, y) for k, y in enumerate(positions) if k not in closed]
        inlets = tuple(y for k, y in open_slots if k % 2 == 0)
        outlets = tuple(y for k, y in open_slots if k % 2 == 1)
        return cls(edges, inlets, outlets, slot_width)

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """The pieces that carry flow, in order along y."""
        found = []
        for (low, kind), (high, following) in zip(self._slots, self._slots[1:], strict=False):
            if kind != following:
                found.append(Piece(self._edge(low), self._edge(high) - 1, kind))
        return tuple(found)

    @cached_property
    def lengths(self) -> FloatArray:
        """Hydraulic length of every cell in m, (m,): its own length, less its share of the slots'."""
        lengths = np.diff(self.edges)
        for piece in self.pieces:
            cells = slice(piece.first, piece.last + 1)
            spacing = lengths[cells].sum()
            lengths[cells] *= (spacing - 0.5 * self.slot_width) / spacing
        return lengths

    @cached_property
    def directions(self) -> FloatArray:
        """+1, -1, or 0 where no fluid moves, per cell (m,)."""
        signs = np.zeros(len(self.edges) - 1)
        for piece in self.pieces:
            signs[piece.first : piece.last + 1] = piece.direction
        return signs

    @cached_property
    def distances(self) -> FloatArray:
        """Distance from the entry for the thermal entrance, (m,); infinite where no fluid moves.

        Of a cell from x1 to x2 it is the distance whose Leveque value is the cell's mean,
        x^(-1/3) = 3/2 (x2^(2/3) - x1^(2/3)) / (x2 - x1): nearly the centre, except next to the entry.
        """
        distances = np.full(len(self.edges) - 1, np.inf)
        for piece in self.pieces:
            edges = self.edges[piece.first : piece.last + 2]
            entry = edges[0] if piece.direction > 0 else edges[-1]
            from_entry = np.abs(edges - entry)
            mean = 1.5 * np.diff(from_entry ** (2.0 / 3.0)) / np.diff(from_entry)
            distances[piece.first : piece.last + 1] = mean**-3.0
        return distances

    @cached_property
    def _slots(self) -> list[tuple[float, int]]:
        """Slots in order along y: (position, +1 for an inlet, -1 for an outlet)."""
        return sorted([(y, 1) for y in self.inlets] + [(y, -1) for y in self.outlets])

    def _edge(self, position: float) -> int:
        return int(np.argmin(np.abs(self.edges - position)))

    def _problems(self) -> list[Problem]:
        extent = float(self.edges[-1] - self.edges[0])
        found = [
            Problem("slots", f"{y:g} m is not on an edge of the cells along the channels")
            for y, _ in self._slots
            if abs(self.edges[self._edge(y)] - y) > _COINCIDE * extent
        ]
        spacings = np.diff([y for y, _ in self._slots])
        if np.any(spacings <= _COINCIDE * extent):
            found.append(Problem("slots", "two slots lie at one position"))
        elif np.any(spacings < self.slot_width):
            found.append(Problem("slots.width", f"slots of {self.slot_width:g} m overlap"))
        if not any(a != b for (_, a), (_, b) in zip(self._slots, self._slots[1:], strict=False)):
            found.append(Problem("slots", "no open inlet has an open outlet beside it: nothing can flow"))
        return found


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


def slot_positions(low: float, high: float, pieces: int) -> FloatArray:
    """Return the positions of `pieces` + 1 slots that divide the extent equally, in m."""
    return low + (high - low) * (np.arange(pieces + 1) / pieces)


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


def _common_drop(
    linear: FloatArray, quadratic: float, areas: FloatArray, total: float
) -> tuple[FloatArray, float]:
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
        found.append(
            f"Reynolds number {reynolds:.0f} is above {limit:.0f}: flow is transitional, not laminar"
        )
    if speed > velocity_limit:
        found.append(f"coolant at {speed:.2g} m/s is faster than {velocity_limit:g} m/s: walls may erode")
    return found
