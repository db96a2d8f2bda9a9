"""From a stack file to a heat model with its loads, beds of channels and probes.

The heat solver's coolant flows along y; a stack whose channels run along x is solved with x and y
exchanged (`oriented`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twin.errors import Problem, SpecError
from twin.fe.heat import Film, HeatModel
from twin.fe.stream import Stream, WettedWalls
from twin.fe.tensor import Array, TensorGrid, basis_integrals
from twin.spec.material import Material
from twin.spec.stack import FACES, CoolantFilm, Microchannels, Probe, Source, Stack, StackLayer
from twin.thermal.bed import ChannelBed
from twin.thermal.coolant import load_coolant
from twin.thermal.hydraulics import ChannelGeometry, Layout
from twin.thermal.layers import (
    Layer,
    build_grid,
    channel_layer,
    layer_mean_weights,
    material,
    mean_weights,
    nodes_between,
    solid_layer,
    wetted_walls,
)
from twin.thermal.stack_check import boundary

DEFAULT_CELLS = 64
DEFAULT_LAYER_CELLS = 4
_MOST_ALIGNED_EDGES = 200


@dataclass(frozen=True)
class StackModel:
    """A compiled stack: `film_streams` flow over outer faces, `beds` through channel layers."""

    stack: Stack
    layers: tuple[Layer, ...]
    heat: HeatModel
    beds: tuple[tuple[ChannelBed, Microchannels], ...]
    film_streams: tuple[Stream, ...]
    loads: tuple[tuple[Source, Array], ...]
    flux_load: Array
    probes: dict[str, Array]

    def load(self, time: float) -> Array:
        """Return the heat of sources and fluxes at a time, in W per node."""
        total = self.flux_load.copy()
        for source, load in self.loads:
            total += factor_at(source, time) * load
        return total


def oriented(stack: Stack) -> tuple[Stack, bool]:
    """Return the stack with its channels along y, and whether x and y were exchanged."""
    axes = [layer.microchannels.axis for layer in stack.layers if layer.microchannels]
    axes += [b.coolant_film.axis for f in FACES if (b := boundary(stack, f)).coolant_film]
    return (_exchanged(stack), True) if "x" in axes else (stack, False)


def factor_at(source: Source, time: float) -> float:
    """Return a schedule's factor, constant from each of its times on (the first holds before)."""
    if not source.schedule:
        return 1.0
    past = [factor for start, factor in source.schedule if start <= time * (1 + 1e-12)]
    return past[-1] if past else source.schedule[0][1]


def compile_stack(stack: Stack, folder: Path, exchanged: bool) -> StackModel:
    """Build everything that does not change in time; `folder` is where maps are looked for."""
    layers = tuple(_layer(layer, exchanged) for layer in stack.layers)
    x, y = _nodes(stack)
    grid = build_grid(x, y, layers)
    films = {f: Film(b.film.coefficient, b.film.ambient) for f in FACES if (b := boundary(stack, f)).film}
    fixed = {f: t for f in FACES if (t := boundary(stack, f).temperature) is not None}
    heat = HeatModel(
        grid,
        np.array([layer.conductivity for layer in layers]),
        np.array([layer.heat_capacity for layer in layers]),
        films,
        fixed,
    )
    loads = tuple((source, _source_load(stack, heat, source, folder, exchanged)) for source in stack.sources)
    return StackModel(
        stack, layers, heat, _beds(stack, grid), _film_streams(stack, heat), loads, _flux_load(stack, heat),
        {name: _probe_weights(stack, grid, probe) for name, probe in stack.probes.items()},
    )  # fmt: skip


def _layer(layer: StackLayer, exchanged: bool) -> Layer:
    cells, contact = layer.cells or DEFAULT_LAYER_CELLS, layer.contact_resistance_below
    channels = layer.microchannels
    if channels is None:
        assert layer.material is not None
        return solid_layer(layer.name, layer.thickness, cells, _turned(layer.material, exchanged), contact)
    fluid = load_coolant(channels.coolant).conductivity(channels.inlet_temperature)
    geometry = ChannelGeometry(channels.width, channels.wall, layer.thickness)
    wall = _turned(channels.wall_material, exchanged)
    return channel_layer(layer.name, geometry, cells, wall, float(fluid), contact)


def _turned(given: str | Material, exchanged: bool) -> Material:
    """Return a material, its conductivities along x and y exchanged with the axes of the stack."""
    found = material(given)
    if not exchanged or isinstance(found.conductivity, float):
        return found
    kx, ky, kz = found.conductivity
    return found.model_copy(update={"conductivity": (ky, kx, kz)})


