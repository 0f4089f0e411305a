"""The outbox: messages that are durable and not known to be sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import bindparam, or_, select, update

from orchestrator.adapters import tables as t
from orchestrator.adapters.database import Database
from orchestrator.adapters.upserting import upsert
from orchestrator.ports import OutgoingMessage, UnsentMessage

# Built once: building a statement takes longer than running it.
_UNSENT = (
    select(t.outbox)
    .where(t.outbox.c.topic == bindparam("topic"), t.outbox.c.sent_at.is_(None))
    .order_by(t.outbox.c.seq)
    .limit(bindparam("most"))
)
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

    def unsent(self, topic: str, limit: int) -> Sequence[UnsentMessage]:
        """Return the oldest unsent messages of *topic*, in order."""
        with self._database.reading() as connection:
            rows = connection.execute(_UNSENT, {"topic": topic, "most": limit}).all()
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
