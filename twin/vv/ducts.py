"""Developed laminar flow and heat in rectangular ducts: finite elements and correlations."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from twin.constants import ZERO_CELSIUS
from twin.fe.duct import Duct, rectangular_duct
from twin.fe.section import graded
from twin.fe.uniform_flux import nusselt_h2
from twin.spec.channel import Channel
from twin.spec.documents import validate
from twin.thermal import correlations
from twin.thermal.channel import outcome, solve_channel
from twin.vv import exact_ducts as exact
from twin.vv.exact_streams import straight_fins
from twin.vv.rows import Registry, Row, compare, observed_order
from twin.vv.stacks import Tree, metres, quantity

REGISTRY = Registry("ducts")

SHAH = "Shah & London, Laminar Flow Forced Convection in Ducts (1978), chs. II, III, VII"
DUCTS = {"1": (1.0, 1.0), "1/2": (1.0, 2.0), "1/4": (1.0, 4.0), "1/8": (1.0, 8.0), "57/180": (57.0, 180.0),
         "50/302": (50.0, 302.0)}  # fmt: skip
_CELLS = 8
_RESOLVED, _TABLE = 2e-3, 1e-3


@REGISTRY.case("C08c", "Rectangular ducts: f Re, Nu of three conditions, K(inf), covered ducts", SHAH)
def rectangular_ducts() -> Iterator[Row]:
    """Resolved by finite elements (0.2 %, Nu 0.5 %) and by the series of the correlations (0.1 %)."""
    for name, (width, height) in DUCTS.items():
        duct = rectangular_duct(width, height, _CELLS)
        reference = exact.rectangular_duct(width, height)
        short, long = exact.covered_duct(width, height), exact.covered_duct(height, width)
        yield compare(f"f Re, {name}", duct.friction_factor_reynolds, reference.friction, _RESOLVED)
        yield compare(f"Nu_H1, {name}", duct.nusselt_h1, reference.nusselt_h1, 5e-3)
        yield compare(f"Nu_T, {name}", duct.nusselt_t, reference.nusselt_t, 5e-3)
        yield compare(f"Nu_H2, {name}", nusselt_h2(duct), reference.nusselt_h2, 5e-3)
        yield compare(f"K(inf), {name}", duct.entrance_loss, reference.entrance_loss, 5e-3)
        yield compare(f"Nu_H1, short wall adiabatic, {name}", duct.nusselt_h1_three_sided, short, 5e-3)
        lying = rectangular_duct(height, width, _CELLS)
        yield compare(f"Nu_H1, long wall adiabatic, {name}", lying.nusselt_h1_three_sided, long, 5e-3)
        series = {
            "f Re": (correlations.friction_factor_reynolds(width, height), reference.friction),
            "Nu_H1": (correlations.nusselt_four_sided(width, height), reference.nusselt_h1),
            "Nu_H1, short wall adiabatic": (correlations.nusselt_three_sided(width, height), short),
            "Nu_H1, long wall adiabatic": (correlations.nusselt_three_sided(height, width), long),
            "K(inf)": (correlations.entrance_loss(width, height), reference.entrance_loss),
        }
        for quantity_, (found, value) in series.items():
            yield compare(f"{quantity_}, {name}, correlation", found, value, _TABLE)
    yield from _plates()


_TALL = (300.0, 1000.0)
"""Heights over width of two ducts that lead to parallel plates: what their ends add falls as one over it."""


def _plates() -> Iterator[Row]:
    plates = exact.parallel_plates()
    low, high = (_tall_duct(height) for height in _TALL)
    names = {"f Re": "friction_factor_reynolds", "Nu_T": "nusselt_t", "Nu_H": "nusselt_h1", "K(inf)": "entrance_loss"}
    values = (plates.friction, plates.nusselt_t, plates.nusselt_h1, plates.entrance_loss)
    for (label, name), value in zip(names.items(), values, strict=True):
        found = (_TALL[1] * getattr(high, name) - _TALL[0] * getattr(low, name)) / (_TALL[1] - _TALL[0])
        yield compare(f"{label}, parallel plates", found, value, _RESOLVED, note="extrapolated from 1:300 and 1:1000")


def _tall_duct(height: float) -> Duct:
    """A duct of width 1, cells doubling from its ends to its middle."""
    sizes = 0.05 * 2.0 ** np.arange(int(np.log2(10 * height)) + 1)
    half = np.concatenate([[0.0], np.cumsum(sizes)])
    half *= 0.5 * height / half[-1]
    up = np.concatenate([half, (height - half)[-2::-1]])
    return Duct(graded(0.0, 0.5, _CELLS, 3.0, towards="start"), up)


@REGISTRY.case("duct orders", "Order of friction and Nusselt numbers on graded meshes", SHAH)
def duct_orders() -> Iterator[Row]:
    """Biquadratic elements give functionals of order 4 once the mesh is graded into the corners."""
    reference = exact.rectangular_duct(1.0, 2.0)
    counts = (3, 6, 12)
    ducts = [rectangular_duct(1.0, 2.0, n) for n in counts]
    for name, value in (("friction_factor_reynolds", reference.friction), ("nusselt_h1", reference.nusselt_h1)):
        errors = [getattr(duct, name) - value for duct in ducts]
        yield observed_order(f"order of {name}", [1 / n for n in counts], errors, 4.0)


@REGISTRY.case("duct mirrored", "Width and height exchanged give the same duct", "symmetry")
def mirrored_duct() -> Iterator[Row]:
    """One mesh line on the floor plays the part of the one on the wall."""
    for width, height in ((1.0, 3.0), (2.0, 5.0)):
        lines = graded(0.0, 0.5 * height, 12, 3.0, towards="start")
        upright = rectangular_duct(width, height, 12)
        lying = Duct(lines, graded(0.0, width, 24, 3.0, towards="both"))
        yield compare(f"f Re, {width:g} x {height:g}", lying.friction_factor_reynolds,
                      upright.friction_factor_reynolds, 1e-4)  # fmt: skip
        yield compare(f"Nu_T, {width:g} x {height:g}", lying.nusselt_t, upright.nusselt_t, 1e-4)


def channel_cell(**changes: object) -> Tree:
    """Return a channel file of the wafer's proportions."""
    tree: Tree = {
        "kind": "channel",
        "channel": {"width": "100 um", "height": "300 um", "wall": "100 um", "base": "100 um", "cover": "0 um"},
        "wall_material": {"conductivity": "148 W/m/K", "density": "2330 kg/m^3", "specific_heat": "700 J/kg/K"},
        "coolant": {"density": "998 kg/m^3", "specific_heat": "4182 J/kg/K", "conductivity": "0.6 W/m/K",
                    "viscosity": "1 mPa*s"},
        "inlet_temperature": "20 degC",
        "heat_flux": "40 W/cm^2",
        "velocity": "1 m/s",
        "length": "10 mm",
        **changes,
    }  # fmt: skip
    return tree


