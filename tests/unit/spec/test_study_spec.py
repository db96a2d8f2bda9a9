"""Files of the wrong shape, or with impossible temperatures: every message says what is wanted."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import pytest

import twin
import twin.spec
from twin.errors import SpecError
from twin.spec.base import Spec
from twin.spec.documents import validate
from twin.spec.keys import keys
from twin.spec.study import Study

DIFFERENCES = {"hysteresis"}
"""Quantities in K that are differences of two temperatures."""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"axes": {"cooling.flow_rate": "20 L/min"}},
            "axes.cooling.flow_rate: must be a list of values, or a mapping with `from`, `to` and `points`, got '20",
        ),
        ({"axes": {"cooling.flow_rate": []}}, "axes.cooling.flow_rate: must not be empty; give at least 1"),
        ({"axes": ["a"]}, "axes: must be a mapping of keys, got ['a']"),
        (
            {"optimise": {"minimise": "x", "over": {"cooling.flow_rate": [1, 2, 3]}}},
            "optimise.over.cooling.flow_rate: must be [low, high], `range`, or a mapping with `from` and `to`, got [1",
        ),
        (
            {"optimise": {"minimise": ["x", "y", "z"], "over": {"cooling.flow_rate": [1, 2]}}},
            "optimise.minimise: has 3 entries, 2 at most; remove some",
        ),
        ({"axes": {"model": ["a"]}, "answers": {"minimise": "x"}}, "answers: must be a list (in brackets, or"),
        ({"axes": {"model": ["a"]}, "answers": [5]}, "answers.0: must be a mapping of keys (asks, minimise, "),
        ({"axes": {"model": ["a"]}, "record": []}, "record: must not be empty; give at least 1"),
        ({"axes": {"model": ["a"]}, "show": "x" * 500}, f"got '{'x' * 59}..."),
    ],
)
def test_wrong_shapes_are_told_in_the_words_of_the_file(content: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        validate({"base": "wse3-power-virus", **content}, Study, "study")
    text = str(caught.value)
    assert message in text
    assert text.startswith("1 problem in study")


def test_scenario_takes_no_temperature_at_absolute_zero_or_below() -> None:
    scenario = twin.load("wse3-power-virus")
    for given in ("-500 degC", "0 K", "-460 degF"):
        with pytest.raises(SpecError, match=f"must be above absolute zero, -273.15 degC, got '{given}'"):
            scenario.replace({"cooling.inlet_temperature": given})


def test_only_differences_of_temperatures_may_be_negative() -> None:
    for module in pkgutil.iter_modules(twin.spec.__path__):
        importlib.import_module(f"twin.spec.{module.name}")
    kelvin = [key for model in models(Spec) for key in keys(model).values() if key.unit == "K"]
    differences = {key.name.split(".")[-1] for key in kelvin if not key.quantity.absolute}
    assert differences == DIFFERENCES
    assert len(kelvin) > 20


def models(base: type[Spec]) -> list[type[Spec]]:
    """Return every specification."""
    return [found for model in base.__subclasses__() for found in (model, *models(model))]
