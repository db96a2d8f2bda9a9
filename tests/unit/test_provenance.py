"""Every number of the library has a unit, a source and a status; assumed ones have a range."""

from __future__ import annotations

from typing import Any

import pytest

from twin import library
from twin.spec.provenance import STATUSES, Provenance, collect, is_sourced, problems, strip
from twin.units import UnitError, to_si

SOURCED = sorted(set(library.kinds()) - {"scenario", "mesh", "model", "study"})
ENTRIES = [(kind, name) for kind in SOURCED for name in library.names(kind)]


def found(kind: str, name: str) -> tuple[Provenance, ...]:
    return library.entry(kind, name).provenance


@pytest.mark.parametrize(("kind", "name"), ENTRIES)
def test_every_number_has_source_and_status(kind: str, name: str) -> None:
    for item in found(kind, name):
        assert item.source.strip(), item.key
        assert item.status in STATUSES, item.key


@pytest.mark.parametrize(("kind", "name"), ENTRIES)
def test_every_assumed_number_has_a_range_that_holds_it(kind: str, name: str) -> None:
    for item in found(kind, name):
        if item.status == "assumed":
            assert item.range is not None, item.key
        if item.range is not None:
            low, value, high = (_number(text) for text in (item.range[0], item.text, item.range[1]))
            assert low <= value <= high, item.key
            assert low < high, item.key


def _number(text: str) -> float:
    """Return a quantity in SI, whatever its dimension."""
    written = text.split(maxsplit=1)
    if len(written) == 1:
        return float(text)
    for unit in ("m", "K", "s", "W", "Hz", "J", "V", "byte"):
        try:
            return to_si(text, unit)
        except UnitError:
            continue
    assert not written[1].startswith("deg")
    return to_si(text, _base(written[1]))


def _base(unit: str) -> str:
    from twin.units import parse_unit

    return str((1 * parse_unit(unit)).to_base_units().units)


@pytest.mark.parametrize("kind", [kind for kind in SOURCED if kind not in ("trace",)])
def test_no_kind_is_without_numbers(kind: str) -> None:
    assert all(found(kind, name) for name in library.names(kind))


def test_default_scenario_rests_on_known_and_assumed_inputs() -> None:
    chip = library.entry("chip", "wse3")
    keys = {item.key for item in chip.assumed}
    assert "core.mac_energy" in keys
    assert "size.x" not in keys


TREE: dict[str, Any] = {
    "source": "a book",
    "status": "published",
    "title": "no number",
    "width": "3 mm",
    "count": 4,
    "flag": True,
    "film": {"value": "2 W/m/K", "source": "another", "status": "assumed", "range": ["1 W/m/K", "3 W/m/K"]},
    "layers": [{"name": "one", "thickness": "1 mm"}, {"name": "two", "vector": [1, 2, 3]}],
}


def test_numbers_are_collected_with_the_origin_of_the_file_or_their_own() -> None:
    items = {item.key: item for item in collect(TREE)}
    assert set(items) == {"width", "count", "film", "layers.one.thickness", "layers.two.vector"}
    assert (items["width"].source, items["width"].status) == ("a book", "published")
    assert (items["film"].source, items["film"].range) == ("another", ("1 W/m/K", "3 W/m/K"))
    assert items["layers.two.vector"].text == "1, 2, 3"


def test_strip_leaves_the_values() -> None:
    assert strip(TREE)["film"] == "2 W/m/K"
    assert strip(TREE)["layers"] == TREE["layers"]


def test_missing_origin_is_a_problem_of_its_key() -> None:
    bare = collect({"width": "3 mm", "depth": {"value": "1 mm", "source": "x", "status": "guessed"}})
    told = {(problem.key, problem.message.split()[0]) for problem in problems(bare)}
    assert told == {("width", "has"), ("width", "status"), ("depth", "status")}


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"value": 1, "source": "x"}, True),
        ({"value": 1}, True),
        ({"value": 1, "colour": "red"}, False),
        ({"source": "x"}, False),
        ("1 mm", False),
    ],
)
def test_sourced_values_are_told_from_other_mappings(node: Any, expected: bool) -> None:
    assert is_sourced(node) is expected


@pytest.mark.parametrize("bounds", [["None", "2 mm"], ["1 mm"], "1 mm to 2 mm", [], {"low": "1 mm"}])
def test_a_range_is_two_quantities(bounds: Any) -> None:
    node = {"value": "1 mm", "source": "x", "status": "assumed", "range": bounds}
    (problem,) = problems(collect({"width": node}))
    assert (problem.key, problem.message.split()[0]) == ("width", "range")
