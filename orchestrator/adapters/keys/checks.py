"""
Which keys a database was begun with, by values that give none of them away.

The key-encryption key proves itself by opening a data key.  The pseudonym key and the
signing key would go on with other values, unnoticed: repeats would look like conflicts,
and receipts would no longer verify with the key that was published.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.database import Database
from orchestrator.adapters.sql.upserting import upsert


class SqlKeyChecks:
    """The check values of a database's keys."""

    def __init__(self, database: Database) -> None:
        """Keep the database."""
        self._database = database

    def stored(self) -> Mapping[str, str]:
        """Return the check values by key; empty before the first run."""
        with self._database.reading() as connection:
            rows = connection.execute(select(t.key_checks)).all()
        return {row.key: row.check_value for row in rows}

    def keep(self, checks: Mapping[str, str], at: datetime) -> None:
        """Keep check values; what is kept already stays."""
        rows = [
            {"key": key, "check_value": value, "seen_at": at}
            for key, value in sorted(checks.items())
        ]
        with self._database.writing() as connection:
            upsert(connection, t.key_checks, rows)
