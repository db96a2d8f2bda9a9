"""The liquid-cooled wafer: chip, cooling design and mesh recipe become a finite-element model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, SpecError, did_you_mean
from twin.fe.heat import Film, HeatBalance, HeatModel, HeatState, HeatStep, HeatSystem
from twin.fe.stream import Stream
from twin.fe.tensor import Array, TensorGrid, basis_integrals
from twin.spec.chip import Array as Tiles
from twin.spec.chip import Chip
from twin.spec.clog import Clog
from twin.spec.cooling import ChannelDesign, CoolingLayer, JetDesign
from twin.spec.mesh import MeshRecipe
from twin.thermal.bed import BedFlow, ChannelBed
from twin.thermal.clogging import Clogging, clog_problems
from twin.thermal.coolant import CoolantProperties
from twin.thermal.hydraulics import ChannelGeometry, Layout, design_geometry
from twin.thermal.jets import JetBed
from twin.thermal.layers import (
    Layer,
    LayerCells,
    build_grid,
    channel_layer,
    layer_mean_weights,
    power_laws,
    solid_layer,
    tile_nodes,
)
from twin.thermal.layers import wetted_walls as walls_of
from twin.thermal.readings import BalanceReadings
from twin.thermal.regime import Caution

_TOLERANCE = 3e-10
_MOST_SYSTEMS = 6
_MOST_LAYOUTS = _MOST_MESHES = 16
_STEADY_UPDATES = 20
_STEADY_CHANGE = 1e-6


@dataclass(frozen=True)
class WaferState(BalanceReadings):
    """One instant of a wafer; see ThermalState for the quantities."""

    heat: HeatState
    coolant_means: tuple[Array, ...]
    balance: HeatBalance
    flow: BedFlow
    tile_temperature: Array
    coolant_temperature: Array
    die_peak: Array
    coolant_outlet: float
    iterations: int

    def tree(self) -> dict[str, Any]:
        """Return all that the next step needs, as arrays by name."""
        return {
            "solid": self.heat.solid,
            "coolant": self.heat.coolant,
            "coolant_means": self.coolant_means,
            "tile_temperature": self.tile_temperature,
            "die_peak": self.die_peak,
        }

    @property
    def peak(self) -> float:
        """Hottest point of the solid in K."""
        return float(self.heat.solid.max())


class WaferThermalModel:
    """Finite-element model of a chip under a cooling design.

    Parameters
    ----------
    chip, design, recipe, coolant
        Geometry and properties.
    tiles_per_die : Array
        Tiles of one die along x and y; heat comes and temperatures go by tile.
    reference_temperature : float
        Temperature in K at which density and specific heat of the coolant are taken.
    blocked : sequence of int
        Numbers of blocked slots.
    clogged : sequence of Clog
        Patches of the channels.
    """

    def __init__(
        self,
        chip: Chip,
        design: ChannelDesign | JetDesign,
        recipe: MeshRecipe,
        coolant: CoolantProperties,
        tiles_per_die: Tiles,
        reference_temperature: float,
        blocked: Sequence[int] = (),
        clogged: Sequence[Clog] = (),
    ):
        self.chip, self.design, self.recipe = chip, design, recipe
        self.coolant, self.tiles_per_die = coolant, tiles_per_die
        self.blocked, self.clogged = tuple(blocked), tuple(clogged)
        self._tiles_x, self._tiles_y = chip.dies.x * tiles_per_die.x, chip.dies.y * tiles_per_die.y
        self.layers = _layers(chip, design, recipe, coolant, reference_temperature)
        self.grid = _grid(
            (chip.size.x, chip.size.y), self.tiles, (recipe.cells_per_tile.x, recipe.cells_per_tile.y),
            recipe.edge_share, _pieces(design),
            tuple(layer.mesh for layer in self.layers),
        )  # fmt: skip
        film = Film(design.board.coefficient, design.board.ambient)
        self.model = HeatModel(
            self.grid,
            np.array([layer.conductivity for layer in self.layers]),
            np.array([layer.heat_capacity for layer in self.layers]),
            {"bottom": film} if film.coefficient > 0 else {},
            power_laws=power_laws(self.layers),
        )
        self.bed = _bed(self.grid, len(chip.layers), chip, design, coolant, reference_temperature, blocked, clogged)
        self.reference_temperature = reference_temperature
        self._systems: dict[tuple[float | None, float], HeatSystem] = {}

    @property
    def tiles(self) -> tuple[int, int]:
        """Number of tiles along y and x."""
        return self._tiles_y, self._tiles_x

    @property
    def unknowns(self) -> int:
        """Number of unknowns, solid and coolant."""
        columns, cells = self.bed.shape
        return self.grid.size + columns * cells

    @cached_property
    def tile_hats(self) -> tuple[Array, Array, Array]:
        """Integrals of hats over tiles along x and y, and shares of planes in the heat layer."""
        index = next(i for i, layer in enumerate(self.chip.layers) if layer.heat)
        return *tile_integrals(self.grid, self.tiles), layer_mean_weights(self.grid, index)

    @cached_property
    def tile_area(self) -> float:
        return self.chip.size.x * self.chip.size.y / (self._tiles_x * self._tiles_y)

    def uniform(self, temperature: float, flow_rate: float) -> WaferState:
        """Return a wafer at one temperature."""
        heat = HeatState(np.full(self.grid.shape, temperature), self.bed.uniform(temperature))
        return self.with_temperatures(heat, flow_rate, temperature)

    def uniform_drop(self, temperature: float, flow_rate: float) -> float:
        """Return the pressure drop in Pa of a flow in m3/s of coolant at one temperature in K."""
        if isinstance(self.bed, ChannelBed):
            bed = self.bed.alike()
            return bed.flow(flow_rate, bed.uniform(temperature)).pressure_drop
        return self.bed.streams(flow_rate, temperature, ())[1].pressure_drop

    def restored(self, tree: dict[str, Any], flow_rate: float, inlet: float) -> WaferState:
        """Return the state that WaferState.tree told of; its watts are unknown."""
        readings = dict(tree)
        heat = HeatState(readings.pop("solid"), readings.pop("coolant"))
        return replace(self.with_temperatures(heat, flow_rate, inlet), **readings)

    def with_temperatures(self, heat: HeatState, flow_rate: float, inlet: float) -> WaferState:
        """Return the wafer with given temperatures; its watts are unknown."""
        streams, flow = self.bed.streams(flow_rate, inlet, heat.coolant)
        return self.observed(heat, HeatBalance(0.0, {}, (0.0,) * len(streams), 0.0), flow, streams, 0)

    def steady(
        self, heat: Array, flow_rate: float, inlet: float, guess: WaferState | None = None, enough: float = 0.0
    ) -> WaferState:
        """Return the steady state; flow and coefficients at the coolant's own temperatures, to `enough` K."""
        state = guess or self.uniform(inlet, flow_rate)
        for _ in range(_STEADY_UPDATES):
            means = state.coolant_means
            state = self._equations(means, flow_rate, inlet, None, None).solve(heat, state)
            if all(
                np.abs(a - b).max() < max(enough, _STEADY_CHANGE)
                for a, b in zip(state.coolant_means, means, strict=True)
            ):
                break
        return state

    def step(self, state: WaferState, flow_rate: float, inlet: float, step: float) -> WaferStep:
        """Return the equations of one implicit Euler step; flow follows the coolant before the step."""
        return self._equations(state.coolant_means, flow_rate, inlet, step, state.heat)

    def surface(self, state: WaferState) -> Array:
        """Return the heat layer's mean over its thickness on the nodes, shape (ny, nx)."""
        return np.asarray((state.heat.solid @ self.tile_hats[2]).T)

    def coolant_surface(self, state: WaferState) -> Array:
        """Return the coolant at the outlet of the cells around each node, shape (ny, nx)."""
        cells = np.mean(state.heat.coolant, axis=0)
        padded = np.concatenate([cells[:, :1], cells, cells[:, -1:]], axis=1)
        return np.asarray((padded[:, :-1] + padded[:, 1:]).T / 2)

    def cautions(self, state: WaferState, inlet: float) -> tuple[Caution, ...]:
        """Return where the coolant of a state, entering at `inlet` K, leaves what the model holds for."""
        walls = self.bed.walls if isinstance(self.bed, ChannelBed) else ()
        planes = [wall.planes for wall in walls] or [slice(-1, None)]
        hottest = max(float(state.heat.solid[:, :, plane].max()) for plane in planes)
        return self.bed.cautions(state.flow, inlet, state.heat.coolant, hottest, self.design.velocity_limit)

    def drop(self, states: Sequence[WaferState], flow_rate: float) -> float:
        """Return the largest pressure drop in Pa that a flow in m3/s has at the coolant temperatures of some wafers."""
        return max(self.bed.flow(flow_rate, state.coolant_means).pressure_drop for state in states)

    def _equations(
        self, means: Sequence[Array], flow_rate: float, inlet: float, step: float | None, old: HeatState | None
    ) -> WaferStep:
        streams, flow = self.bed.streams(flow_rate, inlet, means)
        return WaferStep(self, self._system(step, flow_rate).at(streams, old), flow)

    def _system(self, step: float | None, flow_rate: float) -> HeatSystem:
        """Return the factorised system for a time step and a flow of coolant at one temperature.

        It preconditions the exact one; since it does not depend on what was solved before, a run that
        is continued repeats the same arithmetic.
        """
        reference = float(f"{flow_rate:.2g}")
        key = (step, reference)
        if key not in self._systems:
            while len(self._systems) >= _MOST_SYSTEMS:
                self._systems.pop(next(iter(self._systems)))
            inlet = self.reference_temperature
            streams, _ = self.bed.streams(reference, inlet, self.bed.uniform(inlet))
            self._systems[key] = HeatSystem(self.model, streams, step)
        return self._systems[key]

    def load(self, heat: Array) -> Array:
        """Return watts per node for watts per tile."""
        x, y, through = self.tile_hats
        plane = x @ (np.asarray(heat).T / self.tile_area) @ y.T
        return plane[:, :, None] * through

    def observed(
        self, heat: HeatState, balance: HeatBalance, flow: BedFlow, streams: Sequence[Stream], iterations: int
    ) -> WaferState:
        """Return temperatures with all that is read off them."""
        x, y, through = self.tile_hats
        layer = heat.solid @ through
        tiles = (x.T @ layer @ y).T / self.tile_area
        means = tuple(stream.means(field) for stream, field in zip(streams, heat.coolant, strict=True))
        widths = self.model.column_widths
        outlets = [stream.outlet_mean(f, widths) for stream, f in zip(streams, heat.coolant, strict=True)]
        return WaferState(
            heat=heat,
            coolant_means=means,
            balance=balance,
            flow=flow,
            tile_temperature=tiles,
            coolant_temperature=self._coolant_by_tile(means),
            die_peak=self.die_peak(heat.solid[:, :, through > 0].max(axis=2)),
            coolant_outlet=float(np.mean(outlets)),
            iterations=iterations,
        )

    @cached_property
    def _cell_shares(self) -> Array:
        """Share of each coolant cell in the mean over each row of tiles, shape (cells, tiles_y)."""
        edges = np.linspace(0.0, self.chip.size.y, self._tiles_y + 1)
        low, high = self.grid.y[:-1, None], self.grid.y[1:, None]
        overlap = np.clip(np.minimum(high, edges[1:]) - np.maximum(low, edges[:-1]), 0.0, None)
        return overlap / overlap.sum(axis=0)

    def _coolant_by_tile(self, means: Sequence[Array]) -> Array:
        x = self.tile_hats[0]
        return np.asarray(((x / x.sum(axis=0)).T @ np.mean(means, axis=0) @ self._cell_shares).T)

    @cached_property
    def _die_cuts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """First node of each die and the one behind its last, in turn, along x and y; dies share their edges."""
        size, dies = self.chip.size, self.chip.dies
        found = []
        for nodes, extent, count in ((self.grid.x, size.x, dies.x), (self.grid.y, size.y, dies.y)):
            edges = np.searchsorted(nodes, np.linspace(0.0, extent, count + 1) - 1e-9 * extent)
            pairs = np.stack([edges[:-1], edges[1:] + 1], axis=1).ravel()
            found.append(pairs[:-1])
        return found[0], found[1]

    def die_peak(self, layer: Array) -> Array:
        """Maximum over the nodes of each die, edges included."""
        for axis, cuts in enumerate(self._die_cuts):
            layer = np.maximum.reduceat(layer, cuts, axis=axis).take(np.arange(0, cuts.size, 2), axis=axis)
        return layer.T


