"""The outbox: messages that are durable and not known to be sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    CompoundSelect,
    Row,
    bindparam,
    or_,
    select,
    union_all,
    update,
)

from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.database import Database
from orchestrator.adapters.sql.upserting import upsert
from orchestrator.ports import OutgoingMessage, UnsentMessage

_AT_ONCE = 100  # topics in one statement: SQLite takes at most 500 parts

# Built once: building a statement takes longer than running it.
_MARK = (
    update(t.outbox)
    .where(t.outbox.c.seq.in_(bindparam("b_seqs", expanding=True)))
    .values(sent_at=bindparam("b_at", type_=t.Instant))
)


class SqlOutbox:
    """Unsent messages, and the leases of the relays."""

    def __init__(self, database: Database) -> None:
        """Keep the database."""
        self._database = database

    def unsent(self, topics: Sequence[str], limit: int) -> Sequence[UnsentMessage]:
        """Return the oldest unsent messages of each of *topics*, in order."""
        rows: list[Row[Any]] = []
        with self._database.reading() as connection:
            for start in range(0, len(topics), _AT_ONCE):
                of = topics[start : start + _AT_ONCE]
                asked = {f"t{number}": topic for number, topic in enumerate(of)}
                query = _unsent(len(of))
                rows += connection.execute(query, {**asked, "most": limit})
        return [
            UnsentMessage(
                row.seq,
                OutgoingMessage(row.message_id, row.topic, row.key, row.type, row.data),
                row.made_at,
            )
            for row in rows
        ]

    def mark_sent(self, seqs: Sequence[int], at: datetime) -> None:
        """Note that these messages are durably in the log."""
        with self._database.writing() as connection:
            connection.execute(_MARK, {"b_seqs": list(seqs), "b_at": at})

    def send(self, message: OutgoingMessage, at: datetime) -> None:
        """
        Make a message durable that belongs to no step; the relay sends it.

        One of this id that is there already is sent again, as it was.
        """
        row = {**asdict(message), "made_at": at, "sent_at": None}
        with self._database.writing() as connection:
            upsert(
                connection,
                t.outbox,
                [row],
                conflict=["message_id"],
                replace=["sent_at"],
            )

    def hold(self, name: str, owner: str, now: datetime, until: datetime) -> bool:
        """Take or keep the named lease of a stage that may run only once."""
        with self._database.writing() as connection:
            upsert(
                connection, t.leases, [{"name": name, "owner": owner, "until": until}]
            )
            mine = or_(t.leases.c.owner == owner, t.leases.c.until < now)
            kept = connection.execute(
                update(t.leases)
                .where(t.leases.c.name == name, mine)
                .values(owner=owner, until=until)
            )
        return bool(kept.rowcount)

    def let_go(self, name: str, owner: str) -> None:
        """Give a stage's lease back."""
        with self._database.writing() as connection:
            gone = t.leases.delete().where(
                t.leases.c.name == name, t.leases.c.owner == owner
            )
            connection.execute(gone)


@cache
def _unsent(topics: int) -> CompoundSelect[Any]:
    """Return the query for the oldest unsent messages of so many topics, each apart."""
    oldest = (
        select(t.outbox)
        .where(t.outbox.c.topic == bindparam(f"t{n}"), t.outbox.c.sent_at.is_(None))
        .order_by(t.outbox.c.seq)
        .limit(bindparam("most"))
        .subquery()
        for n in range(topics)
    )
    return union_all(*(select(part) for part in oldest)).order_by("seq")
