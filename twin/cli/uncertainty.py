"""`twin run --uncertainty`: bands of the key figures, computed after the run and kept beside it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from twin.cli.output import note

if TYPE_CHECKING:
    from twin.results.results import Results
    from twin.spec.scenario import Scenario
    from twin.study.run import Progress

_LINES = 10


def add_uncertainty(scenario: Scenario, results: Results, folder: Path, where: str, *, keep: bool) -> bool:
    """Write the bands of a run into its folder; tell whether there are any.

    Parameters
    ----------
    scenario : Scenario
        What was run.
    results : Results
        Its results, in `folder`.
    where : str
        How errors call the scenario.
    keep : bool
        Continue the ensemble that the folder holds instead of replacing it.
    """
    from twin.errors import RunStopped
    from twin.results.checkpoint import replace_file
    from twin.results.uncertainty import ENSEMBLE_FOLDER, UNCERTAINTY_FILE, digest
    from twin.study.uncertainty import uncertainty

    ensemble = folder / ENSEMBLE_FOLDER
    if not keep:
        shutil.rmtree(ensemble, ignore_errors=True)
    try:
        found = uncertainty(scenario, ensemble, progress=_Told(), where=where)
    except RunStopped as stop:
        note(f"no uncertainty bands: {stop}")
        return False
    complete = replace(found, scenario=digest(results.scenario))
    try:
        replace_file(folder / UNCERTAINTY_FILE, json.dumps(complete.to_json(), indent=2).encode())
    except OSError as error:
        note(f"no uncertainty bands: {folder / UNCERTAINTY_FILE}: cannot be written ({error.strerror or error})")
        return False
    return True


class _Told:
    """Tells ten times how far the ensemble is."""

    def __init__(self) -> None:
        self._tenth = 0

    def __call__(self, progress: Progress) -> None:
        ended = progress.done + progress.failed
        tenth = _LINES * ended // max(progress.points, 1)
        if tenth > self._tenth:
            self._tenth = tenth
            note(f"uncertainty: {ended} of {progress.points} steady points")
