"""Quantities: text with units outside, SI floats inside."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.units import UnitError, from_si, parse_unit, to_si

NUMBERS = st.floats(min_value=-1e12, max_value=1e12, allow_nan=False)


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("0.5 mm", "m", 5e-4),
        ("18 degC", "K", 291.15),
        ("-40 degF", "K", 233.15),
        ("40 L/min", "m^3/s", 40e-3 / 60),
        ("1.2e-3 m", "m", 1.2e-3),
        (".5 V", "V", 0.5),
        ("+3 K", "K", 3.0),
        ("48 KiB", "byte", 48 * 1024),
        ("8 kB", "byte", 8000),
        ("0.95 GHz", "Hz", 0.95e9),
        ("3.4 pJ", "J", 3.4e-12),
        ("1 mohm", "ohm", 1e-3),
        ("486.75 kA/m^2", "A/m^2", 486750),
        ("90 W/cm^2", "W/m^2", 9e5),
        ("2 %", "", 0.02),
        ("10 min", "s", 600),
        ("1e-5 m^2*K/W", "m^2*K/W", 1e-5),
        ("  148   W/m/K ", "W/m/K", 148),
        ("0.7", "", 0.7),
        (3, "", 3.0),
    ],
)
def test_text_becomes_si(text: object, unit: str, value: float) -> None:
    assert to_si(text, unit) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "unit", "message"),
    [
        ("20", "K", "needs a unit, e.g. '20 degC'"),
        (20, "K", "needs a unit"),
        ("20 parsnips", "K", "unknown unit 'parsnips'"),
        ("100 W/(m*K", "W/m/K", r"unknown unit 'W/\(m\*K'"),
        ("5 W/0", "W", "unknown unit 'W/0'"),
        ('5 "', "m", "unknown unit"),
        ("20 m", "K", "wrong dimension"),
        ("20 m", "", "wrong dimension"),
        ("warm", "K", "expected a number with a unit"),
        ("", "K", "expected a number with a unit"),
        ("1 2 K", "K", "wrong dimension|unknown unit|expected"),
        ("nan K", "K", "expected a number with a unit"),
        ("inf K", "K", "expected a number with a unit"),
        (True, "", "expected a quantity"),
        (None, "K", "expected a quantity"),
        ([1], "K", "expected a quantity"),
        ("5 W/degC", "W/m", "wrong dimension"),
    ],
)
def test_what_is_no_quantity_is_refused_with_an_example(text: object, unit: str, message: str) -> None:
    with pytest.raises(UnitError, match=message):
        to_si(text, unit, "20 degC")


@given(NUMBERS)
def test_si_text_reads_back_exactly(number: float) -> None:
    assert to_si(f"{number!r} m", "m") == number


@given(NUMBERS, st.sampled_from([("mm", 1e-3), ("um", 1e-6), ("km", 1e3)]))
def test_lengths_scale(number: float, unit: tuple[str, float]) -> None:
    assert to_si(f"{number!r} {unit[0]}", "m") == pytest.approx(number * unit[1], rel=1e-12)


@given(st.floats(min_value=-273.15, max_value=1e4))
def test_celsius_goes_there_and_back(celsius: float) -> None:
    kelvin = to_si(f"{celsius!r} degC", "K")
    assert math.isclose(from_si(kelvin, "K", "degC"), celsius, rel_tol=1e-9, abs_tol=1e-9)


@given(st.floats(min_value=0.0, max_value=1e6), st.floats(min_value=1e-6, max_value=1e6))
def test_conversion_keeps_order(number: float, step: float) -> None:
    assert to_si(f"{number!r} degC", "K") <= to_si(f"{number + step!r} degC", "K")


@pytest.mark.parametrize("count", ["token", "cycle", "hop", "request", "word"])
def test_counts_have_no_dimension(count: str) -> None:
    assert to_si(f"3 {count}", "") == 3.0
    assert parse_unit(count) == parse_unit(count)
