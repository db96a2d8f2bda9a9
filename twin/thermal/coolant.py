"""Properties of a coolant against temperature, tabulated once per fluid."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.cache import cache_folder
from twin.errors import Problem, SpecError
from twin.library import load
from twin.spec.coolant import ConstantCoolant, FluidCoolant

Array = NDArray[np.float64]

TABLE_STEP = 0.25
"""Spacing of the table in K: linear interpolation of water's viscosity is then good to 1e-5."""


_PROPERTIES = 4


@dataclass(frozen=True)
class Properties:
    """Properties at given temperatures, arrays of the temperatures' shape, SI units."""

    density: Array
    specific_heat: Array
    conductivity: Array
    viscosity: Array

    @property
    def volumetric_heat_capacity(self) -> Array:
        """Density times specific heat in J/m3/K."""
        return self.density * self.specific_heat

    @property
    def prandtl(self) -> Array:
        """Prandtl number."""
        return self.viscosity * self.specific_heat / self.conductivity


@dataclass(frozen=True, eq=False)
class CoolantProperties:
    """Property table of one coolant, columns density, specific heat, conductivity, viscosity.

    Between `start` and `start + (rows - 1) * step` (K) the table is interpolated linearly; outside, the
    properties of the nearest end hold, and `warnings` says so.
    """

    title: str
    start: float
    step: float
    table: Array
    freezing_point: float | None
    boiling_point: float | None

    @property
    def is_constant(self) -> bool:
        """Whether the properties do not depend on temperature."""
        return len(self.table) == 1

    def at(self, temperature: ArrayLike) -> Properties:
        """Return the properties at temperatures in K, in the shape given; NaN stays NaN."""
        kelvin = np.asarray(temperature, dtype=float)
        if self.is_constant:
            return Properties(*(np.full(kelvin.shape, value) for value in self.table[0]))
        row, weight = self._place(kelvin)
        return Properties(*(self._interpolated(column, row, weight) for column in range(_PROPERTIES)))

    def density(self, temperature: ArrayLike) -> Array:
        """Return the density in kg/m3."""
        return self._column(0, temperature)

    def specific_heat(self, temperature: ArrayLike) -> Array:
        """Return the specific heat in J/kg/K."""
        return self._column(1, temperature)

    def conductivity(self, temperature: ArrayLike) -> Array:
        """Return the conductivity in W/m/K."""
        return self._column(2, temperature)

    def viscosity(self, temperature: ArrayLike) -> Array:
        """Return the dynamic viscosity in Pa s."""
        return self._column(3, temperature)

    def heat_capacity(self, temperature: float) -> float:
        """Return density times specific heat in J/m3/K at one temperature in K, as `at` but without arrays."""
        if self.is_constant:
            return float(self.table[0, 0] * self.table[0, 1])
        place = min(max((temperature - self.start) / self.step, 0.0), len(self.table) - 1.0)
        row = min(int(place), len(self.table) - 2)
        (density, specific_heat), (more_density, more_heat) = self.table[row : row + 2, :2].tolist()
        weight = place - row
        return (density + weight * (more_density - density)) * (specific_heat + weight * (more_heat - specific_heat))

    def _column(self, column: int, temperature: ArrayLike) -> Array:
        kelvin = np.asarray(temperature, dtype=float)
        if self.is_constant:
            return np.full(kelvin.shape, self.table[0, column])
        return self._interpolated(column, *self._place(kelvin))

    def _place(self, kelvin: Array) -> tuple[NDArray[np.intp], Array]:
        """Return the rows of the table below temperatures, and how far they are on the way to the next row."""
        place = np.minimum(np.maximum((kelvin - self.start) / self.step, 0.0), len(self.table) - 1.0)
        row = np.fmin(np.fmax(place, 0.0), len(self.table) - 2.0).astype(np.intp)
        return row, np.asarray(place - row)

    def _interpolated(self, column: int, row: NDArray[np.intp], weight: Array) -> Array:
        lower, rise = _split(self)
        return np.asarray(lower[column].take(row) + weight * rise[column].take(row))


@cache
def _split(coolant: CoolantProperties) -> tuple[Array, Array]:
    """Return the columns of a table and their rise to the next row, each contiguous."""
    lower = np.ascontiguousarray(coolant.table.T)
    return lower, np.diff(lower, axis=1)


def load_coolant(coolant: str | FluidCoolant | ConstantCoolant) -> CoolantProperties:
    """Return the properties of a coolant given by its library name, its file or its specification.

    Raises
    ------
    LibraryError
        The name is not in the library.
    SpecError
        CoolProp does not know the fluid, or not in this range.
    """
    spec: Any = load("coolant", coolant) if isinstance(coolant, str) else coolant
    return _tabulate(spec) if isinstance(spec, FluidCoolant) else _constant(spec)


@cache
def _constant(spec: ConstantCoolant) -> CoolantProperties:
    return CoolantProperties(
        title=spec.title or "coolant",
        start=0.0,
        step=1.0,
        table=np.array([[spec.density, spec.specific_heat, spec.conductivity, spec.viscosity]]),
        freezing_point=spec.freezing_point,
        boiling_point=spec.boiling_point,
    )


@cache
def _tabulate(spec: FluidCoolant) -> CoolantProperties:
    count = int(np.ceil((spec.maximum_temperature - spec.minimum_temperature) / TABLE_STEP))
    kelvin, step = np.linspace(spec.minimum_temperature, spec.maximum_temperature, count + 1, retstep=True)
    table = _kept_table(spec, kelvin)
    table[:, 3] *= spec.viscosity_factor
    return CoolantProperties(
        title=spec.title or spec.fluid,
        start=spec.minimum_temperature,
        step=float(step),
        table=table,
        freezing_point=spec.freezing_point,
        boiling_point=spec.boiling_point,
    )


def _kept_table(spec: FluidCoolant, kelvin: Array) -> Array:
    """Return the properties from an earlier call on this machine if there was one: CoolProp takes seconds to load."""
    what = (spec.backend, spec.fluid, spec.mass_fraction, spec.pressure, kelvin.tolist(), version("coolprop"))
    file = cache_folder() / "coolants" / f"{hashlib.sha256(repr(what).encode()).hexdigest()}.npy"
    with suppress(OSError, ValueError):
        table = np.load(file)
        if table.shape == (kelvin.size, _PROPERTIES):
            return np.asarray(table)
    table = _properties_of_fluid(spec, kelvin)
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(f".{os.getpid()}.npy")
        np.save(draft, table)
        draft.replace(file)
    return table


def _properties_of_fluid(spec: FluidCoolant, kelvin: Array) -> Array:
    """Return rows of density, specific heat, conductivity, viscosity from CoolProp."""
    import CoolProp

    try:
        state = CoolProp.AbstractState(spec.backend, spec.fluid)
        if spec.mass_fraction is not None:
            state.set_mass_fractions([spec.mass_fraction])
        rows = []
        for temperature in kelvin:
            state.update(CoolProp.PT_INPUTS, spec.pressure, float(temperature))
            rows.append((state.rhomass(), state.cpmass(), state.conductivity(), state.viscosity()))
    except ValueError as error:
        name = f"{spec.backend}::{spec.fluid}"
        raise SpecError(f"coolant {spec.title or name}", [Problem("fluid", _refusal(name, error))]) from error
    return np.array(rows)


def _refusal(name: str, error: ValueError) -> str:
    reason = str(error).split(" : ")[0].strip()
    return f"CoolProp cannot give the properties of {name}: {reason}. Check fluid, fraction and temperatures"
