"""The figure of a solved channel: temperature over the cross-section at the outlet, and along the channel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from twin.constants import ZERO_CELSIUS
from twin.errors import OutputError
from twin.report.style import BLUE, GREY, RED, TEMPERATURE_SCALE
from twin.thermal.channel import ChannelResult

_MICROMETRE = 1e6
_MILLIMETRE = 1e3
_LEVELS = 24
_MOST_PITCHES = 12


def write_channel_figure(result: ChannelResult, path: Path) -> Path:
    """Write the figure as PNG; OutputError if it cannot be written."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.0, 4.8), layout="constrained")
    FigureCanvasAgg(figure)
    section, along = figure.subplots(1, 2, width_ratios=(1.0, 1.5))
    colours = _draw_section(section, result)
    figure.colorbar(colours, ax=section, label="temperature, degC")
    _draw_along(along, result)
    figure.suptitle(result.channel.title or f"Channel with {result.channel.model} temperature")
    try:
        figure.savefig(path, dpi=140)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error
    return path


def _draw_section(axes: Any, result: ChannelResult) -> Any:
    """Draw as many pitches as make the section about as wide as high, and the channels' outlines."""
    from matplotlib.patches import Rectangle

    section, shape = result.cell.section, result.channel.channel
    half = result.cell.shape.half_pitch
    pitches = int(np.clip(section.up[-1] // (2 * half), 1, _MOST_PITCHES))
    field = result.profile.outlet.reshape(section.shape) - ZERO_CELSIUS
    mirrored = np.concatenate([section.nodes_across, 2 * half - section.nodes_across[-2::-1]])
    across = np.concatenate([mirrored + 2 * half * number for number in range(pitches)])
    field = np.tile(np.concatenate([field, field[:, -2::-1]], axis=1), (1, pitches))
    colours = axes.contourf(
        across * _MICROMETRE, section.nodes_up * _MICROMETRE, field, _LEVELS, cmap=TEMPERATURE_SCALE.lower()
    )
    size = (shape.width * _MICROMETRE, shape.height * _MICROMETRE)
    for number in range(pitches):
        corner = ((2 * half * number + 0.5 * shape.wall) * _MICROMETRE, shape.base * _MICROMETRE)
        axes.add_patch(Rectangle(corner, *size, fill=False, edgecolor="white", linewidth=0.8))
    axes.set_aspect("equal")
    axes.locator_params(axis="x", nbins=5)
    axes.set(xlabel="across, µm", ylabel="height above the heated base, µm", title="at the outlet")
    return colours


def _draw_along(axes: Any, result: ChannelResult) -> None:
    profile = result.profile
    x = profile.x * _MILLIMETRE
    axes.plot(x, profile.base - ZERO_CELSIUS, color=RED, label="base, mean over its width")
    axes.plot(x, profile.bulk - ZERO_CELSIUS, color=BLUE, label="coolant, bulk")
    axes.set(xlabel="distance from the inlet, mm", ylabel="temperature, degC", title="along the channel")
    axes.grid(color=GREY, alpha=0.25)
    axes.legend(frameon=False)
