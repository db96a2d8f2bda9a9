"""A request trace: a CSV file and the names of its columns."""

from __future__ import annotations

from twin.spec.base import Spec


class TraceColumns(Spec):
    """Names of the columns: arrival (a date or seconds), prompt tokens, generated tokens."""

    time: str = "TIMESTAMP"
    context_tokens: str = "ContextTokens"
    generated_tokens: str = "GeneratedTokens"


class Trace(Spec):
    """A trace of the library: `file` lies beside its description."""

    title: str
    file: str
    columns: TraceColumns = TraceColumns()
    licence: str
    citation: str
