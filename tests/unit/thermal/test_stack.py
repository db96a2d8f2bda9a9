"""What a stack file may say, and what its solution reports."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twin.errors import SpecError
from twin.thermal.stack import StackResult, load_stack, outcome, solve_stack
from twin.thermal.stack_fields import values_at
from twin.thermal.stack_raster import read_map
from twin.thermal.stack_sources import factor_at

PLATE = """
kind: stack
size: {x: 20 mm, y: 10 mm}
cells: {x: 8, y: 6}
layers:
  - {name: die, thickness: 0.5 mm, material: silicon, cells: 2}
  - name: lid
    thickness: 1 mm
    material: {conductivity: 200 W/m/K, density: 2700 kg/m^3, specific_heat: 900 J/kg/K}
    contact_resistance_below: 1e-5 m^2*K/W
    cells: 2
boundaries:
  top: {film: {coefficient: 1000 W/m^2/K, ambient: 25 degC}}
"""
CHANNELS = """
kind: stack
size: {x: 20 mm, y: 20 mm}
cells: {x: 10, y: 10}
layers:
  - {name: die, thickness: 0.5 mm, material: silicon, cells: 2}
  - name: channels
    thickness: 300 um
    microchannels: {width: 100 um, wall: 100 um, axis: y, direction: +, wall_material: silicon, coolant: water,
                    inlet_temperature: 20 degC, flow_rate: 1.2 L/min, heat_transfer: correlation}
"""


def solve(folder: Path, text: str) -> StackResult:
    path = folder / "stack.yaml"
    path.write_text(text)
    return solve_stack(load_stack(path), folder)


def solved(folder: Path, text: str) -> dict[str, Any]:
    return outcome(solve(folder, text))


def rise(found: dict[str, Any], name: str) -> float:
    return float(found["probes"][name]["temperature_K"][-1]) - 298.15


def test_probes_on_either_side_of_a_jump(tmp_path: Path) -> None:
    text = (
        PLATE
        + """
sources: [{layer: die, power: 20 W}]
probes:
  below: {x: 3 mm, y: 7 mm, layer: die, face: top}
  above: {x: 3 mm, y: 7 mm, layer: lid, face: bottom}
  inside: {x: 3 mm, y: 7 mm, z: 1.25 mm}
  top: {x: 3 mm, y: 7 mm, z: 1.5 mm}
  mean: {mean: {x: [0 mm, 20 mm], y: [0 mm, 10 mm]}, layer: lid}
