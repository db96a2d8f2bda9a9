"""Steady states and time steps of a compiled stack.

Time steps are those of Alexander's two-stage method (SIAM J. Numer. Anal. 14 (1977) 1006): second
order and L-stable, so that power steps of any size do not ring. Flow and coefficients follow the
coolant's temperature before each step.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from twin.fe.heat import HeatBalance, HeatState, HeatStep, HeatSystem, Load, Runaway
from twin.fe.krylov import NotConverged
from twin.fe.stream import Stream
from twin.fe.tensor import Array
from twin.thermal.bed import BedFlow
from twin.thermal.stack_model import StackModel

GAMMA = 1.0 - 1.0 / np.sqrt(2.0)
"""Diagonal coefficient of the method."""

_TOLERANCE = 1e-11
"""Residual over the heats of sources, and over the residual of the first guess."""
_ROUNDING = 2e-15
"""Rounding of a residual over the largest heats in it, which Newton's method cannot pass."""
_CLOSED = 1e-8
_ROUNDINGS = 8.0
"""Roundings of the heat content in a balance of stored heat."""
_FLOW_CHANGE, _FLOW_SETTLED, _FLOW_REDUCTION = 1e-7, 1e-3, 1e-4
"""K between two updates of the flow: at the end, and before which solves are loose, to this reduction."""
_MOST_FLOW_UPDATES = 50
_MOST_SYSTEMS = 4
_MOST_HALVINGS = 8


