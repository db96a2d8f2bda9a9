"""The wafer of the benchmarks as a stack file: 84 dies of 100 to 430 W, 20 kW in all, one straight pass."""

from __future__ import annotations

from typing import Any

import numpy as np

SIDE, DIES, POWER = 0.215, (7, 12), 20e3
SILICON = {"conductivity": "130 W/m/K", "density": "1000 kg/m^3", "specific_heat": "1628 J/kg/K"}
WATER = {
    "density": "998 kg/m^3",
    "specific_heat": f"{4.172e6 / 998!r} J/kg/K",
    "conductivity": "0.598 W/m/K",
    "viscosity": "1.002e-3 Pa*s",
}


def die_powers() -> np.ndarray:
    """Return 84 powers in W, shape (12, 7), between 100 and 430 W and 20 kW in all."""
    powers = np.random.default_rng(1).uniform(100.0, 430.0, DIES[::-1])
    excess = POWER - powers.sum()
    room = 430.0 - powers if excess > 0 else powers - 100.0
    return powers + excess * room / room.sum()


def wafer_stack(nodes: int, planes: tuple[int, int, int, int] = (1, 2, 3, 2)) -> dict[str, Any]:
    """Return the stack with about `nodes` x `nodes` nodes in plan, edges of dies on them."""
    cells = {axis: max(1, round((nodes - 1) / count)) * count for axis, count in zip("xy", DIES, strict=True)}
    width, height = SIDE / DIES[0], SIDE / DIES[1]
    source, silicon, channels, cap = planes
    return {
        "kind": "stack",
        "size": {"x": f"{SIDE} m", "y": f"{SIDE} m"},
        "cells": cells,
        "layers": [
            {"name": "devices", "thickness": "10 um", "material": SILICON, "cells": source},
            {"name": "silicon", "thickness": "440 um", "material": SILICON, "cells": silicon},
            {
                "name": "channels",
                "thickness": "300 um",
                "cells": channels,
                "microchannels": {
                    "width": "100 um", "wall": "100 um", "axis": "y", "wall_material": SILICON, "coolant": WATER,
                    "inlet_temperature": "20 degC", "flow_rate": "28.76 L/min",
                    "heat_transfer": {"coefficient": "19130 W/m^2/K"},
                },
            },
            {"name": "cap", "thickness": "300 um", "material": SILICON, "cells": cap},
        ],
        "sources": [
            {
                "layer": "devices",
                "power": f"{float(power)!r} W",
                "rectangle": {
                    "x": [f"{column * width!r} m", f"{(column + 1) * width!r} m"],
                    "y": [f"{row * height!r} m", f"{(row + 1) * height!r} m"],
                },
            }
            for row, powers in enumerate(die_powers())
            for column, power in enumerate(powers)
        ],
        "probes": {
            f"die {column} {row}": {
                "layer": "devices",
                "face": "bottom",
                "mean": {
                    "x": [f"{column * width!r} m", f"{(column + 1) * width!r} m"],
                    "y": [f"{row * height!r} m", f"{(row + 1) * height!r} m"],
                },
            }
            for row in range(DIES[1])
            for column in range(DIES[0])
        },
    }  # fmt: skip


def stack_of(nodes: int) -> Any:
    """Return the checked stack."""
    from twin.spec.documents import validate
    from twin.spec.stack import Stack

    return validate(wafer_stack(nodes), Stack, "the wafer of the benchmarks")
