"""Inputs of a scenario from the data library, with what the scenario itself says of them laid over.

A scenario may set any number of the entries that its system uses: ``inputs.chip.core.mac_energy``,
``inputs.cooling.loop.loss.drop``, ``inputs.material.beol.conductivity.2``. Such a number is `assumed`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from twin import library
from twin.errors import Problem, SpecError, did_you_mean
from twin.library import Entry
from twin.spec.chip import Chip
from twin.spec.cooling import ChannelDesign, JetDesign
from twin.spec.keys import Key, leaves, value
from twin.spec.provenance import Provenance, is_sourced
from twin.spec.scenario import INPUTS, Scenario
from twin.spec.system import GpuSystem, WaferSystem

ASSUMED = "assumed"
_SOURCE = "`inputs` of the scenario"
_NO_INPUT = {"title", "name", "type"}
Layers = Chip | ChannelDesign | JetDesign


@dataclass(frozen=True)
class Input:
    """One input: its key, its value in SI (text as it is), and what the library says of its origin and bounds in SI."""

    key: Key
    value: Any
    origin: Provenance | None = None
    range: tuple[float, float] | None = None

    @property
    def uncertain(self) -> bool:
        """Whether nobody published it, its bounds are known, and the scenario does not set it: who does knows it."""
        if self.range is None or self.origin is None or self.origin.source.startswith(_SOURCE):
            return False
        return self.origin.status in (ASSUMED, "estimated")


def entry(scenario: Scenario, kind: str, name: str, where: str = "scenario") -> Entry:
    """Return an entry of the library with the scenario's `inputs` laid over it.

    Raises
    ------
    LibraryError
        There is no such entry.
    SpecError
        The entry refuses an input; the problems name the scenario's keys.
    """
    found = library.entry(kind, name)
    changes, prefix = scenario.inputs.get(kind, {}), f"inputs.{kind}."
    if kind == "material":
        changes, prefix = changes.get(found.name, {}), f"{prefix}{found.name}."
    if not changes:
        return found
    problems: list[Problem] = []
    tree = _laid_over(found.raw, changes, prefix, problems)
    if problems:
        raise SpecError(where, problems)
    try:
        return library.parse(kind, found.path, tree)
    except SpecError as error:
        raise SpecError(where, [Problem(f"{prefix}{p.key}".rstrip("."), p.message) for p in error.problems]) from error


def with_materials[Layered: Layers](scenario: Scenario, spec: Layered, where: str = "scenario") -> Layered:
    """Return a chip or a cooling design with the materials that `inputs` change written out in its layers."""
    changed = scenario.inputs.get("material", {})
    if not changed:
        return spec

    def own(given: Any) -> Any:
        return entry(scenario, "material", given, where).spec if given in changed else given

    layers = []
    for layer in spec.layers:
        update: dict[str, Any] = {"material": own(layer.material)} if isinstance(layer.material, str) else {}
        channels = getattr(layer, "microchannels", None)
        if channels is not None and isinstance(channels.wall_material, str):
            update["microchannels"] = channels.model_copy(update={"wall_material": own(channels.wall_material)})
        layers.append(layer.model_copy(update=update))
    return cast(Layered, spec.model_copy(update={"layers": tuple(layers)}))


def used(scenario: Scenario, where: str = "scenario") -> dict[str, Entry]:
    """Return the entries that hold the inputs of a scenario's system, by the prefix of their keys.

    Raises
    ------
    LibraryError, SpecError
        An entry is not found or refuses an input, or an input belongs to nothing that the system has.
    """
    system = entry(scenario, "system", scenario.system, where)
    found = {"system": system}
    spec = system.spec
    if isinstance(spec, GpuSystem):
        found["gpu"] = entry(scenario, "gpu", spec.gpu, where)
    elif isinstance(spec, WaferSystem) and scenario.cooling is not None:
        found["chip"] = entry(scenario, "chip", spec.chip, where)
        found["cooling"] = entry(scenario, "cooling", scenario.cooling.design or spec.cooling, where)
        found["delivery"] = entry(scenario, "delivery", spec.delivery, where)
        found["coolant"] = entry(scenario, "coolant", scenario.cooling.coolant, where)
        for name in material_names(found["chip"].spec, found["cooling"].spec):
            found[f"material.{name}"] = entry(scenario, "material", name, where)
    _require_use(scenario, found, where)
    return found


def material_names(*specs: Any) -> tuple[str, ...]:
    """Return the materials that the layers of chips and cooling designs name, each once."""
    layers = [layer for spec in specs for layer in spec.layers]
    named = [layer.material for layer in layers]
    channels = [getattr(layer, "microchannels", None) for layer in layers]
    named += [found.wall_material for found in channels if found is not None]
    return tuple(dict.fromkeys(name for name in named if isinstance(name, str)))


def inputs_of(scenario: Scenario, where: str = "scenario") -> dict[str, Input]:
    """Return every input of a scenario's system by its dotted key."""
    found: dict[str, Input] = {}
    for prefix, owner in used(scenario, where).items():
        origins = {f"{INPUTS}.{prefix}.{item.key}": item for item in owner.provenance}
        for key, present in leaves(owner.spec, f"{INPUTS}.{prefix}."):
            if key.name.rsplit(".", 1)[-1] not in _NO_INPUT:
                found[key.name] = _input(key, present, origins.get(key.name))
    return found


