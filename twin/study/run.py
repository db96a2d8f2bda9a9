"""Running a study: what is known is taken, the rest computed, each batch recorded as it comes."""

from __future__ import annotations

import os
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin import library
from twin.errors import OutputError, RunStopped
from twin.study import dataset, model_checks
from twin.study.batches import Batches
from twin.study.catalogue import CATALOGUE, Catalogue
from twin.study.identity import forget
from twin.study.lock import FolderLock
from twin.study.optimisation import search_optimum
from twin.study.outcome import DONE, EXCLUDED, FAILED
from twin.study.plan import Plan
from twin.study.planner import plan, read_study
from twin.study.shared import SharedPoints
from twin.study.worker import Point, Task
from twin.study.workers import client_of

if TYPE_CHECKING:
    import xarray as xr

_FIRST_WRITE = 5.0
"""Seconds after which study.zarr is first brought up to date."""
_WRITE_SHARE = 0.02
"""Most of the time that keeping study.zarr up to date may take."""
_SHOWN_ERRORS = 5


@dataclass(frozen=True)
class Progress:
    """How far a study is; `computed` of `to_compute` points in this start, so many `seconds` ago.

    A search does not know how many points it will ask for: `to_compute` is None.
    """

    points: int
    done: int
    failed: int
    excluded: int
    computed: int
    to_compute: int | None
    seconds: float


@dataclass(frozen=True)
class Summary:
    """How a study ended; `reused` are the done points that this start did not compute.

    `problem` says why a search has no answer.
    """

    folder: Path
    points: int
    done: int
    failed: int
    excluded: int
    reused: int
    wall_time: float
    errors: tuple[tuple[int, str], ...]
    notes: tuple[str, ...]
    problem: str = ""


Report = Callable[[Progress], None]


def study(
    given: str | Path | Mapping[str, Any],
    out: Path | str | None = None,
    *,
    workers: int | None = None,
    scheduler: Any | None = None,
    reuse: bool = True,
    progress: Report | None = None,
) -> xr.Dataset:
    """Compute the points of a study and return them as one data set.

    Parameters
    ----------
    given : str, path or mapping
        A name in data/studies, a file, or its content.
    out : path, optional
        Folder of study.zarr and catalogue.sqlite; a study that was interrupted in it is continued. Absent: the
        data set is in memory only.
    workers : int, optional
        Processes on this machine; absent: one per core.
    scheduler : str or dask cluster, optional
        An existing dask cluster, by its address, instead of processes here.
    reuse : bool
        Take points that other studies have computed.
    progress : callable, optional
        Told how far the study is.

    Raises
    ------
    SpecError, LibraryError, OutputError
        Bad input; nothing is computed.
    RunStopped
        Disk full, the workers are gone, or a search has no answer; what was recorded in `out` is kept.
    """
    options: dict[str, Any] = {"workers": workers, "scheduler": scheduler, "reuse": reuse, "progress": progress}
    if out is not None:
        _require_answer(run_study(given, Path(out), **options))
        return dataset.open_study(out)
    with tempfile.TemporaryDirectory(prefix="twin-study-") as folder:
        _require_answer(run_study(given, Path(folder), **options))
        return dataset.open_study(folder)


def _require_answer(found: Summary) -> None:
    if found.problem:
        raise RunStopped(found.problem)


def run_study(
    given: str | Path | Mapping[str, Any],
    folder: Path,
    *,
    workers: int | None = None,
    scheduler: Any | None = None,
    reuse: bool = True,
    progress: Report | None = None,
) -> Summary:
    """Compute the points of a study into a folder (see `study`)."""
    start = time.perf_counter()
    forget()
    planned = plan(*read_study(given))
    _check_folder(folder)
    with FolderLock(folder):
        catalogue, shared = Catalogue(folder), SharedPoints() if reuse else None
        try:
            running = _Running(planned, folder, catalogue, shared, progress)
            if planned.study.optimise is not None:
                running.search(workers, scheduler)
            else:
                running.take_known()
                running.compute(workers, scheduler)
            return running.summary(time.perf_counter() - start)
        finally:
            catalogue.close()
            if shared is not None:
                shared.close()


