"""A quantity of a study over things that have no order: bars; and over drawn points: dots."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.report.study_display import is_logarithmic, shown
from twin.report.study_layout import Page
from twin.report.study_lines import SERIES
from twin.report.style import BLUE, GREY, ORANGE, RED, new_figure, title
from twin.study.answers import holding
from twin.study.points import Column

_MOST_DOTS = 1500


def bars_figure(page: Page, quantity: Column, key: Column | None) -> Any:
    """Return bars of a quantity over the values of a key, grouped by the others; the best is in another colour."""
    import plotly.graph_objects as go

    how = shown(quantity)
    series = page.series((key,) if key is not None else ())
    best = {number for number, item in page.best(quantity) if item.value == _best(page, quantity)}
    figure = new_figure(height=400, barmode="group")
    for place, one in enumerate(series):
        members = np.flatnonzero(one.members & page.points.done & np.isfinite(quantity.values.astype(float)))
        colour = SERIES[place % len(SERIES)] if len(series) > 1 else BLUE
        names = [shown(key).text(key.values[number]) if key is not None else "the study" for number in members]
        figure.add_trace(
            go.Bar(
                x=names,
                y=how.values(quantity.values[members].astype(float)),
                text=[how.text(float(quantity.values[number]), unit=False) for number in members],
                textposition="outside",
                cliponaxis=False,
                name=one.label,
                showlegend=len(series) > 1,
                marker={"color": [ORANGE if number in best else colour for number in members]},
            )
        )
    _add_failed(figure, page, key)
    figure.update_yaxes(title=title(how.label), rangemode="tozero")
    figure.update_xaxes(title=title(key.label if key is not None else ""), type="category")
    return figure


def _best(page: Page, quantity: Column) -> float:
    for answer, found in zip(page.points.study.answers, page.answers, strict=True):
        values = [item.value for item in found if item.number is not None]
        if answer.goal == quantity.name and values:
            return min(values) if answer.minimise else max(values)
    return float("nan")


def _add_failed(figure: Any, page: Page, key: Column | None) -> None:
    import plotly.graph_objects as go

    failed = page.without_result(np.ones(page.points.count, dtype=bool))
    if failed and key is not None:
        figure.add_trace(
            go.Scatter(
                x=[shown(key).text(key.values[number]) for number in failed],
                y=np.zeros(len(failed)),
                mode="markers",
                marker={"symbol": "x-thin", "size": 9, "line": {"color": RED, "width": 2}},
                name="no result",
                text=[page.errors.get(number, "") for number in failed],
                hovertemplate="%{x}: %{text}<extra></extra>",
            )
        )


def dots_figure(page: Page, quantity: Column, key: Column) -> Any:
    """Return a quantity of drawn points against one of their keys; points that break a limit are grey."""
    import plotly.graph_objects as go

    how, along = shown(quantity), shown(key)
    holds = np.all([page.points.done, *(holding(page.points, a) for a in page.points.study.answers)], axis=0)
    figure = new_figure(height=360)
    for name, members, colour in (
        ("limits broken", page.points.done & ~holds, GREY),
        ("points", holds, BLUE),
    ):
        numbers = np.flatnonzero(members)[:_MOST_DOTS]
        if len(numbers):
            figure.add_trace(
                go.Scatter(
                    x=along.values(key.values[numbers].astype(float)),
                    y=how.values(quantity.values[numbers].astype(float)),
                    mode="markers",
                    marker={"color": colour, "size": 5, "opacity": 0.7},
                    name=name,
                )
            )
    figure.update_xaxes(title=title(along.label), type="log" if is_logarithmic(key.axis) else "linear")
    figure.update_yaxes(title=title(how.label))
    return figure
