"""The liquid-cooled wafer: chip, cooling design and mesh recipe become a finite-element model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from twin.errors import Problem, SpecError
from twin.fe.heat import Film, HeatBalance, HeatModel, HeatState, HeatSystem
from twin.fe.stream import Stream
from twin.fe.tensor import Array, TensorGrid, hat_integrals, mass
from twin.spec.chip import Array as Tiles
from twin.spec.chip import Chip
from twin.spec.cooling import ChannelDesign, CoolingLayer, JetDesign
from twin.spec.mesh import MeshRecipe
from twin.thermal.bed import BedFlow, ChannelBed
from twin.thermal.coolant import CoolantProperties
from twin.thermal.hydraulics import ChannelGeometry, Layout
from twin.thermal.jets import JetBed
from twin.thermal.layers import Layer, build_grid, channel_layer, layer_mean_weights, solid_layer, tile_nodes
from twin.thermal.layers import wetted_walls as walls_of

_TOLERANCE = 3e-10
_REFRESH_AFTER = 8
_STEADY_UPDATES = 20
_STEADY_CHANGE = 1e-6


@dataclass(frozen=True)
class WaferState:
    """One instant of a wafer; see ThermalState for the quantities."""

    heat: HeatState
    balance: HeatBalance
    flow: BedFlow
    tile_temperature: Array
    coolant_temperature: Array
    die_peak: Array
    coolant_outlet: float
    iterations: int

    @property
    def peak(self) -> float:
        """Hottest point of the solid in K."""
        return float(self.heat.solid.max())

    @property
    def coolant_heat(self) -> float:
        """Heat given to the coolant in W."""
        return sum(self.balance.streams)

    @property
    def board_heat(self) -> float:
        """Heat given to the board side in W."""
        return sum(self.balance.faces.values())

    @property
    def stored_heat(self) -> float:
        """Rate of heat stored in W."""
        return self.balance.stored

    @property
    def pressure_drop(self) -> float:
        """Pressure drop of the cooling design in Pa."""
        return self.flow.pressure_drop


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
    ):
        self.chip, self.design, self.recipe = chip, design, recipe
        self._tiles_x, self._tiles_y = chip.dies.x * tiles_per_die.x, chip.dies.y * tiles_per_die.y
        self.layers = _layers(chip, design, recipe, coolant, reference_temperature)
        self.grid = self._grid()
        film = Film(design.board.coefficient, design.board.ambient)
        self.model = HeatModel(
            self.grid,
            np.array([layer.conductivity for layer in self.layers]),
            np.array([layer.heat_capacity for layer in self.layers]),
            {"bottom": film} if film.coefficient > 0 else {},
        )
        self.bed = _bed(self.grid, len(chip.layers), chip, design, coolant, reference_temperature, blocked)
        self._systems: dict[float | None, HeatSystem] = {}

    @property
    def tiles(self) -> tuple[int, int]:
        """Number of tiles along y and x."""
        return self._tiles_y, self._tiles_x

    @property
    def unknowns(self) -> int:
        """Number of unknowns, solid and coolant."""
        columns, cells = self.bed.shape
        return self.grid.size + columns * cells

    def _grid(self) -> TensorGrid:
        cells = self.recipe.cells_per_tile
        x = tile_nodes(self.chip.size.x, self._tiles_x, cells.x, self.recipe.edge_share)
        y = tile_nodes(self.chip.size.y, self._tiles_y, cells.y, self.recipe.edge_share)
        slots = np.linspace(0.0, self.chip.size.y, _pieces(self.design) + 1)
        return build_grid(x, _with_points(y, slots), self.layers)

    @cached_property
    def _tile_hats(self) -> tuple[Array, Array, Array]:
        """Integrals of hats over tiles along x and y, and shares of planes in the heat layer."""
        x_edges = np.linspace(0.0, self.chip.size.x, self._tiles_x + 1)
        y_edges = np.linspace(0.0, self.chip.size.y, self._tiles_y + 1)
        index = next(i for i, layer in enumerate(self.chip.layers) if layer.heat)
        through = layer_mean_weights(self.grid, index)
        return hat_integrals(self.grid.x, x_edges), hat_integrals(self.grid.y, y_edges), through

    @cached_property
    def _tile_area(self) -> float:
        return self.chip.size.x * self.chip.size.y / (self._tiles_x * self._tiles_y)

    def uniform(self, temperature: float, flow_rate: float) -> WaferState:
        """Return a wafer at one temperature."""
        solid = np.full(self.grid.shape, temperature)
        heat = HeatState(solid, self.bed.uniform(temperature))
        streams, flow = self.bed.streams(flow_rate, temperature, heat.coolant)
        return self._state(heat, HeatBalance(0.0, {}, (0.0,) * len(streams), 0.0), flow, streams, 0)

    def steady(self, heat: Array, flow_rate: float, inlet: float, guess: WaferState | None = None) -> WaferState:
        """Return the steady state; flow and coefficients at the coolant's own temperatures."""
        state = guess or self.uniform(inlet, flow_rate)
        means = self._means(state, flow_rate, inlet)
        for _ in range(_STEADY_UPDATES):
            state = self._solve(state, means, heat, flow_rate, inlet, None, None)
            updated = self._means(state, flow_rate, inlet)
            change = max(float(np.abs(a - b).max()) for a, b in zip(updated, means, strict=True))
            if change < _STEADY_CHANGE:
                break
            means = updated
        return state

    def step(
        self,
        state: WaferState,
        heat: Array,
        flow_rate: float,
        inlet: float,
        step: float,
        guess: WaferState | None = None,
    ) -> WaferState:
        """Return the state one implicit Euler step later; flow follows the coolant before the step."""
        means = self._means(state, flow_rate, inlet)
        return self._solve(guess or state, means, heat, flow_rate, inlet, step, state)

    def surface(self, state: WaferState) -> Array:
        """Return the heat layer's mean over its thickness on the nodes, shape (ny, nx)."""
        return np.asarray((state.heat.solid @ self._tile_hats[2]).T)

    def _solve(
        self,
        guess: WaferState,
        means: Sequence[Array],
        heat: Array,
        flow_rate: float,
        inlet: float,
        step: float | None,
        old: WaferState | None,
    ) -> WaferState:
        streams, flow = self.bed.streams(flow_rate, inlet, means)
        known = self._systems.get(step)
        system = known.with_streams(streams) if known else HeatSystem(self.model, streams, step)
        load = self._load(heat)
        tolerance = _TOLERANCE * max(float(np.abs(heat).sum()), 1.0)
        solved, balance, iterations = system.solve(load, guess.heat.solid, tolerance, old.heat if old else None)
        if iterations > _REFRESH_AFTER:
            self._systems.pop(step, None)  # the flow has moved on: factorise anew next time
        else:
            self._systems[step] = system
        return self._state(solved, balance, flow, streams, iterations)

    def _load(self, heat: Array) -> Array:
        x, y, through = self._tile_hats
        plane = x @ (np.asarray(heat).T / self._tile_area) @ y.T
        return plane[:, :, None] * through

    def _means(self, state: WaferState, flow_rate: float, inlet: float) -> list[Array]:
        """Mean temperature of the coolant in every cell."""
        streams, _ = self.bed.streams(flow_rate, inlet, state.heat.coolant)
        return [stream.means(field) for stream, field in zip(streams, state.heat.coolant, strict=True)]

    def _state(
        self, heat: HeatState, balance: HeatBalance, flow: BedFlow, streams: Sequence[Stream], iterations: int
    ) -> WaferState:
        x, y, through = self._tile_hats
        layer = heat.solid @ through
        tiles = (x.T @ layer @ y).T / self._tile_area
        widths = self.model.column_widths
        outlets = [stream.outlet_mean(f, widths) for stream, f in zip(streams, heat.coolant, strict=True)]
        return WaferState(
            heat=heat,
            balance=balance,
            flow=flow,
            tile_temperature=tiles,
            coolant_temperature=self._coolant_by_tile(streams, heat.coolant),
            die_peak=self._die_peak(heat.solid[:, :, through > 0].max(axis=2)),
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

    def _coolant_by_tile(self, streams: Sequence[Stream], coolant: Sequence[Array]) -> Array:
        x = self._tile_hats[0]
        fields = [stream.means(field) for stream, field in zip(streams, coolant, strict=True)]
        return ((x / x.sum(axis=0)).T @ np.mean(fields, axis=0) @ self._cell_shares).T

    def _die_peak(self, layer: Array) -> Array:
        """Maximum over the nodes of each die, edges included."""
        for axis, extent, dies in ((0, self.chip.size.x, self.chip.dies.x), (1, self.chip.size.y, self.chip.dies.y)):
            nodes = (self.grid.x, self.grid.y)[axis]
            cuts = np.searchsorted(nodes, np.linspace(0.0, extent, dies + 1) - 1e-9 * extent)
            parts = [
                np.take(layer, np.arange(a, b + 1), axis=axis).max(axis=axis)
                for a, b in zip(cuts[:-1], np.minimum(cuts[1:], nodes.size - 1), strict=True)
            ]
            layer = np.stack(parts, axis=axis)
        return layer.T


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
    unknown = set(recipe.named_layers) - {layer.name for layer in (*chip.layers, *design.layers)}
    if unknown:
        known = ", ".join(layer.name for layer in (*chip.layers, *design.layers))
        problems = [Problem(f"named_layers.{name}", f"no such layer. Available: {known}.") for name in sorted(unknown)]
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
) -> ChannelBed | JetBed:
    """The coolant of a design above `below` layers of the chip."""
    widths = mass(grid.x).sum(axis=1)
    if isinstance(design, JetDesign):
        return JetBed.over(grid, design.jets, chip.size, coolant, temperature)
    index, channels = below + design.channel_index, design.channels
    thickness = design.layers[design.channel_index].thickness
    geometry = ChannelGeometry(channels.width, channels.wall, thickness, design.covered)
    layout = Layout.manifold(grid.y, channels.pieces, channels.slot_width, blocked)
    return ChannelBed(
        geometry,
        (layout,),
        (walls_of(grid, index, geometry),),
        widths,
        coolant,
        temperature,
        channels.heat_transfer,
        channels.turn_loss,
    )
