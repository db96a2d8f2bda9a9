"""Steady conduction in the plane: plates, full conductivity tensors, fins, resistive sheets."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from twin.delivery.problem import solve_grid, solve_on
from twin.fe.manufactured import rotated_tensor_errors, rotated_tensor_source
from twin.spec.documents import validate
from twin.spec.grid import GridProblem
from twin.vv import exact_conduction as exact
from twin.vv.rows import Registry, Row, compare, observed_order
from twin.vv.stacks import Tree, film, held, layer, metres, point, solve

REGISTRY = Registry("conduction")


MANUFACTURED = "Roache, ASME J. Fluids Eng. 124 (2002) 4, method of manufactured solutions"


def _plate_held_at_its_edges(cells: int) -> Tree:
    edge = held(0.0)
    return {
        "size": {"x": "0.2 m", "y": "0.1 m"},
        "cells": {"x": cells, "y": cells},
        "layers": [layer("plate", 10e-3, (10.0, 2.5, 1.0), 1)],
        "boundaries": dict.fromkeys(("x_min", "x_max", "y_min", "y_max"), edge),
        "sources": [{"layer": "plate", "power": "20 W"}],
        "probes": {"centre": point(0.1, 0.05, "plate"), "quarter": point(0.05, 0.025, "plate")},
    }


@REGISTRY.case("C05a", "Orthotropic plate with generation, edges held", "Ozisik, Heat Conduction, ch. 15")
def orthotropic_plate() -> Iterator[Row]:
    places = {"centre": (0.0, 0.0), "quarter": (-0.05, -0.025)}
    exact_ = {name: exact.plate_at_zero((0.2, 0.1), (10.0, 2.5), 1e5, *place) for name, place in places.items()}
    counts = (24, 48, 96)
    found = [solve(_plate_held_at_its_edges(cells)) for cells in counts]
    for name, value in exact_.items():
        errors = [solution.probe(name) - value for solution in found]
        yield found[-1].row(name, name, value, 1e-4 * exact_["centre"] / value)
        yield observed_order(f"order in space, {name}", [1 / n for n in counts], errors, 2.0)
    yield found[-1].energy_row()


@REGISTRY.case("C05c", "Rotated full conductivity tensor", MANUFACTURED)
def rotated_tensor() -> Iterator[Row]:
    """T = sin(2x+1) exp(y/2) + x y^2 with K = R(30 deg) diag(10, 1) R^T, P1 and P2."""
    angle = np.pi / 6
    off = (10 - 1) * np.sin(angle) * np.cos(angle)
    tensor, source = rotated_tensor_source(0.3, 0.7)
    yield compare("k_xy", tensor[0, 1], off, 1e-12, "W/m/K")
    yield compare("source at (0.3, 0.7)", source, _source_by_hand(0.3, 0.7), 1e-10, "W/m^3")
    counts = (8, 16, 32)
    sizes = [1 / n for n in counts]
    for degree in (1, 2):
        errors = np.array([rotated_tensor_errors(n, degree) for n in counts])
        yield observed_order(f"order of P{degree} in L2", sizes, errors[:, 0], degree + 1.0)
        yield observed_order(f"order of P{degree} in H1", sizes, errors[:, 1], float(degree))


def _source_by_hand(x: float, y: float) -> float:
    """-div(K grad T), differentiated by hand."""
    c, s = np.cos(np.pi / 6), np.sin(np.pi / 6)
    kxx, kyy, kxy = 10 * c * c + s * s, 10 * s * s + c * c, 9 * s * c
    e = np.exp(y / 2)
    txx = -4 * np.sin(2 * x + 1) * e
    tyy = np.sin(2 * x + 1) * e / 4 + 2 * x
    txy = np.cos(2 * x + 1) * e + 2 * y
    return float(-(kxx * txx + kyy * tyy + 2 * kxy * txy))


def _benchmark_plate(refinement: int) -> Tree:
    return {
        "size": {"x": "0.6 m", "y": "1 m"},
        "cells": {"x": 3 * refinement, "y": 5 * refinement},
        "layers": [layer("plate", 10e-3, 52.0, 1)],
        "boundaries": {"y_min": held(100.0), "x_max": film(750.0, 0.0), "y_max": film(750.0, 0.0)},
        "probes": {"E": point(0.6, 0.2, "plate"), "inside": point(0.0, 0.5, "plate")},
    }


@REGISTRY.case("C10c", "NAFEMS T4: two-dimensional conduction with convection", "NAFEMS TNSB Rev. 3 (1990), T4")
def nafems_t4() -> Iterator[Row]:
    places = {"E": (0.6, 0.2), "inside": (0.0, 0.5)}
    values = {name: exact.plate_with_films(0.6, 1.0, 52.0, 750.0, 100.0, *place) for name, place in places.items()}
    refinements = (8, 16, 32)
    found = [solve(_benchmark_plate(n)) for n in refinements]
    for name, value in values.items():
        yield found[-1].row(f"T at {name}", name, value, 0.05 / value)
        errors = [solution.probe(name) - value for solution in found]
        yield observed_order(f"order in space, {name}", [1 / n for n in refinements], errors, 2.0)
    yield compare("published target at E", found[-1].probe("E"), 18.3, 0.05, "degC", 1.0)
    yield found[-1].energy_row()


_SHEET_RESISTANCE, _DENSITY, _WAFER = 0.5e-3, 486.75e3, 0.215

_SCALE = _SHEET_RESISTANCE * _DENSITY * _WAFER**2


def _sheet(edges: list[str]) -> GridProblem:
    tree = {
        "kind": "grid",
        "size": {"x": metres(_WAFER), "y": metres(_WAFER)},
        "sheet_resistance": f"{_SHEET_RESISTANCE} ohm",
        "current_density": f"{_DENSITY} A/m^2",
        "supplies": {"edges": edges},
    }
    problem = validate(tree, GridProblem, "grid.yaml")
    assert isinstance(problem, GridProblem)
    return problem


@REGISTRY.case("C11a", "Resistive sheet with a uniform sink, supplied at its edges", "Rius, IEEE TVLSI 21 (2013) 512")
def supplied_sheet() -> Iterator[Row]:
    """The power grid solver of the wafer: the same operator as conduction in a plate."""
    every = _sheet(["x_min", "x_max", "y_min", "y_max"])
    largest, mean = exact.sheet_drops()
    found = solve_grid(every)
    yield compare("largest drop, four edges", found.max_drop / _SCALE, largest, 1e-4, "R J L^2")
    double = exact.sheet_largest_by_double_series()
    yield compare("largest drop, four edges, double series", found.max_drop / _SCALE, double, 1e-4, "R J L^2")
    yield compare("mean drop, four edges", found.mean_drop / _SCALE, mean, 1e-4, "R J L^2")
    yield compare("largest drop of the wafer", found.max_drop, largest * _SCALE, 1e-4, "V")
    yield compare("two edges", solve_grid(_sheet(["x_min", "x_max"])).max_drop / _SCALE, 1 / 8, 1e-4, "R J L^2")
    yield compare("one edge", solve_grid(_sheet(["y_max"])).max_drop / _SCALE, 1 / 2, 1e-4, "R J L^2")
    counts = (16, 32, 64)
    nodes = [np.linspace(0.0, _WAFER, n + 1) for n in counts]
    errors = [solve_on(every, line, line).max_drop / _SCALE - largest for line in nodes]
    yield observed_order("order of the largest drop", [1 / n for n in counts], errors, 2.0)


@REGISTRY.case(
    "laterally fed plate", "Fin: a plate cooled on its face, held at one edge", "Incropera & DeWitt, sec. 3.6"
)
def fin_plate() -> Iterator[Row]:
    """T = T_b cosh m(L-x) / cosh mL of a plate between films, tip adiabatic: the first mode through it."""
    length, thickness, conductivity, coefficient = 0.05, 1e-3, 200.0, 50.0
    counts = (16, 32, 64)
    # k beta tan(beta t/2) = h; all other modes die out before the tip.
    z = exact.biot_roots(coefficient * thickness / 2 / conductivity, 1)[0]
    beta, amplitude = z / (thickness / 2), 4 * np.sin(z) / (2 * z + np.sin(2 * z))
    tip = 100 * amplitude * np.cos(z) / np.cosh(beta * length)
    found = [
        solve(
            {
                "size": {"x": metres(length), "y": metres(0.01)},
                "cells": {"x": n, "y": 1},
                "layers": [layer("fin", thickness, conductivity, n // 8)],
                "boundaries": {"x_min": held(100.0), "bottom": film(coefficient, 0.0), "top": film(coefficient, 0.0)},
                "probes": {"tip": point(length, 0.0, "fin")},
            }
        )
        for n in counts
    ]
    yield found[-1].row("tip", "tip", float(tip), 1e-4)
    errors = [solution.probe("tip") - tip for solution in found]
    yield observed_order("order in space", [1 / n for n in counts], errors, 2.0)
    yield found[-1].energy_row()
