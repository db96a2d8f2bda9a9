"""Coolant along walls: bulk rise, exchangers, two temperatures, alternating streams, manifolds, advection."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from twin import library
from twin.fe.advection import advection_diffusion, coupled_errors, coupled_sources
from twin.thermal.coolant import load_coolant
from twin.thermal.exchangers import counterflow_effectiveness, parallel_effectiveness
from twin.vv import exact_streams as exact
from twin.vv.exact_layers import invert
from twin.vv.rows import Registry, Row, compare, observed_order, order_or_exact, within
from twin.vv.spreading import targeted
from twin.vv.stacks import (
    Solution,
    Tree,
    celsius,
    flux,
    held,
    layer,
    metres,
    point,
    quantity,
    rectangle,
    solve,
    transient,
    watts,
)

REGISTRY = Registry("coolant")

INCROPERA = "Incropera & DeWitt, sec. 8.3"
KAYS = "Kays & London, Compact Heat Exchangers"
NIELD = "Nield & Bejan, Convection in Porous Media (local thermal non-equilibrium)"
BROOKS = "Brooks & Hughes, Comput. Meth. Appl. Mech. Eng. 32 (1982) 199"

WATER: Tree = {
    "density": "998 kg/m^3", "specific_heat": "4182 J/kg/K", "conductivity": "0.6 W/m/K", "viscosity": "1 mPa*s",
}  # fmt: skip
_SIDE = 0.215
_RATE = 998 * 4182 * 40 / 60e3
"""Heat capacity rate of 40 L/min of that water in W/K."""
_FLUX = 18e3 / _SIDE**2
_WALL, _WALL_RESISTANCE = 1e-4, 1e-7
"""A wall between coolants: thickness in m and resistance in m2 K/W, which the films leave room for."""


def stream(conductance: float, rate: float, inlet: float, direction: str = "+", axis: str = "y") -> Tree:
    """Return the boundary of a coolant film."""
    return {
        "coolant_film": {
            "conductance": quantity(conductance, "W/m^2/K"),
            "heat_capacity_rate": quantity(rate, "W/K"),
            "inlet_temperature": celsius(inlet),
            "direction": direction,
            "axis": axis,
        }
    }


def channels(thickness: float = 300e-6, cells: int | None = 4, **changes: object) -> Tree:
    """Return a layer of channels of 100 um between walls of 100 um."""
    given = {
        "width": "100 um", "wall": "100 um", "wall_material": "silicon", "coolant": WATER,
        "inlet_temperature": "20 degC", "flow_rate": "40 L/min", **changes,
    }  # fmt: skip
    return {
        "name": "channels", "thickness": metres(thickness), "microchannels": given,
        **({"cells": cells} if cells else {}),
    }  # fmt: skip


_SLOTS: Tree = {"inlets": ["0 mm", "107.5 mm", "215 mm"], "outlets": ["53.75 mm", "161.25 mm"], "width": "1 mm"}
_KINDS: dict[str, Tree] = {
    "developing flow": {},
    "reverse along x": {"axis": "x", "direction": "-"},
    "alternate": {"direction": "alternate"},
    "manifold": {"slots": _SLOTS},
    "fixed Nusselt number": {"heat_transfer": {"nusselt": "4.8"}},
}


@REGISTRY.case("C08a", "Bulk rise of a coolant, and along a wall of one temperature", INCROPERA)
def bulk_rise_and_isothermal_wall() -> Iterator[Row]:
    rise = 18e3 / _RATE
    for name, changes in _KINDS.items():
        tree = {
            "size": {"x": metres(_SIDE), "y": metres(_SIDE)},
            "cells": {"x": 6, "y": 16},
            "layers": [
                layer("die", 0.5e-3, 148.0, 2),
                channels(**changes),
                layer("cover", 0.5e-3, 1.4, 1),
            ],
            "sources": [
                {"layer": "die", "power": "12 kW"},
                {"layer": "die", "power": "6 kW", "rectangle": rectangle((0.01, 0.06), (0.1, 0.18))},
            ],
        }
        found = solve(tree)
        yield compare(f"bulk rise of 18 kW in 40 L/min, {name}", found.outlet - 20, rise, 1e-8, "K")
        yield found.energy_row(name)
    outlet = exact.isothermal_wall(80.0, 20.0, 520 / 400)
    counts = (8, 16, 32)
    solutions = [solve(_isothermal(n)) for n in counts]
    yield compare("outlet along a wall of 80 degC", solutions[-1].outlet, outlet, 1e-3, "degC", outlet - 20)
    heat = float(solutions[-1].found["heat_out_W"]) + 400 * (solutions[-1].outlet - 20)
    yield compare("heat taken", 400 * (solutions[-1].outlet - 20), 400 * (outlet - 20), 1e-3, "W")
    yield within("wall and coolant exchange the same heat", min(abs(heat), abs(_net(solutions[-1]))) / 17e3, 1e-8)
    errors = [solution.outlet - outlet for solution in solutions]
    yield observed_order("order along the flow", [1 / n for n in counts], errors, 2.0)
    aimed = solve({**_isothermal(None), "numerics": {"target_error": "0.05 K"}})
    note = "an outlet is not a probe: the target covers the wall only"
    yield compare("outlet, target_error 0.05 K", aimed.outlet, outlet, 0.05, "degC", 1.0, note=note)


def _net(solution: Solution) -> float:
    return float(solution.found["heat_in_W"]) - float(solution.found["heat_out_W"])


def _isothermal(cells: int | None) -> Tree:
    """520 W/K between a wall at 80 degC and a coolant of 400 W/K."""
    tree: Tree = {
        "size": {"x": "100 mm", "y": "200 mm"},
        "layers": [layer("wall", _WALL, _WALL / _WALL_RESISTANCE, 1)],
        "boundaries": {"bottom": held(80.0), "top": stream(1 / (0.02 / 520 - _WALL_RESISTANCE), 400.0, 20.0)},
        "probes": {"wall": point(0.05, 0.1, "wall")},
    }
    return {**tree, "cells": {"x": 1, "y": cells}} if cells else tree


@REGISTRY.case("C08b", "Two streams through a wall: counter flow, parallel flow", KAYS)
def two_streams() -> Iterator[Row]:
    """NTU 2.5 as a stack of a thin wall between two coolant films, and as the loop's heat exchanger."""
    for ratio in (0.6, 1.0):
        for name, direction, exact_, loop in (
            ("counter", "-", exact.counterflow, counterflow_effectiveness),
            ("parallel", "+", exact.parallel_flow, parallel_effectiveness),
        ):
            value = exact_(2.5, ratio)
            yield compare(f"loop's effectiveness, {name}, Cr {ratio:g}", loop(2.5, ratio), value, 1e-12)
            counts = (20, 40, 80)
            ends = [_exchanger(ratio, direction, n) for n in counts]
            hot, cold, solution = ends[-1]
            effectiveness = (80 - hot) / 60
            yield compare(f"effectiveness, {name}, Cr {ratio:g}", effectiveness, value, 1e-3)
            yield compare(f"hot outlet, {name}, Cr {ratio:g}", hot, 80 - 60 * value, 1e-3, "degC", 60.0)
            yield compare(f"cold outlet, {name}, Cr {ratio:g}", cold, 20 + 60 * ratio * value, 1e-3, "degC", 60.0)
            yield compare(f"heats of both streams, {name}, Cr {ratio:g}", ratio * (80 - hot), cold - 20, 1e-10)
            errors = [(80 - end[0]) / 60 - value for end in ends]
            yield observed_order(f"order along the flow, {name}, Cr {ratio:g}", [1 / n for n in counts], errors, 2.0)
            yield solution.energy_row()


