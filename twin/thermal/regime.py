"""Where flow and coolant leave what the model holds for: cautions, one per subject."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from twin.constants import in_celsius
from twin.thermal import correlations
from twin.thermal.coolant import CoolantProperties


@dataclass(frozen=True)
class Caution:
    """Something a reader must know: `subject` is the same whenever it happens again, `text` has its figures."""

    subject: str
    text: str


def channel_cautions(reynolds: float, velocity: float, velocity_limit: float | None) -> Iterator[Caution]:
    """Yield cautions about the largest Reynolds number and velocity (m/s) in channels."""
    limit = correlations.LAMINAR_REYNOLDS
    if reynolds > limit:
        yield Caution(
            "laminar flow",
            f"Reynolds number {reynolds:.0f} in the channels is above {limit:.0f}: flow is transitional, "
            "friction and heat transfer are those of laminar flow",
        )
    yield from velocity_cautions(velocity, velocity_limit)


def velocity_cautions(velocity: float, limit: float | None) -> Iterator[Caution]:
    """Yield a caution if coolant is faster than its walls bear, in m/s."""
    if limit is not None and velocity > limit:
        yield Caution("velocity", f"coolant at {velocity:.2g} m/s is faster than {limit:g} m/s: walls may erode")


def coolant_cautions(
    coolant: CoolantProperties, coldest: float, hottest: float, hottest_wall: float
) -> Iterator[Caution]:
    """Yield cautions about freezing, boiling and the range of the properties, temperatures in K.

    Coolant boils at walls above saturation while its bulk is still colder (subcooled boiling), which
    this single-phase model does not have. Saturation is that at the coolant's own pressure, the lowest
    of the loop; inside the channels it lies higher.
    """
    freezing, boiling, name = coolant.freezing_point, coolant.boiling_point, coolant.title
    if freezing is not None and coldest <= freezing:
        yield Caution("freezing", f"{name} freezes at {in_celsius(freezing)}; coldest is {in_celsius(coldest)}")
    if boiling is not None and hottest >= boiling:
        yield Caution("boiling", f"{name} boils at {in_celsius(boiling)}; hottest is {in_celsius(hottest)}")
    elif boiling is not None and hottest_wall >= boiling:
        yield Caution(
            "subcooled boiling",
            f"walls at {in_celsius(hottest_wall)} are above the boiling point of {name}, {in_celsius(boiling)}, "
            f"its bulk is at most at {in_celsius(hottest)}: bubbles at the walls are not modelled",
        )
    if coolant.is_constant:
        return
    end = coolant.start + coolant.step * (len(coolant.table) - 1)
    if coldest < coolant.start or hottest > end:
        spans = (coldest, hottest), (coolant.start, end)
        found, table = (f"{in_celsius(low)} to {in_celsius(high)}" for low, high in spans)
        yield Caution("property range", f"{name}: {found} leaves its table, {table}")
