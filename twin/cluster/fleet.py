"""Nodes of GPUs as replicas of one service, and the fewest that keep a promise to users."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from twin.cluster.group import GpuGroup, group
from twin.cluster.power import fan_power, node_power
from twin.errors import Problem, SpecError
from twin.spec.gpu import Gpu
from twin.spec.model import LanguageModel
from twin.spec.scenario import ServiceLevel
from twin.spec.system import GpuSystem
from twin.workload.intervals import Interval, merge_replicas, merge_steps
from twin.workload.requests import take
from twin.workload.serving import Queue, Requests, is_drained, step

SCREENED_REQUESTS = 6000
"""Requests simulated while searching; 60 of them lie beyond the 99th percentile. The answer is checked on all."""


@dataclass(frozen=True)
class FleetPower:
    """Mean power of all nodes in W: GPUs, fans, all else, loss of the supplies."""

    gpus: float
    fans: float
    other: float
    supply_loss: float

    @property
    def wall(self) -> float:
        """Power at the wall."""
        return self.gpus + self.fans + self.other + self.supply_loss


@dataclass(frozen=True)
class Fleet:
    """`nodes` nodes, split into groups that each hold the model; requests are dealt to the groups in turn.

    `streams` bounds those of each group; None: as many as the cache and the stack hold.
    """

    system: GpuSystem
    group: GpuGroup
    nodes: int
    streams: int | None = None

    @property
    def replicas(self) -> int:
        """Groups of all nodes."""
        return self.nodes * (self.system.gpus // self.group.gpus)

    def deal(self, requests: Requests) -> list[Requests]:
        """Return the requests of each replica, dealt round-robin."""
        return [take(requests, slice(number, None, self.replicas)) for number in range(self.replicas)]

    def start(self) -> tuple[Queue, ...]:
        """Return the empty queues of all replicas."""
        return tuple(Queue() for _ in range(self.replicas))

    def step(
        self, queues: Sequence[Queue], dt: float, dealt: Sequence[Requests]
    ) -> tuple[tuple[Queue, ...], list[Interval]]:
        """Serve for `dt` seconds on every replica."""
        limits = self.group.limits(self.streams)
        done = [step(queue, dt, requests, self.group, limits) for queue, requests in zip(queues, dealt, strict=True)]
        return tuple(queue for queue, _ in done), [interval for _, interval in done]

    def power(self, intervals: Sequence[Interval]) -> FleetPower:
        """Return the mean power of all nodes over one step of all replicas; idle GPUs of a node count."""
        serving = sum(self.group.power(interval) for interval in intervals)
        spare = self.nodes * self.system.gpus - self.replicas * self.group.gpus
        gpus = serving + spare * self.group.gpu.power.idle
        return fleet_power(self.system, self.group.gpu, self.nodes, gpus)


@dataclass(frozen=True)
class Service:
    """What users saw: s to the first token (median, 99th percentile), median tokens/s, shares left out."""

    time_to_first_token: float
    time_to_first_token_p99: float
    user_rate: float
    rejected: int

    def keeps(self, level: ServiceLevel) -> bool:
        """Tell whether the promise is kept and no request was turned away."""
        return (
            self.rejected == 0
            and self.time_to_first_token_p99 <= level.time_to_first_token
            and self.user_rate >= level.tokens_per_second_per_user
        )


def fleet_power(system: GpuSystem, gpu: Gpu, nodes: float, gpus: float) -> FleetPower:
    """Return the power of `nodes` nodes whose GPUs draw `gpus` W in all; part of a node counts in part."""
    limit = nodes * system.gpus * gpu.thermal_design_power
    fans = nodes * fan_power(system, gpus, limit)
    other = nodes * system.other_power
    wall = node_power(gpus, other, fans, system.supply_efficiency)
    return FleetPower(gpus, fans, other, wall - gpus - fans - other)


def serve_all(fleet: Fleet, requests: Requests, sample: int | None = None) -> Service:
    """Return what users see when all requests are served to the end.

    With `sample` only as many replicas are simulated, evenly chosen, as serve that many requests: replicas
    do not interact and are dealt alike, so some of them stand for all.
    """
    dealt = fleet.deal(requests)
    if sample is not None:
        count = min(len(dealt), max(1, ceil(sample * len(dealt) / max(1, len(requests)))))
        dealt = [dealt[number * len(dealt) // count] for number in range(count)]
    merged = merge_replicas([_drain(fleet, part) for part in dealt])
    waits, rates = merged.time_to_first_token, merged.user_rate
    return Service(
        time_to_first_token=float(np.median(waits)) if len(waits) else 0.0,
        time_to_first_token_p99=float(np.percentile(waits, 99)) if len(waits) else 0.0,
        user_rate=float(np.median(rates)) if len(rates) else float("inf"),
        rejected=merged.rejected,
    )


def _drain(fleet: Fleet, requests: Requests) -> Interval:
    limits, queue = fleet.group.limits(fleet.streams), Queue()
    span = float(requests.arrival[-1]) + 1.0 if len(requests) else 1.0
    parts: list[Interval] = []
    while not parts or not is_drained(queue, requests):
        queue, interval = step(queue, span, requests, fleet.group, limits)
        parts.append(interval)
    return merge_steps(parts)


def groupings(
    model: LanguageModel, system: GpuSystem, gpu: Gpu, number_format: str, where: str = "scenario"
) -> list[GpuGroup]:
    """Return the tensor-parallel groups of 1, 2, 4, ... GPUs of one node that hold the model."""
    found, width = [], 1
    problem: SpecError | None = None
    while width <= system.gpus:
        try:
            found.append(group(model, gpu, system.software, width, number_format, where))
        except SpecError as error:
            problem = error
        width *= 2
    if not found and problem is not None:
        raise problem
    return found


def fewest_nodes(
    requests: Requests,
    level: ServiceLevel,
    model: LanguageModel,
    system: GpuSystem,
    gpu: Gpu,
    number_format: str,
    where: str = "scenario",
    streams: int | None = None,
) -> Fleet:
    """Return the fewest nodes that serve all requests at a service level, over all groupings of their GPUs.

    Of groupings that need equally many nodes the narrowest is taken: it sends least between GPUs. `streams` bounds
    those of each group.

    Raises
    ------
    SpecError
        No number of nodes keeps the promise, even to a user alone on a node.
    """
    context = float(np.mean(requests.context + 0.5 * requests.generated)) if len(requests) else 0.0
    candidates = groupings(model, system, gpu, number_format, where)
    alone = [candidate.rates(1, context, 0).decode for candidate in candidates]
    best: Fleet | None = None
    for candidate, rate in zip(candidates, alone, strict=True):
        if rate >= level.tokens_per_second_per_user:
            one = Fleet(system, candidate, 1, streams)
            fleet = _fewest(one, requests, level, below=best.nodes if best else None)
            best = fleet or best
    if best is None:
        message = f"cannot be met with any number of '{system.title}'; a user alone gets {max(alone):.0f} tokens/s"
        raise SpecError(where, [Problem("service_level", message)])
    return best


def _fewest(one: Fleet, requests: Requests, level: ServiceLevel, below: int | None) -> Fleet | None:
    """Bisect the number of nodes on some replicas, then check on all and add nodes until it holds.

    None if it takes `below` nodes or more, which costs little to find out: all requests are served last.
    """

    def keeps(nodes: int, sample: int | None = SCREENED_REQUESTS) -> bool:
        return serve_all(replace(one, nodes=nodes), requests, sample).keeps(level)

    most = max(1, ceil(len(requests) * one.group.gpus / one.system.gpus))
    if below is not None:
        most = min(most, below - 1)
        if most < 1 or not keeps(most):
            return None
    enough = 1
    while not keeps(enough):
        if enough >= most:
            return None
        enough = min(2 * enough, most)
    short = enough // 2
    while enough - short > 1:
        middle = (short + enough) // 2
        short, enough = (short, middle) if keeps(middle) else (middle, enough)
    while enough <= most and not keeps(enough, None):
        enough += 1
    return replace(one, nodes=enough) if enough <= most else None
