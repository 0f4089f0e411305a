"""
Keys that end on their own day, whatever the workflow thinks.

The identifiers of read-backs go when their time is over, also of a case that is stuck.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from orchestrator.adapters.cases.riding import destroy
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.database import Database
from orchestrator.adapters.vault.values import Vault
from orchestrator.core.afterwards.owed import READ_BACK
from orchestrator.ports import DestroyKey

AT_ONCE = 200


class SqlExpiredKeys:
    """Destroys the keys of read-backs on their day."""

    def __init__(self, database: Database, vault: Vault) -> None:
        """Keep the database, and the vault whose memory forgets as well."""
        self._database = database
        self._vault = vault

    def destroy(self, until: datetime) -> int:
        """Destroy what expired by then, with all that it sealed; returns how many."""
        keys = t.data_keys.c
        mine = keys.purpose.startswith(READ_BACK, autoescape=True)
        query = select(keys.owner, keys.purpose).where(mine, keys.expires_at <= until)
        with self._database.reading() as connection:
            rows = connection.execute(query.limit(AT_ONCE)).all()
        if not rows:
            return 0
        with self._database.writing() as connection:
            destroy(connection, [DestroyKey(row.owner, row.purpose) for row in rows])
        for row in rows:
            self._vault.forget(row.owner, row.purpose)
        self._database.truncate_wal()
        return len(rows)
