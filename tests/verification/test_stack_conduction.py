"""Conduction in stack files against exact solutions.

Exact values: series and closed forms of the sources named at each case, each computed a second,
independent way (collocation, Laplace inversion or finite volumes) to at least nine digits.
"""

from pathlib import Path

import numpy as np
import pytest
from stack_files import Tree, at, film, material, metres, orders, outcome, probe, probes, solve

from twin.thermal.stack import StackResult

COLUMN: Tree = {"size": {"x": "1 mm", "y": "1 mm"}, "cells": {"x": 1, "y": 1}}
SILICON = material(120.0, 1.66e6)


def generating_slab(folder: Path, boundaries: Tree, split: float = 0.5e-3) -> Tree:
    """Slab of 1 mm, k = 120 W/m/K, 4e8 W/m3, with a node at `split`; rises of low, middle and high face."""
    parts = {"lower": split, "upper": 1e-3 - split}
    tree = {
        **COLUMN,
        "layers": [
            {"name": n, "thickness": metres(t), "material": material(120.0), "cells": 1} for n, t in parts.items()
        ],
        "boundaries": boundaries,
        "sources": [{"layer": name, "power": f"{4e8 * t * 1e-6!r} W"} for name, t in parts.items()],
        "probes": {
            "low": at("0 mm", "0 mm", "lower", "bottom"),
            "middle": at("0.3 mm", "1 mm", "lower", "top"),
            "high": at("0 mm", "0 mm", "upper", "top"),
        },
    }
    result = solve(folder, tree)
    assert result.residual < 1e-8
    return {name: values[0] for name, values in probes(result).items()}


def test_generating_slab_between_fixed_faces(tmp_path: Path) -> None:
    """T = Ts + g L^2 / (8 k). Incropera & DeWitt, sec. 3.5."""
    held = {"temperature": "20 degC"}
    found = generating_slab(tmp_path, {"bottom": held, "top": held})
    assert found["middle"] - 20 == pytest.approx(0.416666666666668, rel=1e-8)


def test_generating_slab_between_films(tmp_path: Path) -> None:
    """T = Ts + g L^2 / (8 k) + g L / (2 h). Incropera & DeWitt, sec. 3.5."""
    found = generating_slab(tmp_path, {"bottom": film(25e3, 20.0), "top": film(25e3, 20.0)})
    assert found["middle"] - 20 == pytest.approx(8.416666666666668, rel=1e-8)


def test_generating_slab_between_unequal_films(tmp_path: Path) -> None:
    """T = A + B x - g x^2 / 2k with a film at each face. Carslaw & Jaeger, sec. 3.2."""
    place_of_maximum = 0.9967453213995117e-3
    found = generating_slab(tmp_path, {"bottom": film(25e3, 20.0), "top": film(500.0, 35.0)}, place_of_maximum)
    assert found["low"] - 20 == pytest.approx(15.947925142392194, rel=1e-8)
    assert found["high"] - 20 == pytest.approx(17.60374288039057, rel=1e-8)
    assert found["middle"] - 20 == pytest.approx(17.60376053527855, rel=1e-8)


def wafer_stack(**changes: object) -> Tree:
    """Six layers, 18 kW in 15 um of devices that are cut in two at the exact place of their maximum."""
    maximum, devices = 14.990620471359344e-6, 15e-6

    def layer(name: str, thickness: float, conductivity: float, **more: object) -> Tree:
        return {"name": name, "thickness": metres(thickness), "material": material(conductivity), "cells": 1, **more}

    return {
        "size": {"x": "215 mm", "y": "215 mm"},
        "cells": {"x": 2, "y": 2},
        "layers": [
            layer("cold plate", 3e-3, 390.0),
            layer("interface", 50e-6, 4.0),
            layer("silicon", 775e-6, 120.0, contact_resistance_below="1e-6 m^2*K/W"),
            layer("devices", maximum, 2.0),
            layer("devices above", devices - maximum, 2.0),
            layer("elastomer", 300e-6, 0.8),
            layer("board", 3e-3, 0.5),
        ],
        "boundaries": {"bottom": film(25e3, 20.0), "top": film(15.0, 30.0)},
        "sources": [
            {"layer": "devices", "power": f"{18e3 * maximum / devices!r} W"},
            {"layer": "devices above", "power": f"{18e3 * (1 - maximum / devices)!r} W"},
        ],
        "probes": {
            "back": at("107 mm", "31 mm", "silicon", "bottom"),
            "interface": at("0 mm", "215 mm", "silicon", "top"),
            "board": at("215 mm", "0 mm", "board", "top"),
        },
        **changes,
    }


