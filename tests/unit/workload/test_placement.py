"""Squares of cores on wafers: disjoint, adjoining, complete."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from twin import library
from twin.errors import SpecError
from twin.workload.operators import layer_parameters, parameters
from twin.workload.placement import Region, cache_capacity, fewest_wafers, place, wafer_memory


def _parts(model: str, system: str):
    spec = library.load("system", system)
    return library.load("model", model), library.load("chip", spec.chip), spec.software


def _cores(regions: tuple[Region, ...], wafer: int, rows: int, columns: int) -> np.ndarray:
    count = np.zeros((rows, columns), dtype=int)
    for region in regions:
        if region.wafer == wafer:
            count[region.row : region.row + region.edge, region.column : region.column + region.edge] += 1
    return count


@pytest.mark.parametrize(
    ("model", "wafers"), [("llama-3.1-8b", 1), ("llama-3.1-8b", 3), ("llama-3.1-70b", 4), ("llama-3.1-405b", 22)]
)
def test_squares_are_disjoint_and_whole(model: str, wafers: int) -> None:
    spec, chip, software = _parts(model, "cs3")
    placement = place(spec, chip, wafers, software)
    assert len(placement.regions) == spec.num_hidden_layers + 1
    covered = 0
    for wafer in range(wafers):
        count = _cores(placement.regions, wafer, placement.grid.rows, placement.grid.columns)
        assert count.max() == 1
        covered += count.sum()
    assert covered == sum(region.edge**2 for region in placement.regions)
    share = layer_parameters(spec) / parameters(spec)
    assert placement.layer_edge**2 <= software.compute_share * wafers * chip.cores * share


def test_consecutive_layers_adjoin() -> None:
    spec, chip, software = _parts("llama-3.1-8b", "cs3")
    layers = place(spec, chip, 1, software).regions[:-1]
    for one, two in pairwise(layers):
        assert abs(one.column - two.column) + abs(one.row - two.row) == one.edge


def test_shares_sum_to_one_and_follow_the_cores() -> None:
    spec, chip, software = _parts("llama-3.1-8b", "cs3")
    placement = place(spec, chip, 1, software)
    shares = placement.shares(48, 28)
    assert shares.shape == (33, 1, 48, 28)
    np.testing.assert_allclose(shares.sum(axis=(1, 2, 3)), 1.0, rtol=1e-12)
    touched = placement.touches(chip.dies)
    first = placement.regions[0]
    width, height = placement.grid.columns / chip.dies.x, placement.grid.rows / chip.dies.y
    dies = np.ceil(first.edge / height) * np.ceil(first.edge / width)
    assert touched[0].sum() == dies


def test_a_given_region_makes_layers_share_squares() -> None:
    spec, chip, software = _parts("llama-3.1-8b", "cs2")
    placement = place(spec, chip, 1, software, region=420)
    assert {region.edge for region in placement.regions[:-1]} == {420}
    assert sorted(set(placement.slots)) == [0, 1, 2, 3]
    assert placement.slots == tuple(sorted(placement.slots))
    assert placement.head_slot == 3


def test_too_large_a_model_names_the_fewest_wafers() -> None:
    spec, chip, software = _parts("llama-3.1-70b", "cs3")
    fewest = fewest_wafers(spec, chip, "fp16")
    assert fewest == 4
    assert cache_capacity(spec, chip, fewest, "fp16") > 0 > cache_capacity(spec, chip, fewest - 1, "fp16")
    with pytest.raises(SpecError, match=r"systems.*at least 4"):
        place(spec, chip, 3, software)
    assert fewest_wafers(spec, chip, "fp8") == 2


def test_problems_are_gathered() -> None:
    spec, chip, software = _parts("llama-3.1-8b", "cs3")
    with pytest.raises(SpecError) as caught:
        place(spec, chip, 40, software, region=2000)
    assert {problem.key for problem in caught.value.problems} == {"systems", "placement.region"}


def test_capacity_counts_the_code_reserve() -> None:
    spec, chip, _ = _parts("llama-3.1-8b", "cs3")
    assert wafer_memory(chip) == pytest.approx(900_000 * (48 * 1024 - 8000))
    larger = chip.core.model_copy(update={"reserved_memory": 9500.0})
    less = chip.model_copy(update={"core": larger})
    lost = cache_capacity(spec, chip, 1, "fp16") - cache_capacity(spec, less, 1, "fp16")
    assert lost == pytest.approx(900_000 * 1500 / 131_072, abs=1)
