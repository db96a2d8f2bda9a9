"""What every specification shares: frozen closed models and fields that carry a unit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import core_schema

from twin.errors import Problem, did_you_mean
from twin.units import UnitError, to_si

Status = Literal["measured", "datasheet", "published", "derived", "estimated", "assumed"]
STATUSES: tuple[str, ...] = ("measured", "datasheet", "published", "derived", "estimated", "assumed")


class Spec(BaseModel):
    """A frozen model that rejects unknown keys; quantities are SI floats after validation."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True)
class Quantity:
    """Marks a field written as text with a unit (`example`) and kept as a float in the SI unit `unit`.

    An `absolute` one is a temperature, not a difference of two: it lies above absolute zero.
    """

    unit: str
    example: str
    absolute: bool = False

    def convert(self, value: object) -> float:
        """Return the SI value of what a user wrote; ValueError says what is wanted."""
        try:
            found = to_si(value, self.unit, self.example)
        except UnitError as error:
            raise ValueError(str(error)) from error
        if self.absolute and found <= 0.0:
            raise ValueError(f"must be above absolute zero, -273.15 degC, got {value!r}")
        return found

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Parse text first, then apply the checks of a float."""
        return core_schema.no_info_before_validator_function(self.convert, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        """Describe the field as text with a unit."""
        kind = "string" if self.unit else ["number", "string"]
        return {"type": kind, "description": f"quantity in {self.unit or '1'}", "examples": [self.example]}


Length = Annotated[float, Quantity("m", "0.5 mm")]
Area = Annotated[float, Quantity("m^2", "1 mm^2")]
Time = Annotated[float, Quantity("s", "1 s")]
Rate = Annotated[float, Quantity("1/s", "10 1/s")]
Temperature = Annotated[float, Quantity("K", "20 degC", absolute=True)]
TemperatureDifference = Annotated[float, Quantity("K", "0.1 K")]
Power = Annotated[float, Quantity("W", "20 kW")]
Energy = Annotated[float, Quantity("J", "3 pJ")]
HeatFlux = Annotated[float, Quantity("W/m^2", "1e5 W/m^2")]
Conductivity = Annotated[float, Quantity("W/m/K", "148 W/m/K")]
Density = Annotated[float, Quantity("kg/m^3", "2330 kg/m^3")]
SpecificHeat = Annotated[float, Quantity("J/kg/K", "700 J/kg/K")]
Viscosity = Annotated[float, Quantity("Pa*s", "1 mPa*s")]
HeatTransferCoefficient = Annotated[float, Quantity("W/m^2/K", "2e4 W/m^2/K")]
AreaResistance = Annotated[float, Quantity("m^2*K/W", "1e-5 m^2*K/W")]
ThermalConductance = Annotated[float, Quantity("W/K", "2500 W/K")]
HeatCapacity = Annotated[float, Quantity("J/K", "8 kJ/K")]
FlowRate = Annotated[float, Quantity("m^3/s", "40 L/min")]
Pressure = Annotated[float, Quantity("Pa", "10 kPa")]
Velocity = Annotated[float, Quantity("m/s", "1 m/s")]
Voltage = Annotated[float, Quantity("V", "0.8 V")]
Current = Annotated[float, Quantity("A", "100 A")]
Resistance = Annotated[float, Quantity("ohm", "0.5 mohm")]
Conductance = Annotated[float, Quantity("S", "1 S")]
ConductancePerArea = Annotated[float, Quantity("S/m^2", "2e7 S/m^2")]
CurrentDensity = Annotated[float, Quantity("A/m^2", "486.75 kA/m^2")]
Frequency = Annotated[float, Quantity("Hz", "0.95 GHz")]
InverseTemperature = Annotated[float, Quantity("1/K", "0.02 1/K")]
InverseVoltage = Annotated[float, Quantity("1/V", "3 1/V")]
Information = Annotated[float, Quantity("byte", "48 KiB")]
Bandwidth = Annotated[float, Quantity("byte/s", "3.35 TB/s")]
ComputeRate = Annotated[float, Quantity("1/s", "989e12 1/s")]
Ratio = Annotated[float, Quantity("", "0.9")]


def to_tree(spec: Spec) -> dict[str, Any]:
    """Return a specification as a user would write it, quantities with units; reading it back is exact."""
    return {
        field.alias or name: _written(getattr(spec, name), [*field.metadata, field.annotation])
        for name, field in type(spec).model_fields.items()
    }


def _written(value: Any, annotations: Sequence[Any]) -> Any:
    if isinstance(value, Spec):
        return to_tree(value)
    if isinstance(value, tuple):
        return [_written(item, annotations) for item in value]
    if isinstance(value, dict):
        return {key: _written(item, annotations) for key, item in value.items()}
    unit = next((found.unit for found in _quantities(annotations)), "")
    return f"{value!r} {unit}" if unit and isinstance(value, float) else value


def _quantities(annotations: Sequence[Any]) -> Iterator[Quantity]:
    for item in annotations:
        if isinstance(item, Quantity):
            yield item
        else:
            yield from _quantities(get_args(item))


_WANTED = ("too_short", "too_long", "tuple_type", "list_type", "model_type", "dict_type")
"""Errors of pydantic that speak of its types."""
_LONGEST_SHOWN = 60
"""Characters of a wrong value that a message shows."""


def problems_of(error: ValidationError, annotation: Any) -> list[Problem]:
    """Translate pydantic's errors into problems with dotted keys and remedies."""
    return [_problem(dict(entry), annotation) for entry in error.errors(include_url=False)]


