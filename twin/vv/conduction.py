"""Steady conduction through layers: slabs, the stack of a wafer, contacts."""

from __future__ import annotations

from collections.abc import Iterator

from twin.vv import exact_conduction as exact
from twin.vv.exact_layers import Layered, Slab, isotropic, response
from twin.vv.rows import Registry, Row, compare
from twin.vv.stacks import Tree, celsius, column, film, held, layer, metres, point, solve, watts

REGISTRY = Registry("conduction")

INCROPERA = "Incropera & DeWitt, Fundamentals of Heat and Mass Transfer, secs. 3.1 and 3.5"

_SIDE = 1e-3


def _generating_slab(boundaries: Tree, split: float, thickness: float = 1e-3) -> Tree:
    """A slab of k = 120 W/m/K with 4e8 W/m3, cut in two so that a face lies at `split`."""
    parts = {"lower": split, "upper": thickness - split}
    return {
        **column(_SIDE),
        "layers": [layer(name, t, 120.0, 1) for name, t in parts.items()],
        "boundaries": boundaries,
        "sources": [{"layer": name, "power": watts(4e8 * t * _SIDE**2)} for name, t in parts.items()],
        "probes": {
            "low": point(0.0, 0.0, "lower", "bottom"),
            "split": point(0.3e-3, 1e-3, "lower"),
            "high": point(0.0, 0.0, "upper"),
        },
    }


@REGISTRY.case("C01a", "Slab with uniform generation", "Incropera & DeWitt, sec. 3.5; Carslaw & Jaeger, sec. 3.2")
def generating_slab() -> Iterator[Row]:
    """T = Ts + g x (L - x) / 2k between fixed faces; films add g L / 2h; unequal films move the maximum."""
    fixed = solve(_generating_slab({"bottom": held(20.0), "top": held(20.0)}, 0.5e-3))
    yield fixed.row("fixed faces: centre", "split", 20 + 4e8 * 1e-6 / (8 * 120), 1e-8, 4e8 * 1e-6 / (8 * 120))
    yield fixed.energy_row()
    equal = solve(_generating_slab({"bottom": film(25e3, 20.0), "top": film(25e3, 20.0)}, 0.5e-3))
    _, _, _, centre = exact.slab_between_films(1e-3, 120.0, 4e8, (25e3, 20.0), (25e3, 20.0))
    yield equal.row("equal films: centre", "split", centre, 1e-8, centre - 20)
    low, high, place, largest = exact.slab_between_films(1e-3, 120.0, 4e8, (25e3, 20.0), (500.0, 35.0))
    unequal = solve(_generating_slab({"bottom": film(25e3, 20.0), "top": film(500.0, 35.0)}, place))
    yield unequal.row("unequal films: lower face", "low", low, 1e-8, low - 20)
    yield unequal.row("unequal films: upper face", "high", high, 1e-8, high - 20)
    yield unequal.row("unequal films: maximum", "split", largest, 1e-8, largest - 20)
    from_heat = 25e3 * (unequal.probe("low") - 20) / 4e8
    yield compare("unequal films: place of the maximum, from the heat below", from_heat, place, 1e-8, "m")
    yield unequal.energy_row()


WAFER_AREA = 0.215**2

WAFER_FLUX = 18e3 / WAFER_AREA

_DEVICES = 15e-6


def wafer_layers(maximum: float) -> list[Tree]:
    """Return the six layers, the devices cut in two at their maximum."""
    return [
        layer("cold plate", 3e-3, 390.0, 1),
        layer("interface", 50e-6, 4.0, 1),
        layer("silicon", 775e-6, 120.0, 1, contact=1e-6),
        layer("devices", maximum, 2.0, 1),
        layer("devices above", _DEVICES - maximum, 2.0, 1),
        layer("elastomer", 300e-6, 0.8, 1),
        layer("board", 3e-3, 0.5, 1),
    ]


