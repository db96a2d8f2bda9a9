"""Nonlinear stacks against closed forms: radiation, conductivity by a power law, leakage and its runaway."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import lambertw
from stack_files import Tree, at, film, material, outcome, probe, solve

from twin.constants import STEFAN_BOLTZMANN
from twin.thermal.stack import StackResult

SIDE: Tree = {"size": {"x": "10 mm", "y": "10 mm"}}
AREA = 1e-4


def law(reference: float, exponent: float) -> Tree:
    conductivity = {"reference": f"{reference!r} W/m/K", "temperature": "300 K", "exponent": repr(exponent)}
    return {"conductivity": conductivity, "density": "2330 kg/m^3", "specific_heat": "700 J/kg/K"}


def energy_closes(result: StackResult) -> None:
    found = outcome(result)
    assert found["energy_residual"] < 1e-8
    assert found["heat_in_W"] == pytest.approx(found["heat_out_W"], rel=1e-8, abs=1e-9)


def test_nafems_t2(tmp_path: Path) -> None:
    """A bar at 1000 K that radiates to 300 K; NAFEMS TNSB Rev. 3 (1990), T2: 927.0 K."""
    length, conductivity, emissivity = 0.1, 55.563, 0.98
    tree = {
        **SIDE,
        "layers": [{"name": "bar", "thickness": "0.1 m", "material": material(conductivity)}],
        "boundaries": {
            "bottom": {"temperature": "1000 K"},
            "top": {"radiation": {"emissivity": emissivity, "ambient": "300 K"}},
        },
        "probes": {"end": at("0 mm", "0 mm", "bar")},
    }
    exact = brentq(
        lambda t: conductivity * (1000 - t) / length - emissivity * STEFAN_BOLTZMANN * (t**4 - 300**4), 300, 1000
    )
    result = solve(tmp_path, tree)
    assert probe(result, "end") + 273.15 == pytest.approx(exact, rel=1e-10)
    assert exact == pytest.approx(927.0, abs=0.05)
    assert outcome(result)["heat_in_W"] == 0.0
    assert result.residual < 1e-8


def test_radiation_adds_to_film_and_flux(tmp_path: Path) -> None:
    tree = {
        **SIDE,
        "layers": [{"name": "plate", "thickness": "1 mm", "material": material(400.0)}],
        "boundaries": {
            "top": {
                **film(20.0, 25.0),
                "radiation": {"emissivity": 0.9, "ambient": "290 K"},
                "heat_flux": "2e3 W/m^2",
            }
        },
        "sources": [{"face": "top", "power": "0.5 W"}],
        "probes": {"top": at("0 mm", "0 mm", "plate")},
    }
    flux = 2e3 + 0.5 / AREA
    exact = brentq(lambda t: 20 * (t - 298.15) + 0.9 * STEFAN_BOLTZMANN * (t**4 - 290**4) - flux, 290, 900)
    result = solve(tmp_path, tree)
    assert probe(result, "top") + 273.15 == pytest.approx(exact, rel=1e-10)
    energy_closes(result)


@pytest.mark.parametrize("exponent", [-1.3, -1.0, 0.7])
def test_power_law_by_kirchhoffs_transform(tmp_path: Path, exponent: float) -> None:
    """q L = int k dT, whatever the mesh. Carslaw & Jaeger, sec. 1.6."""
    flux, length, reference = 2e7, 0.775e-3, 148.0
    tree = {
        **SIDE,
        "layers": [{"name": "die", "thickness": "0.775 mm", "material": law(reference, exponent)}],
        "boundaries": {"bottom": {"temperature": "300 K"}, "top": {"heat_flux": f"{flux!r} W/m^2"}},
        "probes": {"top": at("0 mm", "0 mm", "die")},
    }
    integral = flux * length / reference / 300
    power = exponent + 1
    exact = 300 * (np.exp(integral) if power == 0 else (1 + power * integral) ** (1 / power))
    result = solve(tmp_path, tree)
    assert probe(result, "top") + 273.15 == pytest.approx(exact, rel=1e-10)
    energy_closes(result)


GROWTH, FILM = 0.02, 1000.0
FOLD = FILM * AREA / (GROWTH * np.e)
"""Power at the reference temperature beyond which h A x = P exp(b x) has no solution."""


def leaking(power: float, **changes: object) -> Tree:
    feedback = {"coefficient": f"{GROWTH!r} 1/K", "reference": "300 K"}
    return {
        **SIDE,
        "layers": [{"name": "die", "thickness": "0.1 mm", "material": material(1e5)}],
        "boundaries": {"bottom": {"film": {"coefficient": f"{FILM!r} W/m^2/K", "ambient": "300 K"}}},
        "sources": [{"layer": "die", "power": f"{power!r} W", "feedback": feedback}],
        "probes": {"die": at("0 mm", "0 mm", "die", "bottom")},
        **changes,
    }


@pytest.mark.parametrize("share", [0.3, 0.9, 0.99, 0.999])
def test_leakage_settles_at_the_lower_solution(tmp_path: Path, share: float) -> None:
    """x = -W(-b P / h A) / b; Corless et al., Adv. Comput. Math. 5 (1996) 329."""
    power = share * FOLD
    rise = float(-lambertw(-GROWTH * power / (FILM * AREA)).real / GROWTH)
    result = solve(tmp_path, leaking(power))
    found = outcome(result)
    assert probe(result, "die") - 26.85 == pytest.approx(rise, rel=1e-5)
    assert found["feedback_W"] == pytest.approx(FILM * AREA * rise, rel=1e-5)
    assert found["heat_in_W"] == pytest.approx(found["feedback_W"], rel=1e-12)
    energy_closes(result)


@pytest.mark.parametrize("share", [1.001, 1.1, 3.0, 100.0])
def test_leakage_beyond_the_fold_runs_away(tmp_path: Path, share: float) -> None:
    result = solve(tmp_path, leaking(share * FOLD))
    assert result.status == "runaway"
    found = outcome(result)
    assert found["max_temperature_K"] is None
    assert found["probes"]["die"]["temperature_K"] == [None]
    with pytest.raises(ValueError, match="runaway"):
        _ = result.final


def test_dynamic_power_moves_the_fold(tmp_path: Path) -> None:
    """Constant power P0 heats by P0 / h A first: the fold falls by exp(-b P0 / h A)."""
    constant = 2.0
    fold = FOLD * float(np.exp(-GROWTH * constant / (FILM * AREA)))
    for share, status in ((0.999, "converged"), (1.001, "runaway")):
        tree = leaking(share * fold)
        tree["sources"].append({"layer": "die", "power": f"{constant!r} W"})
        assert solve(tmp_path, tree).status == status


def test_leakage_in_time(tmp_path: Path) -> None:
    """Below the fold a transient settles; above it, it runs away once there is time for it."""
    slow = {"end": "3 s", "step": "auto", "initial": "300 K", "times": ["0.5 s", "3 s"]}
    settled = solve(tmp_path, leaking(0.9 * FOLD, transient=slow))
    steady = solve(tmp_path, leaking(0.9 * FOLD), "steady.yaml")
    assert settled.residual < 1e-8
    assert probe(settled, "die") == pytest.approx(probe(steady, "die"), abs=1e-3)
    assert solve(tmp_path, leaking(1.5 * FOLD, transient={**slow, "end": "30 s"}), "away.yaml").status == "runaway"


def test_scheduled_leakage(tmp_path: Path) -> None:
    """A source with feedback that is switched off releases nothing."""
    tree = leaking(0.5 * FOLD, transient={"end": "2 s", "step": "20 ms", "initial": "300 K", "times": ["1 s", "2 s"]})
    tree["sources"][0]["schedule"] = [["0 s", 1.0], ["1 s", 0.0]]
    found = outcome(solve(tmp_path, tree))
    on, off = found["probes"]["die"]["temperature_K"]
    assert on > off + 5
    assert found["feedback_W"] == 0.0


def test_bar_with_a_sinusoidal_end(tmp_path: Path) -> None:
    """NAFEMS TNSB Rev. 3 (1990), T3: 36.60 degC at 0.08 m after 32 s; series 36.603116."""
    times = np.linspace(0, 40, 401)
    schedule = [[f"{t!r} s", f"{100 * float(np.sin(np.pi * t / 40))!r} degC"] for t in times.tolist()]
    tree = {
        **SIDE,
        "layers": [{"name": "bar", "thickness": "0.1 m", "material": material(35.0, 440.5 * 7200)}],
        "boundaries": {"bottom": {"temperature": "0 degC"}, "top": {"temperature": schedule}},
        "transient": {"end": "32 s", "step": "0.1 s", "initial": "0 degC"},
        "probes": {"inside": {"x": "5 mm", "y": "5 mm", "z": "80 mm"}},
    }
    result = solve(tmp_path, tree)
    assert probe(result, "inside") == pytest.approx(36.603116, abs=0.02)
    assert result.residual < 1e-8
