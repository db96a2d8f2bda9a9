"""Key figures of a run, each a function of its data set and requests; none where it does not apply."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

Calculation = Callable[["xr.Dataset", "xr.Dataset | None"], float | None]


@dataclass(frozen=True)
class Kpi:
    """One key figure: its name in JSON, SI unit, label for readers, and meaning."""

    name: str
    unit: str
    label: str
    description: str
    calculate: Calculation


def step_lengths(data: xr.Dataset) -> np.ndarray:
    """Return the lengths (time,) in s of the control steps; `time` holds their ends."""
    ends = np.asarray(data["time"].values, dtype=float)
    return np.diff(ends, prepend=float(data.attrs.get("start_time", 0.0)))


def series(data: xr.Dataset, name: str, reduce: str = "sum") -> np.ndarray | None:
    """Return a variable as (time,), reduced by `reduce` (sum, mean, min, max) over its other dimensions.

    None if the run has no such variable or no value of it.
    """
    if name not in data or data.sizes.get("time", 0) == 0:
        return None
    values = np.asarray(data[name].values, dtype=float)
    values = values.reshape(values.shape[0], -1)
    if np.isnan(values).all():
        return None
    return np.asarray(getattr(np, reduce)(values, axis=1))


def time_mean(data: xr.Dataset, name: str, reduce: str = "sum") -> float | None:
    """Return sum(x dt) / sum(dt) of a variable, reduced over space first."""
    values = series(data, name, reduce)
    if values is None:
        return None
    known = np.isfinite(values)
    lengths = step_lengths(data)[known]
    return float(np.sum(values[known] * lengths) / np.sum(lengths))


def time_integral(data: xr.Dataset, name: str) -> float | None:
    """Return sum(x dt) of a variable summed over space: energy in J of a power in W."""
    values = series(data, name)
    return None if values is None else float(np.nansum(values * step_lengths(data)))


def extreme(data: xr.Dataset, name: str, reduce: str) -> float | None:
    """Return the largest (`max`) or smallest (`min`) value of a variable over space and time."""
    values = series(data, name, reduce)
    return None if values is None else float(getattr(np, f"nan{reduce}")(values))


def output_tokens(data: xr.Dataset) -> float:
    """Return the number of output tokens of the run."""
    tokens = series(data, "tokens")
    return 0.0 if tokens is None else float(np.nansum(tokens))


def tokens_per_second(data: xr.Dataset) -> float | None:
    """Return output tokens over the length of the run in 1/s."""
    if series(data, "tokens") is None:
        return None
    return output_tokens(data) / float(np.sum(step_lengths(data)))


def energy_per_token(data: xr.Dataset, name: str) -> float | None:
    """Return the energy in J of the power called `name` over the number of output tokens."""
    energy, tokens = time_integral(data, name), output_tokens(data)
    return energy / tokens if energy is not None and tokens > 0 else None


def request_quantile(requests: xr.Dataset | None, name: str, share: float) -> float | None:
    """Return a quantile over the requests that have a value (linear between ranks)."""
    if requests is None or name not in requests:
        return None
    values = np.asarray(requests[name].values, dtype=float)
    values = values[np.isfinite(values)]
    return float(np.quantile(values, share)) if values.size else None


def time_to_temperature(data: xr.Dataset, limit: str) -> float | None:
    """Return the time in s from the first failure of the cooling (else the start) until a limit of the chip is reached.

    `limit` names the attribute that holds it in K. Between the ends of two steps the hottest point is taken as
    linear in time. None if it is never reached.
    """
    peaks, threshold = series(data, "peak_temperature", "max"), data.attrs.get(limit)
    if peaks is None or threshold is None:
        return None
    since = float(data.attrs.get("failure_time", data.attrs.get("start_time", 0.0)))
    ends = np.asarray(data["time"].values, dtype=float)
    hot = np.flatnonzero((peaks >= threshold) & (ends > since))
    if not hot.size:
        return None
    step = int(hot[0])
    if step == 0:
        return float(ends[0]) - since
    rise = float(peaks[step] - peaks[step - 1])
    share = min(max((float(threshold) - float(peaks[step - 1])) / rise, 0.0), 1.0) if rise > 0.0 else 0.0
    return max(float(ends[step - 1]) + share * float(ends[step] - ends[step - 1]) - since, 0.0)


def _mean(name: str, reduce: str = "sum") -> Calculation:
    return lambda data, requests: time_mean(data, name, reduce)


def _extreme(name: str, reduce: str) -> Calculation:
    return lambda data, requests: extreme(data, name, reduce)


def _per_token(name: str) -> Calculation:
    return lambda data, requests: energy_per_token(data, name)


def _quantile(name: str, share: float) -> Calculation:
    return lambda data, requests: request_quantile(requests, name, share)


KPIS: dict[str, Kpi] = {
    k.name: k
    for k in (
        Kpi(
            "peak_temperature_K",
            "K",
            "peak temperature",
            "hottest point of the solid over wafers and time, each step at its mean power",
            _extreme("peak_temperature", "max"),
        ),
        Kpi(
            "mean_temperature_K",
            "K",
            "mean temperature",
            "heat layer, over area and time",
            _mean("die_temperature", "mean"),
        ),
        Kpi(
            "wafer_power_W",
            "W",
            "wafer power",
            "devices of all wafers, dynamic and leakage, time mean",
            _mean("wafer_power"),
        ),
        Kpi(
            "system_power_W",
            "W",
            "system power",
            "at the wall, all systems of the run, time mean",
            _mean("system_power"),
        ),
        Kpi(
            "facility_power_W",
            "W",
            "facility power",
            "system power and what the building adds, time mean",
            _mean("facility_power"),
        ),
        Kpi("pump_power_W", "W", "pump power", "all systems, time mean", _mean("pump_power")),
        Kpi(
            "fan_power_W",
            "W",
            "fan power",
            "fans of the dry coolers of all systems, time mean; the facility's power usage effectiveness stands for it",
            _mean("fan_power"),
        ),
        Kpi(
            "coolant_flow_m3_s",
            "m^3/s",
            "coolant flow",
            "through one wafer, as the pumps deliver it, time mean",
            _mean("flow_rate"),
        ),
        Kpi(
            "pressure_drop_Pa",
            "Pa",
            "pressure drop",
            "of the cooling design, maximum",
            _extreme("pressure_drop", "max"),
        ),
        Kpi(
            "coolant_outlet_K",
            "K",
            "coolant outlet",
            "mixed mean at the outlet, time mean",
            _mean("coolant_outlet", "mean"),
        ),
        Kpi(
            "coolant_inlet_K",
            "K",
            "coolant inlet",
            "as the loop delivers it, which may be warmer than is wanted; time mean",
            _mean("coolant_inlet", "mean"),
        ),
        Kpi(
            "time_to_throttle_s",
            "s",
            "time to throttle",
            "from the first failure of the cooling, else from the start, until the hottest point is at the chip's "
            "throttle temperature; none if never",
            lambda data, requests: time_to_temperature(data, "throttle_temperature"),
        ),
        Kpi(
            "time_to_trip_s",
            "s",
            "time to trip",
            "the same, until it is at the temperature at which dies stop",
            lambda data, requests: time_to_temperature(data, "trip_temperature"),
        ),
        Kpi(
            "min_voltage_V",
            "V",
            "lowest voltage",
            "at the devices, over dies and time",
            _extreme("die_minimum_voltage", "min"),
        ),
        Kpi(
            "max_ir_drop_V",
            "V",
            "largest drop",
            "between regulator and devices, over wafers and time",
            _extreme("ir_drop", "max"),
        ),
        Kpi(
            "tokens_per_second",
            "1/s",
            "output tokens per second",
            "of the run, all streams",
            lambda data, requests: tokens_per_second(data),
        ),
        Kpi(
            "tokens_per_second_per_user",
            "1/s",
            "tokens per second per user",
            "median over requests",
            _quantile("tokens_per_second", 0.5),
        ),
        Kpi(
            "time_to_first_token_s",
            "s",
            "time to first token",
            "median over requests",
            _quantile("time_to_first_token", 0.5),
        ),
        Kpi(
            "time_to_first_token_p99_s",
            "s",
            "time to first token, p99",
            "99th percentile over requests",
            _quantile("time_to_first_token", 0.99),
        ),
        Kpi(
            "energy_per_token_J",
            "J",
            "energy per token, chip",
            "wafers or accelerators, per output token",
            _per_token("accelerator_power"),
        ),
        Kpi(
            "wall_energy_per_token_J",
            "J",
            "energy per token, wall",
            "at the wall, per output token",
            _per_token("system_power"),
        ),
        Kpi(
            "facility_energy_per_token_J",
            "J",
            "energy per token, facility",
            "with what the building adds, per output token",
            _per_token("facility_power"),
        ),
        Kpi(
            "utilisation",
            "1",
            "utilisation",
            "of compute capacity, time mean",
            _mean("utilisation", "mean"),
        ),
        Kpi(
            "energy_residual",
            "1",
            "energy residual",
            "|in - out - stored| over power in, worst step",
            _extreme("energy_residual", "max"),
        ),
        Kpi(
            "coupling_iterations",
            "1",
            "coupling iterations",
            "per control step, mean",
            _mean("coupling_iterations", "mean"),
        ),
        Kpi(
            "wall_time_s",
            "s",
            "computing time",
            "of the run on this machine",
            lambda data, requests: _wall_time(data),
        ),
    )
}


NUMERICAL = ("energy_residual", "coupling_iterations", "wall_time_s")
"""Key figures that say how a result was computed, nothing of the system."""


def calculate(data: xr.Dataset, requests: xr.Dataset | None) -> dict[str, float | None]:
    """Return every key figure of a run by name, in SI; None where the system has no such quantity."""
    found = {name: kpi.calculate(data, requests) for name, kpi in KPIS.items()}
    return {name: value if value is not None and math.isfinite(value) else None for name, value in found.items()}


def _wall_time(data: xr.Dataset) -> float | None:
    given = data.attrs.get("wall_time_s")
    return None if given is None else float(given)
