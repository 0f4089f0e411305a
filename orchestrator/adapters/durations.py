"""
Durations as people write them: `500ms`, `15s`, `10m`, `24h`, `7d`.

One number and one unit; no fractions and no sums, so that a reader of the register
never has to calculate.
"""

from __future__ import annotations

import re
from datetime import timedelta
from types import MappingProxyType

_UNITS = MappingProxyType(
    {
        "d": timedelta(days=1),
        "h": timedelta(hours=1),
        "m": timedelta(minutes=1),
        "s": timedelta(seconds=1),
        "ms": timedelta(milliseconds=1),
    }
)
_DURATION = re.compile(r"([0-9]{1,9})(ms|s|m|h|d)")


def parse_duration(text: str) -> timedelta:
    """
    Read one duration; raises `ValueError` with the sentence's predicate.

    >>> parse_duration("24h")
    datetime.timedelta(days=1)
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError("is not a duration (a whole number and ms, s, m, h or d)")
    return int(match[1]) * _UNITS[match[2]]


def duration_text(duration: timedelta) -> str:
    """Write *duration* in the largest unit that divides it; the inverse of parsing."""
    for unit, length in _UNITS.items():
        if duration and duration % length == timedelta(0):
            return f"{duration // length}{unit}"
    return f"{duration // _UNITS['ms']}ms" if duration else "0s"
