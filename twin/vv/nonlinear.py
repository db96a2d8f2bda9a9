"""Conductivity that depends on temperature, radiation, and leakage that feeds on its own heat."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq

from twin.constants import STEFAN_BOLTZMANN, ZERO_CELSIUS
from twin.vv import exact_nonlinear as exact
from twin.vv.rows import Registry, Row, compare, holds, observed_order
from twin.vv.stacks import (
    Solution,
    Tree,
    celsius,
    column,
    film,
    held,
    kelvin,
    layer,
    mean,
    point,
    quantity,
    rectangle,
    solve,
    transient,
    watts,
)

REGISTRY = Registry("nonlinear")

KIRCHHOFF = "Carslaw & Jaeger, secs. 1.6 and 2.16 (Kirchhoff transform)"
LAMBERT = "Corless et al., Adv. Comput. Math. 5 (1996) 329; Liao, He & Lepak, IEEE TCAD 24 (2005) 1042"
_SIDE = 1e-3
_AREA = _SIDE**2
_SILICON = exact.PowerLaw(148.0, 300.0, -1.3)


def _power_law(law: exact.PowerLaw, volumetric: float = 1.63e6) -> Tree:
    return {
        "conductivity": {
            "reference": quantity(law.reference, "W/m/K"),
            "temperature": kelvin(law.temperature),
            "exponent": law.exponent,
        },
        "density": "1000 kg/m^3",
        "specific_heat": quantity(volumetric / 1000, "J/kg/K"),
    }


def _hot_slab(
    boundaries: Tree, generation: float, cells: int, law: exact.PowerLaw = _SILICON, degree: int = 1
) -> Solution:
    """A slab of 5 mm, cut in two equal layers, its middle a face."""
    half = 2.5e-3
    names = ("lower", "upper")
    sources = [{"layer": name, "power": watts(generation * half * _AREA)} for name in names] if generation else []
    tree = {
        **column(_SIDE),
        "layers": [layer(name, half, _power_law(law), cells) for name in names],
        "boundaries": boundaries,
        "sources": sources,
        "probes": {
            "middle": point(0.0, 0.0, "lower"),
            "face": point(0.0, 0.0, "lower", "bottom"),
            "mean": mean(rectangle((0.0, _SIDE), (0.0, _SIDE)), "lower", None),
        },
        **({"numerics": {"degree": degree}} if degree > 1 else {}),
    }
    return solve(tree)


def _kelvins(value: float) -> Tree:
    return held(value - ZERO_CELSIUS)


@REGISTRY.case("C06a", "Slab whose conductivity falls with temperature, k = 148 (T/300)^-1.3", KIRCHHOFF)
def power_law_slab() -> Iterator[Row]:
    cold = {"bottom": _kelvins(300.0), "top": _kelvins(300.0)}
    counts = (4, 8, 16)
    centre = _SILICON.generating_centre(300.0, 8e8, 5e-3) - ZERO_CELSIUS
    runs = [_hot_slab(cold, 8e8, n) for n in counts]
    rise = centre - 300.0 + ZERO_CELSIUS
    yield runs[-1].row("(i) generation, faces at 300 K: centre", "middle", centre, 1e-6, rise)
    linear = 8e8 * 5e-3**2 / (8 * 148)
    found = (runs[-1].probe("middle") + ZERO_CELSIUS - 300) / linear
    yield compare("(i) rise over that of constant conductivity", found, rise / linear, 1e-6)
    start = _SILICON.transform(300.0)
    half = _mean_of(lambda x: start + 8e8 * x * (5e-3 - x) / 2)
    yield runs[-1].row("(i) mean of half of the slab", "mean", half, 1e-3, rise)
    errors = [run.probe("mean") - half for run in runs]
    yield observed_order("(i) order in space, mean", [1 / n for n in counts], errors, 2.0, note=_EXACT_NODES)
    two = {"bottom": _kelvins(300.0), "top": _kelvins(420.0)}
    across = [_hot_slab(two, 0.0, n) for n in counts]
    middle = _SILICON.middle(300.0, 420.0) - ZERO_CELSIUS
    yield across[-1].row("(ii) 300 K to 420 K: middle", "middle", middle, 1e-6, 120.0)
    slope = (_SILICON.transform(420.0) - start) / 5e-3
    lower = _mean_of(lambda x: start + slope * x)
    errors = [run.probe("mean") - lower for run in across]
    yield observed_order("(ii) order in space, mean", [1 / n for n in counts], errors, 2.0, note=_EXACT_NODES)
    flux = _SILICON.flux(300.0, 420.0, 5e-3)
    yield compare("(ii) heat flux", _through(two), flux, 1e-4, "W/m^2")
    films = {"bottom": film(20e3, 300.0 - ZERO_CELSIUS), "top": film(20e3, 300.0 - ZERO_CELSIUS)}
    cooled = _hot_slab(films, 8e8, counts[-1])
    yield cooled.row("(iii) films: face", "face", 400.0 - ZERO_CELSIUS, 1e-6, 100.0)
    hot = _SILICON.generating_centre(400.0, 8e8, 5e-3) - ZERO_CELSIUS
    yield cooled.row("(iii) films: centre", "middle", hot, 1e-6, hot - 300.0 + ZERO_CELSIUS)
    for solution in (runs[-1], across[-1], cooled):
        yield solution.energy_row()
    for name, boundaries, heat, value, scale in (("(i)", cold, 8e8, centre, rise), ("(ii)", two, 0.0, middle, 120.0)):
        fine = _hot_slab(boundaries, heat, 32, degree=2)
        yield fine.row(f"{name} middle, 64 cells of P2", "middle", value, 1e-6, scale)


_EXACT_NODES = "nodes are exact on any mesh (Kirchhoff's transform), so the mean between them is judged"


def _mean_of(transformed: Callable[[float], float]) -> float:
    """Mean temperature in degC over the lower half, of the transformed temperature along x."""
    return float(quad(lambda x: _SILICON.kelvin(transformed(x)), 0.0, 2.5e-3, epsabs=1e-13)[0] / 2.5e-3) - ZERO_CELSIUS


def _through(boundaries: Tree) -> float:
    """Heat through the slab between two temperatures, read behind a film that holds the cold face near 300 K."""
    coefficient = 1e8
    found = _hot_slab({"bottom": film(coefficient, 300.0 - ZERO_CELSIUS), "top": boundaries["top"]}, 0.0, 16)
    flux = coefficient * (found.probe("face") + ZERO_CELSIUS - 300.0)
    return flux * _SILICON.flux(300.0, 420.0, 1.0) / _SILICON.flux(found.probe("face") + ZERO_CELSIUS, 420.0, 1.0)


@REGISTRY.case("power law and film", "Other exponents: a slab between a held face and a film", KIRCHHOFF)
def power_law_and_film() -> Iterator[Row]:
    """The film's balance and Kirchhoff's transform give one equation for the cooled face."""
    for exponent in (-2.0, -0.5, 0.8):
        law = exact.PowerLaw(60.0, 350.0, exponent)

        def balance(t: float, law: exact.PowerLaw = law) -> float:
            return (law.transform(500.0) - law.transform(t)) / 5e-3 - 4e3 * (t - 290.0)

        face = float(brentq(balance, 290.0, 500.0, xtol=1e-12))
        found = _hot_slab({"bottom": film(4e3, 290.0 - ZERO_CELSIUS), "top": _kelvins(500.0)}, 0.0, 32, law)
        yield found.row(f"exponent {exponent:g}: cooled face", "face", face - ZERO_CELSIUS, 1e-4, 210.0)
        yield found.energy_row()


def _radiating_bar(conductivity: float, emissivity: float, film_: float = 0.0) -> Solution:
    top: Tree = {"radiation": {"emissivity": emissivity, "ambient": "300 K"}}
    if film_:
        top["film"] = {"coefficient": quantity(film_, "W/m^2/K"), "ambient": "300 K"}
    tree = {
        **column(0.01),
        "layers": [layer("bar", 0.1, conductivity, 10)],
        "boundaries": {"bottom": {"temperature": "1000 K"}, "top": top},
        "probes": {"end": point(0.0, 0.0, "bar")},
    }
    return solve(tree)


@REGISTRY.case("C10a", "NAFEMS T2: bar radiating at one end", "NAFEMS TNSB Rev. 3 (1990), T2")
def nafems_t2() -> Iterator[Row]:
    """The published constant 5.67e-8 W/m2/K4 is put into the emissivity."""
    scaled = 0.98 * 5.67e-8 / STEFAN_BOLTZMANN
    for name, conductivity, emissivity in (("k 55.6, sigma 5.67e-8", 55.6, scaled), ("k 55.563, CODATA", 55.563, 0.98)):
        value = exact.radiating_end(conductivity / 0.1, 1000.0, emissivity, STEFAN_BOLTZMANN, 300.0)
        found = _radiating_bar(conductivity, emissivity)
        yield found.row(f"radiating end, {name}", "end", value - ZERO_CELSIUS, 0.01, 1.0)
        target = 927.0
        yield compare(f"published target, {name}", found.probe("end") + ZERO_CELSIUS, target, 0.1, "K", 1.0)
        yield found.energy_row()


@REGISTRY.case("radiation and film", "Radiation and a film on one face", "Incropera & DeWitt, sec. 1.2")
def radiation_and_film() -> Iterator[Row]:
    value = exact.radiating_end(30 / 0.1, 1000.0, 0.7, STEFAN_BOLTZMANN, 300.0, 150.0)
    found = _radiating_bar(30.0, 0.7, 150.0)
    yield found.row("cooled end", "end", value - ZERO_CELSIUS, 0.01, 1.0)
    yield found.energy_row()


@REGISTRY.case("radiating body", "A thin body that cools by radiation", "Incropera & DeWitt, sec. 5.3")
def radiating_body() -> Iterator[Row]:
    """rho c L dT/dt = -eps sigma T^4 to 0 K nearby: 1/T^3 grows with time (ambient 1 K)."""
    start, thickness, capacity, emissivity = 1000.0, 1e-4, 2e6, 0.9
    times = (5.0, 20.0)
    tree = {
        **column(_SIDE),
        "layers": [layer("foil", thickness, 400.0, 2, volumetric=capacity)],
        "boundaries": {"top": {"radiation": {"emissivity": emissivity, "ambient": "1 K"}}},
        "transient": transient(20.0, 0.1, start - ZERO_CELSIUS, times),
        "probes": {"foil": point(0.0, 0.0, "foil")},
    }
    found = solve(tree)
    rate = 3 * emissivity * STEFAN_BOLTZMANN / (capacity * thickness)
    for number, time in enumerate(times):
        value = (start**-3 + rate * time) ** (-1 / 3)
        yield found.row(f"foil, {time:g} s", "foil", value - ZERO_CELSIUS, 1e-4, start - value, number)
    yield found.energy_row()


_DIE = exact.Leakage(30e4, 6e4, 60.0, 0.02, 20.0)
_RESISTANCE = 0.68e-4
_THICKNESS, _CAPACITY = 1e-5, 1e3
"""Thickness of the die in m and its heat capacity per area in J/m2/K."""


def leaking_die(
    resistance: float, dynamic: float = _DIE.dynamic, coolant: float = _DIE.coolant, **more: object
) -> Tree:
    """Return a die heated at the face that a film of 1 / resistance cools: one temperature, whatever its conductivity."""
    power = {"reference": celsius(_DIE.reference), "coefficient": quantity(_DIE.growth, "1/K")}
    return {
        **column(_SIDE),
        "layers": [layer("die", _THICKNESS, 1e4, 1, volumetric=_CAPACITY / _THICKNESS)],
        "boundaries": {"bottom": film(1 / resistance, coolant)},
        "sources": [
            {"face": "bottom", "power": watts(dynamic * _AREA)},
            {"face": "bottom", "power": watts(_DIE.leakage * _AREA), "feedback": power},
        ],
        "probes": {"die": point(0.0, 0.0, "die", "bottom")},
        **more,
    }


@REGISTRY.case("C07a", "Exponential leakage behind a resistance: fixed point and runaway", LAMBERT)
def leakage_and_runaway() -> Iterator[Row]:
    found = solve(leaking_die(_RESISTANCE))
    stable = _DIE.stable(_RESISTANCE)
    yield found.row("stable temperature", "die", stable, 1e-8, stable)
    share = float(found.found["feedback_W"]) / float(found.found["heat_in_W"])
    leakage = (stable - 20) / _RESISTANCE - _DIE.dynamic
    yield compare("leakage over all power", share, leakage / (leakage + _DIE.dynamic), 1e-8)
    yield found.energy_row()
    yield compare("stable temperature by repeated solves", _repeated(), stable, 1e-8, "degC")
    yield compare("unstable temperature: heat that flows there", *_unstable(), 1e-6, "W/m^2")
    low, high = (solve(leaking_die(_RESISTANCE, coolant=20.0 + step)).probe("die") for step in (-0.05, 0.05))
    yield compare("loop gain, from a shift of the coolant", 1 - 0.1 / (high - low), _DIE.gain(_RESISTANCE), 1e-5)
    yield from _bracket("resistance", _DIE.critical_resistance, lambda r: leaking_die(r))
    critical = _DIE.critical_dynamic(_RESISTANCE)
    yield from _bracket("dynamic power", critical, lambda q: leaking_die(_RESISTANCE, q))
    near = solve(leaking_die(_DIE.critical_resistance * (1 - 1e-4)))
    value = _DIE.stable(_DIE.critical_resistance * (1 - 1e-4))
    yield near.row("temperature 0.01 % below the runaway", "die", value, 1e-6)
    note = f"fold at {_DIE.critical_temperature:.4f} degC, reached with the root of the distance"
    yield compare("distance to the fold", _DIE.critical_temperature - near.probe("die"),
                  _DIE.critical_temperature - value, 1e-4, "K", note=note)  # fmt: skip


def _bracket(name: str, critical: float, tree) -> Iterator[Row]:  # type: ignore[no-untyped-def]
    """Converged 0.1 % below the exact threshold, run away 0.1 % above it."""
    below, above = solve(tree(critical * 0.999)), solve(tree(critical * 1.001))
    yield holds(f"critical {name}: 0.1 % below converges", below.status == "converged", below.status)
    yield holds(f"critical {name}: 0.1 % above runs away", above.status == "runaway", above.status)
    empty = above.found["max_temperature_K"] is None and above.found["probes"]["die"]["temperature_K"] in (None, [None])
    yield holds(f"critical {name}: temperatures are null after runaway", empty)


def _repeated() -> float:
    """Fixed point by 25 solves with the leakage of the solve before."""
    found = 20.0
    for _ in range(25):
        leakage = _DIE.leakage * np.exp(_DIE.growth * (found - _DIE.reference))
        tree = leaking_die(_RESISTANCE)
        tree["sources"] = [{"face": "bottom", "power": watts((_DIE.dynamic + leakage) * _AREA)}]
        found, before = solve(tree).probe("die"), found
        if abs(found - before) < 1e-11:
            break
    return found


def _unstable() -> tuple[float, float]:
    """Heat that a die held at the unstable temperature gives, and what its resistance would carry."""
    held_at = _DIE.unstable(_RESISTANCE)
    tree = leaking_die(_RESISTANCE)
    tree["layers"] = [layer("die", _THICKNESS, 1e6, 1)]
    for item in tree["sources"]:
        item["layer"] = item.pop("face").replace("bottom", "die")
    tree["boundaries"] = {"bottom": held(held_at), "top": held(held_at)}
    return float(solve(tree).found["heat_out_W"]) / _AREA, (held_at - 20) / _RESISTANCE


@REGISTRY.case("runaway in time", "A transient runs away exactly where no steady state exists", LAMBERT)
def runaway_in_time() -> Iterator[Row]:
    """The lumped ODE C dT/dt = qd + ql e^(b (T - T0)) - (T - Tc)/R, integrated to 1e-10."""
    from scipy.integrate import solve_ivp

    def rate(_: float, t: np.ndarray, resistance: float) -> np.ndarray:
        leakage = _DIE.leakage * np.exp(_DIE.growth * (t - _DIE.reference))
        return (_DIE.dynamic + leakage - (t - _DIE.coolant) / resistance) / _CAPACITY

    times = (0.02, 0.1, 0.5)
    tree = leaking_die(_RESISTANCE, transient=transient(0.5, 5e-3, 20.0, times))
    found = solve(tree)
    path = solve_ivp(rate, (0.0, 0.5), [20.0], "DOP853", times, args=(_RESISTANCE,), rtol=1e-11, atol=1e-10)
    for number, (time, value) in enumerate(zip(times, path.y[0], strict=True)):
        yield found.row(f"die, {time:g} s", "die", float(value), 2e-4, _DIE.stable(_RESISTANCE) - 20, number)
    yield found.energy_row()
    hopeless = leaking_die(_DIE.critical_resistance * 1.5, transient=transient(30.0, 0.5, 20.0))
    yield holds("1.5 times the critical resistance runs away", solve(hopeless).status == "runaway")


@REGISTRY.case("leakage that spreads", "Leakage over a spreading stack: balance and superposition", LAMBERT)
def leakage_that_spreads() -> Iterator[Row]:
    """Feedback power must be the integral of its own law over the temperatures found, linear in the small."""
    spot = rectangle((0.003, 0.006), (0.003, 0.006))
    base: Tree = {
        "size": {"x": "12 mm", "y": "12 mm"},
        "cells": {"x": 32, "y": 32},
        "layers": [layer("die", 0.5e-3, 130.0, 4)],
        "boundaries": {"bottom": film(8e3, 20.0)},
        "probes": {"spot": mean(spot, "die", None), "hot": point(0.0045, 0.0045, "die")},
    }
    heat = {"layer": "die", "power": "20 W", "rectangle": spot}

    def leak(coefficient: float, power: float = 1.0) -> Tree:
        feedback = {"coefficient": quantity(coefficient, "1/K"), "reference": "20 degC"}
        return {"layer": "die", "power": watts(power), "rectangle": spot, "feedback": feedback}

    found = solve({**base, "sources": [heat, leak(0.02)]})
    balance = float(found.found["heat_in_W"]) - 20.0
    yield compare("feedback power is what comes on top of the rest", float(found.found["feedback_W"]), balance, 1e-10)
    yield found.energy_row()
    # A small coefficient: exp is a line, and the answer a linear problem solved by two superposed rises.
    small = 1e-6
    alone = solve({**base, "sources": [{**heat, "power": "1 W"}]})
    weak = solve({**base, "sources": [heat, leak(small)]})
    per_watt = alone.probe("spot") - 20
    power = 1 + small * per_watt * 21
    yield compare("feedback power, weak limit", float(weak.found["feedback_W"]), power, 1e-8, "W")
    uniform = solve({**base, "sources": [{"layer": "die", "power": "20 W"}, {**leak(0.02), "rectangle": _all()}]})
    die = exact.Leakage(20 / 144e-6, 1 / 144e-6, 20.0, 0.02, 20.0)
    value = die.stable(1 / 8e3)
    note = "uniform over the die: the lumped fixed point, to the conduction through the die"
    yield compare("leakage over the whole die", float(uniform.found["layers"]["die"]["mean_K"]) - ZERO_CELSIUS,
                  value, 2e-2, "degC", value - 20, note=note)  # fmt: skip


def _all() -> Tree:
    return rectangle((0.0, 0.012), (0.0, 0.012))
