"""What is remembered of events that were taken, as long as they could be taken."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete

from orchestrator.adapters.sql import intake_tables as t
from orchestrator.adapters.sql.database import Database


class SqlHeardEvents:
    """The memory of heard events on SQLite or PostgreSQL."""

    def __init__(self, database: Database) -> None:
        """Keep the database."""
        self._database = database

    def forget(self, now: datetime) -> int:
        """Delete the marks of events that have expired; returns how many."""
        over = t.heard_events.c.until <= now
        with self._database.writing() as connection:
            return connection.execute(delete(t.heard_events).where(over)).rowcount
