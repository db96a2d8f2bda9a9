"""Correlations against exact values of ducts and fins."""

import numpy as np
import pytest
from scipy import sparse
from scipy.linalg import eigh, solve_banded
from scipy.sparse.linalg import splu

from twin.thermal import correlations

# Spectral-element solutions of the duct problems, agreeing with finite volumes and Richardson
# extrapolation to 2e-6 or better: (short / long side, f Re, Nu_H1, K(inf), Nu_H1 with the short wall adiabatic)
DUCTS = [
    (1.0, 14.2270769, 3.60795074, 1.55152365, 3.56815858),
    (1 / 2, 15.5480561, 4.12330487, 1.38291903, 4.53886199),
    (1 / 4, 18.2327768, 5.33106936, 1.0759473, 5.76013748),
    (1 / 8, 20.5846441, 6.4903529, 0.878787898, 6.79272967),
    (57 / 180, 17.2953912, 4.88930471, 1.1740819, 5.34186779),
    (50 / 302, 19.7242025, 6.06038853, 0.943310407, 6.41834465),
]
LONG_WALL = [(1 / 2, 3.13981117), (1 / 4, 3.43945679), (1 / 8, 4.08600606)]


@pytest.mark.parametrize(("aspect", "friction", "nusselt", "loss", "covered"), DUCTS)
def test_duct_has_exact_values(aspect, friction, nusselt, loss, covered):
    width, height = aspect * 300e-6, 300e-6
    assert correlations.friction_factor_reynolds(width, height) == pytest.approx(friction, rel=1e-8)
    assert correlations.nusselt_four_sided(width, height) == pytest.approx(nusselt, rel=1e-8)
    assert correlations.entrance_loss(width, height) == pytest.approx(loss, rel=1e-8)
    assert correlations.nusselt_three_sided(width, height) == pytest.approx(covered, rel=1e-7)


@pytest.mark.parametrize(("aspect", "nusselt"), LONG_WALL)
def test_wide_duct_under_an_adiabatic_cover(aspect, nusselt):
    assert correlations.nusselt_three_sided(1.0, aspect) == pytest.approx(nusselt, rel=1e-7)


def test_four_walls_do_not_depend_on_orientation_or_size():
    one = correlations.nusselt_four_sided(1.0, 0.3)
    assert correlations.nusselt_four_sided(0.3e-3, 1e-3) == pytest.approx(one, rel=1e-12)


def test_wide_ducts_approach_parallel_plates_at_first_order_in_the_aspect_ratio():
    # parallel plates: f Re 24, Nu_H1 140/17 (both heated) and 70/13 (one heated), K(inf) 24/35
    aspects = np.array([1 / 50, 1 / 100, 1 / 200])
    limits = (
        (correlations.friction_factor_reynolds, 24.0),
        (correlations.nusselt_four_sided, 140 / 17),
        (correlations.nusselt_three_sided, 70 / 13),
        (correlations.entrance_loss, 24 / 35),
    )
    for function, limit in limits:
        gaps = [abs(function(1.0, aspect) - limit) for aspect in aspects]
        orders = np.log2(np.divide(gaps[:-1], gaps[1:]))
        np.testing.assert_allclose(orders, 1.0, atol=0.06)


def test_entrance_joins_leveque_and_developed_values():
    developed, friction = 140 / 17, 24.0
    nusselt = correlations.nusselt_entrance(developed, friction, [0.0, 1e-3, 1e6, 8e6])
    assert nusselt[0] == developed
    assert nusselt[1] == pytest.approx(developed, rel=1e-4)
    assert np.log2(nusselt[3] / nusselt[2]) == pytest.approx(1.0, abs=0.01)
    # exact Leveque coefficient of parallel plates with uniform flux, 1.490 (Shah & London 1978)
    assert nusselt[2] / 1e6 ** (1 / 3) == pytest.approx(1.490, rel=1e-3)


def graetz_plates(distances, cells=400):
    """Local Nu_H1 of parallel plates on D_h = 4 (half gap 1), x* = x a / (D_h^2 u_m), by finite volumes.

    u dT/dx = T'' with unit flux at y = 1, in modes of the discrete operator.
    """
    faces = np.linspace(0, 1, cells + 1)
    centres = (faces[1:] + faces[:-1]) / 2
    conductance = 1 / np.diff(centres)
    stiffness = np.diag(np.append(conductance, 0) + np.append(0, conductance))
    stiffness -= np.diag(conductance, 1) + np.diag(conductance, -1)
    flow = np.diff(1.5 * (faces - faces**3 / 3))
    rates, modes = eigh(stiffness, np.diag(flow))
    wall, to_wall = modes[-1], 1 - centres[-1]
    nusselts = []
    for x in 16 * np.asarray(distances):
        growth = np.append(x, -np.expm1(-rates[1:] * x) / rates[1:])
        temperature = modes @ (growth * wall)
        nusselts.append(4 / (temperature[-1] + to_wall - temperature @ flow))
    return np.array(nusselts)


