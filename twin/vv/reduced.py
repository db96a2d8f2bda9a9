"""The reduced thermal model of a wafer against the finite-element equations that it stands for.

Its steady states are answers of those equations, by row of tiles; its changes in time are projections of them.
Of a projection are known: the answer to steady heat, the first moment of the answer in time,

    Z(s) = C (s E + A)^-1 B = Z(0) - s C A^-1 E A^-1 B + ...,

that no state grows, and that heat on its own place never does negative work, Z + Z^H >= 0 at every frequency
(C is B transposed, and the symmetric part of A positive). Source: Antoulas, Approximation of Large-Scale
Dynamical Systems, SIAM 2005, chs. 5 and 11.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, cast

import numpy as np

from twin import library
from twin.fe.tensor import Array
from twin.spec.chip import Array as Tiles
from twin.spec.coolant import ConstantCoolant
from twin.thermal.coolant import load_coolant
from twin.thermal.reduced.dynamic import Group, reduce_groups, tile_cosines
from twin.thermal.reduced.model import ReducedWaferModel
from twin.thermal.reduced.modes import WaferModes
from twin.thermal.reduced.rows import TileRows
from twin.thermal.reduced.sources import heat_by_row
from twin.thermal.reduced.state import ReducedState
from twin.thermal.reduced.twofold import TwofoldWaferModel
from twin.thermal.wafer import WaferState, WaferThermalModel
from twin.vv.rows import Registry, Row, compare, holds, within

REGISTRY = Registry("conservation")

DESIGNS = ("manifold-silicon", "straight-cold-plate", "jet-impingement")
_FLOW, _INLET, _WATTS = 40e-3 / 60, 303.15, 15e3
_FREQUENCIES = np.logspace(-2, 4, 13)
"""In Hz, from the slowest layers' time to a hundredth of the fastest tile's."""
_CONSTANT = {
    "density": "998 kg/m^3",
    "specific_heat": "4182 J/kg/K",
    "conductivity": "0.6 W/m/K",
    "viscosity": "1 mPa*s",
}
_ROUNDING = 1e-9
_FITTED = 1e-4
"""Share of the rise that the fit of the coolant's properties and the end of its iteration leave."""


@cache
def _wafer(design: str, constant: bool) -> WaferThermalModel:
    """Return the wafer on its coarse mesh, 2 x 2 tiles a die."""
    coolant = load_coolant(ConstantCoolant.model_validate(_CONSTANT) if constant else "water")
    chip, cooling, recipe = (
        cast(Any, library.load(kind, name))
        for kind, name in (("chip", "wse3"), ("cooling", design), ("mesh", "wafer-coarse"))
    )
    return WaferThermalModel(chip, cooling, recipe, coolant, Tiles(x=2, y=2), _INLET)


def _heat(wafer: WaferThermalModel, seed: int, watts: float = _WATTS) -> Array:
    heat = np.random.default_rng(seed).uniform(0.2, 1.8, wafer.tiles)
    return np.asarray(heat * (watts / heat.sum()))


@REGISTRY.case("M14", "Reduced model of a wafer against the full one", "projection of linear systems: Antoulas 2005")
def reduced_model() -> Iterator[Row]:
    for design in DESIGNS:
        yield _steady_row(design)
        yield from _transfer_rows(design)
        yield from _bound_rows(design)


def _steady_row(design: str) -> Row:
    """Coolant that does not change with temperature leaves a steady state nothing to approximate but its flow."""
    full = _wafer(design, constant=True)
    heat = _heat(full, 1)
    reduced = ReducedWaferModel(full, _FLOW)
    flow = reduced.design.reference_flow(_FLOW)
    true, fast = full.steady(heat, flow, _INLET), reduced.steady(heat, flow, _INLET)
    error = np.abs(fast.tile_temperature - true.tile_temperature).max() / (true.peak - _INLET)
    return within(f"steady temperatures of tiles over the rise, {design}", error, _FITTED)


