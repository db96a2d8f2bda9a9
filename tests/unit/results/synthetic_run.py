"""A made-up but physically plausible run: energy closes, leakage follows temperature, one die is hot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from twin.results.description import AssumedInput, Description
from twin.results.memory import MemoryWriter
from twin.results.results import Results

SIZE = 0.215
DIES = (7, 12)
TILES_PER_DIE = 4
INLET = 293.15
SCENARIO = """title: Synthetic run
system: cs3
model: llama3.1-8b
workload: {type: serving, trace: azure-conversation, duration: 60 s}
cooling: {inlet_temperature: 20 degC, flow_rate: 40 L/min}
"""


@dataclass(frozen=True)
class Plan:
    """What to make: number of steps of `length` s; the hot die as (column, row)."""

    steps: int = 60
    length: float = 1.0
    hot: tuple[int, int] = (0, 0)
    wafers: int = 1


def centres(count: int) -> np.ndarray:
    """Return the centres of `count` equal parts of the wafer's edge."""
    return (np.arange(count) + 0.5) * SIZE / count


def coordinates(plan: Plan) -> dict[str, np.ndarray]:
    """Return the coordinates of a wafer run."""
    columns, rows = DIES
    return {
        "time": plan.length * np.arange(1, plan.steps + 1),
        "wafer": np.arange(plan.wafers),
        "die_x": centres(columns),
        "die_y": centres(rows),
        "tile_x": centres(columns * TILES_PER_DIE),
        "tile_y": centres(rows * TILES_PER_DIE),
    }


def description() -> Description:
    """Return what the run says about itself."""
    return Description(
        title="Synthetic run",
        system="cs3",
        scenario=SCENARIO,
        assumed_inputs=(
            AssumedInput("chip/wse3: core.mac_energy", "3.4 pJ", "triangulated", "assumed", ("2.2 pJ", "4.9 pJ")),
            AssumedInput("chip/wse3: voltage.nominal", "0.8 V", "not published", "assumed", ("0.7 V", "0.9 V")),
        ),
        limits=(300.0, 301.0),  # low enough to be reached
    )


def steps(plan: Plan) -> Iterator[dict[str, Any]]:
    """Yield the values of each step: first-order heating of every tile, exact energy bookkeeping."""
    columns, rows = DIES
    shape = (plan.wafers, rows * TILES_PER_DIE, columns * TILES_PER_DIE)
    weight = np.tile(np.linspace(0.9, 1.1, shape[2]), (*shape[:2], 1))
    x, y = plan.hot
    weight[:, y * TILES_PER_DIE : (y + 1) * TILES_PER_DIE, x * TILES_PER_DIE : (x + 1) * TILES_PER_DIE] = 1.6
    weight /= weight.sum(axis=(1, 2), keepdims=True)
    temperature = np.full(shape, INLET)
    capacity, conductance = 2000.0 / weight[0].size, 700.0 / weight[0].size
    rng = np.random.default_rng(3)
    for index in range(plan.steps):
        load = 0.3 + 0.6 * (1 - np.exp(-index / 5.0)) + 0.05 * np.sin(index / 3.0)
        dynamic = weight * (6000.0 + 9000.0 * load)
        leakage = weight * 2500.0 * np.exp(0.02 * (temperature - 323.15))
        power = dynamic + leakage
        grid_loss = 0.004 * power
        before = temperature
        rate = plan.length * conductance / capacity
        temperature = (before + rate * INLET + plan.length * (power + grid_loss) / capacity) / (1 + rate)
        stored = capacity * (temperature - before) / plan.length
        removed = conductance * (temperature - INLET)
        yield _step(load, dynamic, leakage, grid_loss, temperature, stored, removed, rng)


