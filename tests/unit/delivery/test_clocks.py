"""The alpha-power law and its inverse."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.delivery.clocks import clock_share, required_voltage
from twin.spec.chip import VoltageScale


def scale(threshold: float = 0.3, exponent: float = 1.3) -> VoltageScale:
    return VoltageScale.model_construct(
        nominal=0.8, minimum=0.6, maximum=0.95, threshold=threshold, exponent=exponent,
        guard_band=0.1, adaptive_guard_band=0.03,
    )  # fmt: skip


def test_nominal_voltage_gives_the_nominal_clock() -> None:
    assert float(clock_share(0.8, scale())) == pytest.approx(1.0, rel=1e-14)


def test_no_clock_at_the_threshold() -> None:
    np.testing.assert_array_equal(clock_share([0.0, 0.2, 0.3], scale()), 0.0)


@given(share=st.floats(0.0, 1.5), threshold=st.floats(0.1, 0.5), exponent=st.floats(1.0, 2.0))
def test_required_voltage_inverts_the_law_between_its_bounds(share, threshold, exponent) -> None:
    law = scale(threshold, exponent)
    voltage = float(required_voltage(share, law))
    lowest, highest = float(clock_share(law.minimum, law)), float(clock_share(law.maximum, law))
    assert law.minimum <= voltage <= law.maximum
    assert float(clock_share(voltage, law)) == pytest.approx(np.clip(share, lowest, highest), rel=1e-10)


def test_a_higher_clock_needs_a_higher_voltage() -> None:
    bounds = clock_share([0.6, 0.95], scale())
    assert (np.diff(required_voltage(np.linspace(*bounds, 200), scale())) > 0).all()
