"""The alpha-power law: which clock a voltage allows, and which voltage a clock needs.

f ~ (V - Vt)^a / V (Sakurai & Newton, IEEE JSSC 25 (1990) 584), through nominal voltage and clock.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.spec.chip import VoltageScale

FloatArray = NDArray[np.float64]
_NEWTON_STEPS = 2
_TABLE = 1025
_KEPT = 8


def clock_share(voltage: ArrayLike, scale: VoltageScale) -> FloatArray:
    """Return f/f0 = [(V - Vt)/(V0 - Vt)]^a V0/V that the devices reach; 0 at or below the threshold.

    Parameters
    ----------
    voltage : array_like
        Lowest voltage at the devices in V.
    scale : VoltageScale
        V0, Vt and a.
    """
    volts = np.maximum(np.asarray(voltage, dtype=float), scale.threshold)
    overdrive = (volts - scale.threshold) / (scale.nominal - scale.threshold)
    return np.asarray(overdrive**scale.exponent * scale.nominal / volts)


def required_voltage(share: ArrayLike, scale: VoltageScale) -> FloatArray:
    """Return the lowest voltage at the devices, in V, at which they reach the clock share f/f0.

    Never below the scale's minimum, at which memories keep their content, nor above its maximum, which
    allows no higher clock. Kept for the shares that were asked for last: clocks seldom change.

    Parameters
    ----------
    share : array_like
        f/f0, not negative.
    scale : VoltageScale
        V0, Vt, a and the minimum.
    """
    wanted = np.asarray(share, dtype=float)
    return _required(wanted.tobytes(), scale).reshape(wanted.shape)


@lru_cache(maxsize=_KEPT)
def _required(share: bytes, scale: VoltageScale) -> FloatArray:
    """Return the voltages for shares in row order, read-only.

    Newton's iteration on a ln(V - Vt) - ln V, from between neighbours in a table: errors are squared in each step.
    """
    shares, voltages = _table(scale)
    given = np.clip(np.frombuffer(share), shares[0], shares[-1])
    volts, target = np.interp(given, shares, voltages), np.log(given)
    at_nominal = scale.exponent * np.log(scale.nominal - scale.threshold) - np.log(scale.nominal)
    for _ in range(_NEWTON_STEPS):
        overdrive = volts - scale.threshold
        error = scale.exponent * np.log(overdrive) - np.log(volts) - at_nominal - target
        volts = volts - error / (scale.exponent / overdrive - 1.0 / volts)
    volts = np.clip(volts, scale.minimum, scale.maximum)
    volts.flags.writeable = False
    return volts


@lru_cache(maxsize=_KEPT)
def _table(scale: VoltageScale) -> tuple[FloatArray, FloatArray]:
    """Return clock shares and the voltages in V that they need, from the scale's minimum to its maximum."""
    voltages = np.linspace(scale.minimum, scale.maximum, _TABLE)
    return clock_share(voltages, scale), voltages
