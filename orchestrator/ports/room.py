"""How much is kept of what nobody of ours sent, and what is counted beyond it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

Cause = tuple[str, str]
"""A topic and a code: what has room of its own."""

_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bounds:
    """
    How much of one cause waits in quarantine, where no publisher signed it.

    What a publisher signed is kept beside it, always.
    """

    events: int = 10_000
    size: int = 256 * _MEBIBYTE
    """Bytes of the values as they came."""

    def percent(self, count: int, size: int) -> int:
        """Return how full so many events and bytes make a cause."""
        return int(100 * max(count / self.events, size / self.size))


@dataclass(frozen=True, slots=True)
class Room:
    """What waits of one cause, and how full people were told that it is."""

    topic: str
    code: str
    count: int = 0
    size: int = 0
    percent: int = 0
    """0, 80 or 100."""
    full_told_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unkept:
    """Events of one kind in one hour that were counted and not kept."""

    topic: str
    partition: int
    code: str
    type: str | None
    hour: datetime
    count: int
    size: int
    first_offset: int
    last_offset: int
