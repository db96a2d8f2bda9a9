"""What a catalogue says when its file cannot be used."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from twin.errors import RunStopped
from twin.study.catalogue import CATALOGUE, Catalogue


def test_damaged_file_is_told_from_a_full_disk(tmp_path: Path) -> None:
    (tmp_path / CATALOGUE).write_bytes(b"no database at all" * 100)
    with pytest.raises(RunStopped, match=r"is damaged .* Remedy: move it away"):
        Catalogue(tmp_path)


def test_file_that_is_in_use_is_told_from_a_full_disk(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path)
    catalogue.begin("study", ["a"], ())
    catalogue._db.execute("PRAGMA busy_timeout = 10")
    with sqlite3.connect(tmp_path / CATALOGUE, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(RunStopped, match="another program uses it"):
            catalogue.begin("study", ["a"], ())
        other.execute("ROLLBACK")
    assert catalogue.pending() == [(0, "a")]
    catalogue.close()
