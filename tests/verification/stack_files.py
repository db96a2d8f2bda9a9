"""Stack files as a user writes them, solved from disk; shared by the verification of stacks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML

from twin.thermal.stack import StackResult, load_stack, outcome, solve_stack

ZERO_CELSIUS = 273.15
Tree = dict[str, Any]


def solve(folder: Path, tree: Tree, name: str = "stack.yaml") -> StackResult:
    """Write a stack file into `folder`, read it back and solve it."""
    path = folder / name
    with path.open("w") as file:
        YAML().dump({"kind": "stack", **tree}, file)
    return solve_stack(load_stack(path), folder)


def probes(result: StackResult) -> dict[str, list[float]]:
    """Return the temperatures of all probes in degC."""
    found = outcome(result)["probes"]
    return {name: [value - ZERO_CELSIUS for value in probe["temperature_K"]] for name, probe in found.items()}


def probe(result: StackResult, name: str) -> float:
    """Return the only or last temperature of a probe in degC."""
    return probes(result)[name][-1]


def at(x: str, y: str, layer: str, face: str = "top") -> Tree:
    """Return a probe on a face of a layer."""
    return {"x": x, "y": y, "layer": layer, "face": face}


def material(conductivity: float | Sequence[float], volumetric: float = 1e6) -> Tree:
    """Return a material of conductivity in W/m/K and volumetric heat capacity in J/m3/K."""
    text = f"{conductivity!r} W/m/K" if isinstance(conductivity, float) else [f"{k!r} W/m/K" for k in conductivity]
    return {"conductivity": text, "density": "1000 kg/m^3", "specific_heat": f"{volumetric / 1000!r} J/kg/K"}


def metres(length: float) -> str:
    """Write a length."""
    return f"{length!r} m"


def film(coefficient: float, celsius: float) -> Tree:
    """Return the boundary of a film."""
    return {"film": {"coefficient": f"{coefficient!r} W/m^2/K", "ambient": f"{celsius!r} degC"}}


def orders(errors: Sequence[float], ratio: float = 2.0) -> np.ndarray:
    """Return the observed orders between meshes refined by `ratio`."""
    sizes = np.abs(errors)
    return np.asarray(np.log(sizes[:-1] / sizes[1:]) / np.log(ratio))
