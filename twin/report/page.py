"""Pages that need no network: templates of this package with plotly.js and the figures inside."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin.errors import OutputError
from twin.report.style import FONT, Card
from twin.results.checkpoint import replace_file

_PLOT_CONFIG = {"responsive": True, "displaylogo": False, "modeBarButtonsToRemove": ["lasso2d", "select2d"]}


@dataclass(frozen=True)
class Section:
    """Figures under one heading."""

    heading: str
    cards: list[Card]


def rendered(template: str, cards: Iterable[Card], /, **content: Any) -> str:
    """Return a page as HTML; `content` is what its template names."""
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
    from plotly.offline import get_plotlyjs

    environment = Environment(
        loader=PackageLoader("twin.report", "."),
        autoescape=select_autoescape(["html", "j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(
        **content,
        figures=_figures_as_script(cards),
        plot_config=json.dumps(_PLOT_CONFIG),
        plotly=get_plotlyjs(),
        font=FONT,
    )


def write_page(content: str, path: Path) -> Path:
    """Write a page whole or not at all; OutputError if it cannot be written."""
    try:
        replace_file(path, content.encode())
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror})") from error
    return path


def _figures_as_script(cards: Iterable[Card]) -> str:
    """Return the figures as a JavaScript object by name; ``</`` cannot end the script early."""
    figures = {card.name: json.loads(card.figure.to_json()) for card in cards}
    return json.dumps(figures).replace("</", "<\\/")
