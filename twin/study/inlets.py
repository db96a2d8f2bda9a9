"""Whether the coolants of a study can enter at its inlet temperatures, before a point is computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twin.errors import Problem, TwinError
from twin.inputs import entry, used
from twin.spec.coolant import ConstantCoolant, FluidCoolant
from twin.spec.scenario import Scenario
from twin.thermal.coolant import CoolantProperties, load_coolant
from twin.thermal.inlet import refused_inlet

INLET, COOLANT = "cooling.inlet_temperature", "cooling.coolant"
_OF_COOLANT = "inputs.coolant."

Tried = Mapping[str, Sequence[tuple[Any, Any]]]
"""Values of each key that varies (of ranges and samples the bounds), as they were written and in SI."""


def inlet_problems(start: Scenario, tried: Tried, place: Callable[[str], str], where: str) -> list[Problem]:
    """Return which inlet temperatures no coolant of a study has, else which coolants have none of them.

    A study may pair coolants with temperatures that only some of them have: its points tell that.

    Parameters
    ----------
    start : Scenario
        What holds for keys that do not vary.
    tried : mapping
        The values of those that do.
    place : callable
        Returns how problems call a key.
    where : str
        How errors call the study.
    """
    cooling = start.cooling
    if cooling is None or "coolant" not in used(start, where) or any(key.startswith(_OF_COOLANT) for key in tried):
        return []
    inlets = tried.get(INLET) or [(None, cooling.inlet_temperature)]
    coolants = tried.get(COOLANT) or [(None, cooling.coolant)]
    try:
        entered = [_coolant(start, name, where) for _, name in coolants]
    except TwinError as error:
        return [Problem(place(COOLANT), str(error).replace("\n", "\n   "))]
    refusals = [[refused_inlet(coolant, inlet) for coolant in entered] for _, inlet in inlets]
    by_coolant = list(zip(*refusals, strict=True))
    return _never(place(INLET), inlets, refusals) or _never(place(COOLANT), coolants, by_coolant)


def _coolant(start: Scenario, name: str, where: str) -> CoolantProperties:
    found = entry(start, "coolant", name, where).spec
    assert isinstance(found, FluidCoolant | ConstantCoolant)
    return load_coolant(found)


def _never(place: str, values: Sequence[tuple[Any, Any]], refusals: Sequence[Sequence[str]]) -> list[Problem]:
    """Return a problem for each value that is refused in every combination."""
    return [
        Problem(place, refused[0] if given is None else f"{given!r}: {refused[0]}")
        for (given, _), refused in zip(values, refusals, strict=True)
        if all(refused)
    ]
