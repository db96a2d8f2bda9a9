"""Closed forms of nonlinear conduction, leakage, coolants and ducts against independent values."""

from collections.abc import Callable

import numpy as np
import pytest
from published import values

from twin.vv import exact_ducts, exact_nonlinear, exact_streams

LAW = exact_nonlinear.PowerLaw(148.0, 300.0, -1.3)
DIE = exact_nonlinear.Leakage(30e4, 6e4, 60.0, 0.02, 20.0)
RESISTANCE = 0.68e-4
RATE = 998 * 4182 * 40 / 60e3 / 0.215
FLUX = 18e3 / 0.215**2
UNIFORM = exact_streams.TwoTemperatures(1.263, 25e3, RATE, 20.0, ((0.215, FLUX),))
DOWNSTREAM = exact_streams.TwoTemperatures(1.263, 25e3, RATE, 20.0, ((0.1075, 0.0), (0.215, 2 * FLUX)))
ALTERNATING = exact_streams.Alternating(FLUX, RATE / 2, 12.5e3, 0.215, 20.0)


def leakage_share() -> float:
    leakage = (DIE.stable(RESISTANCE) - 20) / RESISTANCE - DIE.dynamic
    return leakage / (leakage + DIE.dynamic)


def ladder(same_end: bool) -> np.ndarray:
    return 100 * exact_streams.ladder(100, 1.0, 1e-4, same_end)


FORMULAS: dict[tuple[str, str], Callable[[], float]] = {
    ("C06a", "(i) T centre"): lambda: LAW.generating_centre(300.0, 8e8, 5e-3),
    ("C06a", "(ii) heat flux"): lambda: LAW.flux(300.0, 420.0, 5e-3),
    ("C06a", "(ii) T mid"): lambda: LAW.middle(300.0, 420.0),
    ("C06a", "(iii) T centre"): lambda: LAW.generating_centre(400.0, 8e8, 5e-3),
    ("C07a", "T stable"): lambda: DIE.stable(RESISTANCE),
    ("C07a", "T unstable branch"): lambda: DIE.unstable(RESISTANCE),
    ("C07a", "leakage share of power"): leakage_share,
    ("C07a", "R_crit"): lambda: 1e4 * DIE.critical_resistance,
    ("C07a", "T at R_crit"): lambda: DIE.critical_temperature,
    ("C07a", "qd_crit at R=0.68 Kcm2/W"): lambda: DIE.critical_dynamic(RESISTANCE),
    ("C07a", "loop gain dT/dT at stable point (=b R ql e^..)"): lambda: DIE.gain(RESISTANCE),
    ("C08a", "T_out isothermal wall"): lambda: exact_streams.isothermal_wall(80.0, 20.0, 520 / 400),
    ("C08b", "eps counter Cr=0.6"): lambda: exact_streams.counterflow(2.5, 0.6),
    ("C08b", "eps counter Cr=1.0"): lambda: exact_streams.counterflow(2.5, 1.0),
    ("C08b", "eps parallel Cr=0.6"): lambda: exact_streams.parallel_flow(2.5, 0.6),
    ("C08b", "eps parallel Cr=1.0"): lambda: exact_streams.parallel_flow(2.5, 1.0),
    ("C08h", "U: first channel n*q_0"): lambda: ladder(True)[0],
    ("C08h", "U: last channel n*q_99"): lambda: ladder(True)[99],
    ("C08h", "U: max/min"): lambda: ladder(True)[0] / ladder(True)[99],
    ("C08h", "Z: end channel n*q_0"): lambda: ladder(False)[0],
    ("C08h", "Z: middle n*q_50"): lambda: ladder(False)[50],
    ("C09b", "(i) uniform: Tf(L) outlet"): lambda: UNIFORM.at(0.215)[1],
    ("C09b", "(ii) 0|2q: Tf(L) outlet"): lambda: DOWNSTREAM.at(0.215)[1],
    ("C09f", "Ts end"): lambda: ALTERNATING.solid(0.0),
    ("C09f", "Ts middle (max)"): lambda: ALTERNATING.solid(0.1075),
    ("C09f", "Ts spread"): lambda: ALTERNATING.spread,
    ("C09f", "T1 outlet"): lambda: ALTERNATING.streams(0.215)[0],
    ("C10a", "T_B k=55.6, sigma=5.67e-8"): lambda: exact_nonlinear.radiating_end(556.0, 1000.0, 0.98, 5.67e-8, 300.0),
    ("C10a", "T_B k=55.563, CODATA sigma"): lambda: exact_nonlinear.radiating_end(
        555.63, 1000.0, 0.98, 5.670374419e-8, 300.0
    ),
}
for place, share in (("0", 0.0), ("L/4", 0.25), ("L/2", 0.5), ("L", 1.0)):
    FORMULAS["C09b", f"(i) uniform: Ts({place})"] = lambda x=share: UNIFORM.at(x * 0.215)[0]
    FORMULAS["C09b", f"(ii) 0|2q: Ts({place})"] = lambda x=share: DOWNSTREAM.at(x * 0.215)[0]