@dataclass(frozen=True)
class WaferStep:
    """The equations of a wafer at one moment; `solve` may be called again with other heat."""

    wafer: WaferThermalModel
    equations: HeatStep
    flow: BedFlow

    def solve(self, heat: Array, guess: WaferState, reduction: float = 0.0) -> WaferState:
        """Return the wafer for a heat map in W, shape (tile_y, tile_x).

        `reduction` of the guess's residual is enough while the heat itself is still being corrected.
        """
        tolerance = _TOLERANCE * max(float(np.abs(heat).sum()), 1.0)
        load = self.wafer.load(heat)
        solved, balance, iterations = self.equations.solve(load, guess.heat.solid, tolerance, reduction)
        return self.wafer.observed(solved, balance, self.flow, self.equations.streams, iterations)


@lru_cache(maxsize=_MOST_MESHES)
def _grid(
    size: tuple[float, float],
    tiles: tuple[int, int],
    cells: tuple[int, int],
    edge_share: float,
    pieces: int,
    layers: tuple[LayerCells, ...],
) -> TensorGrid:
    """Return the mesh of a wafer, kept: the points of a study share a few.

    tiles : along y and x;  cells : of a tile along x and y
    """
    x = tile_nodes(size[0], tiles[1], cells[0], edge_share)
    y = tile_nodes(size[1], tiles[0], cells[1], edge_share)
    return build_grid(x, _with_points(y, np.linspace(0.0, size[1], pieces + 1)), layers)


