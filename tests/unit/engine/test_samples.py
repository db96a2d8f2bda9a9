"""Sub-steps become one step of the results."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.engine import samples
from twin.engine.samples import merge
from twin.engine.simulation import centres, served_arrays
from twin.engine.state import Served
from twin.variables import VARIABLES


def test_every_rule_is_for_a_variable_of_the_table() -> None:
    rules = (samples._SUMS, samples._LARGEST, samples._SMALLEST, samples._LAST)
    named = [name for rule in rules for name in rule]
    assert set(named) <= set(VARIABLES)
    assert len(named) == len(set(named))


def test_one_sample_stays_as_it_is() -> None:
    only = {"tokens": 3.0, "wafer_power": np.array([1.0])}
    assert merge([only], [0.2]) == only


def test_counts_add_extremes_stay_states_are_last_powers_are_means() -> None:
    first = {
        "tokens": 3.0,
        "peak_temperature": [310.0],
        "die_minimum_voltage": [0.7],
        "queue_length": 4.0,
        "wafer_power": [10.0],
    }
    second = {
        "tokens": 1.0,
        "peak_temperature": [300.0],
        "die_minimum_voltage": [0.6],
        "queue_length": 2.0,
        "wafer_power": [30.0],
    }
    merged = merge([first, second], [3.0, 1.0])
    assert merged["tokens"] == 4.0
    assert merged["peak_temperature"] == [310.0]
    assert merged["die_minimum_voltage"] == [0.6]
    assert merged["queue_length"] == 2.0
    assert merged["wafer_power"] == pytest.approx([15.0])


@given(st.lists(st.tuples(st.floats(0, 1e5), st.floats(0.001, 10)), min_size=1, max_size=20))
def test_energy_is_kept(parts: list[tuple[float, float]]) -> None:
    """The mean power of the step times its length is the energy of its sub-steps."""
    powers, lengths = zip(*parts, strict=True)
    merged = merge([{"system_power": power} for power in powers], lengths)
    energy = sum(power * length for power, length in parts)
    assert float(merged["system_power"]) * sum(lengths) == pytest.approx(energy, rel=1e-9, abs=1e-9)


def test_centres_of_equal_parts() -> None:
    np.testing.assert_allclose(centres(0.215, 4), [0.026875, 0.080625, 0.134375, 0.188125])


def test_what_users_saw_is_padded_to_equal_length() -> None:
    served = Served.none().plus(np.array([1.0, 2.0]), np.zeros(0)).plus(np.array([3.0]), np.array([50.0]))
    arrays = served_arrays(served)
    np.testing.assert_array_equal(arrays["time_to_first_token"], [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(arrays["tokens_per_second"], [50.0, np.nan, np.nan])


@given(st.lists(st.integers(0, 5), max_size=60))
def test_what_users_saw_is_kept_in_order_and_in_few_parts(counts: list[int]) -> None:
    served, waits = Served.none(), []
    for number, count in enumerate(counts):
        fresh = np.arange(count) + 10.0 * number
        waits.append(fresh)
        before = served
        served = served.plus(fresh, np.zeros(0))
        assert before.time_to_first_token.size == sum(counts[:number])
    np.testing.assert_array_equal(served.time_to_first_token, np.concatenate([np.zeros(0), *waits]))
    assert len(served.waits) <= 2 + np.log2(1 + sum(counts))
    assert served.rates == ()
