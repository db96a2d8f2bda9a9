"""What the run loop needs of a system, wafers or GPUs alike."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from twin.beside import beside
from twin.engine import state as wafer_state
from twin.engine.checks import difference, random_steps
from twin.engine.plant import WaferPlant
from twin.engine.samples import Sample
from twin.engine.state import EngineState, Served
from twin.engine.step import control_step, initial
from twin.library import Entry
from twin.results.description import Occurrence
from twin.results.model_check import ModelCheck
from twin.thermal.reduced.certificate import certify
from twin.thermal.reduced.state import ReducedState
from twin.thermal.reduced.twofold import TwofoldWaferModel


class Simulation(Protocol):
    """One system that is stepped; states are immutable and can be kept in a checkpoint."""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The entries of the library that the run rests on."""

    @property
    def title(self) -> str:
        """What is simulated."""

    def initial(self) -> Any:
        """Return the state at time 0."""

    def step(self, state: Any, step: float) -> tuple[Any, Sample]:
        """Return the state one control step later, and the variables of the step."""

    def pack(self, state: Any) -> Any:
        """Return a state as nested mappings of arrays and numbers."""

    def unpack(self, tree: Any) -> Any:
        """Return the state that `pack` gave."""

    def axes(self) -> dict[str, NDArray[np.float64]]:
        """Return the coordinates of the results besides time."""

    def requests(self, state: Any) -> dict[str, NDArray[np.float64]]:
        """Return what users saw, by name."""

    def hottest(self, state: Any) -> dict[str, Any] | None:
        """Return the field at the hottest instant; None without a thermal model."""

    def warnings(self, state: Any) -> tuple[Occurrence, ...]:
        """Return what a reader must know of the run so far."""

    def checks(self, state: Any) -> tuple[ModelCheck, ...]:
        """Return the checks of the reduced thermal model at random instants and at the hottest."""

    def beside(self, state: Any) -> AbstractContextManager[None]:
        """Do what another process can do while steps follow a state."""


class WaferSimulation:
    """A wafer system; `checked`: its reduced thermal model, if it has one, is held against the full one."""

    def __init__(self, plant: WaferPlant, checked: bool = True):
        self.plant, self._is_checked = plant, checked

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The entries of the library that the run rests on."""
        return self.plant.entries

    @property
    def title(self) -> str:
        """What is simulated."""
        return self.plant.system.title

    def initial(self) -> EngineState:
        """Return the system at rest."""
        return initial(self.plant)

    def step(self, state: EngineState, step: float) -> tuple[EngineState, Sample]:
        """Return the state one control step later, and the variables of the step."""
        after, sample = control_step(self.plant, state, step)
        work, length = self.plant.scenario.workload, self.plant.scenario.control.step
        if self._is_checked and round(state.time / length) in random_steps(
            max(1, round(work.duration / length)), work.seed
        ):
            after = self._checked(after)
        return after, sample

    def _checked(self, state: EngineState) -> EngineState:
        """Return the state with a check of the reduced thermal model, if it has one."""
        if state.recent.newer is None:
            return state
        found = difference(self.plant.thermal, state.recent.window(state.thermal, state.time), "random")
        return state if found is None else replace(state, checks=(*state.checks, found))

    def pack(self, state: EngineState) -> Any:
        """Return a state as nested mappings of arrays and numbers."""
        return wafer_state.to_tree(state)

    def unpack(self, tree: Any) -> EngineState:
        """Return the state that `pack` gave."""
        return wafer_state.from_tree(tree, self.plant)

    def axes(self) -> dict[str, NDArray[np.float64]]:
        """Return the coordinates of the results besides time, centres in m."""
        size, dies, (ny, nx) = self.plant.chip.size, self.plant.chip.dies, self.plant.tiles
        return {
            "wafer": np.arange(self.plant.wafers, dtype=float),
            "die_x": centres(size.x, dies.x),
            "die_y": centres(size.y, dies.y),
            "tile_x": centres(size.x, nx),
            "tile_y": centres(size.y, ny),
        }

    def requests(self, state: EngineState) -> dict[str, NDArray[np.float64]]:
        """Return what users saw, by name."""
        return served_arrays(state.served)

    def hottest(self, state: EngineState) -> dict[str, Any] | None:
        """Return heat layer and coolant at the hottest instant."""
        found, grid = state.hottest, self.plant.thermal.grid
        return {
            "x": grid.x,
            "y": grid.y,
            "time": found.time,
            "temperature": found.temperature,
            "coolant_temperature": found.coolant_temperature,
        }

    def warnings(self, state: EngineState) -> tuple[Occurrence, ...]:
        """Return where coolant and loop left the range of the models or of good practice, and requests turned away."""
        service = self.plant.service
        return state.occurrences + (state.served.warnings(service.limits.cache_tokens) if service else ())

    def checks(self, state: EngineState) -> tuple[ModelCheck, ...]:
        """Return the checks of the reduced thermal model at random instants and at the hottest."""
        thermal = self.plant.thermal
        hottest = difference(thermal, state.warmest, "hottest") if state.warmest and self._is_checked else None
        return tuple(found.bounded(thermal) for found in (*state.checks, hottest) if found is not None)

    def beside(self, state: EngineState) -> AbstractContextManager[None]:
        """Calibrate the bounds of the reduced model in another process, if they are not on disk."""
        thermal = self.plant.thermal
        if self._is_checked and isinstance(thermal, TwofoldWaferModel) and isinstance(state.thermal[0], ReducedState):
            certificate = thermal.certificate
            if certificate.is_left:
                return beside(certify, certificate.design, certificate.flow_rate)
        return nullcontext()


def centres(extent: float, count: int) -> NDArray[np.float64]:
    """Return the centres of `count` equal parts of an extent."""
    return np.asarray((np.arange(count) + 0.5) * (extent / count), dtype=np.float64)


def served_arrays(served: Served) -> dict[str, NDArray[np.float64]]:
    """Return waits and rates side by side; the shorter is filled up with NaN."""
    count = max(served.time_to_first_token.size, served.tokens_per_second.size)
    return {
        name: np.concatenate([values, np.full(count - values.size, np.nan)])
        for name, values in (
            ("time_to_first_token", served.time_to_first_token),
            ("tokens_per_second", served.tokens_per_second),
        )
    }
