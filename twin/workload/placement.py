"""Where the layers of a model lie: squares of cores, in serpentine order, on one or several wafers."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, sqrt

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, SpecError
from twin.spec.chip import Array, Chip
from twin.spec.model import LanguageModel
from twin.spec.system import Software
from twin.workload.operators import cache_bytes, head_parameters, layer_parameters, parameters, weight_bytes

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CoreGrid:
    """The cores of a wafer as columns along x and rows along y."""

    columns: int
    rows: int

    @property
    def short_edge(self) -> int:
        """The edge of the largest square of cores."""
        return min(self.columns, self.rows)


@dataclass(frozen=True)
class Region:
    """A square of `edge` cores with its first core at (`column`, `row`) of a wafer."""

    wafer: int
    column: int
    row: int
    edge: int


@dataclass(frozen=True)
class Placement:
    """Regions of all layers in order, then of the output head; layers of one square share its time.

    `slots` numbers the square of each layer; `head_slot` is the square that the head shares, None when it
    has one of its own.
    """

    grid: CoreGrid
    wafers: int
    regions: tuple[Region, ...]
    slots: tuple[int, ...]
    head_slot: int | None

    @property
    def layer_edge(self) -> int:
        """Edge of a layer's square in cores."""
        return self.regions[0].edge

    @property
    def head_edge(self) -> int:
        """Edge of the head's square in cores."""
        return self.regions[-1].edge

    def shares(self, ny: int, nx: int) -> Floats:
        """Return the part of each region's cores in each tile, shape (regions, wafer, ny, nx).

        Each region sums to one; `ny` x `nx` equal tiles cover a wafer.
        """
        found = np.zeros((len(self.regions), self.wafers, ny, nx))
        for number, region in enumerate(self.regions):
            along_x = overlaps(region.column, region.edge, self.grid.columns, nx)
            along_y = overlaps(region.row, region.edge, self.grid.rows, ny)
            found[number, region.wafer] = np.outer(along_y, along_x)
        return found

    def touches(self, dies: Array) -> NDArray[np.bool_]:
        """Return which dies carry cores of each region, shape (regions, wafer, die_y, die_x)."""
        return self.shares(dies.y, dies.x) > 0.0


def overlaps(first: int, length: int, cells: int, tiles: int) -> Floats:
    """Return the part of `length` cells from `first` on that lies in each of `tiles` equal tiles."""
    edges = np.linspace(0.0, cells, tiles + 1)
    inside = np.minimum(edges[1:], first + length) - np.maximum(edges[:-1], first)
    return np.maximum(inside, 0.0) / length


