"""Studies of stack files: keys of lists, every problem at once, identities, key figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from twin.errors import RunStopped, SpecError
from twin.study.plan import STACK, Plan
from twin.study.planner import plan, read_study
from twin.study.stack_keys import set_in_stack
from twin.study.stack_points import STACK_FIGURES, resolved_stack, stack_figures
from twin.study.worker import Task, compute
from twin.thermal import stack_memory

PLATE = """\
kind: stack
title: Plate
size: {x: 10 mm, y: 10 mm}
cells: {x: 2, y: 2}
layers:
  - {name: die, thickness: 1 mm, material: {conductivity: 100 W/m/K, density: 2330 kg/m^3, specific_heat: 700 J/kg/K}}
  - {name: lid, thickness: %s, material: copper}
boundaries: {top: {film: {coefficient: 1000 W/m^2/K, ambient: 20 degC}}}
sources: [{face: bottom, power: 10 W}]
"""


@pytest.fixture
def plates(tmp_path: Path) -> tuple[str, str]:
    """Two plates whose lids differ."""
    paths = []
    for name, thickness in (("thin", "1 mm"), ("thick", "2 mm")):
        path = tmp_path / f"{name}.yaml"
        path.write_text(PLATE % thickness)
        paths.append(str(path))
    return paths[0], paths[1]


def planned(base: str, **content: Any) -> Plan:
    return plan(*read_study({"base": base, **content}))


def test_points_are_stacks_with_keys_changed(plates: tuple[str, str]) -> None:
    thin, thick = plates
    found = planned(
        thin, axes={"base": [thin, thick], "sources.*.power": ["10 W", "20 W"]}, set={"layers.lid.thickness": "3 mm"}
    )
    assert (found.kind, found.shape) == (STACK, (2, 2))
    tree = resolved_stack(found.base_text, found.changes(3))
    assert tree["sources"][0]["power"] == "20.0 W"
    assert tree["layers"][1]["thickness"] == "3 mm"
    assert found.dimensions[1].values[0].labels.tolist() == [10.0, 20.0]
    identities = {found.identity(number) for number in range(found.points)}
    assert len(identities) == 2, "stacks that are made equal are one point"


def test_map_may_lie_anywhere_and_is_needed(tmp_path: Path) -> None:
    found = []
    for name in ("here", "there"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "map.csv").write_text("1,2\n3,4\n")
        source = "sources: [{layer: die, map: map.csv}]"
        (folder / "plate.yaml").write_text(PLATE.replace("sources: [{face: bottom, power: 10 W}]", source) % "1 mm")
        found.append(planned(str(folder / "plate.yaml"), axes={"layers.lid.thickness": ["1 mm", "2 mm"]}))
    assert found[0].signature == found[1].signature
    assert found[0].identity(0) == found[1].identity(0)
    (tmp_path / "here" / "map.csv").unlink()
    task = Task(found[0].base_text, True, (), "", "", kind=STACK)
    (outcome,) = compute(task, [(found[1].identity(0), found[0].changes(0))])
    assert outcome.figures is None
    assert not outcome.lasting
    assert "map.csv" in outcome.error


def test_figures_of_a_plate_as_worked_out_by_hand(plates: tuple[str, str]) -> None:
    thin, _ = plates
    found = planned(thin, axes={"sources.0.power": ["10 W", "20 W"]})
    rises = []
    for number in range(2):
        figures, warned = stack_figures(resolved_stack(found.base_text, found.changes(number)))
        assert set(figures) == set(STACK_FIGURES)
        assert warned == ()
        assert figures["max_temperature_K"] is not None
        rises.append(figures["max_temperature_K"] - 293.15)
        assert figures["coolant_power_W"] == 0.0
        assert figures["pressure_drop_Pa"] is None
    flux = 10.0 / 1e-4
    assert rises[0] == pytest.approx(flux * (1e-3 / 100.0 + 1e-3 / 401.0 + 1e-3), rel=0.01)
    assert rises[1] == pytest.approx(2 * rises[0], rel=1e-9)


def test_star_sets_all_that_have_the_rest() -> None:
    tree = {"layers": [{"name": "a", "microchannels": {"flow_rate": "1 L/min"}}, {"name": "b", "thickness": "1 mm"}]}
    assert set_in_stack(tree, "layers.*.microchannels.flow_rate", "2 L/min")
    assert tree["layers"] == [
        {"name": "a", "microchannels": {"flow_rate": "2 L/min"}},
        {"name": "b", "thickness": "1 mm"},
    ]
    assert not set_in_stack(tree, "layers.c.thickness", "2 mm")


def test_every_problem_is_said_at_once(plates: tuple[str, str], tmp_path: Path) -> None:
    thin, _ = plates
    with pytest.raises(SpecError) as caught:
        planned(
            thin,
            axes={"layers.lid.thickness": ["1 mm", "-1 mm"], "sources.*.power": ["5 W", "5 K"]},
            record=["max_temperature"],
            derived={"rise": "max_temperature_K - 20 W"},
        )
    text = str(caught.value)
    for part in (
        "axes.layers.lid.thickness",
        "axes.sources.*.power",
        "Did you mean 'max_temperature_K'",
        "derived.rise",
    ):
        assert part in text
    with pytest.raises(SpecError, match="unknown key"):
        planned(thin, axes={"layers.cover.thickness": ["1 mm"]})
    with pytest.raises(SpecError, match="belongs to studies of scenarios"):
        planned(thin, axes={"layers.lid.thickness": ["1 mm"]}, steady=True)


def test_sound_parts_are_checked_beside_wrong_ones(plates: tuple[str, str]) -> None:
    thin, thick = plates
    with pytest.raises(SpecError) as caught:
        planned(
            thin,
            set={"layers.die.thickness": "-1 mm", "layers.cover.thickness": "1 mm"},
            axes={
                "base": [thin, thick],
                "layers.lit.thickness": ["1 mm"],
                "foo.bar": [1],
                "sources.*.power": ["5 W", "5 K"],
            },
            replicas=3,
            record=["max_temp"],
            constraints=["sources.*.power < 5 K"],
        )
    text = str(caught.value)
    for part in (
        "replicas: belongs to studies of scenarios",
        "set.layers.cover.thickness: ",
        "axes.layers.lit.thickness: unknown key. Did you mean 'layers.lid.thickness'?",
        "axes.foo.bar: unknown key. The closest of",
        "All: `twin schema stack`.",
        "axes.sources.*.power: '5 K': ",
        "record: 'max_temp' is no key figure",
        "constraints.0: ",
    ):
        assert part in text
    assert text.count("must be greater than 0") == 2, "the wrong thickness, once for each plate"


def test_runaway_has_no_figures(tmp_path: Path) -> None:
    path = tmp_path / "hot.yaml"
    hot = PLATE.replace("power: 10 W", "power: 10 W, feedback: {coefficient: 0.2 1/K, reference: 20 degC}")
    path.write_text(hot % "1 mm")
    found = planned(str(path), axes={"layers.lid.thickness": ["1 mm"]})
    with pytest.raises(RunStopped, match="runaway"):
        stack_figures(resolved_stack(found.base_text, found.changes(0)))


def test_memory_of_the_machine_decides_nothing(plates: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Refinement has a fixed budget, which the identity tells; a point that does not fit now is tried again."""
    thin, _ = plates
    found = planned(thin, axes={"numerics.target_error": ["0.1 K", "0.2 K"]})
    assert resolved_stack(found.base_text, found.changes(0))["numerics"]["memory"] == "2 GB"
    task = Task(found.base_text, steady=False, folders=(), environment="", session="memory", kind=STACK)
    points = [(found.identity(0), found.changes(0))]
    monkeypatch.setattr(stack_memory, "_free", lambda: 1e3)
    (short,) = compute(task, points)
    assert short.figures is None
    assert not short.lasting
    assert "GB are free" in short.error
    monkeypatch.undo()
    (done,) = compute(task, points)
    assert done.figures
