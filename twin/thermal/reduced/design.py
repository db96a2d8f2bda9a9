"""A wafer under a cooling design as reduced models see it: what they are built from, and those built so far."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import exp, log

from twin.spec.chip import Array as Tiles
from twin.spec.chip import Chip
from twin.spec.clog import Clog
from twin.spec.cooling import ChannelDesign, JetDesign
from twin.spec.mesh import MeshRecipe
from twin.thermal.coolant import CoolantProperties
from twin.thermal.reduced.dynamics import Dynamics
from twin.thermal.reduced.kept import is_kept, kept
from twin.thermal.reduced.settled import OutOfRange, SettledMap
from twin.thermal.wafer import WaferThermalModel

REFERENCE_TEMPERATURE = 303.15
"""Coolant temperature in K about which time steps are linear."""
_TEMPERATURES = tuple(288.15 + 7.5 * number for number in range(9))
"""Coolant temperatures in K that maps are built at for slow flows, every other one for fast ones; the coolant's
properties are departures from those at them."""
_SLOW = 0.5
"""Slow flows over the pump's best: coolant warms so much that its departures would be too large."""
_NEAR = 0.8
"""How far the coolant's mean may move from the temperature of a map before another is taken, over their distance."""
_FLOW_RATIO = 1.05
_FEWEST, _MOST = 0.25, 1.25
_MOST_MAPS = 36
_MOST_DESIGNS = 4
_ROUNDING = 1e-9
_DYNAMICS = "dynamics"


@dataclass(frozen=True, eq=False)
class ReducedDesign:
    """Chip, cooling design, mesh, coolant and tiles, without their operating point; equal if these are."""

    chip: Chip
    cooling: ChannelDesign | JetDesign
    recipe: MeshRecipe
    coolant: CoolantProperties
    tiles: Tiles
    blocked: tuple[int, ...]
    clogged: tuple[Clog, ...]

    @classmethod
    def of(cls, wafer: WaferThermalModel) -> ReducedDesign:
        """Return the design of a wafer."""
        return cls(
            wafer.chip, wafer.design, wafer.recipe, wafer.coolant, wafer.tiles_per_die, wafer.blocked, wafer.clogged
        )

    @property
    def _specs(self) -> tuple[object, ...]:
        return self.chip, self.cooling, self.recipe, self.tiles, self.blocked, self.clogged

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ReducedDesign):
            return False
        return self.coolant is other.coolant and self._specs == other._specs

    def __hash__(self) -> int:
        return hash((self.chip, self.cooling, id(self.coolant)))

    @property
    def flow_range(self) -> tuple[float, float]:
        """Flows in m3/s for which reduced models are built: a quarter to five quarters of the pump's best."""
        best = self.cooling.loop.pump.best_flow
        return _FEWEST * best, _MOST * best

    def wafer(self, temperature: float = REFERENCE_TEMPERATURE) -> WaferThermalModel:
        """Return the finite-element model, density and specific heat of the coolant at a temperature in K."""
        return WaferThermalModel(
            self.chip, self.cooling, self.recipe, self.coolant, self.tiles, temperature, self.blocked,
            self.clogged,
        )  # fmt: skip

    def reference_flow(self, flow_rate: float) -> float:
        """Return the nearest flow that a model is built at, in m3/s; they are 5 % apart.

        Raises
        ------
        OutOfRange
            The flow is not one that reduced models are built for, or channels are clogged.
        """
        if self.clogged or self.blocked:
            raise OutOfRange("clogged channels and blocked slots are known to the full model alone")
        low, high = self.flow_range
        if not low * (1.0 - _ROUNDING) <= flow_rate <= high * (1.0 + _ROUNDING):
            raise OutOfRange(
                f"a coolant flow of {flow_rate * 6e4:.1f} L/min is outside {low * 6e4:.1f} to {high * 6e4:.1f} L/min"
            )
        best = self.cooling.loop.pump.best_flow
        nearest = best * exp(round(log(flow_rate / best) / log(_FLOW_RATIO)) * log(_FLOW_RATIO))
        return min(max(nearest, low), high)

    def reference(self, flow_rate: float, coolant: float, last: float | None = None) -> tuple[float, float]:
        """Return flow in m3/s and temperature in K that a map is built at, for the coolant's mean in K.

        last : temperature of the one that was taken before
        """
        flow = self.reference_flow(flow_rate)
        temperatures = _TEMPERATURES[:: 1 if flow < _SLOW * self.cooling.loop.pump.best_flow else 2]
        if last in temperatures and abs(coolant - last) <= _NEAR * (temperatures[1] - temperatures[0]):
            return flow, last
        return flow, min(temperatures, key=lambda temperature: abs(coolant - temperature))

    def settled_map(self, reference: tuple[float, float]) -> SettledMap:
        """Return the settled map at a `reference`."""
        return _settled_map(self, *reference)

    def dynamics(self, flow_rate: float) -> Dynamics:
        """Return the reduced states whose reference is nearest to a flow in m3/s."""
        return _dynamics(self, self.reference_flow(flow_rate))

    def keeps_dynamics(self, flow_rate: float) -> bool:
        """Tell whether these reduced states are on disk."""
        return is_kept(_DYNAMICS, self.wafer(), self.reference_flow(flow_rate))


@lru_cache(maxsize=_MOST_MAPS)
def _settled_map(design: ReducedDesign, flow_rate: float, temperature: float) -> SettledMap:
    wafer = design.wafer(temperature)
    return kept("settled", wafer, flow_rate, lambda: SettledMap.build(wafer, flow_rate, temperature))


@lru_cache(maxsize=_MOST_DESIGNS)
def _dynamics(design: ReducedDesign, flow_rate: float) -> Dynamics:
    wafer = design.wafer()
    return kept(_DYNAMICS, wafer, flow_rate, lambda: Dynamics.build(wafer, flow_rate, REFERENCE_TEMPERATURE))
