"""Physical constants (CODATA 2022) and fixed conversions."""

STEFAN_BOLTZMANN = 5.670374419e-8
"""Stefan-Boltzmann constant in W/m2/K4."""

ZERO_CELSIUS = 273.15
"""0 degC in K."""
