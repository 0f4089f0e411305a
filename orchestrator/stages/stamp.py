"""
Stamp: let an authority outside say when the head of the log existed.

It runs beside `sequence`, so that an authority that is away delays nothing: the next
head is stamped instead, and covers everything before it.
"""

from __future__ import annotations

from typing import Protocol

import structlog

from orchestrator.ports import Clock

log = structlog.get_logger()

EVERY = 60.0  # seconds: free authorities ask for patience


class Stamps(Protocol):
    """The checkpoints and their stamps."""

    def unstamped(self) -> tuple[int, str] | None:
        """Return size and note of the newest checkpoint, unless it has its stamp."""

    def keep(self, size: int, note: str, response: bytes) -> None:
        """Keep the stamp of the checkpoint of this size."""


class Authority(Protocol):
    """Says by its own clock and key that something existed."""

    def stamp(self, note: str) -> bytes:
        """Return a verified response over *note*; raises `Unavailable`."""


class Stamper:
    """Has the newest checkpoint stamped, now and then."""

    def __init__(self, stamps: Stamps, authority: Authority, clock: Clock) -> None:
        """Keep the parts; the authority is asked at the first turn."""
        self._stamps = stamps
        self._authority = authority
        self._clock = clock
        self._next = float("-inf")

    def turn(self) -> int:
        """Have the newest checkpoint stamped; returns whether one was, as 0 or 1."""
        present = self._clock.monotonic()
        wanted = None if present < self._next else self._stamps.unstamped()
        if wanted is None:
            return 0
        self._next = present + EVERY
        size, note = wanted
        self._stamps.keep(size, note, self._authority.stamp(note))
        log.info("checkpoint_stamped", count=size)
        return 1
