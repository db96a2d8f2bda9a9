"""From flow rate and coolant temperature to the streams of the heat solver."""

from __future__ import annotations

import numpy as np
import pytest

from twin.fe.heat import HeatModel, HeatSystem
from twin.spec.clog import Clog
from twin.spec.coolant import ConstantCoolant
from twin.spec.stack import HeatTransfer
from twin.thermal import correlations
from twin.thermal.bed import ChannelBed
from twin.thermal.clogging import Clogging
from twin.thermal.coolant import CoolantProperties, load_coolant
from twin.thermal.hydraulics import ChannelGeometry, Layout
from twin.thermal.layers import build_grid, channel_layer, solid_layer, wetted_walls

GEOMETRY = ChannelGeometry(width=100e-6, wall=100e-6, height=300e-6)
FLOW, INLET, WIDTH, LENGTH = 1e-5, 293.15, 20e-3, 24e-3
CONSTANT = ConstantCoolant.model_construct(density=998.0, specific_heat=4182.0, conductivity=0.6, viscosity=1e-3)


def bed(
    layouts: tuple[Layout, ...] | None = None, coolant: str | ConstantCoolant = CONSTANT, **options: object
) -> ChannelBed:
    x, y = np.linspace(0, WIDTH, 5), np.linspace(0, LENGTH, 13)
    layers = [solid_layer("die", 4e-4, 2, "silicon"), channel_layer("channels", GEOMETRY, 2, "silicon", 0.6)]
    grid = build_grid(x, y, layers)
    used = layouts or (Layout.single_pass(y),)
    walls = tuple(wetted_walls(grid, 1, GEOMETRY, 1 / len(used)) for _ in used)
    widths = np.array([0.5, 1, 1, 1, 0.5]) * WIDTH / 4
    properties: CoolantProperties = load_coolant(coolant)
    return ChannelBed(GEOMETRY, used, walls, widths, properties, INLET, **options)  # type: ignore[arg-type]


Y = np.linspace(0, LENGTH, 13)
PATHS = {
    "one pass": (Layout.single_pass(Y),),
    "reverse": (Layout.single_pass(Y, -1),),
    "alternate": (Layout.single_pass(Y, 1), Layout.single_pass(Y, -1)),
    "manifold": (Layout.manifold(Y, 4, 1e-3),),
    "blocked": (Layout.manifold(Y, 4, 1e-3, blocked=(0,)),),
}


@pytest.mark.parametrize("path", PATHS)
def test_streams_carry_the_whole_flow(path: str) -> None:
    model = bed(PATHS[path])
    streams, _ = model.streams(FLOW, INLET, model.uniform(INLET))
    carried = sum(float(model.column_widths @ s.capacity_rate[:, s.outlets].sum(axis=1)) for s in streams)
    assert carried == pytest.approx(998.0 * 4182.0 * FLOW, rel=1e-12)
    assert sum(float(s.walls.weights.sum()) for s in streams) == pytest.approx((2 * 300 + 100) / 200)
    held = sum(s.stored(np.ones(model.shape), model.column_widths) for s in streams)
    assert held == pytest.approx(998.0 * 4182.0 * 0.5 * 300e-6 * WIDTH * LENGTH, rel=1e-12)


def test_flow_is_constant_along_every_piece() -> None:
    model = bed(PATHS["manifold"], coolant="water")
    warm = (np.random.default_rng(0).uniform(290.0, 330.0, model.shape),)
    streams, _ = model.streams(FLOW, INLET, warm)
    (stream,) = streams
    for first, last, _ in stream.pieces:
        piece = stream.capacity_rate[:, first : last + 1]
        np.testing.assert_allclose(piece, np.broadcast_to(piece[:, :1], piece.shape), rtol=1e-13)
    assert np.ptp(stream.capacity_rate[:, 0]) > 0.01 * stream.capacity_rate[0, 0]


