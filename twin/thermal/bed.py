"""A bed of channels: from flow rate and coolant temperature to the streams of the heat solver."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from twin.fe.stream import Stream, WettedWalls
from twin.fe.tensor import Array
from twin.spec.stack import HeatTransfer
from twin.thermal.coolant import CoolantProperties
from twin.thermal.hydraulics import (
    ChannelFlow,
    ChannelGeometry,
    Layout,
    heat_transfer_coefficient,
    solve_flow,
)


@dataclass(frozen=True)
class BedFlow:
    """Hydraulic state of a bed: one flow for each of its streams."""

    flows: tuple[ChannelFlow, ...]
    pressure_drop: float
    reynolds: float


@dataclass(frozen=True)
class ChannelBed:
    """Channels of one layer, as one or two sets with their own layout (two: alternating direction).

    Density and specific heat are those at `reference_temperature`, so that mass flow and heat
    capacity rate are the same all along a channel (water: within 0.3 % from 20 to 60 degC);
    viscosity and conductivity follow the local coolant temperature.
    """

    geometry: ChannelGeometry
    layouts: tuple[Layout, ...]
    walls: tuple[WettedWalls, ...]
    column_widths: Array
    coolant: CoolantProperties
    reference_temperature: float
    heat_transfer: Literal["correlation"] | HeatTransfer = "correlation"
    turn_loss: float = 0.0

    @property
    def lengths(self) -> Array:
        """Cell lengths along the channels in m."""
        return np.diff(self.layouts[0].edges)

    @property
    def shape(self) -> tuple[int, int]:
        """Columns and cells."""
        return self.column_widths.size, self.lengths.size

    @property
    def loss_coefficient(self) -> float:
        """Entrance and turns over rho u^2 / 2; a bed of fixed heat transfer counts friction alone."""
        return (self.geometry.entrance_loss if self.heat_transfer == "correlation" else 0.0) + self.turn_loss

    def uniform(self, temperature: float) -> tuple[Array, ...]:
        """Return coolant fields at one temperature."""
        return tuple(np.full(self.shape, temperature) for _ in self.layouts)

    def streams(self, flow_rate: float, inlet: float, means: Sequence[Array]) -> tuple[tuple[Stream, ...], BedFlow]:
        """Return the streams at a total flow in m3/s, for coolant mean temperatures (columns, cells) in K."""
        rho, cp = (float(v) for v in self._reference())
        share = 1.0 / len(self.layouts)
        streams, flows = [], []
        for layout, walls, mean in zip(self.layouts, self.walls, means, strict=True):
            properties = self.coolant.at(mean)
            flow = solve_flow(
                self.geometry,
                layout,
                share * self.column_widths,
                properties.viscosity,
                rho,
                share * flow_rate,
                loss_coefficient=self.loss_coefficient,
            )
            rate = rho * cp * np.abs(flow.flow) / self.column_widths[:, None]
            streams.append(
                Stream(
                    walls=walls,
                    capacity_rate=rate,
                    exchange=heat_transfer_coefficient(self.geometry, flow, properties, self.heat_transfer),
                    storage=np.full(self.shape, share * self._fluid_depth() * rho * cp),
                    lengths=self.lengths,
                    pieces=[(p.first, p.last, p.direction) for p in flow.pieces] if flow_rate > 0.0 else [],
                    inlet=inlet,
                )
            )
            flows.append(flow)
        drop = max(flow.pressure_drop for flow in flows)
        reynolds = max(float(flow.reynolds.max()) for flow in flows)
        return tuple(streams), BedFlow(tuple(flows), drop, reynolds)

    def _reference(self) -> tuple[Array, Array]:
        properties = self.coolant.at(np.array(self.reference_temperature))
        return properties.density, properties.specific_heat

    def _fluid_depth(self) -> float:
        """Volume of coolant per plan area in m."""
        return self.geometry.height * self.geometry.width / (self.geometry.width + self.geometry.wall)
