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
    for passes in range(1, _MOST_PASSES + 1):
        power, grid, dv = _powered(plant, load, set_voltage, voltage, temperature)
        voltage = grid.tile_voltage
        heat = grid.device_power + grid.sheet_loss
        if equations is None:
            thermal = plant.thermal.steady(heat, flow, inlet, thermal)
        else:
            thermal = equations.solve(heat, thermal, _REDUCTION)
        solved += thermal.iterations
        change = thermal.tile_temperature - temperature
        dt = float(np.abs(change).max())
        gain = _loop_gain(plant, power, thermal, heat)
        rise = max(1.0, float(thermal.tile_temperature.max()) - inlet)
        if dt <= tolerance * rise and thermal.balance.residual <= _CLOSED:
            return Coupled(thermal, grid, power, passes, solved, dt, dv)
        temperature = temperature + change / (1.0 - gain)
    raise RunStopped(f"the coupled step did not converge in {_MOST_PASSES} passes (last change {dt:.2g} K)")


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


def _loop_gain(plant: WaferPlant, power: TilePower, thermal: WaferState, heat: Array) -> Array:
    """Return each tile's own gain of the leakage loop; RunStopped from 1 on: the heat runs away.

    The resistance of a tile is its rise over the coolant per watt of its own: heat stays within about a
    millimetre of where it is released, less than a tile.
    """
    rise = np.maximum(thermal.tile_temperature - thermal.coolant_temperature, 0.0)
    resistance = np.divide(rise, heat, out=np.zeros_like(rise), where=heat > 0)
    gain = plant.power.loop_gain(power.leakage, resistance)
    if not np.isfinite(gain).all() or gain.max() >= _RUNAWAY_GAIN:
        hottest = float(np.nanmax(thermal.tile_temperature))
        raise RunStopped(
            f"thermal runaway: leakage grows faster than it is cooled (loop gain {np.nanmax(gain):.2f}, "
            f"{hottest:.0f} K). Remedy: more flow, a colder inlet, less work or a lower voltage."
        )
    return np.asarray(gain)
