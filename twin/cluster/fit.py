"""Fitting the GPU model to measured rows; its result is stored in the data library, not computed in runs.

Ten timing constants (two efficiencies per GPU; five overheads; effective prompt length) and eight of power
(four per GPU) are fitted in logarithms, each held near a plausible value by a weak prior: without it a fit
trades constants against each other until they are absurd.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import log
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twin.cluster.power import gpu_power
from twin.cluster.step_time import Footprint, footprint, steady_batch, step_time
from twin.spec.gpu import Gpu
from twin.spec.model import LanguageModel
from twin.spec.system import GpuSoftware

Floats = NDArray[np.float64]
Misses = Callable[[Mapping[str, float]], list[float]]

PROMPTS_OF_BENCHMARK = 1024
HOST_BOUND_BATCH = 128


@dataclass(frozen=True)
class Row:
    """One measured row: a model on `gpus` GPUs at a mean batch, tokens/s and power in W of all GPUs."""

    model: str
    gpu: str
    gpus: int
    batch: float
    generated: float
    tokens_per_second: float
    power: float
    held_out: bool


@dataclass(frozen=True)
class Prior:
    """Where a constant is expected, and the standard deviation of its logarithm."""

    mean: float
    spread: float


TIMING_PRIORS: dict[str, Prior] = {
    "H100.memory_efficiency": Prior(0.8, 0.1),
    "H100.compute_efficiency": Prior(0.6, 0.15),
    "B200.memory_efficiency": Prior(0.8, 0.1),
    "B200.compute_efficiency": Prior(0.6, 0.15),
    "all_reduce_latency": Prior(12e-6, 0.5),
    "step_time": Prior(1.0e-3, 0.7),
    "layer_time": Prior(10e-6, 0.7),
    "sequence_time": Prior(10e-6, 0.7),
    "mixed_layer_time": Prior(30e-6, 0.7),
    "prompt_tokens": Prior(200.0, 0.2),
}
"""Ten constants of time: shares of the published limits, seconds, effective prompt tokens of the rows."""

POWER_PRIORS: dict[str, Prior] = {
    "H100.idle": Prior(106.0, 0.15),
    "H100.byte_energy": Prior(110e-12, 0.5),
    "H100.operation_energy": Prior(0.6e-12, 0.5),
    "H100.sequence_energy": Prior(5e-3, 1.0),
    "B200.idle": Prior(200.0, 0.4),
    "B200.byte_energy": Prior(80e-12, 0.5),
    "B200.operation_energy": Prior(0.5e-12, 0.5),
    "B200.sequence_energy": Prior(5e-3, 1.0),
}
"""Eight constants of power: W, J per byte and J per operation; idle with clocks held up by a running server."""

TIMING_ERROR, POWER_ERROR = 0.05, 0.04
"""Relative errors of the rows against which the priors weigh."""


def read_rows(path: Path) -> list[Row]:
    """Return the usable rows of the ML.ENERGY table; every other row of a model and GPU is held out.

    Left out are rows that repeat prompts and those bound by the host (see the file's description).
    """
    rows: list[Row] = []
    seen: dict[tuple[str, str], int] = {}
    with path.open(encoding="utf-8", newline="") as stream:
        for line in csv.DictReader(stream):
            model = line["model"].split("/")[1].removesuffix("-Instruct").lower()
            host_bound = line["gpu"] == "B200" and model.endswith("-8b")
            too_many = int(line["max_seqs"]) >= HOST_BOUND_BATCH and host_bound
            if int(line["max_seqs"]) > PROMPTS_OF_BENCHMARK or too_many:
                continue
            place = seen[model, line["gpu"]] = seen.get((model, line["gpu"]), -1) + 1
            rows.append(
                Row(
                    model=model,
                    gpu=line["gpu"],
                    gpus=int(line["n"]),
                    batch=float(line["avg_batch"]),
                    generated=float(line["avg_out"]),
                    tokens_per_second=float(line["tok_s"]),
                    power=float(line["power_W"]),
                    held_out=place % 2 == 1,
                )
            )
    return rows


@dataclass(frozen=True)
class Bench:
    """What rows are predicted with: models, GPUs and the software, before their constants are replaced."""

    models: Mapping[str, LanguageModel]
    gpus: Mapping[str, Gpu]
    software: GpuSoftware

    def footprint(self, row: Row) -> Footprint:
        """Return the footprint of a row's model in 16 bit."""
        return footprint(self.models[row.model], "bf16")


def predicted_rate(bench: Bench, row: Row, prompt: float) -> float:
    """Return the tokens per second of a row: batch over the mean step time."""
    batch = steady_batch(row.batch, prompt, row.generated)
    time = step_time(
        bench.models[row.model], bench.footprint(row), bench.gpus[row.gpu], bench.software, row.gpus, batch
    )
    return row.batch / time.total


def predicted_power(bench: Bench, row: Row, prompt: float, rate: float) -> float:
    """Return the power in W of a row's GPUs when they produce `rate` tokens/s."""
    batch, foot = steady_batch(row.batch, prompt, row.generated), bench.footprint(row)
    steps = rate / row.batch
    copies = max(1.0, row.gpus / bench.models[row.model].key_value_heads)
    read = foot.read_bytes + batch.streams * batch.context * foot.cache_bytes * copies
    operations = batch.tokens * (foot.operations_16 + foot.operations_8)
    each = gpu_power(
        bench.gpus[row.gpu].power,
        steps * read / row.gpus,
        steps * operations / row.gpus,
        rate / row.gpus,
    )
    return row.gpus * each


def with_timing(bench: Bench, constants: Mapping[str, float]) -> Bench:
    """Return the bench with the timing constants replaced."""
    software = {key: value for key, value in constants.items() if key in GpuSoftware.model_fields}
    gpus = {name: gpu.model_copy(update=_of(name, constants)) for name, gpu in bench.gpus.items()}
    return Bench(bench.models, gpus, bench.software.model_copy(update=software))


def with_power(bench: Bench, constants: Mapping[str, float]) -> Bench:
    """Return the bench with the power constants replaced."""
    gpus = {
        name: gpu.model_copy(update={"power": gpu.power.model_copy(update=_of(name, constants))})
        for name, gpu in bench.gpus.items()
    }
    return Bench(bench.models, gpus, bench.software)


def _of(gpu: str, constants: Mapping[str, float]) -> dict[str, float]:
    return {key.split(".")[1]: value for key, value in constants.items() if key.startswith(f"{gpu}.")}


def fit_timing(bench: Bench, rows: list[Row]) -> dict[str, float]:
    """Return the ten timing constants that reproduce the rates of `rows` best."""

    def misses(constants: Mapping[str, float]) -> list[float]:
        changed = with_timing(bench, constants)
        prompt = constants["prompt_tokens"]
        return [log(predicted_rate(changed, row, prompt) / row.tokens_per_second) for row in rows]

    return _fit(TIMING_PRIORS, misses, TIMING_ERROR)


def fit_power(bench: Bench, rows: list[Row], prompt: float) -> dict[str, float]:
    """Return the eight power constants that reproduce the power of `rows` at their measured rates best."""

    def misses(constants: Mapping[str, float]) -> list[float]:
        changed = with_power(bench, constants)
        return [log(predicted_power(changed, row, prompt, row.tokens_per_second) / row.power) for row in rows]

    return _fit(POWER_PRIORS, misses, POWER_ERROR)


def _fit(
    priors: Mapping[str, Prior], misses: Callable[[Mapping[str, float]], list[float]], error: float
) -> dict[str, float]:
    from scipy.optimize import least_squares

    means = np.log([prior.mean for prior in priors.values()])
    spreads = np.array([prior.spread for prior in priors.values()])

    def residuals(scaled: Floats) -> Floats:
        constants = dict(zip(priors, np.exp(means + spreads * scaled).tolist(), strict=True))
        return np.concatenate([np.array(misses(constants)) / error, scaled])

    found = least_squares(residuals, np.zeros(len(priors)), method="lm")
    return dict(zip(priors, np.exp(means + spreads * found.x).tolist(), strict=True))


def relative_errors(bench: Bench, rows: list[Row], prompt: float) -> tuple[Floats, Floats]:
    """Return the relative errors of predicted rates, and of power at the predicted rates."""
    rates = [predicted_rate(bench, row, prompt) for row in rows]
    powers = [predicted_power(bench, row, prompt, rate) for row, rate in zip(rows, rates, strict=True)]
    return (
        np.array([rate / row.tokens_per_second - 1.0 for rate, row in zip(rates, rows, strict=True)]),
        np.array([power / row.power - 1.0 for power, row in zip(powers, rows, strict=True)]),
    )
