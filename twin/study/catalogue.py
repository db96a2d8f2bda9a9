"""DIR/catalogue.sqlite: the state of every point and all results; the one truth that a study continues from.

One process writes, a transaction per batch, flushed to the disk (WAL, synchronous FULL): what is recorded
survives a kill and a power cut.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from twin.errors import OutputError, RunStopped
from twin.study.outcome import DONE, EXCLUDED, FAILED, PENDING, RUNNING, Figures, Outcome

CATALOGUE = "catalogue.sqlite"
_FORMAT = "1"
_TABLES = """
CREATE TABLE IF NOT EXISTS study (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS points (
    number INTEGER PRIMARY KEY, identity TEXT NOT NULL, state TEXT NOT NULL, error TEXT NOT NULL DEFAULT '',
    reused INTEGER NOT NULL DEFAULT 0, started REAL, finished REAL, host TEXT, worker TEXT);
CREATE INDEX IF NOT EXISTS points_of_identity ON points (identity);
CREATE TABLE IF NOT EXISTS results (
    identity TEXT PRIMARY KEY, figures TEXT, error TEXT NOT NULL, lasting INTEGER NOT NULL,
    started REAL, finished REAL, host TEXT, worker TEXT, warnings TEXT NOT NULL DEFAULT '[]');
"""
_CACHE = 64 * 1024
"""KiB of the file that stay in memory: identities come in no order, so that any part of their index may be next."""


class Catalogue:
    """The catalogue of one study, open for its one writer."""

    def __init__(self, folder: Path):
        self.path = folder / CATALOGUE
        with self._guarded():
            self._db = sqlite3.connect(self.path, isolation_level=None, timeout=30.0)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute(f"PRAGMA cache_size = -{_CACHE}")
            self._db.executescript(_TABLES)
            add_warnings(self._db, "results")

    def close(self) -> None:
        """Close the file; its write-ahead log is merged into it."""
        self._db.close()

    def begin(self, signature: str, identities: Sequence[str], excluded: Iterable[int]) -> None:
        """List the points of a study as a start finds them; failures for want of something are tried again.

        Raises
        ------
        OutputError
            The folder holds another study.
        """
        known = dict(self._rows("SELECT key, value FROM study"))
        if known.get("signature", signature) != signature or known.get("format", _FORMAT) != _FORMAT:
            raise OutputError(
                f"{self.path.parent} holds another study. Remedy: another --out; points that both have are reused"
            )
        with self._transaction():
            self._db.executemany("INSERT OR REPLACE INTO study VALUES (?, ?)", _about(signature))
            self._db.execute("DELETE FROM results WHERE figures IS NULL AND NOT lasting")
            self._list(identities, excluded)

    def list_points(self, identities: Sequence[str], excluded: Iterable[int], computed: Iterable[str]) -> None:
        """List the points of a study anew in the same start, which has `computed` some identities itself."""
        with self._transaction():
            self._list(identities, excluded)
            self._db.executemany("UPDATE points SET reused = 0 WHERE identity = ?", ((name,) for name in computed))

    def _list(self, identities: Sequence[str], excluded: Iterable[int]) -> None:
        """List points; those with a result of their identity have their state already."""
        left_out = set(excluded)
        self._db.execute("DELETE FROM points")
        self._db.executemany(
            "INSERT INTO points (number, identity, state) VALUES (?, ?, ?)",
            ((n, name, EXCLUDED if n in left_out else PENDING) for n, name in enumerate(identities)),
        )
        self._db.execute(
            "UPDATE points SET state = CASE WHEN r.figures IS NULL THEN ? ELSE ? END, error = r.error,"
            " reused = 1, started = r.started, finished = r.finished, host = r.host, worker = r.worker"
            " FROM results r WHERE r.identity = points.identity AND points.state = ?",
            (FAILED, DONE, PENDING),
        )

    def pending(self) -> list[tuple[int, str]]:
        """Return number and identity of one point of every identity that has no result, in order."""
        query = "SELECT min(number), identity FROM points WHERE state IN (?, ?) GROUP BY identity ORDER BY 1"
        return self._rows(query, PENDING, RUNNING)

    def _set_running(self, identities: Iterable[str]) -> None:
        query = "UPDATE points SET state = ? WHERE identity = ? AND state = ?"
        self._db.executemany(query, ((RUNNING, identity, PENDING) for identity in identities))

    def record(self, outcomes: Sequence[Outcome], reused: bool = False, running: Iterable[str] = ()) -> None:
        """Keep what became of some points, and mark others as running, in one transaction."""
        with self._transaction():
            self._db.executemany(
                "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (
                        o.identity,
                        written(o.figures),
                        o.error,
                        o.lasting,
                        o.started,
                        o.finished,
                        o.host,
                        o.worker,
                        json.dumps(o.warnings),
                    )
                    for o in outcomes
                ),
            )
            self._db.executemany(
                "UPDATE points SET state = ?, error = ?, started = ?, finished = ?, host = ?, worker = ?,"
                " reused = ? OR number > (SELECT min(number) FROM points p WHERE p.identity = points.identity)"
                " WHERE identity = ? AND state IN (?, ?)",
                (
                    (
                        DONE if o.figures is not None else FAILED, o.error, o.started, o.finished, o.host, o.worker,
                        reused, o.identity, PENDING, RUNNING,
                    )
                    for o in outcomes
                ),
            )  # fmt: skip
            self._set_running(running)

    def known(self, identities: Sequence[str]) -> Iterator[Outcome]:
        """Yield the results that there are of some points, failures included."""
        for identity in identities:
            for figures, error, *rest, warnings in self._rows(
                "SELECT figures, error, lasting, started, finished, host, worker, warnings FROM results"
                " WHERE identity = ?",
                identity,
            ):
                found = json.loads(figures) if figures is not None else None
                yield Outcome(identity, found, error, *[*rest, tuple(json.loads(warnings))])

    def counts(self) -> Mapping[str, int]:
        """Return the number of points in each state that occurs."""
        return dict(self._rows("SELECT state, count(*) FROM points GROUP BY state"))

    def reused(self) -> int:
        """Return how many done points were not computed by the present start of the study."""
        return int(self._rows("SELECT count(*) FROM points WHERE reused AND state = ?", DONE)[0][0])

    def errors(self, most: int) -> list[tuple[int, str]]:
        """Return the first failed points with their errors."""
        query = "SELECT number, error FROM points WHERE state = ? ORDER BY number LIMIT ?"
        return self._rows(query, FAILED, most)

    def results(self) -> Iterator[tuple[int, str, Figures | None]]:
        """Yield number, state and key figures of all points."""
        query = "SELECT number, state, figures FROM points LEFT JOIN results USING (identity) ORDER BY number"
        for number, state, figures in self._rows(query):
            yield number, state, json.loads(figures) if figures is not None and state == DONE else None

    def warned(self, beginning: str) -> set[int]:
        """Return the numbers of the points with a warning that begins so."""
        query = "SELECT number, warnings FROM points JOIN results USING (identity) WHERE warnings != '[]'"
        rows = self._rows(query)
        return {number for number, texts in rows if any(text.startswith(beginning) for text in json.loads(texts))}

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._guarded():
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._guarded():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise RunStopped(f"{self.path}: {_remedy(error)}") from error


def _remedy(error: sqlite3.DatabaseError) -> str:
    """Return what is wrong with a catalogue and what to do about it."""
    text = str(error)
    if "locked" in text:
        return f"another program uses it ({text}). Remedy: close it, then run the same command again"
    if "malformed" in text or "not a database" in text:
        return (
            f"is damaged ({text}). Remedy: move the folder away, or choose another --out; "
            "points that are shared between studies are not computed anew"
        )
    return (
        f"cannot be written ({text}). What was recorded before is kept. "
        "Remedy: make room on the disk, then run the same command again"
    )


def written(figures: Figures | None) -> str | None:
    """Return key figures as text that reads back exactly."""
    return None if figures is None else json.dumps(figures, allow_nan=False)


def add_warnings(database: sqlite3.Connection, table: str) -> None:
    """Give a table that an earlier version made the column of warnings."""
    if all(column[1] != "warnings" for column in database.execute(f"PRAGMA table_info({table})")):
        database.execute(f"ALTER TABLE {table} ADD COLUMN warnings TEXT NOT NULL DEFAULT '[]'")


def _about(signature: str) -> list[tuple[str, str]]:
    return [("signature", signature), ("format", _FORMAT)]
