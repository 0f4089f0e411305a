"""
The hold on everything irreversible while our own backup is behind what was published.

It is a row of the database, so that every process keeps it: whoever finds the log
behind begins it, whoever finds the log even again ends it, and a claim looks at it in
its own transaction.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from orchestrator.adapters.receipts.log_standing import Compared, Standing
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.database import Database
from orchestrator.adapters.sql.upserting import upsert

NAME = "statements"


class SqlRestoreHold:
    """Begins and ends the hold, and tells whether there is one."""

    def __init__(self, database: Database) -> None:
        """Keep the database."""
        self._database = database

    def is_held(self) -> bool:
        """Tell whether nothing irreversible may be done now."""
        return self.found() is not None

    def found(self) -> Compared | None:
        """Return what the hold began with, or nothing where there is none."""
        with self._database.reading() as connection:
            row = connection.execute(_FOUND).first()
        if row is None:
            return None
        return Compared(Standing(row.standing), row.ours, row.published)

    def found_at(self) -> datetime | None:
        """Return since when everything irreversible is held, if it is."""
        with self._database.reading() as connection:
            row = connection.execute(_FOUND).first()
        return None if row is None else row.found_at

    def follow(self, found: Compared, now: datetime) -> None:
        """
        Begin the hold where *found* asks for it, and end it where all is there again.

        Where nobody knows what was published, it stays as it is.
        """
        if found.is_held:
            row = {
                "name": NAME,
                "standing": found.standing.value,
                "ours": found.ours,
                "published": found.published,
                "found_at": now,
            }
            replaced = ("standing", "ours", "published")
            with self._database.writing() as connection:
                upsert(connection, t.restore_holds, [row], replace=replaced)
        elif found.standing is Standing.EVEN and self.is_held():
            with self._database.writing() as connection:
                connection.execute(t.restore_holds.delete())


_FOUND = select(t.restore_holds)
