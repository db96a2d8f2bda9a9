"""Everything of a wafer system that stays as it is during a run, built from a scenario."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from twin import inputs, library
from twin.delivery.grid import WaferGrid, wafer_grid
from twin.engine.service import Service, service
from twin.errors import Problem, SpecError
from twin.inputs import with_materials
from twin.library import Entry
from twin.power.model import PowerModel
from twin.spec.chip import Array as Tiles
from twin.spec.chip import Chip
from twin.spec.coolant import ConstantCoolant, FluidCoolant
from twin.spec.cooling import ChannelDesign, JetDesign
from twin.spec.delivery import DeliveryDesign
from twin.spec.scenario import Cooling, Scenario
from twin.spec.system import WaferSystem
from twin.thermal.coolant import CoolantProperties, load_coolant
from twin.thermal.inlet import refused_inlet
from twin.thermal.loop import flow_cautions
from twin.thermal.protocol import ThermalModel, ThermalState
from twin.thermal.pumps import delivered_flow
from twin.thermal.reduced.twofold import TwofoldWaferModel
from twin.thermal.regime import Caution
from twin.thermal.wafer import WaferThermalModel
from twin.workload.activity import tile_cores
from twin.workload.pipeline import Pipeline, nominal_clocks, pipeline, region_clocks

Array = NDArray[np.float64]
GRID_CELLS_PER_TILE = 1
_GRIDS = 4
"""Power grids that a process keeps."""


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
    thermal: ThermalModel
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

    def cautions(
        self, thermal: Iterable[ThermalState], inlet: float, of_loop: Iterable[Caution], flow: float
    ) -> list[Caution]:
        """Return where wafers, loop and pumps leave what the models hold for, each subject once.

        inlet : coolant in K;  flow : of one wafer in m3/s
        """
        found = [caution for wafer in thermal for caution in self.thermal.cautions(wafer, inlet)]
        found += [*of_loop, *flow_cautions(flow, self.cooling.flow_rate)]
        first = {caution.subject: caution for caution in reversed(found)}
        return list(reversed(first.values()))

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
        load = self.service.asked.load if self.service else None
        if level is None or load is None:
            return 0.0
        context = load.prompt + 0.5 * load.generated
        alone = self.pipeline(nominal_clocks(self.chip, self.wafers)).rates(1, context, 0).decode
        return min(1.0, level.tokens_per_second_per_user / alone)


def build_wafer_plant(scenario: Scenario, system: Entry, where: str) -> WaferPlant:
    """Build a wafer system; SpecError (naming `where`) for what does not fit together."""
    spec = system.spec
    assert isinstance(spec, WaferSystem)
    if scenario.cooling is None:
        raise SpecError(where, [Problem("cooling", f"missing; the wafers of '{spec.title}' need a coolant")])
    used = {**inputs.used(scenario, where), "mesh": library.entry("mesh", scenario.thermal.mesh)}
    chip, design, delivery = used["chip"].spec, used["cooling"].spec, used["delivery"].spec
    assert isinstance(chip, Chip)
    assert isinstance(design, ChannelDesign | JetDesign)
    assert isinstance(delivery, DeliveryDesign)
    chip, design = with_materials(scenario, chip, where), with_materials(scenario, design, where)
    coolant = load_coolant(cast(FluidCoolant | ConstantCoolant, used["coolant"].spec))
    _check_failures(scenario.cooling, design, where)
    wafers = (scenario.systems or 1) * spec.wafers
    thermal = _thermal(scenario, scenario.cooling, chip, design, coolant, used["mesh"], where)
    cores = tile_cores(chip, wafers, *thermal.tiles)
    return WaferPlant(
        scenario=scenario,
        system=spec,
        wafers=wafers,
        chip=chip,
        cooling=scenario.cooling,
        design=design,
        delivery=delivery,
        coolant=coolant,
        thermal=thermal,
        grid=_grid(chip, delivery, scenario.thermal.tiles_per_die),
        power=PowerModel(chip, cores[0] / cores[0].sum()),
        cores=cores,
        service=service(scenario, spec, chip, wafers, thermal.tiles, where),
        entries=(*used.values(), *_trace(scenario)),
    )


@lru_cache(maxsize=_GRIDS)
def _grid(chip: Chip, delivery: DeliveryDesign, tiles: Tiles) -> WaferGrid:
    """Return the power grid of a chip, kept: the points of a study share a few."""
    return wafer_grid(chip, delivery, (tiles.x, tiles.y), GRID_CELLS_PER_TILE)


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
    scenario: Scenario,
    cooling: Cooling,
    chip: Chip,
    design: ChannelDesign | JetDesign,
    coolant: CoolantProperties,
    mesh: Entry,
    where: str,
) -> ThermalModel:
    recipe: Any = mesh.spec
    inlet = cooling.inlet_temperature
    if wrong := refused_inlet(coolant, inlet):
        raise SpecError(where, [Problem("cooling.inlet_temperature", wrong)])
    tiles, blocked = scenario.thermal.tiles_per_die, cooling.blocked.slots
    try:
        full = WaferThermalModel(chip, design, recipe, coolant, tiles, inlet, blocked, cooling.clogged)
    except SpecError as error:
        raise SpecError(f"{where}: {error.where}", error.problems) from error
    if scenario.thermal.model == "full":
        return full
    return TwofoldWaferModel(full, _usual_flow(full, cooling.flow_rate, inlet))


def _usual_flow(full: WaferThermalModel, wanted: float, inlet: float) -> float:
    """Return what all pumps deliver in m3/s of the wanted flow; the wanted one where they deliver nothing."""
    loop, flow = full.design.loop, wanted
    for _ in range(2):  # the first answer is a little low
        flow = delivered_flow(loop, wanted, full.uniform_drop(inlet, flow) * wanted / flow) or wanted
        if flow == wanted:
            break
    return flow


def _trace(scenario: Scenario) -> tuple[Entry, ...]:
    trace = scenario.workload.trace
    if scenario.workload.type != "serving" or trace is None or trace.lower().endswith(".csv"):
        return ()
    return (library.entry("trace", trace),)
