"""The same work on two systems: bars of energy per token, speed and waiting time."""

from __future__ import annotations

from typing import Any

from twin.report.style import BLUE, ORANGE, Card, new_figure, title
from twin.results.compare import shown
from twin.results.kpis import KPIS
from twin.results.results import Results

_GROUPS = (
    (
        "energy per token [J]",
        ("energy_per_token_J", "wall_energy_per_token_J", "facility_energy_per_token_J"),
        ("chip", "wall", "facility"),
    ),
    ("output tokens per second", ("tokens_per_second",), ("all streams",)),
    ("tokens per second per user", ("tokens_per_second_per_user",), ("median",)),
    (
        "time to first token [s]",
        ("time_to_first_token_s", "time_to_first_token_p99_s"),
        ("median", "p99"),
    ),
)
_SHARES = (0.34, 0.16, 0.16, 0.34)
_GAP = 0.06


def comparison_card(results: Results, other: Results) -> Card:
    """Return bars of both systems, one panel per quantity."""
    names = [run.description.system or run.description.title for run in (results, other)]
    figure = comparison_figure([results, other], names)
    caption = "Time means and quantiles of both runs, as in the table below."
    return Card("comparison", f"{names[0]} and {names[1]}", figure, caption, wide=True, least_width=860)


def comparison_figure(runs: list[Results], names: list[str]) -> Any:
    """Return a figure with one panel per quantity and one colour per system."""
    import plotly.graph_objects as go

    figure = new_figure(height=330, barmode="group")
    room = 1 - _GAP * (len(_GROUPS) - 1)
    left = 0.0
    for index, (heading, kpi_names, labels) in enumerate(_GROUPS):
        number = "" if index == 0 else str(index + 1)
        for run, name, colour in zip(runs, names, (BLUE, ORANGE), strict=True):
            figure.add_trace(
                go.Bar(
                    x=list(labels),
                    y=[run.kpis[kpi] for kpi in kpi_names],
                    text=[shown(KPIS[kpi], run.kpis[kpi]) for kpi in kpi_names],
                    textposition="outside",
                    cliponaxis=False,
                    name=name,
                    legendgroup=name,
                    showlegend=index == 0,
                    marker={"color": colour},
                    xaxis=f"x{number}",
                    yaxis=f"y{number}",
                )
            )
        width = _SHARES[index] * room
        figure.update_layout(
            {
                f"xaxis{number}": {"domain": [left, left + width], "anchor": f"y{number}"},
                f"yaxis{number}": {
                    "title": title(heading),
                    "anchor": f"x{number}",
                    "rangemode": "tozero",
                },
            }
        )
        left += width + _GAP
    return figure
