"""Whether a coolant can enter at a temperature, which is told before anything is computed."""

from __future__ import annotations

from twin.constants import in_celsius
from twin.thermal.coolant import CoolantProperties
from twin.thermal.regime import coolant_cautions


def refused_inlet(coolant: CoolantProperties, inlet: float) -> str:
    """Return why a coolant cannot enter at a temperature in K, and a remedy; empty if it can."""
    if not any(coolant_cautions(coolant, inlet, inlet, inlet)):
        return ""
    bounds = []
    if coolant.freezing_point is not None:
        bounds.append(f"it freezes at {in_celsius(coolant.freezing_point)}")
    if coolant.boiling_point is not None:
        bounds.append(f"it boils at {in_celsius(coolant.boiling_point)}")
    if not coolant.is_constant:
        end = coolant.start + coolant.step * (len(coolant.table) - 1)
        bounds.append(f"its properties are known from {in_celsius(coolant.start)} to {in_celsius(end)}")
    remedy = "choose another temperature or coolant"
    return f"{coolant.title} cannot enter at {in_celsius(inlet)}: {', '.join(bounds)}; {remedy}"
