"""What must hold for any stack, whatever its numbers: linearity, reciprocity, symmetry, scaling, balance."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stack_files import Tree, at, film, material, metres, outcome, probes, solve

from twin.spec.documents import validate
from twin.spec.stack import Stack
from twin.thermal.stack import StackResult, solve_stack
from twin.thermal.stack_check import check_stack

BOXES = ({"x": ["1 mm", "4 mm"], "y": ["2 mm", "5 mm"]}, {"x": ["7 mm", "11 mm"], "y": ["6 mm", "9.5 mm"]})
few = settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def run(tree: Tree) -> StackResult:
    stack = validate({"kind": "stack", **tree}, Stack, "stack.yaml")
    check_stack(stack, "stack.yaml")
    return solve_stack(stack)


def rises(tree: Tree, coldest: float = 20.0) -> np.ndarray:
    """Return the solid's temperature on all nodes over `coldest` in degC."""
    final = run(tree).final
    assert final is not None
    return np.asarray(final.solid - coldest - 273.15)


def channels(name: str, axis: str, **changes: object) -> Tree:
    return {
        "name": name,
        "thickness": "300 um",
        "cells": 2,
        "microchannels": {
            "width": "100 um",
            "wall": "80 um",
            "axis": axis,
            "wall_material": "silicon",
            "coolant": {"density": "998 kg/m^3", "specific_heat": "4182 J/kg/K", "conductivity": "0.6 W/m/K",
                        "viscosity": "1 mPa*s"},
            "inlet_temperature": "20 degC",
            "flow_rate": "0.3 L/min",
            **changes,
        },
    }  # fmt: skip


@st.composite
def stacks(draw: st.DrawFn, cooled: bool = True) -> Tree:
    """Return a random stack of 12 x 12 mm: orthotropic layers, contacts, films, sometimes channels."""
    conductivity = st.floats(0.5, 400.0)
    layers: list[Tree] = []
    for index in range(draw(st.integers(1, 4))):
        values = [draw(conductivity) for _ in range(3)]
        layer: Tree = {
            "name": f"layer {index}",
            "thickness": metres(draw(st.floats(20e-6, 2e-3))),
            "material": material(values, draw(st.floats(5e5, 4e6))),
            "cells": draw(st.integers(1, 3)),
        }
        if index and draw(st.booleans()):
            layer["contact_resistance_below"] = f"{draw(st.floats(1e-7, 1e-4))!r} m^2*K/W"
        layers.append(layer)
    boundaries = {"bottom": film(draw(st.floats(100.0, 3e4)), 20.0)}
    if draw(st.booleans()):
        boundaries["x_max"] = film(draw(st.floats(10.0, 5e3)), 20.0)
    if cooled and draw(st.booleans()):
        direction = draw(st.sampled_from(["+", "-", "alternate"]))
        axis = draw(st.sampled_from(["x", "y"]))
        place = draw(st.integers(0, len(layers)))
        layers.insert(place, channels("channels", axis, direction=direction))
        layers[0].pop("contact_resistance_below", None)
    return {
        "size": {"x": "12 mm", "y": "12 mm"},
        "cells": {"x": 10, "y": 9},
        "layers": layers,
        "boundaries": boundaries,
    }


def solid_names(tree: Tree) -> list[str]:
    return [layer["name"] for layer in tree["layers"] if "material" in layer]


def source(layer: str, watts: float, box: Tree | None = None) -> Tree:
    return {"layer": layer, "power": f"{watts!r} W", **({"rectangle": box} if box else {})}


@few
@given(tree=stacks(), data=st.data())
def test_superposition(tree: Tree, data: st.DataObject) -> None:
    """M1: the rises of two sources together are the sum of their rises alone."""
    first, second = (data.draw(st.sampled_from(solid_names(tree))) for _ in range(2))
    sources = [source(first, 3.0, BOXES[0]), source(second, 5.0, BOXES[1])]
    # Same rectangles in every run, at no power, keep the mesh the same.
    one, two, both, double = (
        rises({**tree, "sources": [{**s, "power": f"{w!r} W"} for s, w in zip(sources, watts, strict=True)]})
        for watts in ((3.0, 0.0), (0.0, 5.0), (3.0, 5.0), (6.0, 0.0))
    )
    assert np.abs(one + two - both).max() < 1e-8 * both.max()
    assert np.abs(2 * one - double).max() < 1e-8 * double.max()


