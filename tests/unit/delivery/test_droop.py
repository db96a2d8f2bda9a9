"""The output filter against load steps: exact limits, an independent integration, the ramp."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from twin import library
from twin.delivery.droop import LoadStep, droop, ramp_power, voltage_response, worst_droop
from twin.spec.delivery import DeliveryDesign, OutputFilter

LOSSLESS = OutputFilter.model_construct(resistance=0.0, inductance=1e-9, capacitance=1e-2, esr=0.0)


@pytest.fixture(scope="module")
def design() -> DeliveryDesign:
    return library.load("delivery", "vertical-48v")


def test_lossless_filter_rings_with_its_characteristic_impedance() -> None:
    found = droop(LOSSLESS, 0.0, LoadStep(100.0))
    impedance = np.sqrt(LOSSLESS.inductance / LOSSLESS.capacitance)
    assert abs(found.peak) == pytest.approx(100.0 * impedance, rel=1e-8)
    pulsation = 1 / np.sqrt(LOSSLESS.inductance * LOSSLESS.capacitance)
    assert abs(np.sin(pulsation * found.peak_time)) == pytest.approx(1.0, abs=1e-8)


@pytest.mark.parametrize("ramp", [0.0, 8e-6])
def test_response_agrees_with_numerical_integration(design: DeliveryDesign, ramp: float) -> None:
    output, load_line, step = design.output_filter, design.regulator.load_line, LoadStep(250.0, ramp)
    times = np.linspace(0, 6e-5, 61)

    def slope(time: float, state: np.ndarray) -> list[float]:
        load = float(step.at(np.array([time]))[0])
        voltage = state[1] + output.esr * (state[0] - load)
        current_slope = (-(output.resistance + load_line) * state[0] - voltage) / output.inductance
        return [current_slope, (state[0] - load) / output.capacitance]

    solved = solve_ivp(slope, (0, times[-1]), [0, 0], t_eval=times, rtol=1e-10, atol=1e-10, max_step=2e-7)
    expected = solved.y[1] + output.esr * (solved.y[0] - step.at(times))
    np.testing.assert_allclose(voltage_response(output, load_line, step, times), expected, atol=1e-7)


def test_settles_on_the_load_line(design: DeliveryDesign) -> None:
    output, load_line = design.output_filter, design.regulator.load_line
    late = voltage_response(output, load_line, LoadStep(250.0), np.array([5e-3]))[0]
    assert late == pytest.approx(-(output.resistance + load_line) * 250.0, rel=1e-6)
    assert droop(output, load_line, LoadStep(250.0)).final == pytest.approx(late, rel=1e-6)


def test_ramp_keeps_the_transient_inside_the_adaptive_guard_band(design: DeliveryDesign) -> None:
    guard_band = library.load("chip", "wse3").voltage.adaptive_guard_band
    at_once = worst_droop(design.output_filter, design.regulator.load_line, 300.0, None)
    ramped = worst_droop(design.output_filter, design.regulator.load_line, 300.0, design.current_slew)
    assert abs(ramped.peak) < abs(at_once.peak)
    assert abs(ramped.peak - ramped.final) < guard_band < abs(at_once.peak - at_once.final)


def test_peak_is_the_largest_of_a_fine_sampling(design: DeliveryDesign) -> None:
    output, load_line, step = design.output_filter, design.regulator.load_line, LoadStep(250.0, 2e-6)
    found = droop(output, load_line, step)
    fine = voltage_response(output, load_line, step, np.linspace(0, 6e-5, 20001))
    assert found.peak == pytest.approx(fine.min(), rel=1e-6)
    assert found.peak <= fine.min() + 1e-12


def test_energy_of_dummy_operations_is_the_triangle_under_the_ramp() -> None:
    before, after, voltage = np.array([50.0]), np.array([250.0]), np.array([0.8])
    power = ramp_power(before, after, voltage, 1e7, 1.0)[0]
    duration = 200.0 / (0.8 * 1e7)
    assert power == pytest.approx(200.0 * duration / 2, rel=1e-12)
    assert ramp_power(after, before, voltage, 1e7, 1.0)[0] == pytest.approx(power)
    cut = ramp_power(before, after, voltage, 1e7, duration / 2)[0]
    assert cut == pytest.approx(0.75 * 200.0, rel=1e-12)
