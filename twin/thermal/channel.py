"""Solving a channel file: friction, heat transfer and temperatures of one channel with its walls.

Properties are those of the coolant at its inlet temperature. Resistances are per base flux, of the base's width
over the coolant's bulk: where the temperature is developed, or, along a developing channel, at the worst place of
its downstream half (towards the outlet the solid's adiabatic end draws the base below its developed state).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twin.errors import Problem, SpecError, TwinError
from twin.fe.channel_cell import CellProperties, CellShape, ChannelCell, Conductivity
from twin.fe.channel_developing import DevelopingTemperature, developing_temperature
from twin.fe.section import Array
from twin.library import load
from twin.spec.channel import Channel
from twin.spec.documents import read_yaml, validate
from twin.spec.material import Material
from twin.thermal import correlations
from twin.thermal.coolant import load_coolant
from twin.thermal.layers import solid_layer
from twin.thermal.regime import channel_cautions, coolant_cautions

ENTRANCE = 0.05
"""Entrance length over D_h Re (velocity) or D_h Re Pr (temperature), laminar (Incropera & DeWitt, eqs 8.3, 8.23)."""

ELEMENTS_PER_CELL = 4
"""Elements along a developing channel for each of `cells`."""

_STATIONS = 41
_HIGHEST_ORDER = 4.0
_LOWEST_ORDER = 1.0


@dataclass(frozen=True)
class Stream:
    """The coolant of a channel: mean velocity in m/s and properties at the inlet, SI units."""

    velocity: float
    density: float
    specific_heat: float
    conductivity: float
    viscosity: float

    @property
    def prandtl(self) -> float:
        """Prandtl number."""
        return self.viscosity * self.specific_heat / self.conductivity

    def reynolds(self, hydraulic_diameter: float) -> float:
        """Return the Reynolds number on D_h."""
        return self.density * self.velocity * hydraulic_diameter / self.viscosity


@dataclass(frozen=True)
class Profile:
    """Temperatures in K along the channel at `x` in m, and resistances in m2 K/W; `outlet` by node of the section."""

    x: Array
    base: Array
    bulk: Array
    resistance: float
    resistance_max: float
    outlet: Array
    hottest_wetted: float


@dataclass(frozen=True)
class ChannelResult:
    """What `twin channel` reports; `error_estimate` is relative, of the resistance."""

    channel: Channel
    stream: Stream
    cell: ChannelCell
    profile: Profile
    error_estimate: float
    warnings: tuple[str, ...]

    @property
    def energy_residual(self) -> float:
        """Heat into the base less enthalpy rise, over the heat."""
        rise = self.cell.axial_slope(self.channel.heat_flux) * self.channel.length
        return abs(float(self.profile.bulk[-1]) - self.channel.inlet_temperature - rise) / rise


def load_channel(path: Path) -> Channel:
    """Read and check a channel file; SpecError names every problem."""
    raw = read_yaml(path)
    if raw.get("kind") != "channel":
        message = f"is '{raw.get('kind')}', expected 'channel': a file for `twin channel`"
        raise SpecError(path.name, [Problem("kind", message)])
    unknown = _unknown_names(raw)
    try:
        channel = validate(raw, Channel, path.name)
    except SpecError as error:
        raise SpecError(path.name, [*error.problems, *unknown]) from error
    if unknown:
        raise SpecError(path.name, unknown)
    assert isinstance(channel, Channel)
    return channel


def _unknown_names(raw: dict[str, Any]) -> list[Problem]:
    named = (
        ("material", "wall_material"), ("material", "base_material"), ("material", "cover_material"),
        ("coolant", "coolant"),
    )  # fmt: skip
    problems = []
    for kind, key in named:
        given = raw.get(key)
        if isinstance(given, str):
            try:
                load(kind, given)
            except TwinError as error:
                problems.append(Problem(key, str(error)))
    return problems


def stream_of(channel: Channel) -> Stream:
    """Return the coolant's properties at the inlet and its mean velocity."""
    properties = load_coolant(channel.coolant).at(channel.inlet_temperature)
    rho, c, k, mu = (
        float(v) for v in (properties.density, properties.specific_heat, properties.conductivity, properties.viscosity)
    )
    shape = channel.channel
    if channel.velocity is not None:
        velocity = channel.velocity
    elif channel.flow_rate is not None:
        velocity = channel.flow_rate / (shape.width * shape.height)
    else:
        assert channel.reynolds is not None
        velocity = channel.reynolds * mu / (rho * correlations.hydraulic_diameter(shape.width, shape.height))
    return Stream(velocity, rho, c, k, mu)