def test_wafer_stack_with_contact_and_two_films(tmp_path: Path) -> None:
    """Series resistances with a parabola in the generating layer. Incropera & DeWitt, sec. 3.1."""
    result = solve(tmp_path, wafer_stack())
    found = outcome(result)
    assert probe(result, "back") == pytest.approx(43.81336489904669, abs=1e-6)
    assert probe(result, "interface") == pytest.approx(46.326665248490386, abs=1e-6)
    assert probe(result, "board") == pytest.approx(46.23282404007623, abs=1e-6)
    assert found["max_temperature_K"] - 273.15 == pytest.approx(47.785088409872785, abs=1e-6)
    assert found["layers"]["devices"]["max_K"] == found["max_temperature_K"]
    assert result.balance is not None
    area = 0.215**2
    assert result.balance.faces["bottom"] / area == pytest.approx(389156.1831396693, rel=1e-10)
    assert result.balance.faces["top"] / area == pytest.approx(243.49236060114345, abs=1e-10 * 389400.757)
    assert found["heat_in_W"] == pytest.approx(18e3, rel=1e-12)
    assert found["energy_residual"] < 1e-8


def test_wafer_stack_transient_ends_in_the_steady_state(tmp_path: Path) -> None:
    steady = probes(solve(tmp_path, wafer_stack()))
    after = wafer_stack(transient={"end": "4000 s", "step": "100 s", "initial": "20 degC"})
    result = solve(tmp_path, after, "after.yaml")
    for name, values in probes(result).items():
        assert values[-1] - 20 == pytest.approx(steady[name][0] - 20, rel=1e-6)
    assert result.residual < 1e-8


COOLING = {
    0.1: (
        (0.9999732828031579, 0.9939985015924095, 0.9223885716001436),
        (0.9752603876741668, 0.9514198548688724, 0.8781264876091476),
    ),
    1.0: (
        (0.9997509550582603, 0.9506417785054656, 0.5338594014085679),
        (0.7903767636492263, 0.6433907844774378, 0.34817685166166945),
    ),
    10.0: (
        (0.9985296134797161, 0.8292547308230184, 0.16381764169303062),
        (0.2323262942645541, 0.12248223808889926, 0.023172060216343642),
    ),
}
"""Centre and surface of a slab at Fo = 0.05, 0.2, 1 by Biot number; Incropera & DeWitt, sec. 5.5."""


def cooling_slab(folder: Path, biot: float, cells: int, steps: int, times: tuple[float, ...] = (1.0,)) -> np.ndarray:
    """Half a slab, 1 mm with a = 1e-6 m2/s, so that Fo is the time in s; rows: centre, surface."""
    tree = {
        **COLUMN,
        "layers": [{"name": "slab", "thickness": "1 mm", "material": material(1.0), "cells": cells}],
        "boundaries": {"top": film(1000.0 * biot, 0.0)},
        "transient": {
            "end": "1 s",
            "step": f"{1 / steps!r} s",
            "initial": "100 degC",
            "times": [f"{t!r} s" for t in times],
        },
        "probes": {"centre": at("0 mm", "0 mm", "slab", "bottom"), "surface": at("0 mm", "0 mm", "slab")},
    }
    found = probes(solve(folder, tree))
    return np.array([found["centre"], found["surface"]]) / 100


@pytest.mark.parametrize("biot", COOLING)
def test_step_cooling_of_a_slab(tmp_path: Path, biot: float) -> None:
    found = cooling_slab(tmp_path, biot, 48, 500, (0.05, 0.2, 1.0))
    np.testing.assert_allclose(found, COOLING[biot], atol=1e-4)


def test_step_cooling_is_of_second_order_in_space(tmp_path: Path) -> None:
    exact = np.array(COOLING[1.0])[:, -1]
    errors = [cooling_slab(tmp_path, 1.0, cells, 400)[:, -1] - exact for cells in (4, 8, 16)]
    for place in (0, 1):
        assert orders([e[place] for e in errors]) == pytest.approx([2, 2], abs=0.15)


def test_step_cooling_is_of_second_order_in_time(tmp_path: Path) -> None:
    """Successive differences on one mesh, free of its error in space."""
    found = [cooling_slab(tmp_path, 1.0, 16, steps)[:, -1] for steps in (10, 20, 40, 80)]
    for place in (0, 1):
        assert orders(np.diff([f[place] for f in found])) == pytest.approx([2, 2], abs=0.15)


