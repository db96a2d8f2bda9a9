"""A study's data set when its files are damaged: the catalogue holds all, the data set is made anew."""

from __future__ import annotations

from pathlib import Path

import model_functions
import pytest
from model_functions import BASE, X, Y

from twin.errors import OutputError
from twin.study import batches
from twin.study.dataset import open_study
from twin.study.run import run_study

STUDY = {"base": BASE, "steady": True, "axes": {X: [0.2, 0.4], Y: [0.5, 0.6]}, "record": ["peak_temperature_K"]}


@pytest.mark.parametrize("array", [X, "peak_temperature_K", "status"])
def test_damaged_data_set_is_told_and_made_anew(array: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "compute", model_functions.convex)
    run_study(STUDY, tmp_path, workers=1, reuse=False)
    whole = open_study(tmp_path)
    (chunk,) = [path for path in (tmp_path / "study.zarr" / array / "c").rglob("*") if path.is_file()]
    chunk.write_bytes(chunk.read_bytes()[:7])
    with pytest.raises(OutputError, match=r"study\.zarr: cannot be read .* run the same study again"):
        open_study(tmp_path)
    summary = run_study(STUDY, tmp_path, workers=1, reuse=False)
    assert summary.reused == 4
    assert open_study(tmp_path).identical(whole)
