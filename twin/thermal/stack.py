"""Solving a stack file: steady states and transients, with probes, extremes and the heat balance."""

from __future__ import annotations

import time as clock
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from twin.errors import Problem, SpecError
from twin.fe.heat import HeatBalance, HeatState, HeatSystem
from twin.fe.stream import Stream
from twin.fe.tensor import Array
from twin.spec.documents import read_yaml, validate
from twin.spec.stack import Stack
from twin.thermal.bed import BedFlow
from twin.thermal.layers import layer_mean_weights
from twin.thermal.stack_check import check_stack
from twin.thermal.stack_model import StackModel, compile_stack, oriented

GAMMA = 1.0 - 1.0 / np.sqrt(2.0)
"""Diagonal coefficient of the two-stage, second order, L-stable method of Alexander,
SIAM J. Numer. Anal. 14 (1977) 1006: no ringing after power steps of any size."""

_TOLERANCE = 1e-11
_CLOSED = 1e-8
_FLOW_CHANGE = 1e-7
_MOST_FLOW_UPDATES = 50


@dataclass
class StackResult:
    """What `twin solve` reports; temperatures in K, heats in W."""

    model: StackModel
    exchanged: bool
    times: list[float] = field(default_factory=list)
    probes: dict[str, list[float]] = field(default_factory=dict)
    highest: Array = field(default_factory=lambda: np.array(-np.inf))
    lowest: Array = field(default_factory=lambda: np.array(np.inf))
    final: HeatState | None = None
    balance: HeatBalance | None = None
    flows: tuple[BedFlow, ...] = ()
    streams: tuple[Stream, ...] = ()
    residual: float = 0.0
    iterations: int = 0
    wall_time: float = 0.0

    @property
    def nodes(self) -> tuple[Array, Array, Array]:
        """Nodes along x, y, z in m, as in the stack file."""
        grid = self.model.heat.grid
        return (grid.y, grid.x, grid.z) if self.exchanged else (grid.x, grid.y, grid.z)

    @property
    def field(self) -> Array:
        """Temperature of the solid at the end in K, shape (x, y, z)."""
        assert self.final is not None
        return self.final.solid.transpose(1, 0, 2) if self.exchanged else self.final.solid

    def record(self, time: float, state: HeatState) -> None:
        """Keep probes and extremes of a reported time."""
        self.times.append(time)
        for name, weights in self.model.probes.items():
            self.probes.setdefault(name, []).append(float(np.vdot(weights, state.solid)))
        self.highest = np.maximum(self.highest, state.solid)
        self.lowest = np.minimum(self.lowest, state.solid)
        self.final = state


def load_stack(path: Path) -> Stack:
    """Read and check a stack file; SpecError names every problem."""
    raw = read_yaml(path)
    if raw.get("kind") != "stack":
        message = f"is '{raw.get('kind')}', expected 'stack': a file of layers for `twin solve`"
        raise SpecError(path.name, [Problem("kind", message)])
    stack = validate(raw, Stack, path.name)
    assert isinstance(stack, Stack)
    check_stack(stack, path.name)
    return stack


def solve_stack(stack: Stack, folder: Path = Path(".")) -> StackResult:
    """Solve a stack; maps are looked for in `folder`."""
    start = clock.perf_counter()
    turned, exchanged = oriented(stack)
    model = compile_stack(turned, folder, exchanged)
    result = StackResult(model, exchanged)
    if turned.transient is None:
        state = _steady(model, result, 0.0)
        result.record(0.0, state)
    else:
        _transient(model, result)
    result.wall_time = clock.perf_counter() - start
    return result


def _streams(model: StackModel, means: Sequence[Array]) -> tuple[tuple[Stream, ...], tuple[BedFlow, ...]]:
    """All streams of a stack at given coolant mean temperatures: beds first, then films."""
    streams: list[Stream] = []
    flows = []
    for bed, channels in model.beds:
        used = means[len(streams) : len(streams) + len(bed.layouts)]
        found, flow = bed.streams(channels.flow_rate, channels.inlet_temperature, used)
        streams += found
        flows.append(flow)
    return (*streams, *model.film_streams), tuple(flows)


def _inlet_means(model: StackModel) -> list[Array]:
    return [field for bed, c in model.beds for field in bed.uniform(c.inlet_temperature)]


def _means(streams: Sequence[Stream], state: HeatState) -> list[Array]:
    return [stream.means(f) for stream, f in zip(streams, state.coolant, strict=True)]