def value_of(scenario: Scenario, key: str) -> Any:
    """Return the value of any dotted key of a scenario in SI, that of its inputs included; None if it has none."""
    if not key.startswith(f"{INPUTS}."):
        return value(scenario, key)
    found = inputs_of(scenario).get(key)
    return None if found is None else found.value


def _input(key: Key, present: Any, origin: Provenance | None) -> Input:
    if origin is None or origin.range is None or not key.numeric:
        return Input(key, present, origin)
    low, high = (float(end) if key.quantity is None else key.quantity.convert(end) for end in origin.range)
    return Input(key, present, origin, (low, high))


def _require_use(scenario: Scenario, found: Mapping[str, Entry], where: str) -> None:
    problems = []
    for kind, below in scenario.inputs.items():
        wanted = [f"material.{name}" for name in below] if kind == "material" else [kind]
        for name in wanted:
            if name not in found:
                message = f"'{scenario.system}' does not use it. {did_you_mean(name, found)}"
                problems.append(Problem(f"{INPUTS}.{name}", message))
    if problems:
        raise SpecError(where, problems)


def _laid_over(node: Any, changes: Mapping[str, Any], prefix: str, problems: list[Problem]) -> Any:
    """Return a raw tree with `changes` in it, each with its origin; lists are entered by `name` or number."""
    changed: Any = list(node) if isinstance(node, list) else dict(node)
    for name, given in changes.items():
        place = _place(changed, name)
        if place is None:
            message = f"no such item. {did_you_mean(name, _items(changed))}"
            problems.append(Problem(f"{prefix}{name}", message))
            continue
        old = changed[place] if isinstance(changed, list) else changed.get(place)
        if isinstance(given, Mapping):
            below = old if isinstance(old, dict | list) and not is_sourced(old) else {}
            changed[place] = _laid_over(below, given, f"{prefix}{name}.", problems)
        else:
            changed[place] = _sourced(given, old)
    return changed


def _place(node: Any, name: str) -> Any:
    if isinstance(node, dict):
        return name
    return next((number for number, item in enumerate(_items(node)) if item == name), None)


def _items(node: list[Any]) -> Iterator[str]:
    for number, item in enumerate(node):
        yield str(item.get("name", number)) if isinstance(item, dict) and not is_sourced(item) else str(number)


def _sourced(given: Any, old: Any) -> dict[str, Any]:
    """Return a value with its origin; the bounds that the library gives are kept."""
    before = old["value"] if is_sourced(old) else old
    known = before is not None and not isinstance(before, dict | list)
    sourced = {"value": given, "source": f"{_SOURCE}; the library says {before}" if known else _SOURCE}
    sourced["status"] = ASSUMED
    return {**sourced, "range": old["range"]} if is_sourced(old) and "range" in old else sourced
