"""Flow in slotted channels: exact resistances, conservation, blocked slots, thermal entrance."""

import numpy as np
import pytest

from twin.errors import SpecError
from twin.spec.clog import Clog
from twin.spec.stack import HeatTransfer
from twin.thermal import correlations
from twin.thermal.clogging import Clogging, clog_problems
from twin.thermal.coolant import load_coolant
from twin.thermal.hydraulics import (
    ChannelGeometry,
    Layout,
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
    # Tuckerman & Pease 1981: 50 x 302 um, 1 cm long, 8.6 cm3/s: 39.8424 psi friction, 42.0547 with K(inf),
    # of which the flow develops all but 0.2 % within x+ = 0.215
    geometry = ChannelGeometry(50e-6, 50e-6, 302e-6)
    layout = Layout.single_pass(np.linspace(0, 0.01, 8))
    flow = solve_flow(geometry, layout, [0.004, 0.006], 0.9e-3, 997.0, 8.6e-6)
    assert flow.velocity == pytest.approx(5.695364238, rel=1e-9)
    assert flow.reynolds == pytest.approx(541.3005, rel=1e-6)
    assert flow.pressure_drop / 6894.757 == pytest.approx(42.0547400, rel=2e-3)
    friction = solve_flow(geometry, layout, [0.01], 0.9e-3, 997.0, 8.6e-6, entrance=False)
    assert friction.pressure_drop / 6894.757 == pytest.approx(39.8424410, rel=1e-6)


def test_short_pieces_lose_less_than_k_infinity_and_more_than_friction():
    """At x+ = 0.005 the flow is far from developed: K(x+) is 60 % of K(inf)."""
    geometry = ChannelGeometry(100e-6, 100e-6, 300e-6)
    layout = Layout.single_pass(np.array([0.0, 1e-3]))
    speed = 1e-3 * VISCOSITY / (0.005 * DENSITY * geometry.hydraulic_diameter**2)
    flow = solve_flow(geometry, layout, [0.01], VISCOSITY, DENSITY, speed * 0.5 * 300e-6 * 0.01)
    friction = 2 * geometry.friction * VISCOSITY * 1e-3 * speed / geometry.hydraulic_diameter**2
    loss = (flow.pressure_drop - friction) / (DENSITY * speed**2 / 2)
    assert loss == pytest.approx(correlations.developing_entrance_loss(100e-6, 300e-6, 0.005), rel=1e-9)
    assert 0.5 < loss / correlations.entrance_loss(100e-6, 300e-6) < 0.7


def test_direction_turns_the_flow_around():
    there = single()
    back = solve_flow(GEOMETRY, Layout.single_pass(EDGES, -1), COLUMNS, VISCOSITY, DENSITY, FLOW)
    np.testing.assert_allclose(back.flow, -there.flow, rtol=1e-14)
    np.testing.assert_allclose(back.distance_from_entry, there.distance_from_entry[:, ::-1], rtol=1e-12)


def test_a_manifold_of_24_pieces_needs_a_576th_of_the_friction():
    drop = manifold(width=0.0, entrance=False).pressure_drop
    assert single(entrance=False).pressure_drop / drop == pytest.approx(24**2, rel=1e-12)


def test_a_slot_is_taken_from_every_piece():
    with_slots = manifold(width=1e-3, entrance=False).pressure_drop
    without = manifold(width=0.0, entrance=False).pressure_drop
    assert with_slots / without == pytest.approx((9.0 - 1.0) / 9.0, rel=1e-12)


def test_slots_hold_their_pressure_over_their_width():
    """An independent finite-difference solve of -(k p')' = 0 with the slots' pressures fixed below their width."""
    cells, length, slot = 1200, 0.012, 1e-3
    y = (np.arange(cells) + 0.5) * length / cells
    pressure = np.full(cells, np.nan)
    for place, value in ((3e-3, 1.0), (9e-3, 0.0)):
        pressure[np.abs(y - place) < slot / 2] = value
    free = np.isnan(pressure)
    matrix = 2.0 * np.eye(cells) - np.eye(cells, k=1) - np.eye(cells, k=-1)
    matrix[0, 0] = matrix[-1, -1] = 1.0
    solved = np.linalg.solve(matrix[np.ix_(free, free)], -matrix[np.ix_(free, ~free)] @ pressure[~free])
    pressure[free] = solved
    gradient = (pressure[cells // 2 - 1] - pressure[cells // 2]) / (length / cells)
    layout = Layout(np.linspace(0, length, 13), (3e-3,), (9e-3,), slot)
    flow = solve_flow(GEOMETRY, layout, [0.01], VISCOSITY, DENSITY, 1e-6, entrance=False)
    friction = 2 * GEOMETRY.friction * VISCOSITY / GEOMETRY.hydraulic_diameter**2
    assert flow.velocity[0, 6] * friction == pytest.approx(flow.pressure_drop * gradient, rel=2e-3)
    assert not flow.velocity[0, [0, 1, 2, 9, 10, 11]].any()


@pytest.mark.parametrize("blocked", [(), (3,), (0, 24), (7, 8, 9)])
def test_mass_closes_with_uneven_viscosity_and_clogging(blocked):
    generator = np.random.default_rng(1)
    viscosity = generator.uniform(4e-4, 1e-3, (7, 144))
    clogging = Clogging(generator.uniform(1.0, 30.0, (7, 144)), generator.uniform(0.1, 1.0, (7, 144)))
    flow = manifold(viscosity=viscosity, blocked=blocked, clogging=clogging)
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
        distance = np.diff(EDGES)[cells].sum() * viscosity[:, cells].mean(axis=1)
        distance /= DENSITY * speed * GEOMETRY.hydraulic_diameter**2
        loss = GEOMETRY.entrance_loss(distance) * DENSITY * speed**2 / 2
        np.testing.assert_allclose(darcy + loss, flow.pressure_drop, rtol=1e-10)


def test_blocking_an_inlet_kills_the_two_pieces_it_feeds_and_speeds_up_the_others():
    whole, faulty = manifold(), manifold(blocked=(2,))
    assert len(faulty.pieces) == 22
    assert np.all(faulty.flow[:, 6:18] == 0.0)
    assert np.all(np.isinf(faulty.distance_from_entry[:, 6:18]))
    assert np.abs(faulty.velocity).max() == pytest.approx(np.abs(whole.velocity).max() * 24 / 22, rel=1e-9)
    assert faulty.pressure_drop > whole.pressure_drop


def test_a_clogged_column_loses_flow_in_proportion():
    clogs = [Clog(x=("90 mm", "120 mm"), y=("0 mm", "216 mm"), resistance_factor=4)]
    flow = manifold(clogging=Clogging.over(clogs, COLUMNS, EDGES), entrance=False)
    np.testing.assert_allclose(flow.velocity[3] / flow.velocity[2], 0.25, rtol=1e-12)


def test_a_patch_slows_only_the_pieces_that_cross_it():
    """Pieces of 9 mm; 3 mm of the second one at eight times the friction: 6 + 8 x 3 against 9."""
    clogs = [Clog(x=("30 mm", "60 mm"), y=("12 mm", "15 mm"), resistance_factor=8)]
    flow = manifold(width=0.0, clogging=Clogging.over(clogs, COLUMNS, EDGES), entrance=False)
    assert flow.velocity[1, 6] / flow.velocity[0, 6] == pytest.approx(9 / 30, rel=1e-12)
    np.testing.assert_allclose(np.delete(np.abs(flow.velocity), slice(6, 12), axis=1), abs(flow.velocity[0, 0]))


def test_a_patch_that_covers_columns_and_cells_in_part_counts_by_its_share():
    """Across the flow channels lie side by side, along it they lie in line."""
    half_across = Clogging.over([Clog(x=("0 mm", "15 mm"), y=("0 mm", "216 mm"), resistance_factor=4)], COLUMNS, EDGES)
    assert half_across.resistance[0, 0] == pytest.approx(1 / (0.5 + 0.5 / 4))
    half_along = Clogging.over([Clog(x=("0 mm", "30 mm"), y=("0 mm", "0.75 mm"), resistance_factor=4)], COLUMNS, EDGES)
    assert half_along.resistance[0, :2] == pytest.approx([1 + 0.5 * 3, 1.0])
    turned = [Clog(y=("0 mm", "30 mm"), x=("0 mm", "0.75 mm"), resistance_factor=4)]
    np.testing.assert_array_equal(Clogging.over(turned, COLUMNS, EDGES, "x").resistance, half_along.resistance)


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_blocked_channels_carry_nothing_and_the_others_all(share):
    """A third of the width loses `share` of its channels in one piece; the open ones keep one velocity."""
    clogs = [Clog(x=("60 mm", "90 mm"), y=("1 mm", "4 mm"), blocked_share=share)]
    flow = manifold(clogging=Clogging.over(clogs, COLUMNS, EDGES))
    whole = manifold()
    assert inflow(flow) == pytest.approx(FLOW, rel=1e-12)
    assert abs(flow.flow[2, 0]) == pytest.approx((1 - share) * abs(flow.flow[1, 0]), abs=1e-15 * FLOW)
    np.testing.assert_allclose(flow.open_share[2, :6], 1 - share, atol=1e-15)
    assert np.abs(flow.velocity).max() > np.abs(whole.velocity).max()


def test_blocking_everything_is_an_error():
    clogs = [Clog(x=("0 mm", "210 mm"), y=("0 mm", "216 mm"), blocked_share=1)]
    with pytest.raises(SpecError, match="every channel is blocked"):
        manifold(clogging=Clogging.over(clogs, COLUMNS, EDGES))


def test_patches_outside_and_without_effect_are_errors():
    clogs = [Clog(x=("0 mm", "30 mm"), y=("-1 mm", "300 mm"), resistance_factor=2)]
    (problem,) = clog_problems(clogs, 0.21, 0.216)
    assert problem.key == "clogged.0.y"
    with pytest.raises(ValueError, match="clogs nothing"):
        Clog(x=("0 mm", "1 mm"), y=("0 mm", "1 mm"))
    with pytest.raises(ValueError, match="low < high"):
        Clog(x=("1 mm", "0 mm"), y=("0 mm", "1 mm"), resistance_factor=2)


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
    with pytest.raises(SpecError, match="no channel between"):
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


def test_slope_of_the_entrance_loss_is_its_derivative() -> None:
    distance, step = np.geomspace(1e-5, 1.0, 30), 1e-6
    loss, slope = GEOMETRY.entrance_loss_and_slope(1.0 / distance)
    assert loss == pytest.approx(GEOMETRY.entrance_loss(distance), rel=1e-13)
    above, below = (GEOMETRY.entrance_loss(distance * (1.0 + sign * step)) for sign in (1, -1))
    assert slope == pytest.approx((above - below) / (2.0 * step), rel=1e-5, abs=1e-8)
