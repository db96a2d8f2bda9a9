"""The resolved channel cell against series, spectral solutions, a finite-volume solution and experiments' cases.

Developed ducts: double sine series (f Re, Nu_H1, K) and a spectral element solution (Nu_T), as tabulated by
Shah & London, Laminar Flow Forced Convection in Ducts, Academic Press 1978, ch. VII, to more digits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sparse
import scipy.sparse.linalg as linalg

from twin.fe.channel_axial import SectionOperators, krylov_basis, solve_along
from twin.fe.channel_cell import CellProperties, CellShape, ChannelCell
from twin.fe.channel_developing import developing_temperature
from twin.fe.duct import rectangular_duct
from twin.fe.section import QuadraticSection, conduction, graded, weighted
from twin.spec.channel import Channel
from twin.thermal.channel import cell_of, outcome, solve_channel, stream_of

DUCTS = {
    # width, height: f Re, Nu_H1, Nu_T, K(inf)
    (1, 1): (14.2270769, 3.60795074, 2.97752301, 1.55152365),
    (1, 2): (15.5480561, 4.12330487, 3.39229117, 1.38291903),
    (1, 4): (18.2327768, 5.33106936, 4.44049704, 1.0759473),
    (1, 8): (20.5846441, 6.4903529, 5.59365851, 0.878787898),
    (57, 180): (17.2953912, 4.88930471, 4.04050717, 1.1740819),
    (50, 302): (19.7242025, 6.06038853, 5.14934004, 0.943310407),
}
THREE_SIDED = {
    # width (that of the adiabatic cover), height: Nu_H1
    (1, 1): 3.56815857, (2, 1): 3.13981117, (1, 2): 4.53886199, (4, 1): 3.43945679, (1, 4): 5.76013748,
    (8, 1): 4.08600606, (1, 8): 6.79272967, (57, 180): 5.34186779, (50, 302): 6.41834465,
}  # fmt: skip
SILICON = (148.0, 148.0, 148.0)
TUCKERMAN = {"width": "50 um", "height": "302 um", "wall": "50 um", "base": "98 um"}
KAWANO = {"width": "57 um", "height": "180 um", "wall": "43 um", "base": "270 um", "cover": "450 um"}


def fluid(rho: float, c: float, k: float, mu: float) -> dict[str, str]:
    return {"density": f"{rho} kg/m^3", "specific_heat": f"{c} J/kg/K", "conductivity": f"{k} W/m/K",
            "viscosity": f"{mu} Pa*s"}  # fmt: skip


def solid(k: float) -> dict[str, str]:
    return {"conductivity": f"{k} W/m/K", "density": "2330 kg/m^3", "specific_heat": "700 J/kg/K"}


WATER_20, WATER_23 = fluid(998, 4182, 0.6, 1e-3), fluid(997, 4180, 0.61, 0.9e-3)


def channel(shape: dict[str, str] = KAWANO, **changes: Any) -> Channel:
    given = {
        "wall_material": solid(148), "coolant": WATER_20, "inlet_temperature": "20 degC", "heat_flux": "90 W/cm^2",
        "length": "10 mm", **changes,
    }  # fmt: skip
    if not {"velocity", "reynolds", "flow_rate"} & set(given):
        given["reynolds"] = 140
    return Channel.model_validate({"kind": "channel", "channel": shape, **given})


def kawano_cell(cells: int, exponent: float = 3.0) -> ChannelCell:
    shape = CellShape(57e-6, 180e-6, 43e-6, 270e-6, 450e-6)
    return ChannelCell(shape, CellProperties(SILICON, SILICON, SILICON, 0.6, 998 * 4182, 1.62), cells, exponent)


@pytest.mark.parametrize("sides", DUCTS, ids=str)
def test_developed_ducts(sides: tuple[int, int]) -> None:
    duct = rectangular_duct(1e-6 * sides[0], 1e-6 * sides[1], 12)
    found = (duct.friction_factor_reynolds, duct.nusselt_h1, duct.nusselt_t, duct.entrance_loss)
    errors = np.abs(np.array(found) / DUCTS[sides] - 1)
    assert (errors < (1e-5, 1e-5, 1e-5, 5e-5)).all(), errors


@pytest.mark.parametrize("sides", THREE_SIDED, ids=str)
def test_ducts_under_an_adiabatic_cover(sides: tuple[int, int]) -> None:
    duct = rectangular_duct(1e-6 * sides[0], 1e-6 * sides[1], 12)
    assert duct.nusselt_h1_three_sided == pytest.approx(THREE_SIDED[sides], rel=1e-5)


@pytest.mark.parametrize("sides", [(1, 1), (1, 4)], ids=str)
def test_functionals_of_ducts_converge_at_order_four(sides: tuple[int, int]) -> None:
    ducts = [rectangular_duct(*sides, cells) for cells in (8, 16, 32)]
    values = [(d.friction_factor_reynolds, d.nusselt_h1, d.nusselt_t, d.entrance_loss) for d in ducts]
    errors = np.abs(np.array(values[:2]) - 16 / 15 * np.array(values[2]) + np.array(values[1]) / 15)
    assert np.log2(errors[0] / errors[1]) == pytest.approx(4.0, abs=0.15)


def test_reentrant_corners_of_the_solid_limit_uniform_meshes_to_order_four_thirds() -> None:
    """Twice the exponent 2/3 of a 270 degree conductor whose channel hardly conducts (here 1 : 250)."""
    exact = resistance(kawano_cell(32))
    errors = [resistance(kawano_cell(cells, exponent=1.0)) - exact for cells in (16, 32)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(4 / 3, abs=0.15)


def test_graded_meshes_recover_full_order() -> None:
    values = [resistance(kawano_cell(cells)) for cells in (6, 12, 24)]
    assert np.log2((values[0] - values[1]) / (values[1] - values[2])) > 3.85


def resistance(cell: ChannelCell) -> float:
    return cell.base_mean(cell.developed)


@pytest.mark.parametrize("cover", [40e-6, 0.0])
def test_walls_of_high_conductivity_give_nusselt_h1(cover: float) -> None:
    metal = (1e7, 1e7, 1e7)
    properties = CellProperties(metal, metal, metal, 0.6, 4.17e6, 1.0)
    cell = ChannelCell(CellShape(57e-6, 180e-6, 43e-6, 100e-6, cover), properties, 12)
    wetted = 2 * 180e-6 + (2 if cover else 1) * 57e-6
    coefficient = 100e-6 / (resistance(cell) * wetted)
    nusselt = coefficient * cell.duct.hydraulic_diameter / 0.6
    expected = DUCTS[57, 180][1] if cover else THREE_SIDED[57, 180]
    assert nusselt == pytest.approx(expected, rel=2e-4)


@pytest.mark.parametrize("contrast", [1.0, 250.0])
def test_conjugate_cell_against_finite_volumes(contrast: float) -> None:
    """Cell-centred volumes with harmonic means, two uniform meshes and Richardson at the corner's order."""
    k = (0.6 * contrast,) * 3
    shape = CellShape(width=60e-6, height=120e-6, wall=40e-6, base=40e-6, cover=20e-6)
    cell = ChannelCell(shape, CellProperties(k, k, k, 0.6, 4.17e6, 1.0), 12)
    coarse, fine = (finite_volume_resistance(shape, k[0], 0.6, step) for step in (1e-6, 0.5e-6))
    order = 2.0 if contrast == 1.0 else 4 / 3
    expected = fine + (fine - coarse) / (2**order - 1)
    assert resistance(cell) == pytest.approx(expected, rel=2e-4)