def _nodes(stack: Stack) -> tuple[Array, Array]:
    """Nodes through the edges of sources, probes' means and slots, if these are not too many."""
    counts = (stack.cells.x, stack.cells.y) if stack.cells else (DEFAULT_CELLS, DEFAULT_CELLS)
    rectangles = [source.rectangle for source in stack.sources if source.rectangle]
    nodes = []
    for axis, extent, count in (("x", stack.size.x, counts[0]), ("y", stack.size.y, counts[1])):
        edges = {edge for rectangle in rectangles for edge in getattr(rectangle, axis)}
        points = [0.0, extent, *(edges if len(edges) <= _MOST_ALIGNED_EDGES else ())]
        if axis == "y":
            points += [p for c in _channels(stack) if c.slots for p in (*c.slots.inlets, *c.slots.outlets)]
        nodes.append(nodes_between(np.clip(points, 0.0, extent), count))
    return nodes[0], nodes[1]


def _channels(stack: Stack) -> list[Microchannels]:
    return [layer.microchannels for layer in stack.layers if layer.microchannels]


def _beds(stack: Stack, grid: TensorGrid) -> tuple[tuple[ChannelBed, Microchannels], ...]:
    beds = []
    for index, layer in enumerate(stack.layers):
        channels = layer.microchannels
        if channels is None:
            continue
        covered = index in (0, len(stack.layers) - 1)
        geometry = ChannelGeometry(channels.width, channels.wall, layer.thickness, covered)
        layouts = _layouts(channels, grid.y)
        walls = tuple(wetted_walls(grid, index, geometry, 1.0 / len(layouts)) for _ in layouts)
        widths = grid.x_weights
        coolant = load_coolant(channels.coolant)
        bed = ChannelBed(geometry, layouts, walls, widths, coolant, channels.inlet_temperature, channels.heat_transfer)
        beds.append((bed, channels))
    return tuple(beds)


def _layouts(channels: Microchannels, edges: Array) -> tuple[Layout, ...]:
    if channels.slots is not None:
        slots = channels.slots
        return (Layout(edges, tuple(slots.inlets), tuple(slots.outlets), slots.width),)
    if channels.direction == "alternate":
        return Layout.single_pass(edges, 1), Layout.single_pass(edges, -1)
    return (Layout.single_pass(edges, 1 if channels.direction == "+" else -1),)


def _film_streams(stack: Stack, heat: HeatModel) -> tuple[Stream, ...]:
    streams = []
    for face, plane in (("bottom", 0), ("top", heat.grid.z.size - 1)):
        film = boundary(stack, face).coolant_film
        if film is not None:
            streams.append(_film_stream(film, plane, heat, stack.size.x))
    return tuple(streams)


def _film_stream(film: CoolantFilm, plane: int, heat: HeatModel, width: float) -> Stream:
    shape = (heat.grid.x.size, heat.grid.y.size - 1)
    direction = 1 if film.direction == "+" else -1
    return Stream(
        walls=WettedWalls(plane, np.ones((1, 1))),
        capacity_rate=np.full(shape, film.heat_capacity_rate / width),
        exchange=np.full(shape, film.conductance),
        storage=np.zeros(shape),
        lengths=np.diff(heat.grid.y),
        pieces=[(0, shape[1] - 1, direction)],
        inlet=film.inlet_temperature,
    )


def _flux_load(stack: Stack, heat: HeatModel) -> Array:
    total = np.zeros(heat.grid.shape)
    for face in FACES:
        flux = boundary(stack, face).heat_flux
        if flux is not None:
            total += heat.over_face(face, flux)
    return total


def _source_load(stack: Stack, heat: HeatModel, source: Source, folder: Path, exchanged: bool) -> Array:
    """Watts per node of a source at factor 1; the sum is the source's power on any mesh."""
    grid = heat.grid
    if source.face is not None and source.face not in ("bottom", "top"):
        weights = heat.over_face(source.face, 1.0)
        return float(source.power or 0.0) * weights / weights.sum()
    through = _through(stack, grid, source)
    if source.map is not None:
        watts = read_map(folder / source.map, exchanged)
        x_edges = np.linspace(0.0, stack.size.x, watts.shape[1] + 1)
        y_edges = np.linspace(0.0, stack.size.y, watts.shape[0] + 1)
        cell = (x_edges[1] - x_edges[0]) * (y_edges[1] - y_edges[0])
        plane = basis_integrals(grid.x, x_edges) @ (watts.T / cell) @ basis_integrals(grid.y, y_edges).T
        return plane[:, :, None] * through
    x_range = source.rectangle.x if source.rectangle else (0.0, stack.size.x)
    y_range = source.rectangle.y if source.rectangle else (0.0, stack.size.y)
    along_x, along_y = mean_weights(grid.x, x_range), mean_weights(grid.y, y_range)
    return float(source.power or 0.0) * along_x[:, None, None] * along_y[:, None] * through


