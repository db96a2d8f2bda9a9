"""Checks of the reduced thermal model against the full one at single instants of a run.

The full model repeats the last few steps before an instant, from the reduced model's temperatures before
them, with the same heat, flow and inlet. Of an error that it starts with little is left after them: a step
of 100 ms leaves a tenth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from twin.engine.coupling import Coupled
from twin.results.model_check import ModelCheck
from twin.thermal.protocol import ThermalModel, ThermalState
from twin.thermal.reduced.state import ReducedState
from twin.thermal.reduced.twofold import State, TwofoldWaferModel

Array = NDArray[np.float64]
STEPS = 3
"""Steps that the full model repeats."""
RANDOM = 10
"""Random instants at which a run is checked."""


@dataclass(frozen=True)
class Moment:
    """One step of a wafer: its state before it, heat by tile in W, flow in m3/s, inlet in K, length in s."""

    before: ThermalState
    heat: Array
    flow: float
    inlet: float
    step: float

    def tree(self) -> dict[str, Any]:
        """Return the moment as nested mappings of arrays and numbers."""
        numbers = {"flow": self.flow, "inlet": self.inlet, "step": self.step}
        return {"before": self.before.tree(), "heat": self.heat, **numbers}

    @classmethod
    def restored(cls, tree: dict[str, Any], thermal: ThermalModel) -> Moment:
        """Return the moment that `tree` told of."""
        flow, inlet, step = (float(tree[name]) for name in ("flow", "inlet", "step"))
        return cls(thermal.restored(tree["before"], flow, inlet), tree["heat"], flow, inlet, step)


@dataclass(frozen=True)
class Window:
    """The last moments of the hottest wafer, its state after them, and when that was, in s."""

    moments: tuple[Moment, ...]
    after: ThermalState
    time: float

    def tree(self) -> dict[str, Any]:
        """Return the window as nested mappings of arrays and numbers."""
        return {"moments": [m.tree() for m in self.moments], "after": self.after.tree(), "time": self.time}

    @classmethod
    def restored(cls, tree: dict[str, Any] | None, thermal: ThermalModel) -> Window | None:
        """Return the window that `tree` told of."""
        if tree is None:
            return None
        moments = [Moment.restored(kept, thermal) for kept in tree["moments"]]
        after = thermal.restored(tree["after"], moments[-1].flow, moments[-1].inlet)
        return cls(tuple(moments), after, float(tree["time"]))


@dataclass(frozen=True)
class Recent:
    """The last moments of all wafers, oldest first, one tuple of wafers each."""

    moments: tuple[tuple[Moment, ...], ...] = ()

    def plus(
        self, before: Sequence[ThermalState], coupled: Sequence[Coupled], flow: float, inlet: float, step: float
    ) -> Recent:
        """Return the moments with one more."""
        new = tuple(
            Moment(state, found.grid.device_power + found.grid.sheet_loss, flow, inlet, step)
            for state, found in zip(before, coupled, strict=True)
        )
        return Recent((*self.moments[1 - STEPS :], new))

    def window(self, after: Sequence[ThermalState], time: float) -> Window:
        """Return the moments of the hottest of the wafers `after` them."""
        wafer = int(np.argmax([state.peak for state in after]))
        return Window(tuple(moment[wafer] for moment in self.moments), after[wafer], time)


NO_MOMENTS = Recent()


def checked(thermal: ThermalModel, window: Window, reason: str) -> ModelCheck | None:
    """Return how far the state after a window is from that of the full model; None if it is its own."""
    state = window.after
    if not isinstance(state, ReducedState):
        return None
    model = cast(TwofoldWaferModel, thermal)
    full = model.whole(cast(State, window.moments[0].before))
    for moment in window.moments:
        full = model.full.step(full, moment.flow, moment.inlet, moment.step).solve(moment.heat, full)
    return ModelCheck(
        time_s=window.time,
        reason=reason,
        field_K=float(np.abs(state.heat.solid - full.heat.solid).max()),
        tile_K=float(np.abs(state.tile_temperature - full.tile_temperature).max()),
        peak_K=abs(state.peak - full.peak),
        bound_K=model.bound(state),
    )


@cache
def random_steps(steps: int, seed: int) -> frozenset[int]:
    """Return the numbers of the steps of a run after which it is checked."""
    chosen = np.random.default_rng(seed).choice(steps, size=min(RANDOM, steps), replace=False)
    return frozenset(int(number) for number in chosen)