def finite_volume_resistance(shape: CellShape, k_solid: float, k_fluid: float, step: float) -> float:
    """Base mean over bulk per flux of the developed half cell, walls on faces of the volumes."""
    count = [round(v / step) for v in (shape.wall / 2, shape.width / 2, shape.base, shape.height, shape.cover)]
    ny, nz = count[0] + count[1], sum(count[2:])
    fluid_cells = np.zeros((nz, ny), bool)
    fluid_cells[count[2] : count[2] + count[3], count[0] :] = True
    velocity = np.zeros((nz, ny))
    inside = np.flatnonzero(fluid_cells)
    unit = volumes(np.where(fluid_cells, 1.0, 1e12)).tocsr()[inside][:, inside]
    velocity.flat[inside] = linalg.spsolve(unit.tocsc(), np.full(inside.size, step**2))
    flow = velocity.ravel() / velocity.sum()
    load = -flow * ny * step
    load[:ny] += step
    matrix = volumes(np.where(fluid_cells, k_fluid, k_solid))
    temperature = np.zeros(ny * nz)
    temperature[1:] = linalg.spsolve(matrix.tocsr()[1:, 1:].tocsc(), load[1:])
    base = temperature[:ny].mean() + 0.5 * step / k_solid
    return float(base - flow @ temperature)


