"""Figures carry the data they are made of: closed flows, positions in mm, degC, extremes kept."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import synthetic_run

from twin.errors import OutputError
from twin.report.energy import OTHER, WALL, Flow, energy_flows
from twin.report.html import REPORT, render, write_report
from twin.report.maps import Field, die_edges, map_cards, wafer_map
from twin.report.series import series_cards
from twin.report.style import MOST_POINTS, thin
from twin.results.compare import compare
from twin.results.description import Description
from twin.results.kpis import time_mean
from twin.results.memory import MemoryWriter
from twin.results.results import Results
from twin.results.tables import HOTTEST


@pytest.fixture(scope="module")
def wafer() -> Results:
    return synthetic_run.wafer_results()


def inward(flows: list[Flow], node: str) -> float:
    return sum(flow.power for flow in flows if flow.target == node)


def outward(flows: list[Flow], node: str) -> float:
    return sum(flow.power for flow in flows if flow.source == node)


@pytest.mark.parametrize("run", [synthetic_run.wafer_results, synthetic_run.gpu_results])
def test_energy_flows_close_at_every_inner_node(run: Any) -> None:
    results = run()
    flows = energy_flows(results.data)
    wall = time_mean(results.data, "system_power")
    inner = {f.source for f in flows} & {f.target for f in flows}
    assert WALL in inner
    for node in inner:
        assert inward(flows, node) == pytest.approx(outward(flows, node), rel=1e-9), node
    assert inward(flows, WALL) == pytest.approx(wall)
    assert OTHER not in {f.target for f in flows}


def test_what_pumps_lose_goes_to_the_air(wafer: Results) -> None:
    flows = energy_flows(wafer.data)
    pump = time_mean(wafer.data, "pump_power")
    assert pump is not None
    assert {f.target: f.power for f in flows if f.source == "pump"} == pytest.approx(
        {"coolant": 0.9 * pump, "air": 0.1 * pump}
    )


def test_power_that_no_variable_explains_is_shown_as_such(wafer: Results) -> None:
    data = wafer.data.assign(host_power=wafer.data["host_power"] * 0)
    flows = energy_flows(data)
    assert inward(flows, OTHER) == pytest.approx(900.0)


def test_heat_given_back_by_the_wafer_flows_backwards(wafer: Results) -> None:
    cooling_down = wafer.data.assign(
        stored_heat=-wafer.data["stored_heat"],
        coolant_heat=wafer.data["coolant_heat"] + 2 * wafer.data["stored_heat"],
        facility_heat=wafer.data["facility_heat"] + 2 * wafer.data["stored_heat"].sum("wafer"),
    )
    flows = energy_flows(cooling_down)
    stored = time_mean(wafer.data, "stored_heat")
    assert outward(flows, "from stored in the wafer") == pytest.approx(stored)
    assert all(flow.power > 0 for flow in flows)


def test_map_shows_degrees_celsius_over_millimetres_with_the_hottest_point_marked(wafer: Results) -> None:
    card = next(card for card in map_cards(wafer) if card.name == "hottest-map")
    heat, _, mark = card.figure.data
    assert wafer.hottest is not None
    field = wafer.hottest["temperature"].isel(wafer=0)
    np.testing.assert_allclose(heat.z, field.values - 273.15, rtol=1e-5)
    np.testing.assert_allclose(heat.x, field["x"].values * 1e3)
    assert (mark.x[0], mark.y[0]) == (0.0, 0.0)
    assert card.figure.layout.yaxis.scaleanchor == "x"
    assert card.figure.layout.yaxis.range[0] < card.figure.layout.yaxis.range[1]
    assert heat.colorbar.title.text == "temperature [degC]"


def test_hottest_point_of_a_fine_mesh_is_marked_even_between_drawn_nodes(wafer: Results) -> None:
    axis = np.linspace(0.0, synthetic_run.SIZE, 1001)
    values = np.full((1001, 1001), 300.0)
    values[333, 501] = 350.0
    figure = wafer_map(Field(values, axis, axis, HOTTEST["temperature"]), die_edges(wafer.data), "Inferno", True)
    heat, _, mark = figure.data
    assert max(heat.z.shape) <= 400
    assert (mark.x[0], mark.y[0]) == pytest.approx((axis[501] * 1e3, axis[333] * 1e3))
    assert figure.layout.annotations[0].text == "76.9 degC"


def test_die_grid_covers_the_wafer(wafer: Results) -> None:
    for edges, count in zip(die_edges(wafer.data), synthetic_run.DIES, strict=True):
        np.testing.assert_allclose(edges, np.linspace(0, synthetic_run.SIZE, count + 1), atol=1e-15)


def test_die_grid_of_a_single_die_comes_from_its_tiles() -> None:
    tiles = (np.arange(4) + 0.5) * 0.008
    coords = {"time": [1.0], "die_x": [0.016], "die_y": [0.016], "tile_x": tiles, "tile_y": tiles}
    data = MemoryWriter(coords, Description("die")).finish().data
    np.testing.assert_allclose(die_edges(data)[0], [0.0, 0.032], atol=1e-15)


def test_map_of_several_wafers_is_of_the_hottest_one() -> None:
    results = synthetic_run.wafer_results(synthetic_run.Plan(steps=4, wafers=3))
    peaks = results.data["peak_temperature"].values
    peaks[:, 1] += 20.0
    assert "wafer 2 of 3" in map_cards(results)[0].title


def test_long_series_are_thinned_and_keep_their_extremes() -> None:
    time = np.arange(25_000.0)
    values = np.sin(time / 40.0)
    values[12_345] = 9.0
    highest, mean = thin(time, values, "max"), thin(time, values, "mean")
    assert len(highest.values) <= MOST_POINTS
    assert highest.values.max() == 9.0
    assert highest.time[-1] == time[-1]
    assert mean.values.mean() == pytest.approx(values.mean())


def test_units_on_axes_are_those_of_the_table(wafer: Results) -> None:
    titles = {
        card.name: card.figure.layout.yaxis.title.text for card in series_cards(wafer) if card.name != "work-series"
    }
    assert titles == {
        "power-series": "power [kW]",
        "temperature-series": "temperature [degC]",
        "voltage-series": "die voltage [V]",
        "clock-series": "die clock [GHz]",
    }


def test_report_is_one_file_with_plotly_inside_once(wafer: Results, tmp_path: Path) -> None:
    content = write_report(wafer, tmp_path / REPORT, synthetic_run.gpu_results()).read_text()
    assert len(re.findall(r"plotly\.js v\d", content)) == 1
    assert not re.search(r"<(?:script|link|img)[^>]*(?:src|href)=\"http", content)
    drawn = json.loads(re.search(r"const figures = (\{.*\});", content).group(1))  # type: ignore[union-attr]
    assert set(re.findall(r'class="figure" id="([\w-]+)"', content)) == set(drawn)
    assert [path.name for path in tmp_path.iterdir()] == [REPORT]


def test_texts_of_users_cannot_become_markup() -> None:
    hostile = "</script><script>alert(1)</script>"
    writer = MemoryWriter({"time": [1.0]}, Description(hostile, system=hostile, scenario=hostile))
    writer.append(0, {"system_power": 5.0, "tokens": 1.0, "accelerator_power": 5.0})
    results = writer.finish()
    assert hostile not in render(results, results)


def test_run_killed_before_its_first_commit_still_has_a_report() -> None:
    coords = synthetic_run.coordinates(synthetic_run.Plan(steps=2))
    results = MemoryWriter(coords, Description("killed early")).finish("interrupted")
    content = render(results)
    assert "interrupted at 0 s" in content


def test_stopped_run_gives_its_reason(wafer: Results) -> None:
    data = wafer.data.assign_attrs(status="stopped", reason="thermal runaway")
    assert "stopped at 60 s: thermal runaway" in render(Results(data))


def test_comparison_with_a_run_that_did_not_end_says_so(wafer: Results) -> None:
    stopped = Results(wafer.data.assign_attrs(status="stopped", reason="thermal runaway"))
    compared = compare(wafer, stopped)
    (note,) = compared.notes
    assert note.endswith("this run was stopped at 60 s: thermal runaway.")
    assert str(compared).endswith(note)
    assert compared.to_json()["notes"] == [note]
    assert "The other system: this run was stopped at 60 s: thermal runaway." in render(wafer, stopped)
    assert "notes" not in compare(wafer, wafer).to_json()


def test_folder_that_cannot_be_written_is_named(wafer: Results, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="absent"):
        write_report(wafer, tmp_path / "absent" / REPORT)