for peclet in (1.0, 10.0, 100.0):
    FORMULAS["C09a", f"(i) T(0.95) Pe={peclet:g}"] = lambda pe=peclet: exact_streams.boundary_layer(pe, 0.95)


@pytest.mark.parametrize("key", FORMULAS, ids=" ".join)
def test_formula(key: tuple[str, str]) -> None:
    assert FORMULAS[key]() == pytest.approx(values()[key], rel=1e-8)


DUCTS = {"1": (1.0, 1.0), "1/2": (1.0, 2.0), "1/4": (1.0, 4.0), "1/8": (1.0, 8.0), "57/180": (57.0, 180.0),
         "50/302": (50.0, 302.0)}  # fmt: skip
SYMBOLS = {
    "fRe": "friction",
    "Nu_H1": "nusselt_h1",
    "Nu_T": "nusselt_t",
    "Nu_H2": "nusselt_h2",
    "K(inf)": "entrance_loss",
}


@pytest.mark.parametrize("name", DUCTS)
def test_duct(name: str) -> None:
    """All numbers of a duct, covered ones as well; the second ways agree to 1e-5 at the worst."""
    known = values()
    width, height = DUCTS[name]
    duct = exact_ducts.rectangular_duct(width, height)
    for symbol, attribute in SYMBOLS.items():
        assert getattr(duct, attribute) == pytest.approx(known["C08c", f"{symbol} alpha={name}"], rel=2e-7)
    for words, shape in (("one SHORT wall adiabatic", (width, height)), ("one LONG wall adiabatic", (height, width))):
        for (case, quantity), value in known.items():
            if case == "C08c" and words in quantity and quantity.endswith(f"alpha={name}"):
                assert exact_ducts.covered_duct(*shape) == pytest.approx(value, rel=2e-7)


def test_parallel_plates() -> None:
    known, plates = values(), exact_ducts.parallel_plates()
    assert plates.friction == known["C08c", "parallel plates fRe"]
    assert plates.nusselt_t == pytest.approx(known["C08c", "parallel plates Nu_T"], rel=1e-9)
    assert plates.nusselt_h1 == pytest.approx(known["C08c", "parallel plates Nu_H"], rel=1e-12)
    assert plates.entrance_loss == pytest.approx(known["C08c", "parallel plates K(inf)"], rel=1e-12)


def test_unstable_point_is_a_fixed_point_too() -> None:
    for temperature in (DIE.stable(RESISTANCE), DIE.unstable(RESISTANCE)):
        heat = DIE.dynamic + DIE.leakage * np.exp(DIE.growth * (temperature - DIE.reference))
        assert DIE.coolant + RESISTANCE * heat == pytest.approx(temperature, rel=1e-12)


def test_power_law_by_integration() -> None:
    """The transform is the integral of k, its inverse gives the temperature back."""
    kelvin = np.linspace(300.0, 420.0, 20001)
    k = 148.0 * (kelvin / 300.0) ** -1.3
    assert LAW.transform(420.0) - LAW.transform(300.0) == pytest.approx(float(np.trapezoid(k, kelvin)), rel=1e-8)
    assert LAW.kelvin(LAW.transform(357.0)) == pytest.approx(357.0, rel=1e-13)


def test_single_blow_keeps_the_energy() -> None:
    """What a long bed holds is what flowed in: the mean over the distance is the time, far from the end."""
    distance = np.linspace(0.0, 40.0, 801)
    held = [exact_streams.schumann_bed(x, 5.0) for x in distance[1:]]
    held.insert(0, 1 - np.exp(-5.0))
    # Inflow over time is 5 units; all of it is in the solid, since the coolant stores nothing.
    assert float(np.trapezoid(held, distance)) == pytest.approx(5.0, rel=1e-4)
