"""How coefficient and flow of the coolant depart from a reference, fast.

Channels: what the hydraulics of the full model give at uniform temperatures and flows is fitted by
polynomials in the logarithms of velocity, drop and viscosity and in temperature; between lines and
pieces the flow divides so that all have one drop, as in twin.thermal.hydraulics. Jets: the full model's own law.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Protocol

import numpy as np

from twin.fe.stream import Stream
from twin.thermal.bed import BedFlow, ChannelBed
from twin.thermal.layout import Layout
from twin.thermal.reduced.arrays import Places, Real
from twin.thermal.reduced.rows import TileRows

_FLOWS = (0.55, 0.7, 0.85, 1.0, 1.2, 1.5, 1.8)
_TEMPERATURES = 9
_COEFFICIENT_DEGREE = (2, 3)
_VELOCITY_DEGREE = (2, 3)
_VISCOSITY_DEGREE = 5
_NEWTON_STEPS = 3
_COLDEST, _HOTTEST = 275.0, 368.0


@dataclass(frozen=True)
class Departure:
    """Coefficient 1 + e and heat capacity rate 1 + g over the reference, (lines, rows), and the flow as a whole."""

    e: Real
    g: Real
    flow: BedFlow


class CoolantLaw(Protocol):
    """Departures from a reference flow and temperature."""

    def departure(self, flow_rate: float, inlet: float, means: Real, spread: Real) -> Departure:
        """Return the departures for mean coolant and half its change along a row, (lines, rows) in K."""

    def covers(self, means: Real) -> bool:
        """Tell whether the law holds at these temperatures in K."""

    def drop_factor(self, before: float, now: float) -> float:
        """Return the factor on the pressure drop of the same flow when the mean coolant gets from one K to another."""

    @property
    def by_inlet(self) -> float:
        """Relative change of the film's temperature difference per kelvin at the inlet, at most."""


@dataclass(frozen=True)
class JetLaw:
    """Jets as in the full model: all alike, and what their coolant does afterwards does not matter to them."""

    rows: TileRows
    flow_rate: float
    temperature: float

    @cached_property
    def _reference(self) -> Stream:
        return self._stream(self.flow_rate, self.temperature)[0]

    def _stream(self, flow_rate: float, inlet: float) -> tuple[Stream, BedFlow]:
        (stream,), flow = self.rows.bed.streams(flow_rate, inlet, ())
        return stream, flow

    def departure(self, flow_rate: float, inlet: float, means: Real, spread: Real) -> Departure:
        """Return the departures; `means` and `spread` give their shape alone."""
        stream, flow = self._stream(flow_rate, inlet)
        e = stream.exchange[0, 0] / self._reference.exchange[0, 0] - 1.0
        g = stream.capacity_rate[0, 0] / self._reference.capacity_rate[0, 0] - 1.0
        return Departure(np.full(means.shape, e, np.float32), np.full(means.shape, g, np.float32), flow)

    def covers(self, means: Real) -> bool:
        """Return True: the properties go on as they are at the ends of their table, and a caution says so."""
        return True

    def drop_factor(self, before: float, now: float) -> float:
        """Return 1: jets spend their pressure on speed, not on friction."""
        return 1.0

    @property
    def by_inlet(self) -> float:
        """That of water from 10 to 60 degC, whose viscosity and conductivity both count."""
        return 0.007


