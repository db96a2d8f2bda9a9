"""Exact fixed points of exponential leakage on one thermal resistance: T = Tc + R (qd + ql e^{b(T-T0)}).

Corless et al., On the Lambert W function, Adv. Comput. Math. 5 (1996) 329; leakage runaway as in
Liao, He & Lepak, IEEE TCAD 24 (2005) 1042.
"""

from __future__ import annotations

import math


def fixed_points(
    ambient: float,
    resistance: float,
    dynamic: float,
    leakage: float,
    reference_temperature: float,
    coefficient: float,
) -> tuple[float, float] | None:
    """Return the stable and the unstable temperature in K, or None when there is none (runaway).

    T = Tc + R qd - W(-b R ql e^{b (Tc + R qd - T0)}) / b on the branches W0 and W-1.

    Parameters
    ----------
    ambient : float
        Tc in K.
    resistance : float
        R in m2 K/W (with densities) or K/W (with powers).
    dynamic, leakage : float
        qd, and ql at T0, in W/m2 or W.
    reference_temperature : float
        T0 in K.
    coefficient : float
        b in 1/K.
    """
    from scipy.special import lambertw

    unheated = ambient + resistance * dynamic
    argument = -coefficient * resistance * leakage * math.exp(coefficient * (unheated - reference_temperature))
    if argument < -math.exp(-1.0):
        return None
    stable, unstable = (unheated - lambertw(argument, branch).real / coefficient for branch in (0, -1))
    return float(stable), float(unstable)


def critical_resistance(
    ambient: float, dynamic: float, leakage: float, reference_temperature: float, coefficient: float
) -> float:
    """Return R above which no fixed point exists, W0((qd/ql) e^{-1 - b (Tc - T0)}) / (b qd).

    Parameters are those of `fixed_points`; m2 K/W with densities, K/W with powers.
    """
    from scipy.special import lambertw

    argument = dynamic / leakage * math.exp(-1.0 - coefficient * (ambient - reference_temperature))
    return float(lambertw(argument).real / (coefficient * dynamic))


def critical_temperature(ambient: float, resistance: float, dynamic: float, coefficient: float) -> float:
    """Return the temperature at the fold, Tc + R qd + 1/b, in K; parameters as in `fixed_points`."""
    return ambient + resistance * dynamic + 1.0 / coefficient


def critical_dynamic(
    ambient: float, resistance: float, leakage: float, reference_temperature: float, coefficient: float
) -> float:
    """Return qd above which no fixed point exists, -(1 + ln(b R ql) + b (Tc - T0)) / (b R).

    Parameters are those of `fixed_points`; W/m2 with densities, W with powers.
    """
    gain = math.log(coefficient * resistance * leakage)
    offset = coefficient * (ambient - reference_temperature)
    return -(1.0 + gain + offset) / (coefficient * resistance)