@few
@given(tree=stacks(cooled=False), data=st.data())
def test_reciprocity_of_conduction(tree: Tree, data: st.DataObject) -> None:
    """M2: the mean over box 2 from a watt in box 1 equals the mean over box 1 from a watt in box 2."""
    layers = [data.draw(st.sampled_from(solid_names(tree))) for _ in range(2)]
    means = {str(i): {"mean": BOXES[i], "layer": layers[i]} for i in (0, 1)}
    resistance = np.zeros((2, 2))
    for i in (0, 1):
        sources = [source(layers[j], float(i == j), BOXES[j]) for j in (0, 1)]
        result = run({**tree, "sources": sources, "probes": means})
        resistance[i] = [result.probes[str(j)][0] - 293.15 for j in (0, 1)]
    assert abs(resistance[0, 1] - resistance[1, 0]) < 1e-9 * resistance.max()
    assert resistance.diagonal().min() > 0


@few
@given(tree=stacks(), data=st.data())
def test_shift_of_all_temperatures(tree: Tree, data: st.DataObject) -> None:
    """M5: all sinks warmer by 10 K, everything warmer by 10 K."""
    layer = data.draw(st.sampled_from(solid_names(tree)))
    tree = {**tree, "sources": [source(layer, 8.0, BOXES[0])]}
    warmer = copy.deepcopy(tree)
    for boundary in warmer["boundaries"].values():
        boundary["film"]["ambient"] = "30 degC"
    for item in warmer["layers"]:
        if "microchannels" in item:
            item["microchannels"]["inlet_temperature"] = "30 degC"
    before, after = rises(tree), rises(warmer, 30.0)
    assert np.abs(before - after).max() < 1e-9 * before.max()


def scaled(tree: Tree, s: float) -> Tree:
    """Return the stack s times as large with the same rises: films / s, contacts and watts * s, times s^2."""

    def by(text: str, factor: float) -> str:
        number, unit = text.split(" ", 1)
        return f"{float(number) * factor!r} {unit}"

    larger = copy.deepcopy(tree)
    larger["size"] = {axis: by(text, s) for axis, text in tree["size"].items()}
    for layer in larger["layers"]:
        layer["thickness"] = by(layer["thickness"], s)
        if "contact_resistance_below" in layer:
            layer["contact_resistance_below"] = by(layer["contact_resistance_below"], s)
    for boundary in larger["boundaries"].values():
        boundary["film"]["coefficient"] = by(boundary["film"]["coefficient"], 1 / s)
    for item in larger["sources"]:
        item["power"] = by(item["power"], s)
        item["rectangle"] = {axis: [by(edge, s) for edge in edges] for axis, edges in item["rectangle"].items()}
    if "transient" in larger:
        larger["transient"] |= {key: by(larger["transient"][key], s * s) for key in ("end", "step")}
    return larger


@few
@given(tree=stacks(cooled=False), s=st.floats(0.1, 10.0), data=st.data())
def test_scaling_of_lengths(tree: Tree, s: float, data: st.DataObject) -> None:
    """M6: steady and transient conduction do not know how large they are."""
    layer = data.draw(st.sampled_from(solid_names(tree)))
    steady = {**tree, "sources": [source(layer, 8.0, BOXES[0])]}
    transient = {**steady, "transient": {"end": "0.01 s", "step": "0.002 s", "initial": "20 degC"}}
    for case in (steady, transient):
        found, expected = rises(scaled(case, s)), rises(case)
        assert np.abs(found - expected).max() < 1e-8 * expected.max()


@few
@given(tree=stacks(), data=st.data())
def test_cutting_a_layer_in_two(tree: Tree, data: st.DataObject) -> None:
    """M7: two halves of one material are the layer; a contact of no resistance is none."""
    index = data.draw(st.sampled_from([i for i, layer in enumerate(tree["layers"]) if "material" in layer]))
    whole = copy.deepcopy(tree)
    layer = whole["layers"][index]
    layer["cells"] = 2
    power = [source(layer["name"], 8.0, BOXES[0])]
    half = metres(float(layer["thickness"].split()[0]) / 2)
    lower = {**layer, "thickness": half, "cells": 1}
    upper = {**lower, "name": "upper half", "contact_resistance_below": "0 m^2*K/W"}
    cut = {**whole, "layers": [*whole["layers"][:index], lower, upper, *whole["layers"][index + 1 :]]}
    halves = [source(layer["name"], 4.0, BOXES[0]), source("upper half", 4.0, BOXES[0])]
    found, expected = rises({**cut, "sources": halves}), rises({**whole, "sources": power})
    assert np.abs(found - expected).max() < 1e-9 * expected.max()


