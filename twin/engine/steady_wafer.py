"""The steady operating point of a wafer system under its mean load.

    set points, voltages  ->  heat -> temperature  ->  coolant loop, thermal governor  ->  again

until all of them stand still: what a run tends to when nothing changes any more. A solution of the heat
problem costs more than all else, and while the rest still moves a rough one is enough.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple, cast

import numpy as np

from twin.constants import in_celsius
from twin.delivery.policies import ControlState, initial_control
from twin.engine.coupling import Array, Coupled, couple
from twin.engine.heat_answer import Answer
from twin.engine.output import wafer_sample
from twin.engine.plant import WaferPlant
from twin.engine.samples import Sample
from twin.engine.state import EngineState, Hottest, Served
from twin.engine.steady_set_points import Settled, changed, followed, off_limit, settle, unsettled
from twin.errors import RunStopped
from twin.thermal.failures import Condition, condition_at
from twin.thermal.loop import OperatingPoint, operating_point
from twin.thermal.pumps import delivered_flow
from twin.thermal.regime import Caution
from twin.workload.mean_load import MeanLoad, MeanService
from twin.workload.serving import Queue

_MOST_PASSES = 40
_ROUGH = 1.0
"""Tolerance, over the rise, of the first solution: one pass of the coupling."""
_CLOSER = 0.05
"""Tolerance of a solution over the change that the one before it brought."""
_PEAKED = 1.5
"""Rise of a die's hottest point over that of its warmest tile that is expected at most: no governor acts below."""


@dataclass(frozen=True)
class _Point:
    """An iterate: set points with voltages, wafers, how they answer to heat, coolant flow in m3/s and inlet in K.

    Wafers are None before the first solution, and where one starts anew.
    """

    settled: Settled
    thermal: tuple[Any, ...]
    answer: Answer
    flow: float
    inlet: float

    @property
    def control(self) -> ControlState:
        """Set points."""
        return self.settled.control


class SteadyWafer(NamedTuple):
    """The variables of one second of a wafer system in its steady state, what users see, and what to know of both."""

    sample: Sample
    service: MeanService
    cautions: tuple[Caution, ...]


def steady_wafer(plant: WaferPlant, load: MeanLoad | None) -> SteadyWafer:
    """Return a wafer system in its steady state.

    Failures count as they are at the end of the scenario. Trips are not acted on but reported: a die that
    trips has no steady state.

    Raises
    ------
    RunStopped
        There is no steady state: runaway, no flow, dies that trip, or no convergence.
    """
    condition = condition_at(plant.cooling.failures, plant.scenario.workload.duration)
    point, tolerance, wanted = _first(plant, load, condition), _ROUGH, plant.scenario.control.tolerance
    for _ in range(_MOST_PASSES):
        within = max(wanted, _CLOSER * tolerance)
        point = replace(point, settled=settle(plant, load, point.settled, point.answer, point.inlet, within))
        try:
            coupled = _couple(plant, point, tolerance)
        except RunStopped as stop:
            point = _slower(plant, load, point, stop)
            continue
        loop = _loop(plant, coupled, condition)
        drift = max(_coolant_drift(point, loop, coupled), _control_drift(plant, point, coupled))
        left, off = max(drift, _residual(plant, point, coupled)), 0.0
        if left <= wanted:
            off = _governor_drift(plant, point, coupled)
            if off == 0.0:
                _require_no_trip(plant, coupled)
                return _second(plant, point, coupled, loop)
        tolerance = max(wanted, min(tolerance, _CLOSER * max(left, off)))
        point = _moved(plant, point, coupled, loop, off > 0.0)
    raise RunStopped(f"no steady state was found in {_MOST_PASSES} passes; set points or coolant keep changing")


def _first(plant: WaferPlant, load: MeanLoad | None, condition: Condition) -> _Point:
    wanted, flow = plant.cooling.inlet_temperature, plant.cooling.flow_rate
    loop, drop = plant.design.loop, plant.thermal.uniform_drop(wanted, flow)
    delivered = delivered_flow(loop, flow, drop, condition.running(loop.pump))
    if delivered <= 0.0:
        raise RunStopped("there is no steady state: no pump runs")
    settled = unsettled(plant, load, initial_control(plant.chip, plant.wafers), wanted)
    return _Point(settled, (None,) * plant.wafers, Answer.unknown(plant), delivered, wanted)


@dataclass(frozen=True)
class _Expected:
    """A wafer, None before the first solution, and the temperatures of its tiles in K that are expected instead."""

    state: Any
    tile_temperature: Array


@dataclass(frozen=True)
class _FromExpected:
    """A thermal model whose solutions start from the wafer behind what is expected."""

    thermal: Any

    def steady(self, heat: Array, flow: float, inlet: float, guess: Any, enough: float) -> Any:
        """Return the steady state."""
        return self.thermal.steady(heat, flow, inlet, guess.state if isinstance(guess, _Expected) else guess, enough)


def _couple(plant: WaferPlant, point: _Point, tolerance: float) -> list[Coupled]:
    """Return the solution of all wafers at an iterate, from the temperatures expected there."""
    control = plant.scenario.control.model_copy(update={"tolerance": tolerance})
    scenario = plant.scenario.model_copy(update={"control": control})
    rough, settled = replace(plant, scenario=scenario, thermal=cast(Any, _FromExpected(plant.thermal))), point.settled
    return [
        couple(
            rough,
            cast(Any, _Expected(point.thermal[w], settled.temperature[w])),
            load,
            settled.control.voltage[w],
            settled.voltage[w],
            point.flow,
            point.inlet,
            None,
        )
        for w, load in enumerate(settled.work.loads)
    ]