@lru_cache(maxsize=_MOST_MESHES)
def tile_integrals(grid: TensorGrid, tiles: tuple[int, int]) -> tuple[Array, Array]:
    """Return integrals of hats over tiles along x, (nx, tile_x), and y, (ny, tile_y); tiles along y and x."""
    x_edges, y_edges = (np.linspace(0.0, nodes[-1], n + 1) for nodes, n in ((grid.x, tiles[1]), (grid.y, tiles[0])))
    return basis_integrals(grid.x, x_edges), basis_integrals(grid.y, y_edges)


def _pieces(design: ChannelDesign | JetDesign) -> int:
    return design.channels.pieces if isinstance(design, ChannelDesign) else 1


def _with_points(nodes: Array, points: Array) -> Array:
    """Return the nodes with each point put in: the slots must lie on edges of the coolant's cells."""
    extent = nodes[-1] - nodes[0]
    missing = [p for p in points if np.abs(nodes - p).min() > 1e-9 * extent]
    return np.sort(np.concatenate([nodes, missing]))


def _layers(
    chip: Chip, design: ChannelDesign | JetDesign, recipe: MeshRecipe, coolant: CoolantProperties, temperature: float
) -> tuple[Layer, ...]:
    """Layers of the chip, then those of the design."""
    known = [layer.name for layer in chip.layers] + [layer.name for layer in design.layers]
    problems = [
        Problem(f"named_layers.{name}", f"no such layer. {did_you_mean(name, known)}")
        for name in recipe.named_layers
        if name not in known
    ]
    if problems:
        raise SpecError("the mesh recipe", problems)
    layers = [
        solid_layer(
            layer.name,
            layer.thickness,
            recipe.named_layers.get(layer.name, recipe.layers.heat if layer.heat else recipe.layers.solid),
            layer.material,
            layer.contact_resistance_below,
        )
        for layer in chip.layers
    ]
    conductivity = float(coolant.conductivity(temperature))
    return (*layers, *(_design_layer(layer, recipe, conductivity) for layer in design.layers))


