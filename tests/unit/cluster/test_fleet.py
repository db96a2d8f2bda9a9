"""Nodes as replicas, and the fewest that keep a promise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from twin import library
from twin.cluster.fleet import Fleet, fewest_nodes, groupings, serve_all
from twin.errors import SpecError
from twin.spec.scenario import ServiceLevel
from twin.workload.intervals import merge_replicas
from twin.workload.requests import load_requests, scale_arrivals, window


def _level(first: str, rate: str) -> ServiceLevel:
    return ServiceLevel(time_to_first_token=first, tokens_per_second_per_user=rate)


@pytest.fixture(scope="module")
def requests():
    return scale_arrivals(window(load_requests("azure-conversation"), 60.0), 12.0, 60.0, seed=1)


@pytest.fixture(scope="module")
def parts():
    system = library.load("system", "dgx-h100")
    return library.load("model", "llama-3.1-8b"), system, library.load("gpu", system.gpu)


def test_fewest_nodes_keep_the_promise_and_one_less_does_not(requests, parts) -> None:
    model, system, gpu = parts
    level = _level("1 s", "130 1/s")
    fleet = fewest_nodes(requests, level, model, system, gpu, "fp16")
    assert serve_all(fleet, requests).keeps(level)
    assert fleet.nodes > 1
    for candidate in groupings(model, system, gpu, "fp16"):
        assert not serve_all(Fleet(system, candidate, fleet.nodes - 1), requests).keeps(level)


def test_nodes_are_counted_with_the_streams_that_they_may_have(requests, parts) -> None:
    level = _level("2 s", "30 1/s")
    free, bound = (fewest_nodes(requests, level, *parts, "fp16", streams=streams) for streams in (None, 4))
    assert bound.streams == 4
    assert bound.nodes > free.nodes
    assert serve_all(bound, requests).keeps(level)
    assert not serve_all(replace(free, streams=4), requests).keeps(level)


def test_an_impossible_promise_says_what_is_possible(requests, parts) -> None:
    with pytest.raises(SpecError, match=r"service_level.*a user alone gets"):
        fewest_nodes(requests, _level("1 s", "1500 1/s"), *parts, "fp16")


def test_some_replicas_stand_for_all(requests, parts) -> None:
    model, system, gpu = parts
    fleet = Fleet(system, groupings(model, system, gpu, "fp16")[0], 4)
    some, every = serve_all(fleet, requests, sample=1000), serve_all(fleet, requests)
    assert some.user_rate == pytest.approx(every.user_rate, rel=0.03)
    assert some.time_to_first_token_p99 == pytest.approx(every.time_to_first_token_p99, rel=0.4)


def test_dealt_requests_are_all_served_and_power_lies_between_idle_and_full(requests, parts) -> None:
    model, system, gpu = parts
    fleet = Fleet(system, groupings(model, system, gpu, "fp16")[1], 1)
    dealt, queues = fleet.deal(requests), fleet.start()
    assert sum(map(len, dealt)) == len(requests)
    tokens, powers = 0.0, []
    for _ in range(90):
        queues, intervals = fleet.step(queues, 1.0, dealt)
        powers.append(fleet.power(intervals))
        tokens += merge_replicas(intervals).output_tokens
    assert tokens == pytest.approx(requests.generated.sum(), rel=1e-9)
    busiest, idlest = max(powers, key=lambda item: item.wall), min(powers, key=lambda item: item.wall)
    assert idlest.gpus == pytest.approx(8 * gpu.power.idle, rel=1e-3)
    assert 4500 < busiest.wall < 10_200
    for power in powers:
        total = power.gpus + power.fans + power.other
        assert power.wall == pytest.approx(total / system.supply_efficiency)


def test_larger_models_need_wider_groups(parts) -> None:
    _, system, gpu = parts
    widths = [built.gpus for built in groupings(library.load("model", "llama-3.1-70b"), system, gpu, "fp16")]
    assert widths == [2, 4, 8]
    with pytest.raises(SpecError, match="do not fit"):
        groupings(library.load("model", "llama-3.1-405b"), system, gpu, "fp16")
    assert np.diff(widths).min() > 0
