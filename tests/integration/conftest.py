"""What the tests of whole runs share: a library without the folders of other tests, and data of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from twin import library


@pytest.fixture(autouse=True)
def _own_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "_extra_folders", [])
    monkeypatch.delenv("TWIN_DATA", raising=False)
    library.entry.cache_clear()


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
    """Return a trace of 60 requests a second for 6 s; their sizes repeat after 50 and 40 requests."""
    path = tmp_path_factory.mktemp("traces") / "busy.csv"
    lines = [f"{number / 60:.6f},{500 + 37 * (number % 50)},{50 + 7 * (number % 40)}" for number in range(360)]
    path.write_text("TIMESTAMP,ContextTokens,GeneratedTokens\n" + "\n".join(lines) + "\n")
    return str(path)
