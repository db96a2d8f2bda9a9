"""The reduced thermal model of a wafer, with the interface of the full one.

A state is what is settled for the heat that now reaches the walls (twin.thermal.reduced.settled), plus
what the reduced states hold beyond it (twin.thermal.reduced.dynamics):

    T(t) = settled(heat that reaches the walls, flow, inlet) + unsettled(t)

What the properties of the coolant change, at its present temperatures, drives the reduced states as heat would
(twin.thermal.reduced.followed).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from twin.fe.heat import HeatBalance, HeatState
from twin.fe.tensor import Array
from twin.thermal.bed import BedFlow
from twin.thermal.reduced.arrays import Real
from twin.thermal.reduced.coolant_law import Departure
from twin.thermal.reduced.design import REFERENCE_TEMPERATURE, ReducedDesign
from twin.thermal.reduced.details import Details
from twin.thermal.reduced.dynamics import Dynamics
from twin.thermal.reduced.field import whole_field
from twin.thermal.reduced.followed import Followed
from twin.thermal.reduced.heats import Heats, LinearHeats, settled_heats
from twin.thermal.reduced.settled import OutOfRange, Settled, SettledMap
from twin.thermal.reduced.shares import TileShares, tile_shares
from twin.thermal.reduced.state import ReducedState
from twin.thermal.reduced.step import ReducedStep
from twin.thermal.regime import Caution
from twin.thermal.wafer import WaferThermalModel

_OTHER_FLOW = 0.05
"""Part by which the flow may depart from the usual one in time steps."""
_INLET_JUMP, _SETTLES, _AT_ONCE = 2.0, 0.25, 0.25
"""Largest change of the inlet in K within a time in s, which is that of a few residences of heat; and in any step."""
_COLDER = 0.3
"""Fall in K of the warmest tile of late from which on the bottom is looked at."""
_BOTTOM_ERROR = 0.1
"""Error in K allowed for the bottom's temperatures within tiles."""
_WITHIN = 0.2
"""Error in K, of the hottest point of a die, from which on temperatures within tiles are worked out."""
_SPREADING = 0.13
"""That error over the settled rise of a tile for what of its heat does not reach the walls yet: the largest found for
the three designs that are shipped, steps of 5 to 250 ms."""


