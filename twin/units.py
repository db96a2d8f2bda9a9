"""Quantities with units at the edge, SI floats inside.

Users write text such as ``"18 degC"`` or ``"40 L/min"``; everything behind the
specification layer sees SI floats.  pint does the parsing and is imported on first use
because its import takes longer than most commands.
"""

from __future__ import annotations

import re
from functools import cache
from tokenize import TokenError
from typing import Any

_NUMBER = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*?)\s*$", re.DOTALL)

# How a unit is written for a user where the SI base form would be unreadable.
_DIMENSIONLESS = ("", "1", "dimensionless")


class UnitError(ValueError):
    """A text that is not a quantity of the wanted dimension."""


@cache
def _registry() -> Any:
    import pint

    registry: Any = pint.UnitRegistry(cache_folder=None)
    for count in ("token", "cycle", "hop", "request", "word", "operation", "byte_count", "core"):
        registry.define(f"{count} = 1")
    registry.define("dollar = [currency] = USD")
    return registry


@cache
def parse_unit(unit: str) -> Any:
    """Return the pint unit called `unit`; raise UnitError for an unknown one."""
    import pint

    try:
        return _registry().parse_units(unit.replace("%", "percent"))
    except (pint.PintError, AttributeError, ValueError, TypeError, ArithmeticError, SyntaxError, TokenError) as error:
        raise UnitError(f"unknown unit '{unit}'") from error


def to_si(text: object, unit: str, example: str = "") -> float:
    """Convert a quantity written as text to a float in the SI unit `unit`.

    Parameters
    ----------
    text : str
        Number and unit, such as ``"0.5 mm"``. A bare number is accepted only when `unit` is
        dimensionless.
    unit : str
        SI unit of the result, such as ``"m"`` or ``"W/m/K"``.
    example : str
        Shown in the message when the unit is missing.

    Raises
    ------
    UnitError
        Text is no quantity, has no unit, an unknown unit or another dimension.
    """
    hint = f", e.g. '{example}'" if example else f" such as '{unit}'"
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise UnitError(f"expected a quantity{hint}, got {text!r}")
    number, written = _split(text, hint)
    if written in _DIMENSIONLESS:
        if unit in _DIMENSIONLESS:
            return number
        raise UnitError(f"needs a unit{hint}")
    if written == unit:
        return number
    return _convert(number, written, unit, hint)


def _split(text: str | int | float, hint: str) -> tuple[float, str]:
    if not isinstance(text, str):
        return float(text), ""
    match = _NUMBER.match(text)
    if match is None:
        raise UnitError(f"expected a number with a unit{hint}, got '{text}'")
    return float(match.group(1)), match.group(2)


def _convert(number: float, written: str, unit: str, hint: str) -> float:
    import pint

    target = parse_unit(unit if unit not in _DIMENSIONLESS else "dimensionless")
    try:
        source = parse_unit(written)
    except UnitError as error:
        raise UnitError(f"{error}, wants one{hint}") from error
    try:
        return float(_registry().Quantity(number, source).to(target).magnitude)
    except pint.DimensionalityError as error:
        raise UnitError(f"'{number:g} {written}' has the wrong dimension, wants a unit{hint}") from error
    except pint.OffsetUnitCalculusError as error:
        raise UnitError(f"'{written}' mixes an offset unit with others; use K in compound units") from error


def from_si(value: float, si_unit: str, unit: str) -> float:
    """Convert an SI value to `unit` for display."""
    return float(_registry().Quantity(value, parse_unit(si_unit)).to(parse_unit(unit)).magnitude)
