"""Loops of the library's designs, and short ways to step them."""

from twin import library
from twin.spec.base import to_tree
from twin.spec.cooling import CoolantLoop, DryCooler, Failure
from twin.thermal.coolant import load_coolant
from twin.thermal.failures import SOUND
from twin.thermal.loop import loop_step

WATER = load_coolant("water")
FLOW, DROP, INLET = 40e-3 / 60, 10e3, 293.15
DRY = DryCooler(
    conductance="9 kW/K",
    air_capacity_rate="8 kW/K",
    conductance_exponent="0.6",
    fan_power="1 kW",
    outdoor_temperature="5 degC",
)


def plain() -> CoolantLoop:
    return library.load("cooling", "manifold-silicon").loop


def with_dry_cooler(outdoor: str = "5 degC") -> CoolantLoop:
    cooler = DryCooler.model_validate(to_tree(DRY) | {"outdoor_temperature": outdoor})
    return plain().model_copy(update={"dry_cooler": cooler})


def step(loop, state, heat=20e3, dt=1.0, wanted=INLET, flow=FLOW, drop=DROP, condition=SOUND):
    return loop_step(state, heat, wanted, flow, dt, loop, WATER, drop, condition)


def run(loop, state, heat, steps, dt=1.0, **options):
    for _ in range(steps):
        state, output = step(loop, state, heat, dt, **options)
    return state, output


def subjects(output):
    return {caution.subject for caution in output.cautions}


def failure(part, start, end, remaining=0.0):
    return Failure(part=part, start=f"{start} s", end=f"{end} s", remaining=remaining)
