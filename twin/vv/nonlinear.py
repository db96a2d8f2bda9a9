"""Conductivity that depends on temperature, and radiation."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from scipy.integrate import quad
from scipy.optimize import brentq

from twin.constants import STEFAN_BOLTZMANN, ZERO_CELSIUS
from twin.vv import exact_nonlinear as exact
from twin.vv.rows import Registry, Row, compare, observed_order
from twin.vv.stacks import (
    Solution,
    Tree,
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
