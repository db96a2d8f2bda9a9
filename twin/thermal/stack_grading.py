"""The first mesh of a stack: fine where heat enters, turns or leaves, coarse elsewhere.

The wanted size of elements is a distance to the nearest such place, times a slope, plus a share of the
local length: the extent of a source, the spreading length sqrt(sum(k t) / G) of the stack with G its
conductance to the coolant, the thickness of a layer, or how far heat diffuses until the first reported
time. One factor over all sizes then brings the mesh to a moderate number of unknowns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from twin.fe.tensor import Array
from twin.spec.clog import Clog
from twin.spec.stack import FACES, MeanRegion, Microchannels, Rectangle, Stack
from twin.thermal.layers import Layer, nodes_between
from twin.thermal.stack_check import boundary
from twin.thermal.stack_mesh import StackMesh, distinct, graded

USUAL_UNKNOWNS = 150_000
"""Unknowns of a first mesh whose size is left open."""
USUAL_UNKNOWNS_OF_A_STRIP = 50_000
"""Of a stack whose temperatures vary along x or y alone."""
_USUAL_WORK = 20_000_000
"""Unknowns times steps of a transient on such a mesh, as long as it keeps a fifth of the unknowns."""
_USUAL_STEPS = 200
"""Steps of a transient that chooses them itself."""
_USUAL_PLANES = 120

_SHARE = 1 / 16
"""Finest element over the local length, before the common factor."""
_SLOPE = 0.35
"""Growth of elements with the distance from such a place."""
_COARSEST = 1 / 12
"""Largest element over the extent."""
_FINEST_FACTOR, _COARSEST_FACTOR = 1 / 8, 8.0
_FINEST_FACTOR_BESIDE_CELLS = 1 / 2
_BISECTIONS = 8
_MOST_ALIGNED_EDGES, _MOST_ALIGNED_CELLS = 60, 200
"""Edges of sources along one axis that nodes are put on: in a graded mesh, and between given cells."""
_MOST_PROBE_PLACES = 12
_DEVELOPED_NUSSELT = 4.36


@dataclass(frozen=True)
class _Marks:
    """Places with the length of what happens there, in m."""

    places: Array
    lengths: Array

    def size(self, factor: float, largest: float) -> _Size:
        return _Size(self, factor, largest)


@dataclass(frozen=True)
class _Size:
    """Wanted size of the elements at given places."""

    marks: _Marks
    factor: float
    largest: float

    def __call__(self, points: Array) -> Array:
        size = np.full(points.shape, self.largest)
        for place, length in zip(self.marks.places, self.marks.lengths, strict=True):
            size = np.minimum(size, _SHARE * length + _SLOPE * np.abs(points - place))
        return self.factor * size


def first_mesh(stack: Stack, layers: Sequence[Layer], most: int | None = None) -> StackMesh:
    """Return the mesh to start from: `cells` where they are given, graded elsewhere; `most` unknowns."""
    spreading = spreading_length(stack, layers)
    marks = {axis: _lateral_marks(stack, layers, axis, spreading) for axis in ("x", "y")}

    kept = tuple(np.array(_slots(stack, axis)) for axis in ("x", "y"))
    aligned = tuple(np.array([*_edges(stack, axis), *_probe_places(stack, axis)]) for axis in ("x", "y"))
    contacts = tuple(layer.contact_resistance_below for layer in layers)

    def through(factor: float) -> tuple[Array, ...]:
        return tuple(_through(stack, layers, index, spreading, factor) for index in range(len(layers)))

    def mesh(factor: float) -> StackMesh:
        x, y = (_lateral(stack, axis, marks[axis], factor) for axis in ("x", "y"))
        z = through(max(factor, finest_through))
        return StackMesh(x, y, z, contacts, (kept[0], kept[1]), (aligned[0], aligned[1]), stack.degree)

    finest_through = _smallest(lambda factor: sum(edges.size for edges in through(factor)) <= _USUAL_PLANES)
    usual = most or usual_unknowns(stack)
    return mesh(_smallest(lambda factor: mesh(factor).unknowns <= usual))


def _smallest(holds: Callable[[float], bool]) -> float:
    """Return the smallest factor over all sizes with which something holds, the largest one if none does."""
    low, high = _FINEST_FACTOR, _COARSEST_FACTOR
    if not holds(high):
        return high
    for _ in range(_BISECTIONS):
        middle = float(np.sqrt(low * high))
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def usual_unknowns(stack: Stack) -> int:
    """Return the unknowns of a first mesh; fewer for a transient of many steps."""
    transient = stack.transient
    most = USUAL_UNKNOWNS if varies(stack, "x") and varies(stack, "y") else USUAL_UNKNOWNS_OF_A_STRIP
    if transient is None:
        return most
    steps = _USUAL_STEPS if isinstance(transient.step, str) else transient.end / transient.step
    return int(np.clip(_USUAL_WORK / steps, most / 5, most))


def varies(stack: Stack, axis: str) -> bool:
    """Whether anything makes temperatures vary along an axis."""
    extent = getattr(stack.size, axis)
    inside = any(1e-9 * extent < edge < (1 - 1e-9) * extent for edge in _source_edges(stack, axis))
    maps = any(source.map is not None for source in stack.sources)
    sides = [f"{axis}_min", f"{axis}_max"]
    open_sides = any(boundary(stack, f).is_way_out or boundary(stack, f).heat_flux for f in sides)
    heated_sides = any(source.face in sides for source in stack.sources)
    return inside or maps or open_sides or heated_sides or _flows(stack, axis) or bool(_clogs(stack))


def _flows(stack: Stack, axis: str) -> bool:
    """Whether channels or a coolant film run along an axis."""
    films = (boundary(stack, face).coolant_film for face in FACES)
    return any(c.axis == axis for c in channels_of(stack)) or any(film.axis == axis for film in films if film)


def varies_laterally(stack: Stack) -> bool:
    """Whether temperatures vary along x or y."""
    return varies(stack, "x") or varies(stack, "y")


def spreading_length(stack: Stack, layers: Sequence[Layer]) -> float:
    """Return sqrt(sum(k t) / G), at least half the height of the stack and at most its extent, in m."""
    height = sum(layer.thickness for layer in layers)
    sheet = sum(max(layer.conductivity[:2]) * layer.thickness for layer in layers)
    conductance = 0.0
    for face in FACES[:2]:
        found = boundary(stack, face)
        conductance += found.film.coefficient if found.film else 0.0
        conductance += found.coolant_film.conductance if found.coolant_film else 0.0
        if found.temperature is not None:
            conductance += max(layer.conductivity[2] for layer in layers) / height
    for layer in stack.layers:
        if layer.microchannels:
            conductance += _channel_conductance(layer.microchannels, layer.thickness)
    extent = max(stack.size.x, stack.size.y)
    length = np.sqrt(sheet / conductance) if conductance else extent
    return float(np.clip(length, min(height / 2, extent), extent))


def channels_of(stack: Stack) -> list[Microchannels]:
    """Return the channel layers' channels from bottom to top."""
    return [layer.microchannels for layer in stack.layers if layer.microchannels]


