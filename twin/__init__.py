"""Wafer Twin: a thermal, power and energy digital twin of a wafer-scale AI engine.

>>> import twin
>>> scenario = twin.load("wse3-llama3.1-8b-conversation")
>>> results = twin.run(scenario.replace({"cooling.inlet_temperature": "30 degC"}))  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twin.engine.run import load as load
    from twin.engine.run import run as run
    from twin.results.compare import compare as compare
    from twin.results.results import open_results as open_results
    from twin.study.run import study as study
    from twin.study.uncertainty import uncertainty as uncertainty

_HOMES = {
    "compare": "twin.results.compare",
    "load": "twin.engine.run",
    "open_results": "twin.results.results",
    "run": "twin.engine.run",
    "study": "twin.study.run",
    "uncertainty": "twin.study.uncertainty",
}

__all__ = ["compare", "load", "open_results", "run", "study", "uncertainty"]


def __getattr__(name: str) -> Any:
    """Import on first use: `import twin` itself loads nothing heavy."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'twin' has no attribute '{name}'")
