"""A quantity of a study over two keys: colours and contours, where limits are broken, the best points."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.report.study_display import Shown, is_logarithmic, shown
from twin.report.study_layout import Page, Series
from twin.report.style import ELECTRIC_SCALE, RED, TEMPERATURE_SCALE, new_figure, title, unit_suffix
from twin.study.answers import holding
from twin.study.limits import Limit
from twin.study.points import Column

_CONTOURS = 10
_VEIL = "rgba(71,85,105,0.62)"


def map_figure(page: Page, quantity: Column, across: Column, up: Column, series: Series) -> Any:
    """Return a figure of a quantity over the keys `across` and `up`, at equal values of all others.

    Of several points at one place (other keys that are numbers) the best, else the first, is drawn.
    """
    import plotly.graph_objects as go

    how, x, y = shown(quantity), shown(across), shown(up)
    place = _Places(page, across, up, series)
    values = how.values(place.grid(quantity.values.astype(float)))
    colours = TEMPERATURE_SCALE if quantity.unit == "K" else ELECTRIC_SCALE
    axes = {"x": x.values(_rising(across)), "y": y.values(_rising(up))}
    figure = new_figure(height=470)
    bar = {"title": {"text": how.label, "side": "right"}, "thickness": 14, "outlinewidth": 0}
    hover = f"{across.label} %{{x:.4g}}{unit_suffix(x.display)}<br>{up.label} %{{y:.4g}}{unit_suffix(y.display)}"
    hover += f"<br>%{{z:.4g}}{unit_suffix(how.display)}<extra></extra>"
    known = how.values(quantity.values[page.points.done].astype(float))
    span = {"zmin": float(np.nanmin(known)), "zmax": float(np.nanmax(known))}  # the same in every panel
    figure.add_trace(go.Heatmap(**axes, **span, z=values, colorscale=colours, colorbar=bar, hovertemplate=hover))
    contours = {"coloring": "none", "showlabels": True, "labelfont": {"color": "white", "size": 11}}
    line = {"color": "rgba(255,255,255,0.75)", "width": 1}
    figure.add_trace(
        go.Contour(
            **axes, z=values, ncontours=_CONTOURS, contours=contours, line=line, hoverinfo="skip", showlegend=False
        )
    )
    _add_limits(figure, page, place, axes)
    _add_best(figure, page, quantity, x, y, series)
    _add_failed(figure, page, x, y, series)
    for update, key, label in ((figure.update_xaxes, across, x.label), (figure.update_yaxes, up, y.label)):
        update(title=title(label), type="log" if is_logarithmic(key.axis) else "linear", showgrid=False)
    figure.update_layout(margin={"t": 46})
    return figure


def _rising(key: Column) -> NDArray[np.float64]:
    """Return the values of an axis from the lowest on."""
    return np.asarray(key.axis[key.order], dtype=float)


class _Places:
    """Which point lies at which place of a map."""

    def __init__(self, page: Page, across: Column, up: Column, series: Series):
        columns = {float(value): place for place, value in enumerate(_rising(across))}
        rows = {float(value): place for place, value in enumerate(_rising(up))}
        self.numbers = np.full((len(rows), len(columns)), -1)
        for number in reversed(np.flatnonzero(series.members & page.points.done)):
            self.numbers[rows[float(up.values[number])], columns[float(across.values[number])]] = number

    def grid(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return values (points,) at their places (up, across); NaN where none is known."""
        return np.where(self.numbers >= 0, values[self.numbers], np.nan)


def _add_limits(figure: Any, page: Page, place: _Places, axes: dict[str, Any]) -> None:
    """Veil the places where a limit is broken, and draw where each limit is met."""
    import plotly.graph_objects as go

    limited = [answer for answer in page.points.study.answers if answer.limits]
    if not limited:
        return
    holds = np.all([holding(page.points, answer) for answer in limited], axis=0)
    broken = np.where(place.grid(holds.astype(float)) == 0.0, 1.0, np.nan)
    veil = [[0.0, _VEIL], [1.0, _VEIL]]
    figure.add_trace(go.Heatmap(**axes, z=broken, colorscale=veil, showscale=False, hoverinfo="skip"))
    for text in dict.fromkeys(text for answer in limited for text in answer.limits):
        margin = place.grid(Limit(text).margins(page.points))
        if np.nanmin(margin) < 0.0 < np.nanmax(margin):
            figure.add_trace(
                go.Contour(
                    **axes,
                    z=margin,
                    contours={"start": 0.0, "end": 0.0, "size": 1.0, "coloring": "none"},
                    line={"color": RED, "width": 2.5},
                    name=f"limit: {text}",
                    showlegend=True,
                    hoverinfo="skip",
                )
            )


def _add_best(figure: Any, page: Page, quantity: Column, x: Shown, y: Shown, series: Series) -> None:
    import plotly.graph_objects as go

    numbers = [number for number, _ in page.best(quantity) if series.members[number]]
    if numbers:
        marker = {"symbol": "star", "size": 14, "color": "#facc15", "line": {"color": "#1e293b", "width": 1}}
        places = {"x": x.values(x.column.values[numbers].astype(float))}
        places["y"] = y.values(y.column.values[numbers].astype(float))
        figure.add_trace(go.Scatter(**places, mode="markers", marker=marker, name="answer", hoverinfo="skip"))


def _add_failed(figure: Any, page: Page, x: Shown, y: Shown, series: Series) -> None:
    import plotly.graph_objects as go

    failed = page.without_result(series.members)
    if failed:
        figure.add_trace(
            go.Scatter(
                x=x.values(x.column.values[failed].astype(float)),
                y=y.values(y.column.values[failed].astype(float)),
                mode="markers",
                marker={"symbol": "x-thin", "size": 9, "line": {"color": RED, "width": 2}},
                name="no result",
                text=[page.errors.get(number, "") for number in failed],
                hovertemplate="%{text}<extra></extra>",
            )
        )
