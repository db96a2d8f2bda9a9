"""The folder of what may be computed again at any time."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return $TWIN_CACHE, else the user's cache folder (XDG); it need not exist."""
    if given := os.environ.get("TWIN_CACHE"):
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "wafer-twin"
