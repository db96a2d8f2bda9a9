"""The page of a study as a browser draws it, without a network: maps, lines and bars, nothing blank."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser
from test_report_in_browser import Opened, assert_drawn, figure_names, open_report
from test_report_in_browser import browser as browser

from twin.report.study import write_study_report
from twin.study.run import run_study

GPUS: dict[str, Any] = {
    "title": "GPUs",
    "question": "How many requests?",
    "base": "dgx-h100-llama3.1-8b-conversation",
    "set": {"systems": 2, "workload.duration": "2 min"},
    "steady": True,
    "record": ["wall_energy_per_token_J", "tokens_per_second", "tokens_per_second_per_user"],
    "answers": [{"minimise": "wall_energy_per_token_J", "limits": ["tokens_per_second_per_user >= 60 / (1 s)"]}],
    "assumed": ["nothing <b>bold</b>"],
}
RATES = {"workload.rate_scale": {"from": 4, "to": 12, "points": 5}}
NODES = {"facility.power_usage_effectiveness": {"from": 1.0, "to": 1.4, "points": 5}}


def opened(browser: Browser, folder: Path, axes: dict[str, Any], width: int = 1300) -> Opened:
    run_study({**GPUS, "axes": axes}, folder, workers=2)
    return open_report(browser, write_study_report(folder), width)


@pytest.mark.parametrize(
    ("axes", "suffix"),
    [(RATES, ""), ({**NODES, **RATES}, "-0"), ({"system": ["dgx-a100", "dgx-h100"]}, "")],
    ids=["lines", "map", "bars"],
)
def test_every_figure_of_a_study_is_drawn(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, axes: dict[str, Any], suffix: str
) -> None:
    monkeypatch.setenv("TWIN_CACHE", str(tmp_path / "cache"))
    page = opened(browser, tmp_path / "out", axes)
    expected = {f"{name}{suffix}" for name in ("wall-energy-per-token-J", "tokens-per-second-per-user")}
    assert figure_names(page) == expected
    for name in expected:
        assert_drawn(page.picture(name), name)
    assert page.page.locator("h1").inner_text() == "GPUs"
    assert page.page.get_by_text("How many requests?").is_visible()
    assert page.page.get_by_text("nothing <b>bold</b>").is_visible(), "text of a study is no HTML"
    assert page.page.locator(".answer .sentence").first.inner_text().strip()
    assert page.complaints == []
    page.page.context.close()


def test_study_fits_a_narrow_screen(browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIN_CACHE", str(tmp_path / "cache"))
    page = opened(browser, tmp_path / "out", {**NODES, **RATES}, width=400)
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 400
    assert page.complaints == []
    page.page.context.close()
