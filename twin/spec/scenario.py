"""A scenario: which system does which work, how it is cooled and controlled."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from twin.errors import Problem, SpecError
from twin.spec.base import FlowRate, Rate, Ratio, Spec, Temperature, Time, to_tree
from twin.spec.chip import Array
from twin.spec.clog import Clog
from twin.spec.cooling import Failure
from twin.spec.documents import validate

NumberFormat = Literal["fp16", "bf16", "fp8"]
Policy = Literal["adaptive_voltage", "frequency_governor", "thermal_governor"]
POLICIES: tuple[str, ...] = ("adaptive_voltage", "frequency_governor", "thermal_governor")
PositiveRatio = Annotated[Ratio, Field(gt=0)]


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
    tolerance: Annotated[Ratio, Field(gt=0)] = 1e-5

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
    """The thermal model and its mesh recipe (a name in meshes/ or a file)."""

    model: Literal["full"] = "full"
    mesh: str = "wafer"
    tiles_per_die: Array = Array(x=4, y=4)


class Facility(Spec):
    """What the building adds: facility power over IT power."""

    power_usage_effectiveness: Annotated[Ratio, Field(ge=1)]


class Scenario(Spec):
    """One run of one system."""

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
