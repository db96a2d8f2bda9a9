"""Heat in a layered solid with streams of coolant: steady states and implicit Euler steps.

    C dT/dt + A(T) + sum over streams X h (T - F) = P(T),       F along each stream (twin.fe.stream)

with A conduction, contacts, films and radiation, and P sources that may grow with temperature. The
coolant is eliminated by its scan. Newton's method (a single pass where all is linear) solves each
correction by minimal residuals, preconditioned by the modal solver (exact where properties and flow
are uniform across x).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from twin.fe import krylov
from twin.fe.heat_model import HeatBalance, HeatModel, HeatState, face_index
from twin.fe.modal import ModalSolver
from twin.fe.stream import Stream
from twin.fe.tensor import Array
from twin.fe.terms import Feedback, Film, Load, PowerLaw, Radiation

__all__ = [
    "Feedback", "Film", "HeatBalance", "HeatModel", "HeatState", "HeatStep", "HeatSystem", "Load", "PowerLaw",
    "Radiation", "Runaway", "face_index",
]  # fmt: skip

_MOST_NEWTON_STEPS = 60
_FORCING = 1e-4
_NOT_MONOTONE = 0.1
_STAGNANT = 100.0
_ROUNDING = 1e-11
_SETTLED = 1e-6
_HOTTEST = 1e5
_REFRESH = 0.15


class Runaway(ArithmeticError):
    """Heat grows faster with temperature than it can leave: there is no stable solution."""


class HeatSystem:
    """A model with one time step (`step` None: steady), factorised once for given streams.

    `at` takes the streams of the moment, which may differ from those of the factors.
    """

    def __init__(self, model: HeatModel, streams: Sequence[Stream], step: float | None):
        self.model, self.step = model, step
        self.operator = model.operator(step)
        self._streams = tuple(streams)
        self._modal: ModalSolver | None = None
        self._around = 0.0

    def preconditioner(self, around: float) -> ModalSolver:
        """Return the modal solver; nonlinear parts are taken at the temperature `around`."""
        stale = not self.model.is_linear and abs(around - self._around) > _REFRESH * self._around
        if self._modal is None or stale:
            along_x, along_y = (tuple(s for s in self._streams if s.axis == axis) for axis in "xy")
            layered = self.model.layered(self.step, around, along_x)
            self._modal, self._around = ModalSolver(layered, along_y, self.step, self.model.slabs), around
        return self._modal

    def at(
        self, streams: Sequence[Stream], old: HeatState | None = None, fixed: Mapping[str, float] | None = None
    ) -> HeatStep:
        """Return the equations for given streams, the state before a step, and values of fixed faces."""
        return HeatStep(self, tuple(streams), old, self.model.fixed if fixed is None else fixed)


@dataclass(frozen=True)
class HeatStep:
    """The equations of one moment: a factorised system, its streams, and the state before the step."""

    system: HeatSystem
    streams: tuple[Stream, ...]
    old: HeatState | None
    fixed: Mapping[str, float]

    @property
    def model(self) -> HeatModel:
        """The model."""
        return self.system.model

    def solve(
        self, load: Array | Load, guess: Array, tolerance: float, reduction: float = 0.0
    ) -> tuple[HeatState, HeatBalance, int]:
        """Solve for a load in W per node.

        Parameters
        ----------
        load, guess : array, shape (own columns, ny, nz)
        tolerance : float
            Bound of the residual's norm in W.
        reduction : float
            Residual over that of the guess which is enough as well (for a guess that will be corrected).

        Raises
        ------
        Runaway
            No stable solution: sources grow faster with temperature than heat can leave.
        twin.fe.krylov.NotConverged
            The residual stays above the tolerance.
        """
        load = load if isinstance(load, Load) else Load(load)
        solid = self.model.with_fixed(guess, self.fixed)
        residual = self._free(self._residual(solid, load))
        enough = max(tolerance, reduction * self._norm(residual))
        iterations = 0
        linear = self.model.is_linear and not load.feedback
        before, last = np.inf, 0.0
        for _ in range(_MOST_NEWTON_STEPS):
            norm = self._norm(residual)
            if norm <= enough or before / 2 < norm <= _STAGNANT * enough:
                break
            before = norm
            wanted = enough if linear else max(enough / 2, _FORCING * norm)
            correction, used = self._correction(solid, load, residual, wanted)
            iterations += used
            if not linear:
                last = self._check_monotone(load, residual, correction, last)
            solid = solid + correction
            if not linear:
                self._check_range(solid, load)
            residual = self._free(self._residual(solid, load))
            if linear or self._is_rounding(correction, solid):
                break
        else:
            raise krylov.NotConverged(f"Newton's method: residual {self._norm(residual):.2e} W")
        state = HeatState(solid, self._coolant(solid))
        return state, self._balance(state, load), iterations

    def _is_rounding(self, correction: Array, solid: Array) -> bool:
        """Return whether Newton's method has come down to the rounding of temperatures."""
        largest = self.model.slabs.highest(float(np.abs(correction).max()))
        return largest <= _ROUNDING * self.model.slabs.highest(float(solid.max()))

    def _correction(self, solid: Array, load: Load, residual: Array, tolerance: float) -> tuple[Array, int]:
        """Solve the equations linearised at given temperatures."""
        modal = self.system.preconditioner(self._mean(solid))
        tangent = self._tangent(solid, load)
        try:
            return krylov.solve(tangent, modal.solve, residual, tolerance, total=self.model.slabs.total)
        except krylov.NotConverged as error:
            if load.feedback:
                raise Runaway("the linearised equations are singular") from error
            raise

    def _check_monotone(self, load: Load, residual: Array, correction: Array, last: float) -> float:
        """Raise Runaway where Newton's method shows that no stable solution lies above; return its step in K.

        `last` is the step before this one; 0 at the first. A step that is far smaller than the last is
        one of fast convergence, and its sign may be that of the linear solver's error.

        From a subsolution (residual not negative, and after one step always) of equations whose
        sources are convex, the corrections of Newton's method stay positive as long as there is a
        solution above; a negative one shows that the linearised operator has lost its stability.
        Source: Keller & Cohen, J. Math. Mech. 16 (1967) 1361.
        """
        slabs = self.model.slabs
        largest = slabs.highest(float(np.abs(correction).max()))
        below = slabs.lowest(float(residual.min())) >= -1e-9 * slabs.highest(float(np.abs(residual).max()))
        rising = below if last == 0.0 else largest > max(_NOT_MONOTONE * last, _SETTLED)
        if load.feedback and rising and slabs.lowest(float(correction.min())) < -_NOT_MONOTONE * largest:
            raise Runaway("heat grows faster with temperature than it can leave")
        return largest

    def _check_range(self, solid: Array, load: Load) -> None:
        slabs = self.model.slabs
        low, high = slabs.lowest(float(solid.min())), slabs.highest(float(solid.max()))
        if not (np.isfinite(high) and high < _HOTTEST):
            if load.feedback or self.model.power_laws:
                raise Runaway(f"temperatures above {_HOTTEST:g} K")
            raise krylov.NotConverged(f"temperatures above {_HOTTEST:g} K")
        if low <= 0.0:
            raise krylov.NotConverged("temperatures below 0 K")

    def _residual(self, solid: Array, load: Load) -> Array:
        """Return the heat that is missing at each node in W.

        Everything linear is taken over the mean temperature: it would drown in the rounding of absolute ones.
        """
        level = self._mean(solid)
        above = solid - level
        given = load.nodal + self._known(level)
        for term in load.feedback:
            with np.errstate(over="ignore"):
                given = given + term.heat(solid)
        for face, radiation in self.model.radiation.items():
            given[face_index(face)] -= self.model.face_weights(face) * radiation.flux(solid[face_index(face)])
        for layer, law in self.model.power_laws.items():
            given -= self.model.transformed[layer].apply(law.integral(solid) - law.integral(np.array(level)))
        streams = tuple(stream.fed_at(stream.inlet - level) for stream in self._local_streams)
        return given - self._apply(above, streams, self._local_coolant(above, streams, level))

    def _tangent(self, solid: Array, load: Load) -> krylov.Operator:
        """Return the operator linearised at given temperatures, with inlets and memory at zero.

        Fixed nodes neither act nor are acted on.
        """
        still = tuple(stream.fed_at(0.0) for stream in self._local_streams)
        slopes = {layer: law.factor(solid) for layer, law in self.model.power_laws.items()}
        nodal = self._nodal_slope(solid, load)

        def apply(change: Array) -> Array:
            coolant = tuple(s.temperatures(s.wall(change), self.system.step) for s in still)
            result = self._apply(change, still, coolant)
            for layer, slope in slopes.items():
                result += self.model.transformed[layer].apply(slope * change)
            if nodal is not None:
                result += nodal * change
            return self._free(result)

        return apply

    def _nodal_slope(self, solid: Array, load: Load) -> Array | None:
        """Derivative of what each node gives off by radiation less what its feedback releases, in W/K."""
        if not (load.feedback or self.model.radiation):
            return None
        slope = np.zeros(solid.shape)
        for term in load.feedback:
            slope -= term.coefficient * term.heat(solid)
        for face, radiation in self.model.radiation.items():
            index = face_index(face)
            slope[index] += self.model.face_weights(face) * radiation.slope(solid[index])
        return slope

    def _known(self, level: float) -> Array:
        """Heat from ambients and from what was stored before, over a temperature, in W per node."""
        known = np.zeros(self.model.shape)
        for face, film in self.model.films.items():
            known[face_index(face)] += film.coefficient * (film.ambient - level) * self.model.face_weights(face)
        if self.old is not None and self.system.step:
            known += self.model.capacity_weights * (self.old.solid - level) / self.system.step
        return known

    @cached_property
    def _local_streams(self) -> tuple[Stream, ...]:
        """Streams of this process's columns; those along x are whole (they never meet several processes)."""
        own = self.model.columns
        return tuple(s.lines(own) if s.axis == "y" else s for s in self.streams)

    @cached_property
    def _local_old(self) -> tuple[Array | None, ...]:
        if self.old is None:
            return (None,) * len(self.streams)
        own = self.model.columns
        return tuple(f[own] if s.axis == "y" else f for s, f in zip(self.streams, self.old.coolant, strict=True))

    def _apply(self, solid: Array, streams: Sequence[Stream], coolant: Sequence[Array]) -> Array:
        result = self.system.operator.apply(solid)
        own, grid = self.model.columns, self.model.grid
        for stream, temperatures in zip(streams, coolant, strict=True):
            widths = grid.x_weights[own] if stream.axis == "y" else grid.y_weights
            taken = widths[:, None, None] * stream.load(stream.wall(solid), temperatures)
            stream.along_y(result)[:, :, stream.walls.planes] += taken
        return result

    def _local_coolant(self, solid: Array, streams: Sequence[Stream], level: float = 0.0) -> tuple[Array, ...]:
        """Return the coolant for solid and streams over a temperature, over that temperature."""
        step = self.system.step
        return tuple(
            stream.temperatures(stream.wall(solid), step, None if memory is None else memory - level)
            for stream, memory in zip(streams, self._local_old, strict=True)
        )

    def _coolant(self, solid: Array) -> tuple[Array, ...]:
        slabs = self.model.slabs
        found = zip(self.streams, self._local_coolant(solid, self._local_streams), strict=True)
        return tuple(slabs.gathered(field) if stream.axis == "y" else field for stream, field in found)

    def _free(self, values: Array) -> Array:
        return np.where(self.model.fixed_mask, 0.0, values) if self.model.fixed else values

    def _norm(self, values: Array) -> float:
        return float(np.sqrt(self.model.slabs.total(float(np.vdot(values, values)))))

    def _mean(self, solid: Array) -> float:
        return self.model.slabs.total(float(solid.sum())) / self.model.grid.size

    def _balance(self, state: HeatState, load: Load) -> HeatBalance:
        model, total, solid = self.model, self.model.slabs.total, state.solid
        faces: dict[str, float] = {}
        for face, film in model.films.items():
            rise = solid[face_index(face)] - film.ambient
            faces[face] = total(film.coefficient * float((model.face_weights(face) * rise).sum()))
        for face, radiation in model.radiation.items():
            radiated = model.face_weights(face) * radiation.flux(solid[face_index(face)])
            faces[face] = faces.get(face, 0.0) + total(float(radiated.sum()))
        if model.fixed:
            reaction = self._residual(solid, load)
            for face in model.fixed:
                own = model.owns(face)
                faces[face] = total(float(reaction[face_index(face)].sum()) if own else 0.0)
                if own:
                    reaction[face_index(face)] = 0.0  # an edge that two faces share counts once
        streams = tuple(s.heat(f, model.widths(s)) for s, f in zip(self.streams, state.coolant, strict=True))
        stored = 0.0
        if self.old is not None and self.system.step:
            stored = model.energy_change(self.old, state, self.streams) / self.system.step
        feedback = sum(total(float(term.heat(solid).sum())) for term in load.feedback)
        return HeatBalance(total(float(load.nodal.sum())) + feedback, faces, streams, stored, feedback)
