"""Reduced models kept on disk: built once, found again as long as nothing they depend on has changed.

A file's name holds a digest of the finite-element model (layers, mesh, coolant, flow) and of the code of
the package's thermal parts. Whatever cannot be read is built again; what cannot be written is not kept.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import zlib
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from twin.cache import cache_folder
from twin.thermal.wafer import WaferThermalModel

_CHECK = 4
"""Bytes of the checksum before the content."""
_MOST_BYTES = 4 * 1024**3


def kept[Model](kind: str, wafer: WaferThermalModel, flow_rate: float, build: Callable[[], Model]) -> Model:
    """Return a model of a wafer at a flow, from disk if it is there, else built and kept."""
    path = _path(kind, wafer, flow_rate)
    with suppress(OSError, pickle.UnpicklingError, EOFError, AttributeError, ImportError, ValueError):
        found: Model = _read(path)
        return found
    model = build()
    with suppress(OSError):
        _write(path, model)
    return model


def is_kept(kind: str, wafer: WaferThermalModel, flow_rate: float) -> bool:
    """Tell whether a model of a wafer at a flow is on disk."""
    return _path(kind, wafer, flow_rate).is_file()


def can_keep() -> bool:
    """Tell whether models that are built now can be kept on disk."""
    return os.access(_folder(), os.W_OK)


def _path(kind: str, wafer: WaferThermalModel, flow_rate: float) -> Path:
    return _folder() / f"{kind}-{_digest(wafer, flow_rate)}.pickle"


def _folder() -> Path:
    return cache_folder() / "reduced"


def _read(path: Path) -> Any:
    content = path.read_bytes()
    if zlib.crc32(memoryview(content)[_CHECK:]) != int.from_bytes(content[:_CHECK], "big"):
        raise ValueError(f"{path} is damaged")
    with suppress(OSError):  # a cache that may only be read is one all the same
        os.utime(path)
    return pickle.loads(memoryview(content)[_CHECK:])


def _write(path: Path, model: Any) -> None:
    """Write through a file beside, so that what has the name is whole; make room for it first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    try:
        with draft.open("wb") as file:
            content = pickle.dumps(model, protocol=5)
            file.write(zlib.crc32(content).to_bytes(_CHECK, "big"))
            file.write(content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    _make_room(path.parent)


def _make_room(folder: Path) -> None:
    """Remove what was not used for longest, until the folder is small enough."""
    files = sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime, reverse=True)
    total = 0
    for file in files:
        total += file.stat().st_size
        if total > _MOST_BYTES:
            file.unlink(missing_ok=True)


def _digest(wafer: WaferThermalModel, flow_rate: float) -> str:
    """Return a digest of everything that a model of a wafer at a flow depends on."""
    bed, grid = wafer.bed, wafer.grid
    parts: list[Any] = [wafer.layers, wafer.model.films, wafer.chip.size, wafer.chip.dies, wafer.tiles, flow_rate]
    parts += [grid.x, grid.y, wafer.tile_hats[2], wafer.reference_temperature, wafer.clogged, wafer.blocked]
    parts += [getattr(bed, name) for name in bed.__dataclass_fields__ if name not in ("coolant", "layouts", "clogging")]
    parts += [getattr(layout, name) for layout in getattr(bed, "layouts", ()) for name in ("inlets", "outlets")]
    parts += [layout.slot_width for layout in getattr(bed, "layouts", ())]
    parts += [bed.coolant.start, bed.coolant.step, bed.coolant.table, bed.coolant.boiling_point]
    found = hashlib.sha256(_code())
    for part in parts:
        found.update(part.tobytes() if isinstance(part, np.ndarray) else _text(part).encode())
    return found.hexdigest()[:32]


def _text(part: Any) -> str:
    """Return what a part is, with all digits of the arrays in it."""
    with np.printoptions(threshold=2**31, precision=17):
        return repr(part)


@cache
def _code() -> bytes:
    """Return a digest of the code that models are built with, and of numpy's version."""
    found = hashlib.sha256(np.__version__.encode())
    root = Path(__file__).parents[2]
    for folder in ("fe", "thermal", "spec"):
        for file in sorted((root / folder).rglob("*.py")):
            found.update(file.read_bytes())
    return found.digest()
