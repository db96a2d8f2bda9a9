"""The one table of variables: what results contain, in which unit, over which dimensions.

Results, documentation, plots and the dashboard read names, labels and units here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Variable:
    """One output: its dimensions, unit and meaning; `symbol` as in the equations."""

    name: str
    symbol: str
    unit: str
    dims: tuple[str, ...]
    description: str
    long_name: str


_SERIES = ("time",)
_WAFER = ("time", "wafer")
_DIE = ("time", "wafer", "die_y", "die_x")
_TILE = ("time", "wafer", "tile_y", "tile_x")

VARIABLES: dict[str, Variable] = {
    v.name: v
    for v in (
        # work
        Variable("tokens", "N", "1", _SERIES, "output tokens in the step", "output tokens"),
        Variable("prompt_tokens", "N_p", "1", _SERIES, "prompt tokens processed in the step", "prompt tokens"),
        Variable("active_streams", "S", "1", _SERIES, "mean number of streams being decoded", "active streams"),
        Variable("queue_length", "q", "1", _SERIES, "requests waiting at the end of the step", "queue length"),
        Variable("utilisation", "u", "1", _SERIES, "multiply-accumulates over those of all cores", "utilisation"),
        Variable(
            "busy", "b", "1", _SERIES, "share of time in which the busiest part of the system has work", "busy share"
        ),
        # power, positive when consumed
        Variable("wafer_power", "P_w", "W", _WAFER, "power of the devices, dynamic and leakage", "wafer power"),
        Variable("dynamic_power", "P_d", "W", _WAFER, "switching power of units and clock", "dynamic power"),
        Variable("leakage_power", "P_l", "W", _WAFER, "leakage power", "leakage power"),
        Variable("grid_loss", "P_g", "W", _WAFER, "loss in the on-wafer grid, heats the wafer", "grid loss"),
        Variable("regulator_loss", "P_r", "W", _WAFER, "loss of regulators and connectors", "regulator loss"),
        Variable("pump_power", "P_p", "W", _SERIES, "electrical power of pumps, all systems", "pump power"),
        Variable("pump_heat", "Q_p", "W", _SERIES, "heat of the pumps to the coolant, all systems", "heat of pumps"),
        Variable("fan_power", "P_fan", "W", _SERIES, "fans of the dry coolers, which the facility adds", "fan power"),
        Variable("accelerator_power", "P_a", "W", _SERIES, "all wafers or accelerators", "accelerator power"),
        Variable("supply_loss", "P_s", "W", _SERIES, "loss of the power supplies", "supply loss"),
        Variable("host_power", "P_h", "W", _SERIES, "hosts, fans and all else in the systems", "host power"),
        Variable("system_power", "P_wall", "W", _SERIES, "power at the wall, all systems", "system power"),
        Variable("facility_power", "P_f", "W", _SERIES, "system power and what the building adds", "facility power"),
        # heat
        Variable("coolant_heat", "Q_c", "W", _WAFER, "heat given to the coolant", "heat to coolant"),
        Variable("board_heat", "Q_b", "W", _WAFER, "heat through the connector side", "heat to board"),
        Variable("stored_heat", "Q_s", "W", _WAFER, "rate of heat stored in wafer and channels", "heat stored"),
        Variable("facility_heat", "Q_f", "W", _SERIES, "heat given to facility water", "heat to facility water"),
        # temperature
        Variable("peak_temperature", "T_max", "K", _WAFER, "hottest point of the solid", "peak temperature"),
        Variable("die_temperature", "T", "K", _DIE, "mean of the heat layer over a die", "die temperature"),
        Variable("tile_temperature", "T", "K", _TILE, "mean of the heat layer over a tile", "temperature"),
        Variable("coolant_temperature", "T_f", "K", _TILE, "mean coolant over a tile", "coolant temperature"),
        Variable("coolant_inlet", "T_in", "K", _SERIES, "coolant at the wafer's inlet", "coolant inlet"),
        Variable("coolant_outlet", "T_out", "K", _WAFER, "mixed mean at the wafer's outlet", "coolant outlet"),
        # coolant
        Variable("flow_rate", "V", "m^3/s", _SERIES, "coolant flow of one wafer", "coolant flow"),
        Variable("pressure_drop", "dp", "Pa", _WAFER, "pressure drop of the cooling design", "pressure drop"),
        # delivery and control
        Variable("tile_power", "P", "W", _TILE, "power of the devices of a tile", "tile power"),
        Variable("die_voltage", "V", "V", _DIE, "mean voltage at the devices of a die", "die voltage"),
        Variable(
            "die_minimum_voltage",
            "V_min",
            "V",
            _DIE,
            "lowest voltage at the devices of a die",
            "lowest voltage",
        ),
        Variable(
            "voltage_margin",
            "V_m",
            "V",
            _DIE,
            "lowest voltage less what the clock needs; negative: timing would fail",
            "voltage margin",
        ),
        Variable("die_frequency", "f", "Hz", _DIE, "clock of a die", "die clock"),
        Variable("die_current", "I", "A", _DIE, "current of a die's regulator", "die current"),
        Variable("ir_drop", "d", "V", _WAFER, "largest drop between regulator and devices", "largest drop"),
        # numerics
        Variable("energy_residual", "r", "1", _WAFER, "|in - out - stored| over power in", "energy residual"),
        Variable("coupling_iterations", "n", "1", _WAFER, "iterations of the coupled step", "iterations"),
        Variable("solver_iterations", "n_s", "1", _WAFER, "iterations of the linear solver", "solver iterations"),
        Variable("temperature_residual", "r_T", "K", _WAFER, "last change of temperature", "temperature residual"),
        Variable("voltage_residual", "r_V", "V", _WAFER, "last change of voltage", "voltage residual"),
        Variable("substeps", "m", "1", _SERIES, "thermal sub-steps of the control step", "sub-steps"),
    )
}
