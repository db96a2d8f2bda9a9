"""Which inputs a result depends on: Sobol indices of a saltelli design, rank correlations of any other sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import OutputError
from twin.results.kpis import KPIS, NUMERICAL
from twin.spec.sample import LEAST_ROWS
from twin.study.dataset import STATUS, study_of
from twin.study.plan import POINT, REPLICA

if TYPE_CHECKING:
    import xarray as xr

Numbers = NDArray[np.float64]

CONFIDENCE = 0.95
RESAMPLES = 999
_NO_SPREAD = 1e-9
"""Spread, over the mean, below which a quantity does not depend on anything that was varied."""


@dataclass(frozen=True)
class Index:
    """An index with its confidence interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Sensitivity:
    """What one quantity depends on: indices by key, from `rows` of `planned` rows of the design.

    `first` is the share of the variance that would vanish if the key were known, `total` the share that would
    stay if all the others were. `variance` is that of the quantity, in its SI unit squared.
    """

    quantity: str
    label: str
    first: dict[str, Index]
    total: dict[str, Index]
    variance: float
    rows: int
    planned: int

    @property
    def ranked(self) -> list[str]:
        """The keys, those with the largest total index first."""
        return sorted(self.total, key=lambda key: -self.total[key].value)


@dataclass(frozen=True)
class RankCorrelation:
    """Rank correlations of one quantity with each key, over `points`.

    Below `noise` they say nothing: so much would the largest of them reach by chance in one of twenty cases.
    """

    quantity: str
    label: str
    coefficients: dict[str, float]
    noise: float
    points: int

    @property
    def ranked(self) -> list[str]:
        """The keys, the strongest correlation first."""
        return sorted(self.coefficients, key=lambda key: -abs(self.coefficients[key]))


def sobol_indices(first: Numbers, second: Numbers, mixed: Numbers) -> Numbers:
    """Return first-order and total indices, shape (2, keys); NaN without variance.

        S_i  = < f_B (f_AB,i - f_A) > / Var(f)
        S_Ti = < (f_A - f_AB,i)^2 > / (2 Var(f))

    Source: Saltelli et al., Comput. Phys. Commun. 181 (2010) 259, Table 2 (b) and (f), the latter after Jansen.

    Parameters
    ----------
    first, second : arrays (rows,)
        The function at the rows of the blocks A and B.
    mixed : array (keys, rows)
        At the rows of A with the column of each key taken from B.
    """
    mean = 0.5 * (first.mean() + second.mean())
    f_a, f_b, f_ab = first - mean, second - mean, mixed - mean
    variance = np.var([f_a, f_b])
    if not variance > 0.0:
        return np.full((2, len(mixed)), np.nan)
    return np.stack([(f_b * (f_ab - f_a)).mean(axis=-1), 0.5 * ((f_a - f_ab) ** 2).mean(axis=-1)]) / variance


def sensitivities(data: xr.Dataset) -> list[Sensitivity]:
    """Return the Sobol indices of the quantities that a study with a saltelli design recorded.

    Rows of the design in which a point has no value are left out, and quantities with too few of the others.

    Raises
    ------
    OutputError
        The study has no saltelli design, or no quantity has values in enough of its rows.
    """
    study = study_of(data)
    if study.sample is None or study.sample.method != "saltelli":
        raise OutputError("Sobol indices need a sample with `method: saltelli`")
    planned, found, most = study.sample.points, [], 0
    keys = _mixed_keys(data, planned)
    for name, values in _quantities(data):
        blocks = values.reshape(len(keys) + 2, planned)
        whole = np.isfinite(blocks).all(axis=0)
        most = max(most, int(whole.sum()))
        if whole.sum() >= LEAST_ROWS:
            found.append(_sensitivity(data, name, keys, blocks[:, whole], planned, study.sample.seed))
    if not found:
        raise OutputError(f"{most} of {planned} rows of the design have all their values; {LEAST_ROWS} are needed")
    return found


