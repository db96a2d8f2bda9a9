"""Checks of the reduced thermal model against the full one at single instants of a run.

The full model repeats the last steps before an instant, from the reduced model's temperatures before them, with
the same heat, flow and inlet. They cover `SPAN` at least: silicon and coolant forget within 0.1 s an error that it
starts with, so that a check sees all of theirs; connectors and cover keep up to half of it, which a check does not see.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
STEPS, SPAN = 3, 0.3
"""Steps that the full model repeats at least, and the time in s that they cover."""
RANDOM = 10
"""Random instants at which a run is checked."""


@dataclass(frozen=True)
class Moment:
    """One step of all wafers: heat by tile in W, (wafer, tile_y, tile_x), flow in m3/s, inlet in K, length in s."""

    heat: Array
    flow: float
    inlet: float
    step: float


@dataclass(frozen=True)
class Stretch:
    """Steps in a row of some wafers, and the states before them."""

    before: tuple[ThermalState, ...]
    moments: tuple[Moment, ...] = ()

    @property
    def is_long(self) -> bool:
        """Whether it is enough for a check."""
        return len(self.moments) >= STEPS and sum(moment.step for moment in self.moments) >= SPAN

    def plus(self, *moments: Moment) -> Stretch:
        """Return the stretch with more steps."""
        return Stretch(self.before, (*self.moments, *moments))

    def of(self, wafer: int) -> Stretch:
        """Return what is of one wafer."""
        return Stretch((self.before[wafer],), tuple(replace(m, heat=m.heat[wafer : wafer + 1]) for m in self.moments))

    def tree(self) -> dict[str, Any]:
        """Return the stretch as nested mappings of arrays and numbers."""
        return {"before": [state.tree() for state in self.before], "moments": self.moments}

    @classmethod
    def restored(cls, tree: dict[str, Any], thermal: ThermalModel) -> Stretch:
        """Return the stretch that `tree` told of."""
        moments = tuple(Moment(**kept) for kept in tree["moments"])
        return cls(tuple(thermal.restored(kept, moments[0].flow, moments[0].inlet) for kept in tree["before"]), moments)


@dataclass(frozen=True)
class Window:
    """The last steps of the hottest wafer, its state after them, and when that was, in s."""

    stretch: Stretch
    after: ThermalState
    time: float

    def tree(self) -> dict[str, Any]:
        """Return the window as nested mappings of arrays and numbers."""
        return {"stretch": self.stretch.tree(), "after": self.after.tree(), "time": self.time}

    @classmethod
    def restored(cls, tree: dict[str, Any] | None, thermal: ThermalModel) -> Window | None:
        """Return the window that `tree` told of."""
        if tree is None:
            return None
        stretch = Stretch.restored(tree["stretch"], thermal)
        last = stretch.moments[-1]
        return cls(stretch, thermal.restored(tree["after"], last.flow, last.inlet), float(tree["time"]))


@dataclass(frozen=True)
class Recent:
    """The last steps of all wafers: one stretch, and after it the one that grows."""

    older: Stretch | None = None
    newer: Stretch | None = None

    def plus(
        self, before: Sequence[ThermalState], coupled: Sequence[Coupled], flow: float, inlet: float, step: float
    ) -> Recent:
        """Return the steps with one more."""
        heat = np.stack([found.grid.device_power + found.grid.sheet_loss for found in coupled])
        older, newer = self.older, self.newer or Stretch(tuple(before))
        if newer.is_long:
            older, newer = newer, Stretch(tuple(before))
        return Recent(older, newer.plus(Moment(heat, flow, inlet, step)))

    def window(self, after: Sequence[ThermalState], time: float) -> Window:
        """Return the steps of the hottest of the wafers `after` them."""
        assert self.newer is not None
        whole = self.newer if self.older is None else self.older.plus(*self.newer.moments)
        wafer = int(np.argmax([state.peak for state in after]))
        return Window(whole.of(wafer), after[wafer], time)

    def tree(self) -> list[dict[str, Any]]:
        """Return the steps as nested mappings of arrays and numbers."""
        return [stretch.tree() for stretch in (self.older, self.newer) if stretch is not None]

    @classmethod
    def restored(cls, trees: Sequence[dict[str, Any]], thermal: ThermalModel) -> Recent:
        """Return the steps that `tree` told of."""
        kept = [Stretch.restored(tree, thermal) for tree in trees]
        return cls(*([None] * (2 - len(kept)) if kept else []), *kept)


NOTHING_YET = Recent()


@dataclass(frozen=True)
class Difference:
    """A check whose bound is not known yet; `at_rest` and `warmth` in K are of the state, see ReducedState."""

    time_s: float
    reason: str
    field_K: float
    tile_K: float
    reduced_peak_K: float
    full_peak_K: float
    at_rest: bool
    warmth: float

    def bounded(self, thermal: ThermalModel) -> ModelCheck:
        """Return the check with the bound of the reduced model."""
        bound = cast(TwofoldWaferModel, thermal).certificate.bound(self.at_rest, self.warmth)
        peaks = self.reduced_peak_K, self.full_peak_K
        return ModelCheck(self.time_s, self.reason, self.field_K, self.tile_K, abs(peaks[0] - peaks[1]), bound, *peaks)


def difference(thermal: ThermalModel, window: Window, reason: str) -> Difference | None:
    """Return how far the state after a window is from that of the full model; None if it is its own."""
    state = window.after
    if not isinstance(state, ReducedState):
        return None
    model = cast(TwofoldWaferModel, thermal)
    full = model.whole(cast(State, window.stretch.before[0]))
    for moment in window.stretch.moments:
        full = model.full.step(full, moment.flow, moment.inlet, moment.step).solve(moment.heat[0], full)
    return Difference(
        time_s=window.time,
        reason=reason,
        field_K=float(np.abs(state.heat.solid - full.heat.solid).max()),
        tile_K=float(np.abs(state.tile_temperature - full.tile_temperature).max()),
        reduced_peak_K=state.peak,
        full_peak_K=full.peak,
        at_rest=state.at_rest,
        warmth=state.warmth,
    )


@cache
def random_steps(steps: int, seed: int) -> frozenset[int]:
    """Return the numbers of the steps of a run after which it is checked."""
    chosen = np.random.default_rng(seed).choice(steps, size=min(RANDOM, steps), replace=False)
    return frozenset(int(number) for number in chosen)
