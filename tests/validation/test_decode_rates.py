"""Published decode rates of WaferLLM on WSE-2 against the cycle model with one calibrated constant."""

from __future__ import annotations

import csv

import pytest

from twin import library
from twin.workload.cycles import layer_cycles

CONTEXT = 4096


def _rows() -> list[dict[str, str]]:
    path = library.packaged("references") / "waferllm-decode.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("row", _rows(), ids=lambda row: f"{row['model']}-{row['region']}")
def test_decode_rate(row: dict[str, str]) -> None:
    """Rates are projections from kernels without head, sampling and host: compare f/(L T_l) only."""
    system = library.load("system", "cs2")
    chip, model = library.load("chip", system.chip), library.load("model", row["model"])
    cycles = layer_cycles(model, int(row["region"]), CONTEXT, chip.core.simd_width, system.software)
    rate = chip.core.clock / (model.num_hidden_layers * cycles)
    assert rate == pytest.approx(float(row["tokens_per_second"]), rel=0.04)
