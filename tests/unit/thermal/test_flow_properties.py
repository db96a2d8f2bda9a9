"""Flow in beds of any layout, viscosity and clogging: properties that hold whatever the numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.thermal.clogging import Clogging
from twin.thermal.hydraulics import ChannelGeometry, Layout, solve_flow

COLUMNS, CELLS, LENGTH, DENSITY = 4, 24, 0.024, 998.0
EDGES = np.linspace(0.0, LENGTH, CELLS + 1)
WIDTHS = np.array([1e-3, 2e-3, 2e-3, 1e-3])


@st.composite
def beds(draw):
    """Geometry, layout, viscosity, clogging, flow and turn loss."""
    micro = st.integers(30, 600).map(lambda value: value * 1e-6)
    geometry = ChannelGeometry(draw(micro), draw(micro), draw(micro))
    places = draw(st.lists(st.integers(0, CELLS), min_size=2, max_size=6, unique=True).map(sorted))
    kinds = draw(st.lists(st.booleans(), min_size=len(places), max_size=len(places)).filter(lambda k: len(set(k)) == 2))
    slots = [(EDGES[place], kind) for place, kind in zip(places, kinds, strict=True)]
    width = draw(st.sampled_from([0.0, 0.4e-3, 0.9e-3]))
    layout = Layout(EDGES, tuple(y for y, k in slots if k), tuple(y for y, k in slots if not k), width)
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    viscosity = generator.uniform(3e-4, 2e-3, (COLUMNS, CELLS))
    resistance = generator.uniform(1.0, 20.0, (COLUMNS, CELLS)) ** draw(st.sampled_from([0.0, 1.0]))
    share = np.maximum(generator.uniform(-0.01, 1.0, (COLUMNS, CELLS)), 0.0) ** draw(st.sampled_from([0.0, 1.0]))
    share[0] = 1.0
    flow = 10 ** draw(st.floats(-8, -4))
    return geometry, layout, viscosity, Clogging(resistance, share), flow, draw(st.sampled_from([0.0, 2.4]))


def solved(bed, **changes):
    geometry, layout, viscosity, clogging, flow, turns = bed
    given_ = {"viscosity": viscosity, "clogging": clogging, "total_flow": flow, "turn_loss": turns, **changes}
    return solve_flow(geometry, layout, WIDTHS, density=DENSITY, **given_)


@settings(max_examples=60, deadline=None)
@given(beds())
def test_mass_is_conserved_and_all_pieces_share_the_drop(bed):
    geometry, layout, viscosity, clogging, total, turns = bed
    flow = solved(bed)
    into = sum(np.abs(flow.flow[:, piece.first]).sum() for piece in layout.pieces)
    assert into == pytest.approx(total, rel=1e-11)
    friction = 2 * geometry.friction / geometry.hydraulic_diameter**2
    moving = np.zeros(CELLS, bool)
    for piece in layout.pieces:
        cells = slice(piece.first, piece.last + 1)
        moving[cells] = True
        flows = flow.open_share[:, piece.first] > 0.0
        assert np.array_equal(flows, clogging.open_share[:, cells].min(axis=1) > 0.0)
        assert not flow.flow[~flows, cells].any()
        speed = np.abs(flow.velocity[flows, piece.first])
        weights = (viscosity[:, cells] * layout.lengths[cells])[flows]
        distance = weights.sum(axis=1) / (DENSITY * speed * geometry.hydraulic_diameter**2)
        loss = geometry.entrance_loss(distance) + turns
        drop = friction * (weights * clogging.resistance[flows, cells]).sum(axis=1) * speed
        drop += loss * DENSITY * speed**2 / 2
        np.testing.assert_allclose(drop, flow.pressure_drop, rtol=1e-9)
        np.testing.assert_array_equal(np.sign(flow.flow[flows, cells]), piece.direction)
    assert not flow.flow[:, ~moving].any()


@settings(max_examples=40, deadline=None)
@given(beds())
def test_more_flow_more_drop_and_clean_channels_less(bed):
    flow = solved(bed)
    more = solved(bed, total_flow=1.5 * bed[4])
    assert 1.5 * (1 - 1e-9) * flow.pressure_drop <= more.pressure_drop <= 1.5**2 * (1 + 1e-9) * flow.pressure_drop
    assert solved(bed, clogging=None).pressure_drop <= flow.pressure_drop * (1 + 1e-9)
    assert solved(bed, viscosity=1.1 * bed[2]).pressure_drop > flow.pressure_drop
    assert solved(bed, entrance=False).pressure_drop < flow.pressure_drop


@settings(max_examples=30, deadline=None)
@given(beds())
def test_lengths_scale(bed):
    """Everything s times as long, flow s times as large: velocities fall as 1/s, pressures as 1/s^2."""
    geometry, layout, viscosity, clogging, flow, turns = bed
    s = 3.0
    large = ChannelGeometry(s * geometry.width, s * geometry.wall, s * geometry.height)
    stretched = Layout(
        s * EDGES, tuple(s * y for y in layout.inlets), tuple(s * y for y in layout.outlets), s * layout.slot_width
    )
    one = solved(bed)
    other = solve_flow(large, stretched, s * WIDTHS, viscosity, DENSITY, s * flow, clogging, turns)
    assert other.pressure_drop == pytest.approx(one.pressure_drop / s**2, rel=1e-9)
    np.testing.assert_allclose(other.velocity, one.velocity / s, rtol=1e-9)
    np.testing.assert_allclose(other.reynolds, one.reynolds, rtol=1e-9)
