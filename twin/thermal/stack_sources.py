"""Heat of a stack: sources in layers and on faces, rasters of watts, fluxes, leakage feedback."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twin.fe.heat import Feedback, HeatModel, Load
from twin.fe.tensor import Array, TensorGrid, basis_integrals
from twin.spec.stack import FACES, Schedule, Source, SourceFeedback, Stack
from twin.thermal.stack_check import boundary
from twin.thermal.stack_fields import end, layer_mean, means
from twin.thermal.stack_raster import read_map


@dataclass(frozen=True)
class Heat:
    """Sources that switch together: watts per node at factor 1, shape (nx, ny, nz)."""

    watts: Array
    schedule: Schedule
    feedback: SourceFeedback | None


@dataclass(frozen=True)
class Heats:
    """All heat that enters a stack: sources, and what is constant (fluxes and unscheduled power)."""

    constant: Array
    switched: tuple[Heat, ...]

    def load(self, time: float) -> Load:
        """Return the heat at a time."""
        total, feedback = self.constant, []
        for heat in self.switched:
            watts = factor_at(heat.schedule, time) * heat.watts
            if heat.feedback is None:
                total = total + watts
            else:
                feedback.append(Feedback(watts, heat.feedback.coefficient, heat.feedback.reference))
        return Load(total, tuple(feedback))


def factor_at(schedule: Schedule, time: float) -> float:
    """Return a schedule's factor, constant from each of its times on (the first holds before)."""
    if not schedule:
        return 1.0
    past = [factor for start, factor in schedule if start <= time * (1 + 1e-12)]
    return past[-1] if past else schedule[0][1]


def heats_of(stack: Stack, heat: HeatModel, folder: Path, exchanged: bool) -> Heats:
    """Return the heat of a stack on a grid; sources of one schedule and feedback are one."""
    constant = _fluxes(stack, heat)
    groups: dict[tuple[Schedule, SourceFeedback | None], Array] = {}
    for index, source in enumerate(stack.sources):
        watts = _watts(stack, heat, source, index, folder, exchanged)
        if not source.schedule and source.feedback is None:
            constant += watts
            continue
        key = (source.schedule, source.feedback)
        groups[key] = groups[key] + watts if key in groups else watts
    return Heats(constant, tuple(Heat(watts, *key) for key, watts in groups.items()))


def _fluxes(stack: Stack, heat: HeatModel) -> Array:
    total = np.zeros(heat.shape)
    for face in FACES:
        flux = boundary(stack, face).heat_flux
        if flux is not None:
            total += heat.over_face(face, flux)
    return total


def _watts(stack: Stack, heat: HeatModel, source: Source, index: int, folder: Path, exchanged: bool) -> Array:
    """Watts per node of a source at factor 1; the sum is the source's power on any mesh."""
    grid, power = heat.grid, float(source.power or 0.0)
    if source.face is not None and source.face not in ("bottom", "top"):
        area = face_extent(stack, source.face)
        return heat.over_face(source.face, power / area)
    if source.layer is None:
        through = end(grid.z.size, source.face == "top")
    else:
        through = layer_mean(grid, stack.layer_index(source.layer))
    if source.map is not None:
        plane = _raster(stack, grid, read_map(folder / source.map, exchanged, f"sources.{index}.map"))
        return np.asarray(plane[heat.columns, :, None] * through)
    rectangle = source.rectangle
    x = means(grid.x, rectangle.x if rectangle else (0.0, stack.size.x), grid.degree)
    y = means(grid.y, rectangle.y if rectangle else (0.0, stack.size.y), grid.degree)
    return heat.nodal(power * x, y, through)


def face_extent(stack: Stack, face: str) -> float:
    """Return the area of a side face in m2."""
    width = stack.size.y if face[0] == "x" else stack.size.x
    return width * sum(layer.thickness for layer in stack.layers)


def _raster(stack: Stack, grid: TensorGrid, watts: Array) -> Array:
    """Watts of the columns of nodes (nx, ny) from watts per raster cell (rows along y, columns along x)."""
    x_edges, y_edges = raster_edges(stack, watts)
    cell = (x_edges[1] - x_edges[0]) * (y_edges[1] - y_edges[0])
    along_x = basis_integrals(grid.x, x_edges, grid.degree)
    along_y = basis_integrals(grid.y, y_edges, grid.degree)
    return np.asarray(along_x @ (watts.T / cell) @ along_y.T)


def raster_edges(stack: Stack, watts: Array) -> tuple[Array, Array]:
    """Edges of the raster cells along x and y in m."""
    rows, columns = watts.shape
    return np.linspace(0.0, stack.size.x, columns + 1), np.linspace(0.0, stack.size.y, rows + 1)
