"""
Alarm people of requests in quarantine whose legal day is near, or over.

Each is told of once a day by the fixed word `quarantined_request_due`, from a week
before on and until somebody has ruled on it; the line counts and names nobody.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from sqlalchemy import or_, update

from orchestrator.adapters import tables as t
from orchestrator.adapters.asking import NEAR
from orchestrator.adapters.database import Database
from orchestrator.adapters.quarantine import WAITING

log = structlog.get_logger()

AGAIN_AFTER = timedelta(days=1)


class QuarantineAlarm:
    """Tells of what is near, once a day, whichever process looks."""

    def __init__(self, database: Database) -> None:
        """Keep the database."""
        self._database = database

    def tell(self, now: datetime) -> int:
        """Log how many are near and the first day among them; nothing ends by it."""
        row = t.quarantine.c
        untold = or_(row.alarmed_at.is_(None), row.alarmed_at <= now - AGAIN_AFTER)
        near = (row.state == WAITING, row.due_at < now + NEAR, untold)
        told = update(t.quarantine).where(*near).values(alarmed_at=now)
        with self._database.writing() as connection:
            days = connection.execute(told.returning(row.due_at)).scalars().all()
        if days:
            first, overdue = min(days), sum(day < now for day in days)
            log.error(
                "quarantined_request_due",
                count=len(days),
                due_at=first.isoformat(timespec="seconds"),
                status=f"{overdue} overdue",
                advice="`erasure quarantine list` shows them; rule on each.",
            )
        return 0
