"""Everything of a wafer system that stays as it is during a run, built from a scenario."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin import library
from twin.delivery.grid import WaferGrid, wafer_grid
from twin.errors import Problem, SpecError
from twin.library import Entry
from twin.power.model import PowerModel
from twin.spec.chip import Chip
from twin.spec.cooling import ChannelDesign, JetDesign
from twin.spec.delivery import DeliveryDesign
from twin.spec.model import LanguageModel
from twin.spec.scenario import Cooling, Scenario
from twin.spec.system import WaferSystem
from twin.thermal.coolant import CoolantProperties, load_coolant
from twin.thermal.regime import coolant_cautions
from twin.thermal.wafer import WaferThermalModel
from twin.workload.activity import ModelEvents, model_events, tile_cores
from twin.workload.pipeline import Pipeline, nominal_clocks, pipeline, region_clocks
from twin.workload.placement import Placement, cache_capacity, place
from twin.workload.requests import load_requests, scale_arrivals, window
from twin.workload.serving import Limits, Requests

Array = NDArray[np.float64]
GRID_CELLS_PER_TILE = 1


@dataclass(frozen=True)
class Service:
    """The serving side of a wafer system: the model where it lies, and who asks for it."""

    model: LanguageModel
    placement: Placement
    events: ModelEvents
    shares: Array
    touched: NDArray[np.bool_]
    requests: Requests
    limits: Limits


@dataclass(frozen=True)
class WaferPlant:
    """Chips, cooling, delivery and work of one wafer system; arrays per wafer have a leading axis."""

    scenario: Scenario
    system: WaferSystem
    wafers: int
    chip: Chip
    cooling: Cooling
    design: ChannelDesign | JetDesign
    delivery: DeliveryDesign
    coolant: CoolantProperties
    thermal: WaferThermalModel
    grid: WaferGrid
    power: PowerModel
    cores: Array
    service: Service | None
    entries: tuple[Entry, ...]

    @property
    def tiles(self) -> tuple[int, int]:
        """Tiles of one wafer along y and x."""
        return self.thermal.tiles

    def by_tile(self, per_die: Array) -> Array:
        """Spread values (wafer, die_y, die_x) over the tiles of each die."""
        tiles = self.scenario.thermal.tiles_per_die
        return np.repeat(np.repeat(per_die, tiles.y, axis=-2), tiles.x, axis=-1)

    def pipeline(self, clock: Array) -> Pipeline:
        """Return the executor at the dies' clocks in Hz, shape (wafer, die_y, die_x)."""
        service = self.service
        assert service is not None
        clocks = region_clocks(clock, service.touched)
        return pipeline(service.model, self.chip, self.system, service.placement, clocks, self.scenario.number_format)

    @cached_property
    def service_floor(self) -> float:
        """Smallest clock share at which a user alone still gets the promised rate."""
        level = self.scenario.service_level
        if self.service is None or level is None or not len(self.service.requests):
            return 0.0
        requests = self.service.requests
        context = float(np.mean(requests.context + 0.5 * requests.generated))
        alone = self.pipeline(nominal_clocks(self.chip, self.wafers)).rates(1, context, 0).decode
        return min(1.0, level.tokens_per_second_per_user / alone)


def build_wafer_plant(scenario: Scenario, system: Entry, where: str) -> WaferPlant:
    """Build a wafer system; SpecError (naming `where`) for what does not fit together."""
    spec = system.spec
    assert isinstance(spec, WaferSystem)
    if scenario.cooling is None:
        raise SpecError(where, [Problem("cooling", f"missing; the wafers of '{spec.title}' need a coolant")])
    used = {
        "chip": library.entry("chip", spec.chip),
        "cooling": library.entry("cooling", scenario.cooling.design or spec.cooling),
        "delivery": library.entry("delivery", spec.delivery),
        "coolant": library.entry("coolant", scenario.cooling.coolant),
        "mesh": library.entry("mesh", scenario.thermal.mesh),
    }
    chip, design, delivery = used["chip"].spec, used["cooling"].spec, used["delivery"].spec
    assert isinstance(chip, Chip)
    assert isinstance(design, ChannelDesign | JetDesign)
    assert isinstance(delivery, DeliveryDesign)
    _check_failures(scenario.cooling, design, where)
    wafers = (scenario.systems or 1) * spec.wafers
    thermal = _thermal(scenario, scenario.cooling, chip, design, used["mesh"], where)
    tiles = scenario.thermal.tiles_per_die
    cores = tile_cores(chip, wafers, *thermal.tiles)
    return WaferPlant(
        scenario=scenario,
        system=spec,
        wafers=wafers,
        chip=chip,
        cooling=scenario.cooling,
        design=design,
        delivery=delivery,
        coolant=load_coolant(scenario.cooling.coolant),
        thermal=thermal,
        grid=wafer_grid(chip, delivery, (tiles.x, tiles.y), GRID_CELLS_PER_TILE),
        power=PowerModel(chip, cores[0] / cores[0].sum()),
        cores=cores,
        service=_service(scenario, spec, chip, wafers, thermal.tiles, where),
        entries=(system, *used.values(), *_materials(chip, design), *_trace(scenario)),
    )