"""
    )
    found = solved(tmp_path, text)
    flux = 20 / 2e-4
    assert rise(found, "top") == pytest.approx(flux / 1000, rel=1e-8)
    assert rise(found, "inside") - rise(found, "top") == pytest.approx(flux * 0.25e-3 / 200, rel=1e-6)
    assert rise(found, "below") - rise(found, "above") == pytest.approx(flux * 1e-5, rel=1e-7)
    assert rise(found, "mean") == pytest.approx((rise(found, "above") + rise(found, "top")) / 2, rel=1e-8)
    place = found["probes"]["below"]
    assert (place["x_m"], place["y_m"], place["z_m"]) == pytest.approx((3e-3, 7e-3, 0.5e-3))
    assert place["time_s"] == [0.0]
    layers = found["layers"]
    assert layers["lid"]["mean_K"] - 298.15 == pytest.approx(rise(found, "mean"))
    assert found["max_temperature_K"] == layers["die"]["max_K"] > layers["lid"]["max_K"]
    assert found["min_temperature_K"] == layers["lid"]["min_K"]
    assert found["coolant"] is None
    assert found["status"] == "converged"


@pytest.mark.parametrize(
    "source",
    [
        "{layer: die, power: 7 W, rectangle: {x: [1.234567 mm, 5.4321 mm], y: [0.77 mm, 8.88 mm]}}",
        "{layer: lid, power: 7 W, rectangle: {x: [0 mm, 1 um], y: [0 mm, 1 um]}}",
        "{face: bottom, power: 7 W, rectangle: {x: [19 mm, 20 mm], y: [9.99 mm, 10 mm]}}",
        "{face: x_max, power: 7 W}",
        "{layer: die, power: 7 W}",
    ],
)
def test_sources_deliver_their_exact_power(tmp_path: Path, source: str) -> None:
    found = solved(tmp_path, PLATE + f"sources: [{source}]")
    assert found["heat_in_W"] == pytest.approx(7.0, rel=1e-12)
    assert found["heat_out_W"] == pytest.approx(7.0, rel=1e-8)


def test_many_sources_add_up_without_a_node_at_every_edge(tmp_path: Path) -> None:
    """More edges than nodes are aligned with: power stays exact, the mesh stays small."""
    edges = np.linspace(0, 20, 302)
    sources = [
        f"  - {{layer: die, power: 0.1 W, rectangle: {{x: [{a:.6f} mm, {b:.6f} mm], y: [1 mm, 9 mm]}}}}"
        for a, b in itertools.pairwise(edges)
    ]
    result = solve(tmp_path, PLATE + "sources:\n" + "\n".join(sources))
    assert outcome(result)["heat_in_W"] == pytest.approx(30.1, rel=1e-12)
    assert result.model.heat.grid.x.size < 20


def test_flux_and_film_of_one_face_add_up(tmp_path: Path) -> None:
    text = PLATE.replace("top: {film", "bottom: {heat_flux: 1e5 W/m^2}\n  top: {heat_flux: -2e4 W/m^2, film")
    found = solved(tmp_path, text + "probes: {top: {x: 1 mm, y: 1 mm, layer: lid, face: top}}")
    assert rise(found, "top") == pytest.approx(8e4 / 1000, rel=1e-8)


def test_times_are_hit_and_only_they_are_reported(tmp_path: Path) -> None:
    text = (
        PLATE
        + """
sources: [{layer: die, power: 20 W}]
transient: {end: 0.5 s, step: 30 ms, initial: 25 degC, times: [10 ms, 0.2 s, 0.1 s]}
probes: {p: {x: 1 mm, y: 1 mm, layer: die, face: bottom}}
"""
    )
    found = solved(tmp_path, text)
    assert found["probes"]["p"]["time_s"] == pytest.approx([0.01, 0.1, 0.2])
    assert (np.diff(found["probes"]["p"]["temperature_K"]) > 0).all()
    at_end = solved(tmp_path, text.replace(", times: [10 ms, 0.2 s, 0.1 s]", ""))
    assert at_end["probes"]["p"]["time_s"] == [0.5]
    assert at_end["heat_out_W"] == pytest.approx(found["heat_out_W"], rel=1e-2)
    assert at_end["layers"]["die"]["mean_K"] > found["probes"]["p"]["temperature_K"][-1]


def test_start_is_reported_when_asked_for(tmp_path: Path) -> None:
    text = (
        PLATE
        + """
transient: {end: 1 s, step: 0.1 s, initial: 60 degC, times: [0 s, 1 s]}
probes: {p: {x: 1 mm, y: 1 mm, layer: die, face: bottom}}
"""
    )
    found = solved(tmp_path, text)
    assert found["probes"]["p"]["time_s"] == [0.0, 1.0]
    assert found["probes"]["p"]["temperature_K"][0] == pytest.approx(333.15, abs=1e-9)
    assert found["max_temperature_K"] == pytest.approx(333.15, abs=1e-9)


def test_schedule_switches_at_its_times(tmp_path: Path) -> None:
    """Adiabatic but for a weak film: heat content follows the integral of the schedule."""
    text = (
        PLATE.replace("coefficient: 1000", "coefficient: 1e-6")
        + """
