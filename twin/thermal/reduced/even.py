"""The group of modes that is even across the flow, which alone carries the balance of heat; double precision."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twin.thermal.reduced.arrays import Real
from twin.thermal.reduced.dynamic import Group
from twin.thermal.reduced.modes import WaferModes


@dataclass(frozen=True)
class EvenGroup:
    """States of the group and what is read off them.

    real, imaginary, partner : rate in 1/s of each state and place of its other half
    left : (states, rows + 1), what heat by row and on the bottom (last) drives
    content, board, outlet : rows that give heat stored in J, the bottom's integral in K m2 and heat to the
        coolant in W
    constant : states of 1 K everywhere
    """

    real: Real
    imaginary: Real
    partner: NDArray[np.int64]
    left: Real
    content: Real
    board: Real
    outlet: Real
    constant: Real

    @classmethod
    def of(cls, modes: WaferModes, group: Group) -> EvenGroup:
        """Return the functionals of the first group; only its first mode has a mean across the flow."""
        width = float(np.sqrt(modes.grid.x_weights.sum()))
        fields = group.fields[list(group.members).index(0)]
        return cls(
            real=group.real,
            imaginary=group.imaginary,
            partner=group.partner,
            left=np.concatenate([group.left, group.board[:, None]], axis=1),
            content=width * np.einsum("yps,yp->s", fields, modes.capacity),
            board=width * (modes.grid.y_weights @ fields[:, 0]),
            outlet=width * _carried_off(modes, fields),
            constant=group.constant,
        )

    @cached_property
    def readings(self) -> Real:
        """Rows that read heat stored, the bottom's integral and heat to the coolant, (3, states)."""
        return np.stack([self.content, self.board, self.outlet])

    @cached_property
    def _gains(self) -> dict[float | None, tuple[Real, Real]]:
        return {}

    def _gain(self, step: float | None) -> tuple[Real, Real]:
        if step not in self._gains:
            self._gains[step] = gain(self.real, self.imaginary, step)
        return self._gains[step]

    def after(self, before: Real, step: float, driven: Real) -> Real:
        """Return the states a time step after others that `driven`, by row and on the bottom, acts on."""
        states = before + step * (self.left @ driven)
        own, other = self._gain(step)
        return np.asarray(own * states + other * states[self.partner])

    @cached_property
    def settled(self) -> Real:
        """Settled states for heat by row and on the bottom, (states, rows + 1)."""
        own, other = self._gain(None)
        return np.asarray(own[:, None] * self.left + other[:, None] * self.left[self.partner])


def gain(real: Real, imaginary: Real, step: float | None) -> tuple[Real, Real]:
    """Return factors (own, partner) of states in (1 + lambda step)^-1; None: of lambda^-1."""
    rate = real + 1j * imaginary
    factor = 1.0 / (1.0 + step * rate) if step else 1.0 / rate
    return factor.real, np.where(imaginary != 0.0, -factor.imag, 0.0)


def _carried_off(modes: WaferModes, fields: Real) -> Real:
    """Return the heat that fields (ny, places, states) give to the coolant that leaves, in W/m of width."""
    stream = modes.stream
    if stream.sees_inlet:  # spent jets store nothing: all that the walls give leaves at once
        low, high = modes.flux(np.asarray(fields, np.float64))
        return np.asarray(stream.lengths @ ((low + high) / 2))
    outlets = stream.outlets
    return np.asarray(stream.capacity_rate[0, outlets] @ modes.coolant(np.asarray(fields, np.float64))[outlets])