@dataclass
class March:
    """A compiled stack on its way: the last streams, balance and flows, and what it cost.

    balance : heats of the steady state, or at the end of the last step
    residual : of the worst balance so far
    """

    model: StackModel
    balance: HeatBalance | None = None
    streams: tuple[Stream, ...] = ()
    flows: tuple[BedFlow, ...] = ()
    residual: float = 0.0
    iterations: int = 0
    _systems: OrderedDict[float, HeatSystem] = field(default_factory=OrderedDict)

    def uniform(self, temperature: float) -> HeatState:
        """Return solid and coolant at one temperature."""
        self.streams, self.flows = self._streams_of(self._inlet_means())
        coolant = [np.full(stream.capacity_rate.shape, temperature) for stream in self.streams]
        return HeatState(np.full(self.model.heat.shape, temperature), tuple(coolant))

    def steady(self, time: float) -> HeatState:
        """Solve for the steady state, flow and coefficients at the coolant's own temperatures."""
        model = self.model
        load = model.heats.load(time)
        guess = np.full(model.heat.shape, model.coldest)
        means = self._inlet_means()
        system: HeatSystem | None = None
        change = np.inf if model.depends_on_temperature else 0.0
        for _ in range(_MOST_FLOW_UPDATES):
            streams, flows = self._streams_of(means)
            system = system or HeatSystem(model.heat, streams, None)
            settled = change < _FLOW_SETTLED
            equations = system.at(streams, None, model.fixed(time))
            state, balance, iterations = self._solved(
                equations, load, guess, _TOLERANCE if settled else _FLOW_REDUCTION
            )
            updated = _means(streams, state)
            change = max((float(np.abs(a - b).max()) for a, b in zip(updated, means, strict=False)), default=0.0)
            guess, means = state.solid, updated
            self.balance, self.flows, self.streams = balance, flows, streams
            self.residual = self._closure(balance, state, np.inf)
            self.iterations += iterations
            if settled and (change < _FLOW_CHANGE or not model.depends_on_temperature):
                return state
        raise NotConverged(f"flow and temperatures: still changing by {change:.1e} K after {_MOST_FLOW_UPDATES} rounds")

    def advance(self, old: HeatState, begin: float, step: float, halvings: int = _MOST_HALVINGS) -> HeatState:
        """Return the state one step later; a step without a solution is halved, up to `halvings` times."""
        try:
            return self._step(old, begin, step)
        except (Runaway, NotConverged):
            if halvings == 0:
                raise
        middle = self.advance(old, begin, step / 2, halvings - 1)
        return self.advance(middle, begin + step / 2, step / 2, halvings - 1)

    def _step(self, old: HeatState, begin: float, step: float) -> HeatState:
        """Advance by one step of two implicit stages."""
        model, stage = self.model, GAMMA * step
        streams, flows = self._streams_of(_means(self.streams, old))
        load = model.heats.load(begin + step / 2)
        system = self._system(stage, streams)
        at_first, at_end = model.fixed(begin + stage), model.fixed(begin + step)
        first, balance_1, n_1 = self._solved(system.at(streams, old, at_first), load, old.solid)
        weight = (1 - GAMMA) / GAMMA
        middle = HeatState(
            old.solid + weight * (first.solid - old.solid),
            tuple(a + weight * (b - a) for a, b in zip(old.coolant, first.coolant, strict=True)),
        )
        second, balance_2, n_2 = self._solved(system.at(streams, middle, at_end), load, first.solid)
        stored = model.heat.energy_change(old, second, streams) / step
        whole = _mixed(balance_1, balance_2, stored)
        self.balance, self.streams, self.flows = balance_2, streams, flows
        self.residual = max(self.residual, self._closure(whole, second, step))
        self.iterations += n_1 + n_2
        return second

    def _system(self, stage: float, streams: Sequence[Stream]) -> HeatSystem:
        """Return the factors of a step; those used last are kept."""
        key = float(f"{stage:.9g}")
        if key not in self._systems:
            self._systems[key] = HeatSystem(self.model.heat, streams, stage)
        self._systems.move_to_end(key)
        while len(self._systems) > _MOST_SYSTEMS:
            self._systems.popitem(last=False)
        return self._systems[key]

    def _streams_of(self, means: Sequence[Array]) -> tuple[tuple[Stream, ...], tuple[BedFlow, ...]]:
        """All streams of a stack at given coolant mean temperatures: beds first, then films."""
        streams: list[Stream] = []
        flows = []
        for bed, channels in self.model.beds:
            used = means[len(streams) : len(streams) + len(bed.layouts)]
            found, flow = bed.streams(channels.flow_rate, channels.inlet_temperature, used)
            streams += found
            flows.append(flow)
        return (*streams, *self.model.film_streams), tuple(flows)

    def _inlet_means(self) -> list[Array]:
        return [means for bed, c in self.model.beds for means in bed.uniform(c.inlet_temperature)]

    def _solved(
        self, equations: HeatStep, load: Load, guess: Array, reduction: float = _TOLERANCE
    ) -> tuple[HeatState, HeatBalance, int]:
        """Solve against the heats that flow; nonlinear equations at least down to their rounding."""
        heats = self._norm(load.nodal) + sum(self._norm(part.weights) for part in load.feedback)
        try:
            found = equations.solve(load, guess, _TOLERANCE * heats, reduction)
        except NotConverged:
            if self.model.heat.is_linear and not load.feedback:
                raise
            return equations.solve(load, guess, self._rounding(guess), reduction)
        return self._closed(equations, load, *found)

    def _closed(
        self, equations: HeatStep, load: Load, state: HeatState, balance: HeatBalance, iterations: int
    ) -> tuple[HeatState, HeatBalance, int]:
        """Solve on where the first guess was so far off that a small part of its residual is no small heat."""
        if balance.residual < _CLOSED / 10:
            return state, balance, iterations
        try:
            state, balance, more = equations.solve(load, state.solid, _TOLERANCE * balance.scale)
        except NotConverged:  # what is left is rounding
            more = 0
        return state, balance, iterations + more

    def _rounding(self, solid: Array) -> float:
        return _ROUNDING * self.model.heat.stiffest * self._norm(solid)

    def _norm(self, values: Array) -> float:
        return float(np.sqrt(self.model.heat.slabs.total(float(np.vdot(values, values)))))

    def _closure(self, balance: HeatBalance, state: HeatState, step: float) -> float:
        """Return the relative residual of a balance; flows that drown in the solver's rounding are none."""
        heat = self.model.heat
        content = heat.slabs.total(float(heat.capacity_weights.sum())) * self.model.coldest
        rounding = self._rounding(state.solid) + _ROUNDINGS * np.finfo(float).eps * content / step
        return balance.imbalance / max(balance.scale, rounding / _CLOSED)


def _means(streams: Sequence[Stream], state: HeatState) -> list[Array]:
    return [stream.means(f) for stream, f in zip(streams, state.coolant, strict=True)]


def _mixed(first: HeatBalance, second: HeatBalance, stored: float) -> HeatBalance:
    """Return the balance of a whole step from those of its stages."""
    a, b = 1 - GAMMA, GAMMA
    return HeatBalance(
        a * first.released + b * second.released,
        {face: a * first.faces[face] + b * second.faces[face] for face in first.faces},
        tuple(a * p + b * q for p, q in zip(first.streams, second.streams, strict=True)),
        stored,
    )
