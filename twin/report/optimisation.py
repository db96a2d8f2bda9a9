"""What a search found: the objective against each key with the optimum marked, and the front between two objectives."""

from __future__ import annotations

from typing import Any

from twin.report.sensitivity import short, sobol_cards
from twin.report.style import BLUE, GREEN, GREY, ORANGE, Card, new_figure, title
from twin.results.display import Display, display_of, number
from twin.results.kpis import KPIS
from twin.study.findings import Findings
from twin.study.optimisation import Objective, Optimisation, Tried

MOST_PANELS = 4
_GAP = 0.05
_STATES = (("keeps the limits", True, BLUE, 7), ("breaks a limit", False, GREY, 6))


def finding_cards(found: Findings) -> list[Card]:
    """Return the figures that take the place of those of single points: Sobol indices, an optimum or a front."""
    cards = sobol_cards(found.sensitivities)
    return cards if found.optimisation is None else [*cards, *optimisation_cards(found.optimisation)]


def optimisation_cards(found: Optimisation) -> list[Card]:
    """Return the figures of an optimisation; those of points alone where it has no answer."""
    searched = "All points that the search tried; those without a result are left out."
    if found.is_front:
        caption = f"No point of the front can be better in one without being worse in the other. {searched}"
        return [Card("front", "Front between the two", front_figure(found), caption, wide=True, least_width=640)]
    heading = f"{label(found.objectives[0])} against what was varied"
    figure = response_figure(found)
    return [Card("response", heading, figure, f"{_words(found)} {searched}", wide=True, least_width=720)]


def front_figure(found: Optimisation) -> Any:
    """Return all points over the two objectives, and the front through the best of them."""
    import plotly.graph_objects as go

    shown = [display_of(objective.unit) for objective in found.objectives]
    figure = new_figure(height=460)
    for name, kept, colour, size in _STATES:
        points = [point for point in found.tried if point.objectives and point.kept is kept]
        if points:
            x, y = (_column(points, axis, shown[axis]) for axis in (0, 1))
            marks = {"color": colour, "size": size, "opacity": 0.35}
            figure.add_trace(_marks(x, y, name, marks, [_hover(found, point.keys) for point in points]))
    best = [(solution.objectives, solution.keys) for solution in found.solutions]
    if best:
        figure.add_trace(
            go.Scatter(
                x=[shown[0](objectives[0]) for objectives, _ in best],
                y=[shown[1](objectives[1]) for objectives, _ in best],
                mode="lines+markers",
                name="front",
                line={"color": ORANGE, "width": 2, "shape": "linear"},
                marker={"color": ORANGE, "size": 9},
                customdata=[_hover(found, keys) for _, keys in best],
                hovertemplate="%{x:.5g}, %{y:.5g}<br>%{customdata}<extra>front</extra>",
            )
        )
    axes = [title(_with_unit(objective, display)) for objective, display in zip(found.objectives, shown, strict=True)]
    figure.update_layout(xaxis={"title": axes[0]}, yaxis={"title": axes[1]})
    return figure


def response_figure(found: Optimisation) -> Any:
    """Return the objective over each of the first keys, the optimum marked."""
    objective, keys = found.objectives[0], found.keys[:MOST_PANELS]
    shown = display_of(objective.unit)
    figure = new_figure(height=400)
    width = (1.0 - _GAP * (len(keys) - 1)) / len(keys)
    for place, key in enumerate(keys):
        axis = "" if place == 0 else str(place + 1)
        display, start = display_of(key.unit), place * (width + _GAP)
        for name, kept, colour, size in _STATES:
            points = [point for point in found.tried if point.objectives and point.kept is kept]
            x, y = [display(point.keys[place]) for point in points], _column(points, 0, shown)
            marks = {"color": colour, "size": size, "opacity": 0.45}
            texts = [_hover(found, point.keys) for point in points]
            figure.add_trace(_marks(x, y, name, marks, texts, axis, legend=place == 0))
        for solution in found.solutions:
            x, y = [display(solution.keys[place])], [shown(solution.objectives[0])]
            star = {"color": GREEN, "size": 15, "symbol": "star", "line": {"color": "white", "width": 1}}
            figure.add_trace(_marks(x, y, "optimum", star, [_hover(found, solution.keys)], axis, legend=place == 0))
        unit = f" [{display.unit}]" if display.unit else ""
        named = {"title": title(_with_unit(objective, shown))}
        figure.update_layout(
            {
                f"xaxis{axis}": {
                    "domain": [start, start + width],
                    "title": title(f"{short(key.text)}{unit}"),
                    "anchor": f"y{axis}",
                    "type": "log" if key.logarithmic else "linear",
                },
                f"yaxis{axis}": {
                    "anchor": f"x{axis}",
                    **(named if place == 0 else {"matches": "y", "showticklabels": False}),
                },
            }
        )  # fmt: skip
    return figure


def label(objective: Objective) -> str:
    """Return an objective for readers."""
    return KPIS[objective.text].label if objective.text in KPIS else objective.text


def _with_unit(objective: Objective, shown: Display) -> str:
    return f"{label(objective)} [{shown.unit}]" if shown.unit else label(objective)


def _marks(
    x: list[float],
    y: list[float],
    name: str,
    marker: dict[str, Any],
    hover: list[str],
    axis: str = "",
    legend: bool = True,
) -> Any:
    import plotly.graph_objects as go

    return go.Scatter(
        x=x,
        y=y,
        mode="markers",
        name=name,
        legendgroup=name,
        showlegend=legend,
        marker=marker,
        customdata=hover,
        hovertemplate="%{x:.5g}, %{y:.5g}<br>%{customdata}<extra>" + name + "</extra>",
        xaxis=f"x{axis}",
        yaxis=f"y{axis}",
    )


def _column(points: list[Tried], number_of: int, shown: Display) -> list[float]:
    return [shown(point.objectives[number_of]) for point in points]


def _hover(found: Optimisation, values: tuple[float, ...]) -> str:
    """Return the keys of a point for its hover text."""
    parts = []
    for key, value in zip(found.keys, values, strict=True):
        shown = display_of(key.unit)
        parts.append(f"{short(key.text)} {number(shown(value))} {shown.unit}".rstrip())
    return "<br>".join(parts)


def _words(found: Optimisation) -> str:
    """Return the optimum in one sentence."""
    if not found.solutions:
        return found.problem
    (best,) = found.solutions
    shown = display_of(found.objectives[0].unit)
    active = [limit.text for limit in found.limits if limit.active]
    held = f"held by {' and '.join(active)}" if active else "no limit holds it"
    at = _hover(found, best.keys).replace("<br>", ", ")
    return f"Optimum: {number(shown(best.objectives[0]))} {shown.unit} at {at}; {held}."
