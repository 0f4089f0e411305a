"""What nobody asks about any more: sent messages, and the rows of answered calls."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Table, delete, select

from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.database import Database

AT_ONCE = 2000  # rows of a table in one transaction, so that nobody waits for it


class SqlDoneRows:
    """Deletes what was done long ago, some at a time."""

    def __init__(self, database: Database) -> None:
        """Keep the database."""
        self._database = database

    def drop(self, before: datetime) -> int:
        """Delete some messages sent and calls answered before then; counts them."""
        sent = t.outbox.c.sent_at < before
        answered = t.calls.c.closed_at < before
        return self._drop(t.outbox, sent) + self._drop(t.calls, answered)

    def _drop(self, table: Table, is_done: ColumnElement[bool]) -> int:
        """Delete some rows of *table*; nobody is kept from writing for none."""
        (key,) = table.primary_key
        with self._database.reading() as connection:
            ids = connection.execute(select(key).where(is_done).limit(AT_ONCE))
            done = list(ids.scalars())
        if done:
            with self._database.writing() as connection:
                connection.execute(delete(table).where(key.in_(done)))
        return len(done)
