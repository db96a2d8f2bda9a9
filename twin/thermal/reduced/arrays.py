"""Arrays of single or double precision."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.floating[Any]]
Places = NDArray[np.int64]
_NOTHING = 1e-18
"""Part of the largest entry below which others count as nothing, far beyond single precision."""


def single(values: Real) -> Real:
    """Return values in single precision without what is as good as nothing: processors are slow on denormal numbers."""
    return np.asarray(np.where(np.abs(values) > _NOTHING * np.abs(values).max(), values, 0.0), np.float32)
