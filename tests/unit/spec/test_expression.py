"""Expressions over named quantities: what they give, and everything that they refuse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.spec.expression import Expression, ExpressionError

UNITS = {"cooling.flow_rate": "m^3/s", "inlet": "K", "drop": "Pa", "power": "W", "share": "1", "model": None}
VALUES = {"cooling.flow_rate": 1e-3, "inlet": 300.0, "drop": 2e4, "power": 5e3, "share": 2.0, "model": "llama"}


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("cooling.flow_rate <= 60 L/min", "truth", True),
        ("cooling.flow_rate < 59.9L/min", "truth", False),
        ("18 degC <= inlet <= 32 degC", "truth", True),
        ("inlet > 32 degC or not share == 1", "truth", True),
        ("power > 1 kW and model == 'llama'", "truth", True),
        ("model == 'llama-3.1-8b' or model == 'llama'", "truth", True),
        ("cooling.flow_rate * drop / power", "1", 0.004),
        ("(inlet - 20 degC) / power", "K/W", 6.85 / 5e3),
        ("sqrt(drop * drop)", "Pa", 2e4),
        ("min(power, 1 kW)", "W", 1e3),
        ("power / (2 m^2)", "W/m^2", 2.5e3),
        ("share ** 2 + 60 %", "1", 4.6),
        ("2e3 * share", "1", 4e3),
        ("-share", "1", -2.0),
    ],
)
def test_value_and_unit(text: str, unit: str, value: object) -> None:
    expression = Expression(text)
    assert expression.unit(UNITS) == unit
    found = expression.value(VALUES)
    assert found is value if isinstance(value, bool) else found == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cooling.flow_rate <= 60", "write numbers with their unit"),
        ("power + drop", "do not fit together"),
        ("flow_rate > 1 L/min", "'flow_rate' is unknown. Did you mean 'cooling.flow_rate'?"),
        ("power > 1 kWW", "unknown unit 'kWW'"),
        ("model + 1", "not a text"),
        ("model == 1", "text can only be compared with text"),
        ("log(power)", "number without unit"),
        ("power ** share", "only be raised to a number"),
        ("share and power > 1 W", "join conditions"),
        ("power > 1 W and cooling.flow_rate <= 60", "write numbers with their unit"),
        ("power > 1 W or share", "join conditions"),
        ("max(power)", "max() takes two numbers or more, not 1"),
        ("abs(power, power)", "abs() takes one number, not 2"),
        ("share >", "cannot be read"),
        ("[share]", "is not allowed"),
        ("share if share else 1", "is not allowed"),
        ("lambda: 1", "is not allowed"),
        ("__import__('os').system('true')", "is not allowed"),
        ("model.__class__", "'model.__class__' is unknown"),
        ("share(1)", "is not allowed"),
        ("'{0}'.format(1)", "is not allowed"),
        ("1 + " * 400 + "1", "longer than"),
    ],
)
def test_refusals(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        Expression(text).unit(UNITS)
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["share / 0", "9 ** 9 ** 9 ** 9", "log(-share)", "sqrt(-share)", "(-share) ** 0.5"])
def test_no_result_is_none(text: str) -> None:
    assert Expression(text).value(VALUES) is None


def test_missing_quantity_gives_none() -> None:
    assert Expression("power / share > 1 W").value({**VALUES, "power": None}) is None


@given(st.text(alphabet="()+-*/<>=., 'abceinpotwkW0123456789_[]{}:", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing else is raised, and what is read has a value of the kind that its unit says, or none."""
    try:
        unit = Expression(text).unit(UNITS)
    except ExpressionError:
        return
    value = Expression(text).value(VALUES)
    assert value is None or isinstance(value, bool) == (unit == "truth")
