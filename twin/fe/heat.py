"""Heat in a layered solid with streams of coolant: steady states and implicit Euler steps.

    C dT/dt + A T + sum over streams X h (T - F) = P,       F along each stream (twin.fe.stream)

with A conduction, contacts and films. The coolant is eliminated by its scan; the solid is solved
by minimal residuals, preconditioned by the modal solver (exact where flow is uniform across x).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from twin.fe import krylov
from twin.fe.assembly import FACES, SolidMatrices, assemble_solid
from twin.fe.modal import LayeredOperator, ModalSolver
from twin.fe.stream import Stream
from twin.fe.tensor import Array, TensorGrid, mass, mass_through, stiffness, stiffness_through


@dataclass(frozen=True)
class Film:
    """Newton's law of cooling on one outer face: coefficient in W/m2/K, ambient in K."""

    coefficient: float
    ambient: float


@dataclass(frozen=True)
class HeatState:
    """Temperatures in K: solid (nx, ny, nz), coolant at cell outlets (columns, cells) of each stream."""

    solid: Array
    coolant: tuple[Array, ...]


@dataclass(frozen=True)
class HeatBalance:
    """Watts: released inside, given to each film or fixed face and each stream, and stored."""

    released: float
    faces: Mapping[str, float]
    streams: tuple[float, ...]
    stored: float

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
    """

    grid: TensorGrid
    conductivity: Array
    heat_capacity: Array
    films: Mapping[str, Film] = field(default_factory=dict)
    fixed: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def matrices(self) -> SolidMatrices:
        """What DOLFINx assembles."""
        return assemble_solid(self.grid, self.conductivity, self.heat_capacity)

    @cached_property
    def conduction(self) -> sparse.csr_array:
        """Conduction, contacts and films."""
        total = self.matrices.conduction
        for face, film in self.films.items():
            total = total + film.coefficient * self.matrices.faces[face]
        return total.tocsr()

    @cached_property
    def face_weights(self) -> dict[str, Array]:
        """Integral of each hat function over each outer face in m2, shape (nx, ny, nz)."""
        return {face: self.matrices.faces[face].sum(axis=1).reshape(self.grid.shape) for face in FACES}

    @cached_property
    def capacity_weights(self) -> Array:
        """Heat capacity of each node in J/K, shape (nx, ny, nz)."""
        return self.matrices.storage.sum(axis=0).reshape(self.grid.shape)

    @cached_property
    def film_load(self) -> Array:
        """Heat from ambients at 0 K of the solid, in W per node."""
        load = np.zeros(self.grid.shape)
        for face, film in self.films.items():
            load += film.coefficient * film.ambient * self.face_weights[face]
        return load

    @cached_property
    def x_mass(self) -> sparse.csr_array:
        """Mass matrix across the flow."""
        return sparse.csr_array(mass(self.grid.x))

    @cached_property
    def column_widths(self) -> Array:
        """Width of each column of nodes across the flow in m."""
        return self.x_mass.sum(axis=1)

    @cached_property
    def fixed_mask(self) -> NDArray[np.bool_]:
        """Nodes of a fixed temperature, shape (nx, ny, nz)."""
        mask = np.zeros(self.grid.shape, bool)
        for face in self.fixed:
            mask[face_index(face)] = True
        return mask

    def with_fixed(self, solid: Array) -> Array:
        """Return temperatures with the fixed faces at their values."""
        result = np.array(solid, float)
        for face, value in self.fixed.items():
            result[face_index(face)] = value
        return result

    @cached_property
    def layered(self) -> LayeredOperator:
        """The separable parts, for the modal solver."""
        grid, h = self.grid, {face: film.coefficient for face, film in self.films.items()}
        kx, ky, kz = (grid.per_cell(self.conductivity[:, axis]) for axis in range(3))
        x, y, z = stiffness(grid.x), stiffness(grid.y), stiffness_through(grid, kz)
        typical = float((self.conductivity[:, 0] * _thicknesses(grid)).sum() / _thicknesses(grid).sum())
        for matrix, low, high, scale in ((x, "x_min", "x_max", typical), (y, "y_min", "y_max", typical)):
            matrix[0, 0] += h.get(low, 0.0) / scale
            matrix[-1, -1] += h.get(high, 0.0) / scale
        z[0, 0] += h.get("bottom", 0.0)
        z[-1, -1] += h.get("top", 0.0)
        ends = {axis: tuple(self._fixed_ends(axis)) for axis in "xyz"}
        return LayeredOperator(
            x, mass(grid.x), y, mass(grid.y),
            (mass_through(grid, kx), mass_through(grid, ky), z),
            mass_through(grid, grid.per_cell(self.heat_capacity)),
            ends["x"], ends["y"], ends["z"],
        )  # fmt: skip

    def _fixed_ends(self, axis: str) -> list[int]:
        low, high = {"x": ("x_min", "x_max"), "y": ("y_min", "y_max"), "z": ("bottom", "top")}[axis]
        count = self.grid.shape["xyz".index(axis)]
        return [place for face, place in ((low, 0), (high, count - 1)) if face in self.fixed]

    def energy_change(self, old: HeatState, new: HeatState, streams: Sequence[Stream]) -> float:
        """Return the heat stored from one state to another in J, free of the rounding of whole contents."""
        coolant = sum(
            stream.stored(after - before, self.column_widths)
            for stream, before, after in zip(streams, old.coolant, new.coolant, strict=True)
        )
        return float((self.capacity_weights * (new.solid - old.solid)).sum()) + coolant


class HeatSystem:
    """A factorised model: steady (`step` None) or implicit Euler steps of `step` seconds.

    `streams` are those of the factors; `at` takes the streams of the moment, which may differ.
    """

    def __init__(self, model: HeatModel, streams: Sequence[Stream], step: float | None):
        self.model, self.step = model, step
        self.modal = ModalSolver(model.layered, streams, step)
        self.matrix = model.conduction + model.matrices.storage / step if step else model.conduction

    def at(self, streams: Sequence[Stream], old: HeatState | None = None) -> HeatStep:
        """Return the equations for given streams and, if there is a step, the state before it."""
        return HeatStep(self, tuple(streams), old)


@dataclass(frozen=True)
class HeatStep:
    """The equations of one moment: a factorised system, its streams, and the state before the step."""

    system: HeatSystem
    streams: tuple[Stream, ...]
    old: HeatState | None

    @property
    def model(self) -> HeatModel:
        """The model."""
        return self.system.model

    def solve(
        self, load: Array, guess: Array, tolerance: float, reduction: float = 0.0
    ) -> tuple[HeatState, HeatBalance, int]:
        """Solve for a load in W per node.

        Parameters
        ----------
        load, guess : array, shape (nx, ny, nz)
        tolerance : float
            Bound of the residual's norm in W.
        reduction : float
            Residual over that of the guess which is enough as well (for a guess that will be corrected).
        """
        solid = self.model.with_fixed(guess)
        residual = self._free(self._residual(solid, load))
        enough = max(tolerance, reduction * float(np.linalg.norm(residual)))
        correction, iterations = krylov.solve(self._homogeneous, self.system.modal.solve, residual, enough)
        solid = solid + correction
        state = HeatState(solid, self._coolant(solid))
        return state, self._balance(state, load), iterations

    def _residual(self, solid: Array, load: Array) -> Array:
        return load + self._known - self._apply(solid, self.streams, self._coolant(solid))

    @cached_property
    def _known(self) -> Array:
        """Heat from ambients and from what was stored before, in W per node."""
        known = self.model.film_load
        if self.old is not None:
            stored = self.model.matrices.storage @ self.old.solid.ravel() / self.system.step
            known = known + stored.reshape(known.shape)
        return known

    @cached_property
    def _still_streams(self) -> tuple[Stream, ...]:
        return tuple(replace(stream, inlet=0.0) for stream in self.streams)

    def _homogeneous(self, solid: Array) -> Array:
        """Apply the operator with inlets and memory at zero; fixed nodes neither act nor are acted on."""
        streams = self._still_streams
        coolant = tuple(s.temperatures(solid[:, :, s.walls.planes], self.system.step) for s in streams)
        return self._free(self._apply(solid, streams, coolant))

    def _apply(self, solid: Array, streams: Sequence[Stream], coolant: Sequence[Array]) -> Array:
        result = (self.system.matrix @ solid.ravel()).reshape(solid.shape)
        for stream, temperatures in zip(streams, coolant, strict=True):
            walls = stream.walls.planes
            taken = stream.load(solid[:, :, walls], stream.means(temperatures))
            result[:, :, walls] += (self.model.x_mass @ taken.reshape(len(taken), -1)).reshape(taken.shape)
        return result

    def _coolant(self, solid: Array) -> tuple[Array, ...]:
        before = self.old.coolant if self.old is not None else (None,) * len(self.streams)
        return tuple(
            stream.temperatures(solid[:, :, stream.walls.planes], self.system.step, memory)
            for stream, memory in zip(self.streams, before, strict=True)
        )

    def _free(self, values: Array) -> Array:
        return np.where(self.model.fixed_mask, 0.0, values) if self.model.fixed else values

    def _balance(self, state: HeatState, load: Array) -> HeatBalance:
        model, widths = self.model, self.model.column_widths
        faces = {
            face: film.coefficient * float((model.face_weights[face] * (state.solid - film.ambient)).sum())
            for face, film in model.films.items()
        }
        if model.fixed:
            reaction = self._residual(state.solid, load)
            for face in model.fixed:
                faces[face] = float(reaction[face_index(face)].sum())
                reaction[face_index(face)] = 0.0  # an edge that two faces share counts once
        streams = tuple(s.heat(f, widths) for s, f in zip(self.streams, state.coolant, strict=True))
        stored = 0.0
        if self.old is not None and self.system.step:
            stored = model.energy_change(self.old, state, self.streams) / self.system.step
        return HeatBalance(float(load.sum()), faces, streams, stored)


def face_index(face: str) -> tuple[slice | int, slice | int, slice | int]:
    """Return the index of the nodes of an outer face."""
    axis = {"x": 0, "y": 1}.get(face[0], 2)
    end = 0 if face in ("bottom", "x_min", "y_min") else -1
    index: list[slice | int] = [slice(None)] * 3
    index[axis] = end
    return index[0], index[1], index[2]


def _thicknesses(grid: TensorGrid) -> Array:
    return np.array([layer.edges[-1] - layer.edges[0] for layer in grid.layers])
