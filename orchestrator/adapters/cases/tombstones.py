"""
Tombstones: keyed digests of erased identifiers, to check a restored system against.

A backup brings back whom it held.  The digests say which ids of a restored system must
be erased again, although we hold no identifier any more.  Whoever holds the pseudonym
key can test a guess against them: they stay personal data, and go in time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Literal

from sqlalchemy import Connection, delete, select

from orchestrator.adapters.keys.pseudonyms import Pseudonyms
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.database import Database
from orchestrator.adapters.sql.upserting import upsert
from orchestrator.core.cases import EVERYTHING, Case
from orchestrator.core.words import Right
from orchestrator.ports import PutTombstone
from schemas.connecting import Action, Done, Identifier, IdentifierType
from schemas.identifiers import NotOfItsTypeError, recovered

AT_ONCE = 500  # digests in one query
EXPIRED_AT_ONCE = 2000  # rows in one transaction


@dataclass(frozen=True, slots=True)
class Tombstone:
    """That somebody was erased, and whether the request was for all of the data."""

    is_whole: bool
    erased_at: datetime


class SqlTombstones:
    """Tombstones in the database."""

    def __init__(
        self, database: Database, pseudonyms: Pseudonyms, kept_for: timedelta
    ) -> None:
        """Keep the parts; without *kept_for* nothing is remembered."""
        self._database = database
        self._pseudonyms = pseudonyms
        self._kept_for = kept_for

    def of(
        self, case: Case, identifiers: Iterable[Identifier], at: datetime
    ) -> Sequence[PutTombstone]:
        """Return what is to be remembered of an erased person; nothing of others."""
        if not self._kept_for or not _is_erased(case):
            return ()
        is_whole = case.scope == EVERYTHING and case.withdrawn_at is None
        names = {
            self._pseudonyms.tombstone(case.controller, one.type, one.value)
            for one in identifiers
        }
        extent: Literal["whole", "part"] = "whole" if is_whole else "part"
        until = at + self._kept_for
        return [PutTombstone(name, extent, at, until) for name in sorted(names)]

    def found(
        self, controller: str, type_: str, values: Iterable[str]
    ) -> Iterator[tuple[str, Sequence[Tombstone] | None]]:
        """Yield each value with its tombstones, or None if it is not of the type."""
        remaining = iter(values)
        while some := list(islice(remaining, AT_ONCE)):
            digests = {value: self._digest(controller, type_, value) for value in some}
            known = self._known({one for one in digests.values() if one is not None})
            for value in some:
                digest = digests[value]
                yield value, None if digest is None else known[digest]

    def expire(self, now: datetime) -> int:
        """Delete what has been kept long enough; returns how many."""
        key = t.tombstones.c.digest
        over = t.tombstones.c.expires_at <= now
        with self._database.reading() as connection:
            query = select(key).where(over).limit(EXPIRED_AT_ONCE)
            digests = list(connection.execute(query).scalars())
        if digests:
            with self._database.writing() as connection:
                statement = delete(t.tombstones).where(key.in_(digests), over)
                connection.execute(statement)
            self._database.truncate_wal()
        return len(digests)

    def _digest(self, controller: str, type_: str, value: str) -> str | None:
        """Name a value as the case that erased it did; None if it is not one."""
        try:
            same = recovered(Identifier(IdentifierType(type_), value))
        except NotOfItsTypeError:
            return None
        return self._pseudonyms.tombstone(controller, same.type, same.value)

    def _known(self, digests: set[str]) -> Mapping[str, Sequence[Tombstone]]:
        """Return the tombstones of *digests*."""
        query = select(t.tombstones).where(t.tombstones.c.digest.in_(digests))
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        known: dict[str, list[Tombstone]] = defaultdict(list)
        for row in rows:
            known[row.digest].append(Tombstone(row.extent == "whole", row.erased_at))
        return known


def put(connection: Connection, tombstones: Sequence[PutTombstone]) -> None:
    """Store tombstones; of one name and extent the last counts."""
    rows = {
        (one.digest, one.extent): {
            "digest": one.digest,
            "extent": one.extent,
            "erased_at": one.erased_at,
            "expires_at": one.expires_at,
        }
        for one in tombstones
    }
    upsert(
        connection,
        t.tombstones,
        list(rows.values()),
        replace=("erased_at", "expires_at"),
    )


def _is_erased(case: Case) -> bool:
    """Tell whether a person's data were erased, not only searched for."""
    if Right.ERASURE not in case.rights or case.rehearsal:
        return False
    # A withdrawn request was obeyed unless something had begun already.
    deeds = (task.outcome for task in case.tasks_of(Action.ERASE))
    return case.withdrawn_at is None or any(isinstance(one, Done) for one in deeds)
