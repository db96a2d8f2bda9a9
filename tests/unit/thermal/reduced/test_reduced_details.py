"""Differences within tiles: those of sums of known patterns follow from them, for other heat the basis grows."""

from __future__ import annotations

import numpy as np
from reduced_wafers import FLOW, INLET, Array, random_heat, reduced

from twin.thermal.reduced.details import Details
from twin.thermal.reduced.model import ReducedWaferModel

ENOUGH = 0.01


def heat(model: ReducedWaferModel, watts: float, seed: int) -> Array:
    return model.density(random_heat(model.full, watts, seed)).astype(np.float32)


def test_sums_of_known_patterns_add_none() -> None:
    model, known = reduced("manifold-silicon"), Details()
    reference = model.design.reference(FLOW, INLET)
    first, second = heat(model, 12e3, 1), heat(model, 18e3, 2)
    for given in (first, second):
        known = known.reaching(model, reference, given)
        np.testing.assert_allclose(known.of(given), model.details(reference, given), atol=1e-3)
    total = np.float32(0.3) * first + np.float32(0.8) * second
    near = total * np.random.default_rng(3).uniform(0.9999, 1.0001, total.shape).astype(np.float32)
    for given in (total, near, np.zeros_like(total)):
        assert known.reaching(model, reference, given) is known
        np.testing.assert_allclose(known.of(given), model.details(reference, given), atol=ENOUGH)
    assert not known.holds(reference, heat(model, 1e3, 4))


def test_any_heat_has_its_own_differences_however_much_came_before() -> None:
    model, known = reduced("manifold-silicon"), Details()
    reference = model.design.reference(FLOW, INLET)
    for seed in range(9):
        given = heat(model, 15e3, seed)
        known = known.reaching(model, reference, given)
        np.testing.assert_allclose(known.of(given), model.details(reference, given), atol=2e-3)
        assert len(known.patterns) <= 6
    other = model.design.reference(1.5 * FLOW, INLET)
    assert not known.holds(other, given)
    known = known.reaching(model, other, given)
    assert known.patterns[0].reference == other
    np.testing.assert_allclose(known.of(given), model.details(other, given), atol=1e-3)


def test_a_restored_record_gives_the_same_bits() -> None:
    model, known = reduced("manifold-silicon"), Details()
    assert Details.restored(model, known.tree()).patterns == ()
    reference = model.design.reference(FLOW, INLET)
    for seed in range(3):
        known = known.reaching(model, reference, heat(model, 15e3, seed))
    again, given = Details.restored(model, known.tree()), heat(model, 9e3, 1)
    assert np.array_equal(again.of(given), known.of(given))
