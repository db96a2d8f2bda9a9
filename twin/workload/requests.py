"""Reading request traces, and scaling how often requests arrive."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from twin import library
from twin.errors import LibraryError, Problem, SpecError
from twin.spec.trace import Trace, TraceColumns
from twin.workload.serving import Requests

_SHOWN_LINES = 3


def load_requests(trace: str) -> Requests:
    """Return the requests of a trace: a name of the library, or the path of a CSV file.

    Arrivals count from the first one; rows out of order are sorted.
    """
    if Path(trace).suffix.lower() == ".csv":
        return read_csv(Path(trace), TraceColumns())
    entry = library.entry("trace", trace)
    spec = entry.spec
    assert isinstance(spec, Trace)
    return read_csv(entry.path.parent / spec.file, spec.columns)


def read_csv(path: Path, columns: TraceColumns) -> Requests:
    """Return the requests in a CSV file; SpecError names missing columns and wrong lines."""
    try:
        state = path.stat()
    except OSError:
        return _parsed(path, columns, 0, 0)
    return _parsed(path.resolve(), columns, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=8)
def _parsed(path: Path, columns: TraceColumns, modified: int, size: int) -> Requests:
    """Read a file once as long as it stays as it is: the points of a study share their trace."""
    import pandas as pd

    try:
        table = pd.read_csv(path)
    except FileNotFoundError as error:
        raise LibraryError(f"{path}: no such trace") from error
    except pd.errors.EmptyDataError as error:
        raise SpecError(path.name, [Problem("", "is empty; a trace needs a header and one line")]) from error
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        raise SpecError(path.name, [Problem("", f"is not a CSV table ({str(error).strip()})")]) from error
    except OSError as error:
        raise LibraryError(f"{path}: cannot be read ({error.strerror})") from error
    names = (columns.time, columns.context_tokens, columns.generated_tokens)
    missing = [name for name in names if name not in table.columns]
    if missing:
        raise SpecError(path.name, [Problem(name, _missing(name, list(table.columns))) for name in missing])
    if table.empty:
        raise SpecError(path.name, [Problem("", "has no requests; a trace needs at least one line")])
    seconds, wrong_times = _seconds(table[columns.time])
    counts = [pd.to_numeric(table[name], errors="coerce") for name in names[1:]]
    problems = [_lines(columns.time, wrong_times, "is neither a date nor seconds")]
    for name, count in zip(names[1:], counts, strict=True):
        values = count.to_numpy(dtype=float)
        wrong = ~np.isfinite(values) | (values < 1) | (values != np.floor(values))
        problems.append(_lines(name, wrong, "must be a whole number of at least 1"))
    found = [problem for problem in problems if problem is not None]
    if found:
        raise SpecError(path.name, found)
    order = np.argsort(seconds, kind="stable")
    context, generated = (count.to_numpy(dtype=np.int64)[order] for count in counts)
    arrays = (seconds[order] - seconds[order[0]], context, generated)
    for array in arrays:
        array.flags.writeable = False
    return Requests(*arrays)


def window(requests: Requests, duration: float) -> Requests:
    """Return the requests that arrive before `duration` seconds."""
    return take(requests, np.flatnonzero(requests.arrival < duration))


def take(requests: Requests, chosen: Any) -> Requests:
    """Return some of the requests, by index array or slice."""
    return Requests(requests.arrival[chosen], requests.context[chosen], requests.generated[chosen])


def scale_arrivals(requests: Requests, scale: float, duration: float, seed: int) -> Requests:
    """Return requests that arrive `scale` times as often within `duration`, the same for the same seed.

    Each request is repeated floor(scale) times and once more with the probability of the remainder. The
    first copy keeps its time; the others fall at random between the midpoints to its neighbours, so that
    bursts stay bursts. Pairs of prompt and answer stay together.
    """
    generator = np.random.default_rng(seed)
    whole = int(np.floor(scale))
    copies = whole + (generator.random(len(requests)) < scale - whole)
    source = np.repeat(np.arange(len(requests)), copies)
    is_first = np.concatenate([[True], source[1:] != source[:-1]]) if len(source) else np.zeros(0, bool)
    ends = np.concatenate([[0.0], requests.arrival, [duration]])
    middles = 0.5 * (ends[1:] + ends[:-1])
    middles[0], middles[-1] = 0.0, duration
    low, high = middles[:-1][source], middles[1:][source]
    spread = low + generator.random(len(source)) * (high - low)
    arrival = np.where(is_first, requests.arrival[source], spread)
    order = np.argsort(arrival, kind="stable")
    return Requests(arrival[order], requests.context[source][order], requests.generated[source][order])


def _seconds(column: Any) -> tuple[np.ndarray[Any, np.dtype[np.float64]], np.ndarray[Any, np.dtype[np.bool_]]]:
    """Return a column of seconds or dates in s (from an arbitrary origin) and which rows are neither."""
    import pandas as pd

    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)
    if np.isfinite(numbers).any():
        return numbers, ~np.isfinite(numbers)
    dates = pd.to_datetime(column, errors="coerce", format="ISO8601", utc=True)
    wrong = dates.isna().to_numpy()
    if wrong.all():
        return numbers, wrong
    return (dates - dates.min()).dt.total_seconds().to_numpy(dtype=float), wrong


def _missing(name: str, present: list[str]) -> str:
    return f"column is missing; the file has {', '.join(map(str, present))}"


def _lines(name: str, wrong: Any, message: str) -> Problem | None:
    """Return the problem of the rows marked `wrong`, numbered as lines of the file (the header is line 1)."""
    rows = np.flatnonzero(wrong) + 2
    if not len(rows):
        return None
    shown = ", ".join(str(row) for row in rows[:_SHOWN_LINES])
    more = f" and {len(rows) - _SHOWN_LINES} more" if len(rows) > _SHOWN_LINES else ""
    return Problem(name, f"line {shown}{more}: {message}")
