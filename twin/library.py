"""The data library: find, list and load everything that is data, by kind and name.

Search path: a file given by its path, folders added with `use_folder` (``--data``), ``$TWIN_DATA``,
the packaged data. A file may inherit from another of its kind by `base:`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from twin.errors import LibraryError, Problem, SpecError, did_you_mean
from twin.spec import provenance as origin
from twin.spec.base import Spec
from twin.spec.documents import read_yaml, validate
from twin.spec.keys import leaves
from twin.spec.provenance import Provenance

_KINDS: dict[str, tuple[str, str]] = {
    # kind: (folder, class of twin.spec as "module:Class")
    "chip": ("chips", "chip:Chip"),
    "material": ("materials", "material:Material"),
    "coolant": ("coolants", "coolant:Coolant"),
    "cooling": ("cooling", "cooling:CoolingDesign"),
    "delivery": ("delivery", "delivery:DeliveryDesign"),
    "gpu": ("gpus", "gpu:Gpu"),
    "system": ("systems", "system:System"),
    "model": ("models", "model:LanguageModel"),
    "trace": ("traces", "trace:Trace"),
    "mesh": ("meshes", "mesh:MeshRecipe"),
    "scenario": ("scenarios", "scenario:Scenario"),
    "study": ("studies", "study:Study"),
}
_UNSOURCED = {"scenario", "mesh", "model", "study"}
_WITHOUT_INHERITANCE = {"study"}
"""Kinds whose `base:` names something else than an entry of their own kind."""
_SUFFIXES = (".yaml", ".json")
_extra_folders: list[Path] = []
Stamps = dict[Path, tuple[int, int]]
"""When files were changed, in ns, and their sizes in bytes."""


@dataclass(frozen=True)
class Entry:
    """One file of the library: its specification, where each of its numbers comes from, and what it says."""

    kind: str
    name: str
    path: Path
    spec: Spec
    provenance: tuple[Provenance, ...] = field(repr=False)
    raw: dict[str, Any] = field(repr=False)

    @property
    def assumed(self) -> tuple[Provenance, ...]:
        """The values that nobody published."""
        return tuple(item for item in self.provenance if item.status == "assumed")


_entries: dict[tuple[str, str], tuple[Entry, Stamps]] = {}
"""What was read, by kind and name or path, with the files that it was read from."""


def kinds() -> list[str]:
    """Return the kinds of data."""
    return list(_KINDS)


def spec_class(kind: str) -> Any:
    """Return the specification of a kind: a class, or a union of classes told apart by `type`."""
    module, name = _KINDS[check_kind(kind)][1].split(":")
    return getattr(import_module(f"twin.spec.{module}"), name)


def check_kind(kind: str) -> str:
    """Return the kind, given in singular or as the name of its folder; LibraryError for another word."""
    for known, (folder, _) in _KINDS.items():
        if kind in (known, folder):
            return known
    raise LibraryError(f"'{kind}' is no kind of data. {did_you_mean(kind, _KINDS)}")


def use_folder(folder: Path) -> None:
    """Search `folder` (laid out as data/) before the packaged data."""
    if not folder.is_dir():
        raise LibraryError(f"{folder}: no such folder of data")
    _extra_folders.insert(0, folder.resolve())
    forget()


def extra_folders() -> list[Path]:
    """Return the folders that `use_folder` added, first searched first."""
    return list(_extra_folders)


def clear_folders() -> None:
    """Search only $TWIN_DATA and the packaged data."""
    _extra_folders.clear()
    forget()


def folders(kind: str) -> list[Path]:
    """Return the folders that are searched for a kind, first found wins."""
    return searched(_KINDS[check_kind(kind)][0])


def searched(name: str) -> list[Path]:
    """Return the folders of this name that are searched, first found wins."""
    roots = [*_extra_folders, *_environment_folders(), packaged(name).parent]
    return [root / name for root in roots if (root / name).is_dir()]


def packaged(name: str) -> Path:
    """Return a folder of the packaged data: inside an installed wheel, or in the repository."""
    package = Path(__file__).parent
    if name == "meshes":
        inside, outside = package / "meshes", package.parent / "meshes"
    else:
        inside, outside = package / "data" / name, package.parent / "data" / name
    return inside if inside.is_dir() else outside


def names(kind: str) -> list[str]:
    """Return the names of all entries of a kind."""
    found = {path.stem for folder in folders(kind) for path in folder.iterdir() if path.suffix in _SUFFIXES}
    return sorted(found)


def find(kind: str, name: str) -> Path:
    """Return the file of an entry: a path if it is one, else the first on the search path."""
    given = Path(name)
    if given.suffix in _SUFFIXES and given.is_file():
        return given
    if given.suffix in _SUFFIXES or os.sep in name:
        raise LibraryError(f"{name}: no such file (expected a {check_kind(kind)})")
    for folder in folders(kind):
        for suffix in _SUFFIXES:
            if (folder / f"{name}{suffix}").is_file():
                return folder / f"{name}{suffix}"
    raise LibraryError(f"{check_kind(kind)} '{name}' not found. {did_you_mean(name, names(kind))}")


def tree(kind: str, name: str) -> dict[str, Any]:
    """Return the raw mapping of an entry, with what it inherits by `base:` merged in."""
    return _inherit(kind, find(kind, name), [])


def load(kind: str, name: str) -> Spec:
    """Return the specification of an entry."""
    return entry(check_kind(kind), str(name)).spec


def entry(kind: str, name: str) -> Entry:
    """Return an entry with its provenance, as first read; SpecError lists every problem of its file."""
    key = kind, os.path.abspath(name) if name.endswith(_SUFFIXES) else name
    if key not in _entries:
        path = find(kind, name)
        files: list[Path] = []
        found = parse(kind, path, _inherit(kind, path, files))
        _entries[key] = found, _stamps(files)
    return _entries[key][0]


def refresh() -> None:
    """Forget the entries whose files have changed, or that another file stands for now."""
    for (kind, name), (known, stamps) in list(_entries.items()):
        try:
            same = find(kind, name) == known.path and _stamps(list(stamps)) == stamps
        except (LibraryError, OSError):
            same = False
        if not same:
            del _entries[kind, name]


def forget() -> None:
    """Forget all entries: they are read anew."""
    _entries.clear()


def _stamps(files: list[Path]) -> Stamps:
    return {path: (status.st_mtime_ns, status.st_size) for path in files for status in [path.stat()]}


def parse(kind: str, path: Path, raw: dict[str, Any]) -> Entry:
    """Validate a raw mapping as one entry of `kind`; library data must name source and status."""
    content = dict(raw)
    kind = check_kind(kind)
    _require_kind(kind, path, content)
    content.pop("kind", None)
    sources = origin.collect(content) if kind not in _UNSOURCED else []
    problems = origin.problems(sources)
    if problems:
        raise SpecError(path.name, problems)
    if kind not in _UNSOURCED:
        content.pop("source", None)
        content.pop("status", None)
    if kind not in _WITHOUT_INHERITANCE:
        content.pop("base", None)
    spec = validate(origin.strip(content), spec_class(kind), path.name)
    if problems := _range_problems(spec, sources):
        raise SpecError(path.name, problems)
    return Entry(kind, path.stem, path, spec, tuple(sources), raw)


def _range_problems(spec: Any, sources: list[Provenance]) -> list[Problem]:
    """Return what is wrong with the ranges of values: their units, their order."""
    ranges = {item.key: item.range for item in sources if item.range is not None}
    found = []
    for key, _ in leaves(spec) if ranges and isinstance(spec, Spec) else ():
        if key.name not in ranges or not key.numeric:
            continue
        try:
            low, high = (float(end) if key.quantity is None else key.quantity.convert(end) for end in ranges[key.name])
        except ValueError as error:
            found.append(Problem(f"{key.name}.range", str(error)))
            continue
        if not low < high:
            found.append(Problem(f"{key.name}.range", "the lower bound must come first"))
    return found


def _require_kind(kind: str, path: Path, raw: dict[str, Any]) -> None:
    if raw.get("kind", kind) != kind:
        raise SpecError(path.name, [Problem("kind", f"is '{raw['kind']}', expected '{kind}'")])


def _inherit(kind: str, path: Path, seen: list[Path]) -> dict[str, Any]:
    """Return what a file says with what it inherits; the files that are read are added to `seen`."""
    if path in seen:
        raise SpecError(path.name, [Problem("base", f"inherits from itself through {seen[-1].name}")])
    seen.append(path)
    raw = read_yaml(path)
    _require_kind(check_kind(kind), path, raw)
    if "base" not in raw or check_kind(kind) in _WITHOUT_INHERITANCE:
        return raw
    parent = _inherit(kind, find(kind, str(raw["base"])), seen)
    return merge(parent, {key: value for key, value in raw.items() if key != "base"})


def merge(parent: dict[str, Any], child: dict[str, Any]) -> dict[str, Any]:
    """Return `parent` with the keys of `child` laid over it, mapping by mapping."""
    merged = dict(parent)
    for key, value in child.items():
        old = merged.get(key)
        both_maps = isinstance(value, dict) and isinstance(old, dict)
        if both_maps and not origin.is_sourced(value) and not origin.is_sourced(old):
            merged[key] = merge(cast(dict[str, Any], old), value)
        else:
            merged[key] = value
    return merged


def _environment_folders() -> list[Path]:
    return [Path(part) for part in os.environ.get("TWIN_DATA", "").split(os.pathsep) if part]
