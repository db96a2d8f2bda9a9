"""Points that any study of this user has computed, kept under their identity: $TWIN_CACHE, else the XDG cache.

It saves work and nothing rests on it: without it, or with one that cannot be read or written, points are
computed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from twin.cache import cache_folder
from twin.study.catalogue import add_warnings, written
from twin.study.outcome import Outcome

_AT_ONCE = 500
_MOST = 500_000
"""Points that are kept, about 0.6 GB; the oldest are dropped beyond, those of earlier versions first."""
_COLUMNS = "identity, figures, started, finished, host, worker, warnings"
_TABLE = """
CREATE TABLE IF NOT EXISTS points (
    identity TEXT PRIMARY KEY, figures TEXT NOT NULL, started REAL, finished REAL, host TEXT, worker TEXT,
    warnings TEXT NOT NULL DEFAULT '[]')
"""


class SharedPoints:
    """The points of all studies; `problem` says why they are not used, if they are not."""

    def __init__(self, folder: Path | None = None):
        self.problem = ""
        self._db: sqlite3.Connection | None = None
        path = (folder or cache_folder()) / "points.sqlite"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, timeout=10.0)
            # A write-ahead log does not hold on the network file systems that home folders of clusters lie on.
            self._db.execute("PRAGMA journal_mode = DELETE")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute(_TABLE)
            add_warnings(self._db, "points")
        except (OSError, sqlite3.DatabaseError) as error:
            self._give_up(path, error)

    def close(self) -> None:
        """Close the file."""
        if self._db is not None:
            with suppress(sqlite3.DatabaseError):
                self._db.execute("DELETE FROM points WHERE rowid <= (SELECT max(rowid) FROM points) - ?", (_MOST,))
            self._db.close()
            self._db = None

    def find(self, identities: Sequence[str]) -> list[Outcome]:
        """Return the points that are known."""
        try:
            return list(self._find(identities))
        except (sqlite3.DatabaseError, ValueError) as error:
            self._give_up(cache_folder(), error)
            return []

    def _find(self, identities: Sequence[str]) -> Iterator[Outcome]:
        for start in range(0, len(identities), _AT_ONCE) if self._db is not None else ():
            some = identities[start : start + _AT_ONCE]
            query = f"SELECT {_COLUMNS} FROM points WHERE identity IN ({','.join('?' * len(some))})"
            assert self._db is not None
            for identity, figures, *rest, warnings in self._db.execute(query, some):
                yield Outcome(identity, json.loads(figures), "", True, *[*rest, tuple(json.loads(warnings))])

    def keep(self, outcomes: Sequence[Outcome]) -> None:
        """Add points that were computed; failures are not shared."""
        if self._db is None:
            return
        rows = [
            (o.identity, written(o.figures), o.started, o.finished, o.host, o.worker, json.dumps(o.warnings))
            for o in outcomes
            if o.figures is not None
        ]
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(f"INSERT OR IGNORE INTO points ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            self._db.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            self._give_up(cache_folder(), error)

    def _give_up(self, path: Path, error: Exception) -> None:
        self.problem = f"{path}: points are not shared with other studies ({error})"
        self.close()
