"""All cases of `twin validate`, by group and name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from twin.errors import TwinError, did_you_mean
from twin.vv.rows import GROUPS, Case


class UnknownCase(TwinError):
    """A case or group that the catalogue does not hold."""


@cache
def cases() -> tuple[Case, ...]:
    """Return every case, in the order of the groups."""
    from twin.vv import (
        along_flow,
        conduction,
        conservation,
        coolant,
        ducts,
        experiments,
        half_space,
        leakage,
        manifolds,
        nonlinear,
        plates,
        power_steps,
        reduced,
        spreading,
        symmetry,
        transient,
    )

    modules = (
        conduction, plates, spreading, half_space, transient, power_steps, nonlinear, leakage,
        coolant, along_flow, manifolds, ducts, experiments, symmetry, conservation,
        reduced,
    )  # fmt: skip
    return tuple(case for module in modules for case in module.REGISTRY.cases)


def choose(names: Sequence[str] = (), group: str | None = None) -> tuple[Case, ...]:
    """Return the cases of these names and this group; all without any.

    Raises
    ------
    UnknownCase
        A name or group that is not there, with the nearest one.
    """
    wanted = _group(group) if group is not None else None
    found = [case for case in cases() if wanted in (None, case.group)]
    if not names:
        return tuple(found)
    known = {case.name.lower(): case for case in found}
    problems = [f"no case '{name}'. {_near(name, known.values())}" for name in names if name.lower() not in known]
    if problems:
        raise UnknownCase("\n".join(problems))
    return tuple(known[name.lower()] for name in dict.fromkeys(names))


def _group(given: str) -> str:
    for short, full in GROUPS.items():
        if given.lower() in (short, full):
            return short
    raise UnknownCase(f"no group '{given}'. {did_you_mean(given, [*GROUPS, *GROUPS.values()])}")


def _near(name: str, known: Iterable[Case]) -> str:
    """The nearest name with its own letter case."""
    names = {case.name.lower(): case.name for case in known}
    remedy = did_you_mean(name.lower(), names)
    for low, proper in names.items():
        remedy = remedy.replace(f"'{low}'", f"'{proper}'")
    return remedy
