"""Optimisation by the code path of real studies, with the model exchanged for functions of known optima."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import model_functions
import numpy as np
import pytest
from model_functions import BASE, X, Y

import twin
from twin.errors import RunStopped, SpecError
from twin.study import batches
from twin.study.dataset import open_study
from twin.study.findings import findings
from twin.study.model_checks import checks_in_words, read_checks
from twin.study.optimisation import Optimisation, read_optimisation
from twin.study.planner import plan, read_study
from twin.study.run import Summary, run_study

ENERGY, TEMPERATURE = "facility_energy_per_token_J", "peak_temperature_K"


def study(**optimise: Any) -> dict[str, Any]:
    content = {"minimise": ENERGY, "over": {X: [0, 1], Y: [0, 1]}, "design": 16, "starts": 2, **optimise}
    return {"base": BASE, "steady": True, "optimise": content, "record": [ENERGY, TEMPERATURE]}


def solved(
    folder: Path, content: dict[str, Any], model: Any, patch: pytest.MonkeyPatch
) -> tuple[Optimisation, Summary]:
    patch.setattr(batches, "compute", model)
    summary = run_study(content, folder, workers=1, reuse=False)
    found = read_optimisation(folder)
    assert found is not None
    return found, summary


def test_optimum_under_an_active_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Least (x - 0.8)^2 + 2 (y - 0.6)^2 with x + y <= 1.1: by Lagrange x = 0.6, y = 0.5, multiplier 0.4."""
    content = study(subject_to=[f"{TEMPERATURE} <= 1.1 K", f"{ENERGY} < 9 J"])
    found, _ = solved(tmp_path, content, model_functions.convex, monkeypatch)
    (best,) = found.solutions
    assert best.keys == pytest.approx((0.6, 0.5), abs=2e-3)
    assert best.objectives[0] == pytest.approx(0.06, rel=1e-3)
    binding, loose = found.limits
    assert (binding.active, loose.active) == (True, False)
    assert abs(binding.margin) < 2e-4
    assert binding.worth == pytest.approx(0.4, rel=0.02)
    assert (loose.worth, loose.margin) == (0.0, pytest.approx(8.94, abs=0.01))
    slopes = {slope.key: slope for slope in found.slopes}
    assert slopes[X].objective == pytest.approx(-0.4, rel=0.02)
    assert slopes[Y].limits[0] == pytest.approx(-1.0, rel=1e-6)
    assert found.converged == found.searches == 2
    text = "\n".join(findings(tmp_path).lines)
    assert "active, one K more saves 0.4" in text
    assert findings(tmp_path).to_json()["optimisation"]["solutions"][0]["keys"] == best.keys
    (checked,) = [check for check in read_checks(tmp_path) if check.chosen == "answer"]
    assert checked.number == [point.keys for point in found.tried].index(best.keys)
    assert "full model at the optimum, the hottest point and 10 random ones" in checks_in_words(read_checks(tmp_path))


def test_optimum_at_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = study(over={X: [0, 0.5], Y: {"from": 0.05, "to": 1, "spacing": "log"}})
    found, _ = solved(tmp_path, content, model_functions.convex, monkeypatch)
    assert found.solutions[0].keys == pytest.approx((0.5, 0.6), abs=2e-3)
    slopes = {slope.key: slope for slope in found.slopes}
    assert (slopes[X].bound, slopes[Y].bound) == ("upper", "")
    assert slopes[X].objective == pytest.approx(-0.6, rel=0.02)
    assert slopes[Y].objective == pytest.approx(0.0, abs=0.02)
    assert found.failed > 0, "points without a result do not end the search"


def test_deeper_of_two_valleys_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, _ = solved(tmp_path, study(starts=4), model_functions.two_valleys, monkeypatch)
    assert found.solutions[0].objectives[0] == pytest.approx(-1.0, abs=1e-3)
    assert found.solutions[0].keys == pytest.approx((0.85, 0.5), abs=5e-3)


