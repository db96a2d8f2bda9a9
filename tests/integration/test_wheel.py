"""The wheel, installed outside the repository: data inside the package, commands, the default scenario."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def uv() -> str:
    found = os.environ.get("UV") or shutil.which("uv")
    assert found, "building the wheel needs uv; run the tests by `make test`"
    return found


@pytest.fixture(scope="module")
def wheel(uv: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([uv, "build", "--wheel", "--quiet", "--out-dir", folder, ROOT], check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(uv: str, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel and its pinned dependencies; the folder of its commands."""
    folder = tmp_path_factory.mktemp("installed")
    pinned, python = folder / "pinned.txt", folder / "venv" / "bin" / "python"
    export = [uv, "export", "--project", ROOT, "--no-dev", "--no-emit-project", "--quiet"]
    subprocess.run([*export, "--output-file", pinned], check=True, capture_output=True)
    clean = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "PYTHONPATH")}
    for command in (
        ["venv", "--quiet", "--python", sys.executable, folder / "venv"],
        ["pip", "install", "--quiet", "--python", python, "--requirements", pinned],
        ["pip", "install", "--quiet", "--python", python, "--no-deps", wheel],
    ):
        subprocess.run([uv, *command], check=True, cwd=ROOT, env=clean)
    return python.parent


def run(*command: str | Path, folder: Path) -> str:
    clean = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "PYTHONPATH", "TWIN_DATA")}
    ran = subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_wheel_has_one_top_level_package_with_all_that_is_read_at_run_time(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {Path(name) for name in archive.namelist()}
    assert {name.parts[0] for name in names if not name.parts[0].endswith(".dist-info")} == {"twin"}
    wanted = {
        path.relative_to(ROOT)
        for folder in ("data", "meshes", "twin")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix in (".yaml", ".json", ".csv", ".txt", ".j2", ".py")
    }
    inside = {path if path.parts[0] == "twin" else Path("twin") / path for path in wanted}
    assert sorted(map(str, inside - names)) == []
    assert any(name.name == "LICENSE" for name in names)


def test_data_is_found_inside_the_package(installed: Path, tmp_path: Path) -> None:
    code = (
        "import twin, twin.library as l; print(twin.__file__); print(l.packaged('chips')); print(l.packaged('meshes'))"
    )
    home, chips, meshes = (Path(line) for line in run(installed / "python", "-c", code, folder=tmp_path).split())
    assert ROOT not in home.parents
    assert chips == home.parent / "data" / "chips"
    assert meshes == home.parent / "meshes"


def test_installed_command_lists_what_the_repository_has(installed: Path, tmp_path: Path) -> None:
    listed = json.loads(run(installed / "twin", "list", "--json", folder=tmp_path))
    assert sorted(listed["scenario"]) == sorted(path.stem for path in (ROOT / "data" / "scenarios").glob("*.yaml"))
    assert sorted(listed["mesh"]) == sorted(path.stem for path in (ROOT / "meshes").glob("*.yaml"))


def test_installed_command_runs_the_default_scenario(installed: Path, tmp_path: Path) -> None:
    changes = ("--set", "workload.duration=3 s", "--set", "thermal.mesh=wafer-coarse")
    found = json.loads(run(installed / "twin", "run", *changes, "--out", "first", "--json", folder=tmp_path))
    assert found["status"] == "complete"
    assert found["energy_residual"] < 1e-6
    assert found["tokens_per_second"] > 0
    assert {path.name for path in (tmp_path / "first").iterdir()} >= {"results.zarr", "report.html", "scenario.yaml"}
    assert "energy-flow" in (tmp_path / "first" / "report.html").read_text(encoding="utf-8")