def volumes(k: np.ndarray) -> sparse.coo_array:
    number = np.arange(k.size).reshape(k.shape)
    rows, columns, values = [], [], []
    for a, b, ka, kb in (
        (number[1:], number[:-1], k[1:], k[:-1]),
        (number[:, 1:], number[:, :-1], k[:, 1:], k[:, :-1]),
    ):
        g = (2 * ka * kb / (ka + kb)).ravel()
        rows += [a.ravel(), b.ravel(), a.ravel(), b.ravel()]
        columns += [a.ravel(), b.ravel(), b.ravel(), a.ravel()]
        values += [g, g, -g, -g]
    return sparse.coo_array((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))))


def test_tuckerman_and_pease() -> None:
    """IEEE EDL-2 (1981) 126: 8.6 cm3/s through 100 channels; fin model 0.0806, measured 0.090 K cm2/W in all."""
    case = channel(TUCKERMAN, coolant=WATER_23, inlet_temperature="23 degC", heat_flux="790 W/cm^2",
                   flow_rate="0.086 cm^3/s")  # fmt: skip
    found = outcome(solve_channel(case))
    assert found["hydraulic_diameter_m"] == pytest.approx(85.7954545e-6)
    assert found["reynolds"] == pytest.approx(541.300505)
    assert found["fin_efficiency"] == pytest.approx(0.751164115, rel=1e-5)
    assert found["pressure_drop_Pa"] / 6894.757 == pytest.approx(39.842441, rel=1e-5)
    entrance = found["entrance_pressure_drop_Pa"] / 6894.757
    assert found["pressure_drop_Pa"] / 6894.757 + entrance == pytest.approx(42.0547401, rel=1e-5)
    caloric = (found["bulk_temperature_K"][-1] - found["bulk_temperature_K"][0]) / 790
    assert caloric == pytest.approx(0.0279016643, rel=1e-8)
    total = caloric + 1e4 * found["resistance_m2K_W"]
    assert 0.080597648 < total < 0.090, "the fin's falling temperature costs more than the fin model says"
    assert total == pytest.approx(0.090, rel=0.2)


def test_kawano() -> None:
    """ASME HTD-361-3 (1998) 173, Qu & Mudawar, IJHMT 45 (2002) 3973: 90 W/cm2 at Re = 140, constant properties."""
    found = outcome(solve_channel(channel()))
    assert found["pressure_drop_Pa"] == pytest.approx(74760.2676, rel=1e-5)
    bulk = np.array(found["bulk_temperature_K"])
    assert bulk[-1] - bulk[0] == pytest.approx(12.972154, rel=1e-7)
    base = np.array(found["base_temperature_K"]) - bulk
    assert base == pytest.approx(9e5 * found["resistance_m2K_W"])


@pytest.mark.parametrize("name", ["kawano", "tuckerman", "polymer", "no cover"])
def test_error_estimate_covers_the_error(name: str) -> None:
    case = {
        "kawano": channel(), "tuckerman": channel(TUCKERMAN), "polymer": channel(wall_material=solid(0.2)),
        "no cover": channel({**KAWANO, "cover": "0 um", "wall": "300 um"}),
    }[name]  # fmt: skip
    result = solve_channel(case)
    exact = resistance(cell_of(case, stream_of(case), 32))
    error = abs(result.profile.resistance / exact - 1)
    assert error < 3 * result.error_estimate
    assert result.error_estimate < 30 * error


# Temperature that develops along the channel


def test_modes_of_the_section_are_as_good_as_all_its_nodes() -> None:
    cell = kawano_cell(3)
    operators = SectionOperators(cell.advection, cell.conduction, cell.axial_conduction)
    slope = cell.axial_slope(9e5) * (cell.axial_conduction @ np.ones(cell.section.size))
    inlet = slope - 9e5 * (cell.advection @ cell.developed)
    every = np.eye(cell.section.size)
    modes = krylov_basis(operators, np.column_stack([inlet, slope]), np.geomspace(1e-8, 1e-2, 24))
    lines, nothing = graded(0.0, 1e-2, 6, 3.0, towards="both"), np.zeros(cell.section.size)
    free = SectionOperators(cell.advection, cell.conduction, cell.axial_conduction, insulated=False)
    full = solve_along(free, every, lines, nothing, inlet, -slope)
    reduced = solve_along(operators, modes, lines, nothing, inlet, -slope)
    rise = 9e5 * resistance(cell)
    assert modes.shape[1] < 100
    for weights in (cell.base_load / cell.base_load.sum(), cell.bulk_load / cell.bulk_load.sum()):
        assert np.abs(reduced.at_stations(weights) - full.at_stations(weights)).max() < 5e-6 * rise
    assert np.abs(reduced.section(-1) - full.section(-1)).max() < 5e-6 * rise