def solved_channel(**changes: object) -> Tree:
    """Return what `twin channel --json` gives for a cell with changes."""
    channel = validate(channel_cell(**changes), Channel, "cell.yaml")
    assert isinstance(channel, Channel)
    return outcome(solve_channel(channel))


@REGISTRY.case("conducting walls", "Walls that conduct perfectly: the cell's resistance is that of Nu_H1", SHAH)
def conducting_walls() -> Iterator[Row]:
    """q pitch = Nu_H1 k / D_h (P - cover) (T_w - T_b): one wall temperature around the channel."""
    shape = {"width": "100 um", "height": "300 um", "wall": "100 um", "base": "100 um", "cover": "50 um"}
    metal = {"conductivity": "1e7 W/m/K", "density": "2330 kg/m^3", "specific_heat": "700 J/kg/K"}
    found = solved_channel(channel=shape, wall_material=metal)
    duct = exact.rectangular_duct(100e-6, 300e-6)
    coefficient = duct.nusselt_h1 * 0.6 / 150e-6
    resistance = 200e-6 / (coefficient * 800e-6)
    note = f"estimate {found['error_estimate']:.1e}"
    yield compare("resistance", found["resistance_m2K_W"], resistance, 1e-3, "m^2*K/W", note=note)
    bulk = found["bulk_temperature_K"][-1] - found["bulk_temperature_K"][0]
    yield compare("bulk rise", bulk, 40e4 * 200e-6 * 0.01 / (998 * 4182 * 3e-8), 1e-9, "K")
    drop = 2 * duct.friction * 1e-3 * 1.0 * 0.01 / (150e-6) ** 2
    yield compare("pressure drop", found["pressure_drop_Pa"], drop, 1e-3, "Pa")
    entrance = duct.entrance_loss * 998 / 2
    yield compare("entrance pressure drop", found["entrance_pressure_drop_Pa"], entrance, 5e-3, "Pa")


