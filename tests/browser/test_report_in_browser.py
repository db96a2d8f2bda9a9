"""The report as a browser draws it, without a network: nothing blank, nothing upside down."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import synthetic_run
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

import twin
from twin.report.html import write_report
from twin.results.description import Occurrence, written_occurrences
from twin.results.model_error import ModelError, written_errors
from twin.results.results import Results

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAFER_FIGURES = {
    "power-series",
    "temperature-series",
    "work-series",
    "voltage-series",
    "clock-series",
    "hottest-map",
    "mean-map",
    "coolant-map",
    "power-map",
    "die-voltage-map",
    "die-frequency-map",
    "energy-flow",
    "comparison",
    "numerics",
}
GPU_FIGURES = {"power-series", "work-series", "energy-flow"}


@dataclass
class Opened:
    """A report in the browser, with what went wrong while it loaded."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def picture(self, name: str) -> np.ndarray:
        """Return the pixels (rows, columns, 3) of a figure, first row at the top."""
        shot = self.page.locator(f"#{name}").screenshot()
        return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"), dtype=float)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        missing = "Chromium is missing (Debian: apt-get install chromium)"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield launched
        launched.close()


def open_report(browser: Browser, path: Path, width: int = 1300) -> Opened:
    context = browser.new_context(offline=True, viewport={"width": width, "height": 900})
    opened = Opened(context.new_page())
    opened.page.on("console", lambda message: note_console(opened, message))
    opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    opened.page.on("request", lambda request: note_request(opened, request.url))
    opened.page.goto(path.as_uri())
    opened.page.wait_for_selector("body[data-drawn=true]", timeout=30_000)
    return opened


def note_console(opened: Opened, message: Any) -> None:
    if message.type in ("error", "warning"):
        opened.complaints.append(message.text)


def note_request(opened: Opened, url: str) -> None:
    if not url.startswith(("file:", "data:", "blob:")):
        opened.complaints.append(f"asked the network for {url}")


