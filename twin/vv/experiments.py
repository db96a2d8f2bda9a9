"""Published experiments: microchannel heat sinks, with the published tables quoted at second hand."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping

from twin import library
from twin.thermal import correlations
from twin.vv import exact_ducts, exact_streams
from twin.vv.ducts import cell_size, silicon, solved_channel
from twin.vv.rows import Registry, Row, compare
from twin.vv.stacks import Solution, Tree, flux, layer, metres, point, quantity, solve

REGISTRY = Registry("experiments")

TUCKERMAN = "Tuckerman & Pease, IEEE Electron Device Letters 2 (1981) 126-129, quoted at second hand"
KAWANO = "Kawano et al., ASME HTD-361-3 (1998) 173; Qu & Mudawar, Int. J. Heat Mass Transfer 45 (2002) 3973"
SECOND_HAND = "the paper's table is quoted at second hand"
BAND = 0.2
"""Band of the measured resistance; no coefficient is fitted."""

_PASCAL_PER_PSI = 6894.757293168
_K_CM2 = 1e4
"""K cm2/W in one m2 K/W."""

_SIDE, _WIDTH, _WALL, _DEPTH, _BASE = 0.01, 50e-6, 50e-6, 302e-6, 98e-6
_CONDUCTIVITY, _FLUX = 148.0, 790e4
_WATER = {"density": 997.0, "specific_heat": 4180.0, "conductivity": 0.61, "viscosity": 0.90e-3}
_WARM_VISCOSITY = 0.734e-3
_UNITS = {"density": "kg/m^3", "specific_heat": "J/kg/K", "conductivity": "W/m/K", "viscosity": "Pa*s"}


def _coolant(values: Mapping[str, float]) -> Tree:
    return {name: quantity(value, _UNITS[name]) for name, value in values.items()}


def measured() -> list[dict[str, str]]:
    """Return what was reported of the heat sink of 1981: the same sink at two flows, by source."""
    with (library.packaged("references") / "tuckerman-pease-1981.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def heat_sink(flow: float, heat_transfer: str | Tree, viscosity: float = _WATER["viscosity"]) -> Solution:
    """Solve the heat sink at a flow in m3/s: base below, channels on top under a cover that takes no heat."""
    water = {**_WATER, "viscosity": viscosity}
    bed = {
        "name": "channels", "thickness": metres(_DEPTH), "cells": 24,
        "microchannels": {
            "width": metres(_WIDTH), "wall": metres(_WALL), "wall_material": silicon(_CONDUCTIVITY),
            "coolant": _coolant(water), "inlet_temperature": "23 degC", "flow_rate": quantity(flow, "m^3/s"),
            "heat_transfer": heat_transfer,
        },
    }  # fmt: skip
    return solve(
        {
            "size": {"x": metres(_SIDE), "y": metres(_SIDE)},
            "cells": {"x": 1, "y": 160},
            "layers": [layer("base", _BASE, _CONDUCTIVITY, 4), bed],
            "boundaries": {"bottom": flux(_FLUX)},
            "probes": {
                "outlet": point(0.005, _SIDE, "base", "bottom"),
                "floor": point(0.005, _SIDE / 2, "base"),
            },
        }
    )


def _resistance(solution: Solution) -> float:
    """Highest rise of the heated face over the inlet per flux, K cm2/W."""
    return (solution.hottest - 23) / _FLUX * _K_CM2


@REGISTRY.case("C08e", "Tuckerman & Pease 1981: fin model and measurement", TUCKERMAN)
def tuckerman_and_pease() -> Iterator[Row]:
    """R = t/k + pitch / (h (w + 2 eta H)) + 1 / (rho cp Q) with h = Nu k / D_h, 100 channels on 1 cm2."""
    flow = 8.6e-6
    diameter = 2 * _WIDTH * _DEPTH / (_WIDTH + _DEPTH)
    speed = flow / (100 * _WIDTH * _DEPTH)
    nusselt = exact_ducts.rectangular_duct(_WIDTH, _DEPTH).nusselt_h1
    caloric = _K_CM2 * _SIDE**2 / (_WATER["density"] * _WATER["specific_heat"] * flow)
    base = _K_CM2 * _BASE / _CONDUCTIVITY
    for name, number in (("developed Nu_H1", nusselt), ("Nu = 6", 6.0)):
        found = heat_sink(flow, {"nusselt": repr(number)})
        coefficient = number * _WATER["conductivity"] / diameter
        convective = _K_CM2 / exact_streams.straight_fins(coefficient, _WIDTH, _WALL, _DEPTH, _CONDUCTIVITY)
        total = base + convective + caloric
        note = "0.0806 by the fin model of one dimension; the stack conducts along the flow as well"
        yield compare(f"fin model, {name}", _resistance(found), total, 0.02, "K*cm^2/W", note=note)
        middle = (found.probe("floor") - 23) / _FLUX * _K_CM2 - caloric / 2
        yield compare(f"convective part, {name}", middle, convective, 5e-3, "K*cm^2/W")
        efficiency = correlations.fin_efficiency(coefficient, _WALL, _DEPTH, _CONDUCTIVITY)
        pitch = _WIDTH + _WALL
        from_fins = (pitch * _K_CM2 / convective / coefficient - _WIDTH) / (2 * _DEPTH)
        yield compare(f"fin efficiency, {name}", efficiency, from_fins, 1e-10)
        yield compare(f"caloric part, {name}", (found.outlet - 23) / _FLUX * _K_CM2, caloric, 1e-8, "K*cm^2/W")
        if name == "developed Nu_H1":
            note = "measured 71 K (at second hand)"
            yield compare("rise at the outlet at 790 W/cm2", found.hottest - 23, total * 790, 0.02, "K", note=note)
        yield found.energy_row()
    yield compare("fin efficiency at m H = 1", correlations.fin_efficiency(0.5, 1.0, 1.0, 1.0), 0.761594156, 1e-8)
    yield from _hydraulics(flow, speed, diameter)
    yield from _against_measurement(nusselt)


def _hydraulics(flow: float, speed: float, diameter: float) -> Iterator[Row]:
    """Reynolds number and pressure drop; what was measured stands in the notes, without a band."""
    duct = exact_ducts.rectangular_duct(_WIDTH, _DEPTH)
    found = heat_sink(flow, {"nusselt": "6"})
    reynolds = _WATER["density"] * speed * diameter / _WATER["viscosity"]
    yield compare("Reynolds number", float(found.found["coolant"]["reynolds"]), reynolds, 1e-9)
    friction = 2 * duct.friction * _WATER["viscosity"] * _SIDE * speed / diameter**2
    drop = float(found.found["coolant"]["pressure_drop_Pa"])
    notes = "; ".join(f"reported {row['pressure_drop_kPa']} kPa at {row['flow_cm3_s']} cm3/s" for row in measured())
    note = f"{notes}: shown without band, viscosity falls by a fifth towards the outlet; {SECOND_HAND}"
    yield compare("friction", drop / _PASCAL_PER_PSI, friction / _PASCAL_PER_PSI, 1e-6, "psi", note=note)
    warm = heat_sink(flow, {"nusselt": "6"}, _WARM_VISCOSITY)
    drop = float(warm.found["coolant"]["pressure_drop_Pa"])
    friction_warm = friction * _WARM_VISCOSITY / _WATER["viscosity"]
    name = "friction, viscosity at 34 degC, the mean of the coolant"
    yield compare(name, drop / _PASCAL_PER_PSI, friction_warm / _PASCAL_PER_PSI, 1e-6, "psi", note=note)
    developing = heat_sink(flow, "correlation")
    entrance = duct.entrance_loss * _WATER["density"] * speed**2 / 2
    drop = float(developing.found["coolant"]["pressure_drop_Pa"])
    yield compare("friction and entrance", drop / _PASCAL_PER_PSI, (friction + entrance) / _PASCAL_PER_PSI, 0.05, "psi",
                  note=note)  # fmt: skip


def _against_measurement(nusselt: float) -> Iterator[Row]:
    """Measured resistance at both reported flows: developed Nusselt number, and developing flow."""
    for row in measured():
        flow, resistance = float(row["flow_cm3_s"]), float(row["resistance_K_cm2_W"])
        models: dict[str, str | Tree] = {
            "developed Nu_H1": {"nusselt": repr(nusselt)},
            "developing flow": "correlation",
        }
        for name, heat_transfer in models.items():
            found = _resistance(heat_sink(flow * 1e-6, heat_transfer))
            note = (
                f"{found / resistance - 1:+.1%} of the measured value at {flow:g} cm3/s ({row['where']}); {SECOND_HAND}"
            )
            yield compare(f"measured, {flow:g} cm3/s, {name}", found, resistance, BAND, "K*cm^2/W", note=note)


_PLACE = 0.9
"""Where along the channel the codes are compared."""
_KAWANO = {"density": 998.0, "specific_heat": 4182.0, "conductivity": 0.6, "viscosity": 1e-3}


@REGISTRY.case("C08g", "Kawano 1998, Qu & Mudawar 2002: code to code", KAWANO)
def kawano() -> Iterator[Row]:
    """100 channels of 57 x 180 um on 1 cm2 at Re 140, 90 W/cm2: layered stack against the resolved cell."""
    width, height, pitch, length, heat = 57e-6, 180e-6, 100e-6, 0.01, 90e4
    diameter = 2 * width * height / (width + height)
    speed = 140 * _KAWANO["viscosity"] / _KAWANO["density"] / diameter
    per_channel = speed * width * height
    rise = heat * pitch * length / (_KAWANO["density"] * per_channel * _KAWANO["specific_heat"])
    cell = {
        "channel": cell_size(width, height, pitch - width, 270e-6, 450e-6), "wall_material": silicon(),
        "coolant": _coolant(_KAWANO), "heat_flux": quantity(heat, "W/m^2"), "reynolds": 140, "length": metres(length),
    }  # fmt: skip
    cell["velocity"] = None
    resolved = {model: solved_channel(**cell, model=model) for model in ("developed", "developing")}
    duct = exact_ducts.rectangular_duct(width, height)
    developed = resolved["developed"]
    yield compare("hydraulic diameter", developed["hydraulic_diameter_m"], diameter, 1e-12, "m")
    found = solve(_kawano_stack(width, height, pitch, length, heat, per_channel))
    yield compare("caloric rise", found.outlet - 20, rise, 1e-8, "K")
    bulk = developed["bulk_temperature_K"]
    yield compare("caloric rise of the cell", bulk[-1] - bulk[0], rise, 1e-8, "K")
    friction = 2 * duct.friction * _KAWANO["viscosity"] * length * speed / diameter**2
    yield compare("friction", developed["pressure_drop_Pa"], friction, 2e-3, "Pa")
    # Just before the outlet, where the cover's and the base's ends draw on nothing yet.
    bulk_there = 20 + _PLACE * rise
    over_bulk = (found.probe("base") - bulk_there) / heat * _K_CM2
    for model, values in resolved.items():
        resistance = values["resistance_m2K_W"] * _K_CM2
        note = f"estimate of the cell {values['error_estimate']:.1e}; published agreement of codes and experiment 10 %"
        yield compare(f"resistance over the bulk, layered stack against {model} cell", over_bulk, resistance, 0.1,
                      "K*cm^2/W", note=note)  # fmt: skip
        whole = resistance + _PLACE * rise / heat * _K_CM2
        stack = (found.probe("base") - 20) / heat * _K_CM2
        yield compare(f"resistance over the inlet, layered stack against {model} cell", stack, whole, 0.1, "K*cm^2/W")
    yield found.energy_row()


def _kawano_stack(width: float, height: float, pitch: float, length: float, heat: float, flow: float) -> Tree:
    bed = {
        "name": "channels", "thickness": metres(height), "cells": 16,
        "microchannels": {
            "width": metres(width), "wall": metres(pitch - width), "wall_material": silicon(),
            "coolant": _coolant(_KAWANO), "inlet_temperature": "20 degC",
            "flow_rate": quantity(flow * length / pitch, "m^3/s"),
        },
    }  # fmt: skip
    return {
        "size": {"x": metres(length), "y": metres(length)},
        "cells": {"x": 1, "y": 100},
        "layers": [layer("base", 270e-6, 148.0, 4), bed, layer("cover", 450e-6, 148.0, 4)],
        "boundaries": {"bottom": flux(heat)},
        "probes": {"base": point(length / 2, _PLACE * length, "base", "bottom")},
    }
