"""Solid and coolant coupled along the flow, with conduction in the solid: the two-temperature model.

kd Ts'' = G (Ts - Tf) - q, C' Tf' = G (Ts - Tf), ends adiabatic: exponentials of the roots of
l^2 + (G/C') l - G/kd = 0. Source: Nield & Bejan, Convection in Porous Media (local thermal non-equilibrium).
"""

from pathlib import Path

import numpy as np
import pytest
from stack_files import Tree, material, orders, outcome, probes, solve

LENGTH = 0.215
THICKNESS, THROUGH = 1e-3, 1e5
"""A layer of 1 mm that conducts well through its thickness: 1e-8 m2 K/W, a quarter of it from mean to face."""
ALONG = [1263.0, 1263.0, THROUGH]
FILM = 1 / (1 / 25e3 - THICKNESS / THROUGH / 4)
RATE = 998 * 4182 * 40 / 60e3
"""Heat capacity rate of 40 L/min of water in W/K."""

PLACES = {"inlet": 0.0, "quarter": 0.25, "half": 0.5, "outlet": 1.0}
FACES = ("bottom", "top")
EXACT = {
    "uniform": (35.79132663164091, 37.19632315397693, 38.813513197877, 41.832763294950055),
    "downstream": (20.000009461606098, 20.008702582359124, 35.89973547195841, 57.19633971899007),
}
OUTLET = 26.46917939178213


def wafer(folder: Path, case: str, cells: int, direction: str = "+", axis: str = "y") -> np.ndarray:
    """Solid at the four places; kd = 1.263 W/K, G = 25 kW/m2/K, 18 kW uniform or all on the downstream half."""
    across = "x" if axis == "y" else "y"

    def along(share: float) -> str:
        return f"{(share if direction == '+' else 1 - share) * LENGTH!r} m"

    def point(place: str, face: str) -> Tree:
        return {axis: place, across: "50 mm", "layer": "wafer", "face": face}

    half = sorted([along(0.5), along(1.0)], key=lambda text: float(text.split()[0]))
    source: Tree = {"layer": "wafer", "power": "18 kW"}
    if case == "downstream":
        source["rectangle"] = {axis: half, across: ["0 mm", "215 mm"]}
    film = {
        "conductance": f"{FILM!r} W/m^2/K",
        "heat_capacity_rate": f"{RATE!r} W/K",
        "inlet_temperature": "20 degC",
        "axis": axis,
        "direction": direction,
    }
    tree = {
        "size": {"x": f"{LENGTH!r} m", "y": f"{LENGTH!r} m"},
        "cells": {axis: cells, across: 1},
        "layers": [{"name": "wafer", "thickness": f"{THICKNESS!r} m", "material": material(ALONG), "cells": 1}],
        "boundaries": {"top": {"coolant_film": film}},
        "sources": [source],
        "probes": {f"{name} {face}": point(along(share), face) for name, share in PLACES.items() for face in FACES},
    }
    result = solve(folder, tree)
    found = outcome(result)
    assert found["energy_residual"] < 1e-10
    assert found["coolant"]["outlet_mean_K"] - 273.15 == pytest.approx(OUTLET, abs=1e-8)
    faces = np.array([values[0] for values in probes(result).values()])
    return faces.reshape(len(PLACES), len(FACES)).mean(axis=1)


@pytest.mark.parametrize("case", EXACT)
def test_solid_along_the_flow(tmp_path: Path, case: str) -> None:
    """Of second order, within 1e-4 K at 800 cells and within 1e-6 K extrapolated."""
    found = np.array([wafer(tmp_path, case, cells) for cells in (200, 400, 800)])
    for place, exact in enumerate(EXACT[case]):
        if abs(found[0, place] - exact) > 1e-7:
            assert orders(found[:, place] - exact) == pytest.approx([2, 2], abs=0.15)
    assert found[2] == pytest.approx(EXACT[case], abs=1e-4)
    extrapolated = (4 * found[2] - found[1]) / 3
    assert extrapolated == pytest.approx(EXACT[case], abs=1e-6)


@pytest.mark.parametrize(("axis", "direction"), [("y", "-"), ("x", "+"), ("x", "-")])
def test_every_direction_is_the_same(tmp_path: Path, axis: str, direction: str) -> None:
    along_y = wafer(tmp_path, "downstream", 60)
    assert wafer(tmp_path, "downstream", 60, direction, axis) == pytest.approx(along_y, abs=1e-8)