def _check_failures(cooling: Cooling, design: ChannelDesign | JetDesign, where: str) -> None:
    """Refuse what cannot fail because the design does not have it."""
    problems = [
        Problem(f"cooling.failures.{number}.part", "the design has no dry cooler, hence no fans")
        for number, failure in enumerate(cooling.failures)
        if failure.part == "fan" and design.loop.dry_cooler is None
    ]
    if problems:
        raise SpecError(where, problems)


def _thermal(
    scenario: Scenario, cooling: Cooling, chip: Chip, design: ChannelDesign | JetDesign, mesh: Entry, where: str
) -> WaferThermalModel:
    recipe: Any = mesh.spec
    coolant = load_coolant(cooling.coolant)
    inlet = cooling.inlet_temperature
    if found := [caution.text for caution in coolant_cautions(coolant, inlet, inlet, inlet)]:
        remedy = "choose another temperature or coolant"
        raise SpecError(where, [Problem("cooling.inlet_temperature", f"{'; '.join(found)}; {remedy}")])
    tiles, blocked = scenario.thermal.tiles_per_die, cooling.blocked.slots
    try:
        return WaferThermalModel(chip, design, recipe, coolant, tiles, inlet, blocked, cooling.clogged)
    except SpecError as error:
        raise SpecError(f"{where}: {error.where}", error.problems) from error


def _service(
    scenario: Scenario, system: WaferSystem, chip: Chip, wafers: int, tiles: tuple[int, int], where: str
) -> Service | None:
    work = scenario.workload
    if work.type != "serving":
        return None
    model = load_model(scenario, where)
    placement = place(model, chip, wafers, system.software, scenario.number_format, scenario.placement.region, where)
    cache = cache_capacity(model, chip, wafers, scenario.number_format)
    return Service(
        model=model,
        placement=placement,
        events=model_events(model, chip, system.software, placement),
        shares=placement.shares(*tiles),
        touched=placement.touches(chip.dies),
        requests=scenario_requests(scenario),
        limits=Limits(cache, work.streams),
    )


def load_model(scenario: Scenario, where: str) -> LanguageModel:
    """Return the model that a scenario serves."""
    if scenario.model is None:
        raise SpecError(where, [Problem("model", "missing; serving needs a name in data/models or a config.json")])
    model = library.load("model", scenario.model)
    assert isinstance(model, LanguageModel)
    return model


def scenario_requests(scenario: Scenario) -> Requests:
    """Return the requests that arrive during a scenario."""
    work = scenario.workload
    assert work.trace is not None
    requests = window(load_requests(work.trace), work.duration)
    return scale_arrivals(requests, work.rate_scale, work.duration, work.seed)


def _materials(chip: Chip, design: ChannelDesign | JetDesign) -> tuple[Entry, ...]:
    named = [layer.material for layer in chip.layers] + [layer.material for layer in design.layers]
    named += [layer.microchannels.wall_material for layer in design.layers if layer.microchannels]
    return tuple(library.entry("material", name) for name in dict.fromkeys(n for n in named if isinstance(n, str)))


def _trace(scenario: Scenario) -> tuple[Entry, ...]:
    trace = scenario.workload.trace
    if scenario.workload.type != "serving" or trace is None or trace.lower().endswith(".csv"):
        return ()
    return (library.entry("trace", trace),)
