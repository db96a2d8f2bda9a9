"""`twin validate` as a user types it: table, JSON, files, exit codes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from twin.cli import main as command
from twin.vv import catalogue
from twin.vv.rows import Case, compare, observed_order


@pytest.fixture
def twin(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["twin", "validate", *arguments])
        with pytest.raises(SystemExit) as end:
            command.main()
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return run


def test_one_case_as_json(twin) -> None:
    code, out, _ = twin("C01a", "--json")
    table = json.loads(out)
    assert code == 0
    assert table["failed"] == 0
    assert table["passed"] == len(table["rows"]) >= 8
    for row in table["rows"]:
        assert row["case"] == "C01a"
        assert row["group"] == "conduction"
        assert row["verdict"] == "pass"
        assert row["error"] <= row["tolerance"]


def test_table_and_page(twin, tmp_path: Path) -> None:
    code, out, err = twin("c10c", "C01b", "--out", str(tmp_path / "v"))
    assert code == 0
    assert "conduction" in out
    assert "passed, 0 failed" in out
    assert "1 of 2: C10c" in err
    table = json.loads((tmp_path / "v" / "validation.json").read_text())
    assert {row["case"] for row in table["rows"]} == {"C10c", "C01b"}
    page = (tmp_path / "v" / "validation.html").read_text()
    assert "Plotly.newPlot" in page
    assert "C10c: NAFEMS T4" in page
    code, _, err = twin("C01a", "--out", str(tmp_path / "v"))
    assert code == 2
    assert "validation.json" in err
    assert "--overwrite" in err
    assert twin("C01a", "--out", str(tmp_path / "v"), "--overwrite")[0] == 0


def test_a_row_that_fails_is_shown_and_exits_with_1(twin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def rows():
        yield compare("wrong <by> half", 1.5, 1.0, 0.1, "K", note="known to fail")
        yield observed_order("order in space", (0.2, 0.1), (4.0, 2.0), 2.0)
        raise ValueError("broken")

    case = Case("bad", "ducts", "a case that fails", "nowhere", rows)
    monkeypatch.setattr(catalogue, "cases", lambda: (case,))
    code, out, _ = twin("--json")
    assert code == 1
    table = json.loads(out)
    assert [row["verdict"] for row in table["rows"]] == ["fail"] * 3
    assert table["rows"][2]["result"] is None
    code, out, _ = twin("--out", str(tmp_path))
    assert code == 1
    assert "wrong <by> half" in out
    assert "known to fail" in out
    assert "wrong &lt;by&gt; half" in (tmp_path / "validation.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("C99x",), "no case 'C99x'"),
        (("eccentric sorce",), "Did you mean 'eccentric source'?"),
        (("--group", "coolants"), "Did you mean 'coolant'?"),
    ],
)
def test_unknown_names_exit_with_2(twin, arguments: tuple[str, ...], message: str) -> None:
    code, out, err = twin(*arguments)
    assert code == 2
    assert message in err
    assert out == ""
