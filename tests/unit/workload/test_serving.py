"""The serving simulation: conservation, order, independence of the step, exact resumption."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
import pytest

from twin.workload.intervals import merge_replicas, merge_steps
from twin.workload.requests import load_requests, scale_arrivals, window
from twin.workload.serving import Limits, Queue, Rates, Requests, is_drained, pack, step, unpack


@dataclass(frozen=True)
class Machine:
    """Streams at `alone` tokens/s up to `total`, prompts at `prefill`; slower as contexts grow."""

    alone: float = 100.0
    total: float = 1000.0
    prefill: float = 5000.0
    slope: float = 0.0

    def rates(self, streams: int, context: float, prompt: int) -> Rates:
        if not streams:
            return Rates(0.0, self.prefill if prompt else 0.0, 0.0, 0.0, 1.0 if prompt else 0.0)
        decode = min(self.alone, self.total / streams) / (1 + self.slope * context)
        return Rates(decode, self.prefill if prompt else 0.0, decode, 1.0, 0.0)


def _requests(*rows: tuple[float, int, int]) -> Requests:
    arrival, context, generated = zip(*rows, strict=True)
    return Requests(np.array(arrival, float), np.array(context), np.array(generated))


def _azure(scale: float, duration: float) -> Requests:
    return scale_arrivals(window(load_requests("azure-conversation"), duration), scale, duration, seed=3)


def _run(requests: Requests, machine: Machine, limits: Limits, dt: float, end: float | None = None):
    queue, intervals = Queue(), []
    while not is_drained(queue, requests) if end is None else queue.time < end - 1e-9:
        queue, interval = step(queue, dt, requests, machine, limits)
        intervals.append(interval)
    return queue, merge_steps(intervals)


def test_one_request_by_hand() -> None:
    requests = _requests((0.5, 1000, 101))
    _, served = _run(requests, Machine(), Limits(10_000), 0.25)
    # prefill 1000/5000 s, then the first token 1/100 s later, the other hundred at 100 tokens/s
    assert served.time_to_first_token == pytest.approx([0.21])
    assert served.user_rate == pytest.approx([100.0])
    assert served.output_tokens == pytest.approx(101)
    assert served.prompt_tokens == pytest.approx(1000)
    assert served.prompt_reads == pytest.approx(1000 * 500)
    assert served.context_reads == pytest.approx(101 * (1000 + 50.5))


def test_tokens_out_are_those_requested_when_the_queue_drains() -> None:
    requests = _azure(3.0, 60.0)
    _, served = _run(requests, Machine(total=8000.0, alone=500, prefill=5e4), Limits(100_000), 1.0)
    assert served.completed == len(requests)
    assert served.output_tokens == pytest.approx(requests.generated.sum(), rel=1e-9)
    assert served.prompt_tokens == pytest.approx(requests.context.sum(), rel=1e-9)
    assert len(served.time_to_first_token) == len(requests)


def test_the_size_of_the_step_does_not_matter() -> None:
    requests, machine = _azure(3.0, 60.0), Machine(total=5000.0, alone=500, prefill=2e4, slope=1e-4)
    results = [_run(requests, machine, Limits(50_000), dt, end=60.0) for dt in (1.0, 0.1)]
    (coarse_queue, coarse), (fine_queue, fine) = results
    assert coarse.completed == fine.completed > 100
    np.testing.assert_allclose(coarse.time_to_first_token, fine.time_to_first_token, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(coarse.user_rate, fine.user_rate, rtol=1e-8)
    assert coarse_queue.progress == pytest.approx(fine_queue.progress, rel=1e-10)


def test_a_stored_state_resumes_exactly(tmp_path) -> None:
    requests, machine, limits = _azure(3.0, 30.0), Machine(total=5000.0, slope=1e-4), Limits(50_000, 40)
    queue = Queue()
    for _ in range(10):
        queue, _ = step(queue, 1.0, requests, machine, limits)
    np.savez(tmp_path / "state.npz", **pack(queue))
    with np.load(tmp_path / "state.npz") as stored:
        resumed = unpack(dict(stored))
    assert resumed == queue
    for _ in range(10):
        queue, straight = step(queue, 1.0, requests, machine, limits)
        resumed, again = step(resumed, 1.0, requests, machine, limits)
        assert again.output_tokens == straight.output_tokens
    assert resumed == queue


def test_a_step_leaves_the_old_state_alone() -> None:
    requests = _azure(3.0, 30.0)
    queue, _ = step(Queue(), 5.0, requests, Machine(), Limits(50_000))
    before = replace(queue, decoding=list(queue.decoding), answered=list(queue.answered))
    step(queue, 5.0, requests, Machine(), Limits(50_000))
    assert queue == before


def test_admission_waits_for_cache_and_streams_in_order_of_arrival() -> None:
    requests = _requests((0.0, 600, 100), (0.0, 600, 100), (0.0, 10, 10))
    _, free = _run(requests, Machine(), Limits(10_000), 1.0)
    _, tight = _run(requests, Machine(), Limits(1000), 1.0)
    assert free.time_to_first_token.max() < 0.3
    # the second waits for the first to leave, and the small third does not overtake it
    assert tight.time_to_first_token[1] > 1.1
    assert tight.time_to_first_token[2] > tight.time_to_first_token[1]
    _, single = _run(requests, Machine(), Limits(10_000, streams=1), 1.0)
    assert single.time_to_first_token[1] > 1.1


def test_a_request_larger_than_the_cache_is_rejected() -> None:
    requests = _requests((0.0, 5000, 100), (0.1, 10, 10))
    _, served = _run(requests, Machine(), Limits(1000), 1.0)
    assert (served.rejected, served.completed) == (1, 1)
    assert served.output_tokens == pytest.approx(10)


def test_a_stopped_machine_keeps_its_queue() -> None:
    requests = _requests((0.0, 100, 10), (0.5, 100, 10))
    stopped = Machine(alone=0.0, prefill=0.0)
    queue, interval = step(Queue(), 2.0, requests, stopped, Limits(1000))
    assert interval.output_tokens == interval.prompt_tokens == 0.0
    assert interval.queue_length == 1
    _, after = step(queue, 2.0, requests, Machine(), Limits(1000))
    assert after.completed == 2
    assert after.time_to_first_token.min() > 1.5


def test_mean_streams_follow_littles_law() -> None:
    """Mean streams over the whole time = sum of the times that requests are decoded, over that time."""
    requests = _azure(4.0, 60.0)
    queue, served = _run(requests, Machine(total=1e9, alone=200.0, prefill=1e6), Limits(10**9), 0.5)
    assert served.mean_streams == pytest.approx(requests.generated.sum() / 200.0 / queue.time, rel=1e-9)
    assert served.busy_decode <= 1.0


def test_replicas_add_up() -> None:
    requests = _azure(2.0, 30.0)
    _, one = _run(requests, Machine(), Limits(50_000), 1.0, end=30.0)
    both = merge_replicas([one, one])
    assert both.duration == one.duration
    assert both.output_tokens == 2 * one.output_tokens
    assert both.mean_streams == pytest.approx(2 * one.mean_streams)
    assert both.mean_context == pytest.approx(one.mean_context)
    assert both.busy_decode == pytest.approx(one.busy_decode)


def test_200_000_requests_take_seconds() -> None:
    requests = _azure(70.0, 600.0)
    assert len(requests) > 190_000
    started = time.perf_counter()
    _, served = _run(requests, Machine(total=1e5, alone=2000, prefill=5e5), Limits(500_000), 1.0, end=600.0)
    assert time.perf_counter() - started < 20.0
    assert served.completed > 190_000
