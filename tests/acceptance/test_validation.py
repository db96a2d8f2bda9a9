"""The whole catalogue: every row passes, every estimate holds, within its time."""

import time

from twin.vv.catalogue import choose
from twin.vv.run import run

LONGEST = 360.0
"""Seconds on two cores."""


def test_every_row_passes() -> None:
    start = time.perf_counter()
    rows = run(choose())
    wall = time.perf_counter() - start
    failed = [
        f"{row.case}, {row.quantity}: {row.result} for {row.reference}, {row.note}" for row in rows if not row.passed
    ]
    assert not failed
    assert sum(row.order is not None for row in rows) >= 40
    assert len(rows) >= 600
    assert wall < LONGEST
