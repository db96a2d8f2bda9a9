"""Power laws, radiation and feedback of the heat solver against closed forms, up to the edge of runaway."""

import numpy as np
import pytest
from scipy.special import lambertw
from small_problems import crossed
from small_problems import load as layered_load
from small_problems import model as layered_model

from twin.fe.heat import (
    Feedback,
    Film,
    HeatBalance,
    HeatModel,
    HeatState,
    HeatSystem,
    Load,
    PowerLaw,
    Radiation,
    Runaway,
)
from twin.fe.tensor import Array, GridLayer, TensorGrid, with_midpoints

SIDE = 1e-3
SILICON = PowerLaw(300.0, -1.3)


def column(thickness: float, cells: int, conductivity: float, degree: int = 1, **options: object) -> HeatModel:
    """Return a square column of one layer."""
    nodes = with_midpoints(np.linspace(0.0, SIDE, 2), degree)
    through = with_midpoints(np.linspace(0.0, thickness, cells + 1), degree)
    grid = TensorGrid(nodes, nodes, (GridLayer(through),), degree)
    return HeatModel(grid, np.full((1, 3), conductivity), np.array([1.6e6]), **options)  # type: ignore[arg-type]


def volume_heat(model: HeatModel, density: float) -> Array:
    """Return a uniform heat in W/m3 as watts per node."""
    grid = model.grid
    return density * model.nodal(grid.x_weights, grid.y_weights, grid.through())


def solve(
    model: HeatModel, load: Load, start: float, step: float | None = None, old: HeatState | None = None
) -> tuple[HeatState, HeatBalance, int]:
    guess = np.full(model.shape, start) if old is None else old.solid
    return HeatSystem(model, (), step).at((), old).solve(load, guess, 2e-10)


