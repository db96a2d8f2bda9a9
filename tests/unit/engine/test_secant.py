"""A fixed point of numbers that answer mostly to themselves."""

from __future__ import annotations

import numpy as np
import pytest

from twin.engine.secant import Secant


def steps_to(solution: np.ndarray, slopes: np.ndarray, accelerated: bool, most: int = 60) -> int:
    """Return the steps until x = s + slopes (x - s) is within 1e-9 of its solution s."""
    given, secant = np.zeros_like(solution), Secant()
    for step in range(1, most + 1):
        found = solution + slopes * (given - solution)
        if np.abs(found - solution).max() < 1e-9:
            return step
        suggested = secant.next(given, found)
        given = suggested if accelerated else found
    return most


def test_numbers_that_answer_to_themselves_alone_are_found_in_three_steps() -> None:
    solution, slopes = np.array([[1.0, 20.0], [300.0, 4.0]]), np.array([[0.4, 0.1], [0.3, -0.3]])
    assert steps_to(solution, slopes, accelerated=True) <= 3
    assert steps_to(solution, slopes, accelerated=False) > 20


@pytest.mark.parametrize("slope", [0.5, 0.7, 0.9, -0.8])
def test_it_converges_where_slopes_are_beyond_those_believed(slope: float) -> None:
    assert steps_to(np.array([2.0]), np.array([slope]), accelerated=True, most=400) < steps_to(
        np.array([2.0]), np.array([slope]), accelerated=False, most=400
    )


def test_a_number_that_stood_still_is_left_as_it_was_found() -> None:
    secant = Secant()
    secant.next(np.array([1.0, 0.0]), np.array([1.0, 1.0]))
    assert secant.next(np.array([1.0, 1.0]), np.array([1.5, 1.0])) == pytest.approx([1.5, 1.0])
