"""Results of one run: series and fields over its committed steps, requests, hottest instant, KPIs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.errors import OutputError, did_you_mean
from twin.results import kpis
from twin.results.description import AssumedInput, Description, Occurrence, read_occurrences
from twin.results.display import display_of, number
from twin.results.model_check import ModelCheck, checks_line, read_checks
from twin.results.model_error import ModelError, rise_of_hottest
from twin.results.tables import COORDINATES, HOTTEST, REQUESTS, attributes_of
from twin.results.uncertainty import Uncertainty, read_uncertainty
from twin.variables import VARIABLES, Variable

if TYPE_CHECKING:
    import xarray as xr

STORE = "results.zarr"
COMPARISON = "comparison"
INTERRUPTED, COMPLETE, STOPPED = "interrupted", "complete", "stopped"
STATUSES = (INTERRUPTED, COMPLETE, STOPPED)

Arrays = Mapping[str, Any]


@dataclass(frozen=True)
class Results:
    """One run; `data` has the committed steps only, `comparison` is the run of the other system."""

    data: xr.Dataset
    requests: xr.Dataset | None = None
    hottest: xr.Dataset | None = None
    path: Path | None = None
    comparison: Results | None = None

    @property
    def status(self) -> str:
        """`complete`, `stopped` (see `reason`) or `interrupted`."""
        return str(self.data.attrs.get("status", INTERRUPTED))

    @property
    def reason(self) -> str:
        """Why a run was stopped; empty for others."""
        return str(self.data.attrs.get("reason", ""))

    @cached_property
    def description(self) -> Description:
        """Title, system, scenario and assumed inputs."""
        return Description.read(self.data.attrs)

    @cached_property
    def warnings(self) -> tuple[Occurrence, ...]:
        """What left the range of the models or of good practice, in the order of its first time."""
        return read_occurrences(self.data.attrs)

    @cached_property
    def model_checks(self) -> tuple[ModelCheck, ...]:
        """Instants at which the reduced thermal model was checked against the full one."""
        return read_checks(self.data.attrs)

    @property
    def model_errors(self) -> tuple[ModelError, ...]:
        """What the models of the run are known to miss."""
        return self.description.model_errors

    def peak_error(self, error: ModelError) -> float | None:
        """Return what a model error makes of the peak temperature in K, computed less true; None if not known."""
        rise = rise_of_hottest(self.hottest)
        return None if rise is None else error.temperature_error(rise)

    @property
    def scenario(self) -> str:
        """The resolved scenario as YAML text."""
        return self.description.scenario

    @property
    def assumed_inputs(self) -> tuple[AssumedInput, ...]:
        """The inputs that nobody published."""
        return self.description.assumed_inputs

    @cached_property
    def uncertainty(self) -> Uncertainty | None:
        """The bands of the key figures that the run's folder holds; None if they were not asked for."""
        return None if self.path is None else read_uncertainty(self.path, self.scenario)

    @cached_property
    def kpis(self) -> dict[str, float | None]:
        """Key figures by name, in SI; None where the system has no such quantity."""
        return kpis.calculate(self.data, self.requests)

    def to_json(self) -> dict[str, Any]:
        """Return what ``twin run --json`` prints: key figures, assumed inputs, model errors, warnings, status."""
        listed = [
            {
                "key": item.key,
                "value": item.value,
                "source": item.source,
                "status": item.status,
                "range": list(item.range) if item.range else None,
            }
            for item in self.assumed_inputs
        ]
        state = {"status": self.status, "reason": self.reason or None, "steps": int(self.data.sizes["time"])}
        warnings = [{"subject": w.subject, "text": w.text, "time_s": w.time} for w in self.warnings]
        errors = [{**asdict(error), "peak_temperature_error_K": self.peak_error(error)} for error in self.model_errors]
        checks = [asdict(check) for check in self.model_checks]
        bands = {"uncertainty": self.uncertainty.to_json()} if self.uncertainty else {}
        told = {"assumed_inputs": listed, "model_errors": errors, "model_checks": checks, "warnings": warnings}
        return {**self.kpis, **bands, **told, **state}

    def summary(self) -> str:
        """Return a text table of the key figures with their units."""
        lines = [f"{self.description.title or 'run'}: {self.status}{f' ({self.reason})' if self.reason else ''}"]
        for name, kpi in kpis.KPIS.items():
            value, shown = self.kpis[name], display_of(kpi.unit)
            if value is not None:
                lines.append(f"  {kpi.label:<28}{number(shown(value)):>14} {shown.unit}".rstrip())
        lines += [self._model_error_line(error) for error in self.model_errors]
        if self.model_checks:
            lines.append(f"  {checks_line(self.model_checks)}")
        if self.assumed_inputs:
            lines.append(f"  {'inputs that are assumed':<28}{len(self.assumed_inputs):>14}")
        lines += [f"  warning, first at {w.time:g} s: {w.text}" for w in self.warnings]
        if self.uncertainty:
            lines += ["", self.uncertainty.summary(self.kpis)]
        return "\n".join(lines)

    def _model_error_line(self, error: ModelError) -> str:
        of_peak = f"{number(self.peak_error(error), 2):>14} K"
        return f"  {'model error of the peak':<28}{of_peak}: {error.quantity} {100 * error.relative_error:+.1f} %"

    def __str__(self) -> str:
        return self.summary()