def test_step_cooling_of_thin_slab_is_lumped(tmp_path: Path) -> None:
    """theta = exp(-Bi Fo) as Bi goes to 0, within Bi / 3."""
    found = cooling_slab(tmp_path, 1e-3, 8, 50)
    np.testing.assert_allclose(found[:, -1], np.exp(-1e-3), atol=1e-3 / 3)


FLUX_STEP = {
    1e-6: (0.07994851332455809, None),
    1e-5: (0.252819397649924, 0.0008429737608374052),
    1e-4: (0.7994851332455809, 0.22774161090509099),
    1e-3: (2.52819397649924, 1.7817935262141658),
}
"""Rise at the surface and 100 um below it after a step of 1e6 W/m2; Carslaw & Jaeger, sec. 2.9."""


def flux_step(folder: Path, time: float, steps: int, finest: int) -> StackResult:
    """Silicon deeper than ten diffusion lengths; cells of a diffusion length over `finest` near the surface."""
    length = float(np.sqrt(120 / 1.66e6 * time))
    near = int(np.ceil(100e-6 / length * finest))
    tree = {
        **COLUMN,
        "layers": [
            {"name": "near", "thickness": "100 um", "cells": near, "material": SILICON},
            {"name": "far", "thickness": metres(10 * length), "cells": 10 * finest, "material": SILICON},
        ],
        "boundaries": {"bottom": {"heat_flux": "1e6 W/m^2"}},
        "transient": {"end": f"{time!r} s", "step": f"{time / steps!r} s", "initial": "0 degC"},
        "probes": {"surface": at("0 mm", "0 mm", "near", "bottom"), "deep": at("0 mm", "0 mm", "near")},
    }
    return solve(folder, tree)


@pytest.mark.parametrize("time", FLUX_STEP)
def test_flux_step_on_a_half_space(tmp_path: Path, time: float) -> None:
    surface, deep = FLUX_STEP[time]
    soon = flux_step(tmp_path, time, 10, 16)
    assert probe(soon, "surface") == pytest.approx(surface, rel=5e-3)
    assert soon.residual < 1e-8
    fine = flux_step(tmp_path, time, 250, 40)
    assert probe(fine, "surface") == pytest.approx(surface, rel=1e-3)
    if deep is not None:
        assert probe(fine, "deep") == pytest.approx(deep, rel=1e-3)


def test_flux_step_grows_with_the_root_of_time(tmp_path: Path) -> None:
    times = list(FLUX_STEP)
    rises = [probe(flux_step(tmp_path, time, 100, 24), "surface") for time in times]
    slopes = np.diff(np.log(rises)) / np.diff(np.log(times))
    assert slopes == pytest.approx([0.5] * 3, abs=1e-4)


def heated_slab(folder: Path, times: tuple[float, ...], step: float, cells: int) -> dict[str, list[float]]:
    """Silicon of 775 um, 1e6 W/m2 into one face, the other adiabatic."""
    tree = {
        **COLUMN,
        "layers": [{"name": "slab", "thickness": "775 um", "cells": cells, "material": SILICON}],
        "boundaries": {"bottom": {"heat_flux": "1e6 W/m^2"}},
        "transient": {
            "end": f"{times[-1]!r} s",
            "step": f"{step!r} s",
            "initial": "0 degC",
            "times": [f"{t!r} s" for t in times],
        },
        "probes": {"front": at("0 mm", "0 mm", "slab", "bottom"), "back": at("0 mm", "0 mm", "slab")},
    }
    return probes(solve(folder, tree))


def test_slab_heated_on_one_face(tmp_path: Path) -> None:
    """Carslaw & Jaeger, sec. 3.8; early rise with the root of time, late rise with time."""
    early = heated_slab(tmp_path, (1e-4, 1e-3), 2e-6, 300)
    late = heated_slab(tmp_path, (1e-2,), 2e-5, 300)
    front, back = (0.7994851332455808, 2.5282583420900826, 9.92579629403144), (0.09708309851267483, 6.69664778335337)
    assert [*early["front"], *late["front"]] == pytest.approx(front, rel=1e-4)
    assert [early["back"][1], *late["back"]] == pytest.approx(back, rel=1e-4)


def test_late_slope_is_power_over_capacity(tmp_path: Path) -> None:
    found = heated_slab(tmp_path, (0.03, 0.04), 5e-4, 32)
    for values in found.values():
        assert (values[1] - values[0]) / 0.01 == pytest.approx(777.302759424796, rel=1e-9)


