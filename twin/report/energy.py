"""Where the power goes: from the facility's meter through the wafer into coolant, board and water."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from twin.report.style import BLUE, GREEN, GREY, LIGHT, ORANGE, RED, VIOLET, Card, new_figure
from twin.results.display import number
from twin.results.kpis import time_mean
from twin.results.results import Results

if TYPE_CHECKING:
    import xarray as xr

FACILITY, WALL, BUILDING = "facility", "system at the wall", "cooling of the building"
DEVICES, ACCELERATORS = "wafer and grid", "accelerators"
COOLANT, BOARD, STORED, WATER = "coolant", "board and air", "stored in the wafer", "facility water"
COOLANT_LOOP, AIR, OTHER = "stored in the loop", "air", "not accounted for"
SMALLEST_SHARE = 1e-3
_TALL = 0.08
_COLOURS = {
    FACILITY: GREY,
    WALL: BLUE,
    DEVICES: ORANGE,
    ACCELERATORS: ORANGE,
    COOLANT: BLUE,
    WATER: GREEN,
    OTHER: RED,
}
_LOSSES = (("supply loss", "supply_loss"), ("host", "host_power"), ("regulator loss", "regulator_loss"))
_WAFER = (("dynamic", "dynamic_power"), ("leakage", "leakage_power"), ("grid loss", "grid_loss"))


@dataclass(frozen=True)
class Flow:
    """A mean power in W from one node to another, never negative."""

    source: str
    target: str
    power: float


def energy_card(results: Results) -> Card | None:
    """Return the flow of energy; None for a run without power at the wall."""
    flows = energy_flows(results.data)
    if not flows:
        return None
    caption = "Time means; what flows into a node flows out of it."
    return Card("energy-flow", "Where the energy goes", sankey(flows), caption, wide=True, least_width=860)


def energy_flows(data: xr.Dataset) -> list[Flow]:
    """Return mean powers from the facility to where the heat goes, closed at every node.

    A difference between what the run recorded on both sides of a node appears as a flow of its own:
    heat stored, or `OTHER` if nothing in the model explains it.
    """
    wall = _mean(data, "system_power")
    if wall <= 0:
        return []
    return [*_above_wall(data, wall), *_below_wall(data, wall), *_heat(data)]


def _above_wall(data: xr.Dataset, wall: float) -> list[Flow]:
    facility = max(_mean(data, "facility_power"), wall)
    return _kept([Flow(FACILITY, WALL, wall), Flow(FACILITY, BUILDING, facility - wall)], wall)


def _below_wall(data: xr.Dataset, wall: float) -> list[Flow]:
    """Split the power at the wall into losses, pump and devices."""
    flows = [Flow(WALL, label, _mean(data, name)) for label, name in _LOSSES]
    flows += [Flow(label, AIR, _mean(data, name)) for label, name in _LOSSES]
    flows.append(Flow(WALL, "pump", _mean(data, "pump_power")))
    parts = [(label, _mean(data, name)) for label, name in _WAFER]
    if sum(power for _, power in parts) > 0:
        flows += [Flow(WALL, label, power) for label, power in parts]
    else:
        accelerators = _mean(data, "accelerator_power")
        flows += [Flow(WALL, ACCELERATORS, accelerators), Flow(ACCELERATORS, AIR, accelerators)]
    missing = wall - sum(flow.power for flow in flows if flow.source == WALL)
    flows.append(Flow(WALL, OTHER, missing) if missing > 0 else Flow(OTHER, WALL, -missing))
    return _kept(flows, wall)


def _heat(data: xr.Dataset) -> list[Flow]:
    """Lead the heat of the devices into coolant, board and store, and the coolant's into water."""
    parts = [(label, _mean(data, name)) for label, name in _WAFER]
    heat = sum(power for _, power in parts)
    if heat <= 0:
        return []
    flows = [Flow(label, DEVICES, power) for label, power in parts]
    coolant, board, stored = (_mean(data, name) for name in ("coolant_heat", "board_heat", "stored_heat"))
    flows += [Flow(DEVICES, COOLANT, coolant), Flow(DEVICES, BOARD, board)]
    flows.append(_either_way(DEVICES, STORED, stored))
    flows.append(_either_way(DEVICES, OTHER, heat - coolant - board - stored))
    pump, warming, water = (_mean(data, name) for name in ("pump_power", "pump_heat", "facility_heat"))
    flows += [Flow("pump", COOLANT, warming), Flow("pump", AIR, pump - warming), Flow(COOLANT, WATER, water)]
    flows.append(_either_way(COOLANT, COOLANT_LOOP, coolant + warming - water))
    return _kept(flows, heat)


def sankey(flows: list[Flow]) -> Any:
    """Return the figure of a set of flows, every node labelled with its power."""
    import plotly.graph_objects as go

    nodes = list(dict.fromkeys(name for flow in flows for name in (flow.source, flow.target)))
    place = {name: index for index, name in enumerate(nodes)}
    through = {name: node_power(flows, name) for name in nodes}
    figure = new_figure(height=430)
    figure.add_trace(
        go.Sankey(
            arrangement="snap",
            valueformat=".4s",
            valuesuffix="W",
            node={
                "label": [_node_label(name, through[name], max(through.values())) for name in nodes],
                "color": [_COLOURS.get(name, VIOLET if name == "leakage" else GREY) for name in nodes],
                "pad": 24,
                "thickness": 14,
                "line": {"width": 0},
            },
            link={
                "source": [place[flow.source] for flow in flows],
                "target": [place[flow.target] for flow in flows],
                "value": [flow.power for flow in flows],
                "color": LIGHT,
            },
        )
    )
    figure.update_layout(margin={"l": 12, "r": 12, "t": 12, "b": 12})
    return figure


def node_power(flows: list[Flow], name: str) -> float:
    """Return the power through a node in W: the larger of what flows in and what flows out."""
    inward = sum(flow.power for flow in flows if flow.target == name)
    outward = sum(flow.power for flow in flows if flow.source == name)
    return max(inward, outward)


def _mean(data: xr.Dataset, name: str) -> float:
    return time_mean(data, name) or 0.0


def _either_way(source: str, target: str, power: float) -> Flow:
    """Return a flow that may run backwards: heat taken from a store comes from another node's side."""
    return Flow(source, target, power) if power >= 0 else Flow(f"from {target}", source, -power)


def _kept(flows: list[Flow], total: float) -> list[Flow]:
    """Return the flows large enough to draw."""
    return [flow for flow in flows if flow.power > SMALLEST_SHARE * total]


def _node_label(name: str, power: float, largest: float) -> str:
    """Return name and power, on two lines where the node is tall enough."""
    return f"{name}{'<br>' if power > _TALL * largest else ' '}{_watts(power)}"


def _watts(power: float) -> str:
    return f"{number(power / 1e3, 3)} kW" if power >= 1e3 else f"{number(power, 3)} W"
