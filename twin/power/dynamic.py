"""Switching power: events times their energies, and the clock tree."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


def voltage_factor(voltage: ArrayLike, nominal_voltage: float) -> FloatArray:
    """Return (V / V0)^2, by which switching energy C V^2 exceeds that at nominal voltage.

    Parameters
    ----------
    voltage : array_like
        Voltage at the devices in V.
    nominal_voltage : float
        V0 in V.
    """
    return np.square(np.asarray(voltage, dtype=float) / nominal_voltage)


def event_power(
    rates: Sequence[ArrayLike], energies: Sequence[float], voltage: ArrayLike, nominal_voltage: float
) -> FloatArray:
    """Return the switching power of counted events, sum_u r_u E_u (V/V0)^2, in W.

    Parameters
    ----------
    rates : sequence of array_like
        Events per second of each unit, per tile.
    energies : sequence of float
        Energy of one event of each unit at V0 in J.
    voltage : array_like
        Voltage at the devices in V, of the tiles' shape.
    nominal_voltage : float
        V0 in V.
    """
    at_nominal = sum(
        (np.asarray(rate, dtype=float) * energy for rate, energy in zip(rates, energies, strict=True)),
        start=np.zeros(()),
    )
    return np.asarray(at_nominal * voltage_factor(voltage, nominal_voltage))


def clock_tree_power(
    power: ArrayLike,
    voltage: ArrayLike,
    nominal_voltage: float,
    clock_share: ArrayLike,
    busy: ArrayLike,
    gated: float,
) -> FloatArray:
    """Return the power of the clock tree, P0 (V/V0)^2 (f/f0) [1 - gated (1 - busy)], in W.

    Parameters
    ----------
    power : array_like
        P0 of each tile at nominal voltage and clock in W.
    voltage : array_like
        Voltage at the devices in V.
    nominal_voltage : float
        V0 in V.
    clock_share : array_like
        f/f0.
    busy : array_like
        Share of time, 0 to 1, in which the tile's cores have work.
    gated : float
        Share of the clock power that gating saves in an idle core.
    """
    enabled = 1.0 - gated * (1.0 - np.asarray(busy, dtype=float))
    scaled = voltage_factor(voltage, nominal_voltage) * np.asarray(clock_share, dtype=float)
    return np.asarray(np.asarray(power, dtype=float) * scaled * enabled)
