"""What the reduced thermal model costs: building it, and its answers, for each cooling design.

`python tests/benchmarks/bench_reduced.py [DESIGN...]` prints a table, each design measured in a process of
its own with an empty cache; `--json` prints the numbers of one design. Times are CPU seconds of one thread,
medians of three rounds; tiles are 84 x 16, heat goes in and temperatures come out by tile.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

import twin
from twin.engine import step as stepping
from twin.engine.coupling import TileLoad, couple
from twin.engine.plant import WaferPlant
from twin.engine.run import build
from twin.engine.secant import Secant
from twin.workload.activity import virus_activity

DESIGNS = ("manifold-silicon", "straight-cold-plate", "jet-impingement")
SCENARIO, SHARE = "wse3-power-virus", 0.6
LITRES, STEP, WATTS = 40.0, 0.1, 15e3
ROUNDS = 3
LEAKAGE_SETTLED = 1e-3
"""Change of the warmest tile in K at which the fixed point with leakage has come to rest."""
COLUMNS = (
    ("settled map s", "settled_map", 1.0),
    ("reduced states s", "dynamics", 1.0),
    ("certificate s", "certificate", 1.0),
    ("memory GB", "memory", 1e-9),
    ("steady ms", "steady", 1e3),
    ("with leakage ms", "leakage", 1e3),
    ("with leakage and grid ms", "coupled", 1e3),
    ("whole field ms", "field", 1e3),
    ("field after a step ms", "stepped_field", 1e3),
    ("step us", "step", 1e6),
    ("step, power +-1 % us", "varying_step", 1e6),
    ("step, other power us", "changing_step", 1e6),
    ("hottest points us", "die_peak", 1e6),
)


def main(arguments: list[str]) -> None:
    """Measure the design of `--json DESIGN`, or print the table of several."""
    if "--json" in arguments:
        (design,) = [argument for argument in arguments if argument != "--json"]
        print(json.dumps(measure(design)))
        return
    rows = {design: measured(design) for design in arguments or DESIGNS}
    print(f"{'':<26}" + "".join(f"{design:>22}" for design in rows))
    for title, key, scale in COLUMNS:
        print(f"{title:<26}" + "".join(f"{scale * row[key]:>22.3f}" for row in rows.values()))


def measured(design: str) -> dict[str, float]:
    """Return the numbers of a design from a process of its own with an empty cache."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "TWIN_CACHE": folder, "OPENBLAS_NUM_THREADS": "1"}
        command = [sys.executable, __file__, "--json", design]
        found: dict[str, float] = json.loads(subprocess.check_output(command, env=environment))
        return found


def measure(design: str) -> dict[str, float]:
    """Return seconds and bytes of everything, in this process."""
    plant = reduced_plant(design)
    thermal: Any = plant.thermal
    model, flow, inlet = thermal.reduced, LITRES / 60e3, plant.cooling.inlet_temperature
    found = {
        "settled_map": once(lambda: model.map(flow)),
        "dynamics": once(lambda: model.dynamics),
    }
    heats = random_heats(model.full.tiles)
    state = model.steady(next(heats), flow, inlet)
    found["steady"] = typical(lambda: model.steady(next(heats), flow, inlet).tile_temperature, 20)
    found["leakage"] = typical(leaking(plant, flow, inlet), 10)
    found["coupled"] = typical(coupled(plant, flow, inlet), 5)
    answers = iter([model.steady(next(heats), flow, inlet) for _ in range(10 * ROUNDS + 1)])
    found["field"] = typical(lambda: next(answers).heat, 10)
    same = next(heats)
    state = model.steady(same, flow, inlet)
    found["step"] = per_step(model, state, flow, inlet, lambda: same)
    factors = cycle(np.random.default_rng(1).uniform(0.99, 1.01, (16, *same.shape)))
    found["varying_step"] = per_step(model, state, flow, inlet, lambda: next(factors) * same)
    found["changing_step"] = per_step(model, state, flow, inlet, lambda: next(heats))
    stepped = [model.step(state, flow, inlet, STEP).solve(next(heats), state) for _ in range(20 * ROUNDS + 2)]
    found["stepped_field"] = typical(iter_over(stepped[: 10 * ROUNDS + 1], lambda one: one.heat), 10)
    found["die_peak"] = typical(iter_over(stepped[10 * ROUNDS + 1 :], lambda one: one.die_peak), 10)
    found["certificate"] = once(lambda: (thermal.certificate.steady, thermal.certificate.transient))
    found["memory"] = most_memory()
    return found


