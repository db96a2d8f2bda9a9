"""Rasters of watts: tables of numbers separated by commas."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from twin.errors import Problem, SpecError
from twin.fe.tensor import Array


def read_map(path: Path, exchanged: bool = False, key: str = "map") -> Array:
    """Return watts per raster cell, rows along y from y_min, columns along x from x_min."""
    try:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except FileNotFoundError as error:
        raise SpecError(path.name, [Problem(key, f"{path}: no such file of watts per raster cell")]) from error
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(path.name, [Problem(key, f"cannot be read as text: {error}")]) from error
    problems = [] if lines else [Problem(key, "is empty or holds no numbers")]
    rows = [_numbers(line, row, key, problems) for row, line in enumerate(lines)]
    if not problems and len({len(row) for row in rows}) > 1:
        problems.append(Problem(key, "rows are of different lengths"))
    if problems:
        raise SpecError(path.name, problems)
    watts = np.array(rows)
    return watts.T if exchanged else watts


def _numbers(line: str, row: int, key: str, problems: list[Problem]) -> Sequence[float]:
    """Return the numbers of one row; problems are added to the list."""
    try:
        numbers = [float(text) for text in line.split(",")]
    except ValueError:
        problems.append(Problem(key, f"row {row + 1} is not numbers separated by commas: '{line[:40]}'"))
        return []
    if not np.isfinite(numbers).all():
        problems.append(Problem(key, f"row {row + 1} holds values that are not finite"))
    return numbers
