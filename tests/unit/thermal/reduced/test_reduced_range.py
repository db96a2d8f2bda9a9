"""What the reduced model is asked beyond its range: it is refused, and the full model takes over."""

from __future__ import annotations

import numpy as np
import pytest
from reduced_wafers import FLOW, INLET, LITRE_PER_MINUTE, random_heat, solid_error, wafer

from twin import library
from twin.spec.chip import Array as Tiles
from twin.spec.clog import Clog
from twin.spec.material import Material, PowerLawConductivity
from twin.thermal.coolant import load_coolant
from twin.thermal.reduced.model import ReducedWaferModel
from twin.thermal.reduced.settled import OutOfRange
from twin.thermal.reduced.state import ReducedState
from twin.thermal.reduced.twofold import TwofoldWaferModel
from twin.thermal.wafer import WaferState, WaferThermalModel

OUTSIDE = [10 * LITRE_PER_MINUTE, 90 * LITRE_PER_MINUTE]
PATCH = {"x": ("50 mm", "100 mm"), "y": ("50 mm", "100 mm")}
STEADY = 0.1


def twofold() -> TwofoldWaferModel:
    return TwofoldWaferModel(wafer(), FLOW)


def told(model: TwofoldWaferModel, state: ReducedState | WaferState) -> bool:
    return any("full thermal model took over" in caution.text for caution in model.cautions(state, INLET))


@pytest.mark.parametrize("flow", OUTSIDE)
def test_flows_outside_are_refused(flow: float) -> None:
    full = wafer()
    model, heat = ReducedWaferModel(full, FLOW), random_heat(full, 15e3, 1)
    state = model.steady(heat, FLOW, INLET)
    for asked in (
        lambda: model.steady(heat, flow, INLET),
        lambda: model.uniform(INLET, flow),
        lambda: model.step(state, flow, INLET, 0.1),
    ):
        with pytest.raises(OutOfRange, match=f"{flow * 6e4:.1f} L/min is outside 13.8 to 68.8 L/min"):
            asked()


def test_ends_of_the_range_are_inside() -> None:
    full = wafer()
    model = ReducedWaferModel(full, FLOW)
    heat = random_heat(full, 6e3, 1)
    for flow in model.design.flow_range:
        assert solid_error(model.steady(heat, flow, INLET), full.steady(heat, flow, INLET)) <= STEADY


@pytest.mark.parametrize("flow", OUTSIDE)
def test_full_model_answers_steady_states_outside(flow: float) -> None:
    model = twofold()
    heat = random_heat(model.full, 15e3, 1)
    known = model.steady(heat, FLOW, INLET)
    assert isinstance(known, ReducedState)
    assert not told(model, known)
    found = model.steady(heat, flow, INLET, known)
    assert isinstance(found, WaferState)
    assert told(model, found)
    exact = model.full.steady(heat, flow, INLET)
    np.testing.assert_allclose(found.heat.solid, exact.heat.solid, atol=1e-6)
    assert model.drop([found], flow) == pytest.approx(exact.pressure_drop, rel=1e-3)
    assert model.bound(found) == 0.0
    assert isinstance(model.steady(heat, FLOW, INLET, found), ReducedState)


def test_full_model_starts_a_run_outside() -> None:
    model = twofold()
    state = model.uniform(INLET, OUTSIDE[0])
    assert isinstance(state, WaferState)
    heat = random_heat(model.full, 9e3, 1)
    after = model.step(state, OUTSIDE[0], INLET, 0.1).solve(heat, state)
    exact = model.full.step(state, OUTSIDE[0], INLET, 0.1).solve(heat, state)
    np.testing.assert_allclose(after.tile_temperature, exact.tile_temperature, atol=1e-9)


def test_full_model_takes_over_in_the_middle_of_a_run() -> None:
    """The pump slows below the range: the run goes on with the full model from the same temperatures, to its end."""
    model = twofold()
    full, slow = model.full, OUTSIDE[0]
    heat = random_heat(full, 9e3, 1)
    state, true = model.steady(heat, FLOW, INLET), full.steady(heat, FLOW, INLET)
    kinds = []
    for flow in (FLOW, FLOW, slow, slow, FLOW):
        state = model.step(state, flow, INLET, 0.1).solve(heat, state)
        true = full.step(true, flow, INLET, 0.1).solve(heat, true)
        kinds.append(type(state))
        assert told(model, state) == isinstance(state, WaferState)
        assert np.abs(state.heat.solid - true.heat.solid).max() <= 0.3
        assert np.abs(state.tile_temperature - true.tile_temperature).max() <= 0.3
        assert state.balance.residual <= 1e-6
        np.testing.assert_allclose(model.surface(state), full.surface(true), atol=0.3)
    assert kinds == [ReducedState, ReducedState, WaferState, WaferState, WaferState]


def test_state_of_either_kind_is_restored() -> None:
    model = twofold()
    heat = random_heat(model.full, 9e3, 1)
    for flow in (FLOW, OUTSIDE[0]):
        kept = model.steady(heat, flow, INLET)
        found = twofold().restored(kept.tree(), flow, INLET)
        assert type(found) is type(kept)
        np.testing.assert_array_equal(found.tile_temperature, kept.tile_temperature)


def test_coolant_beyond_the_fitted_properties_is_refused() -> None:
    """Water above 95 degC."""
    full = wafer(inlet=333.15)
    model, flow = ReducedWaferModel(full, FLOW), 15 * LITRE_PER_MINUTE
    with pytest.raises(OutOfRange):
        model.steady(random_heat(full, 40e3, 1), flow, 333.15)


def refuses(model: WaferThermalModel, flow: float, inlet: float = INLET) -> None:
    """Require that neither a steady state nor a state to step from is answered."""
    fast = ReducedWaferModel(model, FLOW)
    with pytest.raises(OutOfRange):
        fast.steady(random_heat(model, 12e3, 3), flow, inlet)
    with pytest.raises(OutOfRange):
        fast.uniform(inlet, flow)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("blocked", [(6,), (1, 12)])
def test_blocked_slots_are_refused(blocked: tuple[int, ...]) -> None:
    refuses(wafer(blocked=blocked), FLOW)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("design", ["manifold-silicon", "straight-cold-plate"])
@pytest.mark.parametrize("change", [{"resistance_factor": 2.0}, {"blocked_share": 0.5}, {"blocked_share": 1.0}])
def test_clogged_channels_are_refused(design: str, change: dict[str, float]) -> None:
    refuses(wafer(design, clogged=(Clog.model_validate({**PATCH, **change}),)), FLOW)


def test_conductivity_that_falls_with_temperature_is_refused() -> None:
    chip = library.load("chip", "wse3")
    plain = library.load("material", "silicon")
    law = PowerLawConductivity.model_construct(reference=148.0, temperature=300.0, exponent=-1.3)
    silicon = Material.model_construct(**{**dict(plain), "conductivity": law})
    layers = [
        layer.model_copy(update={"material": silicon}) if layer.name == "silicon" else layer for layer in chip.layers
    ]
    bent = chip.model_copy(update={"layers": type(chip.layers)(layers)})
    inlet = 318.15
    full = WaferThermalModel(
        bent, library.load("cooling", "manifold-silicon"), library.load("mesh", "wafer-coarse"),
        load_coolant("water"), Tiles(x=4, y=4), inlet,
    )  # fmt: skip
    refuses(full, FLOW, inlet)
