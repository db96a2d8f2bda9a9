"""A delivery design: bus, regulators, connector, output filter, and the constants of the policies."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from twin.spec.base import (
    ConductancePerArea,
    Current,
    Quantity,
    Rate,
    Ratio,
    Resistance,
    Spec,
    TemperatureDifference,
    Time,
    Voltage,
)

Inductance = Annotated[float, Quantity("H", "2 nH")]
Capacitance = Annotated[float, Quantity("F", "5 mF")]
CurrentSlew = Annotated[float, Quantity("A/s", "10 A/us")]
Fraction = Annotated[Ratio, Field(gt=0, lt=1)]
PositiveShare = Annotated[Ratio, Field(gt=0, le=1)]


class Bus(Spec):
    """The supply bus of one wafer: voltage at the supplies, resistance from them to the regulators."""

    voltage: Annotated[Voltage, Field(gt=0)]
    resistance: Annotated[Resistance, Field(ge=0)]


class EfficiencyPoint(Spec):
    """A published point of a converter's efficiency curve."""

    current: Annotated[Current, Field(gt=0)]
    efficiency: Fraction


class Regulator(Spec):
    """The multi-phase regulator of one die.

    The loss of a phase, a + b I + c I^2, runs through the `peak` of the published efficiency curve and
    its `heavy` point, both measured at `test_voltage`; losses depend on the current, not on the voltage.
    """

    phases: Annotated[int, Field(ge=1)]
    test_voltage: Annotated[Voltage, Field(gt=0)]
    peak: EfficiencyPoint
    heavy: EfficiencyPoint
    current_limit: Annotated[Current, Field(gt=0)]
    load_line: Annotated[Resistance, Field(ge=0)]

    @model_validator(mode="after")
    def _losses_grow(self) -> Regulator:
        from_peak, from_heavy = self.peak, self.heavy
        if from_heavy.current <= from_peak.current or from_heavy.efficiency >= from_peak.efficiency:
            raise ValueError("`heavy` needs a higher current and a lower efficiency than `peak`")
        return self


class OutputFilter(Spec):
    """What a die's load step sees of its regulator: source resistance and inductance, capacitor, ESR."""

    resistance: Annotated[Resistance, Field(ge=0)]
    inductance: Annotated[Inductance, Field(gt=0)]
    capacitance: Annotated[Capacitance, Field(gt=0)]
    esr: Annotated[Resistance, Field(ge=0)]


class ThermalGovernor(Spec):
    """Per die: above the chip's throttle temperature the allowed clock share falls by `down` per second;
    below it by `hysteresis` the share rises by `up` per second, never under `minimum_share`."""

    hysteresis: Annotated[TemperatureDifference, Field(ge=0)]
    down: Annotated[Rate, Field(gt=0)]
    up: Annotated[Rate, Field(gt=0)]
    minimum_share: PositiveShare


class FrequencyGovernor(Spec):
    """Machine-wide: the clock share at which the last interval's work fills `target_busy` of the time.

    The clock falls only when that share is lower by more than `hysteresis`, at most by `down` per second,
    and rises at once.
    """

    target_busy: PositiveShare
    hysteresis: Annotated[Ratio, Field(ge=0, lt=1)]
    down: Annotated[Rate, Field(gt=0)]
    minimum_share: PositiveShare


class AdaptiveVoltage(Spec):
    """Drop compensation: the measured drop is followed upwards at once, downwards with `decay`."""

    decay: Annotated[Time, Field(gt=0)]


class DeliveryDesign(Spec):
    """How power reaches the devices of one wafer, and how voltage and clock are governed."""

    title: str
    bus: Bus
    regulator: Regulator
    connector_conductance: Annotated[ConductancePerArea, Field(gt=0)]
    output_filter: OutputFilter
    current_slew: Annotated[CurrentSlew, Field(gt=0)]
    clock_slew: Annotated[Rate, Field(gt=0)]
    thermal_governor: ThermalGovernor
    frequency_governor: FrequencyGovernor
    adaptive_voltage: AdaptiveVoltage
