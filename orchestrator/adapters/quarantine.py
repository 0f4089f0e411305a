"""
Quarantined events as people handle them: seen, fed in again, dropped, or expired.

The payload is sealed and goes as soon as nobody needs it; what was wrong, who ended it
and when stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row, select, update

from orchestrator.adapters import tables as t
from orchestrator.adapters.database import Database
from orchestrator.adapters.views import QuarantinedLine
from orchestrator.errors import NotPossible

Ended = Literal["released", "dropped", "expired"]
WAITING = "waiting"
# Who ends what nobody looked at in time.
THE_CLOCK = "sweep"

_COLUMNS = [column for column in t.quarantine.c if column.name != "sealed"]


class SqlQuarantine:
    """The quarantine on SQLite or PostgreSQL."""

    def __init__(self, database: Database) -> None:
        """Keep the database."""
        self._database = database

    def lines(
        self, *, with_ended: bool = False, limit: int = 50
    ) -> Sequence[QuarantinedLine]:
        """Return quarantined events, oldest first."""
        query = select(*_COLUMNS).order_by(t.quarantine.c.seen_at, t.quarantine.c.id)
        if not with_ended:
            query = query.where(t.quarantine.c.state == WAITING)
        with self._database.reading() as connection:
            return [_line(row) for row in connection.execute(query.limit(limit))]

    def line(self, id_: str) -> QuarantinedLine:
        """Return one quarantined event; raises `NotPossible` for a stranger."""
        with self._database.reading() as connection:
            row = connection.execute(
                select(*_COLUMNS).where(t.quarantine.c.id == id_)
            ).first()
        if row is None:
            raise NotPossible(
                f"Nothing is quarantined as {id_}; `erasure quarantine list` says what"
                " is."
            )
        return _line(row)

    def sealed(self, id_: str) -> bytes | None:
        """Return an event's sealed payload, or `None` once it was destroyed."""
        query = select(t.quarantine.c.sealed).where(t.quarantine.c.id == id_)
        with self._database.reading() as connection:
            sealed: bytes | None = connection.execute(query).scalar()
        return sealed

    def end(self, id_: str, state: Ended, by: str, at: datetime) -> bool:
        """Destroy a waiting payload; tells whether it was still waiting."""
        mine = t.quarantine.c.id == id_, t.quarantine.c.state == WAITING
        with self._database.writing() as connection:
            ended = connection.execute(
                update(t.quarantine).where(*mine).values(**_end(state, by, at))
            ).rowcount
        return self._truncated(ended) > 0

    def expire(self, now: datetime) -> int:
        """Destroy every payload whose time is over; returns how many."""
        over = t.quarantine.c.state == WAITING, t.quarantine.c.expires_at <= now
        with self._database.reading() as connection:
            query = select(t.quarantine.c.id).where(*over).limit(1)
            if connection.execute(query).first() is None:
                return 0
        with self._database.writing() as connection:
            ended = connection.execute(
                update(t.quarantine)
                .where(*over)
                .values(**_end("expired", THE_CLOCK, now))
            ).rowcount
        return self._truncated(ended)

    def _truncated(self, ended: int) -> int:
        """Empty the write-ahead log, which would keep what was destroyed."""
        if ended:
            self._database.truncate_wal()
        return ended


def _end(state: Ended, by: str, at: datetime) -> dict[str, object]:
    """Return what changes in a row that ends."""
    return {"state": state, "sealed": None, "ended_by": by, "ended_at": at}


def _line(row: Row[Any]) -> QuarantinedLine:
    """Return a row as a line."""
    return QuarantinedLine(
        id=row.id,
        state=row.state,
        code=row.code,
        pointer=row.pointer,
        rule=row.rule,
        hint=row.hint,
        topic=row.topic,
        partition=row.partition,
        offset=row.offset,
        size=row.size,
        seen_at=row.seen_at,
        expires_at=row.expires_at,
        ended_by=row.ended_by,
        ended_at=row.ended_at,
    )
