"""
Durations in a connector's options, as people write them in the register: `24h`.

One whole number and one unit (`ms`, `s`, `m`, `h`, `d`), the register's own spelling.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator

_TEXT = re.compile(r"(?P<number>[0-9]{1,9})(?P<unit>ms|s|m|h|d)")
_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}


def _read(value: object) -> object:
    """Read the register's spelling; everything else is pydantic's business."""
    match = _TEXT.fullmatch(value) if isinstance(value, str) else None
    return int(match["number"]) * _UNITS[match["unit"]] if match else value


Duration = Annotated[timedelta, BeforeValidator(_read)]
