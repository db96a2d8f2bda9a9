"""Reading traces and scaling arrivals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twin.errors import LibraryError, SpecError
from twin.workload.requests import load_requests, scale_arrivals, window


def _write(tmp_path: Path, text: str) -> str:
    path = tmp_path / "trace.csv"
    path.write_text(text)
    return str(path)


def test_the_azure_trace_is_what_its_paper_says() -> None:
    requests = load_requests("azure-conversation")
    assert len(requests) == 19_366
    assert requests.arrival[0] == 0.0
    assert requests.arrival[-1] == pytest.approx(3502, abs=1)
    assert requests.context.mean() == pytest.approx(1155, abs=1)
    assert requests.generated.mean() == pytest.approx(211, abs=1)


def test_seconds_and_unsorted_rows(tmp_path: Path) -> None:
    path = _write(tmp_path, "TIMESTAMP,ContextTokens,GeneratedTokens\n5,10,1\n3,20,2\n")
    requests = load_requests(path)
    assert requests.arrival.tolist() == [0.0, 2.0]
    assert requests.context.tolist() == [20, 10]


def test_missing_columns_are_all_named(tmp_path: Path) -> None:
    path = _write(tmp_path, "TIMESTAMP,Tokens\n5,10\n")
    with pytest.raises(SpecError) as caught:
        load_requests(path)
    assert [problem.key for problem in caught.value.problems] == ["ContextTokens", "GeneratedTokens"]
    assert "TIMESTAMP, Tokens" in str(caught.value)


def test_wrong_rows_are_named_by_line(tmp_path: Path) -> None:
    lines = ["TIMESTAMP,ContextTokens,GeneratedTokens", "0,10,1", "1,-5,1", "2,,1", "soon,4,1.5"]
    path = _write(tmp_path, "\n".join(lines) + "\n")
    with pytest.raises(SpecError) as caught:
        load_requests(path)
    found = {problem.key: problem.message for problem in caught.value.problems}
    assert found["ContextTokens"].startswith("line 3, 4:")
    assert found["GeneratedTokens"].startswith("line 5:")
    assert found["TIMESTAMP"].startswith("line 5:")


@pytest.mark.parametrize("text", ["", "TIMESTAMP,ContextTokens,GeneratedTokens\n"])
def test_empty_files(tmp_path: Path, text: str) -> None:
    with pytest.raises(SpecError):
        load_requests(_write(tmp_path, text))


def test_unknown_traces() -> None:
    with pytest.raises(LibraryError, match="azure-conversation"):
        load_requests("azure-conversatoin")
    with pytest.raises(LibraryError, match="no such trace"):
        load_requests("nowhere/trace.csv")


@pytest.mark.parametrize("scale", [0.3, 1.0, 2.5, 12.0])
def test_scaled_arrivals(scale: float) -> None:
    base = window(load_requests("azure-conversation"), 600.0)
    scaled = scale_arrivals(base, scale, 600.0, seed=1)
    assert len(scaled) == pytest.approx(scale * len(base), rel=0.06)
    assert np.all(np.diff(scaled.arrival) >= 0)
    assert 0 <= scaled.arrival[0] <= scaled.arrival[-1] <= 600
    pairs = set(zip(base.context.tolist(), base.generated.tolist(), strict=True))
    assert set(zip(scaled.context.tolist(), scaled.generated.tolist(), strict=True)) <= pairs
    again, other = (scale_arrivals(base, scale, 600.0, seed=seed) for seed in (1, 2))
    np.testing.assert_array_equal(scaled.arrival, again.arrival)
    if scale != 1.0:
        assert len(other) != len(scaled) or (other.arrival != scaled.arrival).any()
    # bursts stay bursts: the load of each minute scales like the whole
    minutes = [np.histogram(item.arrival, bins=10, range=(0, 600))[0] for item in (base, scaled)]
    np.testing.assert_allclose(minutes[1], scale * minutes[0], rtol=0.25)


def test_scale_one_changes_nothing() -> None:
    base = window(load_requests("azure-conversation"), 60.0)
    same = scale_arrivals(base, 1.0, 60.0, seed=5)
    np.testing.assert_array_equal(same.arrival, base.arrival)
