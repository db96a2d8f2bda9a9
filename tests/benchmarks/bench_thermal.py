"""CPU time and memory of the wafer's thermal model on three meshes, and their ratios.

`python tests/benchmarks/bench_thermal.py` prints one row per mesh, each measured in a process of its
own. Times are CPU seconds of one thread; "products" is the time over that of one application
of conduction's operator, which compares machines.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

MESHES = ("wafer-coarse", "wafer", "wafer-fine")
FLOW, INLET, STEP = 40 / 60e3, 293.15, 5e-3
COLUMNS = (
    ("mesh", "mesh", "{}"),
    ("unknowns", "unknowns", "{:,.0f}"),
    ("set-up s", "setup", "{:.2f}"),
    ("steady s", "steady", "{:.3f}"),
    ("step s", "step", "{:.3f}"),
    ("iterations", "iterations", "{:.0f}"),
    ("step us/unknown", "step_per_unknown", "{:.2f}"),
    ("steady products", "steady_products", "{:.0f}"),
    ("step products", "step_products", "{:.0f}"),
    ("memory MB", "memory", "{:.0f}"),
    ("bytes/unknown", "bytes_per_unknown", "{:.0f}"),
)


def main() -> None:
    """Measure one mesh (by name) as JSON, or all of them as a table."""
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1])))
        return
    rows = [json.loads(subprocess.check_output([sys.executable, __file__, mesh])) for mesh in MESHES]
    print(" | ".join(title for title, _, _ in COLUMNS))
    for row in rows:
        print(" | ".join(form.format(row[key]) for _, key, form in COLUMNS))


def measure(mesh: str) -> dict[str, float | str]:
    """Build the wafer on a mesh, solve for a random 20 kW map, and step after the map has changed."""
    from twin import library
    from twin.spec.chip import Array as Tiles
    from twin.thermal.coolant import load_coolant
    from twin.thermal.wafer import WaferThermalModel

    parts = library.load("chip", "wse3"), library.load("cooling", "manifold-silicon"), library.load("mesh", mesh)
    coolant = load_coolant("water")
    coolant.at(np.array(INLET))
    before = memory()
    begin = time.process_time()
    wafer = WaferThermalModel(*parts, coolant, Tiles(x=4, y=4), INLET)
    conduction = wafer.model.operator(None)
    setup = time.process_time() - begin
    heat = np.random.default_rng(0).uniform(0.2, 1.8, wafer.tiles)
    heat *= 20e3 / heat.sum()
    state = wafer.steady(heat, FLOW, INLET)
    changed = wafer.step(state, FLOW, INLET, STEP).solve(1.1 * heat, state)
    field = np.ones(wafer.grid.shape)
    product = typical(lambda: conduction.apply(field), 20)
    steady = typical(lambda: wafer.steady(heat[::-1], FLOW, INLET), 3)
    step = typical(lambda: wafer.step(state, FLOW, INLET, STEP).solve(1.1 * heat, state), 5)
    used = memory() - before
    return {
        "mesh": mesh,
        "unknowns": wafer.unknowns,
        "setup": setup,
        "steady": steady,
        "step": step,
        "iterations": changed.iterations,
        "step_per_unknown": 1e6 * step / wafer.unknowns,
        "steady_products": steady / product,
        "step_products": step / product,
        "memory": used / 1e6,
        "bytes_per_unknown": used / wafer.unknowns,
    }


def typical(action: Callable[[], object], times: int) -> float:
    """Return the median CPU time of an action in s."""
    found = []
    for _ in range(times):
        begin = time.process_time()
        action()
        found.append(time.process_time() - begin)
    return float(np.median(found))


def memory() -> float:
    """Return the largest resident memory so far in bytes."""
    return 1024.0 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
