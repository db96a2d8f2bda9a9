"""Reduced thermal model of a wafer: milliseconds instead of seconds, with a bound of its error."""