def wafer_stack() -> tuple[Tree, dict[str, float]]:
    """Return the stack at 18 kW and its exact heats (W/m2), resistance (m2 K/W) and temperatures (degC).

    q_b = (Ta - Tc + q (R_t + d/2k)) / (R_b + R_t + d/k), a parabola in the devices.
    """
    below = 1 / 25e3 + 3e-3 / 390 + 50e-6 / 4 + 1e-6 + 775e-6 / 120
    above = 1 / 15 + 300e-6 / 0.8 + 3e-3 / 0.5
    own = _DEVICES / 2.0
    down = (30 - 20 + WAFER_FLUX * (above + own / 2)) / (below + above + own)
    maximum = down / WAFER_FLUX * _DEVICES
    base = 20 + down * below
    found = {
        "down": down, "up": WAFER_FLUX - down, "below": below, "maximum": maximum, "interface": base,
        "back": base - down * 775e-6 / 120, "hottest": base + down * maximum / (2 * 2.0),
        "board": 30 + (WAFER_FLUX - down) / 15,
    }  # fmt: skip
    shares = {"devices": maximum / _DEVICES, "devices above": 1 - maximum / _DEVICES}
    tree = {
        "size": {"x": "215 mm", "y": "215 mm"},
        "cells": {"x": 2, "y": 2},
        "layers": wafer_layers(maximum),
        "boundaries": {"bottom": film(25e3, 20.0), "top": film(15.0, 30.0)},
        "sources": [{"layer": name, "power": watts(18e3 * share)} for name, share in shares.items()],
        "probes": {
            "cold face": point(0.1, 0.1, "cold plate", "bottom"),
            "back": point(0.107, 0.031, "silicon", "bottom"),
            "interface": point(0.0, 0.215, "silicon"),
            "hottest": point(0.1, 0.1, "devices"),
            "board": point(0.215, 0.0, "board"),
        },
    }
    return tree, found


@REGISTRY.case("C01b", "Wafer stack of six layers with a contact, films on both sides", INCROPERA)
def stack_in_series() -> Iterator[Row]:
    tree, exact_ = wafer_stack()
    found = solve(tree)
    rise = exact_["hottest"] - 20
    down = 25e3 * (found.probe("cold face") - 20)
    up = 15 * (found.probe("board") - 30)
    yield compare("heat to the coolant", down, exact_["down"], 1e-9, "W/m^2", WAFER_FLUX)
    yield compare("heat to the top", up, exact_["up"], 1e-9, "W/m^2", WAFER_FLUX)
    yield compare("sum of both heats", down + up, WAFER_FLUX, 1e-9, "W/m^2")
    for probe in ("back", "interface", "board"):
        yield found.row(probe, probe, exact_[probe], 1e-6 / rise, rise)
    hottest = found.row("hottest", "hottest", exact_["hottest"], 1e-6 / rise, rise)
    yield hottest
    yield compare("maximum of the stack", found.hottest, exact_["hottest"], 1e-6 / rise, "degC", rise)
    place = down / WAFER_FLUX * _DEVICES
    yield compare("height of the maximum in the devices", place, exact_["maximum"], 1e-8, "m")
    resistance = (found.probe("interface") - 20) / down
    yield compare("resistance to the coolant", resistance, exact_["below"], 1e-8, "m^2*K/W")
    yield found.energy_row()


