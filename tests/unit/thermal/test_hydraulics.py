"""Flow in slotted channels: exact resistances, conservation, blocked slots, thermal entrance."""

import numpy as np
import pytest

from twin.errors import SpecError
from twin.spec.stack import HeatTransfer
from twin.thermal import correlations
from twin.thermal.coolant import load_coolant
from twin.thermal.hydraulics import (
    ChannelGeometry,
    Layout,
    flow_warnings,
    heat_transfer_coefficient,
    solve_flow,
)

GEOMETRY = ChannelGeometry(width=100e-6, wall=100e-6, height=300e-6)
EDGES = np.linspace(0.0, 0.216, 145)
COLUMNS = np.full(7, 0.03)
FLOW = 40e-3 / 60
VISCOSITY, DENSITY = 8e-4, 996.0


def single(total=FLOW, **options):
    layout = Layout.single_pass(EDGES)
    return solve_flow(GEOMETRY, layout, COLUMNS, VISCOSITY, DENSITY, total, **options)


def manifold(total=FLOW, viscosity=VISCOSITY, blocked=(), width=1e-3, **options):
    layout = Layout.manifold(EDGES, 24, width, blocked)
    return solve_flow(GEOMETRY, layout, COLUMNS, viscosity, DENSITY, total, **options)


def inflow(flow):
    return sum(np.abs(flow.flow[:, piece.first]).sum() for piece in flow.pieces)


def test_one_pass_has_the_pressure_drop_of_its_duct():
    # Tuckerman & Pease 1981: 50 x 302 um, 1 cm long, 8.6 cm3/s: 39.8424 psi friction, 42.0547 with K(inf)
    geometry = ChannelGeometry(50e-6, 50e-6, 302e-6)
    layout = Layout.single_pass(np.linspace(0, 0.01, 8))
    flow = solve_flow(geometry, layout, [0.004, 0.006], 0.9e-3, 997.0, 8.6e-6)
    assert flow.velocity == pytest.approx(5.695364238, rel=1e-9)
    assert flow.reynolds == pytest.approx(541.3005, rel=1e-6)
    assert flow.pressure_drop / 6894.757 == pytest.approx(42.0547400, rel=1e-6)
    friction = solve_flow(geometry, layout, [0.01], 0.9e-3, 997.0, 8.6e-6, loss_coefficient=0.0)
    assert friction.pressure_drop / 6894.757 == pytest.approx(39.8424410, rel=1e-6)


def test_direction_turns_the_flow_around():
    there = single()
    back = solve_flow(GEOMETRY, Layout.single_pass(EDGES, -1), COLUMNS, VISCOSITY, DENSITY, FLOW)
    np.testing.assert_allclose(back.flow, -there.flow, rtol=1e-14)
    np.testing.assert_allclose(back.distance_from_entry, there.distance_from_entry[:, ::-1], rtol=1e-12)


def test_a_manifold_of_24_pieces_needs_a_576th_of_the_friction():
    drop = manifold(width=0.0, loss_coefficient=0.0).pressure_drop
    assert single(loss_coefficient=0.0).pressure_drop / drop == pytest.approx(24**2, rel=1e-12)


def test_half_a_slot_is_taken_from_every_piece():
    with_slots = manifold(width=1e-3, loss_coefficient=0.0).pressure_drop
    without = manifold(width=0.0, loss_coefficient=0.0).pressure_drop
    assert with_slots / without == pytest.approx((9.0 - 0.5) / 9.0, rel=1e-12)


@pytest.mark.parametrize("blocked", [(), (3,), (0, 24), (7, 8, 9)])
def test_mass_closes_with_uneven_viscosity_and_clogging(blocked):
    generator = np.random.default_rng(1)
    viscosity = generator.uniform(4e-4, 1e-3, (7, 144))
    clogging = generator.uniform(1.0, 30.0, (7, 144))
    flow = manifold(viscosity=viscosity, blocked=blocked, resistance_factor=clogging)
    assert inflow(flow) == pytest.approx(FLOW, rel=1e-12)
    for piece in flow.pieces:
        cells = flow.flow[:, piece.first : piece.last + 1]
        np.testing.assert_array_equal(cells, np.repeat(cells[:, :1], cells.shape[1], axis=1))
        assert np.all(np.sign(cells) == piece.direction)


def test_every_piece_obeys_darcy_with_its_entrance_loss():
    viscosity = np.linspace(4e-4, 1e-3, 7 * 144).reshape(7, 144)
    flow = manifold(viscosity=viscosity, width=0.0)
    friction = 2 * GEOMETRY.friction / GEOMETRY.hydraulic_diameter**2
    for piece in flow.pieces:
        cells = slice(piece.first, piece.last + 1)
        speed = np.abs(flow.velocity[:, piece.first])
        darcy = friction * (viscosity[:, cells] * np.diff(EDGES)[cells]).sum(axis=1) * speed
        loss = GEOMETRY.entrance_loss * DENSITY * speed**2 / 2
        np.testing.assert_allclose(darcy + loss, flow.pressure_drop, rtol=1e-10)


