"""Figures over time: power, temperature, work, voltage and clock, numerics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from twin.report.style import BLUE, GREEN, GREY, ORANGE, RED, VIOLET, Card, new_figure, thin, title
from twin.results.display import Display, display, display_of, label
from twin.results.kpis import series, step_lengths
from twin.results.results import Results
from twin.variables import VARIABLES

if TYPE_CHECKING:
    import xarray as xr

_TIME = "time [s]"
_LEAST_RESIDUAL = float(np.finfo(float).eps)
_POWERS = (
    ("facility_power", GREY),
    ("system_power", BLUE),
    ("accelerator_power", ORANGE),
    ("leakage_power", RED),
    ("pump_power", GREEN),
)


def series_cards(results: Results) -> list[Card]:
    """Return every figure over time that the system has."""
    data = results.data
    if data.sizes["time"] == 0:
        return []
    cards = [
        Card("power-series", "Power", power_figure(data), _thinning(data), wide=True),
        _card(data, "temperature-series", "Temperature", temperature_figure(data)),
        _card(data, "work-series", "Work", work_figure(data)),
        _card(data, "voltage-series", "Voltage of the dies", band_figure(data, "die_voltage", VIOLET)),
        _card(data, "clock-series", "Clock of the dies", band_figure(data, "die_frequency", GREEN)),
    ]
    return [card for card in cards if card is not None and card.figure.data]


def numerics_card(results: Results) -> Card | None:
    """Return the strip of residuals and iterations, None for a system that is not solved in space."""
    figure = numerics_figure(results.data)
    if figure is None:
        return None
    caption = "The energy residual is |in - out - stored| over power in, of each control step."
    return Card("numerics", "Numerics", figure, caption, wide=True, least_width=640)


def power_figure(data: xr.Dataset) -> Any:
    """Return powers over time, summed over wafers."""
    figure = new_figure()
    for name, colour in _POWERS:
        _add_line(figure, data, name, colour, "sum")
    figure.update_yaxes(title=title(f"power [{display_of('W').unit}]"), rangemode="tozero")
    figure.update_xaxes(title=title(_TIME))
    return figure


def temperature_figure(data: xr.Dataset) -> Any | None:
    """Return peak, range and mean of the dies, coolant inlet and outlet over time."""
    if series(data, "die_temperature", "mean") is None and series(data, "peak_temperature", "max") is None:
        return None
    figure = new_figure()
    _add_band(figure, data, "die_temperature", ORANGE, "mean of dies", "dies, lowest to highest")
    _add_line(figure, data, "peak_temperature", RED, "max")
    _add_line(figure, data, "coolant_outlet", BLUE, "max")
    _add_line(figure, data, "coolant_inlet", GREY, "mean")
    figure.update_yaxes(title=title(f"temperature [{display_of('K').unit}]"))
    figure.update_xaxes(title=title(_TIME))
    return figure


def work_figure(data: xr.Dataset) -> Any | None:
    """Return tokens per second over time, and below it streams and queue."""
    tokens = series(data, "tokens")
    if tokens is None or not np.nansum(tokens):
        return None
    figure = new_figure()
    rate = thin(_time(data), tokens / step_lengths(data))
    _add_trace(figure, rate.time, rate.values, "output tokens per second", BLUE, yaxis="y")
    for name, colour in (("active_streams", GREEN), ("queue_length", ORANGE)):
        _add_line(figure, data, name, colour, "mean", yaxis="y2")
    figure.update_layout(
        xaxis={"title": title(_TIME), "anchor": "y2"},
        yaxis={"title": title("tokens [1/s]"), "domain": [0.54, 1.0], "rangemode": "tozero"},
        yaxis2={
            "title": title("streams, requests"),
            "domain": [0.0, 0.46],
            "rangemode": "tozero",
            "anchor": "x",
        },
    )
    return figure


def band_figure(data: xr.Dataset, name: str, colour: str) -> Any | None:
    """Return lowest, mean and highest value over dies of a variable over time."""
    if series(data, name, "mean") is None:
        return None
    figure = new_figure()
    _add_band(figure, data, name, colour, "mean of dies", "dies, lowest to highest")
    figure.update_yaxes(title=title(label(VARIABLES[name])))
    figure.update_xaxes(title=title(_TIME))
    return figure


def numerics_figure(data: xr.Dataset) -> Any | None:
    """Return energy residual (logarithmic) and iterations over time, side by side."""
    residual = series(data, "energy_residual", "max")
    if residual is None:
        return None
    figure = new_figure(height=260)
    worst = thin(_time(data), np.maximum(residual, _LEAST_RESIDUAL), "max")
    _add_trace(figure, worst.time, worst.values, "energy residual", RED)
    for name, colour in (("coupling_iterations", BLUE), ("solver_iterations", GREEN), ("substeps", GREY)):
        _add_line(figure, data, name, colour, "mean", xaxis="x2", yaxis="y2")
    figure.update_layout(
        xaxis={"title": title(_TIME), "domain": [0.0, 0.46]},
        yaxis={"title": title("energy residual"), "type": "log", "exponentformat": "power", "dtick": 1},
        xaxis2={"title": title(_TIME), "domain": [0.54, 1.0], "anchor": "y2"},
        yaxis2={"title": title("per control step"), "anchor": "x2", "rangemode": "tozero"},
    )
    return figure


def _card(data: xr.Dataset, name: str, heading: str, figure: Any | None) -> Card | None:
    return None if figure is None else Card(name, heading, figure, _thinning(data))


def _thinning(data: xr.Dataset) -> str:
    steps = thin(_time(data), _time(data)).steps
    return f"Each point stands for {steps} control steps; bands keep their extremes." if steps > 1 else ""


def _time(data: xr.Dataset) -> np.ndarray:
    return np.asarray(data["time"].values, dtype=float)


def _add_line(figure: Any, data: xr.Dataset, name: str, colour: str, reduce: str, **axes: str) -> None:
    """Add one variable, reduced over space, in the units of readers; nothing if the run has none of it."""
    values = series(data, name, reduce)
    if values is None:
        return
    keep = reduce if reduce in ("min", "max") else "mean"
    line = thin(_time(data), display(VARIABLES[name])(values), keep)
    _add_trace(figure, line.time, line.values, VARIABLES[name].long_name, colour, **axes)


def _add_band(figure: Any, data: xr.Dataset, name: str, colour: str, mean_label: str, band_label: str) -> None:
    import plotly.graph_objects as go

    shown: Display = display(VARIABLES[name])
    found = {reduce: series(data, name, reduce) for reduce in ("min", "max", "mean")}
    lines = {r: thin(_time(data), shown(v), r) for r, v in found.items() if v is not None}
    if len(lines) < len(found):
        return
    low, high = lines["min"], lines["max"]
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    figure.add_trace(
        go.Scatter(
            x=np.concatenate([low.time, high.time[::-1]]),
            y=np.concatenate([low.values, high.values[::-1]]),
            fill="toself",
            fillcolor=f"rgba({red},{green},{blue},0.18)",
            line={"width": 0},
            name=band_label,
            hoverinfo="skip",
        )
    )
    _add_trace(figure, lines["mean"].time, lines["mean"].values, mean_label, colour)


def _add_trace(figure: Any, x: np.ndarray, y: np.ndarray, name: str, colour: str, **axes: str) -> None:
    import plotly.graph_objects as go

    mode = "lines" if len(x) > 1 else "markers"
    figure.add_trace(go.Scatter(x=x, y=y, name=name, mode=mode, line={"color": colour, "width": 1.8}, **axes))
