"""Verification and validation: cases with known answers, computed live."""