class ReducedWaferModel:
    """Reduced model of a chip under a cooling design.

    Every method raises OutOfRange where the flow is not one that the model is built for, or the coolant
    too far from it.

    Parameters
    ----------
    full : WaferThermalModel
        The finite-element model that it stands for.
    flow_rate : float
        Usual coolant flow in m3/s, about which time steps are taken.
    """

    def __init__(self, full: WaferThermalModel, flow_rate: float):
        self.full, self.usual_flow = full, flow_rate
        self.design = ReducedDesign.of(full)
        film = full.model.films.get("bottom")
        self.film, self.ambient = (film.coefficient, film.ambient) if film else (0.0, 0.0)
        self.area = full.chip.size.x * full.chip.size.y
        self._maps: dict[tuple[float, float], SettledMap] = {}

    @cached_property
    def dynamics(self) -> Dynamics:
        """The reduced states, built or read when first needed."""
        return self.design.dynamics(self.usual_flow)

    @cached_property
    def linear(self) -> LinearHeats:
        """The balance of heat of the reduced states."""
        return LinearHeats(self.dynamics.even, self.full.tiles[1], self.film, self.ambient, self.area)

    def map(self, flow_rate: float, coolant: float = REFERENCE_TEMPERATURE, last: float | None = None) -> SettledMap:
        """Return the settled map for a flow in m3/s and a mean of the coolant in K; see ReducedDesign.reference."""
        if not self.full.model.is_linear:
            raise OutOfRange("conductivity that depends on temperature is known to the full model alone")
        return self._map_at(self.design.reference(flow_rate, coolant, last))

    def map_of(self, settled: Settled) -> SettledMap:
        """Return the map that a settled state is of."""
        return self._map_at(settled.reference)

    def _map_at(self, reference: tuple[float, float]) -> SettledMap:
        if reference not in self._maps:
            self._maps[reference] = self.design.settled_map(reference)
        return self._maps[reference]

    def uniform(self, temperature: float, flow_rate: float) -> ReducedState:
        """Return a wafer at one temperature, coolant included."""
        settled = self.map(flow_rate, temperature).uniform(flow_rate, temperature)
        nothing = np.zeros(settled.density.shape)
        balance = HeatBalance(0.0, {}, (0.0,), 0.0)
        return ReducedState(
            self, Followed(self, settled), 1.0, settled.density, settled.density, nothing, temperature, balance, 0,
            still=True,
        )  # fmt: skip

    def steady(
        self, heat: Real, flow_rate: float, inlet: float, guess: ReducedState | None = None, enough: float = 0.0
    ) -> ReducedState:
        """Return the steady state for heat in W by tile, (tile_y, tile_x), the coolant's temperature to `enough` K."""
        density = self.density(heat)
        mean = inlet + float(heat.sum()) / (2.0 * self._heat_capacity * self.design.reference_flow(flow_rate))
        found = self.map(flow_rate, mean).settle(
            density.astype(np.float32), flow_rate, inlet, guess.settled if guess else None, enough
        )
        heats = self.heats(found, density)
        balance = HeatBalance(float(heat.sum()), {"bottom": heats.board}, (heats.coolant,), 0.0)
        rise = self.by_tile(found, 2)
        return ReducedState(
            self, Followed(self, found), 1.0, found.density, rise, density, inlet, balance, found.updates,
            at_rest=True, still=True, warmth=float(np.abs(rise).max()),
        )  # fmt: skip

    def step(self, state: ReducedState, flow_rate: float, inlet: float, step: float) -> ReducedStep:
        """Return the equations of one implicit Euler step of `step` seconds."""
        mean = state.inlet + state.share * state.followed.mean_rise
        found = self.map(flow_rate, mean, state.settled.reference[1])
        if abs(flow_rate / self.usual_flow - 1.0) > _OTHER_FLOW:
            raise OutOfRange("a flow that is no longer near the usual one")
        if abs(inlet - state.inlet) > max(_AT_ONCE, _INLET_JUMP * step / _SETTLES):
            raise OutOfRange("an inlet that changes faster than coolant loops do")
        return ReducedStep(self, state, found, flow_rate, inlet, step)

    def density(self, heat: Real) -> Real:
        """Return W/m2 by tile, (tile_x, tile_y), for W by tile, (tile_y, tile_x)."""
        return np.asarray(heat.T / self.full.tile_area)

    def heats(self, settled: Settled, density: Real) -> Heats:
        """Return the balance of a settled state; heat in W/m2 in double precision."""
        return settled_heats(self.map_of(settled), settled, density, self.film, self.ambient, self.area)

    def states_of(self, state: ReducedState) -> tuple[Real, Real, float]:
        """Return reduced states, (groups, states), those of the even group, and heat in J beyond theirs."""
        dynamics, even = self.dynamics, self.dynamics.even
        if not state.at_rest:
            return np.zeros(dynamics.real.shape, np.float32), np.zeros(even.constant.size), 0.0
        states = dynamics.at_rest(state.density + state.extra, self.film * (self.ambient - state.inlet))
        return states, even.settled @ self.linear.driven(state.density, state.inlet), state.followed.heats.content

    def departure(self, state: ReducedState, found: SettledMap, flow_rate: float, inlet: float) -> Departure:
        """Return the coolant's properties at its temperatures in a state; flow in m3/s, the inlet of jets in K."""
        answer, count = np.float32(state.share) * state.settled.answer, state.density.shape[1]
        answer[:, count : 2 * count] = state.coolant_rise
        return found.departure(answer, flow_rate, inlet if found.modes.stream.sees_inlet else state.inlet)

    def rises(self, settled: Settled) -> Real:
        """Return the mean coolant over the inlet in K, (lines, rows)."""
        count = settled.density.shape[1]
        return settled.answer[:, count : 2 * count]

    def by_tile(self, settled: Settled, reading: int) -> Real:
        """Return flux (0), coolant (1) or heat layer (2) of a settled state by tile, (tile_x, tile_y)."""
        count = settled.density.shape[1]
        return np.asarray(self.tiles.lines @ settled.answer[:, reading * count : (reading + 1) * count])

    @cached_property
    def tiles(self) -> TileShares:
        """Shares of nodes in tiles and of tiles in nodes."""
        return tile_shares(self.full.grid, self.full.tiles)

    def within_of(self, state: ReducedState) -> Real:
        """Return how the heat layer's mean over its thickness differs within tiles in K, (nx, ny).

        As if it were settled for the heat at the walls, unless much heat is under way to them.
        """
        followed, known = state.followed, state.details
        within = known.of(state.reaching) if known.patterns else self.details(state.settled.reference, state.reaching)
        if beyond := followed.beyond_at(state.share):
            within = within + np.float32(beyond) * followed.within
        if not state.at_rest and self._is_spreading(state):
            within = within + self.tiles.within(self._unsettled_nodes(state, "mean"))
        return np.asarray(within)

    def details(self, reference: tuple[float, float], heat: Real) -> Real:
        """Return how the heat layer settled for heat in W/m2 by tile differs within tiles in K, (nx, ny).

        reference : flow and temperature of the map that is taken
        """
        return self.tiles.within(self._map_at(reference).surface_of_heat(heat))

    def _is_spreading(self, state: ReducedState) -> bool:
        """Tell whether temperatures within tiles may differ by more than `_WITHIN` from settled ones."""
        under_way = float(np.abs(state.density - state.reaching).max())
        return _SPREADING * self.dynamics.resistance * under_way > _WITHIN

    def _unsettled_nodes(self, state: ReducedState, reading: str) -> Real:
        """Return what the reduced states add to the settled heat layer on the nodes, (nx, ny).

        reading : its `mean` over its thickness, or what its `lowest` plane has beyond it
        """
        through = self.full.tile_hats[2]
        if reading == "lowest":
            through = np.eye(1, through.size, int(np.flatnonzero(through)[0]))[0] - through
        found = self.map_of(state.settled)
        amplitudes = self.dynamics.layer(reading, through, found.modes.values.size, state.unsettled)
        return np.asarray(found.shapes @ amplitudes)

    def die_peak(self, state: ReducedState) -> Array:
        """Return the hottest point of the heat layer of each die in K, (die_y, die_x).

        On the plane of the layer that is hottest under even heat, the lowest: heat leaves upwards.
        """
        hottest = np.float32(self.map_of(state.settled).even.hottest)
        nodes = self.tiles.on_nodes(state.rise + hottest * state.reaching) + state.within
        if not state.at_rest and self._is_spreading(state):
            nodes = nodes + self._unsettled_nodes(state, "lowest")
        return np.asarray(self.full.die_peak(nodes), np.float64) + state.inlet

    def peak_of(self, hottest: float, state: ReducedState) -> float:
        """Return the hottest point of the solid in K: in the heat layer, or at the bottom.

        The bottom is hotter under warm air, and after a fall in heat: it cools last.
        """
        share = self.map_of(state.settled).even.bottom
        still = max(hottest, (1.0 - share) * hottest + share * self.ambient)
        if state.at_rest or state.warmth < float(state.rise.max()) + _COLDER:
            return still
        return max(still, self._hottest_bottom(state) + state.inlet)

    def _hottest_bottom(self, state: ReducedState) -> float:
        """Return the hottest point of the bottom over the inlet in K.

        Within tiles temperatures are those that the heat layer has when it is settled at the same means: the
        bottom carries hardly any heat, and settled follows it.
        """
        dynamics, board = self.dynamics, self.film * (self.ambient - state.inlet)
        means = dynamics.bottom_means(state.states, dynamics.by_mode(state.density + state.extra), board)
        heat = dynamics.heat_of(means, board)
        known, reference = state.details, state.settled.reference
        is_known = known.holds(reference, heat, _BOTTOM_ERROR)
        within = known.of(heat) if is_known else self.details(reference, heat)
        return float((self.tiles.on_nodes(means) + within).max())

    def outlet_of(self, state: ReducedState) -> float:
        """Return the mixed mean of the coolant at the outlets in K."""
        return state.inlet + state.coolant_heat / (self._heat_capacity * state.settled.flow_rate)

    @cached_property
    def _heat_capacity(self) -> float:
        """Heat capacity of the coolant in J/(m3 K)."""
        return float(self.full.coolant.at(self.full.reference_temperature).volumetric_heat_capacity)

    def surface(self, state: ReducedState) -> Array:
        """Return the heat layer's mean over its thickness on the nodes, (ny, nx)."""
        return np.asarray(state.nodes.T, np.float64) + state.inlet

    def coolant_surface(self, state: ReducedState) -> Array:
        """Return the coolant at the outlet of the cells around each node, (ny, nx)."""
        found = self.map_of(state.settled)
        share, rows = np.float32(state.share), found.rows
        late = state.coolant_rise - share * self.rises(state.settled)
        cells = share * found.outlets(state.settled) + late[:, rows.cell_rows]
        padded = np.concatenate([cells[:, :1], cells, cells[:, -1:]], axis=1)
        return np.asarray((padded[:, :-1] + padded[:, 1:]).T / 2 + state.inlet, np.float64)

    def field(self, state: ReducedState) -> HeatState:
        """Return all temperatures of solid and coolant in K."""
        return whole_field(self, state)

    def cautions(self, state: ReducedState, inlet: float) -> tuple[Caution, ...]:
        """Return where the coolant of a state, entering at `inlet` K, leaves what the model holds for."""
        coolant, walls = state.followed.extremes(state.share, state.reaching)
        limit = self.full.design.velocity_limit
        return self.full.bed.cautions(state.flow, inlet, (np.array([inlet, inlet + coolant]),), inlet + walls, limit)

    def drop(self, states: Sequence[ReducedState], flow_rate: float) -> float:
        """Return the largest pressure drop in Pa that a flow in m3/s has at the coolant temperatures of some wafers."""
        return max(self._drop(state, flow_rate) for state in states)

    def _drop(self, state: ReducedState, flow_rate: float) -> float:
        settled, present = state.settled, state.flow.pressure_drop
        if settled.flow_rate == flow_rate:
            return present
        return self.map_of(settled).flow(settled, flow_rate).pressure_drop * present / settled.flow.pressure_drop

    def restored(self, tree: dict[str, Any], flow_rate: float, inlet: float) -> ReducedState:
        """Return the state that ReducedState.tree told of."""
        numbers = (float(value) for value in tree["numbers"])
        (
            settled_inlet,
            settled_flow,
            drop,
            reynolds,
            velocity,
            *reference,
            off,
            share,
            own_inlet,
            more,
            warmth,
            still,
            at_rest,
        ) = numbers
        settled = Settled(
            tree["settled_density"], tree["sources"], tree["answer"], tree["from_sources"], settled_inlet, settled_flow,
            BedFlow((), drop, reynolds, velocity), (reference[0], reference[1]), 0,
        )  # fmt: skip
        nothing = HeatBalance(0.0, {}, (0.0,), 0.0)
        return ReducedState(
            self, Followed(self, settled, off), share, tree["reaching"], tree["rise"], tree["density"],
            own_inlet, nothing, 0, at_rest=bool(at_rest), given=(tree["states"], tree["even"], more), warmth=warmth,
            still=bool(still), given_above=tree["above"],
            given_details=Details.restored(self, tree),
        )  # fmt: skip
