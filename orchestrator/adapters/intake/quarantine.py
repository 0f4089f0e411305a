"""
Quarantined events as people handle them: seen, fed in again, dropped, or expired.

The payload is sealed and goes as soon as nobody needs it; what was wrong, who did what
and when stay.  What may be a person's request never expires by itself: it waits for a
person's ruling, however old, and its legal clock runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, func, insert, or_, select, update

from orchestrator.adapters.intake.quarantine_views import (
    QuarantineAction,
    QuarantinedLine,
)
from orchestrator.adapters.reading.asking import NEAR
from orchestrator.adapters.sql import intake_tables as i
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.database import Database
from orchestrator.errors import NotPossible
from schemas.rejections import RejectionCode
from schemas.topics import REQUESTS

Ended = Literal["released", "dropped", "expired"]
Done = Literal["shown", "refused", "released", "dropped"]
WAITING = "waiting"


class DropReason(StrEnum):
    """Why what may be a request is not one, or need not be carried out from here."""

    FORGED = "forged"
    """Nobody of ours sent it."""
    NOT_A_REQUEST = "not_a_request"
    """It asks for nothing: a test, a mistake of a program."""
    SENT_AGAIN = "sent_again"
    """The same wish was sent again, in order, and taken."""
    ANSWERED_OTHERWISE = "answered_otherwise"
    """The person was answered by other means."""
    NOT_WANTED = "not_wanted"
    """The person does not want it any more."""


# Given before a signature holds; the first four also to what somebody signed.
UNVERIFIED = frozenset(
    {
        RejectionCode.TOO_LARGE,
        RejectionCode.NO_DATA,
        RejectionCode.BINARY_MODE_REQUIRED,
        RejectionCode.MALFORMED_HEADER,
        RejectionCode.NOT_SIGNED,
        RejectionCode.NOT_AN_ENVELOPE,
        RejectionCode.OTHER_PAYLOAD_TYPE,
        RejectionCode.UNKNOWN_KEY,
        RejectionCode.BAD_SIGNATURE,
    }
)
AGAIN_AFTER = timedelta(days=1)  # a request near its day is told of again
AT_ONCE = 500  # events that are dropped in one transaction

# Who ends what nobody looked at in time.
THE_CLOCK = "sweep"

_COLUMNS = [column for column in t.quarantine.c if column.name != "sealed"]


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a person decided on a quarantined event; `id` names the decision."""

    id: str
    state: Literal["released", "dropped"]
    by: str
    at: datetime
    reason: DropReason | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events a list shows; without a code or type, those of all."""

    with_ended: bool = False
    code: str | None = None
    type: str | None = None

    def where(self) -> Sequence[ColumnElement[bool]]:
        """Return what holds of the rows."""
        columns = t.quarantine.c
        asked = ((columns.code, self.code), (columns.type, self.type))
        waiting = () if self.with_ended else (columns.state == WAITING,)
        return (*waiting, *(column == word for column, word in asked if word))


EVERY_WAITING = Wanted()


class SqlQuarantine:
    """The quarantine on SQLite or PostgreSQL."""

    def __init__(self, database: Database) -> None:
        """Keep the database."""
        self._database = database

    def lines(
        self, wanted: Wanted = EVERY_WAITING, limit: int = 50
    ) -> Sequence[QuarantinedLine]:
        """Return quarantined events, oldest first."""
        query = select(*_COLUMNS).order_by(t.quarantine.c.seen_at, t.quarantine.c.id)
        query = query.where(*wanted.where()).limit(limit)
        with self._database.reading() as connection:
            return [_line(row) for row in connection.execute(query)]

    def count(self, wanted: Wanted = EVERY_WAITING) -> int:
        """Return how many such events there are."""
        query = select(func.count(t.quarantine.c.id)).where(*wanted.where())
        with self._database.reading() as connection:
            return connection.execute(query).scalar_one()

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

    def end(self, id_: str, ruling: Ruling) -> bool:
        """Destroy a waiting payload; tells whether it was still waiting."""
        mine = t.quarantine.c.id == id_, t.quarantine.c.state == WAITING
        values = _end(ruling.state, ruling.by, ruling.at)
        with self._database.writing() as connection:
            ended = connection.execute(
                update(t.quarantine).where(*mine).values(**values, reason=ruling.reason)
            ).rowcount
            if ended:
                action = _action(
                    ruling.id, id_, ruling.state, ruling.by, ruling.at, ruling.reason
                )
                connection.execute(insert(i.quarantine_actions), action)
        return self._truncated(ended) > 0

    def drop_unverified(
        self, code: RejectionCode, ruling: Ruling, new_id: Callable[[], str]
    ) -> int:
        """
        Destroy what nobody signed and was seen up to the ruling; returns how many.

        Each has an entry of its own; what a publisher signed is left out.  Raises
        `NotPossible` for another code, which only a signed event has: those are ruled
        on one by one.
        """
        if code not in UNVERIFIED:
            raise NotPossible(
                "Only what nobody of ours signed is dropped by its code:"
                f" {', '.join(sorted(UNVERIFIED))}. Name the others one by one."
            )
        dropped = 0
        while count := self._drop_some(code, ruling, new_id):
            dropped += count
        return self._truncated(dropped)

    def _drop_some(
        self, code: RejectionCode, ruling: Ruling, new_id: Callable[[], str]
    ) -> int:
        """Drop the next of a code in one transaction."""
        row = t.quarantine.c
        mine = (
            *Wanted(code=code).where(),
            row.topic == REQUESTS,
            row.heard == 0,
            row.seen_at <= ruling.at,
        )
        query = select(row.id).where(*mine).order_by(row.seen_at).limit(AT_ONCE)
        values = _end(ruling.state, ruling.by, ruling.at)
        with self._database.writing() as connection:
            ids = connection.execute(query.with_for_update()).scalars().all()
            if ids:
                ended = update(t.quarantine).where(row.id.in_(ids))
                connection.execute(ended.values(**values, reason=ruling.reason))
                entry = (ruling.state, ruling.by, ruling.at, ruling.reason)
                actions = [_action(new_id(), id_, *entry) for id_ in ids]
                connection.execute(insert(i.quarantine_actions), actions)
        return len(ids)

    def note(self, action_id: str, id_: str, done: Done, by: str, at: datetime) -> None:
        """Keep that somebody looked at an event, or tried to release it."""
        with self._database.writing() as connection:
            action = _action(action_id, id_, done, by, at, None)
            connection.execute(insert(i.quarantine_actions), action)

    def actions(self, id_: str) -> Sequence[QuarantineAction]:
        """Return what people did with an event, in order."""
        actions = i.quarantine_actions
        query = select(actions).where(actions.c.event == id_)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(actions.c.at, actions.c.id))
            return [
                QuarantineAction(row.action, row.by, row.at, row.reason) for row in rows
            ]

    def near(self, now: datetime) -> Sequence[datetime]:
        """
        Mark requests that are due within a week, or overdue; returns when each is.

        Each is returned once a day, to whoever asks first.
        """
        row = t.quarantine.c
        untold = or_(row.alarmed_at.is_(None), row.alarmed_at <= now - AGAIN_AFTER)
        mine = (row.state == WAITING, row.due_at < now + NEAR, untold)
        told = update(t.quarantine).where(*mine).values(alarmed_at=now)
        with self._database.writing() as connection:
            return connection.execute(told.returning(row.due_at)).scalars().all()

    def expire(self, now: datetime) -> int:
        """
        Destroy every payload whose time is over; returns how many.

        Only of what cannot be a request: what has a legal clock waits for a person.
        """
        over = (
            t.quarantine.c.state == WAITING,
            t.quarantine.c.due_at.is_(None),
            t.quarantine.c.expires_at <= now,
        )
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


def _action(
    action_id: str, event: str, done: str, by: str, at: datetime, reason: str | None
) -> dict[str, object]:
    """Return a row of what somebody did."""
    return {
        "id": action_id,
        "event": event,
        "action": done,
        "by": by,
        "at": at,
        "reason": reason,
    }


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
        received_at=row.received_at,
        due_at=row.due_at,
        expires_at=row.expires_at if row.due_at is None else None,
        ended_by=row.ended_by,
        ended_at=row.ended_at,
        reason=row.reason,
        type=row.type,
        request_id=row.request_id,
    )