def rank_correlations(data: xr.Dataset) -> list[RankCorrelation]:
    """Return Spearman's correlation of every recorded quantity with every sampled key.

    The level of chance is that of normally distributed coefficients, one in twenty for all keys together (Bonferroni).
    """
    from scipy import stats

    keys = sampled_keys(data)
    columns = np.stack([np.asarray(data[key].values, dtype=float) for key in keys], axis=1)
    found = []
    for name, values in _quantities(data):
        known = np.isfinite(values)
        count = int(known.sum())
        if count < LEAST_ROWS:
            continue
        ranks = stats.rankdata(columns[known], axis=0)
        answer = stats.rankdata(values[known])
        with np.errstate(invalid="ignore", divide="ignore"):
            coefficients = [float(np.corrcoef(ranks[:, column], answer)[0, 1]) for column in range(len(keys))]
        noise = float(stats.norm.ppf(1.0 - 0.5 * (1.0 - CONFIDENCE) / len(keys)) / np.sqrt(count - 1))
        by_key = {key: value for key, value in zip(keys, coefficients, strict=True) if np.isfinite(value)}
        found.append(RankCorrelation(name, _label(data, name), by_key, noise, count))
    return found


def sampled_keys(data: xr.Dataset) -> list[str]:
    """Return the keys that vary along the points of a sample."""
    return [str(name) for name, values in data.coords.items() if values.dims == (POINT,) and name != POINT]


def _mixed_keys(data: xr.Dataset, planned: int) -> list[str]:
    """Return the keys in the order of the blocks of a saltelli design: each block differs from A in one key.

    A key of few values may be the same in A and B; which of these blocks is whose makes no difference.
    """
    columns = {name: np.asarray(data[name].values).reshape(-1, planned) for name in sampled_keys(data)}
    blocks = range(2, len(columns) + 2)
    mixed = [next((name for name, c in columns.items() if (c[block] != c[0]).any()), None) for block in blocks]
    left = iter([name for name in columns if name not in mixed])
    return [next(left) if name is None else name for name in mixed]


def _quantities(data: xr.Dataset) -> list[tuple[str, Numbers]]:
    """Return what was recorded of the points and differs between them, numerical book-keeping left out.

    Of replicas it is the mean; a point of which one has no value has none.
    """
    found = []
    done = np.asarray(data[STATUS].values == "done")
    for name in map(str, data.data_vars):
        if name == STATUS or name in NUMERICAL:
            continue
        values = np.where(done, np.asarray(data[name].values, dtype=float), np.nan)
        if REPLICA in data[name].dims:
            values = values.mean(axis=data[name].dims.index(REPLICA))
        known = values[np.isfinite(values)]
        if known.size and np.ptp(known) > _NO_SPREAD * np.abs(known).max():
            found.append((name, values))
    return found


def _sensitivity(data: xr.Dataset, name: str, keys: list[str], blocks: Numbers, planned: int, seed: int) -> Sensitivity:
    """Return the indices of one quantity from its blocks (keys + 2, rows), with bootstrap intervals over the rows."""
    from scipy import stats

    def indices(rows: Any) -> Numbers:
        picked = blocks[:, rows]
        return sobol_indices(picked[0], picked[1], picked[2:])

    rows = np.arange(blocks.shape[1])
    interval = stats.bootstrap(
        (rows,), indices, vectorized=False, n_resamples=RESAMPLES, confidence_level=CONFIDENCE, method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval  # fmt: skip
    values = indices(rows)
    first, total = (
        {key: Index(*map(float, (values[order, i], interval.low[order, i], interval.high[order, i])))
         for i, key in enumerate(keys)}
        for order in (0, 1)
    )  # fmt: skip
    return Sensitivity(name, _label(data, name), first, total, float(np.var(blocks[:2])), len(rows), planned)


def _label(data: xr.Dataset, name: str) -> str:
    return KPIS[name].label if name in KPIS else str(data[name].attrs.get("long_name", name))
