"""Model errors: kelvins of a column of known resistances, and what a result says of them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from twin.report.html import render
from twin.results.description import Description
from twin.results.memory import MemoryWriter
from twin.results.model_error import ModelError
from twin.results.results import Results

ERROR = ModelError("thermal resistance of the channel layer", -0.1, 0.75, "two models of one cell")
HOTTEST = {
    "x": [0.0, 1.0], "y": [0.0], "time": 1.0,
    "temperature": [[[300.0, 340.0]]], "coolant_temperature": [[[299.0, 304.0]]],
}  # fmt: skip


def results(status: str = "complete") -> Results:
    description = Description("run", scenario="kind: scenario", model_errors=(ERROR,))
    writer = MemoryWriter({"time": [1.0]}, description)
    writer.append(0, {"peak_temperature": [340.0]})
    return writer.finish(status, hottest=HOTTEST if status == "complete" else None)


def test_kelvins_of_a_column_in_one_dimension() -> None:
    """40 W/cm2 through 0.1 and then 0.3 K cm2/W instead of 0.4: computed 4 K too cold."""
    computed, true, below, flux = 0.3, 0.4, 0.1, 40.0
    error = ModelError("", computed / true - 1.0, computed / (computed + below), "")
    assert error.temperature_error(flux * (computed + below)) == pytest.approx(flux * (computed - true))


def test_json_and_summary_have_it() -> None:
    found = results().to_json()["model_errors"]
    assert found == [
        {
            "quantity": ERROR.quantity, "relative_error": -0.1, "share_of_rise": 0.75, "source": ERROR.source,
            "peak_temperature_error_K": pytest.approx(36.0 * 0.75 * -0.1 / 0.9),
        }
    ]  # fmt: skip
    assert json.dumps(found)
    assert sum("model error of the peak" in line and "-3.0 K" in line for line in results().summary().splitlines()) == 1


def test_report_has_it_beside_the_peak_and_in_a_table() -> None:
    page = render(results())
    assert "model error -3 K" in page
    assert ERROR.source in page
    assert "-10.0 %" in page


def test_run_without_a_hottest_instant_knows_the_relative_error_only() -> None:
    interrupted = results("interrupted")
    assert interrupted.to_json()["model_errors"][0]["peak_temperature_error_K"] is None
    assert "model error -" not in render(interrupted)
    assert np.isfinite(interrupted.model_errors[0].relative_error)


def test_run_of_an_older_file_has_none() -> None:
    given = results()
    del given.data.attrs["model_errors"]
    old = Results(given.data, hottest=given.hottest)
    assert old.to_json()["model_errors"] == []
    assert "model error" not in old.summary()
