"""Computing points: what a worker does, in a process and on a machine of its own."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twin import library
from twin.engine.run import run
from twin.engine.steady_point import steady_state
from twin.errors import RunStopped, SpecError, TwinError
from twin.fe.krylov import NotConverged
from twin.results.results import COMPLETE, Results
from twin.spec.documents import validate
from twin.spec.scenario import Scenario
from twin.study.identity import forget, point_identity
from twin.study.outcome import Figures, Outcome
from twin.study.plan import SCENARIO, STACK, resolved
from twin.study.stack_points import resolved_stack, stack_figures, stack_identity

BY_REDUCED, BY_FULL = "by reduced model", "by full model"
_ONE_AT_A_TIME = threading.Lock()
_library_of: list[Any] = []


@dataclass(frozen=True)
class Task:
    """What the points of a study share: resolved base (JSON text), kind of computation, where data is found.

    `session` is new for every start of a study: workers that live longer read the library anew. `checked`: of runs,
    how far the reduced thermal model is from the full one is wanted, in place of key figures.
    """

    base: str
    steady: bool
    folders: tuple[str, ...]
    environment: str
    session: str
    kind: str = SCENARIO
    checked: bool = False


Point = tuple[str, dict[str, Any]]
"""Identity of a point, and what it changes in the base."""


def compute(task: Task, points: Sequence[Point]) -> list[Outcome]:
    """Return what became of some points, in their order.

    A worker with several threads computes one point at a time: the solvers keep state per process.
    """
    with _ONE_AT_A_TIME:
        _use_library(task)
        return [_outcome(task, identity, changes) for identity, changes in points]


def _use_library(task: Task) -> None:
    """Search the folders of data that the study was started with."""
    wanted = (task.folders, task.environment, task.session)
    if _library_of == [wanted]:
        return
    os.environ["TWIN_DATA"] = task.environment
    library.clear_folders()
    for folder in reversed(task.folders):
        library.use_folder(Path(folder))
    forget()
    _library_of[:] = [wanted]


def _outcome(task: Task, identity: str, changes: dict[str, Any]) -> Outcome:
    started = time.time()
    figures, error, lasting = None, "", True
    warnings: tuple[str, ...] = ()
    try:
        if _identity(task, changes) == identity:
            figures, warnings = _figures(task, changes)
        else:
            error, lasting = "the worker has another version of twin, or other data, than the study", False
    except (RunStopped, SpecError, NotConverged, np.linalg.LinAlgError) as stop:
        error = str(stop) or type(stop).__name__
    except TwinError as lack:  # of the machine: a compiler, memory, a file
        error, lasting = str(lack), False
    except Exception as fault:
        error, lasting = f"{type(fault).__name__}: {fault}", False
    host, process = socket.gethostname(), str(os.getpid())
    return Outcome(identity, figures, error, lasting, started, time.time(), host, process, warnings)


def _identity(task: Task, changes: dict[str, Any]) -> str:
    if task.kind == STACK:
        return stack_identity(resolved_stack(task.base, changes))
    return point_identity(resolved(task.base, changes), task.steady, task.checked)


def _figures(task: Task, changes: dict[str, Any]) -> tuple[Figures, tuple[str, ...]]:
    """Return the key figures of a point, and where a model was used beyond what it holds for."""
    if task.kind == STACK:
        return stack_figures(resolved_stack(task.base, changes))
    scenario = validate(resolved(task.base, changes), Scenario, "point")
    if task.steady:
        found = steady_state(scenario, "point")
        return found.figures, tuple(caution.text for caution in found.cautions)
    results = run(scenario, where="point", checks=task.checked)
    if results.status != COMPLETE and not task.checked:
        raise RunStopped(results.reason)
    return _peaks(results) if task.checked else results.kpis, tuple(item.text for item in results.warnings)


def _peaks(results: Results) -> Figures:
    """Return the hottest point by both thermal models, in K, at the instant of a run at which they differ most."""
    worst = max(results.model_checks, key=lambda check: check.peak_K, default=None)
    return {} if worst is None else {BY_REDUCED: worst.reduced_peak_K, BY_FULL: worst.full_peak_K}
