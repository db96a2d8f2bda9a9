"""The package as a whole: light to import, its words agree with each other, its tables with the code."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest
from ruamel.yaml import YAML

import twin
from twin import library
from twin.cli.main import app

ROOT = Path(__file__).parents[2]
HEAVY = ("dolfinx", "petsc4py", "mpi4py", "xarray", "pandas", "scipy", "plotly", "pint", "numpy", "zarr")


def modules_after(statement: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter has loaded after a statement."""
    code = f"import sys\n{statement}\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(ran.stdout.split())


def test_import_loads_nothing_heavy() -> None:
    assert modules_after("import twin").isdisjoint(HEAVY)


def test_reading_the_library_needs_no_solver() -> None:
    loaded = modules_after("import twin.library as l; l.load('chip', 'wse3')")
    assert loaded.isdisjoint({"dolfinx", "petsc4py", "mpi4py", "xarray", "pandas", "plotly", "zarr"})
    assert "pint" in loaded


@pytest.mark.parametrize("name", twin.__all__)
def test_public_names_are_there(name: str) -> None:
    assert callable(getattr(twin, name))


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'simulate'"):
        twin.simulate  # noqa: B018


def test_editable_install_finds_data_in_the_repository() -> None:
    assert library.packaged("chips") == ROOT / "data" / "chips"
    assert library.packaged("meshes") == ROOT / "meshes"


def test_one_version_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = YAML(typ="safe").load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    newest = re.search(r"^## (\d\S*)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest is not None
    assert {project["version"], citation["version"], newest[1], version("wafer-twin")} == {project["version"]}
    assert citation["license"] == project["license"]


def test_licences_are_beside_what_they_cover() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    for name in library.names("trace"):
        path = library.find("trace", name)
        text = path.with_suffix(".LICENSE.txt").read_text(encoding="utf-8-sig")
        spec = library.load("trace", name)
        assert text.startswith({"CC-BY 4.0": "Attribution 4.0 International"}[getattr(spec, "licence", "")])


def test_readme_lists_the_commands_that_there_are() -> None:
    table = re.findall(r"^\| `twin (\w+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(table) == sorted(str(command.name) for command in app.registered_commands)


def documentation_tables() -> ModuleType:
    spec = importlib.util.spec_from_file_location("documentation_tables", ROOT / "docs" / "tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_tables_of_the_pages_are_those_of_the_code() -> None:
    pages = documentation_tables().render()
    assert sum("<!-- table" in text for text in pages.values()) >= 2
    stale = [path.name for path, text in pages.items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "write them anew with `make docs`"


def test_every_key_of_a_scenario_is_explained() -> None:
    tables = documentation_tables()
    keys = [key for key, _, _ in tables.scenario_keys(tables.Scenario)]
    assert sorted(keys) == sorted(tables.SCENARIO_KEYS)
