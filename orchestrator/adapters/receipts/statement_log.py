"""
The log of statements in the database: who comes next in it, and its signed heads.

Statements are appended in batches, each one transaction: entries, the checkpoint over
them, and the message that carries it out of the house.  A row that every appending
transaction locks lets one process in at a time, so nothing waits for a lease that a
killed process left behind.

A rehearsal is in no log: nothing of it was done for real.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Connection, Row, bindparam, select, update

from orchestrator.adapters.receipts.notes import LogSigner
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.database import Database
from orchestrator.adapters.sql.upserting import upsert
from orchestrator.core.answer.merkle import Frontier, Hash, leaf_hash
from orchestrator.errors import NotPossible, SetUpError
from schemas.checkpoints import (
    LOG_CHECKPOINTED,
    LogCheckpointed,
    LoggedStatement,
    checkpoint_line,
)
from schemas.topics import RECEIPTS

AT_ONCE = 100  # statements under one checkpoint
LEASE = "statement-log"
# Never change: message ids of what was already sent are derived from it.
MESSAGES = UUID("d0a4e7f1-7c2e-5b6a-8f0e-3a1b9c5d2e47")
_HASH_BYTES = 32


@dataclass(frozen=True, slots=True)
class Head:
    """A stored checkpoint, with the edge of the tree to go on from."""

    size: int
    root: Hash
    note: str
    key_id: str
    signed_at: datetime
    parts: tuple[Hash, ...] = field(repr=False)

    @property
    def frontier(self) -> Frontier:
        """The tree as it was then."""
        return Frontier(self.size, self.parts)

    @property
    def name(self) -> str:
        """The log's name, as the note says it."""
        return self.note.partition("\n")[0]


class SqlStatementLog:
    """Appends statements to the log, and remembers what was filed elsewhere."""

    def __init__(
        self, database: Database, signer: LogSigner | Callable[[], LogSigner]
    ) -> None:
        """Keep the database and who signs: always, or whoever it is at each batch."""
        self._database = database
        self._signing = signer

    def append(self, now: datetime) -> int:
        """
        Append the statements that wait, oldest first; returns how many.

        Raises `SetUpError` if the log was begun under another name.
        """
        with self._database.reading() as connection:
            if not connection.execute(_WAITING, {"most": 1}).first():
                return 0
        with self._database.writing() as connection:
            lock_log(connection, now)
            rows = connection.execute(_WAITING, {"most": AT_ONCE}).all()
            if rows:
                self._append(connection, rows, now)
        return len(rows)

    def _append(
        self,
        connection: Connection,
        rows: Sequence[Row[*tuple[Any, ...]]],
        now: datetime,
    ) -> None:
        """Append these statements under one checkpoint, and announce it."""
        head, signing = newest(connection), self._signing
        signer = signing if isinstance(signing, LogSigner) else signing()
        if head is not None and head.name != signer.name:
            raise SetUpError(
                f"The log of statements was begun as {head.name}, and ERASURE_LOG_NAME"
                f" says {signer.name}; write the old name."
            )
        frontier = Frontier() if head is None else head.frontier
        added = [
            LoggedStatement(statement_id=row.id, leaf=leaf_hash(row.envelope).hex())
            for row in rows
        ]
        checkpoint = grown(frontier, added, signer, now)
        store(connection, frontier, checkpoint)
        message = {
            "message_id": str(uuid5(MESSAGES, checkpoint.note)),
            "topic": RECEIPTS,
            "key": checkpoint.log,
            "type": LOG_CHECKPOINTED,
            "data": checkpoint_line(checkpoint),
            "made_at": now,
        }
        upsert(connection, t.outbox, [message], conflict=("message_id",))

    def file(
        self, put: Callable[[Sequence[LogCheckpointed]], None], now: datetime
    ) -> int:
        """
        Let *put* make durable elsewhere what it was not given yet, in order.

        Whoever dies in between gives it again.  Returns how many checkpoints.
        """
        with self._database.reading() as connection:
            if not connection.execute(_UNFILED).first():
                return 0
        with self._database.writing() as connection:
            lock_log(connection, now)
            sizes = list(connection.execute(_UNFILED).scalars())
            put([checkpoint_at(connection, size) for size in sizes])
            connection.execute(_FILE, {"sizes": sizes, "at": now})
        return len(sizes)

    def head(self) -> Head | None:
        """Return the newest checkpoint, if there is one."""
        with self._database.reading() as connection:
            return newest(connection)


class Adopting:
    """Takes checkpoints over that a restored database has forgotten."""

    def __init__(self, database: Database) -> None:
        """Keep the database."""
        self._database = database

    def adopt(self, checkpoints: Sequence[LogCheckpointed], now: datetime) -> None:
        """
        Store published checkpoints, in order, whose statements are here already.

        Raises `NotPossible` unless the first goes on where the stored log ends.
        """
        with self._database.writing() as connection:
            lock_log(connection, now)
            head = newest(connection)
            frontier = Frontier() if head is None else head.frontier
            for one in checkpoints:
                if one.first != frontier.size:
                    raise NotPossible("The log has moved; run the command again.")
                for added in one.added:
                    frontier.append(bytes.fromhex(added.leaf))
                store(connection, frontier, one, filed_at=now)