def _exchanger(ratio: float, direction: str, cells: int) -> tuple[float, float, Solution]:
    """Outlets of the hot stream (C_min, below) and the cold one (above).

    The larger outlet is reported; the other follows from the heat, which the energy residual vouches for.
    """
    area, hot_rate = 0.02, 400.0
    cold_rate = hot_rate / ratio
    conductance = 2 / (area / (2.5 * hot_rate) - _WALL_RESISTANCE)
    tree = {
        "size": {"x": "100 mm", "y": "200 mm"},
        "cells": {"x": 1, "y": cells},
        "layers": [layer("wall", _WALL, (1e-9, 1e-9, _WALL / _WALL_RESISTANCE), 1)],
        "boundaries": {
            "bottom": stream(conductance, hot_rate, 80.0),
            "top": stream(conductance, cold_rate, 20.0, direction),
        },
    }
    found = solve(tree)
    largest = float(found.found["coolant"]["outlet_max_K"]) - 273.15
    mixed = found.outlet
    other_is_hot = largest - 20 < 60 * ratio + 1e-9 and direction == "-"
    if other_is_hot:
        return ((hot_rate + cold_rate) * mixed - cold_rate * largest) / hot_rate, largest, found
    return largest, ((hot_rate + cold_rate) * mixed - hot_rate * largest) / cold_rate, found


