"""Wafers as an executor: a pipeline of squares through which every token passes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import inf

import numpy as np
from numpy.typing import NDArray

from twin.spec.chip import Chip
from twin.spec.model import LanguageModel
from twin.spec.system import Software, WaferSystem
from twin.workload.cycles import Affine, head_cycles, layer_line, prefill_line, transfer_cycles
from twin.workload.operators import BYTES
from twin.workload.placement import Placement
from twin.workload.serving import Rates

Floats = NDArray[np.float64]

_KEPT = 8
_STOPPED = Rates(0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class TokenTime:
    """Parts of the time of one token through the pipeline in s."""

    layers: float
    head: float
    transfer: float
    host: float

    @property
    def total(self) -> float:
        """Time between two tokens of one stream."""
        return self.layers + self.head + self.transfer + self.host


@dataclass(frozen=True)
class Pipeline:
    """Times of decode and prefill at given clocks, as lines against the context; an `Executor`.

    `decode_layers` + `decode_fixed` is the time of a token; a token holds the busiest square for
    `decode_stage`, a prompt token for `prefill_stage`. `prefill_share` is what prompts may take of the
    pipeline while streams could fill it.
    """

    decode_layers: Affine
    head: float
    transfer: float
    host: float
    decode_stage: Affine
    prefill_stage: Affine
    prefill_share: float

    def token_time(self, context: float) -> TokenTime:
        """Return the parts of a token's time with `context` tokens in the cache."""
        return TokenTime(self.decode_layers(context), self.head, self.transfer, self.host)

    def stage_time(self, context: float) -> float:
        """Return how long a decoded token holds the busiest square."""
        return max(self.decode_stage(context), self.head)

    def prompt_time(self, prompt: float) -> float:
        """Return how long a token of a prompt holds the busiest square, on average over the prompt."""
        return self.prefill_stage(0.5 * prompt)

    def rates(self, streams: int, context: float, prompt: int) -> Rates:
        """Return the rates of `twin.workload.serving.Executor`.

        Streams decode at min(1/T, (1 - phi)/(S t)): each waits for its own last token, all together for the
        busiest square. Prompts take the share phi that streams leave, and at least `prefill_share`.
        """
        if self.host == inf or not (streams or prompt):
            return _STOPPED
        passing = self.decode_layers(context) + self.head + self.transfer + self.host
        alone = 1.0 / passing
        stage = self.stage_time(context)
        wanted = streams * alone * stage
        if prompt:
            share = max(1.0 - wanted, self.prefill_share)
            prefill = share / self.prompt_time(prompt)
        else:
            share = prefill = 0.0
        busy = min(wanted, 1.0 - share)
        decode = alone if busy >= wanted else busy / (streams * stage)
        return Rates(decode, prefill, decode, busy, share)


def region_clocks(die_clock: Floats, touched: NDArray[np.bool_]) -> Floats:
    """Return the clock of each region in Hz: the lowest of the dies it touches.

    Parameters
    ----------
    die_clock : array
        Hz, shape (wafer, die_y, die_x).
    touched : array
        `Placement.touches`, shape (regions, wafer, die_y, die_x).
    """
    if die_clock.min() == die_clock.max():
        return np.full(len(touched), die_clock.flat[0])
    slowest = np.where(touched, die_clock[None], np.inf).min(axis=(1, 2, 3))
    return np.asarray(slowest, dtype=np.float64)


def nominal_clocks(chip: Chip, wafers: int) -> Floats:
    """Return the nominal clock of all dies in Hz, shape (wafer, die_y, die_x)."""
    return np.full((wafers, chip.dies.y, chip.dies.x), chip.core.clock)


def pipeline(
    model: LanguageModel,
    chip: Chip,
    system: WaferSystem,
    placement: Placement,
    clocks: Floats,
    number_format: str = "fp16",
) -> Pipeline:
    """Return the pipeline of a placement with the clock of each region (layers, then head) in Hz.

    T = sum T_l/f_l + sum (alpha P + kappa)/f_l + T_head/f_head + n (tau + d b/B), where each
    wafer hands on d activations of b bytes at its bandwidth B; layers that share a square, and the
    head if it does, hold it one after another. A stopped clock stops the pipeline.
    """
    if not (clocks > 0.0).all():
        nothing = Affine(0.0, 0.0)
        return Pipeline(nothing, 0.0, 0.0, inf, nothing, nothing, system.software.prefill_share)
    software, edge = system.software, placement.layer_edge
    cycles = _cycles(model, edge, placement.head_edge, chip.core.simd_width, software)
    layer = cycles.layer
    period = 1.0 / clocks[:-1]
    head = cycles.head / float(clocks[-1])
    busiest, with_head = _busiest(placement, period)
    shared = head if with_head else 0.0
    handed_on = model.hidden_size * BYTES[number_format]
    return Pipeline(
        decode_layers=_scaled(layer, float(period.sum())),
        head=head,
        transfer=cycles.transfer * float(period.sum()),
        host=placement.wafers * (software.io_latency + handed_on / system.io_bandwidth),
        decode_stage=Affine(layer.constant * busiest + shared, layer.slope * busiest),
        prefill_stage=_scaled(cycles.prompt, busiest),
        prefill_share=software.prefill_share,
    )


@dataclass(frozen=True)
class _Cycles:
    """Cycles of a token: through a layer and as part of a prompt against its context, through the head, handed on."""

    layer: Affine
    prompt: Affine
    head: float
    transfer: float


@lru_cache(maxsize=_KEPT)
def _cycles(model: LanguageModel, edge: int, head_edge: int, width: int, software: Software) -> _Cycles:
    """Return the cycles of a placement, kept: clocks change in a run, these do not."""
    return _Cycles(
        layer=layer_line(model, edge, width, software),
        prompt=prefill_line(model, edge, width, software),
        head=head_cycles(model, head_edge, width, software),
        transfer=transfer_cycles(edge, software),
    )


def _scaled(line: Affine, factor: float) -> Affine:
    return Affine(line.constant * factor, line.slope * factor)


def _busiest(placement: Placement, period: Floats) -> tuple[float, bool]:
    """Return the largest sum of clock periods over the layers of one square; whether the head is there."""
    totals = np.bincount(placement.slots, weights=period)
    slot = int(totals.argmax())
    if placement.head_slot is not None and totals[placement.head_slot] >= totals[slot]:
        return float(totals[slot]), True
    return float(totals[slot]), placement.head_slot == slot