def core_grid(chip: Chip) -> CoreGrid:
    """Return the largest grid of the chip's active cores with the aspect of the chip."""
    columns = floor(sqrt(chip.cores * chip.size.x / chip.size.y))
    return CoreGrid(columns, chip.cores // columns)


def fewest_wafers(model: LanguageModel, chip: Chip, number_format: str) -> int:
    """Return the fewest wafers whose memory holds the weights and at least one token's cache."""
    need = weight_bytes(model, number_format) + cache_bytes(model, number_format)
    return ceil(need / wafer_memory(chip))


def wafer_memory(chip: Chip) -> float:
    """Return the bytes of a wafer's cores that code and buffers leave to weights and cache."""
    return chip.cores * (chip.core.memory - chip.core.reserved_memory)


def cache_capacity(model: LanguageModel, chip: Chip, wafers: int, number_format: str) -> int:
    """Return the tokens whose keys and values fit beside the weights; not positive: the model does not fit."""
    free = wafers * wafer_memory(chip) - weight_bytes(model, number_format)
    return floor(free / cache_bytes(model, number_format))


def edge_for(parameter_share: float, cores: int, compute_share: float) -> int:
    """Return the edge of the square that a share of all parameters gets of `cores` cores."""
    return max(1, floor(sqrt(compute_share * cores * parameter_share)))


def place(
    model: LanguageModel,
    chip: Chip,
    wafers: int,
    software: Software,
    number_format: str = "fp16",
    region: int | None = None,
    where: str = "scenario",
) -> Placement:
    """Return the placement of a model on `wafers` chips.

    Without `region` every layer has a square of its own, as large as the compute share and the packing
    allow. With it the squares have that edge, and layers that find no free square share one in turn.

    Raises
    ------
    SpecError
        The weights do not fit, there are more wafers than layers, or `region` is larger than the wafer.
    """
    grid = core_grid(chip)
    problems = _problems(model, chip, wafers, number_format, region, grid)
    if problems:
        raise SpecError(where, problems)
    total = parameters(model)
    cores = wafers * chip.cores
    head_edge = edge_for(head_parameters(model) / total, cores, software.compute_share)
    head_edge = min(head_edge, grid.short_edge)
    if region is not None:
        return _pack(model.num_hidden_layers, wafers, grid, region, head_edge)
    edge = min(edge_for(layer_parameters(model) / total, cores, software.compute_share), grid.short_edge)
    while True:
        placement = _pack(model.num_hidden_layers, wafers, grid, edge, head_edge)
        if edge == 1 or (placement.head_slot is None and len(set(placement.slots)) == len(placement.slots)):
            return placement
        edge -= 1


def _problems(
    model: LanguageModel, chip: Chip, wafers: int, number_format: str, region: int | None, grid: CoreGrid
) -> list[Problem]:
    problems = []
    if cache_capacity(model, chip, wafers, number_format) < 1:
        gigabytes = weight_bytes(model, number_format) / 1e9
        fewest = fewest_wafers(model, chip, number_format)
        message = f"{gigabytes:.0f} GB of weights do not fit on {wafers} of '{chip.title}'; use at least {fewest}"
        problems.append(Problem("systems", message))
    if wafers > model.num_hidden_layers:
        message = f"{wafers} wafers for {model.num_hidden_layers} layers; use at most one wafer per layer"
        problems.append(Problem("systems", message))
    if region is not None and region > grid.short_edge:
        message = f"{region} cores exceed the wafer's {grid.columns} x {grid.rows}; use at most {grid.short_edge}"
        problems.append(Problem("placement.region", message))
    return problems


def _pack(layers: int, wafers: int, grid: CoreGrid, edge: int, head_edge: int) -> Placement:
    """Return consecutive layers in even groups on the wafers, the head behind the last layer."""
    per_row, row_count = grid.columns // edge, grid.rows // edge
    regions: list[Region] = []
    slots: list[int] = []
    used = 0
    for wafer, count in enumerate(_even_groups(layers, wafers)):
        used = min(count, per_row * row_count)
        for layer in range(count):
            slot = layer * used // count
            slots.append(wafer * per_row * row_count + slot)
            regions.append(_square(wafer, slot, per_row, edge))
    free, corner = _free_square(used, per_row, grid, edge)
    if free >= edge:
        own = min(free, head_edge)
        column, row = corner
        # A right-hand corner counts from the wafer's far side, so that the head ends flush with it.
        head = Region(wafers - 1, min(column, grid.columns - own), row, own)
        return Placement(grid, wafers, (*regions, head), tuple(slots), None)
    last = regions[-1]
    head = Region(last.wafer, last.column, last.row, min(edge, head_edge))
    return Placement(grid, wafers, (*regions, head), tuple(slots), slots[-1])


def _even_groups(layers: int, wafers: int) -> list[int]:
    return [layers * (n + 1) // wafers - layers * n // wafers for n in range(wafers)]


def _square(wafer: int, slot: int, per_row: int, edge: int) -> Region:
    """Return square number `slot`; every other row runs backwards, so that consecutive squares adjoin."""
    row, place = divmod(slot, per_row)
    column = place if row % 2 == 0 else per_row - 1 - place
    return Region(wafer, column * edge, row * edge, edge)


def _free_square(used: int, per_row: int, grid: CoreGrid, edge: int) -> tuple[int, tuple[int, int]]:
    """Return edge and corner of the largest free square behind `used` squares: beside or above the last."""
    row, filled = divmod(used - 1, per_row)
    filled += 1
    forwards = row % 2 == 0
    width, height = grid.columns - filled * edge, grid.rows - row * edge
    if forwards:
        beside_width, beside_column = width, filled * edge
    else:
        beside_width, beside_column = (per_row - filled) * edge, 0
    beside = min(beside_width, height)
    above = min(grid.columns, grid.rows - (row + 1) * edge)
    if beside >= above:
        return beside, (beside_column, row * edge)
    return above, (0 if not forwards else grid.columns, (row + 1) * edge)