def test_entrance_of_parallel_plates_is_near_the_graetz_solution():
    distances = np.array([1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1])
    exact = graetz_plates(distances)
    assert exact[-1] == pytest.approx(140 / 17, rel=1e-4)
    nusselt = correlations.nusselt_entrance(140 / 17, 24.0, 1 / distances)
    np.testing.assert_allclose(nusselt, exact, rtol=0.04)


def crowded(length, count, both):
    """Faces of cells that crowd at the low wall, or at both."""
    share = np.linspace(0, 1, count + 1)
    return length * (1 - np.cos(np.pi * share)) / 2 if both else length * (1 - np.cos(np.pi / 2 * share))


def links(faces, walls):
    """Conductances per cross length between the centres of neighbouring cells, and to the walls at the ends."""
    centres = (faces[1:] + faces[:-1]) / 2
    inner = 1 / np.diff(centres)
    ends = 1 / np.array([centres[0] - faces[0], faces[-1] - centres[-1]]) * walls
    return np.concatenate([ends[:1], inner, ends[1:]])


def duct_operator(x, y, walls_x, walls_y):
    """Finite volumes of -lap on a duct's cells: matrix and conductance of every cell to the walls."""
    gx, gy = links(x, walls_x), links(y, walls_y)
    along_x = sparse.diags_array(gx[1:] + gx[:-1]) - sparse.diags_array([gx[1:-1]] * 2, offsets=[-1, 1])
    along_y = sparse.diags_array(gy[1:] + gy[:-1]) - sparse.diags_array([gy[1:-1]] * 2, offsets=[-1, 1])
    dx, dy = sparse.diags_array(np.diff(x)), sparse.diags_array(np.diff(y))
    matrix = sparse.kron(along_x, dy) + sparse.kron(dx, along_y)
    to_x, to_y = np.zeros(gx.size - 1), np.zeros(gy.size - 1)
    to_x[[0, -1]], to_y[[0, -1]] = gx[[0, -1]], gy[[0, -1]]
    return matrix.tocsc(), (np.outer(to_x, np.diff(y)) + np.outer(np.diff(x), to_y)).ravel()


def graetz_duct(width, height, covered, distances, cells=(36, 48)):
    """Local Nu on D_h of a duct from x* = x / (D_h Re Pr) on, wall heat uniform along, temperature around.

    Half the width by symmetry; implicit Euler along the duct on steps that grow.
    """
    x, y = crowded(width / 2, cells[0], False), crowded(height, cells[1], True)
    area = np.outer(np.diff(x), np.diff(y)).ravel()
    velocity = splu(duct_operator(x, y, (1, 0), (1, 1))[0]).solve(area)
    mass = velocity / (velocity @ area) * area.sum() * area
    matrix, wall = duct_operator(x, y, (1, 0), (1, 0 if covered else 1))
    perimeter = height + width / 2 * (1 if covered else 2)
    diameter = correlations.hydraulic_diameter(width, height)
    found, place, step, state = [], 0.0, 1e-7, np.zeros(area.size)
    while place < max(distances):
        solver = splu((sparse.diags_array(mass / (step * diameter**2)) + matrix).tocsc())
        reply = solver.solve(wall)
        for _ in range(12):
            base = solver.solve(mass / (step * diameter**2) * state)
            at_wall = (perimeter + wall @ base) / (wall.sum() - wall @ reply)
            state = base + at_wall * reply
            place += step
            found.append((place, diameter / (at_wall - mass @ state / mass.sum())))
        step *= 1.35
    places, nusselts = np.array(found).T
    return np.interp(distances, places, nusselts)


@pytest.mark.parametrize(
    ("width", "height", "covered", "tolerance"),
    [(1.0, 1.0, False, 0.065), (1.0, 3.0, False, 0.035), (1.0, 3.0, True, 0.03), (3.0, 1.0, True, 0.05)],
)
def test_entrance_of_ducts_is_near_the_graetz_solution(width, height, covered, tolerance):
    distances = np.array([1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 0.5])
    exact = graetz_duct(width, height, covered, distances)
    function = correlations.nusselt_three_sided if covered else correlations.nusselt_four_sided
    developed, friction = function(width, height), correlations.friction_factor_reynolds(width, height)
    assert exact[-1] == pytest.approx(developed, rel=2e-3)
    evenness = correlations.shear_evenness(width, height, covered)
    nusselt = correlations.nusselt_entrance(developed, friction, 1 / distances, evenness)
    np.testing.assert_allclose(nusselt, exact, rtol=tolerance)
    unevenly = correlations.nusselt_entrance(developed, friction, 1 / distances)
    assert np.abs(nusselt / exact - 1).max() < np.abs(unevenly / exact - 1).max()


def test_plates_are_evenly_sheared_and_corners_are_not():
    assert correlations.shear_evenness(1.0, 1e-3, covered=True) == pytest.approx(1.0, abs=1e-3)
    assert correlations.shear_evenness(1.0, 1.0) == correlations.shear_evenness(1.0, 1.0, covered=True) < 0.98


