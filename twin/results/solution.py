"""The folder of a solved stack: solution.json and the temperature field, written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twin.errors import OutputError
from twin.results.field import write_field

Array = NDArray[np.float64]

SOLUTION, FIELD = "solution.json", "temperature.nc"


def check_free(folder: Path, overwrite: bool) -> None:
    """Raise OutputError if a folder holds a solution that must not be replaced."""
    held = [name for name in (SOLUTION, FIELD) if (folder / name).exists()]
    if held and not overwrite:
        raise OutputError(f"{folder}: holds {' and '.join(held)} already; choose another folder or give --overwrite")


def write_solution(
    folder: Path, text: str, nodes: tuple[Array, Array, Array] | None, field: Array | None, title: str
) -> None:
    """Write a solution, replacing what the folder holds; each file appears at once.

    Parameters
    ----------
    folder : Path
    text : str
        JSON of what was found.
    nodes, field : arrays, optional
        Nodes along x, y and z in m and temperatures in K, shape (x, y, z); absent: no field.
    title : str
        Title of the field.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if nodes is not None and field is not None:
            partial = folder / f".{FIELD}.{os.getpid()}"
            partial.unlink(missing_ok=True)
            write_field(partial, *nodes, field, title)
            partial.replace(folder / FIELD)
        else:
            (folder / FIELD).unlink(missing_ok=True)
        partial = folder / f".{SOLUTION}.{os.getpid()}"
        partial.write_text(text, encoding="utf-8")
        partial.replace(folder / SOLUTION)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({error.strerror or error})") from error
