"""Coolant properties against IAPWS values and against CoolProp itself."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from twin.errors import LibraryError, SpecError
from twin.library import load
from twin.spec.coolant import ConstantCoolant
from twin.thermal.coolant import load_coolant

# IAPWS-95, viscosity 2008, conductivity 2011 at 0.3 MPa: degC, kg/m3, J/kg/K, Pa s, W/m/K
WATER = [
    (20, 998.298142, 4183.43026, 0.00100153503, 0.598129362),
    (30, 995.737993, 4179.27994, 0.000797217797, 0.614501718),
    (40, 992.303539, 4178.92552, 0.000652753669, 0.628591221),
    (60, 983.282726, 4184.51229, 0.000466082872, 0.651104178),
]
OIL = {"density": "800 kg/m^3", "specific_heat": "2 kJ/kg/K", "conductivity": "0.13 W/m/K", "viscosity": "4 mPa*s"}


@pytest.mark.parametrize(("celsius", "density", "specific_heat", "viscosity", "conductivity"), WATER)
def test_water(celsius, density, specific_heat, viscosity, conductivity):
    at = load_coolant("water").at(celsius + 273.15)
    assert at.density == pytest.approx(density, rel=1e-6)
    assert at.specific_heat == pytest.approx(specific_heat, rel=1e-6)
    assert at.conductivity == pytest.approx(conductivity, rel=1e-5)
    assert at.viscosity == pytest.approx(viscosity, rel=2e-5)


def test_table_is_of_second_order_and_fine_enough_between_its_points():
    from CoolProp.CoolProp import PropsSI

    water = load_coolant("water")
    kelvin = water.start + water.step * (np.arange(0, 520, 40) + 0.5)
    exact = PropsSI("V", "T", kelvin, "P", 3e5, "Water")
    np.testing.assert_allclose(water.viscosity(kelvin), exact, rtol=2e-5)
    assert np.abs(water.viscosity(kelvin) / exact - 1).max() > 1e-9


def test_glycol_is_thicker_holds_less_heat_and_freezes_later():
    water, glycol = load_coolant("water"), load_coolant("pg25")
    at, of_water = glycol.at(293.15), water.at(293.15)
    assert 2.0 < at.viscosity / of_water.viscosity < 3.0
    assert 0.9 < at.specific_heat / of_water.specific_heat < 0.96
    assert glycol.freezing_point < water.freezing_point - 9


@pytest.mark.parametrize("name", ["pg25", "eg25"])
def test_freezing_point_in_the_file_is_that_of_the_mixture(name):
    from CoolProp.CoolProp import PropsSI

    spec = load("coolant", name)
    fluid = f"{spec.backend}::{spec.fluid}[{spec.mass_fraction}]"
    assert spec.freezing_point == pytest.approx(PropsSI("T_freeze", "T", 300, "P", spec.pressure, fluid), abs=0.2)


def test_boiling_point_of_water_is_its_saturation():
    from CoolProp.CoolProp import PropsSI

    spec = load("coolant", "water")
    assert spec.boiling_point == pytest.approx(PropsSI("T", "P", spec.pressure, "Q", 0, "Water"), abs=0.01)


def test_viscosity_factor_scales_only_the_viscosity():
    spec = load("coolant", "pg25")
    scaled = load_coolant(spec.model_copy(update={"viscosity_factor": 1.03})).at(300.0)
    plain = load_coolant(spec).at(300.0)
    assert scaled.viscosity / plain.viscosity == pytest.approx(1.03, rel=1e-12)
    assert scaled.density == plain.density


def test_constants_hold_at_any_temperature_and_shape():
    coolant = load_coolant(ConstantCoolant.model_validate(OIL))
    at = coolant.at(np.array([[250.0, 400.0]]))
    np.testing.assert_array_equal(at.viscosity, [[4e-3, 4e-3]])
    assert at.prandtl[0, 0] == pytest.approx(4e-3 * 2000 / 0.13)


def test_outside_the_table_its_ends_hold_and_nan_stays():
    water = load_coolant("water")
    ends = water.at(np.array([200.0, 500.0, np.nan]))
    assert ends.density[0] == water.table[0, 0]
    assert ends.density[1] == pytest.approx(water.table[-1, 0])
    assert np.isnan(ends.density[2])


def test_unknown_names_and_fluids_say_so():
    with pytest.raises(LibraryError, match="pg25"):
        load_coolant("pg-25")
    spec = load("coolant", "water").model_copy(update={"fluid": "Watter"})
    with pytest.raises(SpecError, match="Watter"):
        load_coolant(spec)


def test_a_table_is_kept_for_the_next_process(tmp_path: Path) -> None:
    """The second process has the same numbers to the last bit and does not load CoolProp; a torn file is not used."""
    script = (
        "import sys, numpy as np; from twin.thermal.coolant import load_coolant;"
        "table = load_coolant('water').table; print(table.sum().hex(), 'CoolProp' in sys.modules)"
    )

    def run() -> list[str]:
        environment = {**os.environ, "TWIN_CACHE": str(tmp_path)}
        return subprocess.check_output([sys.executable, "-c", script], text=True, env=environment).split()

    first, second = run(), run()
    assert first == [second[0], "True"]
    assert second[1] == "False"
    (kept,) = (tmp_path / "coolants").glob("*.npy")
    kept.write_bytes(kept.read_bytes()[:100])
    assert run() == first


@pytest.mark.parametrize("temperature", [250.0, 293.15, 300.0, 333.33, 500.0])
def test_heat_capacity_of_one_temperature_is_that_of_arrays(temperature: float) -> None:
    for name in ("water", "fc3284"):
        coolant = load_coolant(name)
        assert coolant.heat_capacity(temperature) == float(coolant.at(temperature).volumetric_heat_capacity)
