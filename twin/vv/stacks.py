"""Stack files of the cases, as mappings of text with units, solved as `twin solve` does."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twin.constants import ZERO_CELSIUS
from twin.spec.documents import validate
from twin.spec.stack import Stack
from twin.thermal.stack import outcome, solve_stack
from twin.thermal.stack_check import check_stack
from twin.vv.rows import Row, temperature, within

ENERGY = 1e-8
"""Largest energy residual of any run."""

Tree = dict[str, Any]


@dataclass(frozen=True)
class Solution:
    """What `twin solve --json` gives, temperatures also in degC."""

    found: Mapping[str, Any]

    @property
    def status(self) -> str:
        """`converged`, `runaway` or `failed`."""
        return str(self.found["status"])

    @property
    def energy(self) -> float:
        """Energy residual."""
        return float(self.found["energy_residual"])

    @property
    def outlet(self) -> float:
        """Mixed mean outlet in degC."""
        return float(self.found["coolant"]["outlet_mean_K"]) - ZERO_CELSIUS

    @property
    def hottest(self) -> float:
        """Highest temperature in degC."""
        return float(self.found["max_temperature_K"]) - ZERO_CELSIUS

    @property
    def coldest(self) -> float:
        """Lowest temperature in degC."""
        return float(self.found["min_temperature_K"]) - ZERO_CELSIUS

    def history(self, probe: str) -> np.ndarray:
        """Temperatures of a probe at all reported times in degC."""
        return np.array(self.found["probes"][probe]["temperature_K"], float) - ZERO_CELSIUS

    def probe(self, probe: str, time: int = -1) -> float:
        """Return the temperature of a probe in degC at a reported time."""
        return float(self.history(probe)[time])

    def estimate(self, probe: str, time: int = -1) -> float | None:
        """Error estimate of a probe in K, if the solver gives one."""
        given = self.found["probes"][probe].get("error_estimate_K")
        return None if given is None else float(given[time])

    def row(
        self, quantity: str, probe: str, exact: float, tolerance: float, rise: float | None = None, time: int = -1
    ) -> Row:
        """Return the row of a probe against its exact value in degC; the rise is `exact` unless given."""
        scale = abs(exact) if rise is None else rise
        found, estimate = self.probe(probe, time), self.estimate(probe, time)
        return temperature(quantity, found, exact, tolerance, scale, estimate, "degC")

    def target(self, quantity: str, probe: str, exact: float, target: float, time: int = -1) -> Row:
        """Return the row of a probe solved with a target error in K."""
        found, estimate = self.probe(probe, time), self.estimate(probe, time)
        return temperature(f"{quantity}, target_error {target:g} K", found, exact, target, 1.0, estimate, "degC")

    def energy_row(self, note: str = "") -> Row:
        """Return the row of the energy residual."""
        return within("energy residual", self.energy, ENERGY, note=note)


def solve(tree: Tree, maps: Mapping[str, np.ndarray] | None = None) -> Solution:
    """Check and solve a stack; `maps` are rasters of watts by file name."""
    stack = validate({"kind": "stack", **tree}, Stack, "stack.yaml")
    check_stack(stack, "stack.yaml")
    if not maps:
        return Solution(outcome(solve_stack(stack)))
    with tempfile.TemporaryDirectory() as folder:
        for name, watts in maps.items():
            np.savetxt(Path(folder) / name, watts, delimiter=",", fmt="%.17g")
        return Solution(outcome(solve_stack(stack, Path(folder))))


def quantity(value: float, unit: str) -> str:
    """Write a quantity to the last digit."""
    return f"{float(value)!r} {unit}"


def metres(value: float) -> str:
    """Write a length."""
    return quantity(value, "m")


def seconds(value: float) -> str:
    """Write a time."""
    return quantity(value, "s")


def watts(value: float) -> str:
    """Write a power."""
    return quantity(value, "W")


def celsius(value: float) -> str:
    """Write a temperature."""
    return quantity(value, "degC")


def kelvin(value: float) -> str:
    """Write an absolute temperature."""
    return quantity(value, "K")


def material(conductivity: float | Sequence[float], volumetric: float = 1e6) -> Tree:
    """Return a material of conductivity in W/m/K and volumetric heat capacity in J/m3/K."""
    unit = "W/m/K"
    several = not isinstance(conductivity, float | int)
    text = [quantity(k, unit) for k in conductivity] if several else quantity(conductivity, unit)  # type: ignore[union-attr, arg-type]
    return {
        "conductivity": text,
        "density": "1000 kg/m^3",
        "specific_heat": quantity(volumetric / 1000, "J/kg/K"),
    }


def layer(
    name: str,
    thickness: float,
    conductivity: float | Sequence[float] | Tree,
    cells: int | None = None,
    contact: float = 0.0,
    volumetric: float = 1e6,
) -> Tree:
    """Return a solid layer."""
    tree: Tree = {"name": name, "thickness": metres(thickness)}
    tree["material"] = conductivity if isinstance(conductivity, dict) else material(conductivity, volumetric)
    if cells:
        tree["cells"] = cells
    if contact:
        tree["contact_resistance_below"] = quantity(contact, "m^2*K/W")
    return tree


def square(side: float) -> Tree:
    """Return the size of a square stack."""
    return {"x": metres(side), "y": metres(side)}


def column(side: float = 1e-3) -> Tree:
    """Return the size and cells of a stack in which nothing varies along x and y."""
    return {"size": square(side), "cells": {"x": 1, "y": 1}}


def film(coefficient: float, ambient: float) -> Tree:
    """Return the boundary of a film, ambient in degC."""
    return {"film": {"coefficient": quantity(coefficient, "W/m^2/K"), "ambient": celsius(ambient)}}


def held(temperature_: float) -> Tree:
    """Return the boundary of a fixed temperature in degC."""
    return {"temperature": celsius(temperature_)}


def flux(heat_flux: float) -> Tree:
    """Return the boundary of a heat flux into the body."""
    return {"heat_flux": quantity(heat_flux, "W/m^2")}


def rectangle(x: Sequence[float], y: Sequence[float]) -> Tree:
    """Return a rectangle."""
    return {"x": [metres(v) for v in x], "y": [metres(v) for v in y]}


def point(x: float, y: float, layer_name: str, face: str = "top") -> Tree:
    """Return a probe on a face of a layer."""
    return {"x": metres(x), "y": metres(y), "layer": layer_name, "face": face}


def mean(area: Tree, layer_name: str, face: str | None = "top") -> Tree:
    """Return a probe of the mean over a rectangle of a layer or of its face."""
    return {"mean": area, "layer": layer_name, **({"face": face} if face else {})}


def transient(end: float, step: float | str, initial: float | str, times: Sequence[float] = ()) -> Tree:
    """Return the key `transient`, initial temperature in degC."""
    return {
        "end": seconds(end),
        "step": step if isinstance(step, str) else seconds(step),
        "initial": initial if isinstance(initial, str) else celsius(initial),
        **({"times": [seconds(time) for time in times]} if len(times) else {}),
    }


def target(kelvins: float) -> Tree:
    """Return the key `numerics` of a target error."""
    return {"target_error": quantity(kelvins, "K")}
