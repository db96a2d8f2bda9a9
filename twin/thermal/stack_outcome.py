"""The JSON object of `twin solve`: every key for every stack, temperatures null where there is no solution."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.thermal.stack_fields import NodeWeights, layer_mean, whole
from twin.thermal.stack_probes import probe_place
from twin.thermal.stack_result import StackResult
from twin.thermal.stack_times import reported_times


def outcome(result: StackResult) -> dict[str, Any]:
    """Return the JSON object of `twin solve --json`."""
    found = _temperatures(result) if result.solved is not None else _nothing(result)
    return {"status": result.status, **found, "wall_time_s": result.wall_time, "warnings": list(result.warnings)}


def _temperatures(result: StackResult) -> dict[str, Any]:
    balance, trace, errors = result.balance, result.trace, result.errors
    assert errors is not None
    assert trace.highest is not None
    assert trace.lowest is not None
    return {
        "max_temperature_K": result.model.highest(trace.highest),
        "min_temperature_K": result.model.lowest(trace.lowest),
        "layers": {layer.name: _layer(result, index) for index, layer in enumerate(result.model.layers)},
        "probes": {
            name: {
                **_place(result, name),
                "time_s": result.times,
                "temperature_K": result.probes[name],
                "error_estimate_K": errors.probe(name).tolist(),
            }
            for name in result.probes
        },
        "heat_in_W": balance.released,
        "heat_out_W": sum(balance.faces.values()) + sum(balance.streams),
        "feedback_W": balance.feedback,
        "energy_residual": result.residual,
        "coolant": _coolant(result),
        "error_estimate_K": errors.largest,
        "dofs": result.mesh.unknowns + sum(s.capacity_rate.size for s in result.streams),
        "iterations": result.iterations,
    }


def _nothing(result: StackResult) -> dict[str, Any]:
    """Every key of a solution, its values null."""
    stack = result.task.stack
    times = list(reported_times(stack.transient)) if stack.transient else [0.0]
    keys = ("outlet_mean_K", "outlet_max_K", "pressure_drop_Pa", "reynolds", "flow_rate_m3_s")
    cooled = any(layer.microchannels for layer in stack.layers) or any(
        face.coolant_film for face in (stack.boundaries.bottom, stack.boundaries.top)
    )
    return {
        "max_temperature_K": None,
        "min_temperature_K": None,
        "layers": {layer.name: dict.fromkeys(("max_K", "min_K", "mean_K")) for layer in stack.layers},
        "probes": {
            name: {
                **_place(result, name),
                "time_s": times,
                "temperature_K": [None] * len(times),
                "error_estimate_K": [None] * len(times),
            }
            for name in stack.probes
        },
        **dict.fromkeys(("heat_in_W", "heat_out_W", "feedback_W", "energy_residual")),
        "coolant": dict.fromkeys(keys) if cooled else None,
        "error_estimate_K": None,
        "dofs": result.mesh.unknowns,
        "iterations": None,
    }


def _place(result: StackResult, name: str) -> dict[str, float]:
    x, y, z = probe_place(result.task.stack, result.task.stack.probes[name])
    return {"x_m": y, "y_m": x, "z_m": z} if result.exchanged else {"x_m": x, "y_m": y, "z_m": z}


def _layer(result: StackResult, index: int) -> dict[str, float]:
    model, trace = result.model, result.trace
    assert trace.highest is not None
    assert trace.lowest is not None
    grid = model.grid
    first, last = grid.layer_planes[index]
    planes = slice(first, last + 1)
    x, y = (whole(nodes, grid.degree) for nodes in (grid.x, grid.y))
    mean = NodeWeights(x / x.sum(), y / y.sum(), layer_mean(grid, index))
    return {
        "max_K": model.highest(trace.highest[:, :, planes]),
        "min_K": model.lowest(trace.lowest[:, :, planes]),
        "mean_K": model.value(mean, result.final.solid),
    }


def _coolant(result: StackResult) -> dict[str, float | None] | None:
    if not result.streams:
        return None
    widths, beds = result.model.heat.widths, result.model.beds
    pairs = list(zip(result.streams, result.final.coolant, strict=True))
    rates = [float((widths(s)[:, None] * s.capacity_rate[:, s.outlets]).sum()) for s, _ in pairs]
    means = [s.outlet_mean(f, widths(s)) for s, f in pairs]
    return {
        "outlet_mean_K": float(np.average(means, weights=rates)),
        "outlet_max_K": max(float(f[:, s.outlets].max()) for s, f in pairs),
        "pressure_drop_Pa": max((flow.pressure_drop for flow in result.flows), default=None),
        "reynolds": max((flow.reynolds for flow in result.flows), default=None),
        "flow_rate_m3_s": sum(c.flow_rate for _, c in beds) if beds else None,
    }
