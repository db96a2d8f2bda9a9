"""The exact values of the library's references, by case and quantity."""

from __future__ import annotations

import csv

from twin import library


def values() -> dict[tuple[str, str], float]:
    """Return every value by (case, quantity)."""
    path = library.packaged("references") / "heat-transfer-values.csv"
    with path.open(encoding="utf-8") as file:
        return {(row["case"], row["quantity"]): float(row["value"]) for row in csv.DictReader(file)}
