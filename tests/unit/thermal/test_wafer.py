"""The wafer's thermal model: what its mesh resolves, its balance, and how it answers flow and blocked slots."""

from __future__ import annotations

import numpy as np
import pytest

from twin import library
from twin.errors import SpecError
from twin.power.model import PowerModel
from twin.spec.chip import Array as Tiles
from twin.spec.clog import Clog
from twin.spec.material import Material
from twin.spec.mesh import MeshRecipe
from twin.thermal.coolant import load_coolant
from twin.thermal.wafer import WaferState, WaferThermalModel
from twin.workload.activity import busy_share, model_events, serving_activity, tile_cores
from twin.workload.pipeline import nominal_clocks, pipeline, region_clocks
from twin.workload.placement import place
from twin.workload.steady import one_second

INLET = 293.15
FLOW = 40 / 60e3
LITRE_PER_MINUTE = 1 / 60e3
DESIGNS = ("manifold-silicon", "straight-cold-plate", "jet-impingement")
Array = np.ndarray


def wafer(
    mesh: str | MeshRecipe = "wafer-coarse",
    design: str = "manifold-silicon",
    chip: str = "wse3",
    tiles: tuple[int, int] = (4, 4),
    **options: object,
) -> WaferThermalModel:
    recipe = library.load("mesh", mesh) if isinstance(mesh, str) else mesh
    return WaferThermalModel(
        library.load("chip", chip), library.load("cooling", design), recipe, load_coolant("water"),
        Tiles(x=tiles[0], y=tiles[1]), INLET, **options,
    )  # fmt: skip


def serving_heat() -> Array:
    """Return W per tile of Llama 3.1 8B served to 38 users: squares of layers, the head, cold margins."""
    system = library.load("system", "cs3")
    chip, model = library.load("chip", "wse3"), library.load("model", "llama-3.1-8b")
    placement = place(model, chip, 1, system.software)
    clocks = region_clocks(nominal_clocks(chip, 1), placement.touches(chip.dies))
    rates = pipeline(model, chip, system, placement, clocks).rates(38, 2048, 0)
    interval = one_second(38 * rates.decode, 0.0, 1, 2048.0, 38, rates.passes, rates.busy_decode)
    activity = serving_activity(
        interval, model_events(model, chip, system.software, placement), placement.shares(48, 28)
    )
    cores = tile_cores(chip, 1, 48, 28)
    busy = busy_share(activity, cores, np.full_like(cores, chip.core.clock))
    power = PowerModel(chip, cores[0] / cores[0].sum()).power(
        activity.mac[0], activity.issue[0], activity.hop[0], busy[0], chip.voltage.nominal, 320.0, chip.core.clock
    )
    return power.total


@pytest.fixture(scope="module")
def coarse() -> WaferThermalModel:
    return wafer()


@pytest.fixture(scope="module")
def heat() -> Array:
    return serving_heat()


@pytest.fixture(scope="module")
def state(coarse: WaferThermalModel, heat: Array) -> WaferState:
    return coarse.steady(heat, FLOW, INLET)


def test_default_recipe_resolves_dies_tiles_and_unknowns() -> None:
    model = wafer("wafer")
    x, y, _ = model.grid.shape
    assert x - 1 >= 7 * 4
    assert y - 1 >= 12 * 4
    assert model.tiles == (48, 28)
    assert model.tiles[0] * model.tiles[1] == 84 * 4 * 4
    assert model.unknowns >= 100_000
    edges = (np.linspace(0, 0.215, 29), np.linspace(0, 0.215, 49))
    for nodes, tile_edges in zip((model.grid.x, model.grid.y), edges, strict=True):
        assert np.abs(nodes[:, None] - tile_edges).min(axis=0).max() < 1e-12


def test_recipe_is_the_mesh() -> None:
    """Every number of a recipe changes the nodes it speaks of, and only those."""
    recipe = library.load("mesh", "wafer")
    plain = wafer(recipe).grid
    more_x = wafer(recipe.model_copy(update={"cells_per_tile": Tiles(x=5, y=3)})).grid
    assert (more_x.x.size, more_x.y.size) == (28 * 5 + 1, plain.y.size)
    equal = wafer(recipe.model_copy(update={"edge_share": 1.0})).grid
    assert equal.x.size == plain.x.size
    assert np.diff(plain.x).min() < 0.65 * np.diff(equal.x).min()
    assert np.ptp(np.diff(equal.x)) < 1e-12
    named = wafer(recipe.model_copy(update={"named_layers": {"silicon": 5}})).grid
    assert named.z.size == plain.z.size + 3
    for kind, extra in (("heat", 1), ("channels", 1), ("solid", 2)):
        layers = recipe.layers.model_copy(update={kind: getattr(recipe.layers, kind) + 1})
        assert wafer(recipe.model_copy(update={"layers": layers})).grid.z.size == plain.z.size + extra


