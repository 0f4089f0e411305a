"""
The store on SQLAlchemy Core: cases, tasks, history, outbox and input offsets.

The case row is the only workflow lock: cases are locked in id order, claims lock the
case too, and on SQLite a writing transaction is alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Select,
    Text,
    bindparam,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
)

from orchestrator.adapters.cases.assembling import Assembling
from orchestrator.adapters.cases.transaction import SqlTransaction
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.database import Database
from orchestrator.core.cases import Case, Wants
from orchestrator.core.plan import Plan
from orchestrator.core.words import CaseId, RegisterVersion
from orchestrator.ports import VaultEntry


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
            transaction = SqlTransaction(connection, self._assembling)
            yield transaction
        self._assembling.keep(transaction.plans)

    def stored_offsets(self) -> Mapping[tuple[str, int], int]:
        """Return where each input partition goes on."""
        with self.database.reading() as connection:
            rows = connection.execute(select(t.offsets)).all()
        return {(row.topic, row.partition): row.next_offset for row in rows}

    def due_cases(self, now: datetime, limit: int) -> Sequence[CaseId]:
        """Return cases whose next moment has come."""
        with self.database.reading() as connection:
            rows = connection.execute(_DUE, {"now": now, "most": limit}).all()
        return [CaseId(row.id) for row in rows]

    def wanted(self, of: frozenset[Wants]) -> frozenset[Wants]:
        """Tell which *of* these some case wants, without reading a case."""
        with self.database.reading() as connection:
            return frozenset(map(Wants, connection.execute(_any_of(of)).scalars()))

    def cases_wanting(self, wants: Wants, limit: int) -> Sequence[Case]:
        """Return cases that a stage must do something for, most urgent first."""
        asked = {"wants": str(wants), "most": limit}
        with self.database.reading() as connection:
            rows = connection.execute(_WANTING, asked).all()
            return list(self._assembling.assembled(connection, rows).values())

    def entries(
        self,
        owners: Collection[str],
        purpose: str,
        names: Collection[str] | None = None,
    ) -> Sequence[VaultEntry]:
        """Return vault entries of these owners, all or only the named ones."""
        of = {"owners": list(owners), "purpose": purpose}
        exact = [name for name in names or () if not name.endswith(":")]
        prefixes = [name for name in names or () if name.endswith(":")]
        query = _ENTRIES if names is None else _named_entries(len(prefixes))
        if names is not None:
            of |= {"exact": exact, **{f"p{n}": p for n, p in enumerate(prefixes)}}
        with self.database.reading() as connection:
            rows = connection.execute(query, of).all()
        return [
            VaultEntry(row.owner, row.purpose, row.name, row.sealed) for row in rows
        ]

    def keys(self, owners: Collection[str], purpose: str) -> Mapping[str, bytes]:
        """Return the wrapped data keys by owner."""
        of = {"owners": list(owners), "purpose": purpose}
        with self.database.reading() as connection:
            return {row.owner: row.wrapped for row in connection.execute(_KEYS, of)}

    def plan(self, version: RegisterVersion, controller: str) -> Plan:
        """Return a kept plan; raises `KeyError` if it was never kept."""
        with self.database.reading() as connection:
            return self._assembling.plan(connection, version, controller)


# Built once: building a statement takes longer than running it.
_MOST: BindParameter[Any] = bindparam("most")
_DUE = (
    select(t.cases.c.id)
    .where(t.cases.c.wake_at <= bindparam("now", type_=t.Instant))
    .order_by(t.cases.c.wake_at, t.cases.c.id)
    .limit(_MOST)
)
_WANTING = (
    select(t.cases)
    .where(t.cases.c.wants == bindparam("wants"))
    .order_by(t.cases.c.due_at, t.cases.c.id)
    .limit(_MOST)
)
_KEYS = select(t.data_keys.c.owner, t.data_keys.c.wrapped).where(
    t.data_keys.c.owner.in_(bindparam("owners", expanding=True)),
    t.data_keys.c.purpose == bindparam("purpose"),
)
_ENTRIES = select(t.vault).where(
    t.vault.c.owner.in_(bindparam("owners", expanding=True)),
    t.vault.c.purpose == bindparam("purpose"),
)


@cache
def _any_of(wants: frozenset[Wants]) -> CompoundSelect[Any]:
    """Return the query for those of *wants* that any case has."""
    return union_all(
        *(
            select(literal(str(one))).where(exists().where(t.cases.c.wants == str(one)))
            for one in sorted(wants)
        )
    )


@cache
def _named_entries(prefixes: int) -> Select[Any]:
    """Return the query for entries of given names, and of so many prefixes."""
    # Not LIKE: there `_` is any character, and on SQLite an `a` is an `A`.
    begins = [_begins_with(bindparam(f"p{n}", type_=Text)) for n in range(prefixes)]
    exact = t.vault.c.name.in_(bindparam("exact", expanding=True))
    return _ENTRIES.where(or_(exact, *begins))


def _begins_with(prefix: BindParameter[str]) -> ColumnElement[bool]:
    """Return whether an entry's name begins with *prefix*, letter by letter."""
    return func.substr(t.vault.c.name, 1, func.length(prefix)) == prefix
