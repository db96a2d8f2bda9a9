"""The fixed point of one step of one wafer: power(T, V) <-> voltage(power) <-> temperature(power).

Each pass closes both balances exactly: the grid returns the power that its currents draw at its
voltages, and that power heats the wafer. The passes end when temperature and voltage stand still.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.delivery.grid import GridSolution
from twin.engine.plant import WaferPlant
from twin.errors import RunStopped
from twin.power.model import TilePower
from twin.thermal.wafer import WaferState

Array = NDArray[np.float64]
_MOST_PASSES = 40
_RUNAWAY_GAIN = 1.0
_BEYOND = 600.0  # K: leakage models mean nothing there, and no device works
_DEPTH = 3
_GROWTHS = 2
_REDUCTION = 0.02
_CLOSED = 2e-7
_GRID_SHARE = 0.01


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
    """The converged step of one wafer; residuals are the last changes of temperature (K) and voltage (V)."""

    thermal: WaferState
    grid: GridSolution
    power: TilePower
    passes: int
    solver_iterations: int
    temperature_residual: float
    voltage_residual: float


def couple(
    plant: WaferPlant,
    old: WaferState,
    load: TileLoad,
    set_voltage: Array,
    voltage: Array,
    flow: float,
    inlet: float,
    step: float | None,
) -> Coupled:
    """Return the fixed point after `step` seconds (None: the steady state).

    Parameters
    ----------
    old : WaferState
        Wafer before the step.
    set_voltage : array, shape (die_y, die_x)
        Set points of the regulators in V.
    voltage : array, shape (tile_y, tile_x)
        Tile voltages to start from in V.
    flow, inlet : float
        Coolant in m3/s and K.

    Raises
    ------
    RunStopped
        Thermal runaway, voltage collapse, or no convergence.
    """
    temperature, thermal, solved = old.tile_temperature, old, 0
    equations = plant.thermal.step(old, flow, inlet, step) if step else None
    tolerance = plant.scenario.control.tolerance
    history = _History()
    for passes in range(1, _MOST_PASSES + 1):
        try:
            power, grid, dv = _powered(plant, load, set_voltage, voltage, temperature)
        except RunStopped as stop:
            raise _named(stop, plant, load, voltage, temperature, history) from stop
        voltage = grid.tile_voltage
        heat = grid.device_power + grid.sheet_loss
        if equations is None:
            thermal = plant.thermal.steady(heat, flow, inlet, thermal)
        else:
            thermal = equations.solve(heat, thermal, _REDUCTION)
        solved += thermal.iterations
        found = thermal.tile_temperature
        change = float(np.abs(found - temperature).max())
        rise = max(1.0, float(found.max()) - inlet)
        if change <= tolerance * rise and thermal.balance.residual <= _CLOSED:
            return Coupled(thermal, grid, power, passes, solved, change, dv)
        temperature = history.improved(temperature, found)
        history.require_stable(temperature)
    raise RunStopped(f"the coupled step did not converge in {_MOST_PASSES} passes (last change {change:.2g} K)")


class _History:
    """Anderson acceleration of x = g(x) over the last passes, and the gain of the loop that they show.

    The gain between two passes exceeds 1 for a moment where an iterate overshoots; a loop runs away
    when, besides, the passes move apart instead of together.
    Source: Walker & Ni, SIAM J. Numer. Anal. 49 (2011) 1715.
    """

    def __init__(self) -> None:
        self._inputs: list[Array] = []
        self._outputs: list[Array] = []
        self._change = np.inf
        self._growths = 0
        self.gain = 0.0

    def improved(self, given: Array, found: Array) -> Array:
        """Return the next input after g(`given`) = `found`."""
        self._inputs = [*self._inputs[-_DEPTH:], given.ravel()]
        self._outputs = [*self._outputs[-_DEPTH:], found.ravel()]
        change = float(np.abs(found - given).max())
        self._growths = self._growths + 1 if change > self._change else 0
        self._change = change
        if len(self._inputs) == 1:
            return found
        outputs, inputs = np.array(self._outputs), np.array(self._inputs)
        moved, answered = np.diff(inputs, axis=0), np.diff(outputs, axis=0)
        self.gain = float(moved[-1] @ answered[-1] / max(moved[-1] @ moved[-1], np.finfo(float).tiny))
        residuals = outputs - inputs
        weights = np.linalg.lstsq(np.diff(residuals, axis=0).T, residuals[-1], rcond=None)[0]
        return np.asarray(outputs[-1] - weights @ answered).reshape(found.shape)

    def require_stable(self, temperature: Array) -> None:
        """Raise RunStopped when leakage and temperature no longer have a stable fixed point."""
        parting = self.gain >= _RUNAWAY_GAIN and self._growths >= _GROWTHS
        if parting or temperature.max() > _BEYOND or not np.isfinite(temperature).all():
            raise _runaway(temperature)


def _runaway(temperature: Array) -> RunStopped:
    return RunStopped(
        f"thermal runaway: leakage grows faster than it is cooled (now at {float(np.nanmax(temperature)):.0f} K). "
        "Remedy: more flow, a colder inlet, less work or a lower voltage."
    )


def _named(
    stop: RunStopped, plant: WaferPlant, load: TileLoad, voltage: Array, temperature: Array, history: _History
) -> RunStopped:
    """Return why no voltage was found: a runaway if leakage is most of the power, or the loop's gain says so."""
    power = plant.power.power(load.mac, load.issue, load.hop, load.busy, voltage, temperature, load.clock)
    leaks = power.leakage.sum() > power.dynamic.sum()
    return _runaway(temperature) if leaks or history.gain >= _RUNAWAY_GAIN else stop


def _powered(
    plant: WaferPlant, load: TileLoad, set_voltage: Array, voltage: Array, temperature: Array
) -> tuple[TilePower, GridSolution, float]:
    """Return power and grid at a temperature, and the last change of voltage in V: power(V) <-> voltage(power)."""
    enough = plant.scenario.control.tolerance * plant.chip.voltage.nominal
    for _ in range(_MOST_PASSES):
        power = plant.power.power(load.mac, load.issue, load.hop, load.busy, voltage, temperature, load.clock)
        grid = plant.grid.solve(power.total, set_voltage, voltage, tolerance=_GRID_SHARE * enough)
        change = float(np.abs(grid.tile_voltage - voltage).max())
        voltage = grid.tile_voltage
        if change <= enough:
            return power, grid, change
    raise RunStopped(f"voltage and power did not settle in {_MOST_PASSES} passes (last change {change:.2g} V)")
