"""The wafer stack from 0.1 to 10 million unknowns: CPU seconds, memory, iterations, growth, processes.

`python tests/benchmarks/bench_solver.py [--quick]` prints the table of docs/heat-solver.md. Every row is a process of
its own with one thread; times are medians of three. "whole" is everything from the checked stack to the result with
its error estimate (a second, coarser solve), in CPU seconds; "import" is what interpreter and libraries take before.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

NODES = (107, 188, 330, 665, 1001)
QUICK = NODES[:3]
SMALL = 40
TWO_PROCESSES = (330, 665)
STEP = 1e-3
TARGETS = {
    "1 M, whole": "6 CPU-s and 2 GB",
    "a further right side at 1 M": "1.5 CPU-s",
    "a time step at 1 M": "0.3 s",
    "10 M": "10 GB",
    "growth of time and memory": "exponent 1.15",
    "iterations": "vary by 1.5",
    "two processes": "1.5 times one",
}
PEERS = (
    "compact simulator A: 22 CPU-s and 5.0 GB for 1.08 M cells, 0.3 CPU-s for 52 k, 0.4 s a time step at 1.1 M",
    "compact simulator B: 24 CPU-s and 2.9 GB for 240 k cells, does not finish 960 k",
)
COLUMNS = (
    ("unknowns", "unknowns", "{:,.0f}"),
    ("import s", "start", "{:.2f}"),
    ("whole s", "whole", "{:.2f}"),
    ("memory MB", "memory", "{:.0f}"),
    ("iterations", "iterations", "{:.0f}"),
    ("factors s", "factors", "{:.2f}"),
    ("further right side s", "further", "{:.3f}"),
    ("implicit step s", "step", "{:.3f}"),
    ("two-stage step s", "two_stage", "{:.3f}"),
    ("peak degC", "peak", "{:.3f}"),
)


def main(arguments: list[str]) -> None:
    """Measure one size as JSON (`NODES`), a wall time under mpiexec (`wall NODES`), or print the table."""
    if arguments[:1] == ["wall"]:
        wall(int(arguments[1]))
    elif arguments and arguments[0].isdigit():
        print(json.dumps(measure(int(arguments[0]))))
    else:
        table(QUICK if "--quick" in arguments else NODES)


def table(sizes: tuple[int, ...]) -> None:
    """Print rows, growth, two processes, and the marks to compare with."""
    rows = [json.loads(run([sys.executable, __file__, str(nodes)])) for nodes in sizes]
    print(" | ".join(title for title, _, _ in COLUMNS))
    for row in rows:
        print(" | ".join(form.format(row[key]) for _, key, form in COLUMNS))
    within = [row for row in rows if row["unknowns"] < 5e6]
    for key in ("whole", "factors", "memory"):
        print(
            f"growth of {key}: exponent {exponent(within, key):.2f} from 0.1 M to {within[-1]['unknowns'] / 1e6:.1f} M"
        )
    iterations = [row["iterations"] for row in rows]
    print(f"iterations: {min(iterations)} to {max(iterations)}")
    for nodes in TWO_PROCESSES:
        if nodes in sizes:
            print(two_processes(nodes))
    print("targets: " + "; ".join(f"{name}: {mark}" for name, mark in TARGETS.items()))
    print("\n".join(PEERS))


def exponent(rows: list[dict[str, float]], key: str) -> float:
    """Return the exponent of growth between the smallest and the largest."""
    small, large = rows[0], rows[-1]
    return float(np.log(large[key] / small[key]) / np.log(large["unknowns"] / small["unknowns"]))


def two_processes(nodes: int) -> str:
    """Return how much faster two processes are, and how far their answers differ."""
    launcher = Path(sys.executable).with_name("mpiexec")
    mpiexec = str(launcher) if launcher.exists() else shutil.which("mpiexec") or "mpiexec"
    one, two = (
        sorted(
            (json.loads(run([*command, sys.executable, __file__, "wall", str(nodes)])) for _ in range(3)), key=seconds
        )[1]
        for command in ([], [mpiexec, "-n", "2"])
    )
    differ = max(abs(a - b) for a, b in zip(one["dies"], two["dies"], strict=True))
    gain = one["seconds"] / two["seconds"]
    speed = f"{gain:.2f} times one ({one['seconds']:.2f} s)"
    return f"two processes, {one['unknowns']:,} unknowns: {speed}, die means differ by {differ:.1e} K"


def seconds(found: dict[str, Any]) -> float:
    """Return the wall time of a measurement."""
    return float(found["seconds"])


def run(command: list[str]) -> str:
    """Return what a command prints."""
    return subprocess.check_output(command, text=True)


def measure(nodes: int) -> dict[str, float]:
    """Solve the wafer; then the same factors for another load, and steps after the heat has changed."""
    from wafer_stack import stack_of

    from twin.fe.heat import HeatSystem
    from twin.thermal.stack import outcome, solve_stack
    from twin.thermal.stack_grading import first_mesh
    from twin.thermal.stack_trace import Task

    stack = stack_of(nodes)
    start = time.process_time()
    first = cpu(lambda: outcome(solve_stack(stack)))
    found = outcome(solve_stack(stack))
    memory = 1024.0 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    whole = float(np.median([first, *(cpu(lambda: outcome(solve_stack(stack))) for _ in range(2))]))
    task = Task.of(stack, Path("."), None)
    march = task.march(first_mesh(task.stack, task.layers))
    state = march.steady(0.0)
    model, load = march.model.heat, march.model.load(0.0)
    tolerance = 1e-11 * float(np.linalg.norm(load))
    factors = []
    for _ in range(3):
        system = HeatSystem(model, march.streams, None)
        factors.append(cpu(lambda system=system: system.preconditioner(300.0)))
    equations = system.at(march.streams)
    further = typical(lambda: equations.solve(load[::-1], np.full(model.shape, 293.15), tolerance))
    stepping = HeatSystem(model, march.streams, STEP)
    stepping.preconditioner(300.0)
    step = typical(lambda: stepping.at(march.streams, state).solve(1.1 * load, state.solid, tolerance))
    cold = march.uniform(293.15)
    march.advance(cold, 0.0, STEP)
    two_stage = typical(lambda: march.advance(cold, 0.0, STEP))
    return {
        "unknowns": found["dofs"],
        "start": start,
        "whole": whole,
        "memory": memory / 1e6,
        "iterations": equations.solve(load[::-1], np.full(model.shape, 293.15), tolerance)[2],
        "factors": float(np.median(factors)),
        "further": further,
        "step": step,
        "two_stage": two_stage,
        "peak": found["max_temperature_K"] - 273.15,
    }


def wall(nodes: int) -> None:
    """Print the wall time of a whole solve, on as many processes as share it."""
    from wafer_stack import stack_of

    from twin.fe.parallel import is_first
    from twin.thermal.stack import outcome, solve_stack

    stack = stack_of(nodes)
    outcome(solve_stack(stack_of(SMALL)))  # what libraries load at their first use is no part of a solve
    start = time.perf_counter()
    found = outcome(solve_stack(stack))
    spent = time.perf_counter() - start
    if is_first():
        dies = [probe["temperature_K"][0] for probe in found["probes"].values()]
        print(json.dumps({"seconds": spent, "unknowns": found["dofs"], "dies": dies}))


def typical(action: Callable[[], object]) -> float:
    """Return the median CPU time of three runs in s."""
    return float(np.median([cpu(action) for _ in range(3)]))


def cpu(action: Callable[[], object]) -> float:
    """Return the CPU time of an action in s."""
    begin = time.process_time()
    action()
    return time.process_time() - begin


if __name__ == "__main__":
    main(sys.argv[1:])
