"""A power grid alone, solved on nested meshes until the error that they show is small."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import splu

from twin.delivery.sheet import distinct, nodal_load
from twin.fe.grid import assemble_sheet
from twin.spec.grid import GridProblem, GridRectangle

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class MeshControl:
    """Numerics: cells along the longer side to begin with, growth of cells away from supplies and steps
    of the load, relative error at which refinement ends, and the most nodes."""

    cells: int = 24
    growth: float = 0.25
    target: float = 1e-5
    most_nodes: int = 200_000


@dataclass(frozen=True)
class GridResult:
    """Drops in V, currents in A, loss in W, and the estimated error of the drops in V."""

    max_drop: float
    mean_drop: float
    probes: dict[str, float]
    supply_current: float
    feed_current: float
    loss: float
    error_estimate: float
    nodes: int

    def as_json(self) -> dict[str, Any]:
        """Return the object that `twin grid --json` prints."""
        return {
            "max_drop_V": self.max_drop,
            "mean_drop_V": self.mean_drop,
            "probes": {name: {"drop_V": drop} for name, drop in self.probes.items()},
            "supply_current_A": self.supply_current,
            "feed_current_A": self.feed_current,
            "loss_W": self.loss,
            "error_estimate_V": self.error_estimate,
        }


def solve_grid(problem: GridProblem, control: MeshControl | None = None) -> GridResult:
    """Return the drops and currents of a grid.

    Each mesh halves the cells of the one before; from three of them follow the observed order of each
    reported drop, taken between 1 (corners of pads) and 2 (smooth), and the error of the last.

    Parameters
    ----------
    problem : GridProblem
        Sheet, loads and supplies.
    control : MeshControl, optional
        Numerics.
    """
    control = control or MeshControl()
    x, y = (_starting_nodes(problem, axis, control) for axis in ("x", "y"))
    results: list[GridResult] = []
    while True:
        results.append(solve_on(problem, x, y))
        estimate = _error(results)
        small = estimate <= control.target * abs(results[-1].max_drop)
        if small or 4 * x.size * y.size > control.most_nodes:
            break
        x, y = _halve(x), _halve(y)
    return replace(results[-1], error_estimate=estimate)


def solve_on(problem: GridProblem, x: FloatArray, y: FloatArray) -> GridResult:
    """Return the solution on the mesh with nodes `x` and `y` in m; its error is not estimated (nan)."""
    cells = (y.size - 1, x.size - 1)
    feed = np.full(cells, problem.vertical_conductance or 0.0)
    matrices = assemble_sheet(x, y, np.full(cells, problem.sheet_resistance), feed)
    density = np.full(cells, problem.current_density)
    for load in problem.extra:
        density[_covered(load.rectangle, x, y, cells=True)] += load.current_density
    held = _held(problem, x, y).ravel()
    free = ~held
    load_vector = nodal_load(density, x, y).ravel()
    system = (matrices.sheet + matrices.feed).tocsr()
    drop = np.zeros(load_vector.size)
    drop[free] = splu(system[free][:, free].tocsc(), permc_spec="MMD_AT_PLUS_A").solve(load_vector[free])
    reaction = load_vector - system @ drop
    field = drop.reshape(y.size, x.size)
    return GridResult(
        max_drop=float(drop.max()),
        mean_drop=float((matrices.mass @ drop).sum() / (problem.size.x * problem.size.y)),
        probes={name: _at(field, x, y, probe.x, probe.y) for name, probe in problem.probes.items()},
        supply_current=float(reaction[held].sum()),
        feed_current=float((matrices.feed @ drop).sum()),
        loss=float(drop @ (system @ drop)),
        error_estimate=float("nan"),
        nodes=drop.size,
    )


def _held(problem: GridProblem, x: FloatArray, y: FloatArray) -> BoolArray:
    """Nodes at zero drop, shape (ny, nx)."""
    held = np.zeros((y.size, x.size), dtype=bool)
    rows = {"y_min": 0, "y_max": -1}
    columns = {"x_min": 0, "x_max": -1}
    for edge in problem.supplies.edges:
        if edge in rows:
            held[rows[edge], :] = True
        else:
            held[:, columns[edge]] = True
    for pad in problem.supplies.pads:
        held[_covered(pad.rectangle, x, y, cells=False)] = True
    return held


def _covered(
    rectangle: GridRectangle, x: FloatArray, y: FloatArray, cells: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Index of the cells, or of the nodes, inside a rectangle whose edges are lines of the mesh."""
    inside: list[NDArray[np.int64]] = []
    for nodes, (low, high) in ((y, rectangle.y), (x, rectangle.x)):
        slack = 1e-9 * (nodes[-1] - nodes[0])
        places = (nodes[1:] + nodes[:-1]) / 2 if cells else nodes
        inside.append(np.flatnonzero((places >= low - slack) & (places <= high + slack)))
    rows, columns = inside
    return rows[:, None], columns[None, :]


def _starting_nodes(problem: GridProblem, axis: str, control: MeshControl) -> FloatArray:
    """Lines of the coarsest mesh along an axis: all edges and probes, cells graded towards supplies."""
    size = getattr(problem.size, axis)
    rectangles = [load.rectangle for load in problem.extra] + [pad.rectangle for pad in problem.supplies.pads]
    edges = [end for rectangle in rectangles for end in getattr(rectangle, axis)]
    probes = [getattr(probe, axis) for probe in problem.probes.values()]
    lines = distinct(np.clip(np.array([0.0, size, *edges, *probes]), 0.0, size), 1e-9 * size)
    coarse = max(problem.size.x, problem.size.y) / control.cells
    fine = [pad.side / 2 for pad in problem.supplies.pads]
    centres = np.array([getattr(pad, axis) for pad in problem.supplies.pads])
    pieces = [lines[:1]]
    for low, high in itertools.pairwise(lines):
        sample = np.linspace(low, high, 65)
        width = np.full(sample.size, coarse)
        for centre, smallest in zip(centres, fine, strict=True):
            away = np.maximum(np.abs(sample - centre) - smallest, 0.0)
            width = np.minimum(width, smallest + control.growth * away)
        middle = (1 / width[1:] + 1 / width[:-1]) / 2 * np.diff(sample)
        passed = np.concatenate([[0.0], np.cumsum(middle)])
        count = max(int(np.ceil(passed[-1])), 1)
        pieces.append(np.interp(np.linspace(0, passed[-1], count + 1)[1:], passed, sample))
    return np.concatenate(pieces)


def _halve(nodes: FloatArray) -> FloatArray:
    finer = np.empty(2 * nodes.size - 1)
    finer[::2], finer[1::2] = nodes, (nodes[1:] + nodes[:-1]) / 2
    return finer


def _error(results: list[GridResult]) -> float:
    """Richardson's estimate of the largest error of the last mesh's drops; infinite before the third."""
    if len(results) < 3:
        return float("inf")
    first, second, third = (
        np.array([result.max_drop, result.mean_drop, *result.probes.values()]) for result in results[-3:]
    )
    last_change = np.abs(third - second)
    moved = np.where(last_change > 0, last_change, 1.0)
    order = np.clip(np.log2(np.maximum(np.abs(second - first) / moved, 1.0)), 1.0, 2.0)
    return float((last_change / (2**order - 1)).max())


def _at(field: FloatArray, x: FloatArray, y: FloatArray, at_x: float, at_y: float) -> float:
    """Bilinear interpolation at a point."""
    along_x = np.array([np.interp(at_x, x, row) for row in field])
    return float(np.interp(at_y, y, along_x))