def grown(
    frontier: Frontier,
    added: Sequence[LoggedStatement],
    signer: LogSigner,
    now: datetime,
) -> LogCheckpointed:
    """Let *frontier* grow by these statements; returns its signed head."""
    for one in added:
        frontier.append(bytes.fromhex(one.leaf))
    return LogCheckpointed(
        log=signer.name,
        size=frontier.size,
        root=frontier.root.hex(),
        key_id=signer.key_id,
        signed_at=now,
        note=signer.sign(frontier.size, frontier.root),
        added=tuple(added),
    )


def store(
    connection: Connection,
    frontier: Frontier,
    checkpoint: LogCheckpointed,
    *,
    filed_at: datetime | None = None,
) -> None:
    """Store a checkpoint with its new entries; they wait for the log no longer."""
    entries = [
        {
            "number": number,
            "statement_id": one.statement_id,
            "leaf": bytes.fromhex(one.leaf),
        }
        for number, one in enumerate(checkpoint.added, start=checkpoint.first)
    ]
    connection.execute(t.log_entries.insert(), entries)
    ids = [one.statement_id for one in checkpoint.added]
    connection.execute(_IS_LOGGED, {"ids": ids})
    connection.execute(
        t.log_checkpoints.insert(),
        [
            {
                "size": frontier.size,
                "root": frontier.root,
                "parts": b"".join(frontier.parts),
                "note": checkpoint.note,
                "key_id": checkpoint.key_id,
                "signed_at": checkpoint.signed_at,
                "filed_at": filed_at,
            }
        ],
    )


def lock_log(connection: Connection, now: datetime) -> None:
    """Wait until no other transaction appends, and keep others out until the end."""
    upsert(connection, t.leases, [{"name": LEASE, "owner": LEASE, "until": now}])
    connection.execute(_LOCK)


def newest(connection: Connection) -> Head | None:
    """Return the newest checkpoint, if there is one."""
    row = connection.execute(_NEWEST).first()
    return None if row is None else as_head(row)


def as_head(row: Row[*tuple[Any, ...]]) -> Head:
    """Return a checkpoint's row as a value."""
    parts: bytes = row.parts
    pieces = range(0, len(parts), _HASH_BYTES)
    return Head(
        size=row.size,
        root=row.root,
        note=row.note,
        key_id=row.key_id,
        signed_at=row.signed_at,
        parts=tuple(parts[start : start + _HASH_BYTES] for start in pieces),
    )


def checkpoint_at(connection: Connection, size: int) -> LogCheckpointed:
    """Return the stored checkpoint of this size, as it is published."""
    row = connection.execute(_AT, {"size": size}).one()
    before: int = connection.execute(_SIZE_BEFORE, {"size": size}).scalar() or 0
    entries = connection.execute(_ENTRIES, {"first": before, "end": size})
    return LogCheckpointed(
        log=as_head(row).name,
        size=size,
        root=row.root.hex(),
        key_id=row.key_id,
        signed_at=row.signed_at,
        note=row.note,
        added=tuple(
            LoggedStatement(statement_id=one.statement_id, leaf=one.leaf.hex())
            for one in entries
        ),
    )


_HEADS = t.log_checkpoints.c
_WAITING = (
    select(t.statements.c.id, t.statements.c.envelope)
    .where(t.statements.c.to_log == 1)
    .order_by(t.statements.c.signed_at, t.statements.c.id)
    .limit(bindparam("most"))
)
_IS_LOGGED = (
    update(t.statements)
    .where(t.statements.c.id.in_(bindparam("ids", expanding=True)))
    .values(to_log=None)
)
_LOCK = select(t.leases.c.name).where(t.leases.c.name == LEASE).with_for_update()
_NEWEST = select(t.log_checkpoints).order_by(_HEADS.size.desc()).limit(1)
_AT = select(t.log_checkpoints).where(_HEADS.size == bindparam("size"))
_SIZE_BEFORE = (
    select(_HEADS.size)
    .where(_HEADS.size < bindparam("size"))
    .order_by(_HEADS.size.desc())
    .limit(1)
)
_ENTRIES = (
    select(t.log_entries)
    .where(
        t.log_entries.c.number >= bindparam("first"),
        t.log_entries.c.number < bindparam("end"),
    )
    .order_by(t.log_entries.c.number)
)
_UNFILED = (
    select(_HEADS.size)
    .where(_HEADS.filed_at.is_(None))
    .order_by(_HEADS.size)
    .limit(AT_ONCE)
)
_FILE = (
    update(t.log_checkpoints)
    .where(_HEADS.size.in_(bindparam("sizes", expanding=True)))
    .values(filed_at=bindparam("at", type_=t.Instant))
)
