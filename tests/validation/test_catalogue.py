"""The catalogue of `twin validate`, live: the quick cases of every group; acceptance runs all of them."""

from functools import cache

import pytest

from twin.vv.catalogue import cases
from twin.vv.rows import GROUPS, Case, Row
from twin.vv.run import judge_estimates

SLOW = {"C02a", "C02b", "C03a", "C03d", "C08c", "C08g", "eccentric source", "developing cell", "single blow", "M13"}
"""Cases of more than a few seconds."""

QUICK = [case for case in cases() if case.name not in SLOW]


@cache
def rows_of(case: Case) -> tuple[Row, ...]:
    return tuple(case.run())


@pytest.mark.parametrize("case", QUICK, ids=lambda case: case.name)
def test_case(case: Case) -> None:
    rows = rows_of(case)
    assert rows
    failed = [f"{row.quantity}: {row.result} for {row.reference}, {row.note}" for row in rows if not row.passed]
    assert not failed


def test_every_group_is_represented() -> None:
    assert {case.group for case in QUICK} == set(GROUPS)


def test_estimates_of_the_quick_spreading_cases_hold() -> None:
    rows = [row for case in QUICK if case.group == "spreading" for row in rows_of(case)]
    assert all(row.passed for row in judge_estimates(rows))
