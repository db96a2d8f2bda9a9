"""Closed forms and series of conduction against values computed a second, independent way."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from published import values

from twin.vv import exact_conduction as exact
from twin.vv.exact_layers import (
    Layered,
    Patch,
    Spot,
    invert,
    isotropic,
    raster_patches,
    response,
    scheduled_response,
    steady_rises,
    step_response,
)

SLAB = (1e-3, 120.0, 4e8)
SILICON = (120.0, 1.66e6)
SQUARE = (0.02, 0.03)
SPREADER = Layered((0.05, 0.05), (isotropic(5e-3, 390.0), isotropic(1e-3, 120.0)), bottom=5000.0)


def impedance(frequency: float) -> complex:
    return 1e6 * exact.periodic_impedance(2 * math.pi * frequency, 775e-6, *SILICON, 25e3)


def spread(spot: Spot) -> float:
    return steady_rises(SPREADER, [Patch("top", SQUARE, SQUARE, 100.0)], [spot], 1200)[0]


def unequal(which: int) -> float:
    return exact.slab_between_films(*SLAB, (25e3, 20.0), (500.0, 35.0))[which]


FORMULAS: dict[tuple[str, str], Callable[[], float]] = {
    ("C01a", "(ii) T centre"): lambda: exact.slab_between_films(*SLAB, (25e3, 20.0), (25e3, 20.0))[3],
    ("C01a", "(iii) T(0)"): lambda: unequal(0),
    ("C01a", "(iii) T(L)"): lambda: unequal(1),
    ("C01a", "(iii) x of maximum"): lambda: 1e3 * unequal(2),
    ("C01a", "(iii) T max"): lambda: unequal(3),
    ("C02d", "penetration depth delta f=100 Hz"): lambda: 1e6 * exact.penetration_depth(*SILICON, 100.0),
    ("C03a", "kernel Z(300/m)"): lambda: 1e4 * float(response(SPREADER, "top", a2=300.0**2).high[1]),
    ("C03a", "kernel Z(900/m)"): lambda: 1e4 * float(response(SPREADER, "top", b2=900.0**2).high[1]),
    ("C03a", "T centroid"): lambda: spread(Spot(1, "high", 0.025, 0.025)),
    ("C03a", "T mean over source"): lambda: spread(Spot(1, "high", SQUARE, SQUARE)),
    ("C03a", "T corner (0,0)"): lambda: spread(Spot(1, "high", 0.0, 0.0)),
    ("C03d", "square, centroid"): lambda: exact.square_on_half_space()[0],
    ("C03d", "square, mean"): lambda: exact.square_on_half_space()[1],
    ("C03d", "circle, centroid"): lambda: exact.circle_on_half_space()[0],
    ("C03d", "circle, mean"): lambda: exact.circle_on_half_space()[1],
    ("C05a", "T centre"): lambda: exact.plate_at_zero((0.2, 0.1), (10.0, 2.5), 1e5, 0.0, 0.0),
    ("C05a", "T(0.05,0.025)"): lambda: exact.plate_at_zero((0.2, 0.1), (10.0, 2.5), 1e5, -0.05, -0.025),
    ("C10b", "T(0.08 m, 32 s)"): lambda: exact.driven_end(0.1, 35 / (440.5 * 7200), 100.0, math.pi / 40, 0.08, 32.0),
    ("C10c", "T at E (0.6,0.2)"): lambda: exact.plate_with_films(0.6, 1.0, 52.0, 750.0, 100.0, 0.6, 0.2),
    ("C10c", "T(0,0.5)"): lambda: exact.plate_with_films(0.6, 1.0, 52.0, 750.0, 100.0, 0.0, 0.5),
    ("C11a", "V_max coefficient"): lambda: exact.sheet_drops()[0],
    ("C11a", "V_max (double series)"): exact.sheet_largest_by_double_series,
    ("C11a", "V_mean coefficient"): lambda: exact.sheet_drops()[1],
}
for biot in (0.1, 1.0, 10.0):
    FORMULAS["C02a", f"zeta1 Bi={biot}"] = lambda biot=biot: float(exact.biot_roots(biot, 1)[0])
    for fourier in (0.05, 0.2, 1.0):
        for name, place in (("centre", 0.0), ("surface", 1.0)):
            key = ("C02a", f"theta {name} Bi={biot} Fo={fourier}")
            FORMULAS[key] = lambda *given, bi=biot, fo=fourier, at=place: exact.cooled_slab(bi, fo, at)
for depth, time in ((0, 1e-6), (0, 1e-5), (100, 1e-5), (0, 1e-4), (100, 1e-4), (0, 1e-3), (100, 1e-3)):
    key = ("C02b", f"dT x={depth} um t={time:g} s")
    FORMULAS[key] = lambda x=depth, t=time: exact.flux_on_half_space(1e6, 120.0, 120 / 1.66e6, x * 1e-6, t)
for share, time in ((0, 1e-4), (0, 1e-3), (1, 1e-3), (0, 1e-2), (1, 1e-2)):
    key = ("C02c", f"dT x/L={share} t={time:g} s")
    FORMULAS[key] = lambda x=share, t=time: exact.heated_slab(1e6, 775e-6, *SILICON, x, t)
for frequency in (1, 10, 100, 1000, 10000):
    FORMULAS["C02d", f"|T| front f={frequency} Hz"] = lambda f=frequency: abs(impedance(f))
    FORMULAS["C02d", f"phase front f={frequency} Hz"] = lambda f=frequency: math.degrees(np.angle(impedance(f)))


@pytest.mark.parametrize("key", FORMULAS, ids=" ".join)
def test_formula(key: tuple[str, str]) -> None:
    assert FORMULAS[key]() == pytest.approx(values()[key], rel=1e-7)


def test_two_ports_give_the_series_of_a_slab_after_a_flux() -> None:
    """Laplace inversion of the chain against the cosine series, and against the Biot series."""
    slab = Layered((1.0, 1.0), (isotropic(775e-6, *SILICON),))
    for time in (1e-4, 1e-2):
        found = 1e6 * step_response(slab, "bottom", lambda faces: faces.high[0], time)
        assert found == pytest.approx(exact.heated_slab(1e6, 775e-6, *SILICON, 1.0, time), rel=1e-9, abs=1e-12)
    cooled = Layered((1.0, 1.0), (isotropic(1e-3, 1.0, 1e6),), top=2000.0)
    theta = 1 - step_response(cooled, "top ambient", lambda faces: faces.low[0], 0.3)
    assert theta == pytest.approx(exact.cooled_slab(2.0, 0.3, 0.0), rel=1e-9)


def test_two_ports_give_the_periodic_impedance() -> None:
    slab = Layered((1.0, 1.0), (isotropic(300e-6, *SILICON), isotropic(475e-6, *SILICON)), top=25e3)
    found = complex(response(slab, "bottom", s=2j * math.pi * 100.0).low[0])
    assert found == pytest.approx(impedance(100.0) / 1e6, rel=1e-12)


def test_heat_in_a_layer_is_conserved_and_its_mean_lies_between_its_faces() -> None:
    """Film heats of a stack with contacts and a source in the middle add up to the source."""
    slabs = (isotropic(1e-3, 5.0), isotropic(2e-3, 50.0, contact=1e-5), isotropic(1e-3, 2.0, contact=3e-5))
    stack = Layered((1.0, 1.0), slabs, 500.0, 80.0)
    faces = response(stack, 1)
    assert 500.0 * faces.low[0] + 80.0 * faces.high[2] == pytest.approx(1.0, rel=1e-12)
    cut = [isotropic(5e-4, 50.0, contact=1e-5 * (i == 0)) for i in range(4)]
    fine = Layered((1.0, 1.0), (slabs[0], *cut, slabs[2]), 500.0, 80.0)
    quarters = [response(fine, i) for i in range(1, 5)]
    mean = sum(f.mean[1:5].mean() for f in quarters) / 4
    assert faces.mean[1] == pytest.approx(mean, rel=1e-12)


def test_raster_is_the_sum_of_its_cells() -> None:
    watts = np.array([[1.0, 2.0], [0.0, 4.0]])
    patches = raster_patches(watts, (0.05, 0.05), "top")
    assert [patch.power for patch in patches] == [1.0, 2.0, 4.0]
    assert patches[1].x == (0.025, 0.05)
    assert patches[1].y == (0.0, 0.025)
    whole = Spot(1, "high", (0.0, 0.05), (0.0, 0.05))
    uniform = 7.0 * float(response(SPREADER, "top").high[1]) / 0.05**2
    assert steady_rises(SPREADER, patches, [whole])[0] == pytest.approx(uniform, rel=1e-12)


def test_pulse_is_two_steps() -> None:
    slab = Layered((1.0, 1.0), (isotropic(1e-3, *SILICON),), 1e4)
    pick = lambda faces: faces.high[0]  # noqa: E731
    found = scheduled_response(slab, 0, pick, [(0.0, 1.0), (2e-3, 0.0)], 5e-3)
    assert found == pytest.approx(step_response(slab, 0, pick, 5e-3) - step_response(slab, 0, pick, 3e-3), rel=1e-12)


def test_inversion_of_a_known_transform() -> None:
    assert invert(lambda s: 1 / (s * s + 2 * s), 0.7) == pytest.approx((1 - math.exp(-1.4)) / 2, rel=1e-10)
