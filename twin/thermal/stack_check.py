"""What a stack file may get wrong beyond single keys: references, places, ways out for the heat."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

from twin.errors import LibraryError, Problem, SpecError
from twin.library import load
from twin.spec.stack import FACES, Boundary, Microchannels, Rectangle, Stack
from twin.thermal import stack_memory
from twin.thermal.clogging import clog_problems
from twin.thermal.stack_raster import read_map

_COINCIDE = 1e-9
_FEWEST_CELLS = 2
_MOST_STEPS = 1_000_000
_LONGEST = 2.0
"""m; a stack longer than this and very thin is likely written in the wrong unit."""
_SLENDEREST = 2e3


def check_stack(stack: Stack, where: str, folder: Path | None = None, fits_now: bool = True) -> None:
    """Raise SpecError with every problem of a stack, its maps in `folder` included.

    `fits_now` refuses as well what needs more memory than this machine has free at the moment.
    """
    problems = [
        *_names(stack),
        *_references(stack),
        *_channels(stack),
        *_sources(stack),
        *_maps(stack, folder),
        *_probes(stack),
        *_times(stack),
        *_ways_out(stack),
        *_extent(stack),
        *_cells(stack, fits_now),
    ]
    if problems:
        raise SpecError(where, problems)


def _names(stack: Stack) -> Iterator[Problem]:
    names = [layer.name for layer in stack.layers]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield Problem(f"layers.{index}.name", f"'{name}' is used twice; layers need different names")
    if stack.layers[0].contact_resistance_below > 0:
        yield Problem("layers.0.contact_resistance_below", "the lowest layer has nothing below; use a film on `bottom`")


def _references(stack: Stack) -> Iterator[Problem]:
    for index, layer in enumerate(stack.layers):
        channels = layer.microchannels
        given: list[tuple[str, str, object]] = [("material", "material", layer.material)]
        if channels is not None:
            given = [
                ("material", "microchannels.wall_material", channels.wall_material),
                ("coolant", "microchannels.coolant", channels.coolant),
            ]
        for kind, key, name in given:
            if isinstance(name, str):
                try:
                    load(kind, name)
                except LibraryError as error:
                    yield Problem(f"layers.{index}.{key}", str(error))


def _channels(stack: Stack) -> Iterator[Problem]:
    for face in FACES[2:]:
        if boundary(stack, face).coolant_film is not None:
            yield Problem(f"boundaries.{face}.coolant_film", "may lie on `bottom` or `top` only")
    for index, layer in enumerate(stack.layers):
        if layer.microchannels is not None:
            yield from _slots(f"layers.{index}.microchannels", layer.microchannels, stack)


def _slots(key: str, channels: Microchannels, stack: Stack) -> Iterator[Problem]:
    extent, across = (stack.size.x, stack.size.y) if channels.axis == "x" else (stack.size.y, stack.size.x)
    if channels.width + channels.wall > across * (1 + _COINCIDE):
        yield Problem(f"{key}.width", f"a channel and its wall are wider than the stack, {across:g} m across the flow")
    yield from clog_problems(channels.clogged, stack.size.x, stack.size.y, f"{key}.clogged")
    if channels.slots is None:
        return
    if channels.direction != "+":
        yield Problem(f"{key}.direction", "slots decide where the coolant flows; leave `direction` out")
    places = sorted([*channels.slots.inlets, *channels.slots.outlets])
    for place in places:
        if not -_COINCIDE * extent <= place <= extent * (1 + _COINCIDE):
            yield Problem(f"{key}.slots", f"{place:g} m lies outside 0 to {extent:g} m")
    gaps = [b - a for a, b in itertools.pairwise(places)]
    if any(gap < 1e-6 * extent for gap in gaps):
        yield Problem(f"{key}.slots", "two slots at the same place")
    elif any(gap < channels.slots.width for gap in gaps):
        yield Problem(f"{key}.slots.width", f"slots of {channels.slots.width:g} m overlap")


def _sources(stack: Stack) -> Iterator[Problem]:
    for index, source in enumerate(stack.sources):
        key = f"sources.{index}"
        if source.layer is not None:
            yield from _layer_name(stack, f"{key}.layer", source.layer)
        if source.rectangle is not None:
            yield from _inside(stack, f"{key}.rectangle", source.rectangle)
            if source.face is not None and source.face not in ("bottom", "top"):
                yield Problem(f"{key}.rectangle", "a rectangle may lie on `bottom` or `top`; side faces are whole")
        if source.face is not None and boundary(stack, source.face).temperature is not None:
            yield Problem(f"{key}.face", f"{source.face} has a fixed temperature, which excludes a source")


def _maps(stack: Stack, folder: Path | None) -> Iterator[Problem]:
    """Maps that cannot be read, where their folder is known."""
    for index, source in enumerate(stack.sources):
        if source.map is not None and folder is not None:
            try:
                read_map(folder / source.map, key=f"sources.{index}.map")
            except SpecError as error:
                yield from (Problem(p.key, f"{source.map}: {p.message}") for p in error.problems)


def _inside(stack: Stack, key: str, rectangle: Rectangle) -> Iterator[Problem]:
    for axis, extent in (("x", stack.size.x), ("y", stack.size.y)):
        low, high = getattr(rectangle, axis)
        if low < -1e-9 * extent or high > extent * (1 + 1e-9):
            yield Problem(f"{key}.{axis}", f"{low:g} to {high:g} m leaves the stack, 0 to {extent:g} m")


def _probes(stack: Stack) -> Iterator[Problem]:
    height = sum(layer.thickness for layer in stack.layers)
    for name, probe in stack.probes.items():
        key = f"probes.{name}"
        if probe.layer is not None:
            yield from _layer_name(stack, f"{key}.layer", probe.layer)
        if probe.mean is not None:
            for axis, low, high, extent in (
                ("x", *probe.mean.x, stack.size.x),
                ("y", *probe.mean.y, stack.size.y),
            ):
                if not -1e-9 * extent <= low < high <= extent * (1 + 1e-9):
                    yield Problem(f"{key}.mean.{axis}", f"must be [low, high] within 0 to {extent:g} m")
            continue
        for axis, place, extent in (
            ("x", probe.x, stack.size.x),
            ("y", probe.y, stack.size.y),
            ("z", probe.z, height),
        ):
            if place is not None and not -1e-9 * extent <= place <= extent * (1 + 1e-9):
                yield Problem(f"{key}.{axis}", f"{place:g} m lies outside the stack, 0 to {extent:g} m")
        if probe.z is not None and any(abs(probe.z - z) < 1e-9 * height for z in _jumps(stack)):
            yield Problem(f"{key}.z", "lies on a temperature jump; say `layer` and `face` to choose the side")


def _jumps(stack: Stack) -> Iterator[float]:
    z = 0.0
    for layer in stack.layers:
        if layer.contact_resistance_below > 0:
            yield z
        z += layer.thickness


def _layer_name(stack: Stack, key: str, name: str) -> Iterator[Problem]:
    try:
        stack.layer_index(name)
    except ValueError as error:
        yield Problem(key, str(error))


def _times(stack: Stack) -> Iterator[Problem]:
    transient = stack.transient
    if transient is None:
        return
    for index, time in enumerate(transient.times):
        if time > transient.end * (1 + 1e-12):
            yield Problem(f"transient.times.{index}", f"{time:g} s lies after the end, {transient.end:g} s")
    if not isinstance(transient.step, str) and transient.end > _MOST_STEPS * transient.step:
        steps = transient.end / transient.step
        yield Problem("transient.step", f"gives {steps:.2g} steps, at most {_MOST_STEPS:.2g}; use `step: auto`")


def _ways_out(stack: Stack) -> Iterator[Problem]:
    """A steady state needs a film, radiation, a fixed temperature or a coolant."""
    if stack.transient is not None and stack.transient.initial != "steady":
        return
    if any(boundary(stack, face).is_way_out for face in FACES) or any(layer.microchannels for layer in stack.layers):
        return
    yield Problem(
        "boundaries", "no way out for the heat: give a film, radiation, a temperature, a coolant film or channels"
    )


def _extent(stack: Stack) -> Iterator[Problem]:
    """Extents that are likely written in the wrong unit."""
    height = sum(layer.thickness for layer in stack.layers)
    for axis, extent in (("x", stack.size.x), ("y", stack.size.y)):
        if extent > _LONGEST and extent > _SLENDEREST * height:
            yield Problem(f"size.{axis}", f"{extent:g} m is {extent / height:.1e} times the height: is the unit right?")
    for index, layer in enumerate(stack.layers):
        if layer.thickness > _LONGEST and layer.thickness > _SLENDEREST * min(stack.size.x, stack.size.y):
            yield Problem(f"layers.{index}.thickness", f"{layer.thickness:g} m over a narrow stack: is the unit right?")


def _cells(stack: Stack, fits_now: bool) -> Iterator[Problem]:
    """Meshes larger than the machine's memory, or than any that is solved."""
    too_large = _unknowns(stack) > stack_memory.MOST_UNKNOWNS
    if not too_large and not (fits_now and lacks_memory(stack)):
        return
    through, along = _per_layer(stack), [stack.cells.x, stack.cells.y] if stack.cells else [1, 1]
    most = max(range(len(through)), key=lambda index: through[index])
    lateral = stack.cells is not None and max(along) >= through[most]
    key = "cells" if lateral else f"layers.{most}.cells"
    yield Problem(key, f"{_size(stack)}, and at most {stack_memory.MOST_UNKNOWNS:.2g} unknowns are solved")


def lacks_memory(stack: Stack) -> str:
    """Return how much more a stack needs than this machine has free at the moment; empty if it fits."""
    return _size(stack) if stack_memory.needed(_unknowns(stack), stack.degree) > stack_memory.free() else ""


def _size(stack: Stack) -> str:
    unknowns = _unknowns(stack)
    needed, free = stack_memory.needed(unknowns, stack.degree), stack_memory.free()
    return f"gives {unknowns:.2g} unknowns, which need about {needed / 1e9:.3g} GB; {free / 1e9:.3g} GB are free"


def _unknowns(stack: Stack) -> int:
    """Return the unknowns of the first mesh."""
    unknowns = sum(_per_layer(stack)) + 1
    for cells in (stack.cells.x, stack.cells.y) if stack.cells else (1, 1):
        unknowns *= cells * stack.degree + 1
    return unknowns


def _per_layer(stack: Stack) -> list[int]:
    """Return the intervals between unknowns through each layer."""
    return [(layer.cells or _FEWEST_CELLS) * stack.degree for layer in stack.layers]


def boundary(stack: Stack, face: str) -> Boundary:
    """Return what happens at a face."""
    found = getattr(stack.boundaries, face)
    assert isinstance(found, Boundary)
    return found