def cell_of(channel: Channel, stream: Stream, cells: int) -> ChannelCell:
    """Return the finite elements of a channel's cross-section."""
    s = channel.channel
    base, wall, cover = solid_conductivities(channel)
    capacity = stream.density * stream.specific_heat
    properties = CellProperties(base, wall, cover, stream.conductivity, capacity, stream.velocity)
    return ChannelCell(CellShape(s.width, s.height, s.wall, s.base, s.cover), properties, cells)


def solid_conductivities(channel: Channel) -> tuple[Conductivity, Conductivity, Conductivity]:
    """Return the conductivities of base, wall and cover in W/m/K: along the channel, across it, upwards.

    A power law is taken at the inlet temperature.
    """
    base, wall, cover = (
        _conductivity(given or channel.wall_material, channel.inlet_temperature)
        for given in (channel.base_material, channel.wall_material, channel.cover_material)
    )
    return base, wall, cover


def _conductivity(given: str | Material, kelvin: float) -> Conductivity:
    layer = solid_layer("", 1.0, 1, given)
    if layer.power_law is None:
        return layer.conductivity
    k = layer.power_law.at(kelvin)
    return k, k, k


def solve_channel(channel: Channel) -> ChannelResult:
    """Solve a channel on its mesh and, for the error estimate, on meshes coarser by two and by four."""
    stream = stream_of(channel)
    meshes = [cell_of(channel, stream, channel.cells // coarser) for coarser in (4, 2, 1)]
    solve = _developed if channel.model == "developed" else _developing
    profiles = [solve(channel, cell) for cell in meshes]
    estimate = discretisation_error(*(profile.resistance for profile in profiles))
    warnings = _warnings(channel, stream, profiles[-1])
    return ChannelResult(channel, stream, meshes[-1], profiles[-1], estimate / profiles[-1].resistance, warnings)


def _developed(channel: Channel, cell: ChannelCell) -> Profile:
    flux = channel.heat_flux
    x = np.linspace(0.0, channel.length, _STATIONS)
    bulk = channel.inlet_temperature + cell.axial_slope(flux) * x
    resistance = cell.base_mean(cell.developed)
    outlet = bulk[-1] + flux * cell.developed
    return Profile(
        x, bulk + flux * resistance, bulk, resistance, cell.base_highest(cell.developed), outlet,
        cell.wetted_highest(outlet),
    )  # fmt: skip


def _developing(channel: Channel, cell: ChannelCell) -> Profile:
    elements = ELEMENTS_PER_CELL * cell.cells
    found = developing_temperature(cell, channel.heat_flux, channel.length, elements)
    mean, highest = worst_downstream(found)
    bulk = channel.inlet_temperature + found.bulk
    sections = [channel.inlet_temperature + found.section(place) for place in range(found.stations.size)]
    return Profile(
        found.stations, bulk + found.base_over_bulk, bulk, mean / channel.heat_flux, highest / channel.heat_flux,
        sections[-1], max(cell.wetted_highest(section) for section in sections),
    )  # fmt: skip


def worst_downstream(found: DevelopingTemperature) -> tuple[float, float]:
    """Return the largest base mean over bulk in the downstream half in K, and the base's highest there.

    Between the ends of elements, where discontinuous elements are most accurate, by cubic splines.
    """
    from scipy.interpolate import CubicSpline
    from scipy.optimize import minimize_scalar

    x = found.stations
    mean, highest = (CubicSpline(x, values) for values in (found.base_over_bulk, found.hottest_base_over_bulk))
    half = 0.5 * x[-1]
    inside = np.concatenate([[half], x[x > half]])
    place = int(np.argmax(mean(inside)))
    bounds = (inside[max(place - 1, 0)], inside[min(place + 1, inside.size - 1)])
    best = minimize_scalar(lambda at: -float(mean(at)), bounds=bounds, method="bounded").x
    at = best if mean(best) > mean(inside[place]) else inside[place]
    return float(mean(at)), float(highest(at))


def discretisation_error(coarse: float, middle: float, fine: float) -> float:
    """Return the estimated error of `fine` from meshes coarser by two and four.

    The last difference over 2^p - 1 with the observed order p, no higher than theory's 4 of a functional of
    quadratic elements; a last difference that fell faster may have done so by a change of sign
    (Roache, Verification and Validation in Computational Science and Engineering, 1998, ch. 5).
    """
    first, last = abs(middle - coarse), abs(fine - middle)
    last = max(last, first / 2.0**_HIGHEST_ORDER)
    if last == 0.0:
        return 0.0
    order = float(np.clip(np.log2(first / last) if first > 0.0 else _LOWEST_ORDER, _LOWEST_ORDER, _HIGHEST_ORDER))
    return last / (2.0**order - 1.0)


def _warnings(channel: Channel, stream: Stream, profile: Profile) -> tuple[str, ...]:
    """Return where the channel leaves what its model holds for."""
    diameter = correlations.hydraulic_diameter(channel.channel.width, channel.channel.height)
    reynolds = stream.reynolds(diameter)
    cautions = (
        *channel_cautions(reynolds, stream.velocity, None),
        *coolant_cautions(
            load_coolant(channel.coolant), channel.inlet_temperature, float(profile.bulk[-1]), profile.hottest_wetted
        ),
    )
    found = [caution.text for caution in cautions]
    entrance = ENTRANCE * reynolds * diameter
    if channel.length < entrance:
        found.append(f"velocity develops over {entrance:.3g} m, longer than the channel; it is taken as developed")
    thermal = entrance * stream.prandtl
    if channel.model == "developed" and channel.length < thermal:
        found.append(f"temperature develops over {thermal:.3g} m, longer than the channel; use `model: developing`")
    return tuple(found)


def outcome(result: ChannelResult) -> dict[str, Any]:
    """Return the JSON object of `twin channel`."""
    shape, stream, duct, profile = result.channel.channel, result.stream, result.cell.duct, result.profile
    diameter = duct.hydraulic_diameter
    coefficient = duct.nusselt_h1 * stream.conductivity / diameter
    wall = solid_conductivities(result.channel)[1][2]
    gradient = 2.0 * duct.friction_factor_reynolds * stream.viscosity * stream.velocity / diameter**2
    return {
        "hydraulic_diameter_m": diameter,
        "reynolds": stream.reynolds(diameter),
        "f_re": duct.friction_factor_reynolds,
        "nusselt_h1": duct.nusselt_h1,
        "nusselt_t": duct.nusselt_t,
        "fin_efficiency": correlations.fin_efficiency(coefficient, shape.wall, shape.height, wall),
        "pressure_drop_Pa": gradient * result.channel.length,
        "entrance_pressure_drop_Pa": duct.entrance_loss * 0.5 * stream.density * stream.velocity**2,
        "resistance_m2K_W": profile.resistance,
        "resistance_max_m2K_W": profile.resistance_max,
        "x_m": profile.x.tolist(),
        "base_temperature_K": profile.base.tolist(),
        "bulk_temperature_K": profile.bulk.tolist(),
        "error_estimate": result.error_estimate,
        "warnings": list(result.warnings),
    }
