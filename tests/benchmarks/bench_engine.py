"""What one control step of the coupled engine costs, part by part, and an hour of it with its stores.

`python tests/benchmarks/bench_engine.py [SCENARIO] [--hour]` steps a scenario (the default one unless named)
every 100 ms and prints microseconds of each part: medians of three rounds of one process, one thread. Parts
overlap where one calls another (indented). `--hour` runs 3600 s into a folder instead and prints seconds,
memory and the size of the store.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import twin
from twin.delivery.grid import WaferGrid
from twin.engine import output, step
from twin.engine.plant import WaferPlant
from twin.engine.run import build
from twin.power.model import Draw, PowerModel
from twin.workload import serving

SCENARIO = "wse3-llama3.1-8b-conversation"
STEP, WARM, STEPS, ROUNDS = 0.1, 100, 200, 3
PARTS: tuple[tuple[Any, str, str], ...] = (
    (step, "advance", "step"),
    (step, "couple", "  coupling"),
    (WaferGrid, "solve", "    power grid"),
    (WaferGrid, "sheet_loss", "    losses in the sheet"),
    (Draw, "total", "    power"),
    (PowerModel, "draw", "    leakage"),
    (step, "_work", "  work"),
    (serving, "step", "    serving"),
    (WaferPlant, "pipeline", "    pipeline"),
    (step, "serving_activity", "    activity"),
    (step, "_tile_loads", "  loads"),
    (step, "_flow", "  flow"),
    (step, "_loop", "  coolant loop"),
    (step, "_noted", "  cautions"),
    (step, "wafer_sample", "  variables"),
    (output, "_delivery_loss", "    delivery"),
    (output, "_fields", "    fields"),
    (step, "next_control", "policies"),
    (step, "_must_watch", "watch"),
)


def main(arguments: list[str]) -> None:
    """Print the table, or the hour."""
    names = [argument for argument in arguments if not argument.startswith("--")]
    name = names[0] if names else SCENARIO
    hour(name) if "--hour" in arguments else table(name)


def table(name: str) -> None:
    """Print microseconds per step of every part."""
    scenario = twin.load(name).replace({"control.step": f"{STEP} s", "workload.duration": "60 s", "compare_with": None})
    simulation = build(scenario, name)
    state = simulation.initial()
    for _ in range(WARM):
        state, _ = simulation.step(state, STEP)
    whole = median(rounds(simulation, state) for _ in range(ROUNDS))
    spent: dict[str, list[float]] = defaultdict(list)
    present: dict[str, float] = defaultdict(float)
    for owner, part, label in PARTS:
        setattr(owner, part, timed(getattr(owner, part), label, present))
    for _ in range(ROUNDS):
        present.clear()
        rounds(simulation, state)
        for _, _, label in PARTS:
            spent[label].append(present[label] / STEPS)
    print(f"{name}: {1e6 * whole:.0f} us a step of {STEP} s")
    for _, _, label in PARTS:
        print(f"{label:<26}{1e6 * median(spent[label]):8.0f}")


def rounds(simulation: Any, state: Any) -> float:
    """Return CPU seconds per step over `STEPS` steps from a state."""
    start = time.process_time()
    for _ in range(STEPS):
        state, _ = simulation.step(state, STEP)
    return (time.process_time() - start) / STEPS


def timed(function: Callable[..., Any], label: str, spent: dict[str, float]) -> Callable[..., Any]:
    """Return a function that adds its CPU seconds to `spent`."""

    def call(*arguments: Any, **named: Any) -> Any:
        start = time.process_time()
        found = function(*arguments, **named)
        spent[label] += time.process_time() - start
        return found

    return call


def hour(name: str) -> None:
    """Print what a run of 3600 s takes, all in, without its comparison."""
    scenario = twin.load(name).replace(
        {"control.step": f"{STEP} s", "workload.duration": "3600 s", "compare_with": None}
    )
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        results = twin.run(scenario, Path(folder) / "run")
        seconds = time.perf_counter() - start
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(f"{name}: {results.status}, {results.data.sizes['time']} steps in {seconds:.1f} s")
        print(
            f"memory {memory:.2f} GB, store {size / 1e6:.0f} MB, energy residual {results.kpis['energy_residual']:.1e}"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
