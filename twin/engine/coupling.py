"""The fixed point of one step of one wafer: power(T, V) <-> voltage(power) <-> temperature(power).

Each pass closes both balances exactly: the grid returns the power that its currents draw at its
voltages, and that power heats the wafer. The passes end when what is left of the error in temperature
and voltage, judged by how the last changes shrank, is within the tolerance. In a run, temperatures are
estimated with the voltages and losses of the step before, so that one pass suffices mostly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.constants import in_celsius
from twin.delivery.grid_solution import GridSolution
from twin.engine.plant import WaferPlant
from twin.engine.secant import Secant
from twin.errors import RunStopped
from twin.power.model import TilePower
from twin.thermal.protocol import ThermalState

Array = NDArray[np.float64]
_MOST_PASSES = 40
_RUNAWAY_GAIN = 1.0
_BEYOND = 600.0  # K: leakage models mean nothing there, and no device works
_GROWTHS = 2
_REDUCTION = 1e-3
_CLOSED = 2e-7
_COOLANT, _FIRST = 0.02, 10.0
"""Change of the coolant that a steady solution may leave over the last change of temperatures; the latter, before
there was one, in K over the tolerance."""
_SURE = 0.5
_MARGIN = 1.5
"""Of the bound of the loop's gain: voltages and the coolant answer to power as well."""
_VOLTAGE = 0.1
"""Relative error of a voltage over that of the temperature rise: power goes with its square."""


@dataclass(frozen=True)
class TileLoad:
    """What the cores of one wafer do: events per second, busy share and clock of each tile."""

    mac: Array
    issue: Array
    hop: Array
    busy: Array
    clock: Array


@dataclass(frozen=True)
class Coupled:
    """The converged step of one wafer; residuals are the errors left in temperature (K) and voltage (V)."""

    thermal: ThermalState
    grid: GridSolution
    power: TilePower
    passes: int
    solver_iterations: int
    temperature_residual: float
    voltage_residual: float


def couple(
    plant: WaferPlant,
    old: ThermalState,
    load: TileLoad,
    set_voltage: Array,
    voltage: Array,
    flow: float,
    inlet: float,
    step: float | None,
    sheet_loss: Array | None = None,
) -> Coupled:
    """Return the fixed point after `step` seconds (None: the steady state).

    Parameters
    ----------
    old : ThermalState
        Wafer before the step.
    set_voltage : array, shape (die_y, die_x)
        Set points of the regulators in V.
    voltage : array, shape (tile_y, tile_x)
        Tile voltages to start from in V.
    flow, inlet : float
        Coolant in m3/s and K.
    sheet_loss : array, shape (tile_y, tile_x), optional
        Loss of the grid's sheet before the step in W. With it and those voltages, temperatures are estimated
        before the grid is solved.

    Raises
    ------
    RunStopped
        Thermal runaway, voltage collapse, or no convergence.
    """
    temperature, thermal, solved = old.tile_temperature, old, 0
    equations = plant.thermal.step(old, flow, inlet, step) if step else None
    tolerance = plant.scenario.control.tolerance
    enough = _VOLTAGE * tolerance * plant.chip.voltage.nominal
    within = enough / float(set_voltage.max())
    work = plant.power.work(load.mac, load.issue, load.hop, load.busy, load.clock)
    history = _History()
    if equations is not None and sheet_loss is not None:
        estimate = plant.power.draw(work, temperature).total(voltage) + sheet_loss
        thermal = equations.solve(estimate, thermal, _REDUCTION)
        solved += thermal.iterations
        temperature = history.next(temperature, thermal.tile_temperature)
    for passes in range(1, _MOST_PASSES + 1):
        draw = plant.power.draw(work, temperature)
        try:
            grid = plant.grid.solve(draw.total, set_voltage, voltage, within, plant.power.steepness)
        except RunStopped as stop:
            raise _named(stop, draw.parts(voltage), temperature, history) from stop
        voltage = grid.tile_voltage
        heat = grid.device_power + grid.sheet_loss
        if equations is None:
            thermal = plant.thermal.steady(
                heat, flow, inlet, thermal, _COOLANT * min(history.change, _FIRST * tolerance)
            )
        else:
            thermal = equations.solve(heat, thermal, _REDUCTION)
        solved += thermal.iterations
        found = thermal.tile_temperature
        following = history.next(temperature, found)
        rise = max(1.0, float(found.max()) - inlet)
        power = draw.parts(voltage)
        history.bounded(_gain_bound(plant, power, max(rise, float(found.max() - old.tile_temperature.min()))))
        if history.error <= tolerance * rise and grid.error <= enough and thermal.balance.residual <= _CLOSED:
            return Coupled(thermal, grid, power, passes, solved, history.error, grid.error)
        temperature = following
        history.require_stable(temperature)
    raise RunStopped(f"the coupled step did not converge in {_MOST_PASSES} passes (last change {history.change:.2g} K)")


