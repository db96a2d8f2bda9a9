"""Whether a coolant can enter at a temperature, which is told before anything is computed."""

from __future__ import annotations

from twin.thermal.coolant import CoolantProperties
from twin.thermal.regime import coolant_cautions
from twin.units import from_si


def refused_inlet(coolant: CoolantProperties, inlet: float) -> str:
    """Return why a coolant cannot enter at a temperature in K, and a remedy; empty if it can."""
    if not any(coolant_cautions(coolant, inlet, inlet, inlet)):
        return ""
    bounds = []
    if coolant.freezing_point is not None:
        bounds.append(f"it freezes at {_celsius(coolant.freezing_point)}")
    if coolant.boiling_point is not None:
        bounds.append(f"it boils at {_celsius(coolant.boiling_point)}")
    if not coolant.is_constant:
        end = coolant.start + coolant.step * (len(coolant.table) - 1)
        bounds.append(f"its properties are known from {_celsius(coolant.start)} to {_celsius(end)}")
    remedy = "choose another temperature or coolant"
    return f"{coolant.title} cannot enter at {_celsius(inlet)}: {', '.join(bounds)}; {remedy}"


def _celsius(kelvin: float) -> str:
    return f"{round(from_si(kelvin, 'K', 'degC'), 1) + 0.0:.1f} degC"  # no -0.0
