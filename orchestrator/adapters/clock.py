"""
The only source of time, ids and chance.

Ids are ULIDs behind a prefix (https://github.com/ulid/spec, read 2026-11): 48 bits
of milliseconds and 80 random bits, in Crockford's base 32, so that ids sort by time
and tell nothing else.
"""

from __future__ import annotations

import secrets
import threading
import time
from datetime import UTC, datetime

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # without I, L, O and U
_RANDOM_BITS = 80
_LENGTH = 26


class SystemClock:
    """The machine's clock; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0
        self._chance = secrets.SystemRandom()

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never jump."""
        return time.monotonic()

    def new_id(self, prefix: str) -> str:
        """
        Return a new id `prefix-…`; each sorts after the one before it.

        That holds within a process, also within a millisecond and when the machine's
        clock is set back: then the last id is counted on.
        """
        wanted = (time.time_ns() // 1_000_000) << _RANDOM_BITS
        wanted |= secrets.randbits(_RANDOM_BITS)
        with self._lock:
            is_later = wanted >> _RANDOM_BITS > self._last >> _RANDOM_BITS
            self._last = wanted if is_later else self._last + 1
            return f"{prefix}-{ulid_text(self._last)}"

    def jitter(self) -> float:
        """Return a number in [0, 1)."""
        return self._chance.random()


def ulid_text(value: int) -> str:
    """Write a 128-bit number as 26 characters that sort as the number does."""
    digits = []
    for _ in range(_LENGTH):
        value, digit = divmod(value, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
