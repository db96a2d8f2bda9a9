"""Finding and inheriting data."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from twin import library
from twin.errors import LibraryError, SpecError
from twin.library import merge
from twin.spec.base import to_tree
from twin.spec.documents import validate, yaml_text

MATERIAL = """\
kind: material
title: {title}
source: a test
status: derived
conductivity: {conductivity}
density: 1000 kg/m^3
specific_heat: 700 J/kg/K
"""

Add = Callable[..., Path]


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Add:
    """Return a function that writes a material into one of several data folders."""
    monkeypatch.setattr(library, "_extra_folders", [])
    library.forget()

    def write(folder: str, name: str, text: str = "", conductivity: str = "1 W/m/K") -> Path:
        path = tmp_path / folder / "materials" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text or MATERIAL.format(title=name, conductivity=conductivity))
        library.forget()
        return tmp_path / folder

    return write


def conductivity(name: str) -> float:
    return float(library.load("material", name).conductivity)  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", library.kinds())
def test_every_packaged_entry_loads(kind: str) -> None:
    names = library.names(kind)
    assert names
    for name in names:
        assert library.load(kind, name) == library.load(kind, str(library.find(kind, name)))


@pytest.mark.parametrize("kind", [kind for kind in library.kinds() if kind != "model"])
def test_entries_written_as_trees_read_back_exactly(kind: str) -> None:
    for name in library.names(kind):
        spec = library.load(kind, name)
        assert validate(to_tree(spec), library.spec_class(kind), name) == spec


def test_folders_are_searched_before_the_packaged_data(add: Add, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, environment = add("a", "silicon"), add("b", "silicon", conductivity="2 W/m/K"), add("c", "mud")
    monkeypatch.setenv("TWIN_DATA", os.pathsep.join([str(environment), "", "/nowhere"]))
    assert conductivity("silicon") == 148
    library.use_folder(first)
    assert conductivity("silicon") == 1
    library.use_folder(second)
    assert conductivity("silicon") == 2
    assert "mud" in library.names("material")
    assert "copper" in library.names("material")


def test_a_file_may_be_given_by_its_path(add: Add) -> None:
    folder = add("a", "sand")
    assert conductivity(str(folder / "materials" / "sand.yaml")) == 1


def test_base_brings_all_that_is_not_said(add: Add) -> None:
    text = "kind: material\nbase: sand\ndensity: {value: 5 kg/m^3, source: scales, status: measured}\n"
    library.use_folder(add("a", "sand"))
    add("a", "gravel", text)
    entry = library.entry("material", "gravel")
    assert conductivity("gravel") == 1
    assert entry.spec.density == 5  # type: ignore[attr-defined]
    assert {item.key: item.status for item in entry.provenance}["density"] == "measured"
    assert {item.key: item.status for item in entry.provenance}["conductivity"] == "derived"


def test_grandparents_are_inherited_too(add: Add) -> None:
    library.use_folder(add("a", "one", conductivity="7 W/m/K"))
    for name, base in (("two", "one"), ("three", "two")):
        add("a", name, f"kind: material\nbase: {base}\ntitle: {name}\n")
    assert conductivity("three") == 7


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind: material\nbase: bad\n", "inherits from itself"),
        ("kind: material\nbase: nothing\n", "'nothing' not found"),
        ("kind: chip\nbase: wse3\n", "is 'chip', expected 'material'"),
        ("kind: material\nbase: wse3\n", "'wse3' not found"),
    ],
)
def test_wrong_bases_are_refused(text: str, message: str, add: Add) -> None:
    library.use_folder(add("a", "bad", text))
    with pytest.raises((SpecError, LibraryError), match=message):
        library.load("material", "bad")


def test_two_files_that_inherit_from_each_other_are_refused(add: Add) -> None:
    library.use_folder(add("a", "egg", "kind: material\nbase: hen\n"))
    add("a", "hen", "kind: material\nbase: egg\n")
    with pytest.raises(SpecError, match="inherits from itself through hen"):
        library.load("material", "egg")


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("material", "silicone", "Did you mean 'silicon'"),
        ("material", "zzz", "Available: aluminium, "),
        ("material", "nowhere/silicon.yaml", "no such file"),
        ("stuff", "silicon", "is no kind of data"),
        ("materail", "silicon", "Did you mean 'material'"),
    ],
)
def test_unknown_names_are_answered_with_near_ones(kind: str, name: str, message: str) -> None:
    with pytest.raises(LibraryError, match=message):
        library.load(kind, name)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="no such folder"):
        library.use_folder(tmp_path / "nowhere")


def test_merge_lays_mappings_over_mappings_and_replaces_all_else() -> None:
    parent = {"a": {"x": 1, "y": 2}, "b": [1, 2], "c": {"value": 1, "source": "p"}, "d": 4}
    child = {"a": {"y": 3, "z": 4}, "b": [9], "c": {"value": 2}, "e": 5}
    assert merge(parent, child) == {
        "a": {"x": 1, "y": 3, "z": 4}, "b": [9], "c": {"value": 2}, "d": 4, "e": 5,
    }  # fmt: skip
    assert parent["a"] == {"x": 1, "y": 2}


def test_what_is_written_as_yaml_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    chip = library.load("chip", "h100-like")
    path.write_text(yaml_text({"kind": "chip", "source": "a test", "status": "derived", **to_tree(chip)}))
    assert library.load("chip", str(path)) == chip


def test_changed_files_are_read_anew_by_the_next_run(add: Add) -> None:
    library.use_folder(add("a", "sand"))
    file = str(add("b", "rock") / "materials" / "rock.yaml")
    assert (conductivity("sand"), conductivity(file)) == (1, 1)
    for path in (library.find("material", "sand"), Path(file)):
        path.write_text(path.read_text().replace("1 W/m/K", "20 W/m/K"))
    assert (conductivity("sand"), conductivity(file)) == (1, 1), "as one run has read them"
    library.refresh()
    assert (conductivity("sand"), conductivity(file)) == (20, 20)
    library.find("material", "sand").unlink()
    library.refresh()
    with pytest.raises(LibraryError, match="not found"):
        conductivity("sand")


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ("[1, 2]", "conductivity.range: needs a unit"),
        ("[1 W/m/K, 2 W]", "conductivity.range: '2 W' has the wrong dimension"),
        ("[2 W/m/K, 1 W/m/K]", "conductivity.range: the lower bound must come first"),
    ],
)
def test_ranges_are_checked_with_their_values(add: Add, bounds: str, message: str) -> None:
    text = MATERIAL.format(title="sand", conductivity="1 W/m/K")
    ranged = f"conductivity: {{value: 1 W/m/K, range: {bounds}, source: guess, status: assumed}}"
    lines = [ranged if line.startswith("conductivity") else line for line in text.splitlines()]
    library.use_folder(add("a", "sand", "\n".join(lines) + "\n"))
    with pytest.raises(SpecError) as caught:
        conductivity("sand")
    assert message in str(caught.value)