def _steady(model: StackModel, result: StackResult, time: float) -> HeatState:
    """Solve for the steady state, flow and coefficients at the coolant's own temperatures."""
    load = model.load(time)
    guess = np.full(model.heat.grid.shape, _reference_temperature(model))
    means: list[Array] = _inlet_means(model)
    system: HeatSystem | None = None
    for _ in range(_MOST_FLOW_UPDATES):
        streams, flows = _streams(model, means)
        system = system or HeatSystem(model.heat, streams, None)
        tolerance = _tolerance(model, load, guess)
        state, balance, iterations = system.at(streams).solve(load, guess, tolerance)
        updated = _means(streams, state)
        change = max((float(np.abs(a - b).max()) for a, b in zip(updated, means, strict=False)), default=0.0)
        guess, means = state.solid, updated
        result.balance, result.flows, result.streams = balance, flows, streams
        result.residual = _closure(model, balance, tolerance, np.inf)
        result.iterations += iterations
        if change < _FLOW_CHANGE or not _depends_on_temperature(model):
            break
    return state


def _depends_on_temperature(model: StackModel) -> bool:
    return any(not bed.coolant.is_constant for bed, _ in model.beds)


def _transient(model: StackModel, result: StackResult) -> None:
    transient = model.stack.transient
    assert transient is not None
    if transient.initial == "steady":
        state = _steady(model, result, 0.0)
    else:
        initial = float(transient.initial)
        coolant = [np.full(s.capacity_rate.shape, initial) for s in _streams(model, _inlet_means(model))[0]]
        state = HeatState(np.full(model.heat.grid.shape, initial), tuple(coolant))
    wanted = sorted(transient.times) or [transient.end]
    if wanted[0] == 0.0:
        result.record(0.0, state)
    systems: dict[float, HeatSystem] = {}
    result.residual = 0.0
    for begin, stop in _intervals(model, wanted):
        count = max(1, int(np.ceil((stop - begin) / transient.step - 1e-9)))
        step = (stop - begin) / count
        load = model.load((begin + stop) / 2)
        for _ in range(count):
            state = _step(model, result, systems, state, load, step)
        if any(abs(stop - t) <= 1e-12 * transient.end for t in wanted):
            result.record(stop, state)
    result.final = state


def _intervals(model: StackModel, wanted: Sequence[float]) -> Iterator[tuple[float, float]]:
    """Stretches of constant sources between the times that must be hit."""
    transient = model.stack.transient
    assert transient is not None
    switches = {t for source, _ in model.loads for t, _ in source.schedule if 0 < t < transient.end}
    stops = sorted({t for t in wanted if 0 < t <= transient.end} | switches | {transient.end})
    begin = 0.0
    for stop in stops:
        yield begin, stop
        begin = stop


def _step(
    model: StackModel,
    result: StackResult,
    systems: dict[float, HeatSystem],
    old: HeatState,
    load: Array,
    step: float,
) -> HeatState:
    """Advance by one step of two implicit stages; flow follows the coolant before the step."""
    stage = GAMMA * step
    streams, flows = _streams(model, _means(result.streams, old) if result.streams else _inlet_means(model))
    key = float(f"{stage:.9g}")
    if key not in systems:
        systems[key] = HeatSystem(model.heat, streams, stage)
    tolerance = _tolerance(model, load, old.solid)
    first, balance_1, n_1 = systems[key].at(streams, old).solve(load, old.solid, tolerance)
    weight = (1 - GAMMA) / GAMMA
    middle = HeatState(
        old.solid + weight * (first.solid - old.solid),
        tuple(a + weight * (b - a) for a, b in zip(old.coolant, first.coolant, strict=True)),
    )
    second, balance_2, n_2 = systems[key].at(streams, middle).solve(load, first.solid, tolerance)
    stored = model.heat.energy_change(old, second, streams) / step
    result.balance = _mixed(balance_1, balance_2, stored)
    result.streams, result.flows = streams, flows
    result.residual = max(result.residual, _closure(model, result.balance, tolerance, step))
    result.iterations += n_1 + n_2
    return second


def _mixed(first: HeatBalance, second: HeatBalance, stored: float) -> HeatBalance:
    """Return the balance of a whole step from those of its stages."""
    a, b = 1 - GAMMA, GAMMA
    return HeatBalance(
        a * first.released + b * second.released,
        {face: a * first.faces[face] + b * second.faces[face] for face in first.faces},
        tuple(a * p + b * q for p, q in zip(first.streams, second.streams, strict=True)),
        stored,
    )