class _Running:
    """One start of a study, from its catalogue to its data set."""

    def __init__(
        self,
        planned: Plan,
        folder: Path,
        catalogue: Catalogue,
        shared: SharedPoints | None,
        progress: Report | None,
    ):
        self._plan, self._folder, self._catalogue, self._shared = planned, folder, catalogue, shared
        self._progress = progress
        self._handed: list[str] = []
        self._left: list[tuple[int, str]] = []
        self._computed, self._start = 0, time.perf_counter()
        self._problem = ""
        self._next_write = self._start + _FIRST_WRITE

    def take_known(self) -> None:
        """List the points, take results of earlier starts and of other studies, allocate the data set."""
        numbers = range(self._plan.points)
        excluded = [number for number in numbers if self._plan.is_excluded(number)]
        identities = [self._plan.identity(number) for number in numbers]
        self._catalogue.begin(self._plan.signature, identities, excluded)
        if self._shared is not None:
            wanted = [identity for _, identity in self._catalogue.pending()]
            if known := self._shared.find(wanted):
                self._catalogue.record(known, reused=True)
        dataset.write(self._plan, self._catalogue, self._folder)
        self._left = self._catalogue.pending()
        self._counts = dict(self._catalogue.counts())

    def compute(self, workers: int | None, scheduler: Any | None) -> None:
        """Compute what is not known."""
        self._tell()
        if not self._left and not model_checks.are_missing(self._plan, self._catalogue, self._folder):
            return
        task = self._task()
        identities = dict(self._left)
        order = self._plan.neighbours(identities)
        points: list[Point] = [(identities[number], self._plan.changes(number)) for number in order]
        self._start = time.perf_counter()
        with client_of(workers, scheduler) as client:
            for outcomes in Batches(client, task, points, self._handed.extend).outcomes():
                self._catalogue.record(outcomes, running=self._handed)
                self._handed.clear()
                if self._shared is not None:
                    self._shared.keep(outcomes)
                self._computed += len(outcomes)
                self._counts = dict(self._catalogue.counts()) if self._is_time_to_write() else self._counted(outcomes)
                self._tell()
            dataset.write(self._plan, self._catalogue, self._folder)
            if model_checks.is_checked(self._plan):
                model_checks.write_checks(self._plan, self._catalogue, self._shared, task, client, self._folder)

    def search(self, workers: int | None, scheduler: Any | None) -> None:
        """Search for the optimum of a study."""
        self._start = time.perf_counter()
        self._problem = search_optimum(
            self._plan,
            self._folder,
            self._catalogue,
            self._shared,
            self._task(),
            lambda stack: stack.enter_context(client_of(workers, scheduler)),
            self._tell_search,
        )

    def _tell_search(self, points: int, failed: int, computed: int) -> None:
        if self._progress is not None:
            seconds = time.perf_counter() - self._start
            self._progress(Progress(points, points - failed, failed, 0, computed, None, seconds))

    def _task(self) -> Task:
        """Return what all points share."""
        return Task(
            base=self._plan.base_text,
            steady=self._plan.study.steady,
            folders=tuple(str(folder) for folder in library.extra_folders()),
            environment=_absolute(os.environ.get("TWIN_DATA", "")),
            session=uuid.uuid4().hex,
            kind=self._plan.kind,
        )

    def _counted(self, outcomes: Sequence[Any]) -> dict[str, int]:
        """Return the counts with those of a batch; points that are equal are counted at the next write."""
        done = sum(outcome.figures is not None for outcome in outcomes)
        found = dict(self._counts)
        for state, more in ((DONE, done), (FAILED, len(outcomes) - done)):
            found[state] = found.get(state, 0) + more
        return found

    def _is_time_to_write(self) -> bool:
        """Bring study.zarr up to date now and then; tell whether that was done."""
        before = time.perf_counter()
        if before < self._next_write:
            return False
        dataset.write(self._plan, self._catalogue, self._folder)
        took = time.perf_counter() - before
        self._next_write = time.perf_counter() + max(_FIRST_WRITE, took / _WRITE_SHARE)
        return True

    def _tell(self) -> None:
        if self._progress is None:
            return
        counts = self._counts
        self._progress(
            Progress(
                points=self._plan.points,
                done=counts.get(DONE, 0),
                failed=counts.get(FAILED, 0),
                excluded=counts.get(EXCLUDED, 0),
                computed=self._computed,
                to_compute=len(self._left),
                seconds=time.perf_counter() - self._start,
            )
        )

    def summary(self, wall_time: float) -> Summary:
        """Return how the study ended."""
        counts = self._catalogue.counts()
        notes = (self._shared.problem,) if self._shared is not None and self._shared.problem else ()
        return Summary(
            folder=self._folder,
            points=sum(counts.values()),
            done=counts.get(DONE, 0),
            failed=counts.get(FAILED, 0),
            excluded=counts.get(EXCLUDED, 0),
            reused=self._catalogue.reused(),
            wall_time=wall_time,
            errors=tuple(self._catalogue.errors(_SHOWN_ERRORS)),
            notes=notes,
            problem=self._problem,
        )


def _check_folder(folder: Path) -> None:
    """Refuse a folder that holds other files than those of a study."""
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder}: is a file, expected a folder")
    foreign = sorted(path.name for path in folder.glob("[!.]*"))
    if foreign and CATALOGUE not in foreign:
        raise OutputError(f"{folder}: holds other files ({foreign[0]}, ...); choose an empty folder")


def _absolute(folders: str) -> str:
    return os.pathsep.join(str(Path(part).resolve()) for part in folders.split(os.pathsep) if part)
