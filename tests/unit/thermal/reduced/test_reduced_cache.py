"""Reduced models on disk: found again as long as nothing they depend on has changed, else built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from reduced_wafers import FLOW, INLET, random_heat, wafer

from twin import library
from twin.spec.chip import Array as Tiles
from twin.spec.clog import Clog
from twin.thermal.coolant import load_coolant
from twin.thermal.reduced.kept import kept
from twin.thermal.reduced.settled import SettledMap
from twin.thermal.wafer import WaferThermalModel

PATCH = Clog.model_validate({"x": ("5 mm", "9 mm"), "y": ("5 mm", "9 mm"), "resistance_factor": 2.0})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the reduced models of one test."""
    monkeypatch.setenv("TWIN_CACHE", str(tmp_path))
    return tmp_path / "reduced"


class Counted:
    """A build of the settled map of a wafer that counts how often it is called."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, model: WaferThermalModel, flow: float = FLOW) -> SettledMap:
        def build() -> SettledMap:
            self.calls += 1
            return SettledMap.build(model, flow, INLET)

        return kept("settled", model, flow, build)


def small(**changes: object) -> WaferThermalModel:
    """Return a wafer of 2 x 2 tiles a die; `changes` replace its parts."""
    parts = {
        "chip": library.load("chip", "wse3"),
        "design": library.load("cooling", "manifold-silicon"),
        "recipe": library.load("mesh", "wafer-coarse"),
        "coolant": load_coolant("water"),
        "tiles_per_die": Tiles(x=2, y=2),
        "reference_temperature": INLET,
    }
    return WaferThermalModel(**{**parts, **changes})  # type: ignore[arg-type]


def test_second_build_is_read_and_answers_alike(folder: Path) -> None:
    build = Counted()
    first, second = build(small()), build(small())
    assert build.calls == 1
    assert len(list(folder.iterdir())) == 1
    density = (random_heat(small(), 12e3, 1).T / small().tile_area).astype(np.float32)
    answers = [found.settle(density, FLOW, INLET).answer for found in (first, second)]
    np.testing.assert_array_equal(*answers)


def thicker_silicon() -> object:
    chip = library.load("chip", "wse3")
    layers = [
        layer.model_copy(update={"thickness": 1.01 * layer.thickness}) if layer.name == "silicon" else layer
        for layer in chip.layers
    ]
    return chip.model_copy(update={"layers": type(chip.layers)(layers)})


def with_channels(**factors: float) -> object:
    """Return the design with numbers of its channels multiplied."""
    design = library.load("cooling", "manifold-silicon")
    layers = []
    for layer in design.layers:
        if channels := layer.microchannels:
            changed = {name: factor * getattr(channels, name) for name, factor in factors.items()}
            layer = layer.model_copy(update={"microchannels": channels.model_copy(update=changed)})
        layers.append(layer)
    return design.model_copy(update={"layers": type(design.layers)(layers)})


def warmer_board() -> object:
    design = library.load("cooling", "manifold-silicon")
    return design.model_copy(update={"board": design.board.model_copy(update={"ambient": design.board.ambient + 1.0})})


def thicker_coolant() -> object:
    water = load_coolant("water")
    return replace(water, table=water.table * np.array([1.0, 1.0, 1.0, 1.01]))


CHANGES: dict[str, Callable[[], dict[str, object]]] = {
    "chip": lambda: {"chip": thicker_silicon()},
    "design": lambda: {"design": with_channels(width=1.01)},
    "other design": lambda: {"design": library.load("cooling", "jet-impingement")},
    "board": lambda: {"design": warmer_board()},
    "slots": lambda: {"design": with_channels(slot_width=1.01)},
    "turns": lambda: {"design": with_channels(turn_loss=1.01)},
    "coolant": lambda: {"coolant": load_coolant("pg25")},
    "coolant's table": lambda: {"coolant": thicker_coolant()},
    "mesh": lambda: {
        "recipe": library.load("mesh", "wafer-coarse").model_copy(update={"cells_per_tile": Tiles(x=2, y=3)})
    },
    "tiles": lambda: {"tiles_per_die": Tiles(x=2, y=1)},
    "reference": lambda: {"reference_temperature": INLET + 1},
    "blocked slot": lambda: {"blocked": (6,)},
    "clog": lambda: {"clogged": (PATCH,)},
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_is_built_anew(folder: Path, change: str) -> None:
    build = Counted()
    build(small())
    changed = small(**CHANGES[change]())
    build(changed)
    assert build.calls == 2
    build(small())
    build(changed)
    assert build.calls == 2


def test_other_flow_is_built_anew(folder: Path) -> None:
    build = Counted()
    build(small())
    build(small(), 1.05 * FLOW)
    assert build.calls == 2


@pytest.mark.parametrize("left", [0, 100, 100_000])
def test_truncated_file_is_built_anew(folder: Path, left: int) -> None:
    build = Counted()
    build(small())
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    assert len(whole) > left
    path.write_bytes(whole[:left])
    build(small())
    assert build.calls == 2
    assert path.stat().st_size == pytest.approx(len(whole), rel=1e-3)
    build(small())
    assert build.calls == 2


@pytest.mark.parametrize("seed", range(4))
def test_overwritten_file_is_built_anew(folder: Path, seed: int) -> None:
    build = Counted()
    build(small())
    (path,) = folder.iterdir()
    path.write_bytes(np.random.default_rng(seed).bytes(path.stat().st_size))
    build(small())
    assert build.calls == 2


@pytest.mark.parametrize("share", [0.0, 1e-4, 0.1, 0.5, 0.999])
def test_damaged_file_is_built_anew(folder: Path, share: float) -> None:
    """A block of other bytes, in the structure or in the numbers of an array."""
    build = Counted()
    first = build(small())
    (path,) = folder.iterdir()
    content = bytearray(path.read_bytes())
    start = int(share * len(content)) + 8
    content[start : start + 64] = bytes(255 - byte for byte in content[start : start + 64])
    path.write_bytes(bytes(content))
    second = build(small())
    assert build.calls == 2
    np.testing.assert_array_equal(second.to_heat, first.to_heat)


@pytest.mark.parametrize("place", ["a file", "/dev/null/nowhere", "/proc/nowhere"])
def test_folder_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    occupied = tmp_path / "occupied"
    occupied.write_text("not a folder")
    monkeypatch.setenv("TWIN_CACHE", str(occupied) if place == "a file" else place)
    build = Counted()
    build(small())
    build(small())
    assert build.calls == 2


def test_no_drafts_are_left(folder: Path) -> None:
    def fails() -> SettledMap:
        raise ArithmeticError("no model")

    with pytest.raises(ArithmeticError):
        kept("settled", small(), FLOW, fails)
    Counted()(small())
    assert [path.suffix for path in folder.iterdir()] == [".pickle"]


def test_same_wafer_of_another_object_is_the_same_entry(folder: Path) -> None:
    build = Counted()
    build(wafer(tiles=2))
    build(small())
    assert build.calls == 1
