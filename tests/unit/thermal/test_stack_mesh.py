"""Meshes of stacks: exact breaks, nested coarsening, sizes, and what the first mesh looks like."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.spec.documents import validate
from twin.spec.stack import Stack
from twin.thermal.stack_grading import USUAL_UNKNOWNS, first_mesh, varies
from twin.thermal.stack_mesh import StackMesh, distinct, graded
from twin.thermal.stack_model import layers_of

NOTHING = (np.array([]), np.array([]))


def box(x: int, y: int, layers: tuple[int, ...], **changes: Any) -> StackMesh:
    edges = tuple(np.linspace(i, i + 1, count + 1) for i, count in enumerate(layers))
    given_: dict[str, Any] = {"contacts": (0.0,) * len(layers), "kept": NOTHING, "aligned": NOTHING, **changes}
    return StackMesh(np.linspace(0, 1, x + 1), np.linspace(0, 1, y + 1), edges, **given_)


@settings(deadline=None, max_examples=40)
@given(places=st.lists(st.floats(0.01, 0.99), max_size=6), finest=st.floats(1e-4, 0.1))
def test_graded_edges_pass_through_every_break_in_pairs(places: list[float], finest: float) -> None:
    breaks = distinct(places, 1.0)
    edges = graded(breaks, lambda points: finest + 0.3 * np.abs(points - 0.3))
    stops = np.searchsorted(edges, breaks)
    np.testing.assert_array_equal(edges[stops], breaks)
    assert (np.diff(edges) > 0).all()
    assert (np.diff(stops) % 2 == 0).all()


def test_graded_edges_have_the_wanted_size() -> None:
    edges = graded((0.0, 1.0), lambda points: 1e-3 + 0.2 * points)
    sizes, middles = np.diff(edges), (edges[1:] + edges[:-1]) / 2
    np.testing.assert_allclose(sizes, 1e-3 + 0.2 * middles, rtol=0.08)


@pytest.mark.parametrize(("count", "coarse"), [(1, 1), (2, 1), (3, 1), (4, 2), (5, 2), (8, 4), (9, 4)])
def test_pairs_are_merged_and_an_odd_one_joins_the_last(count: int, coarse: int) -> None:
    fine = box(count, 4, (4,))
    merged = fine.coarse()
    assert merged.x.size - 1 == coarse
    assert set(merged.x) <= set(fine.x)


def test_kept_edges_stay_in_the_coarse_mesh() -> None:
    fine = box(9, 6, (2, 3), kept=(np.array([1 / 3]), np.array([])))
    assert np.abs(fine.coarse().x - 1 / 3).min() < 1e-12


def test_aligned_edges_give_way_where_nothing_else_would_become_coarser() -> None:
    edges = np.linspace(0, 1, 9)
    assert box(8, 2, (2,), aligned=(edges, np.array([]))).coarse().x.size - 1 == 4


def test_single_elements_are_split_to_see_what_they_do() -> None:
    fine = box(1, 4, (1, 4))
    coarse = fine.coarse()
    split = coarse.singles_split(fine, (False, True))
    assert split is not None
    assert [edges.size - 1 for edges in (split.x, split.y, *split.layers)] == [1, 2, 2, 2]
    again = coarse.singles_split(fine, (True, True))
    assert again is not None
    assert again.x.size - 1 == 2
    pairs = box(2, 4, (2, 4))
    assert pairs.coarse().singles_split(pairs, (True, True)) is None


@pytest.mark.parametrize("degree", [1, 2])
def test_unknowns_are_those_of_the_grid(degree: int) -> None:
    mesh = box(4, 6, (2, 3, 4), contacts=(0.0, 1e-5, 0.0), degree=degree)
    assert mesh.unknowns == mesh.grid.size
    assert mesh.refined(("x", "z")).unknowns == mesh.refined(("x", "z")).grid.size


def spreader(**changes: Any) -> Stack:
    tree: dict[str, Any] = {
        "kind": "stack",
        "size": {"x": "40 mm", "y": "20 mm"},
        "layers": [
            {"name": "die", "thickness": "0.5 mm", "material": "silicon"},
            {"name": "lid", "thickness": "3 mm", "material": "copper"},
        ],
        "boundaries": {"top": {"film": {"coefficient": "5000 W/m^2/K", "ambient": "25 degC"}}},
        "sources": [{"layer": "die", "power": "1 W", "rectangle": {"x": ["3 mm", "4 mm"], "y": ["7 mm", "9 mm"]}}],
        **changes,
    }
    stack = validate(tree, Stack, "stack.yaml")
    assert isinstance(stack, Stack)
    return stack


def mesh_of(stack: Stack) -> StackMesh:
    return first_mesh(stack, layers_of(stack, False))


def test_first_mesh_is_fine_at_the_source_and_of_moderate_size() -> None:
    mesh = mesh_of(spreader())
    assert USUAL_UNKNOWNS / 3 < mesh.unknowns <= USUAL_UNKNOWNS
    sizes = np.diff(mesh.x)
    assert np.abs(mesh.x - 3e-3).min() < 1e-15
    at_edge = sizes[np.searchsorted(mesh.x, 3e-3)]
    assert at_edge < 0.2e-3
    assert sizes.max() > 10 * at_edge


def test_first_mesh_has_one_element_where_nothing_varies() -> None:
    mesh = mesh_of(spreader(sources=[{"layer": "die", "power": "1 W"}]))
    assert (mesh.x.size, mesh.y.size) == (2, 2)
    strip = spreader(
        sources=[{"layer": "die", "power": "1 W", "rectangle": {"x": ["3 mm", "4 mm"], "y": ["0 mm", "20 mm"]}}]
    )
    assert (varies(strip, "x"), varies(strip, "y")) == (True, False)


def test_given_cells_are_the_mesh() -> None:
    stack = spreader(
        cells={"x": 40, "y": 20},
        layers=[
            {"name": "die", "thickness": "0.5 mm", "material": "silicon", "cells": 3},
            {"name": "lid", "thickness": "3 mm", "material": "copper", "cells": 1},
        ],
    )
    mesh = mesh_of(stack)
    assert [edges.size - 1 for edges in (mesh.x, mesh.y, *mesh.layers)] == [40, 20, 3, 1]


def test_many_sources_do_not_blow_up_the_mesh() -> None:
    rng = np.random.default_rng(1)
    sources = [
        {
            "layer": "die",
            "power": "1 W",
            "rectangle": {axis: [f"{low!r} mm", f"{low + 0.5!r} mm"] for axis, low in corner},
        }
        for corner in (zip("xy", place, strict=True) for place in rng.uniform(0, 19, (300, 2)).tolist())
    ]
    assert mesh_of(spreader(sources=sources)).unknowns <= 2 * USUAL_UNKNOWNS


def test_early_times_ask_for_thin_elements() -> None:
    def first(time: str) -> float:
        transient = {"end": "1 s", "step": "auto", "initial": "25 degC", "times": [time]}
        stack = spreader(sources=[{"layer": "die", "power": "1 W"}], transient=transient)
        return float(np.diff(mesh_of(stack).layers[0])[0])

    assert first("1 us") < first("1 ms") / 5
