"""The power virus with a fifth of the flow: what keeps the wafer within its limits, and what happens without."""

from __future__ import annotations

import numpy as np
import pytest
from coarse_runs import VIRUS, run, total, values

from twin import library
from twin.results.results import Results
from twin.spec.chip import Chip
from twin.spec.delivery import DeliveryDesign

FIFTH = {"cooling__flow_rate": "8 L/min", "workload__start": "0 s", "workload__duration": "2 s"}


@pytest.fixture(scope="module")
def governed() -> Results:
    return run(VIRUS, **FIFTH, control__policy="adaptive_voltage,thermal_governor")


@pytest.fixture(scope="module")
def free() -> Results:
    return run(VIRUS, **FIFTH, control__policy="adaptive_voltage")


@pytest.fixture(scope="module")
def chip() -> Chip:
    found = library.load("chip", "wse3")
    assert isinstance(found, Chip)
    return found


def test_the_shipped_virus_is_the_one_tested_here(chip: Chip) -> None:
    work = library.load("scenario", VIRUS).workload  # type: ignore[attr-defined]
    assert (work.type, work.utilisation) == ("virus", 1.0)
    assert chip.limits.throttle < chip.limits.trip


def test_the_governor_holds_the_limit(governed: Results, chip: Chip) -> None:
    """The peak stays near the throttle temperature, far below the trip, and the machine keeps working."""
    design = library.load("delivery", "vertical-48v")
    assert isinstance(design, DeliveryDesign)
    peak = values(governed, "peak_temperature").max()
    assert peak < chip.limits.trip
    assert peak < chip.limits.throttle + design.thermal_governor.hysteresis
    assert peak > chip.limits.throttle - design.thermal_governor.hysteresis
    assert governed.status == "complete"
    assert values(governed, "die_frequency").min() > 0
    assert values(governed, "die_frequency").min() < 0.95 * chip.core.clock


def test_without_the_governor_the_limit_is_passed(free: Results, governed: Results, chip: Chip) -> None:
    """Only the emergency trip is left: it stops dies at its own temperature, until they have cooled."""
    peak = values(free, "peak_temperature").max()
    assert peak >= chip.limits.trip
    assert peak > values(governed, "peak_temperature").max() + 10
    assert values(free, "die_frequency").min() < chip.core.clock


def test_governor_and_trip_are_sampled_in_sub_steps(governed: Results) -> None:
    assert values(governed, "substeps").max() == 200
    assert values(governed, "energy_residual").max() <= 1e-6


def test_with_its_own_flow_the_virus_is_never_throttled(chip: Chip) -> None:
    results = run(VIRUS, workload__start="0 s", workload__duration="3 s")
    assert values(results, "peak_temperature").max() < chip.limits.throttle
    assert np.all(values(results, "die_frequency") > 0.9 * chip.core.clock)


def test_policies_cannot_act_on_a_sample_before_it_is_measured() -> None:
    """The first step after switch-on runs at full clock, whatever the load does."""
    results = run(VIRUS, workload__start="1 s", workload__duration="2 s")
    assert values(results, "die_frequency")[0].max() == values(results, "die_frequency")[0].min()
    assert total(results, "wafer_power")[1] > 5 * total(results, "wafer_power")[0]
