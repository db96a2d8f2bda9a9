"""Settled temperatures: the steady state for heat by tile, with a coolant that follows its temperature.

At a reference flow the equations are linear, and each mode across the flow answers to a row of tiles by
a small dense matrix. What the coolant's temperature changes enters as sources beside the heat: where
coefficient and heat capacity rate are (1 + e) and (1 + g) times those of the reference,

    walls   -e q,        coolant   q (1 + e) / (1 + g) - q,

with q the flux into the coolant at the reference coefficient. Sources are resolved by line across the
flow and by row of tiles along it, with the profile that the flux of even heat has within each row.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from twin.fe.modal import ModalSolver
from twin.fe.parallel import Slabs
from twin.thermal.bed import BedFlow
from twin.thermal.reduced.arrays import Real, single
from twin.thermal.reduced.coolant_law import CoolantLaw, Departure, coolant_law
from twin.thermal.reduced.modes import WaferModes
from twin.thermal.reduced.rows import TileRows
from twin.thermal.reduced.sources import RowProfile, board_film, heat_by_row, row_coolant, row_flux
from twin.thermal.wafer import WaferThermalModel

_CHUNK = 32
_MOST_UPDATES = 60
_ENOUGH, _FOLLOWED = 1e-3, 1e-2
"""Change of walls and coolant in K at which iterations end, of a steady state and within a time step."""
_DIVERGED = 4.0


class OutOfRange(ArithmeticError):
    """The reduced model does not hold for what it was asked."""


@dataclass(frozen=True)
class Settled:
    """A settled state.

    density : heat in W/m2, (tile_x, tile_y)
    sources : at the walls and in the coolant in W/m2, (lines, 2 rows)
    answer : flux at the reference coefficient in W/m2, coolant and heat layer over the inlet in K, (lines, 3 rows)
    from_sources : the part of it that the sources give
    inlet : coolant at the inlet in K
    flow : the coolant's flow;  flow_rate : in m3/s
    reference : flow in m3/s and temperature in K of the map
    updates : iterations that led here
    """

    density: Real
    sources: Real
    answer: Real
    from_sources: Real
    inlet: float
    flow_rate: float
    flow: BedFlow
    reference: tuple[float, float]
    updates: int


@dataclass(frozen=True)
class EvenMode:
    """The mode that is even across the flow, which alone carries the balance of heat; double precision.

    Answers to 1 W/m2 on each row (heat, walls, coolant) and on the bottom (last), (3 rows + 1,).

    content : heat stored over the inlet's temperature in J;  board : integral of the bottom's rise in K m2
    flux : heat to the coolant at the reference coefficient in W
    bottom : excess of the bottom over the heat layer in K that the board's film leaves per kelvin of its ambient
    hottest : excess of the layer's hottest plane over its mean, per heat in W/m2
    """

    answer: Real
    content: Real
    board: Real
    flux: Real
    bottom: float
    hottest: float

    @classmethod
    def of(cls, modes: WaferModes, rows: TileRows, sides: Real, wafer: WaferThermalModel) -> EvenMode:
        """Return the readings of the even mode's solutions for all loads, the board's last."""
        values = modes.solve(np.asarray(sides[None], np.float64), np.array([0]))[0]
        _, along, through = wafer.tile_hats
        layer = np.einsum("yps,p->ys", values[:, : modes.planes], through)
        width, flux = float(modes.grid.x_weights.sum()), row_flux(modes, rows, values)
        mean = along.T @ layer / rows.lengths[:, None]
        even = values[:, : modes.planes, : rows.lengths.size].sum(axis=2).mean(axis=0)
        film = wafer.model.films.get("bottom")
        h = film.coefficient if film else 0.0
        bottom, above = values[:, 0, -1].mean(), layer[:, -1].mean()
        return cls(
            answer=np.concatenate([flux, row_coolant(modes, rows, values), mean]),
            content=width * np.einsum("yps,yp->s", values, modes.capacity),
            board=width * (modes.grid.y_weights @ values[:, 0]),
            flux=width * (rows.lengths @ flux),
            bottom=float(h * (bottom - above) / (1.0 - h * above)),
            hottest=float(even[through > 0].max() - even @ through),
        )


@dataclass(frozen=True)
class SettledMap:
    """Answers of all modes at a reference flow to heat, wall and coolant sources by row.

    flow_rate, temperature : the reference
    to_heat, to_sources : flux (W/m2), coolant and heat layer (K) of each row, (modes, 3 rows, rows or 2 rows)
    surface_to_heat, surface_to_sources : heat layer's mean over its thickness on the nodes along y,
        (modes, ny, rows or 2 rows)
    even : balances
    law : how the coolant departs from the reference
    """

    wafer: WaferThermalModel
    modes: WaferModes
    rows: TileRows
    profile: RowProfile
    flow_rate: float
    temperature: float
    to_heat: Real
    to_sources: Real
    surface_to_heat: Real
    surface_to_sources: Real
    even: EvenMode
    law: CoolantLaw

    @classmethod
    def build(cls, wafer: WaferThermalModel, flow_rate: float, temperature: float) -> SettledMap:
        """Return the map at a reference flow in m3/s and coolant temperature in K."""
        modes, rows = WaferModes.of(wafer, flow_rate, temperature), TileRows.of(wafer)
        heat = heat_by_row(wafer, modes)
        profile = RowProfile.of(modes, rows, heat)
        sides = np.concatenate([heat, profile.at_walls(modes, rows), profile.in_coolant(modes, rows)], axis=2)
        _, along, through = wafer.tile_hats
        by_row = along.T / rows.lengths[:, None]
        count = heat.shape[2]
        answers, surface = [], []
        for start in range(0, modes.values.size, _CHUNK):
            found = modes.solve(sides[None], np.arange(start, min(start + _CHUNK, modes.values.size)))
            layer = np.einsum("myps,p->mys", found[:, :, : modes.planes], through)
            read = [row_flux(modes, rows, found), row_coolant(modes, rows, found), by_row @ layer]
            answers.append(np.concatenate(read, axis=1))
            surface.append(layer)
        answer, layers = single(np.concatenate(answers)), single(np.concatenate(surface))
        with_board = np.concatenate([sides, board_film(modes)], axis=2)
        return cls(
            wafer, modes, rows, profile, flow_rate, temperature,
            np.ascontiguousarray(answer[:, :, :count]), np.ascontiguousarray(answer[:, :, count:]),
            np.ascontiguousarray(layers[:, :, :count]), np.ascontiguousarray(layers[:, :, count:]),
            EvenMode.of(modes, rows, with_board, wafer),
            coolant_law(rows, flow_rate, temperature),
        )  # fmt: skip

    @property
    def reference(self) -> tuple[float, float]:
        """Flow in m3/s and coolant temperature in K that it is built at."""
        return self.flow_rate, self.temperature

    @cached_property
    def tile_shapes(self) -> Real:
        """Integrals of the modes over the tiles along x, (modes, tile_x)."""
        return np.asarray(self.modes.shapes.T @ self.wafer.tile_hats[0], np.float32)

    @cached_property
    def line_shapes(self) -> Real:
        """Integrals of the modes with the lines' widths, (modes, lines)."""
        return np.asarray(self.modes.shapes.T * self.modes.grid.x_weights, np.float32)

    @cached_property
    def shapes(self) -> Real:
        """The modes in single precision, (lines, modes)."""
        return np.asarray(self.modes.shapes, np.float32)

    def settle(
        self, density: Real, flow_rate: float, inlet: float, guess: Settled | None = None, enough: float = 0.0
    ) -> Settled:
        """Return the settled state for heat in W/m2, (tile_x, tile_y), coolant's properties at its temperatures.

        Parameters
        ----------
        density : array
        flow_rate, inlet : float
            Coolant in m3/s and K.
        guess : Settled, optional
            What to start from.
        enough : float
            Change of walls and coolant in K at which the iteration ends, if that is more than `_ENOUGH`.

        Raises
        ------
        OutOfRange
            The iteration does not converge: the coolant is too far from the reference.
        """
        driven = self._driven(density, inlet)
        added = self._added(guess) if guess else np.zeros_like(driven)
        smallest = np.inf
        for update in range(1, _MOST_UPDATES + 1):
            departure = self.departure(driven + added, flow_rate, inlet)
            sources = self._sources(driven + added, departure)
            before, added = added, self._answer(self.to_sources, self.line_shapes @ sources)
            change = float(np.abs((added - before) * self._in_kelvin).max())
            if change <= max(enough, _ENOUGH):
                break
            if not change <= _DIVERGED * smallest or update == _MOST_UPDATES:
                raise OutOfRange("the coolant is too far from what the reduced model was built for")
            smallest = min(smallest, change)
        self._require_covered(driven + added, inlet)
        return Settled(
            density, sources, driven + added, added, inlet, flow_rate, departure.flow, self.reference, update
        )

    def settle_at(self, density: Real, departure: Departure, flow_rate: float, inlet: float, guess: Settled) -> Settled:
        """Return the settled state for heat in W/m2, (tile_x, tile_y), at given properties of the coolant."""
        driven = self._driven(density, inlet)
        added = self._added(guess)
        updates = 0
        while updates < _MOST_UPDATES:
            updates += 1
            sources = self._sources(driven + added, departure)
            before, added = added, self._answer(self.to_sources, self.line_shapes @ sources)
            if np.abs((added - before) * self._in_kelvin).max() <= _FOLLOWED:
                break
        else:
            raise OutOfRange("the coolant is too far from what the reduced model was built for")
        self._require_covered(driven + added, inlet)
        return Settled(
            density, sources, driven + added, added, inlet, flow_rate, departure.flow, self.reference, updates
        )

    def _require_covered(self, answer: Real, inlet: float) -> None:
        count = self.rows.lengths.size
        if not self.law.covers(answer[:, count : 2 * count] + np.float32(inlet)):
            raise OutOfRange("the coolant is warmer or colder than the properties that the reduced model knows")

    def departure(self, answer: Real, flow_rate: float, inlet: float) -> Departure:
        """Return how the coolant departs from the reference at the temperatures of a settled answer."""
        count = self.rows.lengths.size
        flux, means = answer[:, :count], np.float32(inlet) + answer[:, count : 2 * count]
        return self.law.departure(flow_rate, inlet, means, flux * self._half_change)

    def _driven(self, density: Real, inlet: float) -> Real:
        return self._answer(self.to_heat, self.tile_shapes @ density) + self._board_answer(inlet)

    def _added(self, guess: Settled) -> Real:
        """Return what the sources of another settled state add, here."""
        if guess.reference == self.reference:
            return guess.from_sources
        return self._answer(self.to_sources, self.line_shapes @ guess.sources)

    def _sources(self, answer: Real, departure: Departure) -> Real:
        """Return the sources that make up for coefficient and flow of the coolant as it is."""
        flux, e, g = answer[:, : self.rows.lengths.size], departure.e, departure.g
        return np.concatenate([-flux * e, flux * ((1.0 + e) / (1.0 + g) - 1.0)], axis=1).astype(np.float32)

    def sources_at_inlet(self, settled: Settled) -> Real:
        """Return the sources that a state would have if all its coolant were as warm as that at the inlet."""
        one_line = np.zeros((1, settled.answer.shape[1]), np.float32)
        departure = self.departure(one_line, settled.flow_rate, settled.inlet)
        return self._sources(settled.answer, departure)

    def uniform(self, flow_rate: float, temperature: float) -> Settled:
        """Return a wafer that is as warm as its coolant, on both sides."""
        lines, rows = self.modes.grid.x.size, self.rows.lengths.size
        answer = np.zeros((lines, 3 * rows), np.float32)
        cold = np.zeros((lines, rows), np.float32)
        flow = self.law.departure(flow_rate, temperature, cold + np.float32(temperature), cold).flow
        density = np.zeros((self.wafer.tiles[1], rows), np.float32)
        return Settled(
            density, np.zeros((lines, 2 * rows), np.float32), answer, answer, temperature, flow_rate, flow,
            self.reference, 0,
        )  # fmt: skip

    def flow(self, settled: Settled, flow_rate: float) -> BedFlow:
        """Return the flow that another rate in m3/s would be at the same coolant temperatures."""
        return self.departure(settled.answer, flow_rate, settled.inlet).flow

    def extremes(self, settled: Settled) -> tuple[float, float]:
        """Return the hottest coolant and wetted wall over the inlet in K, at the ends of rows."""
        count, film = self.rows.lengths.size, self.film(settled)
        if self.modes.stream.sees_inlet:
            return float(self._behind_jets(settled).max()), float(film.max())
        hottest = settled.answer[:, count : 2 * count] + np.abs(settled.answer[:, :count]) * self._half_change
        return float(hottest.max()), float((hottest + film).max())

    def film(self, settled: Settled) -> Real:
        """Return how much warmer than their coolant the wetted walls are in K, (lines, rows)."""
        count = self.rows.lengths.size
        return np.asarray(settled.answer[:, :count] * self._in_kelvin[:count])

    def outlets(self, settled: Settled) -> Real:
        """Return the coolant at the outlet of each cell over the inlet in K, (lines, cells)."""
        count, rows = self.rows.lengths.size, self.rows.cell_rows
        if self.modes.stream.sees_inlet:
            return self._behind_jets(settled)[:, rows]
        change = settled.answer[:, :count] * self._half_change
        return np.asarray(settled.answer[:, count : 2 * count][:, rows] + change[:, rows] * self._downstream)

    def _behind_jets(self, settled: Settled) -> Real:
        """Return the coolant of jets after it has taken up their heat over the inlet in K, (lines, rows)."""
        count, stream = self.rows.lengths.size, self.modes.stream
        flux = settled.answer[:, :count] - settled.sources[:, :count]
        per_flux = float((stream.lengths / stream.capacity_rate[0]).mean()) * self.flow_rate / settled.flow_rate
        return np.asarray(flux * np.float32(per_flux))

    @cached_property
    def _downstream(self) -> Real:
        """Place of each cell's outlet in its row, from -1 to 1 along the flow; 0 where a row has slots within it."""
        rows, y, direction = self.rows, self.modes.grid.y, self.modes.stream.direction
        if rows.segment_rows.size != rows.lengths.size:
            return np.zeros(rows.cell_rows.size, np.float32)
        middle = (np.cumsum(rows.lengths) - rows.lengths / 2)[rows.cell_rows]
        outlet = np.where(direction >= 0, y[1:], y[:-1])
        return np.asarray(direction * (outlet - y[0] - middle) / (rows.lengths[rows.cell_rows] / 2), np.float32)

    def _answer(self, answers: Real, amplitudes: Real) -> Real:
        """Return readings on lines and rows, (lines, 3 rows), for amplitudes of the modes."""
        return np.asarray(self.shapes @ np.matmul(answers, amplitudes[:, :, None])[:, :, 0])

    def _board_answer(self, inlet: float) -> Real:
        film = self.wafer.model.films.get("bottom")
        if film is None:
            return np.zeros(1, np.float32)
        return np.asarray(self.even.answer[:, -1] * (film.coefficient * (film.ambient - inlet)), np.float32)

    @cached_property
    def _in_kelvin(self) -> Real:
        """Factors of the readings of each row that make kelvins, (3 rows,)."""
        stream, ones = self.modes.stream, np.ones(self.rows.lengths.size)
        wall = float(stream.exchange[0].mean() * stream.walls.weights.sum())
        return np.asarray(np.concatenate([ones / wall, ones, ones]), np.float32)

    @cached_property
    def _half_change(self) -> Real:
        """Half the change of the coolant per flux along each row, or its parts where slots cut it, in K m2/W."""
        rate = self.modes.stream.capacity_rate[0] @ self.rows.cell_shares
        parts = np.bincount(self.rows.segment_rows)
        return np.asarray(self.rows.lengths / parts / (2.0 * rate), np.float32)

    @cached_property
    def _solver(self) -> ModalSolver:
        return ModalSolver(self.modes.operator, (self.modes.stream,), None, Slabs(self.modes.grid.x.size))

    @cached_property
    def _loads(self) -> tuple[Real, Real]:
        """Loads of 1 W/m2 on each row (heat, walls, coolant), (ny places, 3 rows), and on the bottom."""
        modes, rows = self.modes, self.rows
        sides = [
            heat_by_row(self.wafer, modes),
            self.profile.at_walls(modes, rows),
            self.profile.in_coolant(modes, rows),
        ]
        return np.concatenate(sides, axis=2).reshape(-1, 3 * rows.lengths.size), board_film(modes)[:, :, 0]

    def whole(self, settled: Settled) -> Real:
        """Return the temperatures of every mode over the inlet, (modes, ny, places)."""
        amplitudes = np.concatenate([self.tile_shapes @ settled.density, self.line_shapes @ settled.sources], axis=1)
        loads, board = self._loads
        right = (loads @ amplitudes.T.astype(float)).reshape(*board.shape, -1)
        if film := self.wafer.model.films.get("bottom"):
            even = self.modes.shapes.T @ self.modes.grid.x_weights
            right += (film.coefficient * (film.ambient - settled.inlet)) * board[:, :, None] * even
        return np.ascontiguousarray(self._solver.substitute(right).transpose(2, 0, 1), np.float32)

    def surface_of_heat(self, density: Real) -> Real:
        """Return what heat in W/m2, (tile_x, tile_y), adds to the heat layer's mean in K on the nodes, (nx, ny)."""
        return self._surface(self.surface_to_heat, self.tile_shapes @ density)

    def surface_of_sources(self, sources: Real) -> Real:
        """Return what sources at walls and in the coolant add to it, (nx, ny)."""
        return self._surface(self.surface_to_sources, self.line_shapes @ sources)

    def _surface(self, answers: Real, amplitudes: Real) -> Real:
        return np.asarray(self.shapes @ np.matmul(answers, amplitudes[:, :, None])[:, :, 0])
