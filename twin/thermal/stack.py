"""Solving a stack file: steady states and transients, with probes, extremes, errors and the heat balance."""

from __future__ import annotations

import time as clock
from collections.abc import Iterator
from pathlib import Path

from twin.errors import Problem, SpecError
from twin.fe.heat import Runaway
from twin.fe.krylov import NotConverged
from twin.spec.documents import read_yaml, validate
from twin.spec.stack import Stack
from twin.thermal.stack_check import check_stack
from twin.thermal.stack_grading import first_mesh
from twin.thermal.stack_outcome import outcome
from twin.thermal.stack_refine import solve_accurately
from twin.thermal.stack_result import StackResult, Status
from twin.thermal.stack_trace import Progress, Solved, Task

__all__ = ["StackResult", "load_stack", "outcome", "solve_stack"]


def load_stack(path: Path) -> Stack:
    """Read and check a stack file; SpecError names every problem."""
    raw = read_yaml(path)
    if raw.get("kind") != "stack":
        message = f"is '{raw.get('kind')}', expected 'stack': a file of layers for `twin solve`"
        raise SpecError(path.name, [Problem("kind", message)])
    stack = validate(raw, Stack, path.name)
    assert isinstance(stack, Stack)
    check_stack(stack, path.name, path.parent)
    return stack


def solve_stack(stack: Stack, folder: Path = Path("."), progress: Progress | None = None) -> StackResult:
    """Solve a stack; maps are looked for in `folder`, `progress` is told how far a transient or refinement is."""
    start = clock.perf_counter()
    task = Task.of(stack, folder, progress)
    try:
        accurate = solve_accurately(task)
    except (Runaway, NotConverged) as error:
        status: Status = "runaway" if isinstance(error, Runaway) else "failed"
        result = StackResult(task, status, first_mesh(task.stack, task.layers), warnings=(str(error),))
    else:
        solved = accurate.solved
        warnings = (*accurate.warnings, *_cautions(solved))
        result = StackResult(task, "converged", solved.trace.model.mesh, solved, accurate.errors, warnings)
    result.wall_time = clock.perf_counter() - start
    return result


def _cautions(solved: Solved) -> Iterator[str]:
    """Yield where coolant and flow of each channel layer leave, at the end, what the model holds for."""
    march, coolant = solved.march, list(solved.final.coolant)
    several = len(march.model.beds) > 1
    layers = [layer.name for layer in march.model.layers if layer.channels]
    for (bed, channels), flow, name in zip(march.model.beds, march.flows, layers, strict=True):
        fields, coolant = coolant[: len(bed.layouts)], coolant[len(bed.layouts) :]
        wall = march.model.highest(solved.final.solid[:, :, bed.walls[0].planes])
        for caution in bed.cautions(flow, channels.inlet_temperature, fields, wall):
            yield f"{name}: {caution.text}" if several else caution.text
