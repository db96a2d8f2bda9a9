"""Arrays of single or double precision."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.floating[Any]]
Places = NDArray[np.int64]
