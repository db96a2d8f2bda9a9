"""Fast dynamics: the output filter of a die's regulator against a change of load, solved exactly.

An ideal source behind R and L (and the load line, as resistance) feeds C with its ESR and the load i_o:
L di/dt = -R i - v, C du/dt = i - i_o, v = u + ESR (i - i_o); all are deviations from before the step.
The load rises linearly over the ramp and is constant thereafter, so the state follows matrix exponentials.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.spec.delivery import OutputFilter

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class LoadStep:
    """A change of load: its size in A, and the time in s over which it is spread (0: at once)."""

    current: float
    ramp: float = 0.0

    def at(self, time: FloatArray) -> FloatArray:
        """Return the load's deviation in A at times in s after its start."""
        if self.ramp == 0.0:
            return np.full_like(time, self.current)
        return self.current * np.clip(time / self.ramp, 0.0, 1.0)


@dataclass(frozen=True)
class Droop:
    """Largest deviation of the voltage in V, when in s, and what remains in V."""

    peak: float
    peak_time: float
    final: float


def voltage_response(output: OutputFilter, load_line: float, step: LoadStep, times: FloatArray) -> FloatArray:
    """Return the deviation of the output voltage in V at `times`, negative for a droop.

    Parameters
    ----------
    output : OutputFilter
        R, L, C and ESR.
    load_line : float
        Slope of adaptive voltage positioning in ohm.
    step : LoadStep
        The change of load at time 0.
    times : array
        In s after the start of the change; rising, from 0 on.
    """
    inside, outside = times[times < step.ramp], times[times >= step.ramp]
    slope = step.current / step.ramp if step.ramp > 0 else 0.0
    rest = np.zeros(2)
    end = _states(output, load_line, rest, 0.0, slope, np.array([step.ramp]))[0]
    states = np.concatenate(
        [
            _states(output, load_line, rest, 0.0, slope, inside),
            _states(output, load_line, end, step.current, 0.0, outside - step.ramp),
        ]
    )
    return np.asarray(states[:, 1] + output.esr * (states[:, 0] - step.at(times)))


def droop(output: OutputFilter, load_line: float, step: LoadStep, samples: int = 400) -> Droop:
    """Return the largest deviation after a change of load; parameters as in `voltage_response`.

    The response is sampled over the ramp and three periods of the filter, then refined between samples.
    """
    from scipy.optimize import minimize_scalar

    period = 2 * np.pi * np.sqrt(output.inductance * output.capacitance)
    times = np.union1d(np.linspace(0.0, step.ramp + 3 * period, samples), [step.ramp])

    def size(time: float) -> float:
        return -abs(float(voltage_response(output, load_line, step, np.array([time]))[0]))

    response = voltage_response(output, load_line, step, times)
    highest = int(np.argmax(np.abs(response)))
    peak_time = float(times[highest])
    around = times[max(highest - 1, 0)], times[min(highest + 1, times.size - 1)]
    refined = minimize_scalar(size, bounds=around, method="bounded", options={"xatol": 1e-9 * times[-1]})
    if refined.fun < size(peak_time):
        peak_time = float(refined.x)
    final = -(output.resistance + load_line) * step.current
    return Droop(-size(peak_time) * float(np.sign(response[highest])), peak_time, final)


def worst_droop(output: OutputFilter, load_line: float, current: float, current_slew: float | None) -> Droop:
    """Return the droop of a die's whole load current, ramped at `current_slew` A/s (None: at once)."""
    ramp = abs(current) / current_slew if current_slew else 0.0
    return droop(output, load_line, LoadStep(current, ramp))


def ramp_power(
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    voltage: NDArray[np.float64],
    current_slew: float,
    interval: float,
) -> FloatArray:
    """Return the mean power over an interval of the dummy operations that ramp a die's load, in W.

    The triangle between the ramp and the step, (P2 - P1)^2 / (2 V slope), is spent in operations
    without result: before a rise, or after a fall. Ramps longer than the interval are cut at its end.

    Parameters
    ----------
    before, after : array
        Power of the dies in W before and after the change.
    voltage : array
        Voltage of the dies in V.
    current_slew : float
        Slope of the current in A/s.
    interval : float
        Time over which the energy is averaged in s.
    """
    change = np.abs(after - before)
    slope = voltage * current_slew
    remaining = np.clip(change - slope * interval, 0.0, None)
    return np.asarray((change**2 - remaining**2) / (2 * slope * interval))


def _states(
    output: OutputFilter, load_line: float, start: FloatArray, load: float, slope: float, times: FloatArray
) -> FloatArray:
    """States (i, u) at `times` from `start` under the load `load + slope t`, shape (times, 2)."""
    from scipy.linalg import expm

    resistance = output.resistance + load_line + output.esr
    system = np.zeros((4, 4))  # i, u, load, slope of the load
    system[0] = np.array([-resistance, -1.0, output.esr, 0.0]) / output.inductance
    system[1] = np.array([1.0, 0.0, -1.0, 0.0]) / output.capacitance
    system[2, 3] = 1.0
    initial = np.array([start[0], start[1], load, slope])
    if times.size == 0:
        return np.empty((0, 2))
    return np.asarray((expm(system * times[:, None, None]) @ initial)[:, :2])
