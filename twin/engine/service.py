"""The serving side of a wafer system: the model where it lies, and who asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from twin import library
from twin.errors import Problem, SpecError
from twin.spec.chip import Chip
from twin.spec.model import LanguageModel
from twin.spec.scenario import Scenario, Workload
from twin.spec.system import Software, WaferSystem
from twin.workload.activity import ModelEvents, model_events
from twin.workload.mean_load import MeanLoad
from twin.workload.placement import Placement, cache_capacity, place
from twin.workload.requests import load_requests, scale_arrivals, window
from twin.workload.serving import Limits, Requests

Array = NDArray[np.float64]
_KEPT = 8
"""Deployments that a process keeps: the points of a study share a few."""


@dataclass(frozen=True)
class Asked:
    """What a workload asks for: the requests of its trace within its duration, arriving `scale` times as often."""

    traced: Requests
    scale: float
    duration: float
    seed: int

    @classmethod
    def by(cls, work: Workload) -> Asked:
        """Return what a serving workload asks for."""
        assert work.trace is not None
        return cls(window(load_requests(work.trace), work.duration), work.rate_scale, work.duration, work.seed)

    @cached_property
    def requests(self) -> Requests:
        """The requests one by one."""
        return scale_arrivals(self.traced, self.scale, self.duration, self.seed)

    @cached_property
    def load(self) -> MeanLoad | None:
        """The mean of `requests` as `twin.workload.mean_load.mean_load`, without making them; None: there are none.

        Means do not depend on when the copies of a request arrive, only on how many there are.
        """
        copies = _copies(len(self.traced), self.scale, self.seed)
        number = int(copies.sum())
        if number == 0:
            return None
        prompt, answer = self.traced.context.astype(float), self.traced.generated.astype(float)
        prompts, answers = float(copies @ prompt), float(copies @ answer)
        return MeanLoad(
            requests=number / self.duration,
            prompt=prompts / number,
            generated=answers / number,
            decode_context=float(copies @ (answer * (prompt + 0.5 * answer))) / answers,
            prompt_length=float(copies @ prompt**2) / prompts,
        )


def _copies(count: int, scale: float, seed: int) -> Array:
    """Return how often `scale_arrivals` repeats each of `count` requests."""
    whole = np.floor(scale)
    return np.asarray(whole + (np.random.default_rng(seed).random(count) < scale - whole))


@dataclass(frozen=True)
class Deployment:
    """A model on the wafers; `cache_tokens` fit beside its weights."""

    placement: Placement
    events: ModelEvents
    shares: Array
    touched: NDArray[np.bool_]
    cache_tokens: int


@lru_cache(maxsize=_KEPT)
def deployment(
    model: LanguageModel,
    chip: Chip,
    wafers: int,
    software: Software,
    number_format: str,
    region: int | None,
    tiles: tuple[int, int],
    where: str,
) -> Deployment:
    """Return where the layers of a model lie on the wafers, with `tiles` along y and x of each; kept, read-only.

    Raises
    ------
    SpecError
        Naming `where`: the model does not fit.
    """
    placement = place(model, chip, wafers, software, number_format, region, where)
    shares, touched = placement.shares(*tiles), placement.touches(chip.dies)
    shares.flags.writeable = touched.flags.writeable = False
    events = model_events(model, chip, software, placement)
    return Deployment(placement, events, shares, touched, cache_capacity(model, chip, wafers, number_format))


@dataclass(frozen=True)
class Service:
    """A deployed model, who asks for it, and what limits its streams."""

    model: LanguageModel
    deployment: Deployment
    asked: Asked
    limits: Limits

    @property
    def placement(self) -> Placement:
        """Where the layers lie."""
        return self.deployment.placement

    @property
    def events(self) -> ModelEvents:
        """Events of one token in each kind of region."""
        return self.deployment.events

    @property
    def shares(self) -> Array:
        """Part of each region's cores in each tile, shape (regions, wafer, tile_y, tile_x)."""
        return self.deployment.shares

    @property
    def touched(self) -> NDArray[np.bool_]:
        """Which dies carry cores of each region, shape (regions, wafer, die_y, die_x)."""
        return self.deployment.touched

    @property
    def requests(self) -> Requests:
        """The requests one by one."""
        return self.asked.requests


def service(
    scenario: Scenario, system: WaferSystem, chip: Chip, wafers: int, tiles: tuple[int, int], where: str
) -> Service | None:
    """Return the serving side of a scenario's wafers, None if it does not serve; SpecError names `where`."""
    work = scenario.workload
    if work.type != "serving":
        return None
    model = load_model(scenario, where)
    region = scenario.placement.region
    found = deployment(model, chip, wafers, system.software, scenario.number_format, region, tiles, where)
    return Service(model, found, Asked.by(work), Limits(found.cache_tokens, work.streams))


def load_model(scenario: Scenario, where: str) -> LanguageModel:
    """Return the model that a scenario serves."""
    if scenario.model is None:
        raise SpecError(where, [Problem("model", "missing; serving needs a name in data/models or a config.json")])
    model = library.load("model", scenario.model)
    assert isinstance(model, LanguageModel)
    return model


def scenario_requests(scenario: Scenario) -> Requests:
    """Return the requests that arrive during a scenario."""
    return Asked.by(scenario.workload).requests
