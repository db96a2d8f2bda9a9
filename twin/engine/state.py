"""The state of a wafer system between steps, and how it is kept in a checkpoint."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.delivery.policies import ControlState
from twin.engine.plant import WaferPlant
from twin.fe.heat import HeatState
from twin.results.description import Occurrence
from twin.thermal.loop import LoopState
from twin.thermal.wafer import WaferState
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
    """What users saw so far: s to the first token, and tokens per second of completed requests."""

    time_to_first_token: Array
    tokens_per_second: Array

    @classmethod
    def none(cls) -> Served:
        """Return the record before the first request."""
        return cls(np.zeros(0), np.zeros(0))

    def plus(self, waits: Array, rates: Array) -> Served:
        """Return the record with those of one more step."""
        return Served(
            np.concatenate([self.time_to_first_token, waits]), np.concatenate([self.tokens_per_second, rates])
        )


@dataclass(frozen=True)
class EngineState:
    """One instant of a wafer system; `voltage` per tile in V, `flow` of one wafer in m3/s in the step to it."""

    time: float
    queue: Queue
    thermal: tuple[WaferState, ...]
    voltage: Array
    control: ControlState
    loop: LoopState
    flow: float
    hottest: Hottest
    served: Served
    occurrences: tuple[Occurrence, ...] = ()


def to_tree(state: EngineState) -> dict[str, Any]:
    """Return a state as nested mappings of arrays and numbers."""
    return {
        "time": state.time,
        "queue": pack(state.queue),
        "thermal": [{"solid": w.heat.solid, "coolant": w.heat.coolant, **w.readings()} for w in state.thermal],
        "voltage": state.voltage,
        "control": state.control.arrays(),
        "loop": asdict(state.loop),
        "flow": state.flow,
        "hottest": state.hottest,
        "served": state.served,
        "occurrences": state.occurrences,
    }


def from_tree(tree: dict[str, Any], plant: WaferPlant) -> EngineState:
    """Return the state that `to_tree` kept; a run continues from it with the same arithmetic."""
    flow, loop = float(tree["flow"]), LoopState(**tree["loop"])
    thermal = tuple(
        replace(plant.thermal.restored(HeatState(w.pop("solid"), w.pop("coolant")), flow, loop.inlet_temperature), **w)
        for w in (dict(kept) for kept in tree["thermal"])
    )
    return EngineState(
        time=float(tree["time"]),
        queue=unpack(tree["queue"]),
        thermal=thermal,
        voltage=tree["voltage"],
        control=ControlState(**tree["control"]),
        loop=loop,
        flow=flow,
        hottest=Hottest(**tree["hottest"]),
        served=Served(**tree["served"]),
        occurrences=tuple(Occurrence(**kept) for kept in tree["occurrences"]),
    )
