"""Leakage power and its feedback with temperature."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


def leakage_power(
    power: ArrayLike,
    temperature: ArrayLike,
    voltage: ArrayLike,
    reference_temperature: float,
    nominal_voltage: float,
    temperature_coefficient: float,
    voltage_coefficient: float,
) -> FloatArray:
    """Return P0 (V/V0) exp(b (T - T0)) exp(g (V - V0)), in W.

    The current I0 exp(b (T - T0)) exp(g (V - V0)) times V, with P0 = I0 V0.

    Parameters
    ----------
    power : array_like
        P0 of each tile at T0 and V0 in W.
    temperature : array_like
        Temperature of the devices in K.
    voltage : array_like
        Voltage at the devices in V.
    reference_temperature, nominal_voltage : float
        T0 in K and V0 in V.
    temperature_coefficient, voltage_coefficient : float
        b in 1/K and g in 1/V.
    """
    heated = np.exp(temperature_coefficient * (np.asarray(temperature, dtype=float) - reference_temperature))
    return scaled_leakage(np.asarray(power, dtype=float) * heated, voltage, nominal_voltage, voltage_coefficient)


def scaled_leakage(
    power: ArrayLike, voltage: ArrayLike, nominal_voltage: float, voltage_coefficient: float
) -> FloatArray:
    """Return P (V/V0) exp(g (V - V0)), in W, of leakage that is P at V0 and its present temperature.

    Parameters
    ----------
    power : array_like
        P of each tile in W.
    voltage : array_like
        Voltage at the devices in V.
    nominal_voltage : float
        V0 in V.
    voltage_coefficient : float
        g in 1/V.
    """
    volts = np.asarray(voltage, dtype=float)
    raised = np.exp(voltage_coefficient * (volts - nominal_voltage))
    return np.asarray(np.asarray(power, dtype=float) * (volts / nominal_voltage) * raised)


def leakage_slope(leakage: ArrayLike, temperature_coefficient: float) -> FloatArray:
    """Return dP/dT = b P of leakage power, in W/K.

    Parameters
    ----------
    leakage : array_like
        Leakage power in W.
    temperature_coefficient : float
        b in 1/K.
    """
    return np.asarray(temperature_coefficient * np.asarray(leakage, dtype=float))


def loop_gain(leakage: ArrayLike, temperature_coefficient: float, thermal_resistance: ArrayLike) -> FloatArray:
    """Return R dP/dT, the gain of the loop temperature -> leakage -> temperature; 1 is thermal runaway.

    Parameters
    ----------
    leakage : array_like
        Leakage power in W, or its density in W/m2.
    temperature_coefficient : float
        b in 1/K.
    thermal_resistance : array_like
        Rise of the devices per power in K/W, or per density in m2 K/W.
    """
    return np.asarray(np.asarray(thermal_resistance) * leakage_slope(leakage, temperature_coefficient))
