"""DIR/study.zarr: one data set over the axes, derived from the catalogue at any time.

It is allocated whole before the first point is computed. Later writes replace one array's file after the
other, each atomically, `status` last: a reader at any moment sees values wherever the status says `done`.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.errors import OutputError, RunStopped
from twin.spec.documents import validate, yaml_text
from twin.spec.study import Study
from twin.study.catalogue import Catalogue
from twin.study.outcome import PENDING, RUNNING, Figures
from twin.study.plan import POINT, REPLICA, Plan

if TYPE_CHECKING:
    import xarray as xr

STORE, STATUS = "study.zarr", "status"
_UNREADABLE = (OSError, ValueError, KeyError, RuntimeError)
"""What readers of a damaged store raise."""
_DRAFT, _OLD = ".study.zarr.draft", ".study.zarr.old"


def variables(plan: Plan) -> dict[str, dict[str, str]]:
    """Return the attributes of every variable but `status`, by name."""
    found = {
        name: {"units": kept.unit, "long_name": kept.label, "description": kept.description}
        for name, kept in ((name, plan.figures[name]) for name in plan.record)
    }
    for name, expression in plan.derived.items():
        found[name] = {"units": plan.derived_units[name], "long_name": name, "description": expression.text}
    return found


def write(plan: Plan, catalogue: Catalogue, folder: Path) -> None:
    """Bring the data set in a folder up to date with the catalogue.

    Raises
    ------
    RunStopped
        The disk refuses.
    """
    arrays = _arrays(plan, catalogue)
    try:
        if not _is_current(plan, folder / STORE):
            _create(plan, arrays, folder)
        else:
            _update(arrays, folder / STORE)
    except OSError as error:
        raise RunStopped(
            f"{folder / STORE}: cannot be written ({error.strerror}). The points are kept in the catalogue. "
            "Remedy: make room on the disk, then run the same command again"
        ) from error


def open_study(folder: Path | str) -> xr.Dataset:
    """Return the data set of a study, in memory; OutputError if there is none that can be read."""
    store = Path(folder) / STORE
    if not (store / "zarr.json").is_file():
        raise OutputError(f"{store}: no such data set; run the study first")
    try:
        found = _opened(store).load()
    except _UNREADABLE as error:
        raise OutputError(f"{store}: cannot be read ({error}); run the same study again") from error
    return found.assign({STATUS: found[STATUS].astype(object)})  # xarray cannot mask numpy's own strings


def study_of(data: xr.Dataset) -> Study:
    """Return the study that a data set holds the results of."""
    from ruamel.yaml import YAML

    tree = YAML(typ="safe", pure=True).load(str(data.attrs["study"]))
    tree.pop("kind", None)
    found: Study = validate(tree, Study, "study")
    return found


def _opened(store: Path) -> xr.Dataset:
    import xarray as xr

    return xr.open_zarr(store, consolidated=False, chunks=None)


def _arrays(plan: Plan, catalogue: Catalogue) -> dict[str, np.ndarray[Any, Any]]:
    """Return every variable over the points, `status` last."""
    found = {name: np.full(plan.points, np.nan) for name in variables(plan)}
    status = np.full(plan.points, PENDING, dtype=object)
    for number, state, figures in catalogue.results():
        status[number] = PENDING if state == RUNNING else state
        if figures is None:
            continue
        for name in plan.record:
            found[name][number] = _float(figures.get(name))
        for name, value in _derived(plan, number, figures).items():
            found[name][number] = value
    return {name: values.reshape(plan.shape) for name, values in {**found, STATUS: status}.items()}


def _derived(plan: Plan, number: int, figures: Figures) -> dict[str, float]:
    if not plan.derived:
        return {}
    known = {**plan.quantities(number), **figures}
    return {name: _float(expression.value(known)) for name, expression in plan.derived.items()}


def _float(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _dataset(plan: Plan, arrays: dict[str, np.ndarray[Any, Any]]) -> xr.Dataset:
    import xarray as xr

    dims = tuple(dimension.name for dimension in plan.dimensions)
    attributes = {**variables(plan), STATUS: {"description": "done, failed, excluded or pending"}}
    coords: dict[str, Any] = {}
    for dimension in plan.dimensions:
        if dimension.name in (POINT, REPLICA):
            coords[dimension.name] = (dimension.name, np.arange(dimension.size), {"units": "1"})
        for values in dimension.values:
            unit = values.key.unit if values.labels.dtype != object else None
            coords[values.key.name] = (dimension.name, values.labels, {"units": unit} if unit else {})
    return xr.Dataset(
        {name: (dims, values, attributes[name]) for name, values in arrays.items()},
        coords=coords,
        attrs={
            "Conventions": "CF-1.11",
            "title": plan.title,
            "study": yaml_text({"kind": "study", **plan.study.model_dump(mode="json", by_alias=True)}),
            "base_scenario": yaml_text({"kind": plan.kind, **plan.base}),
        },
    )


def _create(plan: Plan, arrays: dict[str, np.ndarray[Any, Any]], folder: Path) -> None:
    draft, old, store = folder / _DRAFT, folder / _OLD, folder / STORE
    for leftover in (draft, old):
        shutil.rmtree(leftover, ignore_errors=True)
    data = _dataset(plan, arrays)
    whole: dict[Any, dict[str, Any]] = {name: {"chunks": plan.shape} for name in data.data_vars}
    data.to_zarr(draft, mode="w", consolidated=False, zarr_format=3, encoding=whole)
    if store.exists():
        os.rename(store, old)
    os.rename(draft, store)
    shutil.rmtree(old, ignore_errors=True)


def _update(arrays: dict[str, np.ndarray[Any, Any]], store: Path) -> None:
    import zarr

    for leftover in store.rglob("*.partial"):
        leftover.unlink(missing_ok=True)
    group = zarr.open_group(store, mode="r+")
    for name, values in arrays.items():
        group[name][...] = values


def _is_current(plan: Plan, store: Path) -> bool:
    """Tell whether a store can be read and is laid out for these points of the study and what it records."""
    if not (store / "zarr.json").is_file():
        return False
    try:
        found = _opened(store)
        expected = _dataset(plan, {name: np.empty(plan.shape) for name in (*variables(plan), STATUS)})
        if found.attrs != expected.attrs or set(found.data_vars) != set(expected.data_vars):
            return False
        return all(np.array_equal(found[name].values, values.values) for name, values in expected.coords.items())
    except _UNREADABLE:
        return False
