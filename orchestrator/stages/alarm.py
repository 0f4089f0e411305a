"""
Alarm: tell people of requests in quarantine whose legal day is near, or over.

Each is told of once a day by the fixed word `quarantined_request_due`, from a week
before on and until somebody has ruled on it; the line counts and names nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

log = structlog.get_logger()

Near = Callable[[datetime], Sequence[datetime]]
"""Marks what is near and was not told of for a day; returns when each is due."""


class QuarantineAlarm:
    """Tells of what is near, once a day, whichever process looks."""

    def __init__(self, near: Near) -> None:
        """Keep where to ask."""
        self._near = near

    def tell(self, now: datetime) -> int:
        """Log how many are near and the first day among them; nothing ends by it."""
        days = self._near(now)
        if days:
            overdue = sum(day < now for day in days)
            log.error(
                "quarantined_request_due",
                count=len(days),
                due_at=min(days).isoformat(timespec="seconds"),
                status=f"{overdue} overdue",
                advice="`erasure quarantine list` shows them; rule on each.",
            )
        return 0