@REGISTRY.case(
    "C08h", "Flow in the channels of a manifold with header friction", "Bajura & Jones, J. Fluids Eng. 98 (1976) 654"
)
def header_friction() -> Iterator[Row]:
    """The continuum of the ladder is a fin: header = conductor, channels = film, U fed at one end, Z at both.

    Of a dividing and a combining header of equal friction the difference of pressures alone drives the
    channels; it obeys the fin's equation with b = n sqrt(2 r / Rc). The discrete ladder is solved exactly
    beside it and tends to the continuum as 1/n.
    """
    ladders = {name: exact.ladder(100, 1.0, 1e-4, name == "U") * 100 for name in ("U", "Z")}
    for name, reference in (("U", _discrete(100, 1e-4, True)), ("Z", _discrete(100, 1e-4, False))):
        for place, label in ((0, "first"), (50, "middle"), (99, "last")):
            yield compare(f"{name}, ladder of 100, {label} channel", ladders[name][place], reference[place], 1e-8)
    b = math.sqrt(2.0)
    counts = (16, 32, 64)
    largest = [_header(n, both=False) for n in counts]
    ratio = math.cosh(b)
    yield compare("U, continuum: first over last", largest[-1][0] / largest[-1][1], ratio, 1e-3)
    errors = [first / last - ratio for first, last in largest]
    yield observed_order("order of U along the header", [1 / n for n in counts], errors, 2.0)
    first, middle = _header(64, both=True)
    value = (math.cosh(b) + 1) / (2 * math.cosh(b / 2))
    yield compare("Z, continuum: end over middle", first / middle, value, 1e-3)
    sizes = (100, 200, 400)
    gaps = []
    for n in sizes:
        share = exact.ladder(n, 1.0, 1e-4 * (100 / n) ** 2, True)
        gaps.append(share[0] / share[-1] - ratio)
    yield observed_order("discrete to continuum", [1 / n for n in sizes], gaps, 1.0, "channel spacing")


def _discrete(count: int, header: float, same_end: bool) -> np.ndarray:
    """Closed form of the difference equation q(i+1) - 2 q(i) + q(i-1) = 2 r/Rc q(i), of mean 1."""
    g = math.acosh(1 + header)
    i = np.arange(count)
    # From the free end of a U header: equal steps about half a segment beyond its last channel.
    far = np.cosh(g * (count - 0.5 - i))
    near = np.cosh(g * (i + 0.5))
    q = far if same_end else far + near
    return np.asarray(q / q.mean())


def _header(cells: int, both: bool) -> tuple[float, float]:
    """Rise at the fed end, and at the other end (U) or in the middle (Z)."""
    length, thickness, conductivity = 0.1, 1e-3, 100.0
    coefficient = 2.0 * conductivity * thickness / length**2
    tree = {
        "size": {"x": metres(length), "y": "10 mm"},
        "cells": {"x": cells, "y": 1},
        "layers": [layer("header", thickness, (conductivity, 1.0, 1e6), 1)],
        "boundaries": {
            "bottom": {"film": {"coefficient": quantity(coefficient, "W/m^2/K"), "ambient": "0 degC"}},
            "x_min": flux(1e4),
            **({"x_max": flux(1e4)} if both else {}),
        },
        "probes": {
            "fed": point(0.0, 0.0, "header"),
            "other": point(length / 2 if both else length, 0.0, "header"),
        },
    }
    found = solve(tree)
    return found.probe("fed"), found.probe("other")