def _gain_bound(plant: WaferPlant, power: TilePower, rise: float) -> float:
    """Return a bound of the gain of the loop from temperature over leakage to temperature, for the largest rise in K.

    With R the rise of tile i per watt in tile j, and b that of leakage per kelvin, changes are at most
    sum_j R_ij b L_j |dT_j| <= b max(L / P) max(sum_j R_ij P_j) max|dT|, and the last sum is the rise.
    """
    leaking = float((power.leakage / np.maximum(power.total, np.finfo(float).tiny)).max())
    return _MARGIN * plant.chip.leakage.temperature_coefficient * leaking * rise


class _History:
    """The last passes of x = g(x): the next input, and the gain of the loop that they show.

    The gain between two passes exceeds 1 for a moment where an iterate overshoots; a loop runs away
    when, besides, the passes move apart instead of together.
    """

    def __init__(self) -> None:
        self._secant = Secant()
        self._last: tuple[Array, Array] | None = None
        self._growths = 0
        self._contraction, self._answered, self._bound = 1.0, 0.0, 1.0
        self.change = np.inf
        self.gain = 0.0

    def next(self, given: Array, found: Array) -> Array:
        """Note g(`given`) = `found`, and return the next input."""
        change = float(np.abs(found - given).max())
        self._growths = self._growths + 1 if change > self.change else 0
        self.change = self._answered = change
        if self._last is not None:
            moved, answered = given - self._last[0], found - self._last[1]
            self.gain = float(np.vdot(moved, answered) / max(np.vdot(moved, moved), np.finfo(float).tiny))
            self._answered = float(np.abs(answered).max())
            self._contraction = self._answered / max(float(np.abs(moved).max()), np.finfo(float).tiny)
        self._last = given, found
        return self._secant.next(given, found)

    def bounded(self, gain: float) -> None:
        """Note a bound of the loop's gain."""
        self._bound = gain

    @property
    def error(self) -> float:
        """Distance of the last output from the fixed point: L / (1 - L) of the last change, in K.

        L is how far the last two outputs lie apart over their inputs, at most the bound of the loop's gain; near 1
        it says nothing. To it comes what the solver of the heat equation leaves of how far its answer had to move.
        """
        lipschitz = min(self._contraction, self._bound)
        left = lipschitz / (1.0 - lipschitz) if lipschitz < _SURE else 1.0
        return self.change * left + _REDUCTION * self._answered

    def require_stable(self, temperature: Array) -> None:
        """Raise RunStopped when leakage and temperature no longer have a stable fixed point."""
        parting = self.gain >= _RUNAWAY_GAIN and self._growths >= _GROWTHS
        if parting or temperature.max() > _BEYOND or not np.isfinite(temperature).all():
            raise _runaway(temperature)


def _runaway(temperature: Array) -> RunStopped:
    now = in_celsius(float(np.nanmax(temperature)), 0)
    return RunStopped(
        f"thermal runaway: leakage grows faster than it is cooled (now at {now}). "
        "Remedy: more flow, a colder inlet, less work or a lower voltage."
    )


def _named(stop: RunStopped, power: TilePower, temperature: Array, history: _History) -> RunStopped:
    """Return why no voltage was found: a runaway if leakage is most of the power, or the loop's gain says so."""
    leaks = power.leakage.sum() > power.dynamic.sum()
    return _runaway(temperature) if leaks or history.gain >= _RUNAWAY_GAIN else stop
