"""The figures of a study's page, by how its points are laid out: maps, lines, bars or dots."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from twin.report.study_bars import bars_figure, dots_figure
from twin.report.study_display import shown
from twin.report.study_layout import Page, Series
from twin.report.study_lines import lines_figure
from twin.report.study_maps import map_figure
from twin.report.style import Card
from twin.study.answers import holding
from twin.study.points import Column

_MOST_PANELS = 4
_MOST_KEYS = 4
_MOST_SAMPLED = 3
"""Quantities of a sample that are drawn, each against every key."""


def study_cards(page: Page) -> list[Card]:
    """Return the figures of a study."""
    if not page.points.done.any():
        return []
    return list(_cards(page))


def _cards(page: Page) -> Iterator[Card]:
    for quantity in page.drawn[: _MOST_SAMPLED if page.points.is_sample else None]:
        if page.points.is_sample:
            keys = [key for key in page.points.keys if key.is_number][:_MOST_KEYS]
            for key in keys:
                heading = f"{_capital(quantity.label)} against {key.label}"
                yield _card(quantity, dots_figure(page, quantity, key), heading, "Each dot is one point.", key.name)
        elif page.is_map:
            yield from _maps(page, quantity)
        elif page.numeric:
            key = page.numeric[0]
            yield _card(quantity, lines_figure(page, quantity, key), _along(quantity, key), _caption(quantity))
        else:
            first = page.keys[0] if page.keys else None
            heading = _along(quantity, first) if first is not None else _capital(quantity.label)
            yield _card(quantity, bars_figure(page, quantity, first), heading, _caption(quantity))


def _maps(page: Page, quantity: Column) -> Iterator[Card]:
    across, up = page.numeric[:2]
    for place, series in enumerate(page.series((across, up))[:_MOST_PANELS]):
        heading = f"{_capital(quantity.label)}{f', {series.label}' if series.label else ''}"
        caption = f"{_caption(quantity)}{' Veiled: a limit is broken.' if _is_broken(page, series) else ''}"
        yield _card(quantity, map_figure(page, quantity, across, up, series), heading, caption, str(place))


def _is_broken(page: Page, series: Series) -> bool:
    members = series.members & page.points.done
    return any((members & ~holding(page.points, answer)).any() for answer in page.points.study.answers)


def _card(quantity: Column, figure: Any, heading: str, caption: str, more: str = "") -> Card:
    name = "-".join(part for part in (quantity.name, more) if part).replace(".", "-").replace("_", "-")
    return Card(name, heading, figure, caption, least_width=420)


def _along(quantity: Column, key: Column) -> str:
    return f"{_capital(quantity.label)} against {key.label}"


def _caption(quantity: Column) -> str:
    known = quantity.values.astype(float)
    known, how = known[np.isfinite(known)], shown(quantity)
    return f"{_capital(quantity.label)} from {how.text(known.min(), unit=False)} to {how.text(known.max())}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
