"""Traces that nobody has seen: other days, other orders, seconds instead of dates, few requests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from coarse_runs import SERVING, run, total

from twin.workload.requests import load_requests

HEADER = "TIMESTAMP,ContextTokens,GeneratedTokens\n"
TRACES = {
    "another-day": "2031-02-28 23:59:59.5,300,20\n2031-03-01 00:00:00.75,100,30\n2031-03-01 00:00:01.5,200,10\n",
    "iso-with-zone": "2031-02-28T23:59:59.5Z,300,20\n2031-03-01T00:00:00.75Z,100,30\n2031-03-01T00:00:01.5Z,200,10\n",
    "unsorted": "2031-03-01 00:00:01.5,200,10\n2031-02-28 23:59:59.5,300,20\n2031-03-01 00:00:00.75,100,30\n",
    "seconds": "1000.5,300,20\n1001.75,100,30\n1002.5,200,10\n",
    "negative-seconds": "-2,300,20\n-0.75,100,30\n0,200,10\n",
    "mixed": "2031-02-28 23:59:59.5000000,300,20\n2031-03-01 00:00:00.75,100,30\n2031-03-01T00:00:01.5,200,10\n",
}


def written(folder: Path, text: str, header: str = HEADER) -> str:
    path = folder / "mine.csv"
    path.write_text(header + text)
    return str(path)


@pytest.mark.parametrize("name", TRACES)
def test_the_same_requests_written_otherwise_are_the_same(name: str, tmp_path: Path) -> None:
    requests = load_requests(written(tmp_path, TRACES[name]))
    np.testing.assert_allclose(requests.arrival, [0.0, 1.25, 2.0], atol=1e-9)
    assert requests.context.tolist() == [300, 100, 200]
    assert requests.generated.tolist() == [20, 30, 10]


@pytest.mark.parametrize("name", ["another-day", "unsorted", "seconds"])
def test_any_trace_runs_to_its_last_token(name: str, tmp_path: Path) -> None:
    trace = written(tmp_path, TRACES[name])
    results = run(SERVING, workload__trace=trace, workload__rate_scale=1, workload__duration="4 s")
    assert total(results, "tokens").sum() == pytest.approx(60, rel=1e-9)
    assert total(results, "prompt_tokens").sum() == pytest.approx(600, rel=1e-9)


def test_other_columns_are_ignored(tmp_path: Path) -> None:
    header = "id,TIMESTAMP,user,GeneratedTokens,ContextTokens\n"
    requests = load_requests(written(tmp_path, "7,0.0,ann,20,300\n8,1.5,bob,30,100\n", header))
    assert requests.context.tolist() == [300, 100]
    assert requests.generated.tolist() == [20, 30]


def test_a_single_request_is_served(tmp_path: Path) -> None:
    trace = written(tmp_path, "5,700,1\n")
    results = run(SERVING, workload__trace=trace, workload__rate_scale=1, workload__duration="2 s")
    assert total(results, "tokens").sum() == pytest.approx(1, rel=1e-9)
    assert results.kpis["time_to_first_token_s"] is not None
    assert results.kpis["tokens_per_second_per_user"] is None, "one token has no rate after the first"


def test_a_trace_longer_than_the_cache_rejects_what_can_never_fit(tmp_path: Path) -> None:
    trace = written(tmp_path, "0,90000000,20\n0.5,300,20\n")
    results = run(SERVING, workload__trace=trace, workload__rate_scale=1, workload__duration="2 s")
    assert total(results, "tokens").sum() == pytest.approx(20, rel=1e-9)
    assert total(results, "queue_length")[-1] == 0


def test_hardly_any_requests_leave_an_idle_system_and_null_figures(tmp_path: Path) -> None:
    """A rate so low that nobody comes within the run: the systems idle, nothing is divided by zero tokens."""
    trace = written(tmp_path, "0,300,20\n1,300,20\n")
    load = {"workload__trace": trace, "workload__rate_scale": 1e-6, "workload__duration": "2 s"}
    results = run(SERVING, **load, compare_with="dgx-h100")
    assert results.comparison is not None
    for found in (results, results.comparison):
        assert found.status == "complete"
        assert found.kpis["tokens_per_second"] == 0
        assert found.kpis["energy_per_token_J"] is None
        assert found.kpis["time_to_first_token_s"] is None
        assert found.kpis["system_power_W"] > 0


def test_the_packaged_trace_is_the_published_one() -> None:
    """Azure conversation trace 2023: 19,366 requests within 3,502 s."""
    requests = load_requests("azure-conversation")
    assert len(requests) == 19366
    assert requests.arrival[-1] == pytest.approx(3502, abs=1)
    assert np.all(np.diff(requests.arrival) >= 0)
