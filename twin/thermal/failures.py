"""What has failed in a coolant loop at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from twin.spec.cooling import Failure, Pump
from twin.thermal.pumps import coasted

_WHOLE = 1e-9


@dataclass(frozen=True)
class Condition:
    """Shares that are left: of the running pumps, facility water's flow, fans' speed; 1 is sound.

    `valve` is the share of the coolant through the exchanger where the bypass valve is stuck, None: it
    works. `driven` are the shares of the pumps that were driven from one failure to the next, the last is `pumps`.
    """

    pumps: float = 1.0
    facility_water: float = 1.0
    fan: float = 1.0
    valve: float | None = None
    driven: tuple[float, ...] = (1.0,)

    def running(self, pump: Pump) -> int:
        """Return the number of driven pumps."""
        return _whole(self.pumps, pump)

    def turning(self, pump: Pump, speed: float, dt: float) -> tuple[int, float]:
        """Return how many pumps move the coolant, and their largest speed over the rated one.

        Driven pumps shut the check valves of the others; without any, those that ran last coast down
        from `speed` for `dt` seconds.
        """
        if self.running(pump) > 0:
            return self.running(pump), pump.maximum_speed
        ran_last = next((count for share in reversed(self.driven) if (count := _whole(share, pump)) > 0), 0)
        return ran_last, coasted(speed, dt, pump)


def _whole(share: float, pump: Pump) -> int:
    return math.floor(share * pump.count + _WHOLE)


SOUND = Condition()


def condition_at(failures: Sequence[Failure], time: float) -> Condition:
    """Return the condition of a loop at a time in s; of several failures of a part the worst counts."""
    active = [failure for failure in failures if failure.active(time)]

    def left(part: str, among: Sequence[Failure]) -> float:
        return min((failure.remaining for failure in among if failure.part == part), default=1.0)

    stuck = [failure.remaining for failure in active if failure.part == "bypass_valve"]
    of_pumps = sorted((failure.start, failure.remaining) for failure in active if failure.part == "pump")
    return Condition(
        pumps=left("pump", active),
        facility_water=left("facility_water", active),
        fan=left("fan", active),
        valve=stuck[-1] if stuck else None,
        driven=tuple(accumulate((remaining for _, remaining in of_pumps), min, initial=1.0)),
    )
