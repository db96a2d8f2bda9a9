"""The layered solid of a heat problem: geometry, properties and boundaries that stay as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from twin.fe.assembly import assemble
from twin.fe.modal import LayeredOperator
from twin.fe.parallel import Slabs
from twin.fe.solid import SolidOperator, TensorOperator
from twin.fe.stream import Stream
from twin.fe.tensor import Array, TensorGrid, stiffness
from twin.fe.terms import Film, PowerLaw, Radiation


@dataclass(frozen=True)
class HeatState:
    """Temperatures in K: solid (own columns, ny, nz), coolant at cell outlets (lines, cells) of each stream."""

    solid: Array
    coolant: tuple[Array, ...]


@dataclass(frozen=True)
class HeatBalance:
    """Watts: released inside (feedback included), given to each face and each stream, and stored."""

    released: float
    faces: Mapping[str, float]
    streams: tuple[float, ...]
    stored: float
    feedback: float = 0.0

    @property
    def imbalance(self) -> float:
        """|in - out - stored| in W."""
        return abs(self.released - sum(self.faces.values()) - sum(self.streams) - self.stored)

    @property
    def scale(self) -> float:
        """The largest of power in, the heats that cross boundaries and what is stored, in W."""
        crossing = sum(abs(heat) for heat in (*self.faces.values(), *self.streams))
        return max(abs(self.released), crossing, abs(self.stored))

    @property
    def residual(self) -> float:
        """Imbalance over scale; none if nothing flows."""
        return self.imbalance / self.scale if self.scale > 0 else 0.0


@dataclass(frozen=True)
class HeatModel:
    """Geometry, properties and boundaries that stay as they are.

    conductivity : (layers, 3) in W/m/K;  heat_capacity : (layers,) in J/m3/K
    power_laws : conductivity that depends on temperature, by layer
    divided : several processes share the columns (streams along x need them whole)
    """

    grid: TensorGrid
    conductivity: Array
    heat_capacity: Array
    films: Mapping[str, Film] = field(default_factory=dict)
    fixed: Mapping[str, float] = field(default_factory=dict)
    radiation: Mapping[str, Radiation] = field(default_factory=dict)
    power_laws: Mapping[int, PowerLaw] = field(default_factory=dict)
    assembly: Literal["tensor", "dolfinx"] = "tensor"
    divided: bool = True

    @cached_property
    def slabs(self) -> Slabs:
        """Columns of this process."""
        divided = self.divided and self.assembly == "tensor"
        return Slabs.of(self.grid.x.size) if divided else Slabs(self.grid.x.size)

    @property
    def columns(self) -> slice:
        """Columns of nodes along x that this process owns."""
        return self.slabs.own

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of the temperatures of this process."""
        own = self.columns
        return own.stop - own.start, self.grid.y.size, self.grid.z.size

    @property
    def is_linear(self) -> bool:
        """Whether conduction and boundaries are linear."""
        return not self.radiation and not self.power_laws

    def nodal(self, x: Array, y: Array, z: Array) -> Array:
        """Return x y z on the nodes of this process, for weights of each direction."""
        return np.multiply.outer(np.multiply.outer(x[self.columns], y), z)

    def operator(self, step: float | None) -> SolidOperator:
        """Return conduction with constant conductivity, contacts, films and storage over a step."""
        grid = self.grid
        k = np.array(self.conductivity, float)
        k[list(self.power_laws)] = 0.0
        films = {face: film.coefficient for face, film in self.films.items()}
        storage = grid.per_cell(self.heat_capacity) / step if step else None
        build = TensorOperator.of if self.assembly == "tensor" else assemble
        return build(grid, self.slabs, grid.per_cell(k), films, storage)

    @cached_property
    def transformed(self) -> dict[int, SolidOperator]:
        """Conduction of each layer with a power law, which acts on Kirchhoff's transform."""
        grid = self.grid
        build = TensorOperator.of if self.assembly == "tensor" else assemble
        parts: dict[int, SolidOperator] = {}
        for layer in self.power_laws:
            k = np.stack([grid.restricted(layer, float(value)) for value in self.conductivity[layer]], axis=1)
            parts[layer] = build(grid, self.slabs, k, contacts=False)
        return parts

    @cached_property
    def capacity_weights(self) -> Array:
        """Heat capacity of each node in J/K, shape of the process's nodes."""
        through = self.grid.through(self.grid.per_cell(self.heat_capacity))
        return self.nodal(self.grid.x_weights, self.grid.y_weights, through)

    def face_weights(self, face: str) -> Array:
        """Return the area of each node of an outer face in m2, in the shape of `solid[face_index(face)]`."""
        grid, own = self.grid, self.columns
        through = grid.through()
        if face[0] == "x":
            return np.outer(grid.y_weights, through) * float(self.owns(face))
        return np.outer(grid.x_weights[own], through if face[0] == "y" else grid.y_weights)

    def owns(self, face: str) -> bool:
        """Return whether this process has nodes of an outer face."""
        own = self.columns
        return {"x_min": own.start == 0, "x_max": own.stop == self.grid.x.size}.get(face, True)

    def over_face(self, face: str, flux: float) -> Array:
        """Return the heat of a flux in W/m2 into a whole outer face, in W per node."""
        load = np.zeros(self.shape)
        load[face_index(face)] += flux * self.face_weights(face)
        return load

    @cached_property
    def stiffest(self) -> float:
        """Bound of the conductance between a node and its surroundings in W/K, which amplifies rounding."""
        grid, k = self.grid, self.grid.per_cell(self.conductivity.max(axis=1))
        films = sum(film.coefficient for film in self.films.values())
        through = float(grid.conduction_through(k).diagonal().max()) + films
        along = stiffness(grid.x).diagonal().max() * grid.y_weights.max()
        along += stiffness(grid.y).diagonal().max() * grid.x_weights.max()
        area = grid.x_weights.max() * grid.y_weights.max()
        return float(area * through + along * grid.through(k).max())

    @property
    def column_widths(self) -> Array:
        """Length along x of each column of nodes in m, shape (nx,)."""
        return self.grid.x_weights

    def widths(self, stream: Stream) -> Array:
        """Return the width of each line of a stream in m."""
        return self.grid.x_weights if stream.axis == "y" else self.grid.y_weights

    @cached_property
    def film_load(self) -> Array:
        """Heat from ambients of films at 0 K of the solid, in W per node."""
        load = np.zeros(self.shape)
        for face, film in self.films.items():
            load[face_index(face)] += film.coefficient * film.ambient * self.face_weights(face)
        return load

    @cached_property
    def fixed_mask(self) -> NDArray[np.bool_]:
        """Nodes of a fixed temperature, of this process's shape."""
        mask = np.zeros(self.shape, bool)
        for face in self.fixed:
            if self.owns(face):
                mask[face_index(face)] = True
        return mask

    def with_fixed(self, solid: Array, fixed: Mapping[str, float]) -> Array:
        """Return temperatures with the fixed faces at their values."""
        result = np.array(solid, float)
        for face, value in fixed.items():
            if self.owns(face):
                result[face_index(face)] = value
        return result

    def layered(self, step: float | None, around: float, crossing: Sequence[Stream] = ()) -> LayeredOperator:
        """Return the separable parts for the modal solver, nonlinear ones at the temperature `around`.

        Streams along x enter as films on their walls: as if their coolant kept its temperature.
        """
        grid = replace(self.grid, degree=1)
        k = np.array(self.conductivity, float)
        for layer, law in self.power_laws.items():
            k[layer] *= law.factor(np.array(around))
        by_cell = grid.per_cell(k)
        kx, ky, kz = by_cell.T
        exact = grid.exact_shares(by_cell)
        h = {face: film.coefficient for face, film in self.films.items()}
        for face, radiation in self.radiation.items():
            h[face] = h.get(face, 0.0) + float(radiation.slope(around))
        z = grid.conduction_through(kz).toarray()
        z[0, 0] += h.get("bottom", 0.0)
        z[-1, -1] += h.get("top", 0.0)
        for stream in crossing:
            z[stream.walls.planes, stream.walls.planes] += float(stream.exchange.mean()) * stream.walls.exchange
        if step:
            z[np.diag_indices(len(z))] += grid.through(grid.per_cell(self.heat_capacity)) / step
        ends = {axis: tuple(self._fixed_ends(axis)) for axis in "xyz"}
        return LayeredOperator(
            _with_ends(grid.x, (h.get("x_min", 0.0), h.get("x_max", 0.0)), grid.through(), grid.through(kx)),
            grid.x_weights,
            _with_ends(grid.y, (h.get("y_min", 0.0), h.get("y_max", 0.0)), grid.through(), grid.through(ky)),
            grid.y_weights,
            z,
            grid.masses_through(kx, exact).toarray(),
            grid.masses_through(ky, exact).toarray(),
            ends["x"], ends["y"], ends["z"],
        )  # fmt: skip

    def _fixed_ends(self, axis: str) -> list[int]:
        low, high = {"x": ("x_min", "x_max"), "y": ("y_min", "y_max"), "z": ("bottom", "top")}[axis]
        count = self.grid.shape["xyz".index(axis)]
        return [place for face, place in ((low, 0), (high, count - 1)) if face in self.fixed]

    def energy_change(self, old: HeatState, new: HeatState, streams: Sequence[Stream]) -> float:
        """Return the heat stored from one state to another in J, free of the rounding of whole contents."""
        coolant = sum(
            stream.stored(after - before, self.widths(stream))
            for stream, before, after in zip(streams, old.coolant, new.coolant, strict=True)
        )
        return self.slabs.total(float((self.capacity_weights * (new.solid - old.solid)).sum())) + coolant


def face_index(face: str) -> tuple[slice | int, slice | int, slice | int]:
    """Return the index of the nodes of an outer face."""
    axis = {"x": 0, "y": 1}.get(face[0], 2)
    end = 0 if face in ("bottom", "x_min", "y_min") else -1
    index: list[slice | int] = [slice(None)] * 3
    index[axis] = end
    return index[0], index[1], index[2]


def _with_ends(nodes: Array, films: tuple[float, float], heights: Array, conduction: Array) -> sparse.csr_array:
    """Stiffness of one direction with films at its ends, spread over the height as conduction is."""
    scale = heights.sum() / conduction.sum()
    ends = np.zeros(nodes.size)
    ends[[0, -1]] = scale * films[0], scale * films[1]
    return (stiffness(nodes) + sparse.diags_array(ends)).tocsr()
