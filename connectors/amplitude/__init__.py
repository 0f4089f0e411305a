"""Amplitude: users by id, erased by daily jobs, copied by jobs of their own."""

from connectors.amplitude.connector import Amplitude

__all__ = ["Amplitude"]