def test_unknown_layer_of_a_recipe_is_told() -> None:
    recipe = library.load("mesh", "wafer").model_copy(update={"named_layers": {"silicone": 3}})
    with pytest.raises(SpecError, match=r"silicone.*Did you mean 'silicon'"):
        wafer(recipe)


def test_refining_the_mesh_keeps_the_peak(heat: Array) -> None:
    """The peak of the default load, raised to the wafer's 20 kW, on the default mesh and on one twice as fine."""
    heat = heat * (20e3 / heat.sum())
    assert heat.max() > 2 * heat.min()
    default, fine = (wafer(mesh).steady(heat, FLOW, INLET) for mesh in ("wafer", "wafer-fine"))
    assert wafer("wafer-fine").unknowns > 7 * wafer("wafer").unknowns
    assert default.peak - INLET > 10.0
    assert abs(default.peak - fine.peak) < 0.2
    np.testing.assert_allclose(default.tile_temperature, fine.tile_temperature, atol=0.3)
    assert max(default.balance.residual, fine.balance.residual) < 1e-6


def test_watts_do_not_depend_on_mesh_or_tiles(heat: Array) -> None:
    """The same power on four times as many tiles, and on other meshes, heats the same coolant."""
    finer_tiles = np.repeat(np.repeat(heat, 2, axis=0), 2, axis=1) / 4
    three = MeshRecipe.model_validate(
        {"cells_per_tile": {"x": 3, "y": 2}, "edge_share": 1, "layers": {"heat": 2, "solid": 1, "channels": 3}}
    )
    cases = [(wafer(), heat), (wafer(three), heat), (wafer(tiles=(8, 8)), finer_tiles)]
    for model, tiles in cases:
        assert model.load(tiles).sum() == pytest.approx(heat.sum(), rel=1e-12)
        found = model.steady(tiles, FLOW, INLET)
        assert found.coolant_heat + found.board_heat == pytest.approx(heat.sum(), rel=1e-6)
        assert found.balance.residual < 1e-6
        rise = found.coolant_heat / (load_coolant("water").at(np.array(INLET)).volumetric_heat_capacity * FLOW)
        assert found.coolant_outlet - INLET == pytest.approx(float(rise), rel=1e-6)


def test_heat_stays_in_its_tile(coarse: WaferThermalModel) -> None:
    heat = np.zeros(coarse.tiles)
    heat[7, 3] = 5.0
    load = coarse.load(heat)
    first, last = coarse.grid.layer_planes[1]
    assert load[:, :, first : last + 1].sum() == pytest.approx(5.0, rel=1e-12)
    load /= 5.0
    x, y = load.sum(axis=(1, 2)), load.sum(axis=(0, 2))
    assert x @ coarse.grid.x == pytest.approx(3.5 * 0.215 / 28, rel=1e-12)
    assert y @ coarse.grid.y == pytest.approx(7.5 * 0.215 / 48, rel=1e-12)


def test_more_flow_never_heats(coarse: WaferThermalModel, heat: Array) -> None:
    found = [coarse.steady(heat, flow * LITRE_PER_MINUTE, INLET) for flow in (8, 15, 30, 60, 90)]
    assert (np.diff([s.peak for s in found]) < 0).all()
    assert (np.diff([s.tile_temperature.max() for s in found]) < 0).all()
    assert (np.diff([s.tile_temperature.mean() for s in found]) < 0).all()
    assert (np.diff([s.pressure_drop for s in found]) > 0).all()
    assert max(s.balance.residual for s in found) < 1e-6


def test_warmer_inlet_warms_everything(coarse: WaferThermalModel, heat: Array, state: WaferState) -> None:
    warmer = coarse.steady(heat, FLOW, INLET + 10)
    rise = warmer.tile_temperature - state.tile_temperature
    assert rise.min() > 9.0
    assert rise.max() < 10.5
    assert warmer.pressure_drop < state.pressure_drop