def most_memory() -> float:
    """Return the most memory in bytes that this process has held; `getrusage` counts that of its parent as well."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 1024.0 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return 1024.0 * float(line.split()[1])


def reduced_plant(design: str) -> WaferPlant:
    """Return the plant of a wafer under a cooling design, on the default mesh."""
    changes = {"cooling.design": design, "cooling.flow_rate": f"{LITRES} L/min", "thermal.model": "reduced"}
    simulation: Any = build(twin.load(SCENARIO).replace(changes), "bench")
    plant: WaferPlant = simulation.plant
    return plant


def random_heats(shape: tuple[int, int]) -> Iterator[np.ndarray]:
    """Return maps of W by tile, all different in turn."""
    random = np.random.default_rng(0)
    maps = random.uniform(0.2, 1.8, (16, *shape))
    return cycle(list(maps * (WATTS / maps.sum(axis=(1, 2), keepdims=True))))


def per_step(model: Any, start: Any, flow: float, inlet: float, heat: Callable[[], np.ndarray]) -> float:
    """Return the CPU seconds of a time step that reads the tiles' temperatures, over runs of 100."""

    def run() -> None:
        state = start
        for _ in range(100):
            state = model.step(state, flow, inlet, STEP).solve(heat(), state)
            assert state.tile_temperature.size == start.tile_temperature.size

    return typical(run, 1) / 100


def leaking(plant: WaferPlant, flow: float, inlet: float) -> Callable[[], object]:
    """Return the fixed point of temperature and leakage at the nominal voltage, accelerated as in the twin."""
    load, thermal = virus_load(plant), plant.thermal
    work = plant.power.work(load.mac, load.issue, load.hop, load.busy, load.clock)
    voltage = np.full(plant.tiles, plant.chip.voltage.nominal)
    start = thermal.uniform(inlet, flow)

    def settle() -> object:
        state: Any = start
        temperature, change, faster = state.tile_temperature, np.inf, Secant()
        while change > LEAKAGE_SETTLED:
            heat = plant.power.draw(work, temperature).total(voltage)
            state = thermal.steady(heat, flow, inlet, state, 0.02 * min(change, 10.0))
            change = float(np.abs(state.tile_temperature - temperature).max())
            temperature = faster.next(temperature, state.tile_temperature)
        return state

    return settle


def coupled(plant: WaferPlant, flow: float, inlet: float) -> Callable[[], object]:
    """Return the fixed point of temperature, leakage and the power grid."""
    rest, load = stepping.initial(plant), virus_load(plant)
    control, thermal = rest.control.voltage[0], plant.thermal.uniform(inlet, flow)
    return lambda: couple(plant, thermal, load, control, rest.voltage[0], flow, inlet, None)


def virus_load(plant: WaferPlant) -> TileLoad:
    """Return a part of a power virus."""
    clock = np.full(plant.cores.shape, plant.chip.core.clock)
    activity = virus_activity(plant.chip, plant.cores, clock, SHARE)
    return TileLoad(activity.mac[0], activity.issue[0], activity.hop[0], np.full(plant.tiles, SHARE), clock[0])


def iter_over(items: list[Any], read: Callable[[Any], object]) -> Callable[[], object]:
    """Return an action that reads one item after the other: what is read is kept."""
    left = iter(items)
    return lambda: read(next(left))


def once(action: Callable[[], object]) -> float:
    """Return the CPU time of an action that is done but once, in s."""
    begin = time.process_time()
    action()
    return time.process_time() - begin


def typical(action: Callable[[], object], times: int) -> float:
    """Return the CPU time of an action in s, done once before: the median of three means."""
    action()
    found = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        for _ in range(times):
            action()
        found.append((time.process_time() - begin) / times)
    return median(found)


if __name__ == "__main__":
    main(sys.argv[1:])