def _step(
    load: float,
    dynamic: np.ndarray,
    leakage: np.ndarray,
    grid_loss: np.ndarray,
    temperature: np.ndarray,
    stored: np.ndarray,
    removed: np.ndarray,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Return one step in the names of the table of variables."""

    def total(field: np.ndarray) -> np.ndarray:
        return np.asarray(field.sum(axis=(1, 2)))

    def dies(field: np.ndarray) -> np.ndarray:
        wafers, rows, columns = field.shape
        blocks = field.reshape(wafers, rows // TILES_PER_DIE, TILES_PER_DIE, columns // TILES_PER_DIE, TILES_PER_DIE)
        return np.asarray(blocks.mean(axis=(2, 4)))

    power = total(dynamic + leakage)
    regulator = 0.09 * power
    heat_in = power + total(grid_loss)
    board, coolant = 0.03 * total(removed), 0.97 * total(removed)
    pump, host = 350.0, 900.0
    wafer_input = float(np.sum(heat_in + regulator))
    wall = (wafer_input + pump + host) / 0.94
    voltage = 0.8 - 0.02 * load + 0.002 * rng.standard_normal((power.size, DIES[1], DIES[0]))
    return {
        "tokens": 1800.0 * load,
        "prompt_tokens": 9000.0 * load,
        "active_streams": 30.0 * load,
        "queue_length": float(rng.poisson(3 * load)),
        "utilisation": 0.05 * load,
        "wafer_power": power,
        "dynamic_power": total(dynamic),
        "leakage_power": total(leakage),
        "grid_loss": total(grid_loss),
        "regulator_loss": regulator,
        "pump_power": pump,
        "pump_heat": 0.9 * pump,
        "fan_power": 120.0,
        "accelerator_power": float(np.sum(heat_in)),
        "supply_loss": wall * 0.06,
        "host_power": host,
        "system_power": wall,
        "facility_power": wall * 1.1,
        "coolant_heat": coolant,
        "board_heat": board,
        "stored_heat": total(stored),
        "facility_heat": float(np.sum(coolant)) + 0.8 * pump,
        "peak_temperature": temperature.max(axis=(1, 2)) + 2.0,
        "die_temperature": dies(temperature),
        "tile_temperature": temperature,
        "coolant_temperature": INLET + 0.3 * (temperature - INLET),
        "coolant_inlet": INLET,
        "coolant_outlet": INLET + coolant / 2780.0,
        "flow_rate": 40e-3 / 60.0,
        "pressure_drop": np.full(power.shape, 21e3),
        "tile_power": dynamic + leakage,
        "die_voltage": voltage,
        "die_minimum_voltage": voltage - 0.01,
        "die_frequency": np.full(voltage.shape, 0.95e9 - 1e7 * load),
        "die_current": np.full(voltage.shape, float(power[0]) / 84 / 0.8),
        "ir_drop": 0.004 + 0.002 * np.full(power.shape, load),
        "energy_residual": np.abs(heat_in - total(stored) - total(removed)) / heat_in,
        "coupling_iterations": np.full(power.shape, 3.0 + rng.integers(0, 3)),
        "solver_iterations": np.full(power.shape, 11.0 + rng.integers(0, 4)),
        "temperature_residual": np.full(power.shape, 1e-6),
        "voltage_residual": np.full(power.shape, 1e-9),
        "substeps": 1.0,
    }


def requests(count: int = 200) -> dict[str, np.ndarray]:
    """Return what requests saw; the last ones never got an answer."""
    rng = np.random.default_rng(5)
    first = rng.gamma(4.0, 0.05, count)
    rate = rng.normal(1700.0, 80.0, count)
    first[-3:], rate[-3:] = np.nan, np.nan
    return {
        "time_to_first_token": first,
        "tokens_per_second": rate,
    }


def hottest(last: dict[str, Any], plan: Plan, nodes: int = 120) -> dict[str, np.ndarray]:
    """Return fields on a finer grid: the tiles of a step, interpolated."""
    tiles = coordinates(plan)
    axis = np.linspace(0.0, SIZE, nodes)

    def finer(field: np.ndarray) -> np.ndarray:
        along_x = np.array([np.interp(axis, tiles["tile_x"], row) for row in field])
        return np.array([np.interp(axis, tiles["tile_y"], column) for column in along_x.T]).T

    return {
        "x": axis,
        "y": axis,
        "time": np.asarray(tiles["time"][-1]),
        "temperature": np.array([finer(field) for field in last["tile_temperature"]]),
        "coolant_temperature": np.array([finer(field) for field in last["coolant_temperature"]]),
    }


def wafer_results(plan: Plan | None = None) -> Results:
    """Return the whole run, in memory."""
    plan = plan or Plan()
    writer = MemoryWriter(coordinates(plan), description())
    for index, values in enumerate(steps(plan)):
        writer.append(index, values)
    return writer.finish(wall_time=12.5, requests=requests(), hottest=hottest(values, plan))


def gpu_results(plan: Plan | None = None) -> Results:
    """Return a run of a GPU system: no wafer, no coolant, no dies."""
    plan = plan or Plan()
    writer = MemoryWriter({"time": coordinates(plan)["time"]}, Description("Same trace on GPUs", "dgx-h100"))
    for index in range(plan.steps):
        wall = 5900.0 + 100.0 * np.sin(index / 4.0)
        values = {
            "tokens": 900.0,
            "utilisation": 0.2,
            "queue_length": 4.0,
            "active_streams": 25.0,
            "accelerator_power": wall * 0.94 - 1700.0,
            "host_power": 1700.0,
            "supply_loss": wall * 0.06,
            "system_power": wall,
            "facility_power": wall * 1.1,
        }
        writer.append(index, values)
    seen = requests()
    slower = {**seen, "tokens_per_second": seen["tokens_per_second"] / 9}
    return writer.finish(wall_time=1.0, requests=slower)
