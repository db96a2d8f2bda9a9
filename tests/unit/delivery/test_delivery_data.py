"""Chips and deliveries of the library: complete provenance, ranges for what is only assumed."""

import pytest

from twin import library
from twin.delivery.droop import worst_droop
from twin.delivery.policies import fixed_voltage
from twin.units import to_si

ENTRIES = [(kind, name) for kind in ("chip", "delivery") for name in library.names(kind)]


@pytest.mark.parametrize(("kind", "name"), ENTRIES)
def test_every_assumed_value_lies_in_its_range(kind: str, name: str) -> None:
    entry = library.entry(kind, name)
    assert entry.assumed
    for item in entry.assumed:
        assert item.range is not None, item.key
        unit = item.text.partition(" ")[2]
        if unit == "degC":
            unit = "K"
        low, value, high = (to_si(text, unit) for text in (item.range[0], item.text, item.range[1]))
        assert low <= value <= high, item.key


@pytest.mark.parametrize("name", library.names("chip"))
def test_materials_of_layers_exist(name: str) -> None:
    for layer in library.load("chip", name).layers:
        assert library.load("material", layer.material).conductivity


@pytest.mark.parametrize(("chip", "base"), [("wse2", "wse3")])
def test_generations_share_the_wafer_and_differ_in_their_cores(chip: str, base: str) -> None:
    older, newer = library.load("chip", chip), library.load("chip", base)
    assert older.size == newer.size
    assert older.core.simd_width * 2 == newer.core.simd_width
    peak = [c.cores * c.core.simd_width * 2 * c.core.clock for c in (older, newer)]
    assert peak[0] == pytest.approx(7.48e15, rel=1e-3)
    assert 12.2e15 < peak[1] < 15.8e15


def test_gpu_like_die_reaches_its_published_peak_and_area() -> None:
    chip = library.load("chip", "h100-like")
    assert chip.cores * chip.core.simd_width * 2 * chip.core.clock == pytest.approx(989.4e12, rel=1e-3)
    assert chip.size.x * chip.size.y == pytest.approx(814e-6, rel=1e-3)


def test_fixed_guard_band_covers_the_transient_and_static_drop_of_a_full_die() -> None:
    """At 25 kA over all dies: feed, load line and the ramped step stay inside the fixed guard band."""
    chip, design = library.load("chip", "wse3"), library.load("delivery", "vertical-48v")
    dies = chip.dies.x * chip.dies.y
    current = 25e3 / dies
    area = chip.size.x * chip.size.y / dies
    static = current * (design.regulator.load_line + 1 / (design.connector_conductance * area))
    step = worst_droop(design.output_filter, design.regulator.load_line, current, design.current_slew)
    assert fixed_voltage(chip) - static - abs(step.peak - step.final) > chip.voltage.nominal
