"""Set points and voltages of a steady wafer system between two solutions of its heat problem.

    policies -> clock -> mean load -> activity -> power(T, V) -> voltage -> policies

until all stand still, with temperatures that are expected from the last solution: each tile's rise over the
inlet goes with its heat. What is expected wrongly, the next solution corrects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np
from numpy.typing import NDArray

from twin.delivery.grid import GridSolution
from twin.delivery.policies import ControlState, Sensors, next_control
from twin.engine.anderson import Anderson
from twin.engine.coupling import Array, TileLoad
from twin.engine.heat_answer import Answer, by_die, drawn_by
from twin.engine.plant import WaferPlant
from twin.errors import RunStopped
from twin.power.dynamic import voltage_factor
from twin.power.model import Work as NominalWork
from twin.workload.activity import Activity, busy_share, idle_activity, serving_activity, virus_activity
from twin.workload.mean_load import NO_SERVICE, MeanLoad, MeanService, serve_on_pipeline

_MOST_PASSES = 40
_SHARE = 0.5
"""Part of the tolerance to which set points are settled, so that they still stand after the next heat solution."""
_GRID_SHARE = 0.03
"""Tolerance of the grid's voltages over the larger of the tolerance and the last change of set points."""
_RELAXATION = 1.5
"""A die whose neighbours carry a part of its load sees half of a change of its own set point."""
_JUMP = 1e-5
"""Change of a clock, over the nominal one, from which on voltages of before say nothing of those after it."""
_IN_BAND = 0.02
"""Part of the thermal governor's hysteresis to which a throttled die is brought to its limit."""
_GOVERNING = 0.5
"""Exponent of the correction of a throttled clock: a rise in temperature goes with its 0.5th to 3rd power."""


@dataclass(frozen=True)
class Work:
    """What a system does at some clocks, and what that draws at nominal voltage."""

    service: MeanService
    activity: Activity
    loads: tuple[TileLoad, ...]
    drawn: tuple[NominalWork, ...]

    @property
    def busy(self) -> float:
        """Share of time in which the machine has work."""
        return self.service.busy if self.service.interval else float(self.loads[0].busy.mean())


@dataclass(frozen=True)
class Settled:
    """Set points that stand still, what is done at them, voltage (V) and expected temperature (K) per tile.

    `slopes` is how the policies' voltages answered to set points.
    """

    control: ControlState
    work: Work
    voltage: Array
    temperature: Array
    slopes: Anderson


def settle(
    plant: WaferPlant, load: MeanLoad | None, start: Settled, answer: Answer, inlet: float, tolerance: float
) -> Settled:
    """Return the set points that the policies reach in an unlimited time.

    Parameters
    ----------
    load : MeanLoad, optional
        What is asked for.
    start : Settled
        Where to start.
    answer, inlet
        What temperatures are expected from; inlet in K.
    tolerance : float
        Of voltage and clock, over the nominal ones.

    Where they do not settle, or the grid cannot carry the load, the last ones are returned: the next
    solution tells why.
    """
    control, work, voltage, temperature = start.control, start.work, start.voltage, inlet + answer.rise
    most, slack = answer.most(plant.chip.limits.throttle - inlet if _governed(plant) else inf), _slack(plant, inlet)
    slopes, change, held = start.slopes.shifted(), 1.0, np.zeros(most.shape, dtype=bool)
    for _ in range(_MOST_PASSES):
        try:
            within = _GRID_SHARE * max(tolerance, change)
            grids, dynamic = _powered(plant, work, control, voltage, temperature, within)
        except RunStopped:
            break
        found, heat = np.stack([grid.tile_voltage for grid in grids]), drawn_by(grids)
        moved = float(np.abs(found - voltage).max()) / plant.chip.voltage.nominal
        slowest = control.throttle <= plant.delivery.thermal_governor.minimum_share
        voltage, temperature = found, answer.temperature(heat, np.where(slowest, inf, (1.0 + slack) * most), inlet)
        by_dies = by_die(heat, most.shape), by_die(dynamic, most.shape), most
        throttle, held = _throttle(plant, control, *by_dies, inlet, held)
        following = replace(control, throttle=throttle)
        following = followed(plant, following, grids, work)
        change = max(moved, changed(plant, control, following))
        if change <= _SHARE * tolerance:
            break
        if _clock_change(plant, control, following) > _JUMP:
            slopes = Anderson(_RELAXATION)
        if (following.throttle >= 1.0).all():  # extrapolated voltages would drive throttled dies out of their band
            following = replace(following, voltage=slopes.next(control.voltage, following.voltage))
        if (following.clock != control.clock).any():
            work = done_at(plant, following, load)
        voltage = voltage + plant.by_tile(following.voltage - control.voltage)
        control = following
    return Settled(control, work, voltage, temperature, slopes)


def unsettled(plant: WaferPlant, load: MeanLoad | None, control: ControlState, temperature: float) -> Settled:
    """Return where to start from some set points, wafers at one temperature in K."""
    voltage = plant.by_tile(control.voltage)
    return Settled(
        control, done_at(plant, control, load), voltage, np.full_like(voltage, temperature), Anderson(_RELAXATION)
    )


