"""Regulators: the published efficiency curve, phase shedding, conservation of energy."""

import numpy as np
import pytest

from twin import library
from twin.delivery.regulator import active_phases, bus_loss, phase_loss, regulate, regulator_loss
from twin.errors import RunStopped
from twin.spec.delivery import DeliveryDesign


@pytest.fixture(scope="module")
def design() -> DeliveryDesign:
    return library.load("delivery", "vertical-48v")


def efficiency(design: DeliveryDesign, current: np.ndarray) -> np.ndarray:
    output = design.regulator.test_voltage * current
    return output / (output + regulator_loss(current, 1, phase_loss(design.regulator)))


def test_one_phase_follows_the_published_curve(design: DeliveryDesign) -> None:
    current = np.linspace(1.0, 90.0, 8901)
    curve = efficiency(design, current)
    assert curve.max() == pytest.approx(0.915, rel=1e-9)
    assert current[curve.argmax()] == pytest.approx(25.0)
    assert curve[-1] == pytest.approx(0.85, rel=1e-9)
    assert curve[current >= 20].min() >= 0.85 - 1e-12


def test_shedding_chooses_the_best_of_all_numbers_of_phases(design: DeliveryDesign) -> None:
    regulator, loss = design.regulator, phase_loss(design.regulator)
    current = np.linspace(0.0, regulator.phases * regulator.current_limit, 997)
    chosen = active_phases(current, regulator.phases, regulator.current_limit, loss)
    numbers = np.arange(1, regulator.phases + 1)
    every = np.array([regulator_loss(current, n, loss) for n in numbers])
    every[current[None, :] > numbers[:, None] * regulator.current_limit] = np.inf
    np.testing.assert_allclose(regulator_loss(current, chosen, loss), every.min(axis=0), rtol=1e-13)
    assert chosen.min() == 1
    assert chosen.max() == regulator.phases


def test_shedding_never_loses_against_all_phases(design: DeliveryDesign) -> None:
    loss = phase_loss(design.regulator)
    current = np.random.default_rng(1).uniform(0, 500, (12, 7))
    state = regulate(current, 0.85, design.regulator)
    everything = regulator_loss(current, design.regulator.phases, loss)
    assert (state.loss <= everything * (1 + 1e-14)).all()
    assert (state.loss > 0).all()


def test_input_is_output_and_loss(design: DeliveryDesign) -> None:
    current, voltage = np.array([10.0, 250.0]), np.array([0.7, 0.85])
    state = regulate(current, voltage, design.regulator)
    np.testing.assert_allclose(state.input_power, current * voltage + state.loss, rtol=1e-15)


def test_overload_is_reported(design: DeliveryDesign) -> None:
    rating = design.regulator.phases * design.regulator.current_limit
    state = regulate([0.99 * rating, 1.01 * rating], 0.85, design.regulator)
    assert state.overloaded.tolist() == [False, True]


def test_bus_loss_solves_the_circuit(design: DeliveryDesign) -> None:
    power = 25e3
    loss = bus_loss(power, design.bus)
    current = (power + loss) / design.bus.voltage
    assert loss == pytest.approx(design.bus.resistance * current**2, rel=1e-12)
    with pytest.raises(RunStopped, match="cannot carry"):
        bus_loss(design.bus.voltage**2 / (3.9 * design.bus.resistance), design.bus)
