"""A bed of channels: from flow rate and coolant temperature to the streams of the heat solver."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from twin.fe.stream import Stream, WettedWalls
from twin.fe.tensor import Array
from twin.spec.stack import HeatTransfer
from twin.thermal.clogging import Clogging
from twin.thermal.coolant import CoolantProperties
from twin.thermal.hydraulics import (
    ChannelFlow,
    ChannelGeometry,
    Layout,
    heat_transfer_coefficient,
    solve_flow,
)
from twin.thermal.regime import Caution, channel_cautions, coolant_cautions


@dataclass(frozen=True)
class BedFlow:
    """Hydraulic state of a bed: one flow for each of its streams; `velocity` is the largest in m/s."""

    flows: tuple[ChannelFlow, ...]
    pressure_drop: float
    reynolds: float
    velocity: float


@dataclass(frozen=True)
class ChannelBed:
    """Channels of one layer along `axis`, as one or two sets with their own layout (two: alternating direction).

    Arrays have shape (columns across the flow, cells along it). Density and specific heat are those
    at `reference_temperature`, so that mass flow and heat capacity rate are the same all along a
    channel (water: within 0.3 % from 20 to 60 degC); viscosity and conductivity follow the local
    coolant temperature.
    """

    geometry: ChannelGeometry
    layouts: tuple[Layout, ...]
    walls: tuple[WettedWalls, ...]
    column_widths: Array
    coolant: CoolantProperties
    reference_temperature: float
    heat_transfer: Literal["correlation"] | HeatTransfer = "correlation"
    turn_loss: float = 0.0
    axis: Literal["x", "y"] = "y"
    clogging: Clogging | None = None
    low_shares: Array | float = 0.5

    @property
    def lengths(self) -> Array:
        """Cell lengths along the channels in m."""
        return np.diff(self.layouts[0].edges)

    @property
    def shape(self) -> tuple[int, int]:
        """Columns and cells."""
        return self.column_widths.size, self.lengths.size

    def uniform(self, temperature: float) -> tuple[Array, ...]:
        """Return coolant fields at one temperature."""
        return tuple(np.full(self.shape, temperature) for _ in self.layouts)

    def alike(self) -> ChannelBed:
        """Return the bed as one column, for coolant that is as warm in all of them; itself if some are clogged."""
        return self if self.clogging else replace(self, column_widths=self.column_widths.sum(keepdims=True))

    def flow(self, flow_rate: float, means: Sequence[Array]) -> BedFlow:
        """Return flow and pressure drop at a total flow in m3/s, for coolant mean temperatures (columns, cells) in K.

        Entrance losses belong to the correlations: a bed of fixed heat transfer has friction and turns alone.
        """
        share = 1.0 / len(self.layouts)
        flows = tuple(
            solve_flow(
                self.geometry,
                layout,
                share * self.column_widths,
                self.coolant.viscosity(mean),
                self._density,
                share * flow_rate,
                self.clogging,
                self.turn_loss,
                entrance=self.heat_transfer == "correlation",
            )
            for layout, mean in zip(self.layouts, means, strict=True)
        )
        return BedFlow(
            flows,
            max(flow.pressure_drop for flow in flows),
            max(float(flow.reynolds.max()) for flow in flows),
            max(float(np.abs(flow.velocity).max()) for flow in flows),
        )

    def streams(self, flow_rate: float, inlet: float, means: Sequence[Array]) -> tuple[tuple[Stream, ...], BedFlow]:
        """Return the streams at a total flow in m3/s, for coolant mean temperatures (columns, cells) in K."""
        found = self.flow(flow_rate, means)
        streams = tuple(
            self._stream(flow, walls, inlet, mean, flow_rate > 0.0)
            for flow, walls, mean in zip(found.flows, self.walls, means, strict=True)
        )
        return streams, found

    def _stream(self, flow: ChannelFlow, walls: WettedWalls, inlet: float, mean: Array, moves: bool) -> Stream:
        """Return one set of channels as a stream.

        Blocked channels take up no heat where others beside them flow; where none flows their coolant
        stands and has the walls' temperature.
        """
        heat_capacity = self._density * self._specific_heat
        coefficient = heat_transfer_coefficient(self.geometry, flow, self.coolant.at(mean), self.heat_transfer)
        depth = self._fluid_depth() / len(self.layouts)
        return Stream(
            walls=walls,
            capacity_rate=heat_capacity * np.abs(flow.flow) / self.column_widths[:, None],
            exchange=coefficient * np.where(flow.open_share > 0.0, flow.open_share, 1.0),
            storage=np.full(self.shape, depth * heat_capacity),
            lengths=self.lengths,
            pieces=[(p.first, p.last, p.direction) for p in flow.pieces] if moves else [],
            inlet=inlet,
            axis=self.axis,
            low_shares=self.low_shares,
        )

    def cautions(
        self,
        flow: BedFlow,
        inlet: float,
        coolant: Sequence[Array],
        hottest_wall: float,
        velocity_limit: float | None = None,
    ) -> tuple[Caution, ...]:
        """Return where flow and coolant leave what the model holds for.

        Parameters
        ----------
        flow : BedFlow
            As `streams` gave it.
        inlet : float
            Coolant at the inlet in K.
        coolant : sequence of array
            Coolant temperatures in K of each stream.
        hottest_wall : float
            Hottest wetted wall in K.
        velocity_limit : float, optional
            What the walls bear in m/s.
        """
        coldest = min(inlet, *(float(field.min()) for field in coolant))
        hottest = max(inlet, *(float(field.max()) for field in coolant))
        return (
            *channel_cautions(flow.reynolds, flow.velocity, velocity_limit),
            *coolant_cautions(self.coolant, coldest, hottest, hottest_wall),
        )

    @property
    def _density(self) -> float:
        return float(self.coolant.density(self.reference_temperature))

    @property
    def _specific_heat(self) -> float:
        return float(self.coolant.specific_heat(self.reference_temperature))

    def _fluid_depth(self) -> float:
        """Volume of coolant per plan area in m."""
        return self.geometry.height * self.geometry.width / (self.geometry.width + self.geometry.wall)