def _channel_conductance(channels: Microchannels, height: float) -> float:
    """Conductance per plan area with developed flow, for the choice of a mesh, in W/m2/K."""
    from twin.thermal.coolant import load_coolant
    from twin.thermal.correlations import hydraulic_diameter

    wetted = (channels.width + height) * 2 / (channels.width + channels.wall)
    given = channels.heat_transfer
    if not isinstance(given, str) and given.coefficient is not None:
        return given.coefficient * wetted
    nusselt = _DEVELOPED_NUSSELT if isinstance(given, str) else given.nusselt or _DEVELOPED_NUSSELT
    conductivity = float(load_coolant(channels.coolant).conductivity(channels.inlet_temperature))
    return nusselt * conductivity / hydraulic_diameter(channels.width, height) * wetted


def _lateral(stack: Stack, axis: str, marks: _Marks, factor: float) -> Array:
    extent = getattr(stack.size, axis)
    edges = _edges(stack, axis)
    if stack.cells is not None:
        points = distinct([*_few(edges, _MOST_ALIGNED_CELLS), *_slots(stack, axis)], extent)
        return nodes_between(points, getattr(stack.cells, axis))
    if not varies(stack, axis):
        return distinct((), extent)
    points = distinct([*_few(edges, _MOST_ALIGNED_EDGES), *_slots(stack, axis), *_probe_places(stack, axis)], extent)
    return graded(points, marks.size(factor, _COARSEST * extent), 2 if points.size < 50 else 1)


def _few(places: Sequence[float], most: int) -> Sequence[float]:
    """Return places unless there are too many for nodes at all of them."""
    return places if len(set(places)) <= most else ()


