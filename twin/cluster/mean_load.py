"""GPU groups that serve a mean load steadily."""

from __future__ import annotations

from dataclasses import replace

from twin.cluster.group import GpuGroup
from twin.cluster.steady import first_token_time
from twin.cluster.step_time import Batch, steady_batch
from twin.workload.mean_load import MeanLoad, MeanService, most_streams
from twin.workload.serving import Limits
from twin.workload.steady import one_second

_HALVINGS = 60


def serve_on_group(group: GpuGroup, load: MeanLoad, limits: Limits) -> MeanService:
    """Return the steady service of one group whose share of the requests is `load`.

    S streams give S/T(S) tokens per second; as many are served as give what is asked. Less than one stream
    is one stream for a share of the time.
    """
    most = most_streams(load, limits)
    asked = load.requests * load.generated
    queue = asked > _rate(group, most, load)
    streams = most if queue else _streams(group, asked, max(most, 1.0), load)
    step = group.step(_batch(max(streams, 1.0), load)).total
    output = streams / step
    interval = one_second(
        output,
        output * load.prompt / load.generated,
        load.prompt_length,
        load.decode_context,
        streams,
        output / max(streams, 1.0),
        min(streams, 1.0),
    )
    wait = first_token_time(group, max(1, round(streams)), round(load.prompt), load.decode_context)
    return MeanService(interval, 1.0 / step, wait, queue)


def _batch(streams: float, load: MeanLoad) -> Batch:
    """Return the mean step, its streams at the mean context of the tokens that are decoded."""
    return replace(steady_batch(streams, load.prompt, load.generated), context=load.decode_context)


def _rate(group: GpuGroup, streams: float, load: MeanLoad) -> float:
    """Return tokens per second with `streams`, below one in proportion."""
    return streams / group.step(_batch(max(streams, 1.0), load)).total


def _streams(group: GpuGroup, asked: float, most: float, load: MeanLoad) -> float:
    """Bisect for the streams that give `asked` tokens per second; the rate grows with them."""
    low, high = 0.0, most
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _rate(group, middle, load) < asked else (low, middle)
    return high
