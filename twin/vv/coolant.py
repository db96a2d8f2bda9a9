"""Coolant along walls: bulk rise, exchangers, fins in channels, bodies that a stream warms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from twin.thermal.exchangers import counterflow_effectiveness, parallel_effectiveness
from twin.vv import exact_streams as exact
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
)

REGISTRY = Registry("coolant")

INCROPERA = "Incropera & DeWitt, sec. 8.3"

KAYS = "Kays & London, Compact Heat Exchangers"

WATER: Tree = {
    "density": "998 kg/m^3", "specific_heat": "4182 J/kg/K", "conductivity": "0.6 W/m/K", "viscosity": "1 mPa*s",
}  # fmt: skip

SIDE = 0.215

RATE = 998 * 4182 * 40 / 60e3
"""Heat capacity rate of 40 L/min of that water in W/K."""

FLUX = 18e3 / SIDE**2

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


def channels(thickness: float = 300e-6, cells: int | None = 4, **changes: Any) -> Tree:
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
    rise = 18e3 / RATE
    for name, changes in _KINDS.items():
        tree = {
            "size": {"x": metres(SIDE), "y": metres(SIDE)},
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
            sizes = [1 / n for n in counts]
            yield order_or_exact(f"order along the flow, {name}, Cr {ratio:g}", sizes, errors, 2.0, 1e-8)
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
    "fins in channels", "Uniform heat into a covered channel layer: fins and bulk rise", "Incropera & DeWitt, sec. 3.6"
)
def fins_in_channels() -> Iterator[Row]:
    """Half way along, base = bulk + q / G with G of straight fins, exactly: along the flow all is linear."""
    coefficient, conductivity = 2e4, 148.0
    conductance = exact.straight_fins(coefficient, 100e-6, 100e-6, 300e-6, conductivity)
    value = 20 + 18e3 / RATE / 2 + FLUX / conductance
    solid = layer("", 1.0, (1e-9, 1e-9, conductivity))["material"]

    def tree(cells: int | None) -> Tree:
        bed = channels(
            cells=cells, wall_material=solid, heat_transfer={"coefficient": quantity(coefficient, "W/m^2/K")}
        )
        found: Tree = {
            "size": {"x": metres(SIDE), "y": metres(SIDE)},
            "layers": [layer("base", 100e-6, solid, 1), bed],
            "boundaries": {"bottom": flux(FLUX)},
            "probes": {"base": point(0.0, SIDE / 2, "base")},
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
    value = 20 + 18e3 / RATE + FLUX / conductance
    solid = layer("", 1.0, (1e-9, 1e-9, conductivity))["material"]
    tree: Tree = {
        "size": {"x": metres(SIDE), "y": metres(SIDE)},
        "cells": {"x": 1, "y": 40},
        "layers": [
            layer("lower", 100e-6, solid, 1),
            channels(cells=16, wall_material=solid, heat_transfer={"coefficient": quantity(coefficient, "W/m^2/K")}),
            layer("upper", 100e-6, solid, 1),
        ],
        "boundaries": {"bottom": flux(FLUX), "top": flux(FLUX)},
        "probes": {
            "lower": point(0.0, SIDE / 2, "lower"),
            "upper": point(0.0, SIDE / 2, "upper", "bottom"),
        },
    }
    found = solve(tree)
    yield found.row("lower die", "lower", value, 1e-3, value - 20)
    yield found.row("upper die", "upper", value, 1e-3, value - 20)
    yield compare("both dies alike", found.probe("lower"), found.probe("upper"), 1e-9, "degC", value - 20)
    yield found.energy_row()


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
            value = 100 * exact.schumann_bed(units * share, time)
            name = f"{share:g} of the way"
            yield runs[-1].row(f"bed {name}, {time:g} time constants", name, value, 1e-3, 100.0, number)
    yield runs[-1].energy_row()
    value = 100 * exact.schumann_bed(units, 1.5)
    errors = [run.probe("1 of the way", 1) - value for run in runs]
    yield observed_order("order along the flow", [1 / n for n in counts], errors, 2.0)
