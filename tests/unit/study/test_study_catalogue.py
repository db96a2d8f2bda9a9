"""What a catalogue says when its file cannot be used; what it and the points of all studies keep."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from twin.errors import RunStopped
from twin.study import shared
from twin.study.catalogue import CATALOGUE, Catalogue
from twin.study.outcome import Outcome
from twin.study.shared import SharedPoints


def test_damaged_file_is_told_from_a_full_disk(tmp_path: Path) -> None:
    (tmp_path / CATALOGUE).write_bytes(b"no database at all" * 100)
    with pytest.raises(RunStopped, match=r"is damaged .* Remedy: move the folder away"):
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


def test_points_of_a_search_are_listed_anew_as_they_are(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path)
    catalogue.begin("study", [], ())
    catalogue.record([Outcome("a", {"x": 1.0}), Outcome("b", None, "worker died", lasting=False)])
    catalogue.record([Outcome("c", {"x": 2.0})], reused=True)
    catalogue.list_points(["a", "b", "c"], (), ["a", "b"])
    assert (catalogue.counts(), catalogue.reused()) == ({"done": 2, "failed": 1}, 1)
    assert catalogue.errors(5) == [(1, "worker died")]
    catalogue.begin("study", ["a", "b", "c"], ())
    assert catalogue.pending() == [(1, "b")], "what the machine lacked is tried again by the next start"
    catalogue.close()


def test_oldest_of_too_many_shared_points_are_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "_MOST", 3)
    for names in ("abc", "de", ""):
        points = SharedPoints(tmp_path)
        points.keep([Outcome(name, {"x": 1.0}) for name in names])
        points.close()
    points = SharedPoints(tmp_path)
    assert [found.identity for found in points.find(list("abcde"))] == ["c", "d", "e"]
    assert points.problem == ""
    points.close()
