"""All temperatures of a reduced state: solid and coolant of the finite-element mesh."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from twin.fe.heat import HeatState
from twin.thermal.reduced.arrays import Real

if TYPE_CHECKING:
    from twin.thermal.reduced.model import ReducedWaferModel
    from twin.thermal.reduced.state import ReducedState


def whole_field(model: ReducedWaferModel, state: ReducedState) -> HeatState:
    """Return the temperatures in K: the settled ones solved for on the mesh, and the unsettled ones beside them.

    What the coolant's own temperature has not added yet is taken off all through the stack alike, and what it has
    not added to the late planes above the coolant besides.
    """
    found = model.map_of(state.settled)
    modes, settled = found.modes, state.settled
    if settled.density is not state.reaching:
        sources = np.float32(state.followed.beyond_at(state.share)) * settled.sources
        settled = replace(settled, density=state.reaching, sources=sources, inlet=state.inlet)
    amplitudes = found.whole(settled)
    if not state.at_rest:
        _add_unsettled(amplitudes, state, model)
    places = amplitudes.shape[2]
    nodal = (found.shapes @ amplitudes.reshape(len(amplitudes), -1)).reshape(len(found.shapes), -1, places)
    if not state.at_rest:
        delays = model.dynamics.delays
        layer = nodal[:, :, : modes.planes] @ model.full.tile_hats[2].astype(np.float32)
        nodal += model.tiles.on_nodes(state.rise - model.tiles.means(layer))[:, :, None]
        if (latest := float(delays.max())) > 0.0:
            late = model.tiles.on_nodes(state.above - state.wanted_above)
            nodal[:, :, : modes.planes] += late[:, :, None] * (delays / latest)
    absolute = nodal.astype(float) + state.inlet
    solid = np.ascontiguousarray(absolute[:, :, : modes.planes])
    if modes.stream.sees_inlet:  # spent jets store nothing: they follow the wall
        (stream,), _ = model.full.bed.streams(settled.flow_rate, state.inlet, model.full.bed.uniform(state.inlet))
        return HeatState(solid, (stream.temperatures(stream.wall(solid)),))
    row, place = modes.outlets
    return HeatState(solid, (absolute[:, row, place],))


def _add_unsettled(amplitudes: Real, state: ReducedState, model: ReducedWaferModel) -> None:
    """Add the fields of what is not settled to temperatures of the modes, (modes, ny, places), in place."""
    dynamics, count = model.dynamics, state.states.shape[1]
    fields = dynamics.whole(state.unsettled[:, :count], dynamics.by_mode(state.density - state.reaching))
    by_member = fields.reshape(*dynamics.members.shape, *amplitudes.shape[1:])
    used = dynamics.members >= 0
    amplitudes[dynamics.members[used]] += by_member[used]