def test_developing_temperature_becomes_developed() -> None:
    """Far from both ends, here three and more entrance lengths."""
    developed = solve_channel(channel(length="60 mm"))
    developing = solve_channel(channel(length="60 mm", model="developing"))
    assert developing.profile.resistance == pytest.approx(developed.profile.resistance, rel=1e-5)
    assert developing.profile.resistance_max == pytest.approx(developed.profile.resistance_max, rel=1e-5)


@pytest.mark.parametrize("cover", ["450 um", "0 um"])
@pytest.mark.parametrize("reynolds", [5, 140, 1000])
def test_heat_in_is_enthalpy_out(cover: str, reynolds: float) -> None:
    case = channel({**KAWANO, "cover": cover}, reynolds=reynolds, model="developing", cells=4)
    result = solve_channel(case)
    assert result.energy_residual < 1e-8
    assert result.profile.resistance_max >= result.profile.resistance


def test_developing_channel_converges_along_and_across() -> None:
    results = [solve_channel(channel(model="developing", cells=cells)) for cells in (4, 8, 12)]
    values = [result.profile.resistance for result in results]
    assert abs(values[1] - values[2]) < abs(values[0] - values[1]) / 8
    assert abs(values[1] / values[2] - 1) < 3 * results[1].error_estimate


def test_solid_ends_draw_the_base_below_its_developed_state() -> None:
    """With adiabatic ends the slope of the base vanishes there; with a solid that conducts little it does not."""
    conducting = solve_channel(channel(model="developing", cells=8)).profile
    insulating = {"conductivity": ["0.01 W/m/K", "148 W/m/K", "148 W/m/K"], "density": "2330 kg/m^3",
                  "specific_heat": "700 J/kg/K"}  # fmt: skip
    apart = solve_channel(channel(model="developing", cells=8, wall_material=insulating)).profile
    assert conducting.base[-1] < apart.base[-1] - 0.5
    assert conducting.base[0] > apart.base[0] + 0.5


class Plates:
    """Between parallel plates a unit apart: the section that `solve_along` sees, and an exact spectral solution.

    u = 6 z (1 - z), u dT/dx = d2T/dz2; the plate at z = 1 is insulated in the case of a heated plate.
    """

    def __init__(self) -> None:
        section = QuadraticSection(np.array([0.0, 1.0]), graded(0.0, 1.0, 32, 2.0, towards="both"))
        trial, test = section.trial_and_test()
        height = np.repeat(section.nodes_up, section.shape[1])
        velocity = section.function(6 * height * (1 - height))
        self.section = section
        self.advection = section.matrix(weighted(velocity, trial, test, section.measure))
        self.conduction = section.matrix(conduction(1.0, 1.0, trial, test, section.measure))
        self.inner = np.flatnonzero((height > 1e-12) & (height < 1 - 1e-12))

    def along(self, inside: np.ndarray, load: np.ndarray, inlet: np.ndarray, length: float) -> Any:
        advection, stiffness = (m[inside][:, inside] for m in (self.advection, self.conduction))
        nothing = sparse.csr_array(advection.shape)
        insulated = inside.size == self.section.size
        operators = SectionOperators(advection, stiffness, nothing, insulated)
        lengths = np.geomspace(1e-7 * length, length, 24)
        sources = load[:, None] if load.any() else (advection @ inlet)[:, None]
        basis = krylov_basis(operators, sources, lengths)
        lines = graded(0.0, length, 48, 3.0, towards="start")
        return solve_along(operators, basis, lines, load, advection @ inlet, np.zeros(inside.size))