@REGISTRY.case("C09a", "Advection and diffusion in one dimension, Pe 1 to 1000", BROOKS)
def advection_and_diffusion() -> Iterator[Row]:
    """SUPG on linear elements with the optimal parameter is exact at the nodes."""
    for peclet in (1.0, 10.0, 100.0, 1000.0):
        nodes, layer_ = advection_diffusion(peclet, 20, 0.0, (0.0, 1.0))
        value = exact.boundary_layer(peclet, 0.95)
        if value > 1e-12:
            yield compare(f"(i) T(0.95), Pe {peclet:g}", layer_[19], value, 1e-10, scale=1.0)
        yield within(f"(i) over- and undershoot, Pe {peclet:g}", max(-layer_.min(), layer_.max() - 1, 0.0), 1e-8)
        _, heated = advection_diffusion(peclet, 20, 1.0, (0.0, 0.0))
        yield compare(f"(ii) T(0.95), Pe {peclet:g}", heated[19], 0.95 - value, 1e-10, scale=1.0)
        largest = max(abs(t - exact.boundary_layer(peclet, x)) for x, t in zip(nodes, layer_, strict=True))
        yield within(f"(i) largest error of all nodes, Pe {peclet:g}", largest, 1e-10)


_THICK, _THROUGH = 1e-3, 1e5
_FILM = 1 / (1 / 25e3 - _THICK / _THROUGH / 4)
"""25 kW/m2/K less a quarter of the layer's own resistance, from its faces' mean to the wetted one."""
_PLACES = {"inlet": 0.0, "quarter": 0.25, "half": 0.5, "outlet": 1.0}


def _two_temperatures(case: str, cells: int | None) -> Tree:
    source: Tree = {"layer": "wafer", "power": "18 kW"}
    if case == "downstream":
        source["rectangle"] = rectangle((0.0, _SIDE), (_SIDE / 2, _SIDE))
    tree: Tree = {
        "size": {"x": metres(_SIDE), "y": metres(_SIDE)},
        "layers": [layer("wafer", _THICK, (1263.0, 1263.0, _THROUGH), 1)],
        "boundaries": {"top": stream(_FILM, _RATE, 20.0)},
        "sources": [source],
        "probes": {
            f"{name} {face}": point(0.05, share * _SIDE, "wafer", face)
            for name, share in _PLACES.items()
            for face in ("bottom", "top")
        },
    }
    return {**tree, "cells": {"x": 1, "y": cells}} if cells else tree


@REGISTRY.case("C09b", "Solid and coolant along the flow, uniform and downstream heat", NIELD)
def solid_and_coolant() -> Iterator[Row]:
    cases = {
        "uniform": ((_SIDE, _FLUX),),
        "downstream": ((_SIDE / 2, 0.0), (_SIDE, 2 * _FLUX)),
    }
    counts = (200, 400, 800)
    for case, pieces in cases.items():
        model = exact.TwoTemperatures(1.263, 25e3, _RATE / _SIDE, 20.0, pieces)
        runs = [solve(_two_temperatures(case, n)) for n in counts]
        for name, share in _PLACES.items():
            value = model.at(share * _SIDE)[0]
            means = [(run.probe(f"{name} bottom") + run.probe(f"{name} top")) / 2 for run in runs]
            yield compare(f"{case}: solid at {name}", means[-1], value, 1e-4, "degC", 1.0)
            extrapolated = (4 * means[2] - means[1]) / 3
            yield compare(f"{case}: solid at {name}, extrapolated", extrapolated, value, 1e-6, "degC", 1.0)
            errors = [mean - value for mean in means]
            yield order_or_exact(f"{case}: order along the flow, {name}", [1 / n for n in counts], errors, 2.0, 2e-8)
        yield compare(f"{case}: outlet", runs[-1].outlet, 20 + 18e3 / _RATE, 1e-8, "degC", 6.47)
        yield runs[-1].energy_row()
        values = {}
        for name, share in _PLACES.items():
            solid, fluid = model.at(share * _SIDE)
            values[f"{name} top"] = solid - 25e3 * (solid - fluid) * _THICK / _THROUGH / 4
        yield from targeted(_two_temperatures(case, None), values)


