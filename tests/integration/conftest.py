"""What the tests of whole runs share: a library without the folders of other tests, and data of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from coarse_runs import written_busy_trace

from twin import library


@pytest.fixture(autouse=True)
def _own_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "_extra_folders", [])
    monkeypatch.delenv("TWIN_DATA", raising=False)
    library.forget()


@pytest.fixture
def add_data(tmp_path: Path) -> Callable[[str, str], Path]:
    """Return a function that writes an entry such as ``chips/mine.yaml`` into a folder the library searches."""
    folder = tmp_path / "data"

    def add(name: str, text: str) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        library.use_folder(folder)
        return folder

    return add


@pytest.fixture(scope="session")
def busy_trace(tmp_path_factory: pytest.TempPathFactory) -> str:
    return written_busy_trace(tmp_path_factory.mktemp("traces"))
