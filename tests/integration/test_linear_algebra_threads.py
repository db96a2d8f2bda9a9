"""A run's products are small: threads of linear algebra would wait for each other, and neighbours would starve."""

from __future__ import annotations

from coarse_runs import COARSE, SERVING
from threadpoolctl import threadpool_info, threadpool_limits

import twin


def blas_threads() -> dict[str, int]:
    """Return how many threads each library of linear algebra would use now."""
    return {
        library["filepath"]: library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"
    }


def test_a_run_uses_one_thread_and_gives_back_what_was_set() -> None:
    during: list[int] = []
    scenario = twin.load(SERVING).replace({**COARSE, "workload.duration": "3 s"})
    with threadpool_limits(2, user_api="blas"):
        before = {library: threads for library, threads in blas_threads().items() if threads == 2}  # some cannot
        twin.run(scenario, progress=lambda done, whole, text: during.extend(blas_threads().values()))
        after = blas_threads()
    assert before
    assert {library: after[library] for library in before} == before
    assert set(during) == {1}