def test_front_between_two_distances(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = study(minimise=[ENERGY, TEMPERATURE], front=7)
    found, _ = solved(tmp_path, content, model_functions.two_distances, monkeypatch)
    table = np.array([solution.objectives for solution in found.solutions])
    assert len(table) == 7
    assert (np.diff(table[:, 0]) > 0).all()
    assert (np.diff(table[:, 1]) < 0).all()
    np.testing.assert_allclose(np.sqrt(np.maximum(table, 0)).sum(axis=1), 0.6, atol=4e-3)
    np.testing.assert_allclose([solution.keys[1] for solution in found.solutions], 0.5, atol=0.02)
    assert table[0, 1] == pytest.approx(0.36, abs=0.01)
    assert table[-1, 0] == pytest.approx(0.36, abs=0.01)
    assert sum(check.chosen == "answer" for check in read_checks(tmp_path)) == 7


def test_search_goes_on_where_it_was_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = study(subject_to=[f"{TEMPERATURE} <= 1.1 K"])
    whole, first = solved(tmp_path / "whole", content, model_functions.convex, monkeypatch)
    assert first.reused == 0
    assert (
        first.done + first.failed == first.points == len(whole.tried) == open_study(tmp_path / "whole").sizes["point"]
    )
    again, second = solved(tmp_path / "whole", content, model_functions.convex, monkeypatch)
    assert (again, second.reused) == (whole, second.done), "no point is computed twice"
    part = tmp_path / "part"
    solved(part, content, model_functions.convex, monkeypatch)
    with sqlite3.connect(part / "catalogue.sqlite") as catalogue:
        catalogue.execute("DELETE FROM results WHERE identity IN (SELECT identity FROM points WHERE number > 20)")
    (part / "optimum.json").unlink()
    resumed, third = solved(part, content, model_functions.convex, monkeypatch)
    assert 0 < third.reused <= 21
    assert (part / "optimum.json").read_bytes() == (tmp_path / "whole" / "optimum.json").read_bytes()
    assert resumed == whole
    assert open_study(part).load().identical(open_study(tmp_path / "whole").load())


def test_data_set_has_the_points_of_the_last_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where results have changed, such as with another version, a search in the same folder goes other ways."""
    first, _ = solved(tmp_path, study(), model_functions.convex, monkeypatch)
    with sqlite3.connect(tmp_path / "catalogue.sqlite") as catalogue:
        catalogue.execute("DELETE FROM results")
    second, _ = solved(tmp_path, study(), model_functions.two_valleys, monkeypatch)
    assert len(second.tried) != len(first.tried)
    data = open_study(tmp_path)
    assert list(zip(data[X].values, data[Y].values, strict=True)) == [point.keys for point in second.tried]
    assert data[ENERGY].values[-1] == second.tried[-1].objectives[0]


def test_search_that_cannot_begin_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RunStopped, match=r"points could not be computed \(OSError: no such library"):
        solved(tmp_path, study(), model_functions.broken, monkeypatch)


def test_limits_that_no_point_keeps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = study(subject_to=[f"{TEMPERATURE} >= 2.5 K"])
    _, summary = solved(tmp_path, content, model_functions.convex, monkeypatch)
    assert re.search(r"no point keeps all limits; the nearest misses .* by 0\.5 K", summary.problem)
    with pytest.raises(RunStopped, match="no point keeps all limits"):
        twin.study(content, tmp_path, workers=1, reuse=False)
    assert json.loads((tmp_path / "optimum.json").read_text())["problem"].startswith("no point keeps")
    assert (open_study(tmp_path)["status"] == "done").any()


@pytest.mark.parametrize(
    ("optimise", "message"),
    [
        ({"minimise": "peak_temp"}, "optimise.minimise.0: 'peak_temp' is unknown"),
        ({"minimise": f"{TEMPERATURE} > 3 K"}, "is not a number"),
        ({"subject_to": [f"{TEMPERATURE} <= 85"]}, "K and 1 do not fit together"),
        ({"subject_to": [f"{TEMPERATURE} <= 85 degC and {ENERGY} < 1 J"]}, "is not one comparison"),
        (
            {"subject_to": [f"({TEMPERATURE} <= 85 degC)"]},
            "subject_to.0: '(peak_temperature_K' cannot be read",
        ),
        ({"subject_to": [f"not ({TEMPERATURE} > 85 degC)"]}, "optimise.subject_to.0"),
        ({"over": {"inputs.cooling.layers.channels.microchannels.pieces": "range"}}, "is a whole number; use `axes`"),
        ({"over": {"cooling.flow_rate": "range"}}, "the library has no `range` of it"),
        ({"over": {"cooling.flow": ["1 L/min", "2 L/min"]}}, "optimise.over.cooling.flow: unknown key"),
        ({"over": {X: [1, 0]}}, "the upper bound must be above"),
    ],
)
def test_refusals(optimise: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        plan(*read_study(study(**optimise)))
    assert message in str(caught.value)
