"""From a converged step to the variables of the results: the watts of every part, from wall to coolant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.delivery.policies import voltage_margin
from twin.delivery.regulator import bus_loss, regulate
from twin.engine.coupling import Coupled
from twin.engine.plant import Array, WaferPlant
from twin.thermal.loop import LoopOutput
from twin.workload.activity import Activity, utilisation
from twin.workload.intervals import Interval

if TYPE_CHECKING:
    from twin.engine.state import EngineState


def wafer_sample(
    plant: WaferPlant,
    before: EngineState,
    coupled: Sequence[Coupled],
    loop: LoopOutput,
    interval: Interval | None,
    activity: Activity,
    busy: float,
) -> dict[str, Any]:
    """Return the variables of one step of a wafer system."""
    losses = np.array([_delivery_loss(plant, found) for found in coupled])
    return {
        **_work(plant, interval, activity),
        **_per_wafer(coupled, losses),
        **_system(plant, coupled, losses, loop),
        **_fields(plant, coupled, before, losses),
        "busy": busy,
        "flow_rate": before.flow,
        "coolant_inlet": before.loop.inlet_temperature,
    }


def _delivery_loss(plant: WaferPlant, found: Coupled) -> float:
    """Loss in W between the bus's supplies and a wafer: bus, regulators, connectors."""
    grid = found.grid
    regulators = regulate(grid.die_current, grid.regulator_voltage, plant.delivery.regulator)
    taken = float(regulators.input_power.sum())
    return float(regulators.loss.sum()) + float(grid.feed_loss.sum()) + float(bus_loss(taken, plant.delivery.bus))


def _work(plant: WaferPlant, interval: Interval | None, activity: Activity) -> dict[str, Any]:
    return {
        "tokens": interval.output_tokens if interval else 0.0,
        "prompt_tokens": interval.prompt_tokens if interval else 0.0,
        "active_streams": interval.mean_streams if interval else 0.0,
        "queue_length": float(interval.queue_length) if interval else 0.0,
        "utilisation": utilisation(activity, plant.chip, plant.cores, plant.chip.core.clock),
    }


def _per_wafer(coupled: Sequence[Coupled], losses: Array) -> dict[str, Any]:
    def each(value: Any) -> Array:
        return np.array([value(found) for found in coupled], dtype=float)

    leakage = each(lambda f: _scaled(f, f.power.leakage))
    power = each(lambda f: f.grid.device_power.sum())
    return {
        "wafer_power": power,
        "dynamic_power": power - leakage,
        "leakage_power": leakage,
        "grid_loss": each(lambda f: f.grid.sheet_loss.sum()),
        "regulator_loss": losses,
        "coolant_heat": each(lambda f: f.thermal.coolant_heat),
        "board_heat": each(lambda f: f.thermal.board_heat),
        "stored_heat": each(lambda f: f.thermal.stored_heat),
        "peak_temperature": each(lambda f: f.thermal.peak),
        "coolant_outlet": each(lambda f: f.thermal.coolant_outlet),
        "pressure_drop": each(lambda f: f.thermal.pressure_drop),
        "ir_drop": each(lambda f: f.grid.largest_drop),
        "coupling_iterations": each(lambda f: f.passes),
        "solver_iterations": each(lambda f: f.solver_iterations),
        "temperature_residual": each(lambda f: f.temperature_residual),
        "voltage_residual": each(lambda f: f.voltage_residual),
    }


def _scaled(found: Coupled, part: Array) -> float:
    """Return a part of the power as drawn at the grid's voltages, which the balance rests on."""
    total = found.power.total
    return float((part * found.grid.device_power / np.where(total > 0, total, 1.0)).sum())


def _system(plant: WaferPlant, coupled: Sequence[Coupled], losses: Array, loop: LoopOutput) -> dict[str, Any]:
    """Powers of the whole system; every wafer has a coolant loop of its own, every system a host."""
    wafers = sum(float(f.grid.device_power.sum() + f.grid.sheet_loss.sum()) for f in coupled)
    pumps, host = plant.wafers * loop.pump_power, plant.wafers * plant.system.host_power
    delivered = wafers + float(losses.sum()) + pumps + host
    wall = delivered / plant.system.supply_efficiency
    return {
        "accelerator_power": wafers,
        "pump_power": pumps,
        "pump_heat": plant.wafers * loop.pump_heat,
        **({"fan_power": plant.wafers * loop.fan_power} if plant.design.loop.dry_cooler else {}),
        "host_power": host,
        "supply_loss": wall - delivered,
        "system_power": wall,
        "facility_power": plant.scenario.facility.power_usage_effectiveness * wall,
        "facility_heat": plant.wafers * loop.facility_heat,
    }


def _fields(plant: WaferPlant, coupled: Sequence[Coupled], before: EngineState, losses: Array) -> dict[str, Any]:
    def stack(value: Any) -> Array:
        return np.stack([value(found) for found in coupled])

    return {
        "die_temperature": stack(lambda f: _by_die(f.thermal.tile_temperature, f.grid.die_current.shape)),
        "tile_temperature": stack(lambda f: f.thermal.tile_temperature),
        "coolant_temperature": stack(lambda f: f.thermal.coolant_temperature),
        "tile_power": stack(lambda f: f.grid.device_power),
        "die_voltage": stack(lambda f: f.grid.die_voltage),
        "die_minimum_voltage": stack(lambda f: f.grid.die_minimum_voltage),
        "die_current": stack(lambda f: f.grid.die_current),
        "die_frequency": before.control.clock,
        "voltage_margin": voltage_margin(
            np.stack([f.grid.die_minimum_voltage for f in coupled]), before.control.clock, plant.chip
        ),
        "energy_residual": np.array([_residual(f, loss) for f, loss in zip(coupled, losses, strict=True)]),
    }


def _by_die(tiles: Array, dies: tuple[int, ...]) -> Array:
    rows, columns = tiles.shape[0] // dies[0], tiles.shape[1] // dies[1]
    return tiles.reshape(dies[0], rows, dies[1], columns).mean(axis=(1, 3))


def _residual(found: Coupled, delivery_loss: float) -> float:
    """Return |in - out - stored| / in of a wafer with its regulators.

    In: what the regulators put out, plus the loss up to them; out: that loss, heat to coolant and board.
    """
    grid, thermal = found.grid, found.thermal
    put_out = float((grid.regulator_voltage * grid.die_current).sum())
    heats = thermal.coolant_heat + thermal.board_heat + thermal.stored_heat
    taken = put_out + delivery_loss - float(grid.feed_loss.sum())
    return abs(put_out - float(grid.feed_loss.sum()) - heats) / taken if taken > 0 else 0.0
