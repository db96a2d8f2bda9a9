"""Studies: many points of one scenario, computed by dask, kept in one data set and one catalogue.

The package is callable, because ``twin.study(...)`` and ``twin.study.run`` share a name.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Study(ModuleType):
    """The package as the function `twin.study.run.study`."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        from twin.study.run import study

        return study(*arguments, **options)


sys.modules[__name__].__class__ = _Study
