"""The only source of time, ids and chance."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The only source of time, ids and chance."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""

    def monotonic(self) -> float:
        """Return seconds that never jump."""

    def new_id(self, prefix: str) -> str:
        """Return a new id `prefix-…`, ordered by time."""

    def jitter(self) -> float:
        """Return a number in [0, 1)."""