def _design_layer(layer: CoolingLayer, recipe: MeshRecipe, fluid_conductivity: float) -> Layer:
    contact, channels = layer.contact_resistance_below, layer.microchannels
    if channels is None:
        assert layer.material is not None
        cells = recipe.named_layers.get(layer.name, recipe.layers.solid)
        return solid_layer(layer.name, layer.thickness, cells, layer.material, contact)
    cells = recipe.named_layers.get(layer.name, recipe.layers.channels)
    geometry = ChannelGeometry(channels.width, channels.wall, layer.thickness)
    return channel_layer(layer.name, geometry, cells, channels.wall_material, fluid_conductivity, contact)


def _bed(
    grid: TensorGrid,
    below: int,
    chip: Chip,
    design: ChannelDesign | JetDesign,
    coolant: CoolantProperties,
    temperature: float,
    blocked: Sequence[int],
    clogged: Sequence[Clog],
) -> ChannelBed | JetBed:
    """The coolant of a design above `below` layers of the chip."""
    widths = grid.x_weights
    if isinstance(design, JetDesign):
        if clogged:
            raise SpecError("the cooling design", [Problem("cooling.clogged", "jets have no channels to be clogged")])
        return JetBed.over(grid, design.jets, chip.size.x * chip.size.y, coolant, temperature)
    index, channels = below + design.channel_index, design.channels
    geometry = design_geometry(design)
    layout = _manifold(tuple(grid.y.tolist()), channels.pieces, channels.slot_width, tuple(blocked))
    if problems := clog_problems(clogged, chip.size.x, chip.size.y, "cooling.clogged"):
        raise SpecError("the cooling design", problems)
    return ChannelBed(
        geometry,
        (layout,),
        (walls_of(grid, index, geometry),),
        widths,
        coolant,
        temperature,
        channels.heat_transfer,
        channels.turn_loss,
        clogging=Clogging.over(clogged, widths, grid.y) if clogged else None,
    )


@lru_cache(maxsize=_MOST_LAYOUTS)
def _manifold(edges: tuple[float, ...], pieces: int, slot_width: float, blocked: tuple[int, ...]) -> Layout:
    """Return where fluid enters and leaves, kept with all that it worked out: the points of a study share a few."""
    return Layout.manifold(edges, pieces, slot_width, blocked)
