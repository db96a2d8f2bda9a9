"""What a result depends on: bars of Sobol indices with their intervals, tornado of rank correlations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twin.report.style import BLUE, GREY, ORANGE, Card, new_figure, title
from twin.study.sensitivity import CONFIDENCE, RankCorrelation, Sensitivity

MOST_BARS = 12
_ROW = 34
_ROOM = 110


def sobol_cards(found: Sequence[Sensitivity]) -> list[Card]:
    """Return one figure per quantity."""
    return [sobol_card(item) for item in found]


def sobol_card(found: Sensitivity) -> Card:
    """Return the first-order and total indices of one quantity as bars with their confidence intervals."""
    left_out = found.planned - found.rows
    caption = (
        f"First order: what of the variance would vanish if the input were known. Total: what would stay if all others "
        f"were. Lines: {100 * CONFIDENCE:.0f} % intervals by bootstrap over {found.rows} rows of the design"
        f"{f'; {left_out} rows with a failed point are left out' if left_out else ''}."
    )
    heading = f"What decides: {found.label}"
    return Card(f"sobol-{found.quantity}", heading, sobol_figure(found), caption, least_width=520)


def sobol_figure(found: Sensitivity) -> Any:
    """Return bars of the most important inputs, the most important on top."""
    import plotly.graph_objects as go

    names = found.ranked[:MOST_BARS]
    figure = new_figure(height=_ROOM + _ROW * len(names), barmode="group")
    for indices, label, colour in ((found.total, "total", ORANGE), (found.first, "first order", BLUE)):
        shown = [indices[name] for name in names]
        figure.add_trace(
            go.Bar(
                y=[short(name) for name in names],
                x=[index.value for index in shown],
                error_x={
                    "type": "data",
                    "array": [max(index.high - index.value, 0.0) for index in shown],
                    "arrayminus": [max(index.value - index.low, 0.0) for index in shown],
                    "color": GREY,
                    "thickness": 1.2,
                    "width": 3,
                },
                customdata=names,
                hovertemplate="%{customdata}<br>%{x:.3f}<extra>" + label + "</extra>",
                name=label,
                orientation="h",
                marker={"color": colour},
            )
        )
    figure.update_layout(legend={"traceorder": "reversed"}, xaxis={"title": title("share of the variance")})
    figure.update_yaxes(autorange="reversed", automargin=True)
    return figure


def correlation_cards(found: Sequence[RankCorrelation]) -> list[Card]:
    """Return a tornado of the keys of a sample per quantity."""
    return [
        tornado_card(
            f"tornado-{item.quantity}",
            f"What moves: {item.label}",
            item.coefficients,
            item.noise,
            f"Spearman's rank correlation with each key over {item.points} points: what rises and falls again shows "
            "little. Grey: it may be chance.",
        )
        for item in found
    ]


def tornado_card(name: str, heading: str, coefficients: Mapping[str, float], noise: float, caption: str) -> Card:
    """Return rank correlations as a tornado; `noise` is what chance reaches."""
    figure = tornado_figure(coefficients, noise)
    return Card(name, heading, figure, caption, least_width=480)


def tornado_figure(coefficients: Mapping[str, float], noise: float) -> Any:
    """Return bars to both sides of zero, the longest on top; within the grey band they say nothing."""
    import plotly.graph_objects as go

    names = sorted(coefficients, key=lambda key: -abs(coefficients[key]))[:MOST_BARS]
    values = [coefficients[name] for name in names]
    figure = new_figure(height=_ROOM + _ROW * len(names))
    figure.add_trace(
        go.Bar(
            y=[short(name) for name in names],
            x=values,
            customdata=names,
            hovertemplate="%{customdata}<br>%{x:+.2f}<extra></extra>",
            orientation="h",
            marker={"color": [ORANGE if value > 0 else BLUE for value in values]},
            showlegend=False,
        )
    )
    figure.add_vrect(x0=-noise, x1=noise, fillcolor=GREY, opacity=0.15, line_width=0)
    figure.update_layout(xaxis={"title": title("rank correlation"), "range": [-1, 1], "zeroline": True})
    figure.update_yaxes(autorange="reversed", automargin=True)
    return figure


def short(key: str) -> str:
    """Return a dotted key without its first word where it is an input, with the words of its name."""
    return key.removeprefix("inputs.").replace("_", " ").replace(".", " · ")
