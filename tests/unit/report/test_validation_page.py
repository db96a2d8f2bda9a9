"""The page of `twin validate`: every row, figures of convergence with theory, failures first."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from twin.report.validation import convergence_figure, render
from twin.vv.rows import Row, compare, failure, observed_order


def rows() -> list[Row]:
    first = observed_order("order in space, hot <spot>", (0.4, 0.2, 0.1), (1.6, 0.4, 0.1), 2.0)
    second = observed_order("order in time", (0.2, 0.1), (0.4, 0.2), 2.0, "step")
    value = compare("T", 20.2, 20.0, 0.1, "degC", 10.0)
    broken = failure("solves", ValueError("</script> no"))
    return [
        replace(row, case="C1", group="spreading", title="A case", source="S") for row in (value, first, second, broken)
    ]


def test_curves_and_slopes_of_theory() -> None:
    figure = convergence_figure(rows()[1:3])
    theory, measured = figure.data[0], figure.data[1]
    assert list(measured.y) == [1.6, 0.4, 0.1]
    assert measured.name == "space, hot <spot>: 2.00"
    assert theory.y[0] / theory.y[2] == 16.0
    assert figure.data[3].name == "time: 1.00"
    assert figure.layout.xaxis.type == figure.layout.yaxis.type == "log"


def test_page_holds_every_row_and_cannot_be_broken_by_a_note() -> None:
    page = render(rows())
    assert "2 passed" in page
    assert "2 failed" in page
    assert page.index("Failed") < page.index("spreading: 2 of 4")
    assert "hot &lt;spot&gt;" in page
    assert "ValueError: &lt;/script&gt; no" in page
    found = re.search(r"const figures = (\{.*?\});\n", page)
    assert found
    figures = json.loads(found.group(1))
    assert set(figures) == {"spreading-0", "spreading-errors"}
