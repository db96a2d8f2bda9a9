"""A fleet of GPU nodes as a simulation: the same requests, the same variables where they apply."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin import inputs
from twin.cluster.fleet import Fleet, fewest_nodes, groupings
from twin.engine.samples import Sample
from twin.engine.service import load_model, scenario_requests
from twin.engine.simulation import served_arrays
from twin.engine.state import Served
from twin.errors import Problem, SpecError
from twin.library import Entry
from twin.results.description import Occurrence
from twin.results.model_check import ModelCheck
from twin.spec.gpu import Gpu
from twin.spec.scenario import Scenario
from twin.spec.system import GpuSystem
from twin.workload.intervals import Interval, merge_replicas
from twin.workload.serving import Queue, Requests, pack, unpack


@dataclass(frozen=True)
class FleetState:
    """The queues of all replicas, and what users saw so far."""

    queues: tuple[Queue, ...]
    served: Served


class FleetSimulation:
    """GPU nodes serving a scenario's requests."""

    def __init__(self, scenario: Scenario, fleet: Fleet, requests: Requests, entries: tuple[Entry, ...]):
        self.scenario, self.fleet, self.entries = scenario, fleet, entries
        self._requests = requests

    @property
    def title(self) -> str:
        """What is simulated."""
        group = self.fleet.group
        return f"{self.fleet.nodes} x {self.fleet.system.title} ({self.fleet.replicas} groups of {group.gpus} GPUs)"

    @cached_property
    def _dealt(self) -> list[Requests]:
        return self.fleet.deal(self._requests)

    def initial(self) -> FleetState:
        """Return the fleet without work."""
        return FleetState(self.fleet.start(), Served.none())

    def step(self, state: FleetState, step: float) -> tuple[FleetState, Sample]:
        """Return the state one control step later, and the variables of the step."""
        queues, intervals = self.fleet.step(state.queues, step, self._dealt)
        merged = merge_replicas(intervals)
        served = state.served.plus(merged.time_to_first_token, merged.user_rate, merged.rejected, queues[0].time)
        return FleetState(queues, served), self.sample(intervals, merged)

    def sample(self, intervals: Sequence[Interval], merged: Interval) -> Sample:
        """Return the variables of what all replicas served in one step, and `merged` together."""
        power, group = self.fleet.power(intervals), self.fleet.group
        return {
            "tokens": merged.output_tokens,
            "prompt_tokens": merged.prompt_tokens,
            "active_streams": merged.mean_streams,
            "queue_length": float(merged.queue_length),
            "utilisation": float(np.mean([group.utilisation(interval) for interval in intervals])),
            "busy": merged.busy_decode + merged.busy_prefill,
            "accelerator_power": power.gpus,
            "host_power": power.fans + power.other,
            "supply_loss": power.supply_loss,
            "system_power": power.wall,
            "facility_power": power.wall * self.scenario.facility.power_usage_effectiveness,
        }

    def pack(self, state: FleetState) -> Any:
        """Return a state as nested mappings of arrays and numbers."""
        return {"queues": [pack(queue) for queue in state.queues], "served": state.served}

    def unpack(self, tree: Any) -> FleetState:
        """Return the state that `pack` gave."""
        return FleetState(tuple(unpack(queue) for queue in tree["queues"]), Served(**tree["served"]))

    def axes(self) -> dict[str, NDArray[np.float64]]:
        """Return no axes: GPUs have no thermal field here."""
        return {}

    def requests(self, state: FleetState) -> dict[str, NDArray[np.float64]]:
        """Return what users saw, by name."""
        return served_arrays(state.served)

    def hottest(self, state: FleetState) -> dict[str, Any] | None:
        """Return None: there is no thermal field."""
        return None

    def warnings(self, state: FleetState) -> tuple[Occurrence, ...]:
        """Return what is to be said of requests; GPU nodes have no coolant loop of their own."""
        return state.served.warnings(self.fleet.group.cache_tokens)

    def checks(self, state: FleetState) -> tuple[ModelCheck, ...]:
        """Return nothing: GPU nodes have no reduced thermal model."""
        return ()

    def beside(self, state: FleetState) -> AbstractContextManager[None]:
        """Do nothing."""
        return nullcontext()


def build_fleet(scenario: Scenario, system: Entry, where: str) -> FleetSimulation:
    """Build the nodes of a scenario: as many as it says, else the fewest that keep its service level."""
    spec = system.spec
    assert isinstance(spec, GpuSystem)
    if scenario.workload.type != "serving":
        raise SpecError(where, [Problem("workload.type", "GPU systems serve requests; use `serving`")])
    model = load_model(scenario, where)
    entry = inputs.used(scenario, where)["gpu"]
    gpu = entry.spec
    assert isinstance(gpu, Gpu)
    requests, number_format, streams = scenario_requests(scenario), scenario.number_format, scenario.workload.streams
    if scenario.systems is not None:
        fleet = Fleet(spec, groupings(model, spec, gpu, number_format, where)[0], scenario.systems, streams)
    elif scenario.service_level is None:
        problem = Problem("service_level", "missing; say it, or how many nodes (`systems`) there are")
        raise SpecError(where, [problem])
    else:
        fleet = fewest_nodes(requests, scenario.service_level, model, spec, gpu, number_format, where, streams)
    return FleetSimulation(scenario, fleet, requests, (system, entry))