@few
@given(tree=stacks(), data=st.data())
def test_every_balance_closes(tree: Tree, data: st.DataObject) -> None:
    """M10, M11: heat in is heat out plus heat stored, in every step."""
    layer = data.draw(st.sampled_from(solid_names(tree)))
    steady = {**tree, "sources": [source(layer, 8.0, BOXES[0]), source(layer, 1.0)]}
    transient = {**steady, "transient": {"end": "0.03 s", "step": "0.003 s", "initial": "20 degC"}}
    for case in (steady, transient):
        found = outcome(run(case))
        assert found["energy_residual"] < 1e-8
        assert found["heat_in_W"] == pytest.approx(9.0, rel=1e-12)
    assert outcome(run(steady))["heat_out_W"] == pytest.approx(9.0, rel=1e-8)


@few
@given(tree=stacks(), data=st.data())
def test_transient_ends_in_the_steady_state(tree: Tree, data: st.DataObject) -> None:
    """M12, from the initial temperature; and a start from the steady state stays there."""
    layer = data.draw(st.sampled_from(solid_names(tree)))
    steady = {**tree, "sources": [source(layer, 8.0, BOXES[0])]}
    expected = rises(steady)
    for initial, step in (("35 degC", "20 s"), ("steady", "1 ms")):
        end = f"{30 * float(step.split()[0])!r} {step.split()[1]}"
        found = rises({**steady, "transient": {"end": end, "step": step, "initial": initial}})
        assert np.abs(found - expected).max() < 1e-6 * expected.max()


def square(**changes: object) -> Tree:
    """Return a square die under channels, heated off its centre."""
    return {
        "size": {"x": "12 mm", "y": "12 mm"},
        "cells": {"x": 12, "y": 12},
        "layers": [
            {"name": "die", "thickness": "0.4 mm", "material": "silicon", "cells": 2},
            channels("channels", "y"),
            {"name": "cover", "thickness": "0.5 mm", "material": "glass", "cells": 1},
        ],
        "boundaries": {"bottom": film(50.0, 20.0)},
        "sources": [source("die", 60.0), source("die", 20.0, {"x": ["2 mm", "4 mm"], "y": ["7 mm", "10 mm"]})],
        **changes,
    }


def test_quarter_turns_and_mirrors_of_wafer_sources_and_flow(tmp_path: Path) -> None:
    """M4: all eight symmetries of the square map fields onto each other, flow along x and along y."""
    anisotropic = {"density": "2330 kg/m^3", "specific_heat": "700 J/kg/K"}
    points = [("1 mm", "2 mm"), ("3 mm", "9 mm"), ("8 mm", "4 mm")]

    def mirrored(text: str) -> str:
        return f"{12 - float(text.split()[0])!r} mm"

    def solved(swap: bool, flip_x: bool, flip_y: bool) -> list[float]:
        """Move the whole stack; flow along +y becomes flow along +-x or +-y."""

        def place(x: str, y: str) -> tuple[str, str]:
            x, y = (mirrored(x) if flip_x else x), (mirrored(y) if flip_y else y)
            return (y, x) if swap else (x, y)

        def box(x: list[str], y: list[str]) -> Tree:
            corners = [place(x[i], y[i]) for i in (0, 1)]
            return {
                axis: sorted((corner[k] for corner in corners), key=lambda t: float(t.split()[0]))
                for k, axis in enumerate("xy")
            }

        k = ["90 W/m/K", "150 W/m/K", "60 W/m/K"]
        turned = {**anisotropic, "conductivity": [k[1], k[0], k[2]] if swap else k}
        flow = channels("channels", "x" if swap else "y", direction="-" if flip_y else "+", wall_material=turned)
        side = {False: ("x_min", "x_max"), True: ("y_min", "y_max")}[swap][flip_x]
        tree = square(
            layers=[
                {"name": "die", "thickness": "0.4 mm", "material": turned, "cells": 2},
                flow,
                {"name": "cover", "thickness": "0.5 mm", "material": "glass", "cells": 1},
            ],
            boundaries={side: film(900.0, 15.0)},
            sources=[source("die", 60.0), source("die", 20.0, box(["2 mm", "4 mm"], ["7 mm", "10 mm"]))],
            probes={str(i): at(*place(*point), "die") for i, point in enumerate(points)},
        )
        return [values[0] for values in probes(solve(tmp_path, tree)).values()]

    plain = solved(False, False, False)
    assert max(plain) - min(plain) > 0.5
    for number in range(1, 8):
        moved = solved(bool(number & 1), bool(number & 2), bool(number & 4))
        assert np.array(moved) - 15 == pytest.approx(np.array(plain) - 15, rel=1e-9)