def test_drop_of_one_pass_is_poiseuille_and_entrance() -> None:
    model = bed()
    _, flow = model.streams(FLOW, INLET, model.uniform(INLET))
    speed = FLOW / (WIDTH * 0.5 * 300e-6)
    friction = 2 * GEOMETRY.friction * 1e-3 * LENGTH * speed / GEOMETRY.hydraulic_diameter**2
    distance = LENGTH * 1e-3 / (998 * speed * GEOMETRY.hydraulic_diameter**2)
    loss = correlations.developing_entrance_loss(GEOMETRY.width, GEOMETRY.height, distance)
    assert flow.pressure_drop == pytest.approx(friction + float(loss) * 998 * speed**2 / 2, rel=1e-10)
    assert flow.reynolds == pytest.approx(998 * speed * GEOMETRY.hydraulic_diameter / 1e-3, rel=1e-10)


def test_fixed_heat_transfer_counts_friction_alone() -> None:
    fixed = bed(heat_transfer=HeatTransfer(coefficient="2e4 W/m^2/K"))
    streams, flow = fixed.streams(FLOW, INLET, fixed.uniform(INLET))
    np.testing.assert_array_equal(streams[0].exchange, 2e4)
    speed = FLOW / (WIDTH * 0.5 * 300e-6)
    friction = 2 * GEOMETRY.friction * 1e-3 * LENGTH * speed / GEOMETRY.hydraulic_diameter**2
    assert flow.pressure_drop == pytest.approx(friction, rel=1e-10)
    nusselt = bed(heat_transfer=HeatTransfer(nusselt="4.8"))
    streams, _ = nusselt.streams(FLOW, INLET, nusselt.uniform(INLET))
    np.testing.assert_allclose(streams[0].exchange, 4.8 * 0.6 / GEOMETRY.hydraulic_diameter)


def test_exchange_is_highest_at_the_inlet_and_falls_to_the_developed_value() -> None:
    model = bed()
    streams, _ = model.streams(FLOW, INLET, model.uniform(INLET))
    along = streams[0].exchange[0]
    developed = correlations.nusselt_four_sided(GEOMETRY.width, GEOMETRY.height) * 0.6 / GEOMETRY.hydraulic_diameter
    assert (np.diff(along) < 0).all()
    assert developed < along[-1] < along[0] < 4 * developed
    reverse = bed(PATHS["reverse"])
    back, _ = reverse.streams(FLOW, INLET, reverse.uniform(INLET))
    np.testing.assert_allclose(back[0].exchange[:, ::-1], streams[0].exchange, rtol=1e-12)


def test_warmer_water_flows_more_easily() -> None:
    model = bed(coolant="water")
    drops = [model.streams(FLOW, INLET, model.uniform(t))[1].pressure_drop for t in (285.0, 300.0, 330.0)]
    assert (np.diff(drops) < 0).all()
    hot_column = np.full(model.shape, 300.0)
    hot_column[2] = 330.0
    streams, _ = model.streams(FLOW, INLET, (hot_column,))
    assert streams[0].capacity_rate[2, 0] > 1.2 * streams[0].capacity_rate[1, 0]


def test_alternating_sets_share_the_channels() -> None:
    model = bed(PATHS["alternate"])
    (forward, back), flow = model.streams(FLOW, INLET, model.uniform(INLET))
    single, alone = bed().streams(FLOW, INLET, bed().uniform(INLET))
    np.testing.assert_allclose(forward.capacity_rate, single[0].capacity_rate / 2)
    np.testing.assert_allclose(forward.exchange, single[0].exchange)
    np.testing.assert_allclose(back.exchange, forward.exchange[:, ::-1])
    assert flow.pressure_drop == pytest.approx(alone.pressure_drop)


def test_no_flow_no_drop() -> None:
    model = bed(PATHS["manifold"])
    streams, flow = model.streams(0.0, INLET, model.uniform(INLET))
    assert flow.pressure_drop == 0.0
    assert not streams[0].capacity_rate.any()
    assert not streams[0].moving.any()


