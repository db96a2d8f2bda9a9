"""The multi-phase regulators between the 48 V bus and the dies: losses, phase shedding, the bus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.errors import RunStopped
from twin.spec.delivery import Bus, Regulator

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class PhaseLoss:
    """Loss of one active phase, a + b I + c I^2: switching and gate drive, transitions, conduction."""

    fixed: float
    linear: float
    quadratic: float

    @property
    def best_current(self) -> float:
        """Current of a phase at its highest efficiency, sqrt(a / c), in A."""
        return float(np.sqrt(self.fixed / self.quadratic))


@dataclass(frozen=True)
class RegulatorState:
    """Regulators of all dies: active phases, loss and power taken from the bus in W, and overload."""

    phases: NDArray[np.int64]
    loss: FloatArray
    input_power: FloatArray
    overloaded: NDArray[np.bool_]


def fit_phase_loss(
    test_voltage: float,
    peak_current: float,
    peak_efficiency: float,
    heavy_current: float,
    heavy_efficiency: float,
) -> PhaseLoss:
    """Return a, b, c of the loss through two points of an efficiency curve, the first being its peak.

    loss / (V I) = 1/efficiency - 1 at both points, and d(loss / I)/dI = 0, i.e. a = c I^2, at the peak.

    Parameters
    ----------
    test_voltage : float
        Output voltage of the test in V.
    peak_current, heavy_current : float
        Output currents of a phase in A.
    peak_efficiency, heavy_efficiency : float
        Efficiencies at these currents.
    """
    volts_at_peak = test_voltage * (1 / peak_efficiency - 1)
    volts_at_heavy = test_voltage * (1 / heavy_efficiency - 1)
    excess = heavy_current + peak_current**2 / heavy_current - 2 * peak_current
    quadratic = (volts_at_heavy - volts_at_peak) / excess
    return PhaseLoss(
        fixed=quadratic * peak_current**2,
        linear=volts_at_peak - 2 * quadratic * peak_current,
        quadratic=quadratic,
    )


def phase_loss(regulator: Regulator) -> PhaseLoss:
    """Return the loss coefficients of a regulator's phases from its published points."""
    return fit_phase_loss(
        regulator.test_voltage,
        regulator.peak.current,
        regulator.peak.efficiency,
        regulator.heavy.current,
        regulator.heavy.efficiency,
    )


def regulator_loss(current: ArrayLike, phases: ArrayLike, loss: PhaseLoss) -> FloatArray:
    """Return n a + b |I| + c I^2 / n, the loss of n phases that share I equally, in W.

    Parameters
    ----------
    current : array_like
        Output current in A; a synchronous regulator may sink it.
    phases : array_like
        Active phases n.
    loss : PhaseLoss
        Coefficients of one phase.
    """
    amperes, active = np.abs(np.asarray(current, dtype=float)), np.asarray(phases, dtype=float)
    return np.asarray(active * loss.fixed + loss.linear * amperes + loss.quadratic * amperes**2 / active)


def active_phases(current: ArrayLike, phases: int, current_limit: float, loss: PhaseLoss) -> NDArray[np.int64]:
    """Return the number of phases with the least loss that carries the current, per die.

    The loss is convex in n with its minimum at I / sqrt(a/c): the better of the two integers around it.

    Parameters
    ----------
    current : array_like
        Output current in A.
    phases : int
        Phases of a regulator.
    current_limit : float
        Of one phase in A.
    loss : PhaseLoss
        Coefficients of one phase.
    """
    amperes = np.abs(np.asarray(current, dtype=float))
    fewest = np.minimum(np.maximum(np.ceil(amperes / current_limit), 1), phases)
    below = np.minimum(np.maximum(np.floor(amperes / loss.best_current), fewest), phases)
    above = np.minimum(below + 1, phases)
    better = regulator_loss(amperes, above, loss) < regulator_loss(amperes, below, loss)
    return np.where(better, above, below).astype(np.int64)


def regulate(current: ArrayLike, voltage: ArrayLike, regulator: Regulator) -> RegulatorState:
    """Return the state of the dies' regulators with phase shedding; input = output + loss.

    Parameters
    ----------
    current, voltage : array_like
        Output current in A and voltage in V of each die's regulator.
    regulator : Regulator
        Phases, limit and published efficiency.
    """
    amperes = np.asarray(current, dtype=float)
    coefficients = phase_loss(regulator)
    active = active_phases(amperes, regulator.phases, regulator.current_limit, coefficients)
    loss = regulator_loss(amperes, active, coefficients)
    return RegulatorState(
        phases=active,
        loss=loss,
        input_power=np.asarray(voltage, dtype=float) * amperes + loss,
        overloaded=np.abs(amperes) > regulator.phases * regulator.current_limit,
    )


def bus_loss(power: float, bus: Bus) -> float:
    """Return the loss of the bus at `power` taken by the regulators: R I^2 with V I - R I^2 = P, in W.

    Raises
    ------
    RunStopped
        The bus cannot carry this power, P > V^2 / (4 R).
    """
    discriminant = bus.voltage**2 - 4 * bus.resistance * power
    if discriminant < 0:
        raise RunStopped(
            f"the bus of {bus.voltage:g} V and {bus.resistance:g} ohm cannot carry {power:.4g} W. "
            "Remedy: lower bus.resistance or the load."
        )
    current = 2 * power / (bus.voltage + np.sqrt(discriminant))
    return float(bus.resistance * current**2)
