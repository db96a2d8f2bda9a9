"""IR drop of a resistive sheet against exact solutions, with observed orders.

Uniform sink on a square: largest drop R J L^2 times 0.0736713533 (four edges held; torsion series,
Timoshenko & Goodier), 1/8 (two opposite edges), 1/2 (one edge); Rius, IEEE TVLSI 21 (2013) 512.
"""

import numpy as np
import pytest

from twin.delivery.problem import GridResult, solve_grid, solve_on
from twin.errors import SpecError
from twin.spec.documents import validate
from twin.spec.grid import GridProblem

EDGES = ["x_min", "x_max", "y_min", "y_max"]
RESISTANCE, DENSITY, LENGTH = 0.5e-3, 486.75e3, 0.215
SCALE = RESISTANCE * DENSITY * LENGTH**2


def problem(**changes: object) -> GridProblem:
    tree = {
        "kind": "grid",
        "size": {"x": f"{LENGTH} m", "y": f"{LENGTH} m"},
        "sheet_resistance": f"{RESISTANCE} ohm",
        "current_density": f"{DENSITY} A/m^2",
    }
    return validate({**tree, **changes}, GridProblem, "grid.yaml")


def four_edges_series() -> tuple[float, float]:
    """Largest and mean drop over R J L^2 by the single series, odd n."""
    n = np.arange(1, 201, 2)
    largest = 1 / 8 - 4 / np.pi**3 * np.sum((-1.0) ** ((n - 1) // 2) / (n**3 * np.cosh(n * np.pi / 2)))
    mean = 1 / 12 - 16 / np.pi**5 * np.sum(np.tanh(n * np.pi / 2) / n**5)
    return largest, mean


def uniform(grid: GridProblem, cells: int) -> GridResult:
    nodes = np.linspace(0.0, LENGTH, cells + 1)
    return solve_on(grid, nodes, nodes)


def test_series_is_the_published_coefficient() -> None:
    assert four_edges_series()[0] == pytest.approx(0.0736713533, abs=1e-10)
    assert four_edges_series()[1] == pytest.approx(0.03514425, abs=1e-8)


@pytest.mark.parametrize(
    ("edges", "largest"), [(EDGES, four_edges_series()[0]), (["x_min", "x_max"], 1 / 8), (["y_max"], 1 / 2)]
)
def test_uniform_sink(edges: list[str], largest: float) -> None:
    found = solve_grid(problem(supplies={"edges": edges}))
    assert found.max_drop == pytest.approx(largest * SCALE, rel=1e-4)
    assert abs(found.max_drop - largest * SCALE) < 2 * found.error_estimate + 1e-9 * SCALE
    assert found.supply_current == pytest.approx(DENSITY * LENGTH**2, rel=1e-9)


def test_mean_drop_and_loss_of_four_edges() -> None:
    found = solve_grid(problem(supplies={"edges": EDGES}))
    mean = four_edges_series()[1] * SCALE
    assert found.mean_drop == pytest.approx(mean, rel=1e-4)
    assert found.loss == pytest.approx(mean * DENSITY * LENGTH**2, rel=1e-4)


def test_order_two_for_largest_and_mean_drop() -> None:
    grid = problem(supplies={"edges": EDGES})
    found = [uniform(grid, cells) for cells in (16, 32, 64)]
    for value, exact in (("max_drop", four_edges_series()[0]), ("mean_drop", four_edges_series()[1])):
        errors = [abs(getattr(result, value) - exact * SCALE) for result in found]
        orders = np.log2(np.divide(errors[:-1], errors[1:]))
        assert orders == pytest.approx([2, 2], abs=0.1)


def test_distributed_feed_with_one_edge() -> None:
    """d = (J/g) [1 - cosh((L - x)/l) / cosh(L/l)], l = 1/sqrt(R g)."""
    conductance = 2e6
    found = solve_grid(
        problem(supplies={"edges": ["x_min"]}, vertical_conductance=f"{conductance} S/m^2",
                probes={"near": {"x": "10 mm", "y": "100 mm"}})
    )  # fmt: skip
    length = 1 / np.sqrt(RESISTANCE * conductance)
    exact = DENSITY / conductance * (1 - np.cosh((LENGTH - 0.01) / length) / np.cosh(LENGTH / length))
    assert found.probes["near"] == pytest.approx(exact, rel=1e-4)
    total = DENSITY * LENGTH**2
    from_edge = total * length / LENGTH * np.tanh(LENGTH / length)
    assert found.supply_current == pytest.approx(from_edge, rel=1e-3)
    assert found.supply_current + found.feed_current == pytest.approx(total, rel=1e-9)


def test_extra_loads_superpose_and_balance() -> None:
    rectangle = {"x": ["50 mm", "70 mm"], "y": ["140 mm", "160 mm"]}
    extra = [{"current_density": "1 MA/m^2", "rectangle": rectangle}]
    probes = {"hot": {"x": "60 mm", "y": "150 mm"}}
    common = {"supplies": {"edges": EDGES}, "probes": probes}
    drops = [
        solve_grid(problem(**common, **changes)).probes["hot"]
        for changes in ({}, {"extra": extra, "current_density": "0 A/m^2"}, {"extra": extra})
    ]
    assert drops[0] + drops[1] == pytest.approx(drops[2], rel=1e-4)
    both = solve_grid(problem(**common, extra=extra))
    assert both.supply_current == pytest.approx(DENSITY * LENGTH**2 + 1e6 * 4e-4, rel=1e-9)


def test_doubling_a_pad_follows_the_logarithm() -> None:
    """The spreading drop at a small pad is R I ln(b / side) / (2 pi) and a constant of the far shape.

    Doubling the side lowers the drop of far points by R I ln 2 / (2 pi), I = J L^2.
    """
    far = {"corner": {"x": "0 mm", "y": "0 mm"}}
    drops = [
        solve_grid(problem(supplies={"pads": [{"x": "107.5 mm", "y": "107.5 mm", "side": f"{side} mm"}]},
                           probes=far)).probes["corner"]
        for side in (2.0, 4.0)
    ]  # fmt: skip
    assert drops[0] - drops[1] == pytest.approx(SCALE * np.log(2) / (2 * np.pi), rel=5e-3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "nothing supplies"),
        ({"supplies": {"pads": [{"x": "0 mm", "y": "10 mm", "side": "1 mm"}]}}, "partly outside"),
        ({"supplies": {"edges": EDGES}, "probes": {"p": {"x": "1 m", "y": "0 m"}}}, "outside the sheet"),
        ({"supplies": {"edges": EDGES}, "sheet_resistance": "1"}, "needs a unit"),
    ],
)
def test_mistakes_are_told(changes: dict[str, object], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        problem(**changes)
