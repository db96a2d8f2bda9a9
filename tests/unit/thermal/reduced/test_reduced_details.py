"""Differences within tiles: those of sums of known patterns follow from them, others are worked out."""

from __future__ import annotations

import numpy as np
from reduced_wafers import FLOW, INLET, Array, random_heat, reduced

from twin.thermal.reduced.details import Details
from twin.thermal.reduced.model import ReducedWaferModel

ENOUGH = 0.05


def heat(model: ReducedWaferModel, watts: float, seed: int) -> Array:
    return model.density(random_heat(model.full, watts, seed)).astype(np.float32)


def test_sums_of_known_patterns_are_not_worked_out_again() -> None:
    model = reduced("manifold-silicon")
    reference = model.design.reference(FLOW, INLET)
    first, second = heat(model, 12e3, 1), heat(model, 18e3, 2)
    known = Details()
    for given in (first, second):
        found, known = known.of(model, reference, given)
        np.testing.assert_allclose(found, model.details(reference, given), atol=1e-3)
    total = np.float32(0.3) * first + np.float32(0.8) * second
    found, after = known.of(model, reference, total)
    assert after is known
    np.testing.assert_allclose(found, model.details(reference, total), atol=1e-3)
    near = total * np.random.default_rng(3).uniform(0.999, 1.001, total.shape).astype(np.float32)
    found, after = known.of(model, reference, near)
    assert after is known
    np.testing.assert_allclose(found, model.details(reference, near), atol=ENOUGH)


def test_any_heat_has_its_own_differences_however_much_came_before() -> None:
    model, known = reduced("manifold-silicon"), Details()
    reference = model.design.reference(FLOW, INLET)
    for seed in range(7):
        given = heat(model, 15e3, seed)
        found, known = known.of(model, reference, given)
        np.testing.assert_allclose(found, model.details(reference, given), atol=2e-3)
        assert known.patterns is not None
        assert len(known.patterns) <= 4
    other = model.design.reference(1.5 * FLOW, INLET)
    found, known = known.of(model, other, given)
    assert known.reference == other
    np.testing.assert_allclose(found, model.details(other, given), atol=1e-3)


def test_no_heat_and_a_restored_record() -> None:
    model = reduced("manifold-silicon")
    reference = model.design.reference(FLOW, INLET)
    nothing, known = Details().of(model, reference, np.zeros(model.full.tiles[::-1], np.float32))
    assert not nothing.any()
    assert known.tree() == {}
    for seed in range(3):
        _, known = known.of(model, reference, heat(model, 15e3, seed))
    again = Details.restored(model, known.tree())
    assert again.within is not None
    assert known.within is not None
    assert again.reference == known.reference
    assert np.array_equal(again.within, known.within)
