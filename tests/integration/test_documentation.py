"""README and docs as a new user follows them: every marked block is run, in order, in an empty folder.

```` ```bash run ```` and ```` ```python run ```` are executed, ```` ```LANGUAGE file=NAME ```` is written to a
file. The text is run as it stands; only the data folder searched first makes it quick: there the default
scenario is short and the default mesh coarse.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from twin import library

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^```(\w+)(?: (run|file=\S+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)#:]+)\)")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, what to do with it (`run`, `file=NAME` or nothing) and its text."""

    language: str
    action: str
    text: str


def blocks(page: Path) -> list[Block]:
    return [Block(*match) for match in _BLOCK.findall(page.read_text(encoding="utf-8"))]


RUNNABLE = [page for page in PAGES if any(block.action == "run" for block in blocks(page))]


@pytest.fixture(scope="module")
def quick_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a short default scenario and a coarse default mesh."""
    folder = tmp_path_factory.mktemp("quick")
    scenario = library.tree("scenario", "wse3-llama3.1-8b-conversation")
    scenario["workload"]["duration"] = "3 s"
    for kind, name, content in (
        ("scenarios", scenario_name(), scenario),
        ("meshes", "wafer", library.tree("mesh", "wafer-coarse")),
    ):
        (folder / kind).mkdir()
        with (folder / kind / f"{name}.yaml").open("w", encoding="utf-8") as stream:
            YAML(typ="safe", pure=True).dump(content, stream)
    return folder


def scenario_name() -> str:
    from twin.cli.run import DEFAULT_SCENARIO

    return DEFAULT_SCENARIO


@pytest.mark.parametrize("page", RUNNABLE, ids=lambda page: page.stem)
def test_page_runs_as_written(page: Path, tmp_path: Path, quick_data: Path) -> None:
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "TWIN_DATA": str(quick_data),
        "MPLBACKEND": "agg",
    }
    for block in blocks(page):
        if block.action.startswith("file="):
            (tmp_path / block.action.removeprefix("file=")).write_text(block.text, encoding="utf-8")
        elif block.action == "run":
            command = {
                "bash": ["bash", "-euo", "pipefail", "-c", block.text],
                "python": [sys.executable, "-c", block.text],
            }
            ran = subprocess.run(
                command[block.language], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
            )
            assert ran.returncode == 0, f"{page.name}:\n{block.text}\n{ran.stdout}\n{ran.stderr}"


def test_the_pages_have_blocks_to_run() -> None:
    assert {"README", "getting-started", "stack-files", "results"} <= {page.stem for page in RUNNABLE}


def test_links_between_pages_lead_somewhere() -> None:
    broken = [
        f"{page.name}: {target}"
        for page in PAGES
        for target in _LINK.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_message_shown_in_getting_started_is_what_is_printed(tmp_path: Path, quick_data: Path) -> None:
    page = ROOT / "docs" / "getting-started.md"
    shown = next(block.text for block in blocks(page) if block.text.startswith("SpecError"))
    command = next(block.text for block in blocks(page) if "duration=forever" in block.text).split("&&")[0]
    environment = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    ran = subprocess.run(["bash", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert set(ran.stderr.splitlines()) == set(shown.splitlines())
