"""Writing a run as it goes: a Zarr store that a kill at any moment leaves readable.

Arrays are allocated for all steps at the start (NaN is never stored), written chunk by chunk, a chunk of a
slow run in several parts, then marked in `committed`; the engine's state follows in ``checkpoint.npz``.
Each file is replaced atomically, so the store holds old or new steps, never torn ones.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.errors import OutputError
from twin.results import checkpoint
from twin.results.description import Description, Occurrence
from twin.results.memory import CHUNK_STEPS, StepBuffer, expect_step, kept_type, outcome_attributes
from twin.results.model_check import ModelCheck
from twin.results.results import (
    COMPARISON,
    COMPLETE,
    INTERRUPTED,
    STORE,
    Arrays,
    Results,
    complete_coordinates,
    hottest_dataset,
    open_results,
    requests_dataset,
)
from twin.results.tables import COORDINATES, attributes_of
from twin.results.uncertainty import ENSEMBLE_FOLDER, UNCERTAINTY_FILE
from twin.variables import VARIABLES

if TYPE_CHECKING:
    import xarray as xr

CHECKPOINT = "checkpoint.npz"
_OWN_FILES = (CHECKPOINT, STORE, "report.html", "scenario.yaml", COMPARISON, UNCERTAINTY_FILE, ENSEMBLE_FOLDER)
_NOT_A_NUMBER = float("nan")
_WRITERS = 2
COMMIT_PAUSE = 1.0
"""Seconds between commits within a chunk."""
COMMIT_SHARE = 0.05
"""Largest share of the computing time that commits within a chunk may take."""


class ResultWriter:
    """Writes a run into a folder, step by step; use `create` or `resume`.

    ``if writer.append(step, values): writer.commit(state)`` in the loop, `finish` after it.
    """

    def __init__(self, folder: Path, committed: int, spent: float = 0.0):
        import zarr

        self.folder = folder
        self._spent, self._began = spent, time.monotonic()
        with _writing(folder):
            self._group: Any = zarr.open_group(folder / STORE, mode="r+", zarr_format=3)
        self._arrays = {name: self._group[name] for name in (*VARIABLES, "committed")}
        coords = {name: np.asarray(self._group[name][:]) for name in COORDINATES if name in self._group}
        self._interval = int(self._arrays["committed"].chunks[0])
        self._total = len(coords["time"])
        self._buffer = StepBuffer(coords, self._interval)
        self._committed = committed
        self._last_commit, self._pause = time.monotonic(), COMMIT_PAUSE

    @classmethod
    def create(
        cls,
        folder: Path | str,
        coords: Arrays,
        description: Description,
        chunk_steps: int = CHUNK_STEPS,
        overwrite: bool = False,
    ) -> ResultWriter:
        """Start a run in `folder`: allocate all steps of ``coords["time"]``, nothing committed.

        Parameters
        ----------
        folder : Path
            Made if it does not exist.
        coords : dict of str to array
            `time` (ends of all steps in s), `wafer`, and centres in m `die_x`, `die_y`, `tile_x`,
            `tile_y`; axes that a system does not have are left out.
        chunk_steps : int
            Steps that are kept together in a file, and at most between two commits.
        overwrite : bool
            Replace the run that is there.

        Raises
        ------
        OutputError
            The folder holds a run (or other files), or cannot be written.
        """
        folder = Path(folder)
        with _writing(folder):
            _check_folder(folder, overwrite)
            folder.mkdir(parents=True, exist_ok=True)
            _remove_drafts(folder)
            draft = folder / f".{STORE}.draft"
            _allocate(draft, complete_coordinates(coords), description, chunk_steps)
            for name in _OWN_FILES:
                _discard(folder / name)
            draft.rename(folder / STORE)
        return cls(folder, committed=0)

    @classmethod
    def resume(cls, folder: Path | str) -> tuple[ResultWriter, int, Any]:
        """Return the writer, next step and state of an interrupted run; state None before any commit.

        Raises
        ------
        OutputError
            The folder holds no run, or one that has ended.
        """
        folder = Path(folder)
        status = open_results(folder).status
        if status != INTERRUPTED:
            raise OutputError(f"{folder}: the run is {status}, there is nothing to resume; use --overwrite")
        step, state, spent = 0, None, 0.0
        if (folder / CHECKPOINT).is_file():
            stored = checkpoint.load(folder / CHECKPOINT)
            step, state, spent = stored["step"], stored["state"], float(stored.get("wall_time", 0.0))
        with _writing(folder):
            _remove_drafts(folder)
        return cls(folder, step, spent), step, state

    def append(self, step: int, values: Arrays) -> bool:
        """Keep the values of a step until the next commit.

        True when a commit is due: at the end of a chunk and of the run, and before, when the last one is so long
        ago that what a kill would lose is worth its cost.
        """
        expect_step(step, self._committed + len(self._buffer))
        if step >= self._total:
            raise ValueError(f"step {step} is beyond the {self._total} steps of the run")
        self._buffer.append(values)
        ended = (step + 1) % self._interval == 0 or step + 1 == self._total
        return ended or time.monotonic() - self._last_commit > self._pause

    def commit(self, state: Any) -> None:
        """Write the kept steps, mark them committed, then replace the checkpoint by `state`."""
        start = time.monotonic()
        self._flush()
        with _writing(self.folder):
            kept = {"step": self._committed, "state": state, "wall_time": self._spent + start - self._began}
            checkpoint.save(self.folder / CHECKPOINT, kept)
        self._last_commit = time.monotonic()
        self._pause = max(COMMIT_PAUSE, (self._last_commit - start) / COMMIT_SHARE)

    def finish(
        self,
        status: str = COMPLETE,
        reason: str = "",
        wall_time: float | None = None,
        requests: Arrays | None = None,
        hottest: Arrays | None = None,
        warnings: Iterable[Occurrence] = (),
        checks: Iterable[ModelCheck] = (),
    ) -> Results:
        """Write what remains, set the status last, and return the results.

        `wall_time` in s is that since the run was begun or resumed; what it took before is added. `requests` and
        `hottest` are arrays by name as in `twin.results.tables`; `hottest` holds the
        coordinates `x`, `y` and `time` as well.
        """
        self._flush()
        whole = None if wall_time is None else self._spent + wall_time
        outcome = outcome_attributes(status, reason, whole, warnings, checks)
        with _writing(self.folder):
            if requests is not None:
                self._write_group("requests", requests_dataset(requests))
            if hottest is not None:
                self._write_group("hottest", hottest_dataset(hottest))
            self._group.update_attributes(outcome)
            _remove(self.folder / CHECKPOINT)
        return open_results(self.folder)

    def _flush(self) -> None:
        start, stop = self._committed, self._committed + len(self._buffer)
        if start == stop:
            return
        blocks = self._buffer.drain()

        def write(name: str) -> None:
            self._arrays[name][start:stop] = blocks[name]

        with _writing(self.folder), ThreadPoolExecutor(_WRITERS) as writers:  # packing uses more than one core
            list(writers.map(write, blocks))
            self._arrays["committed"][start:stop] = 1
        self._committed = stop

    def _write_group(self, name: str, data: xr.Dataset) -> None:
        draft = self.folder / f".{name}.draft"
        _remove(draft)
        data.to_zarr(draft, mode="w", zarr_format=3, consolidated=False)
        _remove(self.folder / STORE / name)
        draft.rename(self.folder / STORE / name)


def _allocate(path: Path, coords: Mapping[str, np.ndarray], description: Description, chunk_steps: int) -> None:
    """Create the store: coordinates written, variables empty, nothing committed."""
    import zarr
    from zarr.codecs import BloscCodec

    attributes = {**description.attributes(), "status": INTERRUPTED, "reason": ""}
    group = zarr.create_group(path, zarr_format=3, attributes=attributes)
    for name, values in coords.items():
        group.create_array(
            name,
            data=values,
            chunks=values.shape,
            dimension_names=(name,),
            attributes=attributes_of(COORDINATES[name]),
        )
    steps = len(coords["time"])
    interval = min(chunk_steps, steps)
    for name, variable in VARIABLES.items():
        shape = tuple(len(coords[dim]) for dim in variable.dims)
        group.create_array(
            name,
            shape=shape,
            chunks=(interval, *shape[1:]),
            dtype=kept_type(variable),
            compressors=BloscCodec(cname="zstd", clevel=1, shuffle="shuffle"),
            fill_value=_NOT_A_NUMBER,
            dimension_names=variable.dims,
            attributes={**attributes_of(variable), "symbol": variable.symbol},
        )
    group.create_array(
        "committed",
        shape=(steps,),
        chunks=(interval,),
        dtype="int8",
        fill_value=0,
        dimension_names=("time",),
        attributes={"units": "1", "long_name": "committed", "description": "1 for a step that is kept"},
    )


def _check_folder(folder: Path, overwrite: bool) -> None:
    """Refuse a folder with a run, unless it is to be overwritten, and any folder of other files."""
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder}: is a file, expected a folder")
    if (folder / STORE).exists():
        if not overwrite:
            raise OutputError(f"{folder}: holds a run already; use --overwrite or --resume, or another --out")
        return
    killed = any(folder.glob(".*.draft"))  # while it replaced a run, of which something may be left
    foreign = sorted(path.name for path in folder.glob("[!.]*") if not (killed and path.name in _OWN_FILES))
    if foreign:
        raise OutputError(f"{folder}: holds other files ({foreign[0]}, ...); choose an empty folder")


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Name the folder when the disk is full or the folder cannot be written."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({error.strerror or error})") from error


def _remove_drafts(folder: Path) -> None:
    """Clear what a killed writer left: drafts beside the store, parts of chunks inside it."""
    for path in (*folder.glob(".*.draft"), *folder.glob(f"{STORE}/**/*.partial")):
        _remove(path)


def _discard(path: Path) -> None:
    """Remove what others may be reading: it is there whole, or not at all."""
    if path.is_dir() and not path.is_symlink():
        draft = path.with_name(f".{path.name}.discarded.draft")
        _remove(draft)
        path = path.rename(draft)
    _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
