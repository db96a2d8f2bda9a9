"""Maps of the wafer: y upwards, mm on both axes, equal aspect, die grid, hottest point marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.report.style import (
    COOLANT_SCALE,
    ELECTRIC_SCALE,
    TEMPERATURE_SCALE,
    Card,
    new_figure,
    title,
    unit_suffix,
)
from twin.results.display import Display, display, label
from twin.results.kpis import step_lengths
from twin.results.results import Results
from twin.results.tables import HOTTEST
from twin.variables import VARIABLES, Variable

if TYPE_CHECKING:
    import xarray as xr

_MOST_NODES = 400
_MILLIMETRE = Display("mm", scale=1e-3)


@dataclass(frozen=True)
class Field:
    """A field (y, x) on one wafer in SI, with the positions of its columns and rows in m."""

    values: np.ndarray
    x: np.ndarray
    y: np.ndarray
    variable: Variable

    @property
    def highest(self) -> tuple[float, float, float]:
        """Position x, y in m and value of the highest point."""
        row, column = np.unravel_index(int(np.nanargmax(self.values)), self.values.shape)
        return float(self.x[column]), float(self.y[row]), float(self.values[row, column])

    def thinned(self) -> Field:
        """Return the field on at most `_MOST_NODES` evenly picked rows and columns."""
        rows, columns = (-(-count // _MOST_NODES) for count in self.values.shape)
        return Field(self.values[::rows, ::columns], self.x[::columns], self.y[::rows], self.variable)


def map_cards(results: Results) -> list[Card]:
    """Return every map that the system has."""
    if np.isnan(results.data["die_x"].values).any() or results.data.sizes["time"] == 0:
        return []
    wafer = hottest_wafer(results.data)
    place = f", wafer {wafer + 1} of {results.data.sizes['wafer']}" if results.data.sizes["wafer"] > 1 else ""
    grid = die_edges(results.data)
    cards = [
        _temperature_card(results, wafer, place, grid),
        _mean_card(results.data, wafer, place, grid),
        _coolant_card(results, wafer, place, grid),
        _power_card(results.data, wafer, place, grid),
        _die_card(results.data, "die_voltage", wafer, place, grid),
        _die_card(results.data, "die_frequency", wafer, place, grid),
    ]
    return [card for card in cards if card is not None]


def hottest_wafer(data: xr.Dataset) -> int:
    """Return the index of the wafer with the highest temperature of the run."""
    peaks = np.asarray(data["peak_temperature"].max("time").values)
    return 0 if np.isnan(peaks).all() else int(np.nanargmax(peaks))


def hottest_step(data: xr.Dataset, wafer: int) -> int:
    """Return the index of the step in which a wafer is hottest."""
    peaks = np.asarray(data["peak_temperature"].isel(wafer=wafer).values)
    return 0 if np.isnan(peaks).all() else int(np.nanargmax(peaks))


def die_edges(data: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return the edges of die columns and rows in m, from the centres of dies (or tiles, for one die)."""
    return _edges(data, "x"), _edges(data, "y")


def _edges(data: xr.Dataset, axis: str) -> np.ndarray:
    dies, tiles = np.asarray(data[f"die_{axis}"].values), np.asarray(data[f"tile_{axis}"].values)
    pitch = _pitch(dies) if len(dies) > 1 else _pitch(tiles) * len(tiles)
    return np.append(dies - pitch / 2, dies[-1] + pitch / 2)


def _pitch(centres: np.ndarray) -> float:
    """Return the mean distance between centres in m."""
    return float((centres[-1] - centres[0]) / (len(centres) - 1))


def wafer_map(field: Field, grid: tuple[np.ndarray, np.ndarray], colours: str, mark_highest: bool = False) -> Any:
    """Return a figure of a field on the wafer with the die grid, the highest value marked on request."""
    import plotly.graph_objects as go

    shown = display(field.variable)
    drawn = field.thinned()
    values, x, y = shown(drawn.values), _MILLIMETRE(drawn.x), _MILLIMETRE(drawn.y)
    low, high = _colour_range(values)
    figure = new_figure(height=470)
    figure.add_trace(
        go.Heatmap(
            x=x,
            y=y,
            z=values.astype(np.float32),
            zmin=low,
            zmax=high,
            colorscale=colours,
            colorbar={
                "title": {"text": label(field.variable), "side": "right"},
                "thickness": 14,
                "outlinewidth": 0,
            },
            hovertemplate=(f"x %{{x:.1f}} mm<br>y %{{y:.1f}} mm<br>%{{z:.4g}}{unit_suffix(shown)}<extra></extra>"),
        )
    )
    _add_grid(figure, *(_MILLIMETRE(edges) for edges in grid))
    if mark_highest:
        _add_mark(figure, field, grid, shown)
    edges_x, edges_y = (_MILLIMETRE(edges) for edges in grid)
    figure.update_xaxes(title=title("x [mm]"), range=[edges_x[0], edges_x[-1]], constrain="domain", showgrid=False)
    figure.update_yaxes(
        title=title("y [mm]"),
        range=[edges_y[0], edges_y[-1]],
        scaleanchor="x",
        constrain="domain",
        showgrid=False,
    )
    figure.update_layout(showlegend=False)
    return figure