@REGISTRY.case("C09d", "Manufactured solution of solid and coolant", "Roache (2002); Salari & Knupp, SAND2000-1444")
def manufactured_coupling() -> Iterator[Row]:
    solid, coolant = coupled_sources(0.37, 0.81)
    by_hand = _sources_by_hand(0.37, 0.81)
    yield compare("f_s(0.37, 0.81)", solid, by_hand[0], 1e-10)
    yield compare("f_f(0.37, 0.81)", coolant, by_hand[1], 1e-10)
    counts = (16, 32, 64)
    sizes = [1 / n for n in counts]
    for degree in (1, 2):
        errors = np.array([coupled_errors(n, degree) for n in counts])
        yield observed_order(f"Ts, P{degree}, L2", sizes, errors[:, 0], degree + 1.0)
        yield observed_order(f"Ts, P{degree}, H1", sizes, errors[:, 1], float(degree))
        yield observed_order(f"Tf, P{degree} with SUPG, L2", sizes, errors[:, 2], degree + 1.0)


def _sources_by_hand(x: float, y: float) -> tuple[float, float]:
    """-lap Ts + 4 (Ts - Tf) and 50 dTf/dx - 4 (Ts - Tf), differentiated by hand."""
    p = math.pi
    wave = math.sin(p * x / 2) * math.cos(p * y)
    ts = 1 + wave + x * x * y
    tf = x * (1 + y / 2) + 0.3 * math.sin(2 * p * x) * math.cos(p * y)
    laplace = -(p * p / 4 + p * p) * wave + 2 * y
    slope = 1 + y / 2 + 0.6 * p * math.cos(2 * p * x) * math.cos(p * y)
    return -laplace + 4 * (ts - tf), 50 * slope - 4 * (ts - tf)


_WALLS, _STIFF = 25e3 / 3.5, 1e5
"""Coefficient that makes 25 kW/m2/K of floor and two walls, and a conductivity that makes fins nearly perfect."""


def _alternating(cells: int | None) -> Tree:
    through = layer("", 1.0, (1e-9, 1e-9, _STIFF))["material"]
    bed = channels(
        cells=32 if cells else None, direction="alternate", wall_material=through,
        heat_transfer={"coefficient": quantity(_WALLS, "W/m^2/K")},
    )  # fmt: skip
    tree: Tree = {
        "size": {"x": metres(_SIDE), "y": metres(_SIDE)},
        "layers": [layer("die", 100e-6, through, 1), bed],
        "sources": [{"layer": "die", "power": "18 kW"}],
        "probes": {"end": point(0.0, 0.0, "die"), "middle": point(0.0, _SIDE / 2, "die")},
    }
    return {**tree, "cells": {"x": 1, "y": cells}} if cells else tree


@REGISTRY.case("C09f", "Alternating streams under uniform heat", "closed form at `exact_streams.Alternating`")
def alternating_streams() -> Iterator[Row]:
    model = exact.Alternating(_FLUX, _RATE / _SIDE / 2, 12.5e3, _SIDE, 20.0)
    fins = 1 / exact.straight_fins(_WALLS, 100e-6, 100e-6, 300e-6, _STIFF) - 1 / 25e3
    values = {"end": model.solid(0.0) + fins * _FLUX, "middle": model.solid(_SIDE / 2) + fins * _FLUX}
    counts = (20, 40, 80)
    runs = [solve(_alternating(n)) for n in counts]
    for name, value in values.items():
        yield compare(f"solid at the {name}", runs[-1].probe(name), value, 2e-6, "degC", 1.0)
        errors = [run.probe(name) - value for run in runs]
        yield order_or_exact(f"order along the flow, {name}", [1 / n for n in counts], errors, 2.0, 2e-6)
    spread = runs[-1].probe("middle") - runs[-1].probe("end")
    yield compare("spread of the solid", spread, model.spread, 1e-5, "K")
    yield compare("outlet", runs[-1].outlet, model.streams(_SIDE)[0], 1e-6, "degC", 1.0)
    yield runs[-1].energy_row()
    yield from targeted(_alternating(None), values)