def spreader(folder: Path, cells: int) -> dict[str, list[float]]:
    """100 W on a square of 10 mm centred on 1 mm of k = 120 over 5 mm of k = 390, film below."""
    square = {"x": ["20 mm", "30 mm"], "y": ["20 mm", "30 mm"]}
    whole = {"x": ["0 mm", "50 mm"], "y": ["0 mm", "50 mm"]}
    tree = {
        "size": {"x": "50 mm", "y": "50 mm"},
        "cells": {"x": cells, "y": cells},
        "layers": [
            {"name": "spreader", "thickness": "5 mm", "cells": 10, "material": material(390.0)},
            {"name": "die", "thickness": "1 mm", "cells": 10, "material": material(120.0)},
        ],
        "boundaries": {"bottom": film(5000.0, 0.0)},
        "sources": [{"face": "top", "power": "100 W", "rectangle": square}],
        "probes": {
            "centre": at("25 mm", "25 mm", "die"),
            "source": {"mean": square, "layer": "die", "face": "top"},
            "top": {"mean": whole, "layer": "die", "face": "top"},
            "corner": at("0 mm", "0 mm", "die"),
        },
    }
    result = solve(folder, tree)
    assert result.residual < 1e-8
    return {name: values[0] for name, values in probes(result).items()}


def test_spreading_from_a_square_on_two_layers(tmp_path: Path) -> None:
    """Muzychka, Culham & Yovanovich, ASME J. Electron. Packag. 125 (2003) 178."""
    found = spreader(tmp_path, 160)
    assert found["centre"] == pytest.approx(29.524729549429086, rel=5e-3)
    assert found["source"] == pytest.approx(26.04661593579112, rel=5e-3)
    assert found["corner"] == pytest.approx(6.194804658188041, rel=5e-3)
    assert found["top"] == pytest.approx(8.846153846153845, rel=1e-8)


def plate_held_at_its_edges(folder: Path, cells: int) -> tuple[float, float]:
    edge = {"temperature": "0 degC"}
    tree = {
        "size": {"x": "0.2 m", "y": "0.1 m"},
        "cells": {"x": cells, "y": cells},
        "layers": [{"name": "plate", "thickness": "10 mm", "cells": 1, "material": material([10.0, 2.5, 1.0])}],
        "boundaries": dict.fromkeys(("x_min", "x_max", "y_min", "y_max"), edge),
        "sources": [{"layer": "plate", "power": "20 W"}],
        "probes": {"centre": at("0.1 m", "0.05 m", "plate"), "quarter": at("0.05 m", "0.025 m", "plate")},
    }
    result = solve(folder, tree)
    assert result.residual < 1e-8
    return probe(result, "centre"), probe(result, "quarter")


def test_orthotropic_plate_with_generation(tmp_path: Path) -> None:
    """1e5 W/m3, kx = 10, ky = 2.5 W/m/K, edges at zero. Ozisik, Heat Conduction, ch. 15."""
    exact = (29.46854131260552, 18.114463243789086)
    found = [plate_held_at_its_edges(tmp_path, cells) for cells in (24, 48, 96)]
    assert found[-1] == pytest.approx(exact, rel=1e-4)
    for place in (0, 1):
        assert orders([f[place] - exact[place] for f in found]) == pytest.approx([2, 2], abs=0.15)


def benchmark_plate(folder: Path, refinement: int) -> tuple[float, float]:
    tree = {
        "size": {"x": "0.6 m", "y": "1 m"},
        "cells": {"x": 3 * refinement, "y": 5 * refinement},
        "layers": [{"name": "plate", "thickness": "10 mm", "cells": 1, "material": material(52.0)}],
        "boundaries": {"y_min": {"temperature": "100 degC"}, "x_max": film(750.0, 0.0), "y_max": film(750.0, 0.0)},
        "probes": {"E": at("0.6 m", "0.2 m", "plate"), "inside": at("0 m", "0.5 m", "plate")},
    }
    result = solve(folder, tree)
    assert result.residual < 1e-8
    return probe(result, "E"), probe(result, "inside")


def test_nafems_t4(tmp_path: Path) -> None:
    """Two-dimensional conduction with convection; NAFEMS TNSB Rev. 3 (1990), T4: 18.3 degC at E."""
    exact = (18.25375653713422, 35.40115398978579)
    found = [benchmark_plate(tmp_path, refinement) for refinement in (8, 16, 32)]
    assert found[-1] == pytest.approx(exact, abs=0.05)
    assert found[-1][0] == pytest.approx(18.3, abs=0.05)
    for place in (0, 1):
        assert orders([f[place] - exact[place] for f in found]) == pytest.approx([2, 2], abs=0.15)
