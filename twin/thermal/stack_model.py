"""From a stack and a mesh to a heat model with its heat, beds of channels and probes.

The fast solver's coolant flows along y; a stack whose channels all run along x is solved with x and y
exchanged (`oriented`). Channels along both axes are solved as they lie.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from twin.fe.heat import Film, HeatModel, Radiation
from twin.fe.stream import Stream, WettedWalls
from twin.fe.tensor import Array, TensorGrid, low_shares
from twin.spec.material import Material
from twin.spec.stack import FACES, Boundary, CoolantFilm, Microchannels, Stack, StackLayer
from twin.thermal.bed import ChannelBed
from twin.thermal.clogging import Clogging
from twin.thermal.coolant import load_coolant
from twin.thermal.hydraulics import ChannelGeometry, Layout
from twin.thermal.layers import Layer, channel_layer, material, power_laws, solid_layer, wetted_walls
from twin.thermal.stack_check import boundary
from twin.thermal.stack_fields import NodeWeights, whole
from twin.thermal.stack_mesh import StackMesh
from twin.thermal.stack_probes import probe_weights
from twin.thermal.stack_sources import Heats, heats_of


@dataclass(frozen=True)
class StackModel:
    """A compiled stack: `film_streams` flow over outer faces, `beds` through channel layers."""

    stack: Stack
    layers: tuple[Layer, ...]
    mesh: StackMesh
    heat: HeatModel
    beds: tuple[tuple[ChannelBed, Microchannels], ...]
    film_streams: tuple[Stream, ...]
    heats: Heats
    probes: dict[str, NodeWeights]

    @property
    def grid(self) -> TensorGrid:
        """The nodes."""
        return self.heat.grid

    def load(self, time: float) -> Array:
        """Return the heat of sources and fluxes at a time in W per node, feedback at its reference."""
        load = self.heats.load(time)
        return np.asarray(sum((part.weights for part in load.feedback), load.nodal))

    def fixed(self, time: float) -> dict[str, float]:
        """Return the fixed temperatures of a time in K."""
        return fixed_at(self.stack, time)

    @property
    def depends_on_temperature(self) -> bool:
        """Whether the coolant's flow or heat transfer changes with its temperature."""
        return any(not bed.coolant.is_constant for bed, _ in self.beds)

    @cached_property
    def coldest(self) -> float:
        """The coldest inlet, ambient or fixed temperature in K; 20 degC where there is none."""
        inlets = [c.inlet_temperature for _, c in self.beds] + [s.inlet for s in self.film_streams]
        ambients = [film.ambient for film in self.heat.films.values()]
        ambients += [surroundings.ambient for surroundings in self.heat.radiation.values()]
        return min([*inlets, *ambients, *self.fixed(0.0).values()], default=293.15)

    def value(self, weights: NodeWeights, solid: Array) -> float:
        """Return the weighted sum of a field of this process's columns, over all processes."""
        return self.heat.slabs.total(weights.on(self.heat.columns).of(solid))

    def highest(self, solid: Array) -> float:
        """Return the highest temperature, over all processes."""
        return self.heat.slabs.highest(float(solid.max()))

    def lowest(self, solid: Array) -> float:
        """Return the lowest temperature, over all processes."""
        return self.heat.slabs.lowest(float(solid.min()))


def oriented(stack: Stack) -> tuple[Stack, bool]:
    """Return the stack, turned if all its channels run along x, and whether x and y were exchanged."""
    return (_exchanged(stack), True) if axes_of(stack) == {"x"} else (stack, False)


def axes_of(stack: Stack) -> set[str]:
    """Return the axes along which coolant flows."""
    axes = {layer.microchannels.axis for layer in stack.layers if layer.microchannels}
    return axes | {film.axis for face in FACES if (film := boundary(stack, face).coolant_film)}


def fixed_at(stack: Stack, time: float) -> dict[str, float]:
    """Return the fixed temperatures at a time in K, linear between the points of a schedule."""
    result = {}
    for face in FACES:
        given = boundary(stack, face).temperature
        if isinstance(given, tuple):
            result[face] = float(np.interp(time, *np.array(given).T))
        elif given is not None:
            result[face] = given
    return result


def layers_of(stack: Stack, exchanged: bool) -> tuple[Layer, ...]:
    """Return the layers with their properties; those of an exchanged stack are exchanged too."""
    return tuple(_layer(layer, exchanged) for layer in stack.layers)


def compile_stack(
    stack: Stack, layers: tuple[Layer, ...], mesh: StackMesh, folder: Path, exchanged: bool
) -> StackModel:
    """Build everything that does not change in time; `folder` is where maps are looked for."""
    grid = mesh.grid
    found = {face: boundary(stack, face) for face in FACES}
    heat = HeatModel(
        grid,
        np.array([layer.conductivity for layer in layers]),
        np.array([layer.heat_capacity for layer in layers]),
        {face: Film(b.film.coefficient, b.film.ambient) for face, b in found.items() if b.film},
        fixed_at(stack, 0.0),
        radiation={f: Radiation(b.radiation.emissivity, b.radiation.ambient) for f, b in found.items() if b.radiation},
        power_laws=power_laws(layers),
        divided="x" not in axes_of(stack),
    )
    return StackModel(
        stack, layers, mesh, heat, _beds(stack, mesh), _film_streams(stack, grid),
        heats_of(stack, heat, folder, exchanged),
        {name: probe_weights(stack, grid, probe) for name, probe in stack.probes.items()},
    )  # fmt: skip