def test_blocking_an_inlet_kills_the_two_pieces_it_feeds_and_speeds_up_the_others():
    whole, faulty = manifold(), manifold(blocked=(2,))
    assert len(faulty.pieces) == 22
    assert np.all(faulty.flow[:, 6:18] == 0.0)
    assert np.all(np.isinf(faulty.distance_from_entry[:, 6:18]))
    assert np.abs(faulty.velocity).max() == pytest.approx(np.abs(whole.velocity).max() * 24 / 22, rel=1e-9)
    assert faulty.pressure_drop > whole.pressure_drop


def test_a_clogged_column_loses_flow_in_proportion():
    clogging = np.ones((7, 144))
    clogging[3] = 4.0
    flow = manifold(resistance_factor=clogging, loss_coefficient=0.0)
    np.testing.assert_allclose(flow.velocity[3] / flow.velocity[2], 0.25, rtol=1e-12)


def test_no_flow_needs_no_pressure():
    still = manifold(total=0.0)
    assert still.pressure_drop == 0.0
    assert not np.any(still.flow)


def test_slots_off_the_edges_and_unknown_numbers_are_errors():
    with pytest.raises(SpecError, match="not on an edge"):
        Layout(EDGES, (0.0,), (0.1001,))
    with pytest.raises(SpecError, match="numbered 0 to 24"):
        Layout.manifold(EDGES, 24, 1e-3, blocked=(25,))
    with pytest.raises(SpecError, match="nothing can flow"):
        Layout.manifold(EDGES, 2, 1e-3, blocked=(1,))
    with pytest.raises(SpecError, match="overlap"):
        Layout.manifold(EDGES, 24, 1e-2)
    with pytest.raises(SpecError, match="one position"):
        Layout(EDGES, (0.0, 0.108), (0.108,))


def test_developed_heat_transfer_and_fixed_modes():
    water = load_coolant("water").at(np.full((7, 144), 300.0))
    still = manifold(total=0.0)
    developed = heat_transfer_coefficient(GEOMETRY, still, water)
    expected = GEOMETRY.nusselt * water.conductivity / GEOMETRY.hydraulic_diameter
    np.testing.assert_allclose(developed, expected, rtol=1e-14)
    fixed = heat_transfer_coefficient(GEOMETRY, still, water, HeatTransfer(nusselt=4.8))
    np.testing.assert_allclose(fixed, 4.8 * water.conductivity / 150e-6, rtol=1e-12)
    given = heat_transfer_coefficient(GEOMETRY, still, water, HeatTransfer(coefficient="2e4 W/m^2/K"))
    np.testing.assert_array_equal(given, 2e4)


def test_an_adiabatic_cover_takes_the_three_sided_value():
    covered = ChannelGeometry(100e-6, 100e-6, 300e-6, covered=True)
    assert covered.nusselt == correlations.nusselt_three_sided(100e-6, 300e-6)
    assert covered.wetted_area_density == pytest.approx((600 + 100) / 200)
    assert GEOMETRY.wetted_area_density == pytest.approx((600 + 200) / 200)


def test_thermal_entrance_restarts_in_every_piece_along_its_flow():
    water = load_coolant("water").at(np.full((7, 144), 300.0))
    coefficient = heat_transfer_coefficient(GEOMETRY, manifold(), water)[0]
    for piece in manifold().pieces:
        along = coefficient[piece.first : piece.last + 1][:: piece.direction]
        assert np.all(np.diff(along) < 0)
        np.testing.assert_allclose(along, coefficient[:6], rtol=1e-12)


def test_mean_of_the_entrance_hardly_depends_on_the_mesh():
    means = []
    for cells in (48, 96, 384):
        layout = Layout.manifold(np.linspace(0.0, 0.216, cells + 1), 24, 1e-3)
        flow = solve_flow(GEOMETRY, layout, COLUMNS, VISCOSITY, DENSITY, FLOW)
        water = load_coolant("water").at(np.full((7, cells), 300.0))
        means.append(heat_transfer_coefficient(GEOMETRY, flow, water).mean())
    assert means[0] == pytest.approx(means[2], rel=0.025)
    assert abs(means[1] - means[2]) < abs(means[0] - means[2])


def test_warnings_of_regime_and_erosion():
    assert flow_warnings(manifold(), 4.0) == []
    assert len(flow_warnings(single(), 4.0)) == 2