@dataclass(frozen=True)
class FittedLaw:
    """Polynomials of clean channels about a reference.

    coefficient : of ln(h / h0) in ln(u / u0) and T - T0, (2 powers, segments)
    velocity : of ln(u / u0) in ln(dp / dp0) and ln(mean viscosity / its reference), (2 powers, pieces)
    viscosity : of its logarithm over that at the reference in T - T0
    """

    rows: TileRows
    flow_rate: float
    temperature: float
    drop: float
    reynolds: float
    speeds: Real
    coefficient: Real
    velocity: Real
    viscosity: Real

    @classmethod
    def fit(cls, rows: TileRows, flow_rate: float, temperature: float) -> FittedLaw:
        """Return the law of clean channels about a flow in m3/s and a temperature in K."""
        assert isinstance(rows.bed, ChannelBed)
        bed = rows.bed.alike()
        low, high = _range(bed)
        samples = [(share, float(t)) for share, t in product(_FLOWS, np.linspace(low, high, _TEMPERATURES))]
        samples.append((1.0, temperature))
        found = [bed.streams(share * flow_rate, t, bed.uniform(t)) for share, t in samples]
        first = [piece.first for piece in found[0][1].flows[0].pieces]
        speed = np.array([np.abs(flow.flows[0].velocity[0]) for _, flow in found])
        h = np.array([stream.exchange[0] for (stream,), _ in found])
        drop = np.array([flow.pressure_drop for _, flow in found])
        over = np.array([t for _, t in samples]) - temperature
        thick = np.log(bed.coolant.viscosity(over + temperature) / bed.coolant.viscosity(temperature))
        moving = speed[-1] > 0.0
        faster = np.log(np.where(moving, speed, 1.0) / np.where(moving, speed[-1], 1.0))
        return cls(
            rows, flow_rate, temperature, float(drop[-1]), found[-1][1].reynolds, speed[-1, first].astype(np.float32),
            _fitted(faster, over[:, None], np.log(h / h[-1]), _COEFFICIENT_DEGREE).astype(np.float32),
            _fitted(np.log(drop / drop[-1])[:, None], thick[:, None], faster[:, first], _VELOCITY_DEGREE).astype(
                np.float32
            ),
            np.polynomial.polynomial.polyfit(over, thick, _VISCOSITY_DEGREE).astype(np.float32),
        )  # fmt: skip

    def departure(self, flow_rate: float, inlet: float, means: Real, spread: Real) -> Departure:
        """Return the departures for mean coolant and half its change along a row, (lines, rows) in K.

        Viscosity is close to exponential in temperature, so that its mean over a linear change by
        +-d is that in the middle times 1 + (a d)^2 / 6, with a its logarithmic slope. Nothing rubs under the slots.
        """
        over = (self.rows.on_segments(means) - self.temperature).astype(np.float32)
        spread = self.rows.on_segments(spread).astype(np.float32)
        middle, part = self._rubbing
        thick = _polynomial(self.viscosity, over + middle * spread)
        slope = self.viscosity[1] * part * spread
        mean_thickness = (np.exp(thick) * (1.0 + slope * slope / 6.0)) @ self._piece_shares
        faster, drop = self._velocities(np.log(mean_thickness), flow_rate)
        by_segment = faster[:, self._segment_pieces] * self._moving
        e = np.exp(_polynomial(_inner(self.coefficient, over), by_segment)) - 1.0
        denser = self._volumetric_heat_capacity(inlet) / self._reference_heat_capacity
        g = self._moving * (np.float32(denser) * np.exp(by_segment) - 1.0)
        flow = BedFlow(
            (), drop, self.reynolds * float(np.exp((by_segment - thick).max())),
            float((self.speeds * np.exp(faster)).max()),
        )  # fmt: skip
        return Departure(self.rows.by_row(e), self.rows.by_row(g), flow)

    def covers(self, means: Real) -> bool:
        """Tell whether temperatures in K are among those that the law is fitted to."""
        assert isinstance(self.rows.bed, ChannelBed)
        low, high = _range(self.rows.bed)
        return low <= float(means.min()) and float(means.max()) <= high

    def drop_factor(self, before: float, now: float) -> float:
        """Return the factor of friction's part, as the viscosity at the mean temperature changes it."""
        thicker = _polynomial(self.viscosity, np.float32(now - self.temperature)) - _polynomial(
            self.viscosity, np.float32(before - self.temperature)
        )
        return float(np.exp(self._drop_by_viscosity * thicker))

    @cached_property
    def _drop_by_viscosity(self) -> float:
        """d ln(drop) / d ln(viscosity) at constant flow, at the reference."""
        return float(-(self.velocity[0, 1] / self.velocity[1, 0]).mean())

    @property
    def by_inlet(self) -> float:
        """That of water, whose conductivity alone counts, and its viscosity where lines differ."""
        return 0.003

    def _velocities(self, thickness: Real, flow_rate: float) -> tuple[Real, float]:
        """Return ln(u / u0) of lines and pieces, (lines, pieces), and the drop in Pa that divides the flow so."""
        shares, wanted = self._carried, flow_rate / self.flow_rate
        level = np.log(wanted) * self._drop_exponent + float(thickness.mean())
        by_level = _inner(self.velocity, thickness)
        slopes = [power * coefficient for power, coefficient in enumerate(by_level)][1:]
        for _ in range(_NEWTON_STEPS):
            carried = shares * np.exp(_polynomial(by_level, np.float32(level)))
            missing = wanted - float(carried.sum())
            level += missing / float((carried * _polynomial(slopes, np.float32(level))).sum())
        faster = _polynomial(by_level, np.float32(level))
        faster = faster + np.float32(np.log(wanted / float((shares * np.exp(faster)).sum())))
        return faster, self.drop * float(np.exp(level))

    @cached_property
    def _carried(self) -> Real:
        """Part of the flow that lines and pieces carry at the reference, (lines, pieces)."""
        shares = self.rows.bed.column_widths[:, None] * self.speeds
        return np.asarray(shares / shares.sum(), np.float32)

    @cached_property
    def _drop_exponent(self) -> float:
        """d ln(drop) / d ln(flow) at the reference."""
        return float(1.0 / self.velocity[1, 0].mean())

    @cached_property
    def _layout(self) -> Layout:
        assert isinstance(self.rows.bed, ChannelBed)
        return self.rows.bed.layouts[0]

    @cached_property
    def _rubbing(self) -> tuple[Real, Real]:
        """Middle of what of each segment is not under a slot, downstream in half lengths, and its part, (segments,)."""
        layout = self._layout
        low, high = layout.edges[:-1], layout.edges[1:]
        slots = np.array([*layout.inlets, *layout.outlets])[:, None]
        under = np.clip(layout.slot_width / 2 - np.abs(np.stack([low, high])[:, None] - slots), 0.0, None).sum(axis=1)
        middle = layout.directions * (under[0] - under[1]) / (high - low)
        return middle.astype(np.float32), (layout.lengths / (high - low)).astype(np.float32)

    @cached_property
    def _moving(self) -> Real:
        moving = np.zeros(self.rows.segment_rows.size, np.float32)
        for piece in self._layout.pieces:
            moving[piece.first : piece.last + 1] = 1.0
        return moving

    @cached_property
    def _segment_pieces(self) -> Places:
        """Piece of each segment; 0 where nothing flows."""
        pieces = np.zeros(self.rows.segment_rows.size, np.int64)
        for number, piece in enumerate(self._layout.pieces):
            pieces[piece.first : piece.last + 1] = number
        return pieces

    @cached_property
    def _piece_shares(self) -> Real:
        """Share of each segment in the hydraulic length of its piece, (segments, pieces)."""
        shares = np.zeros((self.rows.segment_rows.size, len(self._layout.pieces)))
        for number, piece in enumerate(self._layout.pieces):
            shares[piece.first : piece.last + 1, number] = self._layout.lengths[piece.first : piece.last + 1]
        return (shares / shares.sum(axis=0)).astype(np.float32)

    @cached_property
    def _reference_heat_capacity(self) -> float:
        return self._volumetric_heat_capacity(self.temperature)

    def _volumetric_heat_capacity(self, temperature: float) -> float:
        return float(self.rows.bed.coolant.at(temperature).volumetric_heat_capacity)