def _colour_range(values: np.ndarray) -> tuple[float, float]:
    """Return the range of the colour bar; a uniform field gets a little room on both sides."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    room = 1e-3 * max(abs(low), 1e-6)
    return (low - room, high + room) if high - low < room else (low, high)


def _add_grid(figure: Any, edges_x: np.ndarray, edges_y: np.ndarray) -> None:
    import plotly.graph_objects as go

    x: list[float | None] = []
    y: list[float | None] = []
    for edge in edges_x:
        x += [float(edge), float(edge), None]
        y += [float(edges_y[0]), float(edges_y[-1]), None]
    for edge in edges_y:
        x += [float(edges_x[0]), float(edges_x[-1]), None]
        y += [float(edge), float(edge), None]
    line = {"color": "rgba(148,163,184,0.45)", "width": 0.8}
    figure.add_trace(go.Scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip"))


def _add_mark(figure: Any, field: Field, grid: tuple[np.ndarray, np.ndarray], shown: Display) -> None:
    """Mark the highest value, with its text on the side away from the nearest edge."""
    import plotly.graph_objects as go

    x, y, value = field.highest
    across = 1 if x < np.mean(grid[0]) else -1
    upwards = 1 if y < np.mean(grid[1]) else -1
    marker = {"symbol": "circle-open", "size": 12, "color": "#0f172a", "line": {"width": 2}}
    figure.add_trace(
        go.Scatter(x=[_MILLIMETRE(x)], y=[_MILLIMETRE(y)], mode="markers", marker=marker, hoverinfo="skip")
    )
    figure.add_annotation(
        x=_MILLIMETRE(x),
        y=_MILLIMETRE(y),
        ax=52 * across,
        ay=-34 * upwards,
        text=f"{shown(value):.1f}{unit_suffix(shown)}",
        font={"color": "white", "size": 13},
        bgcolor="rgba(15,23,42,0.85)",
        borderpad=4,
        arrowcolor="rgba(15,23,42,0.85)",
        arrowwidth=1.5,
        arrowhead=0,
        standoff=7,
    )


def _temperature_card(results: Results, wafer: int, place: str, grid: Any) -> Card | None:
    step = hottest_step(results.data, wafer)
    time = float(results.data["time"][step])
    field = _hottest_field(results, "temperature", wafer)
    if field is not None and results.hottest is not None:
        time = float(results.hottest["time"])
    caption = "Heat layer on the mesh of the solver; the circle marks the hottest point."
    if field is None:
        field = tile_field(results.data.isel(time=step), "tile_temperature", wafer)
        caption = "Heat layer, means of tiles; the circle marks the hottest tile."
    if field is None:
        return None
    figure = wafer_map(field, grid, TEMPERATURE_SCALE, mark_highest=True)
    return Card("hottest-map", f"Hottest instant, at {time:.4g} s{place}", figure, caption)


def _mean_card(data: xr.Dataset, wafer: int, place: str, grid: Any) -> Card | None:
    field = tile_field(mean_over_time(data, ["tile_temperature"]), "tile_temperature", wafer)
    if field is None:
        return None
    figure = wafer_map(field, grid, TEMPERATURE_SCALE, mark_highest=True)
    return Card("mean-map", f"Time mean{place}", figure, "Heat layer, means of tiles over the run.")


def _coolant_card(results: Results, wafer: int, place: str, grid: Any) -> Card | None:
    field = _hottest_field(results, "coolant_temperature", wafer)
    if field is None:
        step = hottest_step(results.data, wafer)
        field = tile_field(results.data.isel(time=step), "coolant_temperature", wafer)
    if field is None:
        return None
    figure = wafer_map(field, grid, COOLANT_SCALE)
    return Card("coolant-map", f"Coolant at the hottest instant{place}", figure, "Bulk temperature of the coolant.")


def _power_card(data: xr.Dataset, wafer: int, place: str, grid: Any) -> Card | None:
    field = tile_field(mean_over_time(data, ["tile_power"]), "tile_power", wafer)
    if field is None:
        return None
    figure = wafer_map(field, grid, ELECTRIC_SCALE)
    return Card("power-map", f"Power, time mean{place}", figure, "Power of the devices of each tile.")


def _die_card(data: xr.Dataset, name: str, wafer: int, place: str, grid: Any) -> Card | None:
    values = np.asarray(mean_over_time(data, [name])[name].isel(wafer=wafer).values)
    if np.isnan(values).all():
        return None
    field = Field(values, np.asarray(data["die_x"]), np.asarray(data["die_y"]), VARIABLES[name])
    figure = wafer_map(field, grid, ELECTRIC_SCALE)
    heading = f"{VARIABLES[name].long_name.capitalize()}, time mean{place}"
    return Card(f"{name.replace('_', '-')}-map", heading, figure, VARIABLES[name].description.capitalize() + ".")


def mean_over_time(data: xr.Dataset, names: list[str]) -> xr.Dataset:
    """Return time means of variables, steps weighted by their lengths."""
    import xarray as xr

    return data[names].weighted(xr.DataArray(step_lengths(data), dims="time")).mean("time")


def tile_field(data: xr.Dataset, name: str, wafer: int) -> Field | None:
    """Return a variable over tiles on one wafer, at one moment; None if the run has no value of it."""
    values = np.asarray(data[name].isel(wafer=wafer).values)
    if np.isnan(values).all():
        return None
    return Field(values, np.asarray(data["tile_x"]), np.asarray(data["tile_y"]), VARIABLES[name])


def _hottest_field(results: Results, name: str, wafer: int) -> Field | None:
    """Return a field of the hottest instant on the mesh of the solver."""
    if results.hottest is None or name not in results.hottest:
        return None
    field = results.hottest[name].isel(wafer=wafer)
    values = np.asarray(field.values, dtype=float)
    return Field(values, np.asarray(field["x"]), np.asarray(field["y"]), HOTTEST[name])