def solved(clogs: list[Clog], watts: float = 200.0) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Coolant and solid over the inlet, residual and heat carried away of a die under 9 columns of channels."""
    x, y = np.linspace(0, WIDTH, 9), np.linspace(0, LENGTH, 13)
    layers = [
        solid_layer("die", 4e-4, 2, "silicon"),
        channel_layer("channels", GEOMETRY, 2, "silicon", 0.6),
        solid_layer("cap", 3e-4, 1, "silicon"),
    ]
    grid = build_grid(x, y, layers)
    widths = np.array([0.5, *[1] * 7, 0.5]) * WIDTH / 8
    model = HeatModel(
        grid, np.array([layer.conductivity for layer in layers]), np.array([layer.heat_capacity for layer in layers])
    )
    made = ChannelBed(
        GEOMETRY, (Layout.single_pass(y),), (wetted_walls(grid, 1, GEOMETRY),), widths, load_coolant(CONSTANT), INLET,
        clogging=Clogging.over(clogs, widths, y),
    )  # fmt: skip
    streams, _ = made.streams(FLOW, INLET, made.uniform(INLET))
    heat = model.over_face("bottom", watts / (WIDTH * LENGTH))
    state, balance, _ = HeatSystem(model, streams, None).at(streams).solve(heat, np.full(grid.shape, INLET), 1e-9)
    assert abs(sum(balance.streams) - watts) < 1e-6 * watts
    return state.coolant[0] - INLET, state.solid - INLET, balance.residual, sum(balance.streams)


def test_heat_under_dead_channels_leaves_sideways() -> None:
    """Columns 3 to 5 are blocked somewhere: hottest in their middle, symmetric, and all heat still leaves."""
    dead = [Clog(x=("5 mm", "15 mm"), y=("10 mm", "12 mm"), blocked_share=1)]
    _, whole, _, _ = solved([])
    coolant, solid, residual, _ = solved(dead)
    assert residual < 1e-10
    walls = solid[4, :, 2:5]
    between = (walls[:-1] + walls[1:]) / 2
    assert np.all((between.min(axis=1) < coolant[4]) & (coolant[4] < between.max(axis=1)))  # it stands there
    assert solid.max() > whole.max() + 10
    middle = solid[:, 6, 0]
    assert np.argmax(middle) == 4
    np.testing.assert_allclose(middle, middle[::-1], rtol=1e-9)


def test_more_deposit_means_hotter_channels() -> None:
    peaks = [
        solved([Clog(x=("5 mm", "15 mm"), y=("0 mm", "24 mm"), resistance_factor=f)])[1].max() for f in (1.01, 3, 9)
    ]
    shares = [solved([Clog(x=("5 mm", "15 mm"), y=("0 mm", "24 mm"), blocked_share=s)])[1].max() for s in (0.1, 0.5, 1)]
    assert np.all(np.diff(peaks) > 0)
    assert np.all(np.diff(shares) > 0)


def test_cautions_of_a_bed_read_its_own_flow_and_temperatures() -> None:
    model = bed(coolant="water")
    warm = model.uniform(320.0)
    _, calm = model.streams(FLOW, INLET, warm)
    assert model.cautions(calm, INLET, warm, 350.0, velocity_limit=4.0) == ()
    _, fast = model.streams(12 * FLOW, INLET, warm)
    found = model.cautions(fast, 273.0, warm, 410.0, velocity_limit=4.0)
    assert [c.subject for c in found] == [
        "laminar flow", "velocity", "freezing", "subcooled boiling", "property range",
    ]  # fmt: skip


def test_a_manifold_of_short_pieces_has_developing_friction() -> None:
    """200 pieces of 0.12 mm between slots: K(x+) is far below K(inf), and the drop lower for it."""
    edges = np.linspace(0, LENGTH, 201)
    model = bed((Layout.manifold(edges, 200, 0.0),))
    flow = model.flow(200 * FLOW, (np.full((5, 200), INLET),))
    speed = flow.velocity
    friction = 2 * GEOMETRY.friction * 1e-3 * LENGTH / 200 * speed / GEOMETRY.hydraulic_diameter**2
    loss = (flow.pressure_drop - friction) / (998 * speed**2 / 2)
    assert 0.2 < loss / correlations.entrance_loss(GEOMETRY.width, GEOMETRY.height) < 0.5