def done_at(plant: WaferPlant, control: ControlState, load: MeanLoad | None) -> Work:
    """Return what the system does of a mean load at its present clocks."""
    work, service, clock = plant.scenario.workload, plant.service, plant.by_tile(control.clock)
    found = NO_SERVICE
    if work.type == "virus":
        activity = virus_activity(plant.chip, plant.cores, clock, work.utilisation)
    elif service is None or load is None:
        activity = idle_activity(plant.cores)
    else:
        found = serve_on_pipeline(plant.pipeline(control.clock), load, service.limits)
        assert found.interval is not None
        activity = serving_activity(found.interval, service.events, service.shares)
    busy = busy_share(activity, plant.cores, clock)
    each = list(zip(activity.mac, activity.issue, activity.hop, busy, clock, strict=True))
    drawn = tuple(plant.power.work(*parts) for parts in each)
    return Work(found, activity, tuple(TileLoad(*parts) for parts in each), drawn)


def followed(plant: WaferPlant, control: ControlState, grids: Sequence[GridSolution], work: Work) -> ControlState:
    """Return the set points that the policies reach from here in an unlimited time, at the present throttle."""
    sensors = Sensors(
        temperature=np.zeros_like(control.throttle),  # the governor is above, trips are judged at the end
        minimum_voltage=np.stack([grid.die_minimum_voltage for grid in grids]),
        current=np.stack([grid.die_current for grid in grids]),
        busy=work.busy,
        queue=float(work.service.queue),
    )
    policies = plant.scenario.control.policy
    return next_control(
        control, sensors, inf, plant.chip, plant.delivery, policies, plant.service_floor, thermal_interval=0.0
    )


def off_limit(plant: WaferPlant, control: ControlState, hottest: Array, inlet: float) -> float:
    """Return how far dies are from where the thermal governor leaves them, over their rise; 0 within its band.

    It leaves a die at the throttle temperature, at full clock below it, or at its smallest clock above it.
    `hottest` is the hottest point of each die in K.
    """
    if not _governed(plant):
        return 0.0
    limit, governor = plant.chip.limits.throttle, plant.delivery.thermal_governor
    held = (control.throttle < 1.0) & (control.throttle * plant.chip.core.clock <= control.clock)
    over = np.where(control.throttle > governor.minimum_share, hottest - limit, 0.0)
    away = np.where(held & (hottest < limit), limit - hottest, np.maximum(over, 0.0))
    worst = float(away.max()) / max(limit - inlet, governor.hysteresis)
    return 0.0 if worst <= _slack(plant, inlet) else worst


def _slack(plant: WaferPlant, inlet: float) -> float:
    """Return the band in which the governor leaves a throttled die, over its rise."""
    hysteresis = plant.delivery.thermal_governor.hysteresis
    return _IN_BAND * hysteresis / max(plant.chip.limits.throttle - inlet, hysteresis)


def _governed(plant: WaferPlant) -> bool:
    return "thermal_governor" in plant.scenario.control.policy


def _throttle(
    plant: WaferPlant,
    control: ControlState,
    heat: Array,
    dynamic: Array,
    most: Array,
    inlet: float,
    held: NDArray[np.bool_],
) -> tuple[Array, NDArray[np.bool_]]:
    """Return the throttle, at most 1, at which dies are expected to give the heat `most`; and which are held there.

    The clock moves their dynamic power alone; all are per die in W. What is `held` stays so as long as it is
    within the governor's band, or voltages that still move would drive dies in and out of a narrower one.
    """
    if not _governed(plant):
        return np.ones_like(control.throttle), held
    if (heat < most).all() and (control.throttle >= 1.0).all():
        return control.throttle, held
    governor = plant.delivery.thermal_governor
    present = np.minimum(control.throttle, control.clock / plant.chip.core.clock)
    left = np.maximum(most - (heat - dynamic), 0.0)
    ratio = np.divide(left, dynamic, out=np.ones_like(left), where=(dynamic > 0.0) & np.isfinite(most))
    wanted = np.clip(present * ratio**_GOVERNING, governor.minimum_share, 1.0)
    load = np.divide(heat, most, out=np.full_like(heat, np.inf), where=most > 0.0)
    near = np.abs(load - 1.0) <= np.where(held, 1.0, _SHARE) * _slack(plant, inlet)
    free = (heat < most) & (control.throttle >= 1.0)
    return np.where(free, 1.0, np.where(near, control.throttle, wanted)), near


def changed(plant: WaferPlant, old: ControlState, new: ControlState) -> float:
    """Return the largest change of voltage and clock, over the nominal ones."""
    voltage = float(np.abs(new.voltage - old.voltage).max()) / plant.chip.voltage.nominal
    return max(voltage, _clock_change(plant, old, new))


def _clock_change(plant: WaferPlant, old: ControlState, new: ControlState) -> float:
    return float(np.abs(new.clock - old.clock).max()) / plant.chip.core.clock


def _powered(
    plant: WaferPlant, work: Work, control: ControlState, voltage: Array, temperature: Array, tolerance: float
) -> tuple[list[GridSolution], Array]:
    """Return the grids of all wafers at given temperatures, and the dynamic power of the tiles in W."""
    grids, dynamic = [], []
    for w, drawn in enumerate(work.drawn):
        draw = plant.power.draw(drawn, temperature[w])
        grid = plant.grid.solve(draw.total, control.voltage[w], voltage[w], tolerance, plant.power.steepness)
        grids.append(grid)
        dynamic.append(draw.switching * voltage_factor(grid.tile_voltage, plant.chip.voltage.nominal))
    return grids, np.stack(dynamic)
