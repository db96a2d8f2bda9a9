"""What became of a point."""

from __future__ import annotations

from dataclasses import dataclass

PENDING, RUNNING, DONE, FAILED, EXCLUDED = "pending", "running", "done", "failed", "excluded"

Figures = dict[str, float | None]


@dataclass(frozen=True)
class Outcome:
    """A point that was computed: its key figures, or why there are none.

    `lasting`: the scenario is at fault, and computing it again would fail again. Times are seconds since
    1970; `worker` is the process that computed it. `warnings` tell where a model was used beyond what it holds for.
    """

    identity: str
    figures: Figures | None
    error: str = ""
    lasting: bool = True
    started: float = 0.0
    finished: float = 0.0
    host: str = ""
    worker: str = ""
    warnings: tuple[str, ...] = ()