def developing_plates(distances, cells=160):
    """K(x+) of a uniform stream between plates: u u_x + v u_y = -p_x + u_yy, marched along the duct.

    Half gap 1, mean velocity 1, viscosity 1: D_h = 4, x+ = x/16, developed -dp/d(x/rho u^2) = 3.
    """
    faces = np.sin(np.linspace(0, np.pi / 2, cells + 1))
    size, centres = np.diff(faces), (faces[1:] + faces[:-1]) / 2
    to_next, to_wall = 1 / np.diff(centres), 1 / (1 - centres[-1])
    friction = np.zeros((3, cells))
    friction[0, 1:], friction[2, :-1] = -to_next, -to_next
    friction[1] = np.append(to_next, to_wall) + np.append(0, to_next)
    speed, place, pressure, step, found = np.ones(cells), 0.0, 0.0, 1e-8, [(0.0, 0.0)]
    while place < 16 * max(distances):
        for _ in range(12):
            new = speed
            for _ in range(4):
                across = np.append(0, -np.cumsum((new - speed) / step * size))
                across[-1] = 0.0
                mean = (across[1:] + across[:-1]) / 2
                bands = friction.copy()
                bands[1] += size * new / step
                bands[0, 1:] += mean[:-1] / 2
                bands[1, :-1] += mean[:-1] / 2
                bands[1, 1:] -= mean[1:] / 2
                bands[2, :-1] -= mean[1:] / 2
                bands[1, 0] -= mean[0]
                base, reply = solve_banded((1, 1), bands, np.stack([size * new * speed / step, size], axis=1)).T
                gradient = (1 - size @ base) / (size @ reply)
                new = base + gradient * reply
            speed, place, pressure = new, place + step, pressure + gradient * step
            found.append((place, 2 * (pressure - 3 * place)))
        step *= 1.3
    places, losses = np.array(found).T
    return np.interp(16 * np.asarray(distances), places, losses)


def test_developing_friction_of_plates_is_near_the_boundary_layer_solution():
    distances = np.array([1e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 3e-2, 0.1])
    exact = 24 + developing_plates(distances) / (4 * distances)
    found = 24 + correlations.developing_entrance_loss(1.0, 1e-3, distances) / (4 * distances)
    np.testing.assert_allclose(found, exact, rtol=0.03)
    held = 24 + correlations.entrance_loss(1.0, 1e-3) / (4 * distances)
    assert held[0] > 5 * exact[0]


@pytest.mark.parametrize("aspect", [0.05, 0.25, 0.5, 1.0])
def test_entrance_loss_rises_to_k_infinity(aspect):
    distances = np.geomspace(1e-5, 1e3, 60)
    losses = correlations.developing_entrance_loss(1.0, aspect, distances)
    assert np.all(np.diff(losses) > 0)
    assert losses[-1] == pytest.approx(correlations.entrance_loss(1.0, aspect), rel=1e-4)
    assert correlations.developing_entrance_loss(1.0, aspect, np.inf) == correlations.entrance_loss(1.0, aspect)
    # boundary layers at the very entry: f_app Re = 3.44 / sqrt(x+)
    assert losses[0] == pytest.approx(4 * 3.44 * np.sqrt(1e-5), rel=0.03)


def test_jets_follow_martin():
    # worked by hand: f = 0.01, H/D = 6: K = (1 + 1)^-0.05, G = 2 x 0.1 (1 - 0.22), Re^(2/3) = 464.16
    expected = 2**-0.05 * 0.2 * 0.78 * 0.5 * 1e4 ** (2 / 3) * 7**0.42
    assert correlations.jet_array_nusselt(1e4, 7.0, 6.0, 0.01) == pytest.approx(expected, rel=1e-12)
    assert correlations.jet_range_problems(1e4, 6.0, 0.01) == {}
    assert len(correlations.jet_range_problems(500.0, 1.0, 0.2)) == 3


def test_fin_efficiency_of_unit_reach():
    assert correlations.fin_efficiency(0.5, 1.0, 1.0, 1.0) == pytest.approx(0.7615941559557649, rel=1e-14)
    assert correlations.fin_efficiency(0.0, 1.0, 1.0, 1.0) == 1.0


def test_fin_array_is_that_of_tuckerman_and_pease():
    # IEEE EDL-2 (1981) 126: 50 um channels and walls, 302 um deep, developed flow of water at 23 C;
    # convective resistance 0.046074 K cm2/W from the fin's boundary value problem
    width, height = 50e-6, 302e-6
    diameter = correlations.hydraulic_diameter(width, height)
    coefficient = correlations.nusselt_four_sided(width, height) * 0.61 / diameter
    conductance = correlations.fin_array_conductance(coefficient, width, 50e-6, height, 148.0)
    assert 1e4 / conductance == pytest.approx(0.0460743621, rel=1e-6)
    assert correlations.fin_efficiency(coefficient, 50e-6, height, 148.0) == pytest.approx(0.75116411, rel=1e-6)
