"""A quantity of a study along one key: a line for each of the others, limits dashed, failed points marked."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.report.study_display import Shown, is_logarithmic, shown
from twin.report.study_layout import Page
from twin.report.style import BLUE, GREEN, GREY, ORANGE, RED, VIOLET, new_figure, title
from twin.study.limits import Limit
from twin.study.points import Column

SERIES = (BLUE, ORANGE, GREEN, VIOLET, "#0e7490", "#a16207", "#be185d", GREY)
_FINE = 60
"""Places at which a curved limit is drawn."""


def lines_figure(page: Page, quantity: Column, key: Column) -> Any:
    """Return a figure of a quantity along a numeric key."""
    import plotly.graph_objects as go

    how, along = shown(quantity), shown(key)
    figure = new_figure(height=400)
    known = np.isfinite(quantity.values.astype(float))
    series = [one for one in page.series((key,)) if (one.members & known).any()]
    for number, one in enumerate(series):
        members = np.flatnonzero(one.members & page.points.done)
        order = members[np.argsort(key.values[members].astype(float))]
        figure.add_trace(
            go.Scatter(
                x=along.values(key.values[order].astype(float)),
                y=how.values(quantity.values[order].astype(float)),
                name=one.label or quantity.label,
                mode="lines+markers",
                line={"color": SERIES[number % len(SERIES)], "width": 2},
                showlegend=len(series) > 1,
            )
        )
    _add_limits(figure, page, how, along)
    _add_best(figure, page, how, along)
    _add_failed(figure, page, how, along)
    figure.update_xaxes(title=title(along.label), type="log" if is_logarithmic(key.axis) else "linear")
    figure.update_yaxes(title=title(how.label))
    return figure


def _add_limits(figure: Any, page: Page, how: Shown, along: Shown) -> None:
    """Add what bounds the quantity, as a dashed line with its text."""
    import plotly.graph_objects as go

    ends = along.column.axis.astype(float)
    fine = np.linspace(ends.min(), ends.max(), _FINE)
    for text in dict.fromkeys(text for answer in page.points.study.answers for text in answer.limits):
        bound = Limit(text).curve(how.column.name, along.column.name, fine)
        if bound is not None:
            line = {"color": RED, "width": 1.5, "dash": "dash"}
            x, y = along.values(fine), how.values(bound)
            figure.add_trace(go.Scatter(x=x, y=y, mode="lines", line=line, name=f"limit: {text}", hoverinfo="skip"))


def _add_best(figure: Any, page: Page, how: Shown, along: Shown) -> None:
    """Mark the best points of the quantity, and where a limit on it ends a key, with the two points around."""
    import plotly.graph_objects as go

    x = [float(along.column.values[number]) for number, _ in page.best(how.column)]
    y = [item.value for _, item in page.best(how.column)]
    low, high = list(x), list(x)
    for _, item in page.best(along.column):
        edge = item.edge
        bound = (
            Limit(edge.broken).curve(how.column.name, along.column.name, np.array([edge.end]))
            if edge and edge.broken
            else None
        )
        if edge and edge.beyond is not None and bound is not None:
            x.append(edge.end)
            y.append(float(bound[0]))
            low.append(min(edge.last, edge.beyond))
            high.append(max(edge.last, edge.beyond))
    if x:
        marker = {"symbol": "star", "size": 14, "color": "#facc15", "line": {"color": "#1e293b", "width": 1}}
        x, y, low, high = (how_.values(np.array(v)) for how_, v in ((along, x), (how, y), (along, low), (along, high)))
        ends = {"type": "data", "symmetric": False, "array": high - x, "arrayminus": x - low, "color": "#1e293b"}
        figure.add_trace(go.Scatter(x=x, y=y, error_x=ends, mode="markers", marker=marker, name="answer"))


def _add_failed(figure: Any, page: Page, how: Shown, along: Shown) -> None:
    """Mark points without a result at the foot of the figure, with their reasons."""
    import plotly.graph_objects as go

    failed = page.without_result(np.ones(page.points.count, dtype=bool))
    if not failed:
        return
    known = how.column.values.astype(float)
    foot = float(np.nanmin(known))
    figure.add_trace(
        go.Scatter(
            x=along.values(along.column.values[failed].astype(float)),
            y=how.values(np.full(len(failed), foot)),
            mode="markers",
            marker={"symbol": "x-thin", "size": 9, "line": {"color": RED, "width": 2}},
            name="no result",
            text=[page.errors.get(number, "") for number in failed],
            hovertemplate="%{x}: %{text}<extra></extra>",
        )
    )