def _loop(plant: WaferPlant, coupled: list[Coupled], condition: Condition) -> OperatingPoint:
    """Return the loop's operating point at the mean heat of the wafers, each of which has a loop alike."""
    heat = float(np.mean([found.thermal.coolant_heat for found in coupled]))
    states: list[Any] = [found.thermal for found in coupled]
    cooling = plant.cooling
    return operating_point(
        plant.design.loop,
        plant.coolant,
        heat,
        cooling.inlet_temperature,
        cooling.flow_rate,
        lambda flow: plant.thermal.drop(states, flow),
        condition,
    )


def _moved(plant: WaferPlant, point: _Point, coupled: list[Coupled], loop: OperatingPoint, hot: bool) -> _Point:
    """Return the next iterate; `hot`: the thermal governor has to act."""
    allowed = plant.chip.limits.throttle - point.inlet
    hot = hot or bool((point.control.throttle < 1.0).any()) or _PEAKED * _rise(point, coupled) >= allowed
    return _Point(
        settled=replace(point.settled, voltage=np.stack([found.grid.tile_voltage for found in coupled])),
        thermal=tuple(found.thermal for found in coupled),
        answer=Answer.of(coupled, point.inlet, hot),
        flow=loop.flow,
        inlet=loop.state.inlet_temperature,
    )


def _slower(plant: WaferPlant, load: MeanLoad | None, point: _Point, stop: RunStopped) -> _Point:
    """Return an iterate from which a thermal governor finds a steady state, where full clocks have none."""
    smallest = plant.delivery.thermal_governor.minimum_share
    if "thermal_governor" not in plant.scenario.control.policy or (point.control.throttle <= smallest).all():
        raise stop
    throttle = np.maximum(0.5 * point.control.throttle, smallest)
    clock = np.minimum(point.control.clock, throttle * plant.chip.core.clock)
    return replace(
        point,
        settled=unsettled(plant, load, replace(point.control, throttle=throttle, clock=clock), point.inlet),
        thermal=(None,) * plant.wafers,
        answer=Answer.unknown(plant),
    )


def _residual(plant: WaferPlant, point: _Point, coupled: list[Coupled]) -> float:
    """Return how far temperature and voltage are from those that their power gives, over rise and nominal voltage."""
    rise, nominal = _rise(point, coupled), plant.chip.voltage.nominal
    return max(max(c.temperature_residual / rise, c.voltage_residual / nominal) for c in coupled)


def _coolant_drift(point: _Point, loop: OperatingPoint, coupled: list[Coupled]) -> float:
    """Return how far the loop's coolant is from what the wafers were computed with, over rise and flow."""
    warmer = abs(loop.state.inlet_temperature - point.inlet) / _rise(point, coupled)
    return max(warmer, abs(loop.flow - point.flow) / point.flow)


def _control_drift(plant: WaferPlant, point: _Point, coupled: list[Coupled]) -> float:
    """Return how far set points are from those that the policies reach from a solution, over nominal values."""
    following = followed(plant, point.control, [found.grid for found in coupled], point.settled.work)
    return changed(plant, point.control, following)


def _governor_drift(plant: WaferPlant, point: _Point, coupled: list[Coupled]) -> float:
    """Return how far dies are from where the thermal governor leaves them, over their rise."""
    hottest = np.asarray([found.thermal.die_peak for found in coupled], dtype=np.float64)
    return off_limit(plant, point.control, hottest, point.inlet)


def _rise(point: _Point, coupled: list[Coupled]) -> float:
    return max(1.0, max(float(found.thermal.tile_temperature.max()) for found in coupled) - point.inlet)


def _require_no_trip(plant: WaferPlant, coupled: list[Coupled]) -> None:
    hottest, trip = max(float(found.thermal.die_peak.max()) for found in coupled), plant.chip.limits.trip
    if hottest >= trip:
        raise RunStopped(
            f"no steady state: dies would reach {in_celsius(hottest)} and trip at {in_celsius(trip)}. "
            "Remedy: more flow, a colder inlet, less work, or the thermal governor."
        )


def _second(plant: WaferPlant, point: _Point, coupled: list[Coupled], loop: OperatingPoint) -> SteadyWafer:
    """Return the variables of one second at the steady state, and what users see."""
    nothing, work = Hottest(0.0, 0.0, np.zeros(0), np.zeros(0)), point.settled.work
    state = EngineState(
        time=0.0,
        queue=Queue(),
        thermal=point.thermal,
        voltage=point.settled.voltage,
        sheet_loss=np.stack([found.grid.sheet_loss for found in coupled]),
        control=point.control,
        loop=loop.state,
        flow=loop.flow,
        hottest=nothing,
        served=Served.none(),
    )
    sample = wafer_sample(plant, state, coupled, loop.output, work.service.interval, work.activity, work.busy)
    cautions = plant.cautions([found.thermal for found in coupled], point.inlet, loop.output.cautions, loop.flow)
    return SteadyWafer(sample, work.service, tuple(cautions))
