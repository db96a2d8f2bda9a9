"""The temperature field of a solved stack as a NetCDF file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twin.errors import OutputError

Array = NDArray[np.float64]


def write_field(path: Path, x: Array, y: Array, z: Array, temperature: Array, title: str) -> None:
    """Write temperatures in K on the nodes of a grid.

    Parameters
    ----------
    path : Path
        File to write; OutputError if it exists or cannot be written.
    x, y, z : array
        Nodes in m; `z` repeats the height of a plane in which the temperature jumps.
    temperature : array, shape (x, y, z)
    title : str
        Title of the data set.
    """
    import xarray as xr

    if path.exists():
        raise OutputError(f"{path}: exists already; choose another folder")
    coords = {
        name: (name, values, {"units": "m", "long_name": f"position {name}"}) for name, values in (("x", x), ("y", y))
    }
    heights = ("plane", z, {"units": "m", "long_name": "height of the plane of nodes"})
    data = xr.Dataset(
        {"temperature": (("x", "y", "plane"), temperature, {"units": "K", "long_name": "temperature"})},
        {**coords, "z": heights},
        {"Conventions": "CF-1.11", "title": title},
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        data.to_netcdf(path, engine="h5netcdf")
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error