def spectral(free: slice, modes: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return matrices of advection and conduction, and the flow, of Lagrange polynomials on [0, 1]."""
    nodes = 0.5 - 0.5 * np.cos(np.pi * np.arange(modes + 1) / modes)
    points, weights = np.polynomial.legendre.leggauss(2 * modes)
    points, weights = 0.5 + 0.5 * points, 0.5 * weights
    legendre = np.polynomial.legendre
    vandermonde = legendre.legvander(2 * nodes - 1, modes)
    to_points = legendre.legvander(2 * points - 1, modes) @ np.linalg.inv(vandermonde)
    slopes = np.stack([legendre.legval(2 * points - 1, legendre.legder(row)) for row in np.eye(modes + 1)], axis=1)
    slopes = 2 * slopes @ np.linalg.inv(vandermonde)
    advection = to_points.T @ ((weights * 6 * points * (1 - points))[:, None] * to_points)
    stiffness = slopes.T @ (weights[:, None] * slopes)
    return advection[free, free], stiffness[free, free], advection[free] @ np.ones(modes + 1)


def test_graetz_problem_of_isothermal_plates() -> None:
    """Bulk temperature against the spectral solution, whose first eigenvalue is Graetz's, 1.68159532."""
    from scipy.linalg import eigh

    advection, stiffness, flow = spectral(slice(1, -1))
    rates, shapes = eigh(stiffness, advection)
    # in half gaps y' = 2 z, u = 3/2 (1 - y'^2): lambda^2 = 3/8 rate
    assert np.sqrt(3 / 8 * rates[0]) == pytest.approx(1.68159532, abs=1e-7)
    amplitude = shapes.T @ flow

    plates = Plates()
    ones = np.ones(plates.inner.size)
    found = plates.along(plates.inner, 0 * ones, ones, length=1.0)
    bulk = found.at_stations(plates.advection[:, plates.inner].sum(axis=0))
    x = found.stations
    expected = (amplitude**2 * np.exp(-np.outer(x, rates))).sum(axis=1)
    seen = (x > 1e-4) & (expected > 1e-3)
    assert seen.sum() > 20
    assert bulk[seen] == pytest.approx(expected[seen], abs=2e-5)
    distance = x / 4  # x* = x alpha / (u_m D_h^2), D_h = 2
    mean_nusselt = -np.log(bulk[seen]) / (4 * distance[seen])
    assert (np.diff(mean_nusselt) < 0).all()
    last, before = np.flatnonzero(seen)[[-1, -2]]
    local = -np.log(bulk[last] / bulk[before]) / (4 * (distance[last] - distance[before]))
    assert local == pytest.approx(7.54070088, rel=2e-4)


def test_entrance_of_a_heated_and_an_insulated_plate() -> None:
    """Wall temperature over bulk against the spectral solution; developed Nu = 140/26 (Shah & London 1978, ch. VI)."""
    from scipy.linalg import eigh

    advection, stiffness, _ = spectral(slice(None))
    rates, shapes = eigh(stiffness, advection)
    rates, wall = rates[1:], shapes[0, 1:]  # without the constant, which is the bulk

    plates = Plates()
    load = np.zeros(plates.section.shape)
    load[0] = [1 / 6, 4 / 6, 1 / 6]
    every = np.arange(plates.section.size)
    found = plates.along(every, load.ravel(), np.zeros(every.size), length=1.0)
    x = found.stations
    first = np.zeros(plates.section.size)
    first[0] = 1.0
    over_bulk = found.at_stations(first) - found.at_stations(plates.advection @ np.ones(every.size))
    expected = (wall**2 / rates * (1 - np.exp(-np.outer(x, rates)))).sum(axis=1)
    seen = x > 3e-4
    assert seen.sum() > 20
    assert over_bulk[seen] == pytest.approx(expected[seen], rel=2e-4)
    assert 2 / over_bulk[-1] == pytest.approx(140 / 26, rel=1e-4)


def test_uniform_wall_heat_enters_a_duct_as_leveque_says() -> None:
    """Walls that conduct around the duct but not along it: Nu_H1 of the entrance, within the correlation's 6 %."""
    from twin.thermal.correlations import nusselt_entrance, shear_evenness

    around = (1e-9, 1e6, 1e6)
    properties = CellProperties(around, around, around, 0.6, 4.17e6, 1.0)
    cell = ChannelCell(CellShape(100e-6, 100e-6, 20e-6, 20e-6, 20e-6), properties, 8)
    found = developing_temperature(cell, 1e5, 20e-3, 48)
    x = found.stations
    coefficient = 1e5 * 120e-6 / (found.base_over_bulk * 400e-6)
    nusselt = coefficient * 100e-6 / 0.6
    diffusion = 0.6 / (4.17e6 * 1.0)
    distance = x * diffusion / (100e-6) ** 2
    seen = (distance > 1e-3) & (x < 19e-3)
    evenness = shear_evenness(100e-6, 100e-6)
    expected = nusselt_entrance(DUCTS[1, 1][1], DUCTS[1, 1][0], 1 / distance[seen], evenness)
    assert seen.sum() > 20
    assert nusselt[seen] == pytest.approx(expected, rel=0.06)
    assert nusselt[seen][-1] == pytest.approx(DUCTS[1, 1][1], rel=2e-3)