def _layer(layer: StackLayer, exchanged: bool) -> Layer:
    contact = layer.contact_resistance_below
    channels = layer.microchannels
    if channels is None:
        assert layer.material is not None
        return solid_layer(layer.name, layer.thickness, 1, _turned(layer.material, exchanged), contact)
    fluid = load_coolant(channels.coolant).conductivity(channels.inlet_temperature)
    geometry = ChannelGeometry(channels.width, channels.wall, layer.thickness)
    along_y = channels.axis == "y"
    wall = _turned(channels.wall_material, exchanged or not along_y)
    found = channel_layer(layer.name, geometry, 1, wall, float(fluid), contact)
    if along_y:
        return found
    across, along, through = found.conductivity
    return replace(found, conductivity=(along, across, through))


def _turned(given: str | Material, exchanged: bool) -> Material:
    """Return a material, its conductivities along x and y exchanged with the axes of the stack."""
    found = material(given)
    if not exchanged or not isinstance(found.conductivity, tuple):
        return found
    kx, ky, kz = found.conductivity
    return found.model_copy(update={"conductivity": (ky, kx, kz)})


def _beds(stack: Stack, mesh: StackMesh) -> tuple[tuple[ChannelBed, Microchannels], ...]:
    grid = mesh.grid
    beds = []
    for index, layer in enumerate(stack.layers):
        channels = layer.microchannels
        if channels is None:
            continue
        covered = index in (0, len(stack.layers) - 1)
        geometry = ChannelGeometry(channels.width, channels.wall, layer.thickness, covered)
        along, across = (grid.y, grid.x) if channels.axis == "y" else (grid.x, grid.y)
        layouts = _layouts(channels, along)
        walls = tuple(wetted_walls(grid, index, geometry, 1.0 / len(layouts)) for _ in layouts)
        bed = ChannelBed(
            geometry,
            layouts,
            walls,
            whole(across, grid.degree),
            load_coolant(channels.coolant),
            channels.inlet_temperature,
            channels.heat_transfer,
            axis=channels.axis,
            clogging=Clogging.over(channels.clogged, whole(across, grid.degree), along, channels.axis)
            if channels.clogged
            else None,
            low_shares=low_shares(along, grid.degree),
        )
        beds.append((bed, channels))
    return tuple(beds)


def _layouts(channels: Microchannels, edges: Array) -> tuple[Layout, ...]:
    if channels.slots is not None:
        slots = channels.slots
        return (Layout(edges, tuple(slots.inlets), tuple(slots.outlets), slots.width),)
    if channels.direction == "alternate":
        return Layout.single_pass(edges, 1), Layout.single_pass(edges, -1)
    return (Layout.single_pass(edges, 1 if channels.direction == "+" else -1),)


def _film_streams(stack: Stack, grid: TensorGrid) -> tuple[Stream, ...]:
    streams = []
    for face, plane in (("bottom", 0), ("top", grid.z.size - 1)):
        film = boundary(stack, face).coolant_film
        if film is not None:
            streams.append(_film_stream(film, plane, stack, grid))
    return tuple(streams)


def _film_stream(film: CoolantFilm, plane: int, stack: Stack, grid: TensorGrid) -> Stream:
    along, across, width = (grid.y, grid.x, stack.size.x) if film.axis == "y" else (grid.x, grid.y, stack.size.y)
    shape = (across.size, along.size - 1)
    direction = 1 if film.direction == "+" else -1
    return Stream(
        walls=WettedWalls(plane, np.ones((1, 1))),
        capacity_rate=np.full(shape, film.heat_capacity_rate / width),
        exchange=np.full(shape, film.conductance),
        storage=np.zeros(shape),
        lengths=np.diff(along),
        pieces=[(0, shape[1] - 1, direction)],
        inlet=film.inlet_temperature,
        axis=film.axis,
        low_shares=low_shares(along, grid.degree),
    )


def _exchanged(stack: Stack) -> Stack:
    """The stack with x and y exchanged; conductivities are exchanged when layers are built."""
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
    faces = {face: _exchanged_boundary(stack, swap.get(face, face)) for face in FACES}
    update = {
        "size": turn(stack.size), "cells": turn(stack.cells), "sources": sources, "probes": probes,
        "boundaries": stack.boundaries.model_copy(update=faces),
        "layers": tuple(_exchanged_layer(layer) for layer in stack.layers),
    }  # fmt: skip
    return stack.model_copy(update=update)


def _exchanged_layer(layer: StackLayer) -> StackLayer:
    channels = layer.microchannels
    if channels is None:
        return layer
    clogged = tuple(clog.model_copy(update={"x": clog.y, "y": clog.x}) for clog in channels.clogged)
    return layer.model_copy(update={"microchannels": channels.model_copy(update={"axis": "y", "clogged": clogged})})


def _exchanged_boundary(stack: Stack, face: str) -> Boundary:
    found = boundary(stack, face)
    if found.coolant_film is None:
        return found
    return found.model_copy(update={"coolant_film": found.coolant_film.model_copy(update={"axis": "y"})})