def _lateral_marks(stack: Stack, layers: Sequence[Layer], axis: str, spreading: float) -> _Marks:
    """Edges of sources, slots, and sides through which heat passes."""
    extent = getattr(stack.size, axis)
    diffusion = min((_diffusion(stack, layer) for layer in layers), default=np.inf)
    shortest = min(extent, spreading, max(diffusion, spreading / 100))
    found: list[tuple[float, float]] = []
    for rectangle in _rectangles(stack):
        low, high = getattr(rectangle, axis)
        found += [(edge, min(high - low, shortest)) for edge in (low, high) if 0 < edge < extent * (1 - 1e-9)]
    slots = _slots(stack, axis)
    found += [(place, extent / len(slots)) for place in slots]
    for face, place in ((f"{axis}_min", 0.0), (f"{axis}_max", extent)):
        if boundary(stack, face).is_way_out or boundary(stack, face).heat_flux:
            found.append((place, min(extent / 2, max(diffusion, extent / 100))))
    if _flows(stack, axis):
        found += [(0.0, spreading), (extent, spreading)]
    return _Marks(np.array([p for p, _ in found]), np.array([length for _, length in found]))


def _through(stack: Stack, layers: Sequence[Layer], index: int, spreading: float, factor: float) -> Array:
    """Edges of the elements of a layer."""
    low = sum(layer.thickness for layer in layers[:index])
    layer, given = layers[index], stack.layers[index]
    high = low + layer.thickness
    if given.cells is not None:
        return np.linspace(low, high, given.cells + 1)
    if stack.cells is not None and varies_laterally(stack):
        factor = max(factor, _FINEST_FACTOR_BESIDE_CELLS)
    lateral = min((min(r.x[1] - r.x[0], r.y[1] - r.y[0]) for r in _rectangles(stack)), default=np.inf)
    length = min(2 * layer.thickness, max(lateral, layer.thickness / 50), _diffusion(stack, layer))
    marks = _Marks(np.array([low, high]), np.full(2, length))
    heights = [p.z for p in stack.probes.values() if p.z is not None and low < p.z < high]
    inside = (
        distinct([z - low for z in heights], layer.thickness) + low
        if len(heights) <= _MOST_PROBE_PLACES
        else (low, high)
    )
    return graded(inside, marks.size(factor, layer.thickness / 4))


def _diffusion(stack: Stack, layer: Layer) -> float:
    """How far heat diffuses in a layer until the first reported time after a switch, in m."""
    transient = stack.transient
    if transient is None:
        return np.inf
    switches = [0.0, *(time for source in stack.sources for time, _ in source.schedule)]
    times = [t for t in transient.times if t > 0] or [transient.end]
    waits = [min((t - s for t in times if t > s), default=np.inf) for s in switches]
    return float(np.sqrt(max(layer.conductivity) / layer.heat_capacity * min(waits)))


def _rectangles(stack: Stack) -> Iterator[Rectangle | MeanRegion]:
    """Where heat enters, and where its mean is asked for: reciprocal places get one mesh."""
    yield from (source.rectangle for source in stack.sources if source.rectangle)
    yield from (probe.mean for probe in stack.probes.values() if probe.mean)


def _source_edges(stack: Stack, axis: str) -> list[float]:
    return [edge for source in stack.sources if source.rectangle for edge in getattr(source.rectangle, axis)]


def _edges(stack: Stack, axis: str) -> list[float]:
    """Edges of sources, of the regions of means, and of clogged patches."""
    clogs = [edge for clog in _clogs(stack) for edge in getattr(clog, axis)]
    return [*clogs, *(edge for rectangle in _rectangles(stack) for edge in getattr(rectangle, axis))]


def _probe_places(stack: Stack, axis: str) -> list[float]:
    """Places of point probes, if these are not too many: nodes there make errors on two meshes alike."""
    found = {place for probe in stack.probes.values() if (place := getattr(probe, axis)) is not None}
    return list(_few(sorted(found), _MOST_PROBE_PLACES))


def _slots(stack: Stack, axis: str) -> list[float]:
    return [p for c in channels_of(stack) if c.slots and c.axis == axis for p in (*c.slots.inlets, *c.slots.outlets)]


def _clogs(stack: Stack) -> list[Clog]:
    return [clog for channels in channels_of(stack) for clog in channels.clogged]
