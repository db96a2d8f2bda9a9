"""Effectiveness of two-stream heat exchangers against transfer units and ratio of capacity rates."""

from __future__ import annotations

import math


def counterflow_effectiveness(transfer_units: float, capacity_ratio: float) -> float:
    """Return eps = (1 - e^(-NTU (1 - Cr))) / (1 - Cr e^(-NTU (1 - Cr))), NTU / (1 + NTU) at Cr = 1.

    Source: Kays & London, Compact Heat Exchangers.
    """
    gap = transfer_units * (1.0 - capacity_ratio)
    if gap < 1e-9:
        return transfer_units / (1.0 + transfer_units)
    return -math.expm1(-gap) / (1.0 - capacity_ratio * math.exp(-gap))


def parallel_effectiveness(transfer_units: float, capacity_ratio: float) -> float:
    """Return eps = (1 - e^(-NTU (1 + Cr))) / (1 + Cr). Source: Kays & London."""
    return -math.expm1(-transfer_units * (1.0 + capacity_ratio)) / (1.0 + capacity_ratio)


def crossflow_effectiveness(transfer_units: float, capacity_ratio: float) -> float:
    """Return eps = 1 - exp[(e^(-Cr NTU^0.78) - 1) NTU^0.22 / Cr], both streams unmixed.

    Source: Incropera & DeWitt, Fundamentals of Heat and Mass Transfer, table 11.3.
    """
    inner = math.expm1(-capacity_ratio * transfer_units**0.78)
    return -math.expm1(inner * transfer_units**0.22 / capacity_ratio)