def test_blocked_slot_heats_and_raises_the_drop(heat: Array, state: WaferState) -> None:
    """A closed inlet leaves the coolant of its two pieces standing: hot there, more drop for the same flow."""
    blocked = wafer(blocked=(6,)).steady(heat, FLOW, INLET)
    assert blocked.balance.residual < 1e-6
    assert blocked.pressure_drop > 1.05 * state.pressure_drop
    assert blocked.peak > state.peak + 5.0
    warmer = (blocked.tile_temperature - state.tile_temperature).mean(axis=1)
    assert 2 * 5 <= int(warmer.argmax()) < 2 * 7
    assert warmer[40:].max() < 0.5


@pytest.mark.parametrize(("die_x", "die_y"), [(0, 0), (6, 0), (0, 11), (6, 11)])
def test_hot_die_in_a_corner_is_hot_in_that_corner(coarse: WaferThermalModel, die_x: int, die_y: int) -> None:
    heat = np.full(coarse.tiles, 5.0)
    heat[4 * die_y : 4 * die_y + 4, 4 * die_x : 4 * die_x + 4] = 40.0
    found = coarse.steady(heat, FLOW, INLET)
    assert np.unravel_index(found.die_peak.argmax(), found.die_peak.shape) == (die_y, die_x)
    tile = np.unravel_index(found.tile_temperature.argmax(), found.tile_temperature.shape)
    assert (tile[0] // 4, tile[1] // 4) == (die_y, die_x)
    surface = coarse.surface(found)
    node = np.unravel_index(surface.argmax(), surface.shape)
    assert int(coarse.grid.y[node[0]] / 0.215 * 12 - 1e-9) == die_y
    assert int(coarse.grid.x[node[1]] / 0.215 * 7 - 1e-9) == die_x


def test_peaks_bound_tiles_and_coolant_lies_between(state: WaferState) -> None:
    tiles = state.tile_temperature.reshape(12, 4, 7, 4)
    assert (state.die_peak >= tiles.max(axis=(1, 3))).all()
    assert state.peak >= state.die_peak.max()
    assert state.coolant_temperature.min() >= INLET
    assert (state.coolant_temperature < state.tile_temperature).all()
    assert INLET < state.coolant_outlet < state.tile_temperature.max()


@pytest.mark.parametrize("design", DESIGNS)
def test_every_design_closes_its_balance_steady_and_in_steps(design: str, heat: Array) -> None:
    model = wafer(design=design)
    steady = model.steady(heat, FLOW, INLET)
    assert steady.balance.residual < 1e-6
    assert steady.coolant_heat == pytest.approx(heat.sum() - steady.board_heat, rel=1e-6)
    assert steady.coolant_heat > 0.95 * heat.sum()
    assert steady.pressure_drop > 0
    state = model.uniform(INLET, FLOW)
    peaks = []
    for _ in range(4):
        state = model.step(state, FLOW, INLET, 0.05).solve(heat, state)
        assert state.balance.residual < 1e-6
        assert state.stored_heat > 0
        peaks.append(state.peak)
    assert (np.diff(peaks) > 0).all()
    assert peaks[-1] < steady.peak


def test_steps_end_in_the_steady_state(coarse: WaferThermalModel, heat: Array, state: WaferState) -> None:
    found = coarse.uniform(INLET, FLOW)
    for _ in range(30):
        found = coarse.step(found, FLOW, INLET, 20.0).solve(heat, found)
    np.testing.assert_allclose(found.tile_temperature, state.tile_temperature, atol=1e-4)
    assert abs(found.stored_heat) < 1e-3 * heat.sum()


def test_etched_wafer_answers_within_tens_of_milliseconds(
    coarse: WaferThermalModel, heat: Array, state: WaferState
) -> None:
    """Solid and coolant of the channels hold some 1.6 kJ/m2/K against 80 kW/m2/K; the connector film is slower."""
    found = coarse.uniform(INLET, FLOW)
    shares = []
    for _ in range(12):
        found = coarse.step(found, FLOW, INLET, 5e-3).solve(heat, found)
        shares.append((found.tile_temperature.mean() - INLET) / (state.tile_temperature.mean() - INLET))
    time = 5e-3 * (1 + int(np.argmax(np.array(shares) > 1 - np.exp(-1))))
    assert 10e-3 <= time <= 60e-3


def test_coolant_that_stops_warms_with_its_walls(coarse: WaferThermalModel, heat: Array, state: WaferState) -> None:
    """physics: a wafer whose coolant stops heats at hundreds of K/s; nothing is carried away."""
    found = state
    for _ in range(10):
        found = coarse.step(found, 0.0, INLET, 0.01).solve(heat, found)
        assert found.balance.residual < 1e-6
    assert found.coolant_heat == 0.0
    assert found.stored_heat == pytest.approx(heat.sum() - found.board_heat, rel=1e-6)
    assert found.heat.coolant[0].max() < found.peak
    assert found.heat.coolant[0].min() > INLET
    rate = heat.sum() / _heat_capacity(coarse)
    mean = found.tile_temperature.mean() - state.tile_temperature.mean()
    assert 0.7 * rate < mean / 0.1 < 1.5 * rate


def _heat_capacity(model: WaferThermalModel) -> float:
    """Return what solid and coolant of the wafer hold in J/K."""
    streams, _ = model.bed.streams(FLOW, INLET, model.bed.uniform(INLET))
    widths = model.model.column_widths
    return float(model.model.capacity_weights.sum()) + sum(s.stored(np.ones(model.bed.shape), widths) for s in streams)


def test_restored_state_continues_as_before(coarse: WaferThermalModel, heat: Array, state: WaferState) -> None:
    restored = coarse.restored(state.tree(), FLOW, INLET)
    np.testing.assert_array_equal(restored.tile_temperature, state.tile_temperature)
    after = [coarse.step(s, FLOW, INLET, 0.1).solve(1.1 * heat, s) for s in (state, restored)]
    np.testing.assert_array_equal(after[0].heat.solid, after[1].heat.solid)


def test_gpu_die_under_its_own_manifold() -> None:
    """700 W on 814 mm2 through four pieces at 1.5 L/min."""
    model = wafer(chip="h100-like", design="manifold-silicon-die", tiles=(8, 8))
    heat = np.full(model.tiles, 700.0 / 64)
    found = model.steady(heat, 1.5 * LITRE_PER_MINUTE, INLET)
    assert found.balance.residual < 1e-6
    assert found.coolant_outlet - INLET == pytest.approx(700 / (998 * 4182 * 1.5 / 60e3), rel=0.02)
    assert found.die_peak.shape == (1, 1)
    assert 300 < found.peak < 380
    assert wafer(chip="h100-like", design="manifold-silicon-die", tiles=(8, 8)).tiles == (8, 8)


def test_second_wafer_chip_works() -> None:
    model = wafer(chip="wse2")
    found = model.steady(np.full(model.tiles, 15e3 / 1344), FLOW, INLET)
    assert found.balance.residual < 1e-6


def test_silicon_of_a_power_law_conducts_worse_where_it_is_warm() -> None:
    """k = 148 (T / 300 K)^-1.3: the hottest point differs as the conductivity there does, and heat closes."""
    law = Material.model_validate(
        {
            "conductivity": {"reference": "148 W/m/K", "temperature": "300 K", "exponent": -1.3},
            "density": "2330 kg/m^3",
            "specific_heat": "700 J/kg/K",
        }
    )
    constant = law.model_copy(update={"conductivity": 148.0})
    chip = library.load("chip", "wse3")
    rises = {}
    for name, silicon in (("law", law), ("constant", constant)):
        layers = tuple(
            layer.model_copy(update={"material": silicon}) if layer.name == "silicon" else layer
            for layer in chip.layers
        )
        model = WaferThermalModel(
            chip.model_copy(update={"layers": layers}), library.load("cooling", "straight-cold-plate"),
            library.load("mesh", "wafer-coarse"), load_coolant("water"), Tiles(x=2, y=2), 330.0,
        )  # fmt: skip
        state = model.steady(np.full(model.tiles, 20e3 / np.prod(model.tiles)), FLOW, 330.0)
        assert state.balance.residual < 1e-7
        rises[name] = state.peak - 330.0
    assert rises["constant"] < rises["law"] < 1.02 * rises["constant"]


@pytest.mark.parametrize("options", [{}, {"design": "straight-cold-plate"}, {"design": "jet-impingement"}, "clogged"])
def test_pressure_drop_at_rest_is_that_of_a_uniform_wafer(options: dict[str, str] | str) -> None:
    clogged = [Clog(x=("20 mm", "90 mm"), y=("10 mm", "60 mm"), blocked_share=0.6)]
    model = wafer(clogged=clogged) if isinstance(options, str) else wafer(**options)
    for temperature in (283.15, 318.15):
        at_rest = model.uniform(temperature, FLOW).pressure_drop
        assert model.uniform_drop(temperature, FLOW) == pytest.approx(at_rest, rel=1e-9)
