"""
The store on SQLAlchemy Core: cases, tasks, history, outbox and input offsets.

The case row is the only workflow lock: cases are locked in id order, claims lock the
case too, and on SQLite a writing transaction is alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import or_, select

from orchestrator.adapters import tables as t
from orchestrator.adapters.assembling import Assembling
from orchestrator.adapters.database import Database
from orchestrator.adapters.transaction import SqlTransaction
from orchestrator.core.cases import Case, Wants
from orchestrator.core.plan import Plan
from orchestrator.core.words import CaseId, RegisterVersion
from orchestrator.ports import (
    VaultEntry,
)


class SqlStore:
    """Durable state on SQLite or PostgreSQL."""

    def __init__(self, database: Database) -> None:
        """Keep the database."""
        self.database = database
        self._assembling = Assembling()

    @contextmanager
    def transaction(self) -> Iterator[SqlTransaction]:
        """Begin a writing transaction."""
        with self.database.writing() as connection:
            yield SqlTransaction(connection, self._assembling)

    def stored_offsets(self) -> Mapping[tuple[str, int], int]:
        """Return where each input partition goes on."""
        with self.database.reading() as connection:
            rows = connection.execute(select(t.offsets)).all()
        return {(row.topic, row.partition): row.next_offset for row in rows}

    def due_cases(self, now: datetime, limit: int) -> Sequence[CaseId]:
        """Return cases whose next moment has come."""
        query = select(t.cases.c.id).where(t.cases.c.wake_at <= now)
        with self.database.reading() as connection:
            rows = connection.execute(
                query.order_by(t.cases.c.wake_at).limit(limit)
            ).all()
        return [CaseId(row.id) for row in rows]

    def cases_wanting(self, wants: Wants, limit: int) -> Sequence[Case]:
        """Return cases that a stage must do something for, most urgent first."""
        query = select(t.cases).where(t.cases.c.wants == str(wants))
        with self.database.reading() as connection:
            rows = connection.execute(
                query.order_by(t.cases.c.due_at).limit(limit)
            ).all()
            return list(self._assembling.assembled(connection, rows).values())

    def entries(
        self,
        owners: Collection[str],
        purpose: str,
        names: Collection[str] | None = None,
    ) -> Sequence[VaultEntry]:
        """Return vault entries of these owners, all or only the named ones."""
        query = select(t.vault).where(
            t.vault.c.owner.in_(owners), t.vault.c.purpose == purpose
        )
        if names is not None:
            exact = [name for name in names if not name.endswith(":")]
            prefixes = [
                t.vault.c.name.startswith(name) for name in names if name.endswith(":")
            ]
            query = query.where(or_(t.vault.c.name.in_(exact), *prefixes))
        with self.database.reading() as connection:
            rows = connection.execute(query).all()
        return [
            VaultEntry(row.owner, row.purpose, row.name, row.sealed) for row in rows
        ]

    def keys(self, owners: Collection[str], purpose: str) -> Mapping[str, bytes]:
        """Return the wrapped data keys by owner."""
        query = select(t.data_keys.c.owner, t.data_keys.c.wrapped).where(
            t.data_keys.c.owner.in_(owners), t.data_keys.c.purpose == purpose
        )
        with self.database.reading() as connection:
            return {row.owner: row.wrapped for row in connection.execute(query)}

    def plan(self, version: RegisterVersion, controller: str) -> Plan:
        """Return a kept plan; raises `KeyError` if it was never kept."""
        with self.database.reading() as connection:
            return self._assembling.plan(connection, version, controller)
