"""Closed forms of coolant along walls, exchangers, and advection with diffusion."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import polynomial

from twin.vv.exact_layers import invert

Array = np.ndarray


def isothermal_wall(wall: float, inlet: float, transfer_units: float) -> float:
    """Return T_out = T_w - (T_w - T_in) e^-NTU. Source: Incropera & DeWitt, sec. 8.3."""
    return wall - (wall - inlet) * math.exp(-transfer_units)


def counterflow(transfer_units: float, ratio: float) -> float:
    """Return (1 - e^(-NTU (1-Cr))) / (1 - Cr e^(-NTU (1-Cr))), NTU / (1 + NTU) at Cr = 1 (Kays & London)."""
    if ratio == 1.0:
        return transfer_units / (1 + transfer_units)
    decay = math.exp(-transfer_units * (1 - ratio))
    return (1 - decay) / (1 - ratio * decay)


def parallel_flow(transfer_units: float, ratio: float) -> float:
    """Return (1 - e^(-NTU (1+Cr))) / (1 + Cr) (Kays & London)."""
    return (1 - math.exp(-transfer_units * (1 + ratio))) / (1 + ratio)


def crossflow(transfer_units: float, ratio: float, terms: int = 60) -> float:
    """Return the effectiveness of crossed streams, both unmixed (Mason 1954).

    1/(Cr NTU) sum_n [1 - e^-NTU sum_(m<=n) NTU^m/m!] [1 - e^(-Cr NTU) sum_(m<=n) (Cr NTU)^m/m!].

    >>> round(crossflow(2.0, 1e-9), 6) == round(1 - math.exp(-2), 6)
    True
    """

    def rests(x: float) -> Array:
        m = np.arange(terms)
        poisson = np.exp(m * math.log(x) - x - np.array([math.lgamma(k + 1) for k in m]))
        return np.asarray(1 - np.cumsum(poisson))

    return float(np.sum(rests(transfer_units) * rests(ratio * transfer_units)) / (ratio * transfer_units))


def schumann_bed(distance: float, time: float) -> float:
    """Return the bed's temperature after a step at the inlet, dTf/dX = Ts - Tf and dTs/dt = Tf - Ts.

    By inversion of exp(-X s / (s + 1)) / (s (s + 1)). Source: Schumann, J. Franklin Inst. 208 (1929) 405.
    """
    return invert(lambda s: np.exp(-distance * s / (s + 1)) / (s * (s + 1)), time)


def boundary_layer(peclet: float, x: float) -> float:
    """Return (e^(Pe x) - 1) / (e^Pe - 1), advection and diffusion between T = 0 and 1.

    Source: Brooks & Hughes, Comput. Meth. Appl. Mech. Eng. 32 (1982) 199.
    """
    return (math.exp(peclet * (x - 1)) - math.exp(-peclet)) / (1 - math.exp(-peclet))


@dataclass(frozen=True)
class TwoTemperatures:
    """Solid with conduction over a stream: kd Ts'' = G (Ts - Tf) - q, C' Tf' = G (Ts - Tf), ends adiabatic.

    `flux` holds (end of the piece, q) along the flow; C' is per width. Source: Nield & Bejan,
    Convection in Porous Media (local thermal non-equilibrium). Per piece Ts = a + q x/C' + q/G + A e^(l1 x)
    + B e^(l2 x), with l^2 + (G/C') l - G/kd = 0; pieces join with Ts, Ts', Tf continuous.
    """

    sheet: float
    exchange: float
    rate: float
    inlet: float
    pieces: tuple[tuple[float, float], ...]

    @property
    def _roots(self) -> Array:
        return np.roots([1.0, self.exchange / self.rate, -self.exchange / self.sheet])

    def _basis(self, start: float, end: float, x: float) -> tuple[Array, Array, Array]:
        """Ts, Ts', Tf of [a, A, B] at x; growing and falling exponentials scaled to an end of the piece."""
        roots = self._roots
        anchors = np.where(roots > 0, end, start)
        e = np.exp(roots * (x - anchors))
        g = self.exchange / self.rate
        return np.array([1.0, *e]), np.array([0.0, *(roots * e)]), np.array([1.0, *(e * g / (roots + g))])

    def _particular(self, q: float, start: float, x: float) -> tuple[float, float, float]:
        slope = q / self.rate
        return slope * (x - start) + q / self.exchange, slope, slope * (x - start)

    def _coefficients(self) -> Array:
        """Solve for a, A, B of each piece."""
        count = len(self.pieces)
        matrix, right = np.zeros((3 * count, 3 * count)), np.zeros(3 * count)
        starts = [0.0, *[end for end, _ in self.pieces[:-1]]]

        def put(row: int, piece: int, which: int, x: float, sign: float) -> None:
            end, q = self.pieces[piece]
            matrix[row, 3 * piece : 3 * piece + 3] += sign * self._basis(starts[piece], end, x)[which]
            right[row] -= sign * self._particular(q, starts[piece], x)[which]

        put(0, 0, 2, 0.0, 1.0)
        right[0] += self.inlet
        put(1, 0, 1, 0.0, 1.0)
        for piece in range(count - 1):
            for which in range(3):
                row = 2 + 3 * piece + which
                put(row, piece, which, self.pieces[piece][0], 1.0)
                put(row, piece + 1, which, self.pieces[piece][0], -1.0)
        put(3 * count - 1, count - 1, 1, self.pieces[-1][0], 1.0)
        return np.linalg.solve(matrix, right).reshape(count, 3)

    def at(self, x: float) -> tuple[float, float]:
        """Return Ts and Tf at a distance from the inlet."""
        piece = min(int(np.searchsorted([end for end, _ in self.pieces], x)), len(self.pieces) - 1)
        start = self.pieces[piece - 1][0] if piece else 0.0
        end, q = self.pieces[piece]
        coefficients = self._coefficients()[piece]
        solid, _, coolant = self._basis(start, end, x)
        own = self._particular(q, start, x)
        return float(solid @ coefficients + own[0]), float(coolant @ coefficients + own[2])


@dataclass(frozen=True)
class Alternating:
    """Two opposed streams in neighbouring channels under uniform heat, no conduction along them.

    T1 - T2 = q (x - L/2) / C', hence parabolas; `rate` (W/m/K) and `exchange` (W/m2/K) of each stream.
    """

    flux: float
    rate: float
    exchange: float
    length: float
    inlet: float

    def streams(self, x: float) -> tuple[float, float]:
        """Return the temperatures of both streams at x."""
        q, c, length = self.flux, self.rate, self.length
        g = self.exchange / c
        # C' T1' = q/2 - G (T1 - T2)/2 and T1 - T2 = q (x - L/2)/C'
        slope = np.array([q / (2 * c) + g * q * length / (4 * c), -g * q / (2 * c)])
        first = self.inlet + float(polynomial.polyval(x, polynomial.polyint(slope)))
        return first, first - q * (x - length / 2) / c

    def solid(self, x: float) -> float:
        """Return the temperature of the solid at x, (T1 + T2)/2 + q/(2 G)."""
        return sum(self.streams(x)) / 2 + self.flux / (2 * self.exchange)

    @property
    def spread(self) -> float:
        """Middle over ends of the solid, q g L^2 / (16 C')."""
        return self.flux * self.exchange / self.rate * self.length**2 / (16 * self.rate)


def ladder(count: int, channel: float, header: float, same_end: bool) -> Array:
    """Return the share of the flow in each of `count` channels between a dividing and a combining header.

    Resistances of a channel and of a header's segment; `same_end` (U): fed and drained at channel 0,
    else (Z) drained at the last one. Solved by loop equations. Source: Bajura & Jones, J. Fluids
    Eng. 98 (1976) 654, viscous limit.
    """
    # Loop i: channel (q_i - q_(i+1)) = header (drop of dividing - combining flows), sum q = 1.
    matrix, right = np.zeros((count, count)), np.zeros(count)
    for i in range(count - 1):
        matrix[i, i] += channel
        matrix[i, i + 1] -= channel
        # Dividing header carries what channels beyond i take.
        matrix[i, i + 1 :] -= header
        # Combining header: U carries the same flow back, Z what channels up to i gave.
        if same_end:
            matrix[i, i + 1 :] -= header
        else:
            matrix[i, : i + 1] += header
    matrix[-1] = 1.0
    right[-1] = 1.0
    return np.linalg.solve(matrix, right)


def straight_fins(coefficient: float, width: float, wall: float, height: float, conductivity: float) -> float:
    """Return the conductance of channels between fins per plan area of the floor, in W/m2/K.

    Floor and both faces of each wall cool, tips are adiabatic. Source: Incropera & DeWitt, sec. 3.6.
    """
    m = math.sqrt(2 * coefficient / (conductivity * wall))
    fin = wall * conductivity * m * math.tanh(m * height)
    return (coefficient * width + fin) / (width + wall)