def _problem(entry: dict[str, Any], annotation: Any) -> Problem:
    """Follow the location through the models: union labels, which no user wrote, are left out."""
    words, current = [], annotation
    last = len(entry["loc"]) - 1
    for place, part in enumerate(entry["loc"]):
        below = _descend(current, part)
        if below is not None:
            words.append(str(part))
            current = below
        elif place == last and entry["type"] == "extra_forbidden":
            words.append(str(part))
    return Problem(".".join(words), _message(entry, current))


def _message(entry: dict[str, Any], annotation: Any) -> str:
    kind, given = entry["type"], entry.get("input")
    if kind == "extra_forbidden":
        return f"unknown key. {did_you_mean(str(entry['loc'][-1]), _key_names(annotation))}"
    if kind == "missing":
        return "missing; this key is required"
    if kind in ("union_tag_not_found", "union_tag_invalid"):
        return f"wrong or missing type: {entry['msg']}"
    if kind in _WANTED:
        return _wanted(kind, entry, annotation)
    message = str(entry["msg"]).removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    if kind == "value_error":
        return message
    return f"{message.replace('input should', 'must')}, got {_shown(given)}"


def _shown(given: Any) -> str:
    text = repr(given)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def _wanted(kind: str, entry: dict[str, Any], annotation: Any) -> str:
    """Return what a value of the wrong shape or length should be."""
    given = entry.get("input")
    shown = _shown(given)
    if kind in ("too_short", "too_long"):
        bounds = entry["ctx"]
        if kind == "too_long":
            return f"has {bounds['actual_length']} entries, {bounds['max_length']} at most; remove some"
        least = bounds["min_length"]
        return f"must not be empty; give at least {least}" if not given else f"needs {least} entries, got {shown}"
    if kind in ("tuple_type", "list_type"):
        return f"must be a list (in brackets, or one entry a line, each after `- `), got {shown}"
    names = _key_names(annotation)
    keys = f" ({', '.join(names)})" if names and kind == "model_type" else ""
    return f"must be a mapping of keys{keys}, got {shown}"


def _key_names(annotation: Any) -> list[str]:
    return [f.alias or name for model in _models_in(annotation) for name, f in model.model_fields.items()]


def _descend(annotation: Any, part: int | str) -> Any:
    """Return the annotation below one step of a location, None if the step is a union's label."""
    for model in _models_in(annotation):
        for name, field in model.model_fields.items():
            if part in (name, field.alias):
                return field.annotation
    if isinstance(part, int):
        return annotation
    for mapping in _mappings_in(annotation):
        return get_args(mapping)[1]
    return None


def _mappings_in(annotation: Any) -> list[Any]:
    if get_origin(annotation) is dict:
        return [annotation]
    return [found for inner in get_args(annotation) for found in _mappings_in(inner)]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """Return every model class inside an annotation such as ``tuple[Layer, ...] | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models_in(inner)]