@dataclass(frozen=True)
class WaterPoint:
    """Properties of liquid water at 0.3 MPa, SI units."""

    celsius: float
    density: float
    specific_heat: float
    viscosity: float
    conductivity: float


def water_points() -> Sequence[WaterPoint]:
    """Return the published properties of water from the library's references."""
    table = np.loadtxt(library.packaged("references") / "water-iapws.csv", delimiter=",", skiprows=1)
    return [WaterPoint(*row) for row in table.tolist()]


@REGISTRY.case(
    "C15c", "Properties of liquid water at 0.3 MPa", "IAPWS-95; IAPWS R12-08 (viscosity); R15-11 (conductivity)"
)
def properties_of_water() -> Iterator[Row]:
    limits = {"density": 1e-3, "specific_heat": 1e-3, "viscosity": 1e-2, "conductivity": 5e-3}
    units = {"density": "kg/m^3", "specific_heat": "J/kg/K", "viscosity": "Pa*s", "conductivity": "W/m/K"}
    for place in water_points():
        found = load_coolant("water").at(place.celsius + 273.15)
        for name, limit in limits.items():
            given, published = float(getattr(found, name)), getattr(place, name)
            yield compare(f"{name}, {place.celsius:g} degC", given, published, limit, units[name])


@REGISTRY.case(
    "fins in channels", "Uniform heat into a covered channel layer: fins and bulk rise", "Incropera & DeWitt, sec. 3.6"
)
def fins_in_channels() -> Iterator[Row]:
    """Half way along, base = bulk + q / G with G of straight fins, exactly: along the flow all is linear."""
    coefficient, conductivity = 2e4, 148.0
    conductance = exact.straight_fins(coefficient, 100e-6, 100e-6, 300e-6, conductivity)
    value = 20 + 18e3 / _RATE / 2 + _FLUX / conductance
    solid = layer("", 1.0, (1e-9, 1e-9, conductivity))["material"]

    def tree(cells: int | None) -> Tree:
        bed = channels(
            cells=cells, wall_material=solid, heat_transfer={"coefficient": quantity(coefficient, "W/m^2/K")}
        )
        found: Tree = {
            "size": {"x": metres(_SIDE), "y": metres(_SIDE)},
            "layers": [layer("base", 100e-6, solid, 1), bed],
            "boundaries": {"bottom": flux(_FLUX)},
            "probes": {"base": point(0.0, _SIDE / 2, "base")},
        }
        return {**found, "cells": {"x": 1, "y": 160}} if cells else found

    counts = (2, 4, 8)
    runs = [solve(tree(n)) for n in counts]
    yield runs[-1].row("base half way along", "base", value, 1e-3, value - 20)
    yield observed_order("order up the fins", [1 / n for n in counts], [r.probe("base") - value for r in runs], 2.0)
    yield runs[-1].energy_row()
    yield from targeted(tree(None), {"base": value})


@REGISTRY.case("channel between dies", "Channels between two equally heated dies: half of the heat each", "symmetry")
def channel_between_dies() -> Iterator[Row]:
    """By symmetry the middle of the walls is adiabatic: fins of half the height with floor, q each side."""
    coefficient, conductivity = 2e4, 148.0
    conductance = exact.straight_fins(coefficient, 100e-6, 100e-6, 150e-6, conductivity)
    value = 20 + 18e3 / _RATE + _FLUX / conductance
    solid = layer("", 1.0, (1e-9, 1e-9, conductivity))["material"]
    tree: Tree = {
        "size": {"x": metres(_SIDE), "y": metres(_SIDE)},
        "cells": {"x": 1, "y": 40},
        "layers": [
            layer("lower", 100e-6, solid, 1),
            channels(cells=16, wall_material=solid, heat_transfer={"coefficient": quantity(coefficient, "W/m^2/K")}),
            layer("upper", 100e-6, solid, 1),
        ],
        "boundaries": {"bottom": flux(_FLUX), "top": flux(_FLUX)},
        "probes": {
            "lower": point(0.0, _SIDE / 2, "lower"),
            "upper": point(0.0, _SIDE / 2, "upper", "bottom"),
        },
    }
    found = solve(tree)
    yield found.row("lower die", "lower", value, 1e-3, value - 20)
    yield found.row("upper die", "upper", value, 1e-3, value - 20)
    yield compare("both dies alike", found.probe("lower"), found.probe("upper"), 1e-9, "degC", value - 20)
    yield found.energy_row()


