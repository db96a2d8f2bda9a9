"""What the keys of a stack file become: targets, degrees, materials, temperatures of several shapes."""

from __future__ import annotations

from typing import Any

import pytest

from twin.errors import SpecError
from twin.spec.documents import validate
from twin.spec.material import Material, PowerLawConductivity
from twin.spec.stack import Stack


def stack(**changes: Any) -> Stack:
    tree: dict[str, Any] = {
        "kind": "stack",
        "size": {"x": "20 mm", "y": "20 mm"},
        "layers": [{"name": "die", "thickness": "0.5 mm", "material": "silicon"}],
        "boundaries": {"top": {"film": {"coefficient": "1000 W/m^2/K", "ambient": "25 degC"}}},
        **changes,
    }
    found = validate(tree, Stack, "stack.yaml")
    assert isinstance(found, Stack)
    return found


@pytest.mark.parametrize(
    ("text", "value", "relative"),
    [("0.1 K", 0.1, False), ("50 mK", 0.05, False), ("0.2 %", 0.002, True), ("1%", 0.01, True)],
)
def test_target_error_in_kelvin_or_percent(text: str, value: float, relative: bool) -> None:
    target = stack(numerics={"target_error": text}).numerics.target_error
    assert target is not None
    assert target.value == pytest.approx(value)
    assert target.relative is relative


@pytest.mark.parametrize("text", ["0.1", "0.1 degC", "-1 K", "0 %", "1 W", "little"])
def test_targets_that_are_none(text: str) -> None:
    with pytest.raises(SpecError, match=r"numerics\.target_error"):
        stack(numerics={"target_error": text})


def test_quadratic_elements_serve_the_target_of_an_open_mesh_without_coolant() -> None:
    target = {"target_error": "0.1 K"}
    film = {"conductance": "1 W/m^2/K", "heat_capacity_rate": "1 W/K", "inlet_temperature": "20 degC"}
    assert stack().degree == 1
    assert stack(numerics=target).degree == 2
    assert stack(numerics={**target, "degree": 1}).degree == 1
    assert stack(numerics=target, cells={"x": 4, "y": 4}).degree == 1
    assert stack(numerics=target, transient={"end": "1 s", "step": "auto", "initial": "20 degC"}).degree == 1
    assert stack(numerics=target, boundaries={"top": {"coolant_film": film}}).degree == 1


def material(conductivity: Any) -> Material:
    tree = {"conductivity": conductivity, "density": "2330 kg/m^3", "specific_heat": "700 J/kg/K"}
    given = stack(layers=[{"name": "die", "thickness": "0.5 mm", "material": tree}]).layers[0].material
    assert isinstance(given, Material)
    return given


def test_conductivity_in_three_shapes() -> None:
    assert material("148 W/m/K").conductivity == 148.0
    assert material(["1 W/m/K", "2 W/m/K", "3 W/cm/K"]).conductivity == (1.0, 2.0, 300.0)
    law = material({"reference": "148 W/m/K", "temperature": "300 K", "exponent": -1.3}).conductivity
    assert law == PowerLawConductivity.model_construct(reference=148.0, temperature=300.0, exponent=-1.3)


def test_held_temperatures_in_two_shapes() -> None:
    def held(given: Any) -> Any:
        return stack(boundaries={"top": {"temperature": given}}).boundaries.top.temperature

    assert held("20 degC") == pytest.approx(293.15)
    assert held([["0 s", "20 degC"], ["1 min", "300 K"]]) == ((0.0, pytest.approx(293.15)), (60.0, 300.0))


def test_ways_out() -> None:
    ways = {
        "film": {"coefficient": "1 W/m^2/K", "ambient": "20 degC"},
        "radiation": {"emissivity": 1, "ambient": "20 degC"},
        "temperature": "20 degC",
    }
    for name, way in ways.items():
        assert stack(boundaries={"top": {name: way}}).boundaries.top.is_way_out
    assert not stack(boundaries={"top": {"heat_flux": "-1 W/m^2"}}).boundaries.top.is_way_out
