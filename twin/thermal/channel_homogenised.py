"""What a layered model makes of a channel: homogenised walls with a correlation, against the resolved cell.

The layered model of wafers and stacks resolves the channel layer in height only: its walls conduct by their share
of the plan area, and exchange heat with the coolant along their height, at floor and at ceiling, by one
coefficient h = Nu_H1 k / D_h. The resolved cell has no coefficient. Their difference is the model error.
"""

from __future__ import annotations

import math

from twin.spec.channel import Channel
from twin.thermal import correlations
from twin.thermal.channel import cell_of, solid_conductivities, stream_of


def homogenisation_error(channel: Channel) -> float:
    """Return the layered model's developed resistance over the resolved one, less 1 (positive: too hot)."""
    cell = cell_of(channel, stream_of(channel), channel.cells)
    return layered_resistance(channel) / cell.base_mean(cell.developed) - 1.0


def layered_resistance(channel: Channel) -> float:
    """Return base over bulk temperature per base flux in m2 K/W of the layered model with fine cells, developed.

    Where dT/dx is the same everywhere nothing conducts along the channel, and the outer face of a cover takes
    no heat: what remains is the base in series with `wetted_conductance`.
    """
    shape, conductivity = channel.channel, stream_of(channel).conductivity
    covered = shape.cover > 0.0
    nusselt = correlations.nusselt_four_sided if covered else correlations.nusselt_three_sided
    diameter = correlations.hydraulic_diameter(shape.width, shape.height)
    coefficient = nusselt(shape.width, shape.height) * conductivity / diameter
    base, wall, _ = (k[2] for k in solid_conductivities(channel))
    return shape.base / base + 1.0 / wetted_conductance(
        coefficient, shape.width, shape.wall, shape.height, wall, covered
    )


def wetted_conductance(
    coefficient: float, width: float, wall: float, height: float, conductivity: float, ceiling: bool
) -> float:
    """Return the conductance per plan area in W/m2/K of floor, walls and, if wetted and conducting, ceiling.

    The wall is a fin whose tip feeds the ceiling: h w / p + k t m / p (tanh mH + b) / (1 + b tanh mH) with
    m^2 = 2 h / (k t), b = h w / (k t m), pitch p = w + t; b = 0 under an adiabatic lid
    (Incropera & DeWitt, Fundamentals of Heat and Mass Transfer, table 3.4 with a convective tip).
    """
    rate = math.sqrt(2.0 * coefficient / (conductivity * wall))
    root = conductivity * wall * rate
    tip = coefficient * width / root if ceiling else 0.0
    reach = math.tanh(rate * height)
    return (coefficient * width + root * (reach + tip) / (1.0 + tip * reach)) / (width + wall)