sources: [{layer: die, power: 10 W, schedule: [[0 s, 1.0], [0.1 s, 0.0], [0.25 s, 2.0]]}]
transient: {end: 0.4 s, step: 33 ms, initial: 25 degC, times: [0.1 s, 0.2 s, 0.25 s, 0.3 s, 0.4 s]}
probes:
  die: {mean: {x: [0 mm, 20 mm], y: [0 mm, 10 mm]}, layer: die}
  lid: {mean: {x: [0 mm, 20 mm], y: [0 mm, 10 mm]}, layer: lid}
"""
    )
    result = solve(tmp_path, text)
    capacities = [layer.thickness * layer.heat_capacity * 2e-4 for layer in result.model.layers]
    means = np.array([result.probes["die"], result.probes["lid"]]) - 298.15
    assert capacities @ means == pytest.approx([1.0, 1.0, 1.0, 2.0, 4.0], rel=1e-6)
    assert result.residual < 1e-8


def test_nothing_flows_no_residual(tmp_path: Path) -> None:
    """Neither after the power of a closed body is switched off, nor in a body as warm as its surroundings."""
    closed = (
        PLATE.split("boundaries")[0]
        + """
sources: [{layer: die, power: 10 W, schedule: [[0 s, 1.0], [0.1 s, 0.0]]}]
transient: {end: 0.3 s, step: 10 ms, initial: 25 degC}
"""
    )
    assert solve(tmp_path, closed).residual < 1e-8
    assert solve(tmp_path, PLATE).residual < 1e-8
    still = "transient: {end: 1 s, step: 0.1 s, initial: 25 degC}\n"
    assert solve(tmp_path, PLATE + still).residual < 1e-8


def test_schedule_factors() -> None:
    schedule = ((0.0, 1.0), (0.1, 0.5))
    assert [factor_at(schedule, t) for t in (0.0, 0.05, 0.1, 9.0)] == [1.0, 1.0, 0.5, 0.5]
    assert factor_at((), 3.0) == 1.0


def test_start_from_the_steady_state_of_time_zero(tmp_path: Path) -> None:
    text = (
        PLATE
        + """
sources: [{layer: die, power: 10 W, schedule: [[0 s, 1.0], [0.2 s, 0.0]]}]
transient: {end: 0.4 s, step: 20 ms, initial: steady, times: [0 s, 0.2 s, 0.4 s]}
probes: {p: {x: 1 mm, y: 1 mm, layer: die, face: bottom}}
"""
    )
    values = solve(tmp_path, text).probes["p"]
    assert values[1] == pytest.approx(values[0], abs=1e-7)
    assert values[2] < values[1] - 1.0


def test_the_example_of_the_format(tmp_path: Path) -> None:
    """Die, interface and channels with sources of every kind: all reported quantities are there and finite."""
    np.savetxt(tmp_path / "power.csv", np.full((4, 3), 0.5), delimiter=",")
    text = (
        CHANNELS
        + """
boundaries:
  bottom: {heat_flux: 1e4 W/m^2}
  x_min: {temperature: 20 degC}
sources:
  - {layer: die, power: 10 W, rectangle: {x: [5 mm, 10 mm], y: [5 mm, 10 mm]}}
  - {face: bottom, power: 3 W, rectangle: {x: [0 mm, 2 mm], y: [0 mm, 2 mm]}}
  - {layer: die, map: power.csv}
probes:
  12: {x: 10 mm, y: 10 mm, z: 0 mm}
