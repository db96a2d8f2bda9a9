"""The set-up scripts name what is missing, and the remedy."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The scripts with what they read, in a folder of their own."""
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    for name in (".python-version", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def setup(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "UV_PYTHON")}
    return subprocess.run(
        [folder / ".ci" / "setup"], env={**clean, **environment}, capture_output=True, text=True, check=False
    )


def test_missing_compiler_is_named_with_the_remedy(clone: Path) -> None:
    ran = setup(clone, CC="no-such-compiler")
    assert ran.returncode == 2
    assert "no C compiler that works (tried no-such-compiler)" in ran.stderr
    assert "Remedy: apt-get install gcc" in ran.stderr


def test_compiler_without_headers_counts_as_missing(clone: Path) -> None:
    ran = setup(clone, CC="false")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "no C compiler that works" in ran.stderr


def test_missing_interpreter_is_named_with_the_remedy(clone: Path) -> None:
    (clone / ".python-version").write_text("3.99\n", encoding="utf-8")
    ran = setup(clone)
    assert ran.returncode == 2
    assert "Python 3.99 is missing" in ran.stderr
    assert "Remedy: install Python 3.99" in ran.stderr
    assert not (clone / ".venv").exists()


def test_contradicting_pins_are_named(clone: Path) -> None:
    project = (clone / "pyproject.toml").read_text(encoding="utf-8")
    (clone / "pyproject.toml").write_text(project.replace('"jinja2>=3.1"', '"jinja2>=99"'), encoding="utf-8")
    ran = setup(clone)
    assert ran.returncode == 2
    assert "pinned dependencies could not be installed" in ran.stderr