def _through(stack: Stack, grid: TensorGrid, source: Source) -> Array:
    """Share of each plane in a source's heat."""
    if source.layer is None:
        weights = np.zeros(grid.z.size)
        weights[0 if source.face == "bottom" else -1] = 1.0
        return weights
    return layer_mean_weights(grid, stack.layer_index(source.layer))


def read_map(path: Path, exchanged: bool = False) -> Array:
    """Return watts per raster cell, rows along y from y_min, columns along x from x_min."""
    try:
        watts = np.atleast_2d(np.loadtxt(path, delimiter=",", dtype=float))
    except OSError as error:
        raise SpecError(path.name, [Problem("map", f"{path}: no such file of watts per raster cell")]) from error
    except ValueError as error:
        raise SpecError(path.name, [Problem("", f"not a table of numbers separated by commas: {error}")]) from error
    if watts.size == 0 or not np.isfinite(watts).all():
        raise SpecError(path.name, [Problem("", "is empty or holds values that are not finite")])
    return watts.T if exchanged else watts


def _probe_weights(stack: Stack, grid: TensorGrid, probe: Probe) -> Array:
    """Weights of the nodes in a probe's temperature, sparse by nature, shape (nx, ny, nz)."""
    if probe.mean is not None:
        x, y = mean_weights(grid.x, probe.mean.x), mean_weights(grid.y, probe.mean.y)
    else:
        assert probe.x is not None
        assert probe.y is not None
        x, y = hat_values(grid.x, probe.x), hat_values(grid.y, probe.y)
    if probe.layer is None:
        z = _height_values(grid, float(probe.z or 0.0))
    elif probe.face is None:
        z = layer_mean_weights(grid, stack.layer_index(probe.layer))
    else:
        z = np.zeros(grid.z.size)
        z[grid.layer_planes[stack.layer_index(probe.layer)][0 if probe.face == "bottom" else 1]] = 1.0
    return x[:, None, None] * y[:, None] * z


def hat_values(nodes: Array, place: float) -> Array:
    """Return the values of all hat functions at a place."""
    place = float(np.clip(place, nodes[0], nodes[-1]))
    cell = int(np.clip(np.searchsorted(nodes, place) - 1, 0, nodes.size - 2))
    t = (place - nodes[cell]) / (nodes[cell + 1] - nodes[cell])
    values = np.zeros(nodes.size)
    values[cell], values[cell + 1] = 1 - t, t
    return values


def _height_values(grid: TensorGrid, z: float) -> Array:
    values = np.zeros(grid.z.size)
    for lower in grid.cell_planes:
        low, high = grid.z[lower], grid.z[lower + 1]
        if low - 1e-12 <= z <= high + 1e-12:
            t = float(np.clip((z - low) / (high - low), 0, 1))
            values[lower], values[lower + 1] = 1 - t, t
            break
    return values


def _exchanged(stack: Stack) -> Stack:
    """The stack with x and y exchanged; conductivities are exchanged when layers are built."""
    size, cells = stack.size, stack.cells
    swap = {"x_min": "y_min", "x_max": "y_max", "y_min": "x_min", "y_max": "x_max"}

    def turn(item: object) -> object:
        if item is None:
            return None
        return item.model_copy(update={"x": item.y, "y": item.x})  # type: ignore[attr-defined]

    sources = tuple(
        s.model_copy(update={"rectangle": turn(s.rectangle), "face": swap.get(s.face or "", s.face)})
        for s in stack.sources
    )
    probes = {
        n: p.model_copy(update={"mean": turn(p.mean)} if p.mean else {"x": p.y, "y": p.x})
        for n, p in stack.probes.items()
    }
    faces = {f: boundary(stack, swap.get(f, f)) for f in FACES}
    update = {
        "size": turn(size), "cells": turn(cells), "sources": sources, "probes": probes,
        "boundaries": stack.boundaries.model_copy(update=faces),
    }  # fmt: skip
    return stack.model_copy(update=update)
