"""The page of `twin validate`: every row, and the convergence plots with slope and theory."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from twin.report.style import BLUE, FONT, GREY, LIGHT, ORANGE, RED, Card, new_figure, title
from twin.vv.rows import Row

_SERIES = (BLUE, ORANGE, "#15803d", "#6d28d9", RED, "#0e7490", "#a16207", "#be185d")
_DASHES = ("solid", "dash", "dot")
_CONFIG = {"responsive": True, "displaylogo": False, "modeBarButtonsToRemove": ["lasso2d", "select2d"]}


@dataclass(frozen=True)
class Group:
    """Rows and figures under one heading."""

    name: str
    rows: list[dict[str, str]]
    passed: int
    cards: list[Card]


def render(rows: Sequence[Row]) -> str:
    """Return the page as HTML with plotly.js inside."""
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
    from plotly.offline import get_plotlyjs

    environment = Environment(
        loader=PackageLoader("twin.report", "."),
        autoescape=select_autoescape(["html", "j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    groups = [_group(name, list(members)) for name, members in groupby(rows, key=lambda row: row.group)]
    figures = {card.name: json.loads(card.figure.to_json()) for group in groups for card in group.cards}
    return environment.get_template("validation.html.j2").render(
        groups=groups,
        passed=sum(row.passed for row in rows),
        failed=[_shown(row) for row in rows if not row.passed],
        cases=len({row.case for row in rows}),
        orders=sum(row.order is not None for row in rows),
        figures=json.dumps(figures).replace("</", "<\\/"),
        plot_config=json.dumps(_CONFIG),
        plotly=get_plotlyjs(),
        font=FONT,
    )


def _group(name: str, rows: list[Row]) -> Group:
    cards: list[Card] = []
    for case, members in groupby(rows, key=lambda row: row.case):
        converging = [row for row in members if row.convergence is not None]
        if converging:
            identifier, heading = f"{_identifier(name)}-{len(cards)}", f"{case}: {converging[0].title}"
            cards.append(Card(identifier, heading, convergence_figure(converging), _caption(converging)))
    cards += [card for card in (_errors_card(name, rows),) if card is not None]
    return Group(name, [_shown(row) for row in rows], sum(row.passed for row in rows), cards)


def _identifier(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name)


def _caption(rows: Sequence[Row]) -> str:
    theory = ", ".join(f"{order:g}" for order in sorted({row.convergence.theory for row in rows if row.convergence}))
    return f"Observed orders in the legend; dotted: slopes of theory ({theory}), drawn below their curves."


_BELOW = 0.6
"""Where lines of theory lie, of the errors: beside the curves, not under them."""


def convergence_figure(rows: Sequence[Row]) -> Any:
    """Return errors against sizes on logarithmic axes; dotted lines have the slope of theory."""
    figure = new_figure(height=340)
    for number, row in enumerate(rows):
        convergence = row.convergence
        assert convergence is not None
        colour, dash = _SERIES[number % len(_SERIES)], _DASHES[number // len(_SERIES) % len(_DASHES)]
        sizes, errors = np.array(convergence.sizes), np.array(convergence.errors)
        theory = _BELOW * errors[-1] * (sizes / sizes[-1]) ** convergence.theory
        figure.add_scatter(
            x=sizes, y=theory, mode="lines", line={"color": GREY, "width": 1.2, "dash": "dot"}, showlegend=False,
            hoverinfo="skip",
        )  # fmt: skip
        figure.add_scatter(
            x=sizes, y=errors, mode="lines+markers", name=f"{_short(row.quantity)}: {row.order:.2f}",
            line={"color": colour, "width": 2, "dash": dash}, marker={"size": 7},
            hovertemplate="size %{x:.3g}<br>error %{y:.3g}<extra>" + _short(row.quantity) + "</extra>",
        )  # fmt: skip
    axes = {row.convergence.axis for row in rows if row.convergence}
    label = " or ".join(sorted(axes)) + " size, relative"
    figure.update_xaxes(type="log", title=title(label), dtick="D2", exponentformat="power", gridcolor=LIGHT)
    figure.update_yaxes(type="log", title=title("error"), dtick=1, exponentformat="power", gridcolor=LIGHT)
    figure.update_layout(legend={"font": {"size": 10.5}, "y": 1.02})
    return figure


def _short(quantity: str) -> str:
    return quantity.removeprefix("order in ").removeprefix("order ")


def _errors_card(name: str, rows: Sequence[Row]) -> Card | None:
    """Error over tolerance of every row of a group: what is left to the limit."""
    shown = [row for row in rows if row.error is not None and row.tolerance]
    if len(shown) < 2:
        return None
    shares = [max(float(row.error or 0.0) / float(row.tolerance or 1.0), 1e-9) for row in shown]
    figure = new_figure(height=300)
    for passed, colour, label in ((True, BLUE, "pass"), (False, RED, "fail")):
        chosen = [number for number, row in enumerate(shown) if row.passed == passed]
        figure.add_scatter(
            x=[number + 1 for number in chosen], y=[shares[number] for number in chosen], mode="markers", name=label,
            marker={"size": 6, "color": colour, "opacity": 0.8},
            text=[f"{shown[number].case}: {shown[number].quantity}" for number in chosen],
            hovertemplate="%{text}<br>error over tolerance %{y:.2g}<extra></extra>",
        )  # fmt: skip
    figure.add_hline(y=1.0, line={"color": ORANGE, "width": 1.5})
    figure.update_yaxes(type="log", title=title("error over tolerance"), exponentformat="power", gridcolor=LIGHT)
    figure.update_xaxes(title=title("row of the table"), gridcolor=LIGHT)
    caption = "Below the line a row passes; rows at 1e-9 have no error to speak of."
    return Card(f"{_identifier(name)}-errors", "Errors against their tolerances", figure, caption, wide=True)


def _shown(row: Row) -> dict[str, str]:
    return {
        "case": row.case, "quantity": row.quantity, "unit": row.unit, "source": row.source, "note": row.note,
        "reference": _number(row.reference, 9), "result": _number(row.result, 9), "error": _number(row.error, 2),
        "tolerance": _number(row.tolerance, 2), "estimate": _number(row.error_estimate, 2),
        "order": _number(row.order, 3), "verdict": row.verdict,
    }  # fmt: skip


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}g}"
