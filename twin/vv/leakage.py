"""Leakage that feeds on its own heat: fixed points, runaway, balances."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from twin.constants import ZERO_CELSIUS
from twin.vv import exact_nonlinear as exact
from twin.vv.rows import Registry, Row, compare, holds
from twin.vv.stacks import (
    Tree,
    celsius,
    column,
    film,
    held,
    layer,
    mean,
    point,
    quantity,
    rectangle,
    solve,
    transient,
    watts,
)

REGISTRY = Registry("nonlinear")

_SIDE = 1e-3
_AREA = _SIDE**2


LAMBERT = "Corless et al., Adv. Comput. Math. 5 (1996) 329; Liao, He & Lepak, IEEE TCAD 24 (2005) 1042"

_DIE = exact.Leakage(30e4, 6e4, 60.0, 0.02, 20.0)

_RESISTANCE = 0.68e-4

_THICKNESS, _CAPACITY = 1e-5, 1e3
"""Thickness of the die in m and its heat capacity per area in J/m2/K."""


def leaking_die(
    resistance: float, dynamic: float = _DIE.dynamic, coolant: float = _DIE.coolant, **more: object
) -> Tree:
    """Return a die heated at the face that a film of 1 / resistance cools: all heat passes one temperature."""
    power = {"reference": celsius(_DIE.reference), "coefficient": quantity(_DIE.growth, "1/K")}
    return {
        **column(_SIDE),
        "layers": [layer("die", _THICKNESS, 1e4, 1, volumetric=_CAPACITY / _THICKNESS)],
        "boundaries": {"bottom": film(1 / resistance, coolant)},
        "sources": [
            {"face": "bottom", "power": watts(dynamic * _AREA)},
            {"face": "bottom", "power": watts(_DIE.leakage * _AREA), "feedback": power},
        ],
        "probes": {"die": point(0.0, 0.0, "die", "bottom")},
        **more,
    }


@REGISTRY.case("C07a", "Exponential leakage behind a resistance: fixed point and runaway", LAMBERT)
def leakage_and_runaway() -> Iterator[Row]:
    found = solve(leaking_die(_RESISTANCE))
    stable = _DIE.stable(_RESISTANCE)
    yield found.row("stable temperature", "die", stable, 1e-8, stable)
    share = float(found.found["feedback_W"]) / float(found.found["heat_in_W"])
    leakage = (stable - 20) / _RESISTANCE - _DIE.dynamic
    yield compare("leakage over all power", share, leakage / (leakage + _DIE.dynamic), 1e-8)
    yield found.energy_row()
    yield compare("stable temperature by repeated solves", _repeated(), stable, 1e-8, "degC")
    yield compare("unstable temperature: heat that flows there", *_unstable(), 1e-6, "W/m^2")
    low, high = (solve(leaking_die(_RESISTANCE, coolant=20.0 + step)).probe("die") for step in (-0.05, 0.05))
    yield compare("loop gain, from a shift of the coolant", 1 - 0.1 / (high - low), _DIE.gain(_RESISTANCE), 1e-5)
    yield from _bracket("resistance", _DIE.critical_resistance, lambda r: leaking_die(r))
    critical = _DIE.critical_dynamic(_RESISTANCE)
    yield from _bracket("dynamic power", critical, lambda q: leaking_die(_RESISTANCE, q))
    near = solve(leaking_die(_DIE.critical_resistance * (1 - 1e-4)))
    value = _DIE.stable(_DIE.critical_resistance * (1 - 1e-4))
    yield near.row("temperature 0.01 % below the runaway", "die", value, 1e-6)
    note = f"fold at {_DIE.critical_temperature:.4f} degC, reached with the root of the distance"
    yield compare("distance to the fold", _DIE.critical_temperature - near.probe("die"),
                  _DIE.critical_temperature - value, 1e-4, "K", note=note)  # fmt: skip


def _bracket(name: str, critical: float, tree) -> Iterator[Row]:  # type: ignore[no-untyped-def]
    """Converged 0.1 % below the exact threshold, run away 0.1 % above it."""
    below, above = solve(tree(critical * 0.999)), solve(tree(critical * 1.001))
    yield holds(f"critical {name}: 0.1 % below converges", below.status == "converged", below.status)
    yield holds(f"critical {name}: 0.1 % above runs away", above.status == "runaway", above.status)
    empty = above.found["max_temperature_K"] is None and above.found["probes"]["die"]["temperature_K"] in (None, [None])
    yield holds(f"critical {name}: temperatures are null after runaway", empty)


def _repeated() -> float:
    """Fixed point by 25 solves with the leakage of the solve before."""
    found = 20.0
    for _ in range(25):
        leakage = _DIE.leakage * np.exp(_DIE.growth * (found - _DIE.reference))
        tree = leaking_die(_RESISTANCE)
        tree["sources"] = [{"face": "bottom", "power": watts((_DIE.dynamic + leakage) * _AREA)}]
        found, before = solve(tree).probe("die"), found
        if abs(found - before) < 1e-11:
            break
    return found


def _unstable() -> tuple[float, float]:
    """Heat that a die held at the unstable temperature gives, and what its resistance would carry."""
    held_at = _DIE.unstable(_RESISTANCE)
    tree = leaking_die(_RESISTANCE)
    tree["layers"] = [layer("die", _THICKNESS, 1e6, 1)]
    for item in tree["sources"]:
        item["layer"] = item.pop("face").replace("bottom", "die")
    tree["boundaries"] = {"bottom": held(held_at), "top": held(held_at)}
    return float(solve(tree).found["heat_out_W"]) / _AREA, (held_at - 20) / _RESISTANCE


@REGISTRY.case("runaway in time", "A transient runs away exactly where no steady state exists", LAMBERT)
def runaway_in_time() -> Iterator[Row]:
    """The lumped ODE C dT/dt = qd + ql e^(b (T - T0)) - (T - Tc)/R, integrated to 1e-10."""
    from scipy.integrate import solve_ivp

    def rate(_: float, t: np.ndarray, resistance: float) -> np.ndarray:
        leakage = _DIE.leakage * np.exp(_DIE.growth * (t - _DIE.reference))
        return (_DIE.dynamic + leakage - (t - _DIE.coolant) / resistance) / _CAPACITY

    times = (0.02, 0.1, 0.5)
    tree = leaking_die(_RESISTANCE, transient=transient(0.5, 5e-3, 20.0, times))
    found = solve(tree)
    path = solve_ivp(rate, (0.0, 0.5), [20.0], "DOP853", times, args=(_RESISTANCE,), rtol=1e-11, atol=1e-10)
    for number, (time, value) in enumerate(zip(times, path.y[0], strict=True)):
        yield found.row(f"die, {time:g} s", "die", float(value), 2e-4, _DIE.stable(_RESISTANCE) - 20, number)
    yield found.energy_row()
    hopeless = leaking_die(_DIE.critical_resistance * 1.5, transient=transient(30.0, 0.5, 20.0))
    yield holds("1.5 times the critical resistance runs away", solve(hopeless).status == "runaway")


@REGISTRY.case("leakage that spreads", "Leakage over a spreading stack: balance and superposition", LAMBERT)
def leakage_that_spreads() -> Iterator[Row]:
    """Feedback power must be the integral of its own law over the temperatures found, linear in the small."""
    spot = rectangle((0.003, 0.006), (0.003, 0.006))
    base: Tree = {
        "size": {"x": "12 mm", "y": "12 mm"},
        "cells": {"x": 32, "y": 32},
        "layers": [layer("die", 0.5e-3, 130.0, 4)],
        "boundaries": {"bottom": film(8e3, 20.0)},
        "probes": {"spot": mean(spot, "die", None), "hot": point(0.0045, 0.0045, "die")},
    }
    heat = {"layer": "die", "power": "20 W", "rectangle": spot}

    def leak(coefficient: float, power: float = 1.0) -> Tree:
        feedback = {"coefficient": quantity(coefficient, "1/K"), "reference": "20 degC"}
        return {"layer": "die", "power": watts(power), "rectangle": spot, "feedback": feedback}

    found = solve({**base, "sources": [heat, leak(0.02)]})
    balance = float(found.found["heat_in_W"]) - 20.0
    yield compare("feedback power is what comes on top of the rest", float(found.found["feedback_W"]), balance, 1e-10)
    yield found.energy_row()
    # A small coefficient: exp is a line, and the answer a linear problem solved by two superposed rises.
    small = 1e-6
    alone = solve({**base, "sources": [{**heat, "power": "1 W"}]})
    weak = solve({**base, "sources": [heat, leak(small)]})
    per_watt = alone.probe("spot") - 20
    power = 1 + small * per_watt * 21
    yield compare("feedback power, weak limit", float(weak.found["feedback_W"]), power, 1e-8, "W")
    uniform = solve({**base, "sources": [{"layer": "die", "power": "20 W"}, {**leak(0.02), "rectangle": _all()}]})
    die = exact.Leakage(20 / 144e-6, 1 / 144e-6, 20.0, 0.02, 20.0)
    value = die.stable(1 / 8e3)
    note = "uniform over the die: the lumped fixed point, to the conduction through the die"
    yield compare("leakage over the whole die", float(uniform.found["layers"]["die"]["mean_K"]) - ZERO_CELSIUS,
                  value, 2e-2, "degC", value - 20, note=note)  # fmt: skip


def _all() -> Tree:
    return rectangle((0.0, 0.012), (0.0, 0.012))
