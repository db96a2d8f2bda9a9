"""What commands write: one JSON object or tables on stdout, notes and progress on stderr."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_WIDTH_OF_A_FILE = 200


def print_json(content: Any) -> None:
    """Write one JSON object to stdout; NaN and infinities become null."""
    sys.stdout.write(json.dumps(json_safe(content), indent=2, allow_nan=False) + "\n")


def json_safe(node: Any) -> Any:
    """Return a tree of plain values that JSON can hold; numpy values become numbers and lists."""
    if isinstance(node, Mapping):
        return {str(key): json_safe(value) for key, value in node.items()}
    if hasattr(node, "tolist"):
        return json_safe(node.tolist())
    if isinstance(node, list | tuple):
        return [json_safe(item) for item in node]
    if isinstance(node, float) and not math.isfinite(node):
        return None
    return node


def print_text(text: str) -> None:
    """Write text to stdout as it is."""
    sys.stdout.write(text.rstrip("\n") + "\n")


def note(text: str) -> None:
    """Write a message to stderr."""
    sys.stderr.write(text.rstrip("\n") + "\n")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], title: str | None = None) -> None:
    """Write a table to stdout; cells are text, shown as they are."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    width = None if sys.stdout.isatty() else _WIDTH_OF_A_FILE
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console(file=sys.stdout, width=width, highlight=False).print(table)


def progress_bar() -> Any:
    """Return a rich progress bar on stderr, silent when stderr is not a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(file=sys.stderr)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
    return Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal)
