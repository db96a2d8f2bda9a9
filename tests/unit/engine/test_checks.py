"""Which steps the full model repeats when it checks the reduced one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from twin.engine.checks import NOTHING_YET, SPAN, STEPS, Recent, Window


def windows(step: float, count: int) -> list[Window]:
    """Return the window after each of some steps of two wafers, the second one hotter; heat counts the steps."""
    recent, found = NOTHING_YET, []
    for number in range(count):
        before: Any = [SimpleNamespace(name=(wafer, number), peak=wafer) for wafer in range(2)]
        after: Any = [SimpleNamespace(name=(wafer, number + 1), peak=wafer) for wafer in range(2)]
        heats = [np.full((2, 3), 10.0 * wafer + number) for wafer in range(2)]
        coupled = [SimpleNamespace(grid=SimpleNamespace(device_power=h, sheet_loss=0.0 * h)) for h in heats]
        recent = recent.plus(before, cast(Any, coupled), 1e-3 + number, 300.0, step)
        found.append(recent.window(after, (number + 1) * step))
    assert isinstance(recent, Recent)
    return found


@pytest.mark.parametrize("step", [5e-3, 0.1, 1.0])
def test_window_is_long_enough_whatever_the_step(step: float) -> None:
    for number, window in enumerate(windows(step, 300)):
        moments, (before,) = window.stretch.moments, cast(Any, window.stretch.before)
        first = number + 1 - len(moments)
        assert len(moments) >= min(STEPS, number + 1)
        assert len(moments) * step >= min(SPAN, (number + 1) * step) - 1e-12
        assert len(moments) <= 2 * max(STEPS, SPAN / step) + 2, "history is not kept for ever"
        assert before.name == (1, first), "the state before the first of its steps, of the hottest wafer"
        assert cast(Any, window.after).name == (1, number + 1)
        assert [float(m.heat.mean()) for m in moments] == [10.0 + n for n in range(first, number + 1)]
        assert [m.flow for m in moments] == [1e-3 + n for n in range(first, number + 1)]