@REGISTRY.case("manifold cell", "A manifold of equal pieces is one piece mirrored", "periodicity")
def manifold_cell() -> Iterator[Row]:
    """Four pieces of 10 mm fed by slots at 0, 20 and 40 mm against one pass of 10 mm at a quarter of the flow."""
    common: Tree = {"heat_transfer": {"coefficient": "2e4 W/m^2/K"}}
    slots = {"inlets": ["0 mm", "20 mm", "40 mm"], "outlets": ["10 mm", "30 mm"], "width": "0 mm"}

    def tree(length: float, flow: float, **changes: object) -> Tree:
        bed = channels(flow_rate=f"{flow!r} L/min", **common, **changes)
        return {
            "size": {"x": "10 mm", "y": metres(length)},
            "cells": {"x": 1, "y": int(length / 0.25e-3)},
            "layers": [layer("die", 0.4e-3, 130.0, 4), bed, layer("lid", 0.3e-3, 130.0, 2)],
            "sources": [{"layer": "die", "power": watts(1e6 * length * 0.01)}],
            "probes": {
                f"{place:g} mm": point(0.005, place * 1e-3, "die", "bottom")
                for place in (0.0, 5.0, 10.0, 20.0, 35.0)
                if place * 1e-3 <= length
            },
        }

    many, one = solve(tree(0.04, 0.8, slots=slots)), solve(tree(0.01, 0.2))
    rise = one.hottest - 20
    for place, mirror in ((0.0, 0.0), (5.0, 5.0), (10.0, 10.0), (20.0, 0.0), (35.0, 5.0)):
        reference = one.probe(f"{mirror:g} mm")
        yield compare(f"die at {place:g} mm", many.probe(f"{place:g} mm"), reference, 1e-8, "degC", rise)
    yield compare("outlet", many.outlet, one.outlet, 1e-8, "degC", rise)
    drops = [float(solution.found["coolant"]["pressure_drop_Pa"]) for solution in (many, one)]
    yield compare("pressure drop", drops[0], drops[1], 1e-8, "Pa")
    yield many.energy_row()


@REGISTRY.case(
    "crossflow", "Two unmixed streams that cross over a wall", "Mason, Proc. 2nd US Congr. Appl. Mech. (1954) 801"
)
def crossflow() -> Iterator[Row]:
    """Coolant films along x below and along y above; the heat from the mean drop through the wall."""
    for transfer_units, ratio in ((2.0, 1.0), (3.0, 0.5)):
        value = exact.crossflow(transfer_units, ratio)
        counts = (8, 16, 32)
        runs = [_crossing(transfer_units, ratio, n) for n in counts]
        effectiveness = [run[0] for run in runs]
        name = f"NTU {transfer_units:g}, Cr {ratio:g}"
        yield compare(f"effectiveness, {name}", effectiveness[-1], value, 1e-3)
        errors = [found - value for found in effectiveness]
        yield observed_order(f"order in the plane, {name}", [1 / n for n in counts], errors, 2.0)
        yield runs[-1][1].energy_row(name)