def open_results(folder: Path | str) -> Results:
    """Return the results in a run's folder, trimmed to its committed steps.

    Raises
    ------
    OutputError
        The folder holds no run, or one that cannot be read.
    """
    import xarray as xr

    folder = Path(folder)
    store = folder / STORE
    if not store.is_dir():
        raise OutputError(f"{folder}: holds no results of a run ({STORE} is missing)")
    try:
        whole = xr.open_zarr(store, consolidated=False, chunks=None)
        steps = int(np.count_nonzero(whole["committed"].values))
        data = whole.drop_vars("committed").isel(time=slice(0, steps))
        requests = _open_group(store, "requests")
        hottest = _open_group(store, "hottest")
    except (OSError, ValueError, KeyError) as error:
        raise OutputError(f"{store}: cannot be read ({error})") from error
    other = folder / COMPARISON
    comparison = open_results(other) if (other / STORE).is_dir() else None
    return Results(data, requests, hottest, folder, comparison)


def complete_coordinates(coords: Arrays) -> dict[str, np.ndarray]:
    """Return every coordinate of the steps' variables; one NaN where a system has no such axis."""
    names = {name for variable in VARIABLES.values() for name in variable.dims}
    unknown = sorted(set(coords) - names)
    if unknown:
        raise ValueError(f"coordinate '{unknown[0]}' is unknown. {did_you_mean(unknown[0], names)}")
    absent = np.full(1, np.nan)
    found = {name: np.asarray(coords.get(name, absent), dtype=float) for name in sorted(names)}
    found["wafer"] = np.asarray(coords.get("wafer", [0]), dtype=np.int64)
    return found


def group_dataset(table: Mapping[str, Variable], values: Arrays) -> xr.Dataset:
    """Return arrays and coordinates as one dataset with CF attributes; reject names not in `table`."""
    import xarray as xr

    coords = {name: COORDINATES[name] for name in values if name in COORDINATES}
    unknown = sorted(set(values) - set(table) - set(coords))
    if unknown:
        raise ValueError(f"output '{unknown[0]}' is not in the table. {did_you_mean(unknown[0], table)}")
    return xr.Dataset(
        {n: (table[n].dims, np.asarray(values[n]), attributes_of(table[n])) for n in values if n in table},
        coords={n: (n, np.asarray(values[n], dtype=float), attributes_of(v)) for n, v in coords.items()},
    )


def hottest_dataset(values: Arrays) -> xr.Dataset:
    """Return the fields at the hottest instant: `temperature`, `coolant_temperature` over (wafer, y, x)."""
    scalars = {"time"} & set(values)
    found = group_dataset(HOTTEST, {name: value for name, value in values.items() if name not in scalars})
    if scalars:
        found = found.assign_coords(time=((), float(values["time"]), attributes_of(COORDINATES["time"])))
    return found


def requests_dataset(values: Arrays) -> xr.Dataset:
    """Return what each request saw, over (request,)."""
    return group_dataset(REQUESTS, values)


def _open_group(store: Path, name: str) -> xr.Dataset | None:
    import xarray as xr

    if not (store / name / "zarr.json").is_file():
        return None
    return xr.open_zarr(store, group=name, consolidated=False, chunks=None)
