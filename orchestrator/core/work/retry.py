"""How long to wait before the next try: exponential, capped, jitter from the event."""

from __future__ import annotations

from datetime import timedelta

MOST_DOUBLINGS = 30


def backoff(attempts: int, base: timedelta, cap: timedelta, jitter: float) -> timedelta:
    """
    Return the wait after *attempts* failures in a row.

    Between half and the whole of `base * 2**(attempts - 1)`, never above *cap*.
    """
    doublings: int = min(max(attempts - 1, 0), MOST_DOUBLINGS)
    # Divided, because the product of a long base would leave the range of a timedelta.
    full = cap if cap / 2**doublings <= base else base * 2**doublings
    return full / 2 + full / 2 * jitter
