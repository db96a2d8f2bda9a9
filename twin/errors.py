"""The errors a user may see; each says what, where and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class TwinError(Exception):
    """Base of the errors reported without a traceback; bad input unless a subclass says otherwise."""

    exit_code = 2


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: the dotted key (empty for the whole file) and what to do about it."""

    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.key}: {self.message}" if self.key else self.message


class SpecError(TwinError):
    """Everything that is wrong with one file, gathered and raised together."""

    def __init__(self, where: str, problems: Sequence[Problem]):
        self.where = where
        self.problems = tuple(problems)
        count = f"{len(problems)} problem{'s' if len(problems) != 1 else ''}"
        super().__init__("\n".join([f"{count} in {where}", *(f" * {problem}" for problem in problems)]))


class LibraryError(TwinError):
    """A name that the library does not know, or a file it cannot read."""


class OutputError(TwinError):
    """An output folder that must not be touched, or cannot be read."""


class RunStopped(TwinError):
    """A run that ended early (limit, runaway, divergence); its partial result is kept and marked."""

    exit_code = 1


_MOST_LISTED = 30
"""Known words that a remedy lists."""


def did_you_mean(word: str, known: Iterable[str], command: str = "") -> str:
    """Return a remedy for a misspelt `word`: the nearest known one, else a list.

    The list has all known words, or the three closest of many and the `command` that lists them all (in backticks).
    """
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return f"Did you mean '{near[0]}'?"
    if not names:
        return "None available."
    if len(names) <= _MOST_LISTED:
        return f"Available: {', '.join(names)}."
    closest = ", ".join(difflib.get_close_matches(word, names, n=3, cutoff=0.0))
    return f"The closest of {len(names)}: {closest}." + (f" All: {command}." if command else "")
