"""What a stack file may get wrong beyond single keys: references, places, ways out for the heat."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from twin.errors import LibraryError, Problem, SpecError
from twin.library import load
from twin.spec.stack import FACES, Boundary, Microchannels, Rectangle, Stack

_LARGEST = 20_000_000
_MEMORY_PER_UNKNOWN = 1.2e-6  # GB, measured on wafer stacks


def check_stack(stack: Stack, where: str) -> None:
    """Raise SpecError with every problem of a stack."""
    problems = [
        *_names(stack),
        *_references(stack),
        *_channels(stack),
        *_sources(stack),
        *_probes(stack),
        *_times(stack),
        *_ways_out(stack),
        *_size(stack),
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
    axes = {
        *(layer.microchannels.axis for layer in stack.layers if layer.microchannels),
        *(b.coolant_film.axis for b in (stack.boundaries.bottom, stack.boundaries.top) if b.coolant_film),
    }
    if len(axes) > 1:
        yield Problem("layers", "all channels and coolant films of a stack must run along the same axis")
    for face in FACES[2:]:
        if boundary(stack, face).coolant_film is not None:
            yield Problem(f"boundaries.{face}.coolant_film", "may lie on `bottom` or `top` only")
    for index, layer in enumerate(stack.layers):
        if layer.microchannels is not None:
            yield from _slots(f"layers.{index}.microchannels", layer.microchannels, stack)


def _slots(key: str, channels: Microchannels, stack: Stack) -> Iterator[Problem]:
    if channels.slots is None:
        return
    extent = stack.size.x if channels.axis == "x" else stack.size.y
    if channels.direction != "+":
        yield Problem(f"{key}.direction", "slots decide where the coolant flows; leave `direction` out")
    places = sorted([*channels.slots.inlets, *channels.slots.outlets])
    for place in places:
        if not 0 <= place <= extent * (1 + 1e-9):
            yield Problem(f"{key}.slots", f"{place:g} m lies outside 0 to {extent:g} m")
    if any(b - a < 1e-6 * extent for a, b in itertools.pairwise(places)):
        yield Problem(f"{key}.slots", "two slots at the same place")


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


def _ways_out(stack: Stack) -> Iterator[Problem]:
    """A steady state needs a film, a fixed temperature or a coolant."""
    if stack.transient is not None and stack.transient.initial != "steady":
        return
    faces = [boundary(stack, face) for face in FACES]
    cooled = any(b.film or b.temperature is not None or b.coolant_film for b in faces)
    if not cooled and not any(layer.microchannels for layer in stack.layers):
        yield Problem("boundaries", "no way out for the heat: give a film, a temperature, a coolant or channels")


def _size(stack: Stack) -> Iterator[Problem]:
    if stack.cells is None:
        return
    through = sum(layer.cells or 4 for layer in stack.layers) + 1
    unknowns = (stack.cells.x + 1) * (stack.cells.y + 1) * through
    if unknowns > _LARGEST:
        memory = unknowns * _MEMORY_PER_UNKNOWN
        yield Problem("cells", f"gives {unknowns:.2g} unknowns, about {memory:.0f} GB; at most {_LARGEST:.2g}")


def boundary(stack: Stack, face: str) -> Boundary:
    """Return what happens at a face."""
    found = getattr(stack.boundaries, face)
    assert isinstance(found, Boundary)
    return found
