"""Physical constants (CODATA 2022) and fixed conversions."""

STEFAN_BOLTZMANN = 5.670374419e-8
"""Stefan-Boltzmann constant in W/m2/K4."""

ZERO_CELSIUS = 273.15
"""0 degC in K."""


def in_celsius(kelvin: float, digits: int = 1) -> str:
    """Return a temperature in K as a reader is told of it, such as `21.3 degC`."""
    return f"{round(kelvin - ZERO_CELSIUS, digits) + 0.0:.{digits}f} degC"  # no -0.0