def coolant_law(rows: TileRows, flow_rate: float, temperature: float) -> CoolantLaw:
    """Return the law of a coolant about a flow in m3/s and a temperature in K."""
    law = FittedLaw.fit if isinstance(rows.bed, ChannelBed) else JetLaw
    return law(rows, flow_rate, temperature)


def _range(bed: ChannelBed) -> tuple[float, float]:
    """Temperatures in K over which the law is fitted: those of the coolant's table, 275 to 368 K at most."""
    coolant = bed.coolant
    if coolant.is_constant:
        return _COLDEST, _HOTTEST
    return max(_COLDEST, coolant.start), min(_HOTTEST, coolant.start + coolant.step * (len(coolant.table) - 1))


def _fitted(first: Real, second: Real, values: Real, degrees: tuple[int, int]) -> Real:
    """Return coefficients (powers of first, powers of second, columns) of the least squares fit, column by column."""
    powers = list(product(range(degrees[0] + 1), range(degrees[1] + 1)))
    first, second = np.broadcast_arrays(first, second, values)[:2]
    found = np.zeros((degrees[0] + 1, degrees[1] + 1, values.shape[1]))
    scale = np.maximum(np.abs(first).max(axis=0), 1e-12), np.maximum(np.abs(second).max(axis=0), 1e-12)
    for column in range(values.shape[1]):
        u, v = first[:, column] / scale[0][column], second[:, column] / scale[1][column]
        terms = np.stack([u**i * v**j for i, j in powers], axis=1)
        weights = np.linalg.lstsq(terms, values[:, column], rcond=1e-10)[0]
        for (i, j), weight in zip(powers, weights, strict=True):
            found[i, j, column] = weight / scale[0][column] ** i / scale[1][column] ** j
    return found


def _polynomial(coefficients: Sequence[Real] | Real, at: Real | np.float32) -> Real:
    """Return the polynomial with coefficients that broadcast against its points, by Horner's rule."""
    value = coefficients[-1]
    for coefficient in coefficients[-2::-1]:
        value = value * at + coefficient
    return np.asarray(value)


def _inner(coefficients: Real, second: Real) -> list[Real]:
    """Return the coefficients of a polynomial in its first argument at points of the second."""
    return [_polynomial(inner, second) for inner in coefficients]
