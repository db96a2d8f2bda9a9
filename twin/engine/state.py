"""The state of a wafer system between steps, and how it is kept in a checkpoint."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.delivery.policies import ControlState
from twin.engine.checks import NOTHING_YET, Difference, Recent, Window
from twin.engine.plant import WaferPlant
from twin.results.description import Occurrence
from twin.thermal.loop import LoopState
from twin.thermal.protocol import ThermalState
from twin.workload.serving import Queue, pack, unpack

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Hottest:
    """The hottest instant so far: heat layer and coolant on the nodes, shape (wafer, ny, nx), in K."""

    peak: float
    time: float
    temperature: Array
    coolant_temperature: Array


@dataclass(frozen=True)
class Served:
    """What users saw so far, in parts of falling length: a step adds to the record without copying all of it.

    `waits` are s to the first token, `rates` tokens per second of completed requests. `rejected` requests did not
    fit into the cache, the first of them in the step that ended at `rejected_at` s.
    """

    waits: tuple[Array, ...] = ()
    rates: tuple[Array, ...] = ()
    rejected: int = 0
    rejected_at: float = 0.0

    @classmethod
    def none(cls) -> Served:
        """Return the record before the first request."""
        return cls()

    @property
    def time_to_first_token(self) -> Array:
        """All waits in s."""
        return _joined(self.waits)

    @property
    def tokens_per_second(self) -> Array:
        """All rates in tokens per second."""
        return _joined(self.rates)

    def plus(self, waits: Array, rates: Array, rejected: int = 0, time: float = 0.0) -> Served:
        """Return the record with those of one more step, which ends at `time` s."""
        since = time if rejected and not self.rejected else self.rejected_at
        return Served(_with(self.waits, waits), _with(self.rates, rates), self.rejected + rejected, since)

    def warnings(self, cache_tokens: int) -> tuple[Occurrence, ...]:
        """Return a warning if requests were turned away."""
        if not self.rejected:
            return ()
        text = (
            f"{self.rejected} request{'s' * (self.rejected != 1)} turned away: prompt and answer exceed the cache of "
            f"{cache_tokens:,} tokens"
        )
        return (Occurrence("cache", text, self.rejected_at),)


def _joined(parts: tuple[Array, ...]) -> Array:
    return np.concatenate(parts) if parts else np.zeros(0)


def _with(parts: tuple[Array, ...], more: Array) -> tuple[Array, ...]:
    """Return the parts and one more, joined with those before it that are not more than twice as long."""
    if not more.size:
        return parts
    while parts and parts[-1].size <= 2 * more.size:
        parts, more = parts[:-1], np.concatenate([parts[-1], more])
    return (*parts, more)


@dataclass(frozen=True)
class EngineState:
    """One instant of a wafer system; `flow` of one wafer in m3/s in the step to it.

    `voltage` in V is where the search for that of the tiles starts in the next step: it follows the set points.
    `sheet_loss` in W is that of the grid by tile in the step to this instant.
    """

    time: float
    queue: Queue
    thermal: tuple[ThermalState, ...]
    voltage: Array
    sheet_loss: Array
    control: ControlState
    loop: LoopState
    flow: float
    hottest: Hottest
    served: Served
    occurrences: tuple[Occurrence, ...] = ()
    recent: Recent = NOTHING_YET
    warmest: Window | None = None
    checks: tuple[Difference, ...] = ()


def to_tree(state: EngineState) -> dict[str, Any]:
    """Return a state as nested mappings of arrays and numbers."""
    return {
        "time": state.time,
        "queue": pack(state.queue),
        "thermal": [wafer.tree() for wafer in state.thermal],
        "voltage": state.voltage,
        "sheet_loss": state.sheet_loss,
        "control": state.control.arrays(),
        "loop": asdict(state.loop),
        "flow": state.flow,
        "hottest": state.hottest,
        "served": state.served,
        "occurrences": state.occurrences,
        "recent": state.recent.tree(),
        "warmest": None if state.warmest is None else state.warmest.tree(),
        "checks": state.checks,
    }


def from_tree(tree: dict[str, Any], plant: WaferPlant) -> EngineState:
    """Return the state that `to_tree` kept; a run continues from it with the same arithmetic."""
    flow, loop = float(tree["flow"]), LoopState(**tree["loop"])
    thermal = tuple(plant.thermal.restored(kept, flow, loop.inlet_temperature) for kept in tree["thermal"])
    return EngineState(
        time=float(tree["time"]),
        queue=unpack(tree["queue"]),
        thermal=thermal,
        voltage=tree["voltage"],
        sheet_loss=tree["sheet_loss"],
        control=ControlState(**tree["control"]),
        loop=loop,
        flow=flow,
        hottest=Hottest(**tree["hottest"]),
        served=Served(**tree["served"]),
        occurrences=tuple(Occurrence(**kept) for kept in tree["occurrences"]),
        recent=Recent.restored(tree["recent"], plant.thermal),
        warmest=Window.restored(tree["warmest"], plant.thermal),
        checks=tuple(Difference(**kept) for kept in tree["checks"]),
    )