@pytest.mark.parametrize("flow", [0.01, 0.03, 0.1, 0.3, 1.0, 3.0])
@pytest.mark.parametrize("direction", ["+", "alternate"])
def test_no_temperature_beyond_its_sources_and_sinks(flow: float, direction: str) -> None:
    """M8: on a mesh that resolves the die, nothing is colder than the inlet, no coolant hotter than the walls."""
    layers = square()["layers"]
    layers[1] = channels("channels", "y", flow_rate=f"{flow!r} L/min", direction=direction)
    result = run(square(layers=layers))
    assert result.final is not None
    rise = result.final.solid.max() - 293.15
    assert result.final.solid.min() > 293.15 - 1e-6 * rise
    for coolant in result.final.coolant:
        assert coolant.min() > 293.15 - 1e-6 * rise
        assert coolant.max() < result.final.solid.max() + 1e-6 * rise


def hottest(tree: Tree) -> float:
    return float(outcome(run(tree))["max_temperature_K"])


def test_more_cooling_and_conduction_never_heat() -> None:
    """M9: flow, film, conductivity and inlet temperature, each strictly."""

    def with_layer(index: int, **changes: object) -> Tree:
        layers = copy.deepcopy(square()["layers"])
        layers[index] |= changes
        return square(layers=layers)

    def with_channels(**changes: object) -> Tree:
        return with_layer(1, microchannels=channels("", "y", **changes)["microchannels"])

    sweeps = {
        "flow": [with_channels(flow_rate=f"{f!r} L/min") for f in (0.1, 0.2, 0.4, 0.8)],
        "film": [square(boundaries={"bottom": film(h, 20.0)}) for h in (10.0, 100.0, 1e3, 1e4)],
        "conductivity": [with_layer(0, material=material(k)) for k in (20.0, 60.0, 180.0, 400.0)],
        "coefficient": [with_channels(heat_transfer={"coefficient": f"{h!r} W/m^2/K"}) for h in (5e3, 1e4, 2e4, 4e4)],
        "inlet": [with_channels(inlet_temperature=f"{t!r} degC") for t in (40.0, 30.0, 20.0, 10.0)],
        "power": [square(sources=[source("die", watts)]) for watts in (90.0, 60.0, 30.0, 1.0)],
    }
    for name, sweep in sweeps.items():
        peaks = [hottest(tree) for tree in sweep]
        assert (np.diff(peaks) < 0).all(), name


@pytest.mark.parametrize(("rows", "columns"), [(3, 5), (7, 4), (24, 24), (50, 31)])
def test_maps_keep_watts_and_centroid_on_any_raster(tmp_path: Path, rows: int, columns: int) -> None:
    """M18: sum and centroid of what reaches the nodes are those of the raster."""
    watts = np.random.default_rng(rows).uniform(0.0, 2.0, (rows, columns))
    np.savetxt(tmp_path / "power.csv", watts, delimiter=",", fmt="%.17g")
    result = solve(tmp_path, square(sources=[{"layer": "die", "map": "power.csv"}]))
    load = result.model.load(0.0)
    assert load.sum() == pytest.approx(watts.sum(), rel=1e-12)
    x, y = ((np.arange(n) + 0.5) * 12e-3 / n for n in (columns, rows))
    assert load.sum(axis=(1, 2)) @ result.model.heat.grid.x == pytest.approx(watts.sum(axis=0) @ x, rel=1e-12)
    assert load.sum(axis=(0, 2)) @ result.model.heat.grid.y == pytest.approx(watts.sum(axis=1) @ y, rel=1e-12)


def test_map_lies_the_same_way_for_flow_along_x_and_y(tmp_path: Path) -> None:
    """First row at y_min, first column at x_min; the hot corner stays where it is."""
    watts = np.full((4, 6), 0.1)
    watts[0, 5] = 20.0
    np.savetxt(tmp_path / "power.csv", watts, delimiter=",")
    corners = {"x_max y_min": ("11 mm", "1 mm"), "x_min y_max": ("1 mm", "11 mm"), "x_min y_min": ("1 mm", "1 mm")}
    for axis in ("x", "y"):
        layers = copy.deepcopy(square()["layers"])
        layers[1] = channels("channels", axis)
        tree = square(
            layers=layers,
            sources=[{"layer": "die", "map": "power.csv"}],
            probes={name: at(*place, "die") for name, place in corners.items()},
        )
        found = {name: values[0] for name, values in probes(solve(tmp_path, tree)).items()}
        assert max(found, key=found.__getitem__) == "x_max y_min"
        assert found["x_max y_min"] > 5 + max(found["x_min y_max"], found["x_min y_min"])
