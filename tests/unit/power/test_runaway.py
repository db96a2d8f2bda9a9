"""Fixed points of leakage feedback against their exact solution.

Case: 30 W/cm2 dynamic, 6 W/cm2 leakage at 60 degC, b = 0.02 1/K, 0.68 K cm2/W to 20 degC. Reference
values by the Lambert W function (Corless et al. 1996), each confirmed by bracketing and by the fold.
"""

import numpy as np
import pytest

from twin.constants import ZERO_CELSIUS
from twin.power.leakage import leakage_power, loop_gain
from twin.power.runaway import critical_dynamic, critical_resistance, critical_temperature, fixed_points

AMBIENT, RESISTANCE = 20 + ZERO_CELSIUS, 0.68e-4
DYNAMIC, LEAKAGE, REFERENCE, COEFFICIENT = 30e4, 6e4, 60 + ZERO_CELSIUS, 0.02
R_CRITICAL = 2.0247201067807055e-4


def picard(resistance: float, sweeps: int = 4000) -> float:
    temperature = AMBIENT
    for _ in range(sweeps):
        leak = leakage_power(LEAKAGE, temperature, 1.0, REFERENCE, 1.0, COEFFICIENT, 0.0)
        temperature = AMBIENT + resistance * (DYNAMIC + float(leak))
        if temperature > 1000:
            return float("inf")
    return temperature


def test_both_branches() -> None:
    points = fixed_points(AMBIENT, RESISTANCE, DYNAMIC, LEAKAGE, REFERENCE, COEFFICIENT)
    assert points is not None
    assert points[0] == pytest.approx(43.322833921982124 + ZERO_CELSIUS, rel=1e-8)
    assert points[1] == pytest.approx(259.0743272112205 + ZERO_CELSIUS, rel=1e-8)


def test_iterating_the_power_model_reaches_the_stable_branch() -> None:
    assert picard(RESISTANCE) == pytest.approx(43.322833921982124 + ZERO_CELSIUS, rel=1e-10)


def test_loop_gain_and_leakage_share_at_the_stable_point() -> None:
    leak = leakage_power(LEAKAGE, picard(RESISTANCE), 1.0, REFERENCE, 1.0, COEFFICIENT, 0.0)
    assert float(loop_gain(leak, COEFFICIENT, RESISTANCE)) == pytest.approx(0.05845667843964249, rel=1e-8)
    assert float(leak / (leak + DYNAMIC)) == pytest.approx(0.12532070209646817, rel=1e-8)


def test_threshold_of_runaway_is_bracketed_within_a_thousandth() -> None:
    critical = critical_resistance(AMBIENT, DYNAMIC, LEAKAGE, REFERENCE, COEFFICIENT)
    assert critical == pytest.approx(R_CRITICAL, rel=1e-10)
    assert np.isfinite(picard(critical * 0.999))
    assert np.isinf(picard(critical * 1.001))
    assert fixed_points(AMBIENT, critical * 1.001, DYNAMIC, LEAKAGE, REFERENCE, COEFFICIENT) is None
    at_fold = critical_temperature(AMBIENT, critical, DYNAMIC, COEFFICIENT)
    assert at_fold == pytest.approx(130.74160320342116 + ZERO_CELSIUS, rel=1e-8)


def test_critical_power_at_the_given_resistance() -> None:
    critical = critical_dynamic(AMBIENT, RESISTANCE, LEAKAGE, REFERENCE, COEFFICIENT)
    assert critical == pytest.approx(1695533.8360382908, rel=1e-10)