@REGISTRY.case("layers in series", "Orthotropic layers, contacts, heat in two layers, unequal ambients", INCROPERA)
def layers_in_series() -> Iterator[Row]:
    """Only the conductivity through the stack counts; superposition of two sources and two ambients."""
    slabs = (
        Slab(1e-3, (3.0, 5.0, 40.0)),
        Slab(0.2e-3, (100.0, 1.0, 2.0), contact=2e-5),
        Slab(0.7e-3, (1.0, 1.0, 150.0), contact=5e-6),
    )
    stack = Layered((_SIDE, _SIDE), slabs, bottom=8e3, top=2e3)
    heats = {1: 3e5, 2: 5e5}
    exact_: dict[str, float] = {}
    drives: list[tuple[str | int, float]] = [*heats.items(), ("bottom ambient", 15.0), ("top ambient", 45.0)]
    answers = [(response(stack, drive), factor) for drive, factor in drives]
    for index, name in enumerate(("a", "b", "c")):
        for side in ("low", "high", "mean"):
            exact_[f"{name} {side}"] = sum(float(getattr(faces, side)[index]) * factor for faces, factor in answers)
    tree = {
        **column(_SIDE),
        "layers": [
            layer(name, slab.thickness, slab.conductivity, 24, slab.contact)
            for name, slab in zip("abc", slabs, strict=True)
        ],
        "boundaries": {"bottom": film(8e3, 15.0), "top": film(2e3, 45.0)},
        "sources": [{"layer": "abc"[i], "power": watts(heat * _SIDE**2)} for i, heat in heats.items()],
        "probes": {
            **{f"{n} low": point(0.0, 0.0, n, "bottom") for n in "abc"},
            **{f"{n} high": point(0.0, 0.0, n) for n in "abc"},
            **{f"{n} mean": {"mean": _whole(), "layer": n} for n in "abc"},
        },
    }
    found = solve(tree)
    rise = max(exact_.values()) - 15
    for name, value in exact_.items():
        yield found.row(name, name, value, 1e-8 if "mean" not in name else 1e-4, rise)
    yield found.energy_row()


def _whole() -> Tree:
    return {"x": [metres(0.0), metres(_SIDE)], "y": [metres(0.0), metres(_SIDE)]}


@REGISTRY.case("two fixed faces", "Heat through layers between fixed temperatures", INCROPERA)
def between_fixed_faces() -> Iterator[Row]:
    """Series resistances between 80 and 20 degC with a contact; the jump is the heat times the contact."""
    resistance = 1e-3 / 10 + 3e-5 + 2e-3 / 100
    heat = 60 / resistance
    tree = {
        **column(_SIDE),
        "layers": [layer("a", 1e-3, 10.0, 2), layer("b", 2e-3, 100.0, 2, contact=3e-5)],
        "boundaries": {"bottom": {"temperature": celsius(80.0)}, "top": held(20.0)},
        "probes": {"below": point(0.0, 0.0, "a"), "above": point(0.0, 0.0, "b", "bottom")},
    }
    found = solve(tree)
    yield found.row("below the contact", "below", 80 - heat * 1e-4, 1e-9, 60.0)
    yield found.row("above the contact", "above", 20 + heat * 2e-5, 1e-9, 60.0)
    yield found.energy_row()


@REGISTRY.case(
    "multilayer closed forms", "The chain of two-ports used as a reference, against a closed form", INCROPERA
)
def two_ports_against_closed_form() -> Iterator[Row]:
    """The exact solver of layered stacks itself is held against the series resistances of the wafer stack."""
    _, exact_ = wafer_stack()
    slabs = (
        isotropic(3e-3, 390.0), isotropic(50e-6, 4.0), isotropic(775e-6, 120.0, contact=1e-6),
        isotropic(_DEVICES, 2.0), isotropic(300e-6, 0.8), isotropic(3e-3, 0.5),
    )  # fmt: skip
    stack = Layered((1.0, 1.0), slabs, 25e3, 15.0)
    heat, cold, warm = (response(stack, drive) for drive in (3, "bottom ambient", "top ambient"))
    for name, side, index in (("back", "low", 2), ("interface", "high", 2), ("board", "high", 5)):
        parts = [float(getattr(faces, side)[index]) for faces in (heat, cold, warm)]
        value = parts[0] * WAFER_FLUX + parts[1] * 20 + parts[2] * 30
        yield compare(f"two-ports, {name}", value, exact_[name], 1e-10, "degC")
