"""What a run's file holds besides the variables of `twin.variables`: coordinates and the two groups."""

from __future__ import annotations

from twin.variables import Variable

_FIELD = ("wafer", "y", "x")
_REQUEST = ("request",)

COORDINATES: dict[str, Variable] = {
    v.name: v
    for v in (
        Variable("time", "t", "s", ("time",), "end of the control step", "time"),
        Variable("wafer", "i", "1", ("wafer",), "number of the wafer in the pipeline, from 0", "wafer"),
        Variable("die_x", "x", "m", ("die_x",), "centre of a column of dies", "die position x"),
        Variable("die_y", "y", "m", ("die_y",), "centre of a row of dies", "die position y"),
        Variable("tile_x", "x", "m", ("tile_x",), "centre of a column of tiles", "tile position x"),
        Variable("tile_y", "y", "m", ("tile_y",), "centre of a row of tiles", "tile position y"),
        Variable("x", "x", "m", ("x",), "node of the thermal mesh", "position x"),
        Variable("y", "y", "m", ("y",), "node of the thermal mesh", "position y"),
        Variable("request", "j", "1", ("request",), "number of the entry, by time of the answer", "request"),
    )
}

HOTTEST: dict[str, Variable] = {
    v.name: v
    for v in (
        Variable("temperature", "T", "K", _FIELD, "heat layer at the hottest instant", "temperature"),
        Variable("coolant_temperature", "T_f", "K", _FIELD, "coolant at the hottest instant", "coolant temperature"),
    )
}

REQUESTS: dict[str, Variable] = {
    v.name: v
    for v in (
        Variable(
            "time_to_first_token",
            "t_1",
            "s",
            _REQUEST,
            "from arrival to the first output token, queueing included",
            "time to first token",
        ),
        Variable(
            "tokens_per_second",
            "r",
            "1/s",
            _REQUEST,
            "output tokens after the first over the time they took",
            "completion rate",
        ),
    )
}


def attributes_of(variable: Variable) -> dict[str, str]:
    """Return the CF attributes of a variable."""
    return {
        "units": variable.unit,
        "long_name": variable.long_name,
        "description": variable.description,
    }
