"""Heats and the pressure drop that every state of a wafer reads off its balance and its flow."""

from __future__ import annotations

from typing import Protocol

from twin.fe.heat import HeatBalance
from twin.thermal.bed import BedFlow


class _Balanced(Protocol):
    @property
    def balance(self) -> HeatBalance: ...

    @property
    def flow(self) -> BedFlow: ...


class BalanceReadings:
    """What a state with `balance` and `flow` tells of them."""

    @property
    def coolant_heat(self: _Balanced) -> float:
        """Heat given to the coolant in W."""
        return sum(self.balance.streams)

    @property
    def board_heat(self: _Balanced) -> float:
        """Heat given to the board side in W."""
        return sum(self.balance.faces.values())

    @property
    def stored_heat(self: _Balanced) -> float:
        """Rate of heat stored in W."""
        return self.balance.stored

    @property
    def pressure_drop(self: _Balanced) -> float:
        """Pressure drop of the cooling design in Pa."""
        return self.flow.pressure_drop
