"""From what was served to events per second on every tile: the input of the power model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.spec.chip import Chip
from twin.spec.model import LanguageModel
from twin.spec.system import Software
from twin.workload.cycles import Affine, along_context, hop_count, product_cycles
from twin.workload.intervals import Interval
from twin.workload.operators import Collective, head_operator, layer_collectives, layer_operators
from twin.workload.placement import Placement, core_grid, overlaps

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Activity:
    """Events per second on every tile, shape (wafer, tile_y, tile_x).

    `mac` multiply-accumulates, `issue` cycles in which a core issues, `hop` words moved over one hop.
    """

    mac: Floats
    issue: Floats
    hop: Floats


@dataclass(frozen=True)
class TokenEvents:
    """Events of one token in one region against its context."""

    mac: Affine
    issue: Affine
    hop: Affine


@dataclass(frozen=True)
class ModelEvents:
    """Events of one token: decoded or of a prompt in a layer, decoded in the head."""

    decode: TokenEvents
    prefill: TokenEvents
    head: TokenEvents


def model_events(model: LanguageModel, chip: Chip, software: Software, placement: Placement) -> ModelEvents:
    """Return the events of one token in each kind of region of a placement.

    Cores issue while they work through their products, row overhead included; they do not while they wait
    for an all-reduce.
    """
    edge, width = placement.layer_edge, chip.core.simd_width
    head, head_edge = head_operator(model), placement.head_edge
    issue = head_edge**2 * product_cycles([head], head_edge, software.overhead_cycles, width)
    logits = Collective("logits", "y", head.columns)
    return ModelEvents(
        decode=_layer_events(model, edge, software.overhead_cycles, width),
        prefill=_layer_events(model, edge, software.prefill_row_cycles, width),
        head=TokenEvents(Affine(head.macs, 0.0), Affine(issue, 0.0), Affine(hop_count([logits], head_edge), 0.0)),
    )


def _layer_events(model: LanguageModel, edge: int, overhead: float, width: int) -> TokenEvents:
    contexts = (float(edge), 2.0 * edge)
    products = [layer_operators(model, context) for context in contexts]
    collectives = [layer_collectives(model, context) for context in contexts]
    # A product's results are handed on once: from one layer's square to the next.
    step_on = model.hidden_size * edge
    return TokenEvents(
        mac=along_context([sum(item.macs for item in group) for group in products], edge),
        issue=along_context([edge**2 * product_cycles(g, edge, overhead, width) for g in products], edge),
        hop=along_context([hop_count(group, edge) + step_on for group in collectives], edge),
    )


def serving_activity(interval: Interval, events: ModelEvents, shares: Floats) -> Activity:
    """Return the mean activity of an interval.

    Parameters
    ----------
    shares : array
        Part of each region's cores in each tile, shape (regions, wafer, tile_y, tile_x); the last region
        is the head (`Placement.shares`).
    """
    layers, head = shares[:-1].sum(axis=0), shares[-1]
    decoded = interval.output_tokens / interval.duration
    mac, issue, hop = (
        _layer_rate(interval, decode, prefill) * layers + in_head.constant * decoded * head
        for decode, prefill, in_head in (
            (events.decode.mac, events.prefill.mac, events.head.mac),
            (events.decode.issue, events.prefill.issue, events.head.issue),
            (events.decode.hop, events.prefill.hop, events.head.hop),
        )
    )
    return Activity(mac, issue, hop)


def _layer_rate(interval: Interval, decode: Affine, prefill: Affine) -> float:
    """Return the events per second of one layer, which sees every token; the head sees decoded ones."""
    events = (
        decode.constant * interval.output_tokens
        + decode.slope * interval.context_reads
        + prefill.constant * interval.prompt_tokens
        + prefill.slope * interval.prompt_reads
    )
    return events / interval.duration


def tile_cores(chip: Chip, wafers: int, ny: int, nx: int) -> Floats:
    """Return the cores of each tile, shape (wafer, ny, nx); they sum to the cores of the wafers."""
    grid = core_grid(chip)
    along_y = overlaps(0, grid.rows, grid.rows, ny)
    along_x = overlaps(0, grid.columns, grid.columns, nx)
    return np.broadcast_to(chip.cores * np.outer(along_y, along_x), (wafers, ny, nx)).copy()


def virus_activity(chip: Chip, cores: Floats, clock: Floats, utilisation: float) -> Activity:
    """Return the activity of a power virus: all units of all cores busy for `utilisation` of all cycles.

    Parameters
    ----------
    cores, clock : array
        Cores and their clock in Hz per tile, shape (wafer, tile_y, tile_x). A core moves one word a cycle.
    """
    cycles = utilisation * cores * clock
    return Activity(cycles * chip.core.simd_width, cycles.copy(), cycles.copy())


def idle_activity(cores: Floats) -> Activity:
    """Return no activity, in the shape of `cores`."""
    return Activity(np.zeros_like(cores), np.zeros_like(cores), np.zeros_like(cores))


def utilisation(activity: Activity, chip: Chip, cores: Floats, clock: float) -> float:
    """Return multiply-accumulates over those that all cores could do at `clock` Hz."""
    return float(activity.mac.sum() / (cores.sum() * chip.core.simd_width * clock))


def busy_share(activity: Activity, cores: Floats, clock: Floats) -> Floats:
    """Return the share of cycles, 0 to 1, in which the cores of each tile issue; none where none run."""
    cycles = cores * clock
    share = np.divide(activity.issue, cycles, out=np.zeros_like(cycles), where=cycles > 0.0)
    return np.asarray(np.minimum(share, 1.0))