def _transfer_rows(design: str) -> Iterator[Row]:
    """Answers to heat on rows of tiles, group by group: errors over the largest answer of all."""
    full = _wafer(design, constant=True)
    modes, rows = WaferModes.of(full, _FLOW, _INLET), TileRows.of(full)
    gains, moments, slowest, work = [], [], [], []
    for number, group in enumerate(reduce_groups(full, modes, rows)):
        gain, moment = _exact(full, modes, rows, group, number)
        rates = _rates(group)
        settled = np.linalg.solve(rates, group.left)
        gains.append((group.mean @ settled, gain))
        moments.append((group.mean @ np.linalg.solve(rates, settled), moment))
        slowest.append(float(group.real.min()))
        work.append(_least_work(group, rates, rows))
    yield within(f"steady gain of the reduced states, {design}", _difference(gains), 1e-6)
    yield within(f"first moment, {design}", _difference(moments), 1e-3)
    yield holds(f"all states decay, {design}", min(slowest) > 0.0, f"slowest rate {min(slowest):.3g} 1/s")
    note = f"least eigenvalue over the largest {min(work):.1e}"
    yield holds(f"heat does no negative work, {design}", min(work) >= -_ROUNDING, note)


def _exact(
    full: WaferThermalModel, modes: WaferModes, rows: TileRows, group: Group, number: int
) -> tuple[Array, Array]:
    """Return steady gain and first moment of the finite-element equations, (rows, rows)."""
    across, along, through = full.tile_hats
    shares = (tile_cosines(full.tiles[1]).T @ (modes.shapes.T @ across).T)[number, group.members]
    width = full.chip.size.x / full.tiles[1]
    heat = shares[:, None, None, None] * heat_by_row(full, modes)
    settled = modes.solve(heat, group.members)
    moment = modes.solve(modes.capacity[None, :, :, None] * settled, group.members)

    def mean(fields: Array) -> Array:
        layer = np.einsum("myps,p,m->ys", fields[:, :, : modes.planes], through, shares, optimize=True)
        return np.asarray(along.T @ layer / (width * rows.lengths[:, None]))

    return mean(settled), mean(moment)


def _rates(group: Group) -> Array:
    """Return the real matrix of a group's states, pairs of complex ones as two by two blocks."""
    matrix, states = np.diag(group.real), np.arange(group.real.size)
    paired = group.partner != states
    matrix[states[paired], group.partner[paired]] = -group.imaginary[paired]
    return matrix


def _difference(pairs: list[tuple[Array, Array]]) -> float:
    """Return the largest error of answers, found and exact, over the largest of them."""
    return float(max(np.abs(a - b).max() for a, b in pairs) / max(np.abs(b).max() for _, b in pairs))


def _least_work(group: Group, rates: Array, rows: TileRows) -> float:
    """Return the least eigenvalue of Z + Z^H over the largest, over all frequencies."""
    least = []
    for frequency in _FREQUENCIES:
        shifted = rates + 2j * np.pi * frequency * np.eye(len(rates))
        answer = rows.lengths[:, None] * (group.mean @ np.linalg.solve(shifted, group.left))
        values = np.linalg.eigvalsh(answer + answer.conj().T)
        least.append(values[0] / values[-1])
    return float(min(least))


def _bound_rows(design: str) -> Iterator[Row]:
    """Water: errors over the whole field against the bounds that the reduced model gives for itself."""
    full = _wafer(design, constant=False)
    model = TwofoldWaferModel(full, _FLOW)
    heat = _heat(full, 2)
    true, fast = full.steady(heat, _FLOW, _INLET), model.reduced.steady(heat, _FLOW, _INLET)
    yield _inside(f"steady error inside its bound, {design}", model, fast, true)
    step, heat = 0.1, _heat(full, 3)
    stored = 0.0
    for _ in range(3):
        true = full.step(true, _FLOW, _INLET, step).solve(heat, true)
        fast = model.reduced.step(fast, _FLOW, _INLET, step).solve(heat, fast)
        stored = max(stored, fast.balance.residual)
    yield _inside(f"error after a power step inside its bound, {design}", model, fast, true)
    yield within(f"ledger of the steps, {design}", stored, 1e-6)
    yield compare(f"pressure drop, {design}", fast.pressure_drop, true.pressure_drop, 0.01, "Pa")


def _inside(quantity: str, model: TwofoldWaferModel, fast: ReducedState, true: WaferState) -> Row:
    error, bound = float(np.abs(fast.heat.solid - true.heat.solid).max()), model.bound(fast)
    return within(quantity, error, bound, "K")