@REGISTRY.case("slender fins", "Cell of slender walls against the fin of one dimension", "Incropera & DeWitt, sec. 3.6")
def slender_fins() -> Iterator[Row]:
    """A thin, stiff wall is a fin; the fin takes one coefficient around the channel, the cell has its own: 10 %."""
    found = solved_channel()
    coefficient = exact.covered_duct(100e-6, 300e-6) * 0.6 / 150e-6
    fins = 100e-6 / 148 + 1 / straight_fins(coefficient, 100e-6, 100e-6, 300e-6, 148.0)
    yield compare("resistance", found["resistance_m2K_W"], fins, 0.1, "m^2*K/W")
    h1 = exact.rectangular_duct(100e-6, 300e-6).nusselt_h1 * 0.6 / 150e-6
    reach = math.sqrt(2 * h1 / (148 * 100e-6)) * 300e-6
    yield compare("fin efficiency", found["fin_efficiency"], math.tanh(reach) / reach, 1e-3)


@REGISTRY.case("developing cell", "Along the channel the resistance tends to the developed one", SHAH)
def developing_cell() -> Iterator[Row]:
    """Far from the inlet both models are one; energy closes along the channel."""
    slow = {"velocity": "0.2 m/s", "length": "20 mm"}
    developed, developing = solved_channel(**slow), solved_channel(**slow, model="developing")
    resistance = developed["resistance_m2K_W"]
    yield compare("resistance far from the inlet", developing["resistance_m2K_W"], resistance, 5e-3, "m^2*K/W")
    rise = developing["bulk_temperature_K"][-1] - 20 - ZERO_CELSIUS
    yield compare("bulk rise", rise, 40e4 * 200e-6 * 0.02 / (998 * 4182 * 0.2 * 3e-8), 1e-8, "K")


@REGISTRY.case(
    "thermal entrance", "Local Nusselt number towards the inlet: Leveque's limit", "Shah & London (1978), ch. III"
)
def thermal_entrance() -> Iterator[Row]:
    """Nu = 0.5167 (f Re Gz)^(1/3) of the correlation at large Graetz numbers, C = Gamma(2/3) / 18^(1/3)."""
    friction, developed = 24.0, 140 / 17
    for graetz in (1e4, 1e6):
        found = float(correlations.nusselt_entrance(developed, friction, graetz))
        limit = math.gamma(2 / 3) / 18 ** (1 / 3) * (friction * graetz) ** (1 / 3)
        yield compare(f"Nu at Gz {graetz:g}", found, limit, 5e-3)
    yield compare("Nu far downstream", float(correlations.nusselt_entrance(developed, friction, 1e-9)), developed, 1e-9)


def cell_size(width: float, height: float, wall: float, base: float, cover: float) -> Tree:
    """Return the lengths of a cell in m."""
    names = ("width", "height", "wall", "base", "cover")
    return {name: metres(value) for name, value in zip(names, (width, height, wall, base, cover), strict=True)}


def silicon(conductivity: float = 148.0) -> Tree:
    """Return silicon of a conductivity in W/m/K."""
    return {
        "conductivity": quantity(conductivity, "W/m/K"),
        "density": "2330 kg/m^3",
        "specific_heat": "700 J/kg/K",
    }
