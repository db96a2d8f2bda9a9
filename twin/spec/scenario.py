"""A scenario: which system does which work, how it is cooled and controlled."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from twin.errors import Problem, SpecError, did_you_mean
from twin.spec.base import FlowRate, Rate, Ratio, Spec, Temperature, Time, to_tree
from twin.spec.chip import Array
from twin.spec.clog import Clog
from twin.spec.cooling import Failure
from twin.spec.documents import validate

NumberFormat = Literal["fp16", "bf16", "fp8"]
Policy = Literal["adaptive_voltage", "frequency_governor", "thermal_governor"]
POLICIES: tuple[str, ...] = ("adaptive_voltage", "frequency_governor", "thermal_governor")
PositiveRatio = Annotated[Ratio, Field(gt=0)]
INPUTS = "inputs"
INPUT_KINDS = ("system", "chip", "cooling", "delivery", "coolant", "material", "gpu")
"""Kinds of the library whose numbers a scenario may set."""


class Workload(Spec):
    """What the system is asked to do.

    `serving` replays a request trace, its arrivals replicated `rate_scale` times (seeded);
    `virus` drives every unit of every core at `utilisation` from `start` on; `idle` does nothing.
    """

    type: Literal["serving", "virus", "idle"] = "serving"
    trace: str | None = None
    rate_scale: PositiveRatio = 1.0
    seed: Annotated[int, Field(ge=0)] = 1
    duration: Annotated[Time, Field(gt=0)]
    streams: Annotated[int, Field(ge=1)] | None = None
    utilisation: Annotated[Ratio, Field(ge=0, le=1)] = 1.0
    start: Annotated[Time, Field(ge=0)] = 0.0

    @model_validator(mode="after")
    def _trace_for_serving(self) -> Workload:
        if self.type == "serving" and self.trace is None:
            raise ValueError("serving needs `trace`: a name in data/traces or the path of a CSV file")
        return self


class ServiceLevel(Spec):
    """What users are promised: seconds to the first token (99th percentile), tokens per second after it."""

    time_to_first_token: Annotated[Time, Field(gt=0)]
    tokens_per_second_per_user: Annotated[Rate, Field(gt=0)]


class Placement(Spec):
    """Where layers lie on the wafer; `region` is the edge, in cores, of a layer's square."""

    region: Annotated[int, Field(ge=1)] | None = None


class Blockage(Spec):
    """A fault of the channels: the numbers of slots that are blocked, inlets and outlets together."""

    slots: tuple[Annotated[int, Field(ge=0)], ...] = ()


class Cooling(Spec):
    """How the wafer is cooled, and what is wrong with it; `design: null` takes the design of the system."""

    design: str | None = None
    coolant: str = "water"
    inlet_temperature: Temperature
    flow_rate: Annotated[FlowRate, Field(gt=0)]
    blocked: Blockage = Blockage()
    clogged: tuple[Clog, ...] = ()
    failures: tuple[Failure, ...] = ()


class Control(Spec):
    """Control interval and the policies that are switched on."""

    step: Annotated[Time, Field(gt=0)]
    substep: Annotated[Time, Field(gt=0)]
    policy: tuple[Policy, ...] = ()
    tolerance: Annotated[Ratio, Field(gt=0)] = 1e-4

    @field_validator("policy", mode="before")
    @classmethod
    def _as_list(cls, given: Any) -> Any:
        """Accept one name, `none`, or several joined by commas (as on a command line)."""
        if isinstance(given, str):
            names = [name.strip() for name in given.split(",")]
            return [] if names in (["none"], [""]) else names
        return given

    @model_validator(mode="after")
    def _substep_divides(self) -> Control:
        if self.substep > self.step:
            raise ValueError("substep must not exceed step")
        return self


class Thermal(Spec):
    """The thermal model and its mesh recipe (a name in meshes/ or a file).

    `full` solves the finite-element equations at every step; `reduced` what they were reduced to, checked
    against them at the hottest and at random instants.
    """

    model: Literal["full", "reduced"] = "reduced"
    mesh: str = "wafer"
    tiles_per_die: Array = Array(x=4, y=4)


class Facility(Spec):
    """What the building adds: facility power over IT power."""

    power_usage_effectiveness: Annotated[Ratio, Field(ge=1)]


class Scenario(Spec):
    """One run of one system.

    `inputs` are numbers that replace those of the library: of the chip, the cooling design, ... that the system
    uses, by their dotted keys; they do not hold for the system of `compare_with`.
    """

    title: str = ""
    system: str
    systems: Annotated[int, Field(ge=1)] | None = None
    model: str | None = None
    number_format: NumberFormat = "fp16"
    workload: Workload
    service_level: ServiceLevel | None = None
    compare_with: str | None = None
    placement: Placement = Placement()
    cooling: Cooling | None = None
    control: Control
    thermal: Thermal = Thermal()
    facility: Facility
    inputs: dict[str, Any] = {}

    @field_validator(INPUTS, mode="before")
    @classmethod
    def _nested(cls, given: Any) -> Any:
        """Read ``{chip.core.mac_energy: 3 pJ}`` as nested mappings; each begins with a kind of data."""
        if not isinstance(given, dict):
            return given
        tree: dict[str, Any] = {}
        problems = [problem for key, value in given.items() for problem in _set_nested(tree, str(key), value)]
        unknown = [kind for kind in tree if kind not in INPUT_KINDS]
        messages = [f"'{kind}' is no kind of input. {did_you_mean(kind, INPUT_KINDS)}" for kind in unknown]
        messages += [
            f"'{kind}' needs keys, such as 'chip.core.mac_energy'"
            for kind in tree
            if kind not in unknown and not isinstance(tree[kind], dict)
        ]
        if problems or messages:
            raise ValueError("; ".join([*(f"{problem.key}: {problem.message}" for problem in problems), *messages]))
        return tree

    def replace(self, changes: dict[str, Any]) -> Scenario:
        """Return a scenario with dotted keys changed, such as ``{"cooling.flow_rate": "30 L/min"}``.

        Raises
        ------
        SpecError
            Naming every unknown key and wrong value.
        """
        tree = to_tree(self)
        if {"system", "model"} & set(changes):
            tree["title"] = ""  # a title tells of its own system and model
        problems = [problem for key, value in changes.items() for problem in set_dotted(tree, key, value)]
        if problems:
            raise SpecError("changes to the scenario", problems)
        return validate(tree, Scenario, "changes to the scenario")


def _set_nested(tree: dict[str, Any], key: str, value: Any) -> list[Problem]:
    """Set a dotted key to a value whose own keys may be dotted, in place."""
    if not isinstance(value, dict):
        return set_dotted(tree, key, value)
    return [problem for name, below in value.items() for problem in _set_nested(tree, f"{key}.{name}", below)]


def set_dotted(tree: dict[str, Any], key: str, value: Any) -> list[Problem]:
    """Set ``a.b.c`` in nested mappings, in place; return what is wrong with the key."""
    *parents, last = key.split(".")
    node = tree
    for name in parents:
        if node.get(name) is None:
            node[name] = {}
        node = node[name]
        if not isinstance(node, dict):
            return [Problem(key, f"'{name}' has no keys below it")]
    node[last] = value
    return []