def _crossing(transfer_units: float, ratio: float, cells: int) -> tuple[float, Solution]:
    """Hot stream of C_min along x below, cold one along y above, a wall that conducts only through itself."""
    side, thickness, rate = 0.1, 1e-3, 100.0
    resistance = side**2 / (transfer_units * rate)
    whole = rectangle((0.0, side), (0.0, side))
    tree = {
        "size": {"x": metres(side), "y": metres(side)},
        "cells": {"x": cells, "y": cells},
        "layers": [layer("wall", thickness, (1e-9, 1e-9, 2 * thickness / resistance), 1)],
        "boundaries": {
            "bottom": stream(4 / resistance, rate, 80.0, axis="x"),
            "top": stream(4 / resistance, rate / ratio, 20.0),
        },
        "probes": {face: {"mean": whole, "layer": "wall", "face": face} for face in ("bottom", "top")},
    }
    found = solve(tree)
    heat = (found.probe("bottom") - found.probe("top")) / (resistance / 2) * side**2
    return heat / (rate * 60), found


@REGISTRY.case(
    "single blow", "A body warmed by a stream: the packed bed of Schumann", "Schumann, J. Franklin Inst. 208 (1929) 405"
)
def single_blow() -> Iterator[Row]:
    """Ts and Tf obey dTf/dX = Ts - Tf, dTs/dt = Tf - Ts; by Laplace inversion of exp(-X s/(s+1)) / (s (s+1))."""
    side, thickness, capacity, conductance = 0.1, 1e-3, 2e6, 4000.0
    units = 3.0
    rate = conductance * side**2 / units
    second = thickness * capacity / conductance
    times = (0.5, 1.5, 4.0)
    through = 1e5
    film_ = 1 / (1 / conductance - thickness / through / 3)
    probes = {f"{share:g} of the way": point(0.05, share * side, "bed") for share in (0.0, 0.5, 1.0)}
    counts = (16, 32, 64)
    runs = [
        solve(
            {
                "size": {"x": metres(side), "y": metres(side)},
                "cells": {"x": 1, "y": n},
                "layers": [layer("bed", thickness, (1e-9, 1e-9, through), 1, volumetric=capacity)],
                "boundaries": {"top": stream(film_, rate, 100.0)},
                "transient": transient(4 * second, second / 50, 0.0, [t * second for t in times]),
                "probes": probes,
            }
        )
        for n in counts
    ]
    for number, time in enumerate(times):
        for share in (0.0, 0.5, 1.0):
            value = 100 * invert(lambda s, x=units * share: np.exp(-x * s / (s + 1)) / (s * (s + 1)), time)
            name = f"{share:g} of the way"
            yield runs[-1].row(f"bed {name}, {time:g} time constants", name, value, 1e-3, 100.0, number)
    yield runs[-1].energy_row()
    value = 100 * invert(lambda s: np.exp(-units * s / (s + 1)) / (s * (s + 1)), 1.5)
    errors = [run.probe("1 of the way", 1) - value for run in runs]
    yield observed_order("order along the flow", [1 / n for n in counts], errors, 2.0)


@REGISTRY.case("pressure drop", "Friction of developed flow in straight channels", "Shah & London (1978), ch. VII")
def pressure_drop() -> Iterator[Row]:
    """dp = 2 f Re mu L u / D_h^2 with f Re of a spectral element; no entrance loss at a fixed coefficient."""
    from twin.vv.exact_ducts import rectangular_duct

    tree = {
        "size": {"x": "10 mm", "y": "10 mm"},
        "cells": {"x": 2, "y": 4},
        "layers": [
            layer("die", 0.4e-3, 130.0, 1),
            channels(flow_rate="0.3 L/min", heat_transfer={"coefficient": "2e4 W/m^2/K"}),
        ],
        "sources": [{"layer": "die", "power": "50 W"}],
    }
    found = solve(tree)
    duct = rectangular_duct(100e-6, 300e-6)
    speed = 0.3e-3 / 60 / (50 * 100e-6 * 300e-6)
    drop = 2 * duct.friction * 1e-3 * 0.01 * speed / (150e-6) ** 2
    yield compare("pressure drop", float(found.found["coolant"]["pressure_drop_Pa"]), drop, 1e-6, "Pa")
    reynolds = 998 * speed * 150e-6 / 1e-3
    yield compare("Reynolds number", float(found.found["coolant"]["reynolds"]), reynolds, 1e-9)