def _reference_temperature(model: StackModel) -> float:
    """The coldest inlet, ambient or fixed temperature."""
    inlets = [c.inlet_temperature for _, c in model.beds] + [s.inlet for s in model.film_streams]
    ambients = [film.ambient for film in model.heat.films.values()]
    return min([*inlets, *ambients, *model.heat.fixed.values()], default=293.15)


def _tolerance(model: StackModel, load: Array, solid: Array) -> float:
    """Bound of the linear residual in W, against the heats that flow and the solver's rounding."""
    scale = np.linalg.norm(load) + np.linalg.norm(model.heat.film_load)
    rounding = 1e-16 * model.heat.stiffest * float(np.linalg.norm(solid))
    return float(max(_TOLERANCE * scale, rounding))


def _closure(model: StackModel, balance: HeatBalance, tolerance: float, step: float) -> float:
    """Return the relative residual of a balance; flows that drown in the solver's rounding are none."""
    content = float(model.heat.capacity_weights.sum()) * _reference_temperature(model)
    rounding = np.sqrt(model.heat.grid.size) * tolerance + np.finfo(float).eps * content / step
    return balance.imbalance / max(balance.scale, rounding / _CLOSED)


def outcome(result: StackResult) -> dict[str, Any]:
    """Return the JSON object of `twin solve --json`."""
    assert result.balance is not None
    assert result.final is not None
    balance, grid = result.balance, result.model.heat.grid
    out = sum(heat for heat in (*balance.faces.values(), *balance.streams))
    return {
        "status": "converged",
        "max_temperature_K": float(result.highest.max()),
        "min_temperature_K": float(result.lowest.min()),
        "layers": {layer.name: _layer_outcome(result, index) for index, layer in enumerate(result.model.layers)},
        "probes": {name: _probe_outcome(result, name) for name in result.model.probes},
        "heat_in_W": balance.released,
        "heat_out_W": out,
        "energy_residual": result.residual,
        "coolant": _coolant_outcome(result),
        "dofs": grid.size + sum(s.capacity_rate.size for s in result.streams),
        "iterations": result.iterations,
        "wall_time_s": result.wall_time,
    }


def _layer_outcome(result: StackResult, index: int) -> dict[str, float]:
    assert result.final is not None
    grid = result.model.heat.grid
    first, last = grid.layer_planes[index]
    planes = slice(first, last + 1)
    area = result.model.heat.face_weights("bottom")
    mean = float(np.einsum("ij,ijk,k->", area / area.sum(), result.final.solid, layer_mean_weights(grid, index)))
    return {
        "max_K": float(result.highest[:, :, planes].max()),
        "min_K": float(result.lowest[:, :, planes].min()),
        "mean_K": mean,
    }


def _probe_outcome(result: StackResult, name: str) -> dict[str, Any]:
    probe = result.model.stack.probes[name]
    weights = result.model.probes[name]
    grid = result.model.heat.grid
    x, y = float(weights.sum(axis=(1, 2)) @ grid.x), float(weights.sum(axis=(0, 2)) @ grid.y)
    if probe.mean is None:
        assert probe.x is not None
        assert probe.y is not None
        x, y = probe.x, probe.y
    x, y = (y, x) if result.exchanged else (x, y)
    z = float(weights.sum(axis=(0, 1)) @ grid.z)
    return {"x_m": x, "y_m": y, "z_m": z, "time_s": result.times, "temperature_K": result.probes[name]}


def _coolant_outcome(result: StackResult) -> dict[str, float | None] | None:
    if not result.streams:
        return None
    assert result.final is not None
    widths = result.model.heat.column_widths
    pairs = list(zip(result.streams, result.final.coolant, strict=True))
    rates = [float((widths[:, None] * s.capacity_rate[:, s.outlets]).sum()) for s, _ in pairs]
    means = [s.outlet_mean(f, widths) for s, f in pairs]
    beds = result.model.beds
    return {
        "outlet_mean_K": float(np.average(means, weights=rates)),
        "outlet_max_K": max(float(f[:, s.outlets].max()) for s, f in pairs),
        "pressure_drop_Pa": max((flow.pressure_drop for flow in result.flows), default=None),
        "reynolds": max((flow.reynolds for flow in result.flows), default=None),
        "flow_rate_m3_s": sum(c.flow_rate for _, c in beds) if beds else None,
    }
