"""How sure the key figures are: bands over the inputs that nobody published, and what moves them."""

from __future__ import annotations

from typing import Any

from twin.report.sensitivity import tornado_card
from twin.report.style import BLUE, GREY, LIGHT, ORANGE, Card, new_figure, title
from twin.results.display import display_of, number
from twin.results.kpis import KPIS
from twin.results.results import Results
from twin.results.uncertainty import Band, Uncertainty

_TORNADOS = ("peak_temperature_K", "wall_energy_per_token_J")
_ROW, _ROOM, _LEFT = 26, 100, 0.58
_VISIBLE = 1e-6
"""Width of a band, over its middle, below which a key figure is as good as certain."""


def uncertainty_cards(results: Results) -> list[Card]:
    """Return the bands of a run, and the inputs that move its temperature and its energy; nothing without bands."""
    found = results.uncertainty
    if found is None:
        return []
    figure = band_figure(found)
    cards = [
        Card("uncertainty-bands", "5 to 95 % of the key figures", figure, found.origin, wide=True, least_width=760)
    ]
    for name in _TORNADOS:
        band = found.bands.get(name)
        if band is not None and band.drivers:
            caption = (
                f"Spearman's rank correlation over {found.done} points; only what is beyond chance (grey) is listed."
            )
            heading = f"What moves: {KPIS[name].label}"
            cards.append(tornado_card(f"tornado-{name}", heading, dict(band.drivers), found.noise, caption))
    return cards


def band_figure(found: Uncertainty) -> Any:
    """Return the bands relative to the steady point without variation: in percent, temperatures in K."""
    moving = {name: band for name, band in found.bands.items() if _moves(band)}
    warm = {name: band for name, band in moving.items() if KPIS[name].unit == "K"}
    other = {name: band for name, band in moving.items() if name not in warm and band.nominal != 0.0}
    figure = new_figure(height=_ROOM + _ROW * max(len(warm), len(other), 3))
    _add(figure, {n: _scaled(b, 100.0 / abs(b.nominal)) for n, b in other.items()}, other, "", legend=True)
    _add(figure, {n: _scaled(b, 1.0) for n, b in warm.items()}, warm, "2", legend=not other)
    figure.update_layout(
        xaxis={"domain": [0.0, _LEFT - 0.04], "title": title("change [%]"), "anchor": "y", "zerolinecolor": GREY},
        xaxis2={
            "domain": [_LEFT + 0.12, 1.0],
            "title": title("change [K]"),
            "anchor": "y2",
            "zerolinecolor": GREY,
        },
        yaxis={"autorange": "reversed", "automargin": True, "anchor": "x"},
        yaxis2={"autorange": "reversed", "anchor": "x2"},
    )
    return figure


def band_note(found: Uncertainty | None, name: str) -> str:
    """Return the band of a key figure for its tile; empty without one."""
    band = found.bands.get(name) if found else None
    if band is None or not _moves(band):
        return ""
    shown = display_of(KPIS[name].unit)
    low, high, steady = (number(shown(value), 3) for value in (band.low, band.high, band.nominal))
    return f"steady {steady}; 5 to 95 %: {low} to {high}"


def _add(
    figure: Any, scaled: dict[str, tuple[float, float, float]], bands: dict[str, Band], axis: str, legend: bool
) -> None:
    """Add a line from 5 to 95 % and a mark at the median for every key figure."""
    import plotly.graph_objects as go

    labels = [KPIS[name].label for name in scaled]
    hover = [_hover(name, bands[name]) for name in scaled]
    low, median, high = (list(column) for column in zip(*scaled.values(), strict=True)) if scaled else ([], [], [])
    place: dict[str, Any] = {"xaxis": f"x{axis}", "yaxis": f"y{axis}", "orientation": "h"}
    figure.add_trace(
        go.Bar(
            y=labels, base=low, x=[h - lo for lo, h in zip(low, high, strict=True)], name="5 to 95 %",
            showlegend=legend,
            marker={"color": LIGHT, "line": {"color": BLUE, "width": 1}}, width=0.5, customdata=hover,
            hovertemplate="%{customdata}<extra></extra>", **place,
        )
    )  # fmt: skip
    place.pop("orientation")
    figure.add_trace(
        go.Scatter(
            y=labels, x=median, mode="markers", name="50 %", showlegend=legend,
            marker={"color": ORANGE, "symbol": "line-ns-open", "size": 14, "line": {"width": 3}},
            customdata=hover, hovertemplate="%{customdata}<extra></extra>", **place,
        )
    )  # fmt: skip


def _hover(name: str, band: Band) -> str:
    shown = display_of(KPIS[name].unit)
    values = ", ".join(number(shown(value)) for value in (band.low, band.median, band.high))
    return f"{KPIS[name].label}<br>steady {number(shown(band.nominal))}<br>5, 50, 95 %: {values} {shown.unit}".rstrip()


def _scaled(band: Band, factor: float) -> tuple[float, float, float]:
    low, median, high = (factor * (value - band.nominal) for value in (band.low, band.median, band.high))
    return low, median, high


def _moves(band: Band) -> bool:
    return band.high - band.low > _VISIBLE * max(abs(band.high), abs(band.low))
