"""One control step of a wafer system: the time step is the story.

    activity  ->  power(activity, V, T)  <-fixed point->  delivery(P) -> V,  thermal(P, coolant) -> T
    policies read the sensors of this sample and set clock and voltage of the next

Where a temperature may come within `_WATCH` of a governor's or trip's threshold, the step is cut into
sub-steps in which governor and trip act; elsewhere they cannot act, and the step is taken whole.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from twin.delivery.policies import ControlState, Sensors, initial_control, next_control, protect
from twin.engine.coupling import Coupled, TileLoad, couple
from twin.engine.output import wafer_sample
from twin.engine.plant import WaferPlant
from twin.engine.samples import Sample, merge
from twin.engine.state import EngineState, Hottest, Served
from twin.errors import RunStopped
from twin.results.description import Occurrence
from twin.thermal.failures import condition_at
from twin.thermal.loop import LoopOutput, LoopState, initial_state, loop_step
from twin.thermal.protocol import ThermalState
from twin.thermal.pumps import delivered_flow
from twin.thermal.reduced.twofold import TwofoldWaferModel
from twin.thermal.regime import Caution
from twin.workload import serving
from twin.workload.activity import Activity, busy_share, idle_activity, serving_activity, virus_activity
from twin.workload.intervals import Interval

_WATCH = 5.0


def initial(plant: WaferPlant) -> EngineState:
    """Return the system at rest: switched on, cooled, without work, in its steady state."""
    control = initial_control(plant.chip, plant.wafers)
    wanted = plant.cooling.inlet_temperature
    thermal = plant.thermal.uniform(wanted, plant.cooling.flow_rate)
    flow = delivered_flow(plant.design.loop, plant.cooling.flow_rate, thermal.pressure_drop)
    voltage = plant.by_tile(control.voltage)
    loads = _tile_loads(plant, idle_activity(plant.cores), control)
    rest = [
        couple(plant, thermal, load, control.voltage[w], voltage[w], flow, wanted, None) for w, load in enumerate(loads)
    ]
    heat = float(np.mean([found.thermal.coolant_heat for found in rest]))
    drop = max(found.thermal.pressure_drop for found in rest)
    loop = initial_state(plant.design.loop, plant.coolant, heat, wanted, flow, drop)
    states = tuple(found.thermal for found in rest)
    return EngineState(
        time=0.0,
        queue=serving.Queue(),
        thermal=states,
        voltage=np.stack([found.grid.tile_voltage for found in rest]),
        sheet_loss=np.stack([found.grid.sheet_loss for found in rest]),
        control=control,
        loop=loop,
        flow=flow,
        hottest=replace(_surfaces(plant, states, 0.0), peak=-np.inf),  # counts only if there is no step
        served=Served.none(),
    )


def control_step(plant: WaferPlant, state: EngineState, step: float) -> tuple[EngineState, Sample]:
    """Advance by one control step and let the policies set the next one."""
    chip, policies = plant.chip, plant.scenario.control.policy
    whole = _whole(plant, state, step)
    if whole is not None:
        after, sample, sensors = whole
        samples, lengths, since = [sample], [step], step
    else:
        after, samples, lengths, sensors = _watched(plant, state, step)
        since = lengths[-1]
    merged = merge(samples, lengths)
    merged["substeps"] = float(len(samples))
    control = next_control(
        after.control, sensors, step, chip, plant.delivery, policies, plant.service_floor, thermal_interval=since
    )
    moved = plant.by_tile(control.voltage - after.control.voltage)
    return replace(after, control=control, voltage=after.voltage + moved), merged


_Advanced = tuple[EngineState, Sample, Sensors]


def _whole(plant: WaferPlant, state: EngineState, step: float) -> _Advanced | None:
    """Return the step taken whole; None if governor or trip may have to act within it.

    A step that has no solution as a whole (runaway) is one that a trip may prevent.
    """
    try:
        found = advance(plant, state, step)
    except RunStopped:
        if step <= plant.scenario.control.substep:
            raise
        return None
    return None if _must_watch(plant, state, found[0], found[1]) else found


def _watched(
    plant: WaferPlant, state: EngineState, step: float
) -> tuple[EngineState, list[Sample], list[float], Sensors]:
    """Return the step taken in sub-steps, governor and trip acting between them."""
    count = max(1, round(step / plant.scenario.control.substep))
    length = step / count
    chip, policies = plant.chip, plant.scenario.control.policy
    samples: list[Sample] = []
    readings: list[Sensors] = []
    after = state
    for number in range(count):
        if number > 0:
            guarded = protect(after.control, readings[-1].temperature, length, chip, plant.delivery, policies)
            after = replace(after, control=guarded)
        after, sample, sensors = advance(plant, after, length)
        samples.append(sample)
        readings.append(sensors)
    return after, samples, [length] * count, _over(readings)


def advance(plant: WaferPlant, state: EngineState, step: float) -> _Advanced:
    """Advance by `step` seconds at constant set points; what fails meanwhile does so at the next step."""
    state = replace(state, flow=_flow(plant, state, step))
    queue, interval, activity = _work(plant, state, step)
    loads = _tile_loads(plant, activity, state.control)
    inlet = state.loop.inlet_temperature
    coupled = [
        couple(
            plant,
            state.thermal[w],
            load,
            state.control.voltage[w],
            state.voltage[w],
            state.flow,
            inlet,
            step,
            state.sheet_loss[w],
        )
        for w, load in enumerate(loads)
    ]
    loop, output = _loop(plant, state, coupled, step)
    thermal = tuple(found.thermal for found in coupled)
    time = state.time + step
    hottest = state.hottest
    if max(w.peak for w in thermal) > hottest.peak:
        hottest = _surfaces(plant, thermal, time)
    recent, warmest = state.recent, state.warmest
    if isinstance(plant.thermal, TwofoldWaferModel):
        recent = recent.plus(state.thermal, coupled, state.flow, inlet, step)
        warmest = recent.window(thermal, time) if hottest is not state.hottest else warmest
    after = replace(
        state,
        time=time,
        queue=queue,
        thermal=thermal,
        voltage=np.stack([found.grid.tile_voltage for found in coupled]),
        sheet_loss=np.stack([found.grid.sheet_loss for found in coupled]),
        loop=loop,
        hottest=hottest,
        served=_served(state.served, interval, time),
        occurrences=_noted(plant, state, thermal, output.cautions, time),
        recent=recent,
        warmest=warmest,
    )
    busy = interval.busy_decode + interval.busy_prefill if interval else float(loads[0].busy.mean())
    sensors = Sensors(
        temperature=np.stack([w.die_peak for w in thermal]),
        minimum_voltage=np.stack([found.grid.die_minimum_voltage for found in coupled]),
        current=np.stack([found.grid.die_current for found in coupled]),
        busy=busy,
        queue=float(interval.queue_length) if interval else 0.0,
    )
    return after, wafer_sample(plant, state, coupled, output, interval, activity, busy), sensors


def _work(plant: WaferPlant, state: EngineState, step: float) -> tuple[serving.Queue, Interval | None, Activity]:
    """What the cores do during the step at their present clocks."""
    work, service = plant.scenario.workload, plant.service
    if service is not None:
        executor = plant.pipeline(state.control.clock)
        queue, interval = serving.step(state.queue, step, service.requests, executor, service.limits)
        return queue, interval, serving_activity(interval, service.events, service.shares)
    on = min(max((state.time + step - work.start) / step, 0.0), 1.0) if work.type == "virus" else 0.0
    if on == 0.0:
        return state.queue, None, idle_activity(plant.cores)
    clock = plant.by_tile(state.control.clock)
    return state.queue, None, virus_activity(plant.chip, plant.cores, clock, on * work.utilisation)


def _tile_loads(plant: WaferPlant, activity: Activity, control: ControlState) -> list[TileLoad]:
    clock = plant.by_tile(control.clock)
    busy = busy_share(activity, plant.cores, clock)
    return [
        TileLoad(activity.mac[w], activity.issue[w], activity.hop[w], busy[w], clock[w]) for w in range(plant.wafers)
    ]


def _loop(plant: WaferPlant, state: EngineState, coupled: list[Coupled], step: float) -> tuple[LoopState, LoopOutput]:
    """Advance the coolant loop with the mean heat of the wafers, which all have a loop of their own alike."""
    heat = float(np.mean([found.thermal.coolant_heat for found in coupled]))
    drop = max(found.thermal.pressure_drop for found in coupled)
    wanted = plant.cooling.inlet_temperature
    condition = condition_at(plant.cooling.failures, state.time)
    return loop_step(state.loop, heat, wanted, state.flow, step, plant.design.loop, plant.coolant, drop, condition)


def _must_watch(plant: WaferPlant, before: EngineState, after: EngineState, sample: Sample) -> bool:
    """Tell whether a temperature may come near a threshold within the step.

    Bound: the larger of the field before and the steady one at the step's power. An implicit step of at
    least a time constant covers half of the way to the steady state, which saves most steady solves.
    """
    limits = plant.chip.limits
    governed = "thermal_governor" in plant.scenario.control.policy
    threshold = (min(limits.throttle, limits.trip) if governed else limits.trip) - _WATCH
    for w, (old, new) in enumerate(zip(before.thermal, after.thermal, strict=True)):
        if max(old.peak, new.peak + max(0.0, new.peak - old.peak)) < threshold:
            continue
        heat = np.asarray(sample["tile_power"])[w]
        steady = plant.thermal.steady(heat, after.flow, before.loop.inlet_temperature, new)
        if max(old.peak, new.peak, steady.peak) >= threshold:
            return True
    return False


def _over(readings: list[Sensors]) -> Sensors:
    """Return what the slow policies read after sub-steps: the last temperature, extremes and means of the rest."""
    return Sensors(
        temperature=readings[-1].temperature,
        minimum_voltage=np.stack([r.minimum_voltage for r in readings]).min(axis=0),
        current=np.stack([r.current for r in readings]).max(axis=0),
        busy=float(np.mean([r.busy for r in readings])),
        queue=readings[-1].queue,
    )


def _flow(plant: WaferPlant, state: EngineState, step: float) -> float:
    """Return what the pumps deliver of the wanted flow in a step, at the coolant temperatures before it."""
    wanted, loop = plant.cooling.flow_rate, plant.design.loop
    condition = condition_at(plant.cooling.failures, state.time)
    turning, speed = condition.turning(loop.pump, state.loop.pump_speed, step)
    present = state.flow if state.flow > 0.0 else wanted
    drop = plant.thermal.drop(state.thermal, present)
    return delivered_flow(loop, wanted, drop * wanted / present, turning, speed)


def _noted(
    plant: WaferPlant,
    state: EngineState,
    thermal: tuple[ThermalState, ...],
    of_loop: tuple[Caution, ...],
    time: float,
) -> tuple[Occurrence, ...]:
    """Return what was noted so far, and what occurs for the first time in the step that ends at `time`."""
    found = plant.cautions(thermal, state.loop.inlet_temperature, of_loop, state.flow)
    known = {occurrence.subject for occurrence in state.occurrences}
    fresh = (caution for caution in found if caution.subject not in known)
    return (*state.occurrences, *(Occurrence(caution.subject, caution.text, time) for caution in fresh))


def _surfaces(plant: WaferPlant, thermal: tuple[ThermalState, ...], time: float) -> Hottest:
    return Hottest(
        peak=max(w.peak for w in thermal),
        time=time,
        temperature=np.stack([plant.thermal.surface(w) for w in thermal]),
        coolant_temperature=np.stack([plant.thermal.coolant_surface(w) for w in thermal]),
    )


def _served(served: Served, interval: Interval | None, time: float) -> Served:
    if interval is None:
        return served
    return served.plus(interval.time_to_first_token, interval.user_rate, interval.rejected, time)
