"""Running a scenario: the loop over control steps, kept in a folder or in memory."""

from __future__ import annotations

import time as clock
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from twin import inputs, library
from twin.beside import beside
from twin.engine.gpu import build_fleet
from twin.engine.model_error import model_errors
from twin.engine.plant import build_wafer_plant
from twin.engine.simulation import Simulation, WaferSimulation
from twin.errors import LibraryError, OutputError, Problem, RunStopped, SpecError
from twin.fe.krylov import NotConverged
from twin.results.checkpoint import replace_file
from twin.results.description import Description, assumed_inputs
from twin.results.memory import MemoryWriter
from twin.results.results import COMPARISON, COMPLETE, INTERRUPTED, STOPPED, STORE, Results, open_results
from twin.results.store import ResultWriter
from twin.spec.base import to_tree
from twin.spec.documents import yaml_text
from twin.spec.scenario import Scenario
from twin.spec.system import WaferSystem

MOST_STEPS = 10_000_000
_MANY = 600
"""Steps of GPUs from which on they are worth a process of their own: they take about 1.5 s, and that 3 s to start."""
RECORD_STEP = 1.0
"""Seconds of one step of GPUs in a comparison, at least."""
SCENARIO_FILE = "scenario.yaml"

Progress = Callable[[float, float, str], None]
"""Called with simulated seconds done, their total, and what is running."""


def load(name: str) -> Scenario:
    """Return a scenario by its name in data/scenarios or its file, as it is now."""
    library.refresh()
    scenario = library.load("scenario", name)
    assert isinstance(scenario, Scenario)
    return scenario


def run(
    scenario: Scenario | str,
    out: Path | str | None = None,
    *,
    overwrite: bool = False,
    resume: bool = False,
    progress: Progress | None = None,
    where: str = "scenario",
    checks: bool = True,
) -> Results:
    """Run a scenario and, if it names a system to compare with, the same requests on that one.

    Parameters
    ----------
    scenario : Scenario or str
        A scenario, its name or its file.
    out : path, optional
        Folder that receives results, scenario and checkpoints; absent: results stay in memory.
    overwrite, resume : bool
        Replace what `out` holds, or continue the interrupted run in it: one killed before it wrote anything
        starts, one that has ended is returned as it is.
    progress : callable, optional
        Told about simulated time.
    where : str
        How errors call the scenario.
    checks : bool
        Hold the reduced thermal model against the full one at the hottest and at ten random instants.

    Raises
    ------
    SpecError, LibraryError, OutputError
        Bad input; nothing that exists is touched.
    """
    if isinstance(scenario, str):
        where = scenario
        scenario = load(where)
    library.refresh()
    start = clock.perf_counter()
    folder = Path(out) if out is not None else None
    if resume and folder is None:
        raise OutputError("resume needs the folder of the interrupted run (--out)")
    simulation, rival = prepare(scenario, where)
    if isinstance(simulation, WaferSimulation) and not checks:
        simulation = WaferSimulation(simulation.plant, checked=False)
    description = _describe(scenario, simulation)
    results = _ended(folder, description) if folder is not None and resume else None
    compared, of_comparison = None, folder / COMPARISON if folder else None
    with threadpool_limits(1, user_api="blas"):  # products are small here: threads would wait for each other
        if results is None:
            main = _open_writer(description, scenario, simulation, folder, overwrite, resume)
            with _compared_beside(rival, of_comparison):
                results = _simulate(scenario, simulation, main, progress, start)
        if rival is not None:
            compared = _compare(*rival, of_comparison, progress)
    return replace(results, comparison=compared)


def prepare(scenario: Scenario, where: str) -> tuple[Simulation, tuple[Scenario, Simulation] | None]:
    """Return the simulation of a scenario, and scenario and simulation of what it is compared with.

    Raises
    ------
    SpecError, LibraryError
        What keeps the scenario from being run.
    """
    simulation, other = build(scenario, where), _comparison(scenario)
    if other is None:
        return simulation, None
    rival = build(other, where)
    return simulation, (other if isinstance(rival, WaferSimulation) else _recorded(other), rival)


def _compared_beside(rival: tuple[Scenario, Simulation] | None, folder: Path | None) -> AbstractContextManager[None]:
    """Run the GPUs of a comparison in another process meanwhile if that takes longer than to start it."""
    if rival is None or folder is None or isinstance(rival[1], WaferSimulation):
        return nullcontext()
    return beside(_compare, *rival, folder, None) if len(step_ends(rival[0])) > _MANY else nullcontext()


def _compare(other: Scenario, rival: Simulation, folder: Path | None, progress: Progress | None) -> Results:
    """Return the run of the other system; one that has ended already is kept, one that was interrupted goes on."""
    is_there = folder is not None and (folder / STORE).is_dir()
    if folder is not None and is_there:
        found = open_results(folder)
        if found.status != INTERRUPTED:
            return found
    writer = _open_writer(_describe(other, rival), other, rival, folder, not is_there, is_there)
    return _simulate(other, rival, writer, progress, clock.perf_counter())


