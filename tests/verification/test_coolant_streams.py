"""Coolant along heated walls in stack files: bulk rise, isothermal wall, alternating streams.

Sources: Incropera & DeWitt, sec. 8.3; the alternating streams have a closed form, derived at their test.
"""

from pathlib import Path

import numpy as np
import pytest
from stack_files import Tree, at, material, orders, outcome, probe, solve

WATER: Tree = {
    "density": "998 kg/m^3",
    "specific_heat": "4182 J/kg/K",
    "conductivity": "0.6 W/m/K",
    "viscosity": "1 mPa*s",
}
WAFER: Tree = {"x": "215 mm", "y": "215 mm"}
RATE = 998 * 4182 * 40 / 60e3
"""Heat capacity rate of 40 L/min in W/K."""


def channels(**changes: object) -> Tree:
    return {
        "name": "channels",
        "thickness": "300 um",
        "cells": 4,
        "microchannels": {
            "width": "100 um",
            "wall": "100 um",
            "wall_material": "silicon",
            "coolant": WATER,
            "inlet_temperature": "20 degC",
            "flow_rate": "40 L/min",
            **changes,
        },
    }


DIE: Tree = {"name": "die", "thickness": "0.5 mm", "material": "silicon", "cells": 2}
COVER: Tree = {"name": "cover", "thickness": "0.5 mm", "material": "glass", "cells": 1}
SLOTS: Tree = {"inlets": ["0 mm", "107.5 mm", "215 mm"], "outlets": ["53.75 mm", "161.25 mm"], "width": "1 mm"}
KINDS: dict[str, Tree] = {
    "correlation": {},
    "reverse": {"direction": "-"},
    "along x": {"axis": "x"},
    "alternate": {"direction": "alternate"},
    "manifold": {"slots": SLOTS},
    "nusselt": {"heat_transfer": {"nusselt": "4.8"}},
    "coefficient": {"heat_transfer": {"coefficient": "2e4 W/m^2/K"}},
    "real water": {"coolant": "water"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_bulk_rise_in_channels(tmp_path: Path, kind: str) -> None:
    """dT = Q / (m cp), whatever the path of the coolant."""
    tree = {
        "size": WAFER,
        "cells": {"x": 6, "y": 16},
        "layers": [DIE, channels(**KINDS[kind]), COVER],
        "sources": [
            {"layer": "die", "power": "12 kW"},
            {"layer": "die", "power": "6 kW", "rectangle": {"x": ["10 mm", "60 mm"], "y": ["100 mm", "180 mm"]}},
        ],
    }
    found = outcome(solve(tmp_path, tree))
    assert found["energy_residual"] < 1e-8
    assert found["heat_out_W"] == pytest.approx(18e3, rel=1e-8)
    assert found["coolant"]["flow_rate_m3_s"] == pytest.approx(40 / 60e3, rel=1e-12)
    rise = found["coolant"]["outlet_mean_K"] - 293.15
    tolerance = 5e-3 if kind == "real water" else 1e-8
    assert rise == pytest.approx(6.46917939178213, rel=tolerance)
    assert found["coolant"]["outlet_max_K"] > found["coolant"]["outlet_mean_K"]


def test_bulk_rise_in_a_coolant_film(tmp_path: Path) -> None:
    film = {"conductance": "25000 W/m^2/K", "heat_capacity_rate": f"{RATE!r} W/K", "inlet_temperature": "20 degC"}
    tree = {
        "size": WAFER,
        "cells": {"x": 4, "y": 16},
        "layers": [DIE],
        "boundaries": {"top": {"coolant_film": film}},
        "sources": [{"layer": "die", "power": "18 kW"}],
    }
    found = outcome(solve(tmp_path, tree))
    assert found["coolant"]["outlet_mean_K"] - 293.15 == pytest.approx(6.46917939178213, rel=1e-8)
    assert found["energy_residual"] < 1e-8


def heated_pass(folder: Path, cells: int, axis: str, direction: str) -> float:
    """Outlet of a coolant of 400 W/K along a wall at 80 degC with 520 W/K between them."""
    film = {
        "conductance": f"{520 / 0.02!r} W/m^2/K",
        "heat_capacity_rate": "400 W/K",
        "inlet_temperature": "20 degC",
        "axis": axis,
        "direction": direction,
    }
    tree = {
        "size": {"x": "100 mm", "y": "200 mm"},
        "cells": {"x": cells, "y": cells},
        "layers": [{"name": "wall", "thickness": "1 um", "material": material(1e5), "cells": 1}],
        "boundaries": {"bottom": {"temperature": "80 degC"}, "top": {"coolant_film": film}},
    }
    found = outcome(solve(folder, tree))
    assert found["energy_residual"] < 1e-8
    return float(found["coolant"]["outlet_mean_K"]) - 273.15


@pytest.mark.parametrize(("axis", "direction"), [("y", "+"), ("x", "-")])
def test_isothermal_wall(tmp_path: Path, axis: str, direction: str) -> None:
    """T_out = T_w - (T_w - T_in) exp(-NTU)."""
    exact = 63.64809241795925
    found = [heated_pass(tmp_path, cells, axis, direction) for cells in (8, 16, 32)]
    assert found[0] - 20 == pytest.approx(exact - 20, rel=1e-2)
    assert found[-1] - 20 == pytest.approx(exact - 20, rel=1e-3)
    assert orders([f - exact for f in found]) == pytest.approx([2, 2], abs=0.15)
    heat = 400 * (found[-1] - 20)
    assert heat == pytest.approx(17459.2369671837, rel=1e-3)


WALLS, CONDUCTIVITY = 25e3 / 3.5, 1e5
"""Coefficient that makes 25 kW/m2/K of floor and two walls (3.5 times the plan area), and of the walls through."""


def resistance_of_fins() -> float:
    """Return what walls of finite conductivity add from floor to coolant, in m2 K/W."""
    width, wall, height = 100e-6, 100e-6, 300e-6
    m = np.sqrt(2 * WALLS / (CONDUCTIVITY * wall))
    conductance = (WALLS * width + wall * CONDUCTIVITY * m * np.tanh(m * height)) / (width + wall)
    return float(1 / conductance - 1 / 25e3)


def alternating(folder: Path, cells: int, degree: int = 1) -> tuple[float, float, float]:
    """Solid at an end and in the middle, and the outlet, in degC; 25 kW/m2/K over the plan area."""
    through = material([1e-9, 1e-9, CONDUCTIVITY])
    tree = {
        "size": WAFER,
        "cells": {"x": 1, "y": cells},
        "layers": [
            {"name": "die", "thickness": "100 um", "material": through, "cells": 1},
            {
                **channels(
                    direction="alternate",
                    wall_material=through,
                    heat_transfer={"coefficient": f"{WALLS!r} W/m^2/K"},
                ),
                "cells": 32,
            },
        ],
        "sources": [{"layer": "die", "power": "18 kW"}],
        "probes": {"end": at("0 mm", "0 mm", "die"), "middle": at("0 mm", "107.5 mm", "die")},
        "numerics": {"degree": degree},
    }
    result = solve(folder, tree)
    found = outcome(result)
    assert found["energy_residual"] < 1e-8
    return probe(result, "end"), probe(result, "middle"), found["coolant"]["outlet_mean_K"] - 273.15


def test_alternating_streams(tmp_path: Path) -> None:
    """Two opposed streams under uniform heat, no conduction along them: a parabola.

    With C per stream and width, G per stream and area, g = G/C, the spread is q g L^2 / (16 C); co-flow
    would spread by q L / (2 C), 6.469 K.
    """
    exact = np.array([38.81057671590189, 39.146432494650384, 26.46917939178213])
    exact[:2] += resistance_of_fins() * 18e3 / 0.215**2
    for cells in (20, 80):
        assert alternating(tmp_path, cells) == pytest.approx(exact, abs=3e-3 if cells == 20 else 1e-6)


def test_alternating_streams_with_quadratic_elements(tmp_path: Path) -> None:
    exact = np.array([38.81057671590189, 39.146432494650384, 26.46917939178213])
    exact[:2] += resistance_of_fins() * 18e3 / 0.215**2
    assert alternating(tmp_path, 80, degree=2) == pytest.approx(exact, abs=2e-3)
