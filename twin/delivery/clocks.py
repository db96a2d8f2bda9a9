"""The alpha-power law: which clock a voltage allows, and which voltage a clock needs.

f ~ (V - Vt)^a / V (Sakurai & Newton, IEEE JSSC 25 (1990) 584), through nominal voltage and clock.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.spec.chip import VoltageScale

FloatArray = NDArray[np.float64]


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
    allows no higher clock. Newton's iteration on a ln(V - Vt) - ln V, monotonic and concave for a >= 1.

    Parameters
    ----------
    share : array_like
        f/f0, not negative.
    scale : VoltageScale
        V0, Vt, a and the minimum.
    """
    wanted = np.asarray(share, dtype=float)
    lowest, highest = clock_share(scale.minimum, scale), clock_share(scale.maximum, scale)
    target = np.log(np.clip(wanted, lowest, highest))
    volts = np.full_like(target, scale.minimum)
    for _ in range(_NEWTON_STEPS):
        error = np.log(clock_share(volts, scale)) - target
        slope = scale.exponent / (volts - scale.threshold) - 1.0 / volts
        volts = volts - error / slope
    return np.clip(volts, scale.minimum, scale.maximum)


_NEWTON_STEPS = 12
