"""Two heated dies with channels above each, in the middle of a stack; along either axis, clogged in a patch."""

from dataclasses import replace

import numpy as np
import pytest

from twin.fe.heat import HeatModel, HeatSystem
from twin.spec.clog import Clog
from twin.spec.documents import validate
from twin.spec.stack import Stack
from twin.thermal.bed import ChannelBed
from twin.thermal.clogging import Clogging
from twin.thermal.coolant import load_coolant
from twin.thermal.hydraulics import ChannelGeometry, Layout
from twin.thermal.layers import build_grid, channel_layer, solid_layer, wetted_walls
from twin.thermal.stack import solve_stack
from twin.thermal.stack_outcome import outcome

GEOMETRY = ChannelGeometry(width=100e-6, wall=100e-6, height=300e-6)
NODES = np.linspace(0, 20e-3, 11)
FLOW, INLET = 5e-6, 293.15
CHANNELS = (1, 3)
PATCH = {"x": ("2 mm", "6 mm"), "y": ("2 mm", "12 mm")}


def clog(**place):
    return Clog(**place, resistance_factor=6)


def layers(axes):
    """Lower die and channels, upper die and channels, cap."""
    channels = channel_layer("channels", GEOMETRY, 2, "silicon", 0.6)
    across, along, through = channels.conductivity
    turned = {"y": channels, "x": replace(channels, conductivity=(along, across, through))}
    die, cap = solid_layer("die", 3e-4, 2, "silicon"), solid_layer("cap", 3e-4, 1, "silicon")
    return [die, turned[axes[0]], die, turned[axes[1]], cap]


def solve(axes, clogs=(), watts=(120.0, 80.0)):
    """Return solid and coolant over the inlet, and the heat of each stream."""
    stack = layers(axes)
    grid = build_grid(NODES, NODES, stack)
    model = HeatModel(
        grid, np.array([layer.conductivity for layer in stack]), np.array([layer.heat_capacity for layer in stack])
    )
    streams = []
    for index, axis in zip(CHANNELS, axes, strict=True):
        widths = grid.x_weights if axis == "y" else grid.y_weights
        clogging = Clogging.over(clogs, widths, NODES, axis)
        walls = (wetted_walls(grid, index, GEOMETRY),)
        layout = (Layout.single_pass(NODES),)
        water = load_coolant("water")
        bed = ChannelBed(GEOMETRY, layout, walls, widths, water, INLET, axis=axis, clogging=clogging)
        streams += bed.streams(FLOW, INLET, bed.uniform(INLET))[0]
    heat = sum(
        power / 4e-4 * model.nodal(grid.x_weights, grid.y_weights, np.eye(grid.z.size)[grid.layer_planes[index][0]])
        for power, index in zip(watts, (0, 2), strict=True)
    )
    guess = np.full(grid.shape, INLET)
    state, balance, _ = HeatSystem(model, streams, None).at(streams).solve(heat, guess, 1e-8)
    assert sum(balance.streams) == pytest.approx(sum(watts), rel=1e-9)
    return state.solid - INLET, [field - INLET for field in state.coolant], balance.streams


def test_channels_along_x_are_those_along_y_turned():
    one, coolant, _ = solve(("y", "x"), [clog(**PATCH)])
    turned, turned_coolant, _ = solve(("x", "y"), [clog(x=PATCH["y"], y=PATCH["x"])])
    np.testing.assert_allclose(turned.swapaxes(0, 1), one, rtol=1e-7)
    for field, other in zip(turned_coolant, coolant, strict=True):
        np.testing.assert_allclose(field, other, rtol=1e-7)


def test_crossed_layers_have_their_hottest_corner_where_both_coolants_leave():
    solid, _, _ = solve(("y", "x"))
    die = solid[:, :, 0]
    assert np.unravel_index(np.argmax(die), die.shape) == (10, 10)
    assert np.unravel_index(np.argmin(die), die.shape) == (0, 0)
    together, _, _ = solve(("y", "y"))
    assert np.ptp(die[0]) < np.ptp(together[0, :, 0])


def test_the_patch_heats_its_place_in_both_layers():
    clean, _, _ = solve(("y", "x"))
    clogged, _, _ = solve(("y", "x"), [clog(**PATCH)])
    rise = (clogged - clean)[:, :, 0]
    column, row = np.unravel_index(np.argmax(rise), rise.shape)
    assert rise.max() > 1.0
    assert 2e-3 <= NODES[column] <= 6e-3
    assert NODES[row] >= 2e-3
    assert rise[9, 9] < 0.0  # the flow that the patch turns away cools the rest


def test_the_nearer_coolant_takes_more_of_a_dies_heat():
    """The lower die lies under the lower channels alone, the upper one between both."""
    _, coolant, heats = solve(("y", "y"), watts=(100.0, 0.0))
    assert heats[0] > 1.2 * heats[1] > 0
    assert coolant[0].max() > coolant[1].max()
    _, _, upper = solve(("y", "y"), watts=(0.0, 100.0))
    assert 0.5 < upper[0] / upper[1] < 2


def test_two_layers_superpose():
    both, _, _ = solve(("y", "x"))
    parts = [solve(("y", "x"), watts=watts)[0] for watts in ((120.0, 0.0), (0.0, 80.0))]
    np.testing.assert_allclose(both, parts[0] + parts[1], rtol=1e-7)


def stack_file(axes, patch):
    """The same two dies as a stack file; the lower channels are clogged."""
    common = {"width": "100 um", "wall": "100 um", "wall_material": "silicon", "coolant": "water"}
    common |= {"inlet_temperature": "20 degC", "flow_rate": "0.3 L/min"}
    clogged = [{**patch, "resistance_factor": 6}]
    lower, upper = {**common, "axis": axes[0], "clogged": clogged}, {**common, "axis": axes[1]}
    solid = {"thickness": "0.3 mm", "material": "silicon"}
    tree = {
        "kind": "stack",
        "size": {"x": "20 mm", "y": "20 mm"},
        "cells": {"x": 20, "y": 20},
        "layers": [
            {"name": "lower die", **solid},
            {"name": "lower channels", "thickness": "0.3 mm", "microchannels": lower},
            {"name": "upper die", **solid},
            {"name": "upper channels", "thickness": "0.3 mm", "microchannels": upper},
            {"name": "cap", **solid},
        ],
        "sources": [{"layer": "lower die", "power": "120 W"}, {"layer": "upper die", "power": "80 W"}],
    }
    return outcome(solve_stack(validate(tree, Stack, "interlayer")))


@pytest.mark.parametrize("axes", [("y", "y"), ("y", "x")])
def test_a_stack_file_cools_between_its_dies(axes):
    """Turned with its patch it is the same stack; all heat leaves with both coolants."""
    other = {"x": "y", "y": "x"}
    found = stack_file(axes, PATCH)
    turned = stack_file(tuple(other[axis] for axis in axes), {"x": PATCH["y"], "y": PATCH["x"]})
    assert found["heat_out_W"] == pytest.approx(200.0, rel=1e-9)
    assert found["energy_residual"] < 1e-8
    rise = found["max_temperature_K"] - INLET
    assert turned["max_temperature_K"] - INLET == pytest.approx(rise, rel=1e-6)
    assert turned["coolant"]["pressure_drop_Pa"] == pytest.approx(found["coolant"]["pressure_drop_Pa"], rel=1e-6)
    rate = 2 * FLOW * float(load_coolant("water").at(INLET).volumetric_heat_capacity)
    assert found["coolant"]["outlet_mean_K"] - INLET == pytest.approx(200.0 / rate, rel=1e-9)
