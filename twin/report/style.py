"""How figures look: one palette, one layout, long series thinned for the screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from twin.results.display import Display

BLUE, ORANGE, GREEN, RED = "#2563eb", "#e8710a", "#15803d", "#c1272d"
VIOLET, GREY, LIGHT = "#6d28d9", "#64748b", "#e2e8f0"
TEMPERATURE_SCALE, COOLANT_SCALE, ELECTRIC_SCALE = "Inferno", "Blues", "Viridis"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
MOST_POINTS = 1000


@dataclass(frozen=True)
class Card:
    """One figure of a report: `name` for its place in the page, title and caption for its reader.

    On screens narrower than `least_width` (in pixels) the figure scrolls sideways.
    """

    name: str
    title: str
    figure: Any
    caption: str = ""
    wide: bool = False
    least_width: int = 0


@dataclass(frozen=True)
class Thinned:
    """A series on at most `MOST_POINTS` points; `steps` control steps went into each."""

    time: np.ndarray
    values: np.ndarray
    steps: int


def new_figure(height: int = 380, **layout: Any) -> Any:
    """Return an empty plotly figure in the report's style."""
    import plotly.graph_objects as go

    figure = go.Figure()
    figure.update_layout(
        template="plotly_white",
        height=height,
        margin={"l": 62, "r": 20, "t": 16, "b": 50},
        font={"family": FONT, "size": 12, "color": "#1e293b"},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "xanchor": "left", "x": 0.0},
        hoverlabel={"font": {"family": FONT}},
        **layout,
    )
    return figure


def title(text: str) -> dict[str, Any]:
    """Return an axis title as plotly wants it."""
    return {"text": text, "standoff": 8}


def thin(time: np.ndarray, values: np.ndarray, reduce: str = "mean") -> Thinned:
    """Return a series (time,) thinned to `MOST_POINTS`; a point keeps the mean, min or max of its steps."""
    width = -(-len(values) // MOST_POINTS)
    if width <= 1:
        return Thinned(time, values, 1)
    starts = np.arange(0, len(values), width)
    combine = {"mean": np.add, "min": np.minimum, "max": np.maximum}[reduce]
    reduced = combine.reduceat(values, starts)
    if reduce == "mean":
        reduced = reduced / np.diff(np.append(starts, len(values)))
    ends = np.append(starts[1:], len(values)) - 1
    return Thinned(time[ends], reduced, width)


def unit_suffix(display: Display) -> str:
    """Return a unit set off by a space, for hover texts."""
    return f" {display.unit}" if display.unit else ""
