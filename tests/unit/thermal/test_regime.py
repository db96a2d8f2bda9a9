"""Cautions: what a reader must know about flow and coolant, and nothing else."""

import pytest

from twin.spec.coolant import ConstantCoolant
from twin.thermal.coolant import load_coolant
from twin.thermal.regime import channel_cautions, coolant_cautions

OIL = {"density": "800 kg/m^3", "specific_heat": "2 kJ/kg/K", "conductivity": "0.13 W/m/K", "viscosity": "4 mPa*s"}
WATER = load_coolant("water")


def subjects(cautions):
    return [caution.subject for caution in cautions]


@pytest.mark.parametrize(
    ("temperatures", "expected"),
    [
        ((290.0, 340.0, 400.0), []),
        ((272.0, 340.0, 350.0), ["freezing", "property range"]),
        ((290.0, 404.0, 410.0), ["subcooled boiling"]),
        ((290.0, 410.0, 420.0), ["boiling", "property range"]),
    ],
)
def test_water_freezes_boils_and_leaves_its_table(temperatures, expected):
    assert subjects(coolant_cautions(WATER, *temperatures)) == expected


def test_walls_boil_at_the_saturation_of_the_coolants_own_pressure():
    """IAPWS: 133.52 degC at 0.3 MPa."""
    assert subjects(coolant_cautions(WATER, 290.0, 350.0, 406.6)) == []
    (caution,) = coolant_cautions(WATER, 290.0, 350.0, 406.7)
    assert "133.6 degC" in caution.text


def test_constants_hold_at_any_temperature_unless_they_freeze_or_boil():
    assert subjects(coolant_cautions(load_coolant(ConstantCoolant.model_validate(OIL)), 1.0, 1e4, 1e4)) == []
    assert subjects(coolant_cautions(load_coolant("fc3284"), 290.0, 310.0, 330.0)) == ["subcooled boiling"]


@pytest.mark.parametrize(
    ("reynolds", "velocity", "limit", "expected"),
    [
        (2300.0, 4.0, 4.0, []),
        (2301.0, 1.0, 4.0, ["laminar flow"]),
        (100.0, 4.1, 4.0, ["velocity"]),
        (9000.0, 20.0, None, ["laminar flow"]),
    ],
)
def test_laminar_limit_and_velocity(reynolds, velocity, limit, expected):
    assert subjects(channel_cautions(reynolds, velocity, limit)) == expected
