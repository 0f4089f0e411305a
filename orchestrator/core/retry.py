"""How long to wait before the next try: exponential, capped, with jitter from the event."""

from __future__ import annotations

from datetime import timedelta

MOST_DOUBLINGS = 30


def backoff(attempts: int, base: timedelta, cap: timedelta, jitter: float) -> timedelta:
    """
    Return the wait after *attempts* failures in a row.

    Between half and the whole of `base * 2**(attempts - 1)`, never above *cap*.
    """
    full = min(base * 2 ** min(max(attempts - 1, 0), MOST_DOUBLINGS), cap)
    return full / 2 + full / 2 * jitter
