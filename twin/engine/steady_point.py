"""One steady operating point of a scenario at its mean load: the key figures of a run without time stepping."""

from __future__ import annotations

import time as clock
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from twin.cluster.mean_load import serve_on_group
from twin.engine.gpu import FleetSimulation
from twin.engine.run import build
from twin.engine.samples import Sample
from twin.engine.service import Asked
from twin.engine.simulation import Simulation, WaferSimulation
from twin.engine.steady_wafer import steady_wafer
from twin.results import kpis
from twin.spec.scenario import Scenario
from twin.thermal.regime import Caution
from twin.workload.intervals import merge_replicas
from twin.workload.mean_load import NO_SERVICE, NO_WORK, MeanLoad, MeanService

_OF_MANY_REQUESTS = "time_to_first_token_p99_s"


@dataclass(frozen=True)
class SteadyState:
    """Key figures of a scenario in its steady state, None for those that do not apply, and what to know of them."""

    figures: dict[str, float | None]
    cautions: tuple[Caution, ...] = ()


def steady_point(scenario: Scenario, where: str = "scenario") -> dict[str, float | None]:
    """Return the key figures of a scenario in its steady state (see `steady_state`)."""
    return steady_state(scenario, where).figures


def steady_state(scenario: Scenario, where: str = "scenario") -> SteadyState:
    """Return a scenario in its steady state.

    The requests of the trace become a steady flow of mean requests; there are no queues and no percentiles.

    Raises
    ------
    SpecError, LibraryError
        Bad input.
    RunStopped
        There is no steady state.
    """
    start = clock.perf_counter()
    simulation = build(scenario, where)
    sample, service, cautions = _solve(simulation, _load(simulation, scenario))
    found = kpis.calculate(_OneSecond(sample, clock.perf_counter() - start), _Users(service))  # type: ignore[arg-type]
    return SteadyState({**found, _OF_MANY_REQUESTS: None}, cautions)


def _load(simulation: Simulation, scenario: Scenario) -> MeanLoad | None:
    if isinstance(simulation, WaferSimulation):
        serving = simulation.plant.service
        return serving.asked.load if serving else None
    return Asked.by(scenario.workload).load if scenario.workload.type == "serving" else None


def _solve(simulation: Simulation, load: MeanLoad | None) -> tuple[Sample, MeanService, tuple[Caution, ...]]:
    if isinstance(simulation, WaferSimulation):
        return steady_wafer(simulation.plant, load)
    assert isinstance(simulation, FleetSimulation)
    return *_steady_fleet(simulation, load), ()


def _steady_fleet(simulation: FleetSimulation, load: MeanLoad | None) -> tuple[Sample, MeanService]:
    """Return one second of GPU nodes whose groups all get the same share of the requests."""
    fleet = simulation.fleet
    if load is None:
        idle = [NO_WORK] * fleet.replicas
        return simulation.sample(idle, merge_replicas(idle)), NO_SERVICE
    share = replace(load, requests=load.requests / fleet.replicas)
    service = serve_on_group(fleet.group, share, fleet.group.limits(simulation.scenario.workload.streams))
    assert service.interval is not None
    intervals = [service.interval] * fleet.replicas
    return simulation.sample(intervals, merge_replicas(intervals)), service


class _OneSecond(Mapping[str, Any]):
    """A second of steady state in the shape that key figures are computed from: one step, ended at 1 s.

    A data set of xarray would cost more than the steady state itself.
    """

    sizes = {"time": 1}

    def __init__(self, sample: Sample, wall_time: float):
        self._values = {name: np.asarray(value, dtype=float)[None] for name, value in sample.items()}
        self._values["time"] = np.ones(1)
        self.attrs = {"wall_time_s": wall_time}

    def __getitem__(self, name: str) -> SimpleNamespace:
        return SimpleNamespace(values=self._values[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class _Users(dict[str, SimpleNamespace]):
    """What the mean request sees, in the shape of a run's requests."""

    def __init__(self, service: MeanService):
        seen = {
            "time_to_first_token": service.time_to_first_token,
            "tokens_per_second": service.tokens_per_second_per_user,
        }
        super().__init__({name: SimpleNamespace(values=np.array([v])) for name, v in seen.items() if v is not None})
