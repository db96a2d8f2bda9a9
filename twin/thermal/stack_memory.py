"""What a mesh needs of the machine's memory, before it is built."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from twin.fe.parallel import Slabs

BYTES_PER_UNKNOWN = {1: 600.0, 2: 1200.0}
"""Memory of a solve over its unknowns by degree of the elements, half as much again as was measured at 1 and 2 M."""

MOST_UNKNOWNS = 20_000_000
"""Larger meshes are refused on any machine."""

REFINEMENT_SHARE = 0.5
"""Part of the free memory that refinement may take unless the file says more."""
REFINEMENT_MOST = 4e9

_MEMORY = Path("/proc/meminfo")
_GROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
_GROUP_USE = Path("/sys/fs/cgroup/memory.current")


def needed(unknowns: int, degree: int) -> float:
    """Return the memory of a solve in bytes."""
    return unknowns * BYTES_PER_UNKNOWN[degree]


def free() -> float:
    """Return the memory that may still be taken, in bytes; the same on all processes of one solve."""
    return Slabs.of(MOST_UNKNOWNS).lowest(_free())


def _free() -> float:
    pages, size = os.sysconf("SC_AVPHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    available = float(pages * size)
    with suppress(OSError, StopIteration):
        lines = _MEMORY.read_text().splitlines()
        available = next(float(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    with suppress(OSError, ValueError):
        available = min(available, float(_GROUP_LIMIT.read_text()) - float(_GROUP_USE.read_text()))
    return available


def for_refinement(given: float | None) -> float:
    """Return the memory that refinement may take: as given, else a share of what is free, in bytes."""
    return given if given is not None else min(REFINEMENT_SHARE * free(), REFINEMENT_MOST)
