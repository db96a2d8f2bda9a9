"""Draws the pictures of the README from the report of a run: ``python docs/pictures.py RUN_FOLDER``."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).parent / "images"
PICTURES = {"hottest-map": "wafer-map.png", "energy-flow": "energy-flow.png"}
COLOURS = 256


def draw(report: Path, pictures: Mapping[str, str]) -> None:
    """Save figures of a report under the given names with few colours, which keeps the files small."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1300, "height": 900})
        page.goto(report.resolve().as_uri())
        page.wait_for_selector("body[data-drawn=true]")
        for figure, name in pictures.items():
            shot = Image.open(io.BytesIO(page.locator(f"#{figure}").screenshot())).convert("RGB")
            shot.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE).save(IMAGES / name, optimize=True)
        browser.close()


if __name__ == "__main__":
    draw(Path(sys.argv[1]) / "report.html", PICTURES)
