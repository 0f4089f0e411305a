"""
The inbox: what processors say by themselves, sealed from its arrival to its effect.

Whoever receives it (the callback server, a consumer of confirmations) only stores it;
the worker that owns the account verifies, reads and applies it.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Row, bindparam, delete, func, select, update

from orchestrator.adapters.cases import letters
from orchestrator.adapters.cases.letters import WAITING
from orchestrator.adapters.cases.stored_calls import stored_call
from orchestrator.adapters.reading.views import LetterLine
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.database import Database
from orchestrator.core.cases import TaskStatus
from orchestrator.core.words import AccountId
from orchestrator.errors import NotPossible
from orchestrator.ports import Call, Ending, Letter, PutLetter
from schemas.connecting import TaskId

AT_ONCE = 2000  # expired rows in one transaction
_DEAF = (TaskStatus.CALLED.value, TaskStatus.PLANNED.value)
_LINE = [column for column in t.inbox.c if column.name not in {"sealed", "look_at"}]


class SealsValues(Protocol):
    """Seals a value for one place, and opens it there."""

    def seal(self, plaintext: bytes, context: str) -> bytes:
        """Encrypt for *context*."""

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypt what was sealed for *context*."""


class SqlInbox:
    """The inbox on SQLite or PostgreSQL."""

    def __init__(
        self,
        database: Database,
        sealer: SealsValues,
        kept_for: timedelta,
        most_refused: int = letters.MOST_REFUSED,
    ) -> None:
        """Keep the parts; what nobody can apply goes after *kept_for*."""
        self._most_refused = most_refused
        self._database = database
        self._sealer = sealer
        self._kept_for = kept_for

    def posting(self, letter: Letter) -> PutLetter:
        """Seal *letter*; stored in the caller's transaction, once for its id."""
        return PutLetter(
            id=letter.id,
            account=letter.account,
            channel=letter.channel,
            received_at=letter.received_at,
            expires_at=letter.received_at + self._kept_for,
            size=letter.size,
            sealed=self._sealer.seal(_packed(letter), letter.id),
        )

    def refusing(self, letter: Letter, code: str) -> PutLetter:
        """Note that *letter* came, and why nobody reads it; its content is not kept."""
        return PutLetter(
            id=letter.id,
            account=letter.account,
            channel=letter.channel,
            received_at=letter.received_at,
            expires_at=letter.received_at + letters.REFUSED_KEPT_FOR,
            size=letter.size,
            sealed=None,
            code=code,
        )

    def put(self, letter: Letter) -> None:
        """Seal and store *letter* in a transaction of its own."""
        posting = self.posting(letter)
        with self._database.writing() as connection:
            letters.put(connection, posting)

    # --- the account's owner --------------------------------------------------

    def waiting(
        self, account: AccountId, now: datetime, limit: int
    ) -> Sequence[Letter]:
        """Open the letters of *account* that may be read now, oldest first."""
        asked = {"account": account, "now": now, "most": limit}
        with self._database.reading() as connection:
            rows = connection.execute(_WAITING, asked).all()
        return [self._opened(row) for row in rows]

    def bytes_waiting(self, account: AccountId) -> int:
        """Return how much nobody has read yet."""
        query = select(func.coalesce(func.sum(t.inbox.c.size), 0)).where(
            t.inbox.c.account == account, t.inbox.c.state == WAITING
        )
        with self._database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def call(self, account: AccountId, key: str) -> Call | None:
        """Return the call of *account* that its processor knows as *key*."""
        query = select(t.calls).where(
            t.calls.c.idempotency_key == key, t.calls.c.account == account
        )
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else stored_call(row)

    def in_flight(self, tasks: Collection[TaskId]) -> frozenset[TaskId]:
        """Return which of *tasks* are claimed or held back: they hear nothing now."""
        query = select(t.tasks.c.id).where(
            t.tasks.c.id.in_(tasks), t.tasks.c.status.in_(_DEAF)
        )
        with self._database.reading() as connection:
            return frozenset(TaskId(row.id) for row in connection.execute(query))

    def look_again(self, letter: str, now: datetime, at: datetime) -> None:
        """Leave *letter* waiting until then."""
        with self._database.writing() as connection:
            connection.execute(
                update(t.inbox)
                .where(t.inbox.c.id == letter, t.inbox.c.state == WAITING)
                .values(tried_at=now, look_at=at)
            )

    def end(self, letter: str, state: Ending, code: str | None, now: datetime) -> int:
        """
        End a waiting letter; only an unmatched one stays readable.

        Returns how many older refused ones made room for it.
        """
        with self._database.writing() as connection:
            letters.end(connection, letter, state, code, now)
            if state != "refused":
                return 0
            return letters.drop_refused(connection, letter, self._most_refused)

    # --- people, and the sweep ------------------------------------------------

    def lines(
        self, *, with_ended: bool = False, limit: int = 50
    ) -> Sequence[LetterLine]:
        """Return what waits or matches no call, oldest first."""
        query = select(*_LINE).order_by(t.inbox.c.received_at, t.inbox.c.id)
        if not with_ended:
            query = query.where(t.inbox.c.state.in_((WAITING, "unmatched")))
        with self._database.reading() as connection:
            rows = connection.execute(query.limit(limit)).mappings().all()
        return [LetterLine(**row) for row in rows]

    def line(self, id_: str) -> LetterLine:
        """Return one line; raises `NotPossible` for a stranger."""
        query = select(*_LINE).where(t.inbox.c.id == id_)
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            raise NotPossible(
                f"Nothing came in as {id_}; `erasure inbox list` says what did."
            )
        return LetterLine(**row)

    def letter(self, id_: str) -> Letter | None:
        """Open one letter, or return `None` once its content is destroyed."""
        query = select(t.inbox).where(t.inbox.c.id == id_)
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None or row.sealed is None else self._opened(row)

    def expire(self, now: datetime) -> int:
        """Delete what has been kept long enough; returns how many."""
        query = select(t.inbox.c.id).where(t.inbox.c.expires_at <= now).limit(AT_ONCE)
        with self._database.reading() as connection:
            over = list(connection.execute(query).scalars())
        if over:
            with self._database.writing() as connection:
                connection.execute(delete(t.inbox).where(t.inbox.c.id.in_(over)))
            self._database.truncate_wal()
        return len(over)

    def _opened(self, row: Row[Any]) -> Letter:
        """Return a row as a letter."""
        headers, body = _unpacked(self._sealer.open(row.sealed, row.id))
        return Letter(
            id=row.id,
            account=AccountId(row.account),
            channel=row.channel,
            received_at=row.received_at,
            headers=headers,
            body=body,
        )


_WAITING = (
    select(t.inbox)
    .where(
        t.inbox.c.account == bindparam("account"),
        t.inbox.c.state == WAITING,
        t.inbox.c.look_at <= bindparam("now", type_=t.Instant),
    )
    .order_by(t.inbox.c.look_at, t.inbox.c.id)
    .limit(bindparam("most"))
)


def _packed(letter: Letter) -> bytes:
    """Return headers and body as one value."""
    body = b64encode(letter.body).decode()
    return json.dumps([dict(letter.headers), body]).encode()


def _unpacked(value: bytes) -> tuple[Mapping[str, str], bytes]:
    """Return headers and body of a packed value."""
    headers, body = json.loads(value)
    return headers, b64decode(body)
