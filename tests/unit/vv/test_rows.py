"""Verdicts, observed orders and the judgement of error estimates: each can pass and fail."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from twin.vv.catalogue import UnknownCase, cases, choose
from twin.vv.rows import (
    GROUPS,
    Case,
    Row,
    compare,
    holds,
    observed_order,
    order_or_exact,
    temperature,
    within,
)
from twin.vv.run import as_json, judge_estimates, run


def test_errors_are_relative_to_the_rise() -> None:
    row = compare("T", 60.1, 60.0, 2e-3, "degC", scale=40.0)
    assert row.error == pytest.approx(0.0025)
    assert row.verdict == "fail"
    assert compare("T", 60.1, 60.0, 3e-3, "degC", scale=40.0).verdict == "pass"
    assert compare("T", 60.1, 60.0, 2e-3).verdict == "pass"


def test_a_value_that_is_not_a_number_fails() -> None:
    assert compare("T", float("nan"), 1.0, 1e9).verdict == "fail"
    assert within("residual", float("nan"), 1.0).verdict == "fail"


@pytest.mark.parametrize(("errors", "verdict"), [((4.0, 1.0, 0.25), "pass"), ((4.0, 2.0, 1.0), "fail")])
def test_observed_order_is_that_of_the_finest_pair(errors: tuple[float, ...], verdict: str) -> None:
    row = observed_order("order", (0.4, 0.2, 0.1), errors, 2.0)
    assert row.order == pytest.approx(2.0 if verdict == "pass" else 1.0)
    assert row.verdict == verdict


def test_errors_that_vanish_have_no_order() -> None:
    assert observed_order("order", (0.4, 0.2), (1e-3, 0.0), 2.0).verdict == "fail"
    exact = order_or_exact("order", (0.4, 0.2), (1e-13, -2e-13), 2.0, 1e-10)
    assert exact.verdict == "pass"
    assert exact.order is None
    assert order_or_exact("order", (0.4, 0.2), (1e-3, 9e-4), 2.0, 1e-10).verdict == "fail"


def test_statements() -> None:
    assert holds("true", True).verdict == "pass"
    assert holds("false", False).verdict == "fail"


def rows_with(estimates: list[float | None], error: float = 0.1) -> list[Row]:
    return [temperature(str(i), 20 + error, 20.0, 1.0, 1.0, estimate) for i, estimate in enumerate(estimates)]


def test_estimates_that_are_too_small_or_missing_count_against_the_share() -> None:
    good, small, missing = [0.05] * 38, [0.01] * 2, [None] * 2
    share, median = judge_estimates(rows_with(good + small))
    assert share.result == pytest.approx(0.95)
    assert share.verdict == "pass"
    assert median.result == pytest.approx(0.5)
    share, _ = judge_estimates(rows_with(good + small + missing))
    assert share.verdict == "fail"


def test_padded_estimates_fail_the_median() -> None:
    share, median = judge_estimates(rows_with([2.0] * 30))
    assert share.verdict == "pass"
    assert median.result == pytest.approx(20.0)
    assert median.verdict == "fail"


def test_rounding_is_no_error_of_an_estimate() -> None:
    share, median = judge_estimates(rows_with([1e-14] * 30, error=1e-11))
    assert share.verdict == "pass"
    assert median.result is None
    assert judge_estimates(rows_with([1.0] * 5)) == []


def test_a_case_that_breaks_is_a_failed_row_after_those_it_gave() -> None:
    def broken() -> Iterator[Row]:
        yield holds("first", True)
        raise RuntimeError("no\nanswer")

    rows = run([Case("X", "ducts", "broken", "nowhere", broken)])
    assert [row.verdict for row in rows] == ["pass", "fail"]
    assert rows[1].note == "RuntimeError: no answer"
    assert rows[1].group == "ducts"
    table = as_json(rows)
    assert (table["passed"], table["failed"]) == (1, 1)
    assert table["rows"][1]["result"] is None


def test_rows_carry_the_keys_of_the_table() -> None:
    row = replace(compare("T", 1.0, 1.0, 1.0), case="C", group="ducts")
    wanted = {
        "case", "group", "quantity", "reference", "result", "error", "tolerance", "error_estimate", "order", "verdict",
    }  # fmt: skip
    assert wanted <= set(row.as_json())


CATALOGUE = {
    *("C01a", "C01b", "C02a", "C02b", "C02c", "C02d", "C03a", "C03d", "C05a", "C05c", "C06a", "C07a", "C08a", "C08b"),
    *("C08c", "C08e", "C08g", "C08h", "C09a", "C09b", "C09d", "C09f", "C10a", "C10b", "C10c", "C11a", "C15c"),
    *(f"M{number}" for number in (1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 18, 19)),
}


def test_every_case_of_the_catalogue_is_there_once() -> None:
    names = [case.name for case in cases()]
    assert len(set(names)) == len(names)
    assert set(names) >= CATALOGUE
    assert len(names) >= len(CATALOGUE) + 30
    assert {case.group for case in cases()} == set(GROUPS)


def test_choosing() -> None:
    assert [case.name for case in choose(["m13", "C01a"])] == ["M13", "C01a"]
    assert {case.group for case in choose(group="published experiments")} == {"experiments"}
    assert choose(group="Ducts") == choose(group="ducts")
    with pytest.raises(UnknownCase, match=r"no case 'C01z'\. Did you mean 'C01[ab]'"):
        choose(["C01z"])
    with pytest.raises(UnknownCase, match=r"no group 'spredding'\. Did you mean 'spreading'"):
        choose(group="spredding")
    with pytest.raises(UnknownCase, match="no case 'C01a'"):
        choose(["C01a"], group="ducts")