def build(scenario: Scenario, where: str) -> Simulation:
    """Return the simulation of a scenario's system."""
    steps = scenario.workload.duration / scenario.control.step
    if steps > MOST_STEPS:
        message = f"{steps:.3g} steps in all, {MOST_STEPS} at most; choose a longer step or a shorter duration"
        raise SpecError(where, [Problem("control.step", message)])
    try:
        system = inputs.entry(scenario, "system", scenario.system, where)
    except LibraryError as error:
        raise SpecError(where, [Problem("system", str(error))]) from error
    if isinstance(system.spec, WaferSystem):
        return WaferSimulation(build_wafer_plant(scenario, system, where))
    return build_fleet(scenario, system, where)


def _comparison(scenario: Scenario) -> Scenario | None:
    if scenario.compare_with in (None, scenario.system) or scenario.workload.type != "serving":
        return None
    return scenario.model_copy(
        update={"system": scenario.compare_with, "systems": None, "compare_with": None, "title": "", "inputs": {}}
    )


def _recorded(other: Scenario) -> Scenario:
    """Return the scenario of GPUs with steps of `RECORD_STEP` at least: nothing but their record depends on it."""
    step = max(other.control.step, RECORD_STEP)
    return other.model_copy(update={"control": other.control.model_copy(update={"step": step})})


_Writer = tuple[ResultWriter | MemoryWriter, int, Any]
"""A writer, the number of the next step, and the kept state before it; None: the run begins."""

_STOPS = (RunStopped, NotConverged, np.linalg.LinAlgError)


def _simulate(
    scenario: Scenario, simulation: Simulation, opened: _Writer, progress: Progress | None, start: float
) -> Results:
    """Step a simulation to the end of its scenario, committing as it goes."""
    writer, first, tree = opened
    state, status, reason = None, COMPLETE, ""
    ends = step_ends(scenario)
    lengths = np.diff(ends, prepend=0.0)
    with ExitStack() as meanwhile:
        try:
            state = simulation.initial() if tree is None else simulation.unpack(tree)
            for number in range(first, len(ends)):
                state, sample = simulation.step(state, float(lengths[number]))
                if writer.append(number, sample):
                    writer.commit(simulation.pack(state))
                if progress:
                    progress(float(ends[number]), float(ends[-1]), simulation.title)
                if number == first:
                    meanwhile.enter_context(simulation.beside(state))
        except _STOPS as stop:
            status, reason = STOPPED, str(stop)
    return _finish(writer, simulation, state, status, reason, start)


def _finish(
    writer: ResultWriter | MemoryWriter, simulation: Simulation, state: Any, status: str, reason: str, start: float
) -> Results:
    return writer.finish(
        status,
        reason,
        wall_time=clock.perf_counter() - start,
        requests=None if state is None else simulation.requests(state),
        hottest=None if state is None else simulation.hottest(state),
        warnings=() if state is None else simulation.warnings(state),
        checks=() if state is None else simulation.checks(state),
    )


def _open_writer(
    description: Description,
    scenario: Scenario,
    simulation: Simulation,
    folder: Path | None,
    overwrite: bool,
    resume: bool,
) -> _Writer:
    coords = {"time": step_ends(scenario), **simulation.axes()}
    if folder is None:
        return MemoryWriter(coords, description), 0, None
    if resume and (folder / STORE).is_dir():
        opened = ResultWriter.resume(folder)
    else:
        opened = ResultWriter.create(folder, coords, description, overwrite=overwrite), 0, None
    try:
        replace_file(folder / SCENARIO_FILE, description.scenario.encode())
    except OSError as error:
        raise OutputError(f"{folder / SCENARIO_FILE}: cannot be written ({error.strerror or error})") from error
    return opened


def _ended(folder: Path, description: Description) -> Results | None:
    """Return a run that has ended already; None if it is to be continued. It must be of the same scenario."""
    if not (folder / STORE).is_dir():
        return None
    found = open_results(folder)
    if found.scenario != description.scenario:
        raise OutputError(f"{folder}: holds a run of another scenario; resume with the one in {SCENARIO_FILE}")
    return None if found.status == INTERRUPTED else found


def step_ends(scenario: Scenario) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the ends of all control steps in s; the last one may be shorter."""
    duration, step = scenario.workload.duration, scenario.control.step
    count = max(1, int(np.ceil(duration / step - 1e-9)))
    return np.append(np.arange(1, count) * step, duration)


def _describe(scenario: Scenario, simulation: Simulation) -> Description:
    """Return title, resolved scenario with the sources of its inputs, which are assumed, and the model errors."""
    plant = simulation.plant if isinstance(simulation, WaferSimulation) else None
    failing = [failure.start for failure in plant.cooling.failures] if plant else []
    return Description(
        title=scenario.title or simulation.title,
        system=simulation.title,
        scenario=yaml_text({"kind": "scenario", **to_tree(scenario)}) + _sources(simulation),
        assumed_inputs=assumed_inputs(simulation.entries),
        model_errors=model_errors(plant) if plant else (),
        limits=(plant.chip.limits.throttle, plant.chip.limits.trip) if plant else None,
        failure_time=min(failing, default=None),
    )


def _sources(simulation: Simulation) -> str:
    """Return every input of the library with value, status and source, as comments of the scenario's file."""
    lines = ["", "# Inputs from the data library: value, status, source"]
    for entry in simulation.entries:
        lines.append(f"# {entry.kind} {entry.name}")
        lines += [f"#   {item.key}: {item.text} ({item.status}; {item.source})" for item in entry.provenance]
    return "\n".join(lines) + "\n"
