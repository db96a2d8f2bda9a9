"""Watts: conserved in every step, closed from the wall to the coolant, and the same on every mesh."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coarse_runs import IDLE, SERVING, VIRUS, run, total, values

from twin import library
from twin.results.results import Results
from twin.spec.system import WaferSystem

VIRUS_STEP = {"workload__start": "1 s", "workload__duration": "3 s", "workload__utilisation": 0.5}


@pytest.fixture(scope="module", params=["serving", "virus", "idle", "hot"])
def any_run(request: pytest.FixtureRequest, busy_trace: str) -> Results:
    """Every kind of work; `hot` is cut into sub-steps by the governor."""
    load: dict[str, tuple[str, dict[str, Any]]] = {
        "serving": (SERVING, {"workload__duration": "5 s", "workload__trace": busy_trace, "workload__rate_scale": 1}),
        "virus": (VIRUS, VIRUS_STEP),
        "idle": (IDLE, {"workload__duration": "3 s"}),
        "hot": (
            VIRUS,
            {
                "workload__start": "0 s",
                "workload__duration": "1 s",
                "cooling__flow_rate": "8 L/min",
                "control__substep": "20 ms",
            },
        ),
    }
    name, changes = load[request.param]
    return run(name, **changes)


def test_energy_closes_in_every_step(any_run: Results) -> None:
    assert any_run.status == "complete"
    assert values(any_run, "energy_residual").max() <= 1e-6
    assert any_run.kpis["energy_residual"] == values(any_run, "energy_residual").max()


def test_electricity_of_a_wafer_is_heat_given_and_stored(any_run: Results) -> None:
    """The balance rebuilt from the published watts, independently of the residual that the run reports."""
    given = total(any_run, "wafer_power") + total(any_run, "grid_loss")
    taken = total(any_run, "coolant_heat") + total(any_run, "board_heat") + total(any_run, "stored_heat")
    np.testing.assert_allclose(taken, given, rtol=1e-6)


def test_power_is_dynamic_and_leakage(any_run: Results) -> None:
    parts = total(any_run, "dynamic_power") + total(any_run, "leakage_power")
    np.testing.assert_allclose(parts, total(any_run, "wafer_power"), rtol=1e-12)
    np.testing.assert_allclose(total(any_run, "tile_power"), total(any_run, "wafer_power"), rtol=1e-7)


def test_power_at_the_wall_is_the_sum_of_all_parts(any_run: Results) -> None:
    names = ("supply_loss", "host_power", "pump_power", "regulator_loss", "grid_loss", "dynamic_power", "leakage_power")
    parts = sum(total(any_run, name) for name in names)
    wall = total(any_run, "system_power")
    np.testing.assert_allclose(parts, wall, rtol=1e-9)
    for name in names:
        assert np.all(total(any_run, name) > 0), name
    assert np.all(total(any_run, "facility_power") > wall)


def test_supplies_lose_their_share(any_run: Results) -> None:
    system = library.load("system", "cs3")
    assert isinstance(system, WaferSystem)
    lost = total(any_run, "supply_loss") / total(any_run, "system_power")
    np.testing.assert_allclose(lost, 1 - system.supply_efficiency, rtol=1e-9)


def _at_fixed_voltage(**changes: object) -> Results:
    return run(VIRUS, **VIRUS_STEP, control__policy="none", **changes)


def test_total_watts_do_not_depend_on_the_mesh(tmp_path: Path) -> None:
    """Dynamic power but for the voltage that leakage takes, leakage as far as temperatures agree."""
    finer = tmp_path / "finer.yaml"
    finer.write_text(
        "kind: mesh\ncells_per_tile: {x: 3, y: 3}\nedge_share: 0.7\nlayers: {heat: 1, solid: 2, channels: 3}\n"
    )
    coarse, fine = _at_fixed_voltage(), _at_fixed_voltage(thermal__mesh=str(finer))
    np.testing.assert_allclose(total(fine, "dynamic_power"), total(coarse, "dynamic_power"), rtol=2e-5)
    np.testing.assert_allclose(total(fine, "wafer_power"), total(coarse, "wafer_power"), rtol=2e-3)


@pytest.mark.parametrize("tiles", [2, 6])
def test_total_watts_do_not_depend_on_the_size_of_tiles(tiles: int) -> None:
    coarse, other = (
        _at_fixed_voltage(),
        _at_fixed_voltage(thermal__tiles_per_die__x=tiles, thermal__tiles_per_die__y=tiles),
    )
    np.testing.assert_allclose(total(other, "wafer_power"), total(coarse, "wafer_power"), rtol=3e-3)


@pytest.mark.parametrize("tiles", [2, 6])
def test_work_of_requests_does_not_depend_on_the_size_of_tiles(tiles: int, busy_trace: str) -> None:
    load = {"workload__duration": "3 s", "workload__trace": busy_trace, "workload__rate_scale": 1}
    usual = run(SERVING, **load, control__policy="none")
    other = run(
        SERVING, **load, control__policy="none", thermal__tiles_per_die__x=tiles, thermal__tiles_per_die__y=tiles
    )
    np.testing.assert_allclose(total(other, "utilisation"), total(usual, "utilisation"), rtol=1e-9)
    np.testing.assert_allclose(total(other, "wafer_power"), total(usual, "wafer_power"), rtol=5e-3)