@pytest.mark.parametrize("degree", [1, 2])
def test_power_law_between_fixed_faces_is_exact_at_nodes(degree: int) -> None:
    """Kirchhoff's transform is linear through the slab. Carslaw & Jaeger, sec. 1.6."""
    fixed = {"bottom": 300.0, "top": 420.0}
    model = column(5e-3, 4, 148.0, degree, fixed=fixed, power_laws={0: SILICON})
    state, balance, _ = solve(model, Load(np.zeros(model.shape)), 300.0)
    assert balance.faces["bottom"] / SIDE**2 == pytest.approx(2842021.51, rel=1e-8)
    middle = state.solid[0, 0, model.grid.z.size // 2]
    assert middle == pytest.approx(353.461612, abs=1e-5)
    assert balance.residual < 1e-10


@pytest.mark.parametrize("degree", [1, 2])
def test_power_law_slab_with_generation(degree: int) -> None:
    """T = [Ts^-0.3 - 0.3 g L^2 / (8 k0 300^1.3)]^(-1/0.3), at nodes. Carslaw & Jaeger, sec. 2.16."""
    model = column(5e-3, 8, 148.0, degree, fixed={"bottom": 300.0, "top": 300.0}, power_laws={0: SILICON})
    state, _, _ = solve(model, Load(volume_heat(model, 8e8)), 300.0)
    assert state.solid[0, 0, model.grid.z.size // 2] == pytest.approx(317.529194, abs=1e-6)


def test_radiating_bar() -> None:
    """k (1000 - T) / L = emissivity sigma (T^4 - 300^4): NAFEMS T2, 926.967 K."""
    model = column(0.1, 3, 55.563, fixed={"bottom": 1000.0}, radiation={"top": Radiation(0.98, 300.0)})
    state, balance, _ = solve(model, Load(np.zeros(model.shape)), 300.0)
    assert state.solid[0, 0, -1] == pytest.approx(926.967088, abs=1e-5)
    assert balance.residual < 1e-10


def test_radiation_alone_carries_all_heat() -> None:
    model = column(1e-3, 2, 100.0, radiation={"top": Radiation(0.9, 300.0)})
    state, balance, _ = solve(model, Load(volume_heat(model, 5e7)), 300.0)
    exact = (300.0**4 + 5e4 / (0.9 * 5.670374419e-8)) ** 0.25
    assert state.solid[0, 0, -1] == pytest.approx(exact, rel=1e-10)
    assert balance.faces["top"] == pytest.approx(5e4 * SIDE**2, rel=1e-10)


DYNAMIC, LEAKAGE, GROWTH, REFERENCE, SINK = 30e4, 6e4, 0.02, 333.15, 293.15
ARGUMENT = DYNAMIC / LEAKAGE * np.exp(-1 - GROWTH * (SINK - REFERENCE))
CRITICAL = float(lambertw(ARGUMENT).real) / (GROWTH * DYNAMIC)


def leaking(resistance: float) -> tuple[HeatModel, Load]:
    """A thin, well conducting wafer behind one resistance in m2 K/W, with leakage."""
    model = column(1e-5, 1, 1e4, films={"bottom": Film(1.0 / resistance, SINK)})
    shape = volume_heat(model, 1.0 / 1e-5)
    return model, Load(DYNAMIC * shape, (Feedback(LEAKAGE * shape, GROWTH, REFERENCE),))


def test_leakage_settles_where_lambert_says() -> None:
    """T = Tc + R q - W0(-b R ql exp(b (Tc + R q - T0))) / b. Corless et al., Adv. Comput. Math. 5 (1996) 329."""
    model, load = leaking(0.68e-4)
    state, balance, _ = solve(model, load, SINK)
    assert state.solid[0, 0, 0] - 273.15 == pytest.approx(43.3228339, abs=2e-5)
    assert balance.feedback / balance.released == pytest.approx(0.125320702, rel=1e-5)


@pytest.mark.parametrize("near", [0.9, 0.99, 0.999, 0.9999])
def test_stable_just_below_the_fold(near: float) -> None:
    model, load = leaking(near * CRITICAL)
    base = SINK + near * CRITICAL * DYNAMIC
    argument = -GROWTH * near * CRITICAL * LEAKAGE * np.exp(GROWTH * (base - REFERENCE))
    exact = base - float(lambertw(argument).real) / GROWTH
    state, balance, _ = solve(model, load, SINK)
    # The wafer's own resistance is a hundred thousandth of the other: nearer to the fold it would count.
    assert state.solid[0, 0, 0] == pytest.approx(exact, abs=0.02)
    assert balance.residual < 1e-8


@pytest.mark.parametrize("past", [1.0001, 1.001, 1.1, 3.0, 1e3])
def test_runaway_just_past_the_fold(past: float) -> None:
    model, load = leaking(past * CRITICAL)
    with pytest.raises(Runaway):
        solve(model, load, SINK)


def test_runaway_in_time() -> None:
    """Past the fold temperatures grow without bound: steps first succeed and then find no solution."""
    model, load = leaking(1.5 * CRITICAL)
    peaks: list[float] = []

    def march() -> None:
        state = HeatState(np.full(model.shape, SINK), ())
        for _ in range(2000):
            state, balance, _ = solve(model, load, SINK, 1e-4, state)
            assert balance.residual < 1e-8
            peaks.append(float(state.solid.max()))

    with pytest.raises(Runaway):
        march()
    assert len(peaks) > 10
    assert np.all(np.diff(peaks) > 0)


def test_weak_feedback_under_crossing_streams_is_stable() -> None:
    """Corrections that the linear solver leaves inexact are no sign of a runaway."""
    heat = layered_model()
    found = crossed(heat)
    source = layered_load(heat.grid)
    system = HeatSystem(heat, found, None)
    plain, _, _ = system.at(found).solve(source, np.full(heat.shape, 285.0), 1e-9)
    leaking_too = Load(source, (Feedback(0.1 * source, 0.01, 300.0),))
    state, balance, _ = system.at(found).solve(leaking_too, np.full(heat.shape, 285.0), 1e-9)
    assert 4.0 < balance.feedback < 12.0
    assert (state.solid > plain.solid).all()
    assert balance.residual < 1e-9