"""
    )
    found = solved(tmp_path, text)
    assert found["heat_in_W"] == pytest.approx(10 + 3 + 6 + 4, rel=1e-12)
    assert found["energy_residual"] < 1e-8
    assert set(found["probes"]) == {"12"}
    coolant = found["coolant"]
    assert 293.15 < coolant["outlet_mean_K"] <= coolant["outlet_max_K"] < found["max_temperature_K"]
    assert coolant["flow_rate_m3_s"] == pytest.approx(1.2 / 60e3)
    assert coolant["pressure_drop_Pa"] > 0
    assert 0 < coolant["reynolds"] < 2300
    assert found["dofs"] > 11 * 11 * 5
    assert found["iterations"] > 0


def test_flow_along_x_is_flow_along_y_turned(tmp_path: Path) -> None:
    probes = "probes: {{p: {{x: {} mm, y: {} mm, z: 0 mm}}}}\nsources: [{{layer: die, power: 50 W}}]\n"
    along_y = solved(tmp_path, CHANNELS + probes.format(4, 18))
    along_x = solved(tmp_path, CHANNELS.replace("axis: y", "axis: x") + probes.format(18, 4))
    assert along_x["probes"]["p"]["x_m"] == pytest.approx(18e-3)
    assert along_x["probes"]["p"]["temperature_K"] == pytest.approx(along_y["probes"]["p"]["temperature_K"], abs=1e-8)
    assert along_x["coolant"] == pytest.approx(along_y["coolant"], rel=1e-9)


def test_slots_shorten_the_way_and_lower_the_drop(tmp_path: Path) -> None:
    slots = "slots: {inlets: [0 mm, 20 mm], outlets: [10 mm], width: 1 mm}}"
    power = "sources: [{layer: die, power: 200 W}]"
    straight = solved(tmp_path, CHANNELS + power)
    fed = solved(
        tmp_path, CHANNELS.replace("direction: +, ", "").replace("correlation}", "correlation, " + slots) + power
    )
    assert fed["coolant"]["pressure_drop_Pa"] < straight["coolant"]["pressure_drop_Pa"] / 3
    assert fed["coolant"]["outlet_mean_K"] == pytest.approx(straight["coolant"]["outlet_mean_K"], abs=0.02)
    assert fed["max_temperature_K"] < straight["max_temperature_K"]


def test_film_and_channels_may_flow_together(tmp_path: Path) -> None:
    film = "{conductance: 1e3 W/m^2/K, heat_capacity_rate: 50 W/K, inlet_temperature: 15 degC}"
    text = CHANNELS + f"sources: [{{layer: die, power: 80 W}}]\nboundaries: {{bottom: {{coolant_film: {film}}}}}\n"
    result = solve(tmp_path, text)
    assert result.residual < 1e-8
    assert result.balance is not None
    bed, face = result.balance.streams
    assert bed + face == pytest.approx(80.0, rel=1e-8)
    assert bed > face > 0


def test_maps_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="no such file"):
        read_map(tmp_path / "missing.csv")
    (tmp_path / "empty.csv").touch()
    with pytest.raises(SpecError, match="is empty"):
        read_map(tmp_path / "empty.csv")
    for text, message in (("a,b\n1,2\n", "not numbers"), ("1,nan\n", "not finite")):
        (tmp_path / "map.csv").write_text(text)
        with pytest.raises(SpecError, match=message):
            read_map(tmp_path / "map.csv")


def test_values_interpolate() -> None:
    nodes = np.array([0.0, 1.0, 3.0])
    for place in (0.0, 0.4, 1.0, 2.5, 3.0):
        values = values_at(nodes, place, 1)
        assert values.sum() == pytest.approx(1.0)
        assert values @ nodes == pytest.approx(place)


def test_numbers_are_names_as_well(tmp_path: Path) -> None:
    """A name written without quotes that reads as a number is that text wherever it is used."""
    (tmp_path / "stack.yaml").write_text(
        "kind: stack\nsize: {x: 1 mm, y: 1 mm}\n"
        "layers: [{name: 3, thickness: 1 mm, material: silicon}]\n"
        "boundaries: {bottom: {film: {coefficient: 100 W/m^2/K, ambient: 20 degC}}}\n"
        "sources: [{layer: 3, power: 1 mW}]\n"
        "probes: {7: {x: 0 mm, y: 0 mm, layer: 3, face: top}}\n"
    )
    found = outcome(solve_stack(load_stack(tmp_path / "stack.yaml")))
    assert list(found["layers"]) == ["3"]
    assert found["probes"]["7"]["temperature_K"][0] - 293.15 == pytest.approx(10.0, abs=0.1)