@pytest.fixture(scope="module")
def wafer_report(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Opened:
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(synthetic_run.wafer_results(), path, synthetic_run.gpu_results())
    return open_report(browser, path)


def figure_names(opened: Opened) -> set[str]:
    return set(opened.page.locator(".figure").evaluate_all("found => found.map(e => e.id)"))


def test_every_figure_is_there_and_drawn(wafer_report: Opened) -> None:
    assert figure_names(wafer_report) == WAFER_FIGURES
    for name in WAFER_FIGURES:
        assert_drawn(wafer_report.picture(name), name)
    assert wafer_report.complaints == []


def assert_drawn(pixels: np.ndarray, name: str) -> None:
    colours = len(np.unique(pixels.reshape(-1, 3), axis=0))
    inked = np.mean(np.any(pixels < 245, axis=2))
    assert colours > 40, f"{name} has {colours} colours"
    assert inked > 0.005, f"{name} is nearly blank"


@pytest.mark.parametrize("hot", [(0, 0), (6, 0), (0, 11), (6, 11)])
def test_hot_die_is_in_the_same_corner_of_every_map(browser: Browser, tmp_path: Path, hot: Any) -> None:
    plan = synthetic_run.Plan(steps=20, hot=hot)
    path = write_report(synthetic_run.wafer_results(plan), tmp_path / "report.html")
    opened = open_report(browser, path)
    for name in ("hottest-map", "mean-map"):
        brightness = corner_brightness(opened, name)
        assert max(brightness, key=brightness.__getitem__) == hot
    opened.page.context.close()


def corner_brightness(opened: Opened, name: str) -> dict[tuple[int, int], float]:
    """Return the mean brightness over each corner die of a map, by (column, row) in the data's sense."""
    opened.page.locator(f"#{name} .scatterlayer").evaluate("layer => layer.remove()")
    image = opened.page.locator(f"#{name} .heatmaplayer image").first.bounding_box()
    figure = opened.page.locator(f"#{name}").bounding_box()
    assert image is not None
    assert figure is not None
    left, top = image["x"] - figure["x"], image["y"] - figure["y"]
    pixels = opened.picture(name)
    columns, rows = synthetic_run.DIES
    found = {}
    for column in (0, columns - 1):
        for row in (0, rows - 1):
            x = round(left + (column + 0.5) * image["width"] / columns)
            y = round(top + (rows - row - 0.5) * image["height"] / rows)
            found[(column, row)] = float(pixels[y - 4 : y + 5, x - 8 : x + 9].mean())
    return found


def test_wafer_map_has_equal_aspect_and_y_upwards(wafer_report: Opened) -> None:
    image = wafer_report.page.locator("#die-voltage-map .heatmaplayer image").first.bounding_box()
    assert image is not None
    assert image["width"] == pytest.approx(image["height"], rel=0.01)
    ticks = wafer_report.page.locator("#die-voltage-map .ytick text")
    heights = {float(t.text_content() or 0): (t.bounding_box() or {})["y"] for t in ticks.all()}
    assert len(heights) > 2
    assert [heights[value] for value in sorted(heights)] == sorted(heights.values(), reverse=True)


def test_key_figures_and_assumed_inputs_are_on_the_page(wafer_report: Opened) -> None:
    text = wafer_report.page.locator("main").inner_text()
    peak = synthetic_run.wafer_results().kpis["peak_temperature_K"]
    assert peak is not None
    assert f"{peak - 273.15:.2f} degC" in text
    assert "chip/wse3: core.mac_energy" in text
    assert "2.2 pJ to 4.9 pJ" in text


def test_gpu_report_shows_what_a_gpu_system_has(browser: Browser, tmp_path: Path) -> None:
    opened = open_report(browser, write_report(synthetic_run.gpu_results(), tmp_path / "report.html"))
    assert figure_names(opened) == GPU_FIGURES
    for name in GPU_FIGURES:
        assert_drawn(opened.picture(name), name)
    assert opened.complaints == []


def test_narrow_screen_needs_no_sideways_scrolling(browser: Browser, tmp_path: Path) -> None:
    path = write_report(synthetic_run.wafer_results(), tmp_path / "report.html", synthetic_run.gpu_results())
    opened = open_report(browser, path, width=420)
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 420


def test_warnings_and_model_errors_can_be_read_on_a_narrow_screen(browser: Browser, tmp_path: Path) -> None:
    warning = Occurrence("pump curve", "the pumps deliver 17 of the wanted 40 L/min", 3.0)
    error = ModelError("thermal resistance of the channel layer", -0.032, 0.9, "against the resolved cell")
    told = {"warnings": written_occurrences([warning]), "model_errors": written_errors([error])}
    whole = synthetic_run.wafer_results()
    results = Results(whole.data.assign_attrs(told), whole.requests, whole.hottest)
    opened = open_report(browser, write_report(results, tmp_path / "report.html"), width=420)
    assert opened.page.get_by_role("link", name="1 warning").get_attribute("href") == "#warnings"
    assert "model error -" in opened.page.locator(".kpi", has_text="peak temperature").inner_text()
    for table in ("Warnings", "Model errors"):
        for cell in opened.page.get_by_label(table).locator("td").all():
            box = cell.bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 420, cell.inner_text()
    assert opened.complaints == []


def test_interrupted_run_says_so_on_top(browser: Browser, tmp_path: Path) -> None:
    whole = synthetic_run.wafer_results()
    partial = Results(whole.data.isel(time=slice(0, 7)).assign_attrs(status="interrupted"))
    opened = open_report(browser, write_report(partial, tmp_path / "report.html"))
    banner = opened.page.get_by_role("alert")
    assert banner.is_visible()
    assert "interrupted at 7 s" in banner.inner_text()
    assert opened.complaints == []


def test_report_of_a_real_run_is_drawn(browser: Browser, tmp_path: Path) -> None:
    changes = {"thermal.mesh": "wafer-coarse", "workload.duration": "6 s"}
    results = twin.run(twin.load("wse3-llama3.1-8b-conversation").replace(changes))
    opened = open_report(browser, write_report(results, tmp_path / "report.html"))
    assert figure_names(opened) == WAFER_FIGURES
    for name in WAFER_FIGURES:
        assert_drawn(opened.picture(name), name)
    assert opened.complaints == []
