"""
Collect: take the answers of systems of one's own from their topic into the inbox.

Nothing is verified here: the worker that owns the account does that, on the bytes as
they came.  Letters, quarantine and the input offsets become durable together; a record
that names no participant is kept for a person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from orchestrator.core.words import AccountId
from orchestrator.engine.bounding import Bounding, Stranger
from orchestrator.engine.fresh import fresh
from orchestrator.errors import CannotStore, Conflict, SetUpError, Unavailable
from orchestrator.ports import (
    MOST_WAITING,
    Bounds,
    Clock,
    ForgetRecord,
    Letter,
    PutLetter,
    Quarantined,
    Store,
    Write,
)
from orchestrator.ports.event_log import Consumer, Record, pack
from schemas.cloudevents import claimed_type, decode
from schemas.instructions import INSTRUCTION_ANSWERED, claimed_account
from schemas.rejections import Rejection, RejectionCode

log = structlog.get_logger()

INBOX_FULL = "inbox_full"
"""So much of this account waits already; its next answer is taken in again."""


class Posting(Protocol):
    """Seals letters."""

    def posting(self, letter: Letter) -> PutLetter:
        """Seal *letter*; stored in the caller's transaction, once for its id."""

    def refusing(self, letter: Letter, code: str) -> PutLetter:
        """Note that *letter* came, and why nobody reads it; its content is not kept."""

    def bytes_waiting(self, account: AccountId) -> int:
        """Return how much nobody has read yet."""


@dataclass(frozen=True, slots=True)
class CollectParts:
    """What collect works with."""

    store: Store
    inbox: Posting
    participants: Collection[AccountId]
    seal_quarantined: Callable[[bytes, str], bytes]
    clock: Clock
    quarantine_for: timedelta
    on_letter: Callable[[], None]
    owns_log: bool = False  # the answers lie in our own database
    bounds: Bounds = field(default_factory=Bounds)
    most_waiting: int = MOST_WAITING


class Collect:
    """Reads the confirmations topic; one thread runs it."""

    def __init__(self, consumer: Consumer | None, parts: CollectParts) -> None:
        """Keep the consumer and the parts; without one only `read` may be called."""
        self._consumer = consumer
        self._parts = parts

    def turn(self, timeout: float) -> int:
        """
        Take what is there into the inbox; returns how many records.

        Raises `Unavailable` if the log or the database is away; then the consumer goes
        back to what the database says, and nothing was acknowledged.
        """
        consumer = self._consumer
        if consumer is None:
            raise ValueError("Turns are taken with a consumer.")
        records = consumer.poll(timeout)
        if not records:
            return 0
        try:
            self._collect(records)
        except (Unavailable, Conflict, CannotStore, SetUpError):
            consumer.rewind()
            raise
        self._parts.on_letter()
        consumer.committed(dict(record.position for record in records))
        return len(records)

    def read(self, record: Record) -> Rejection | None:
        """Take one record that a person released; returns what is still wrong."""
        parts = self._parts
        read = self._read(record)
        if isinstance(read, Rejection):
            return read
        with parts.store.transaction() as transaction:
            transaction.write([parts.inbox.posting(read)], parts.clock.now())
        parts.on_letter()
        return None

    def _collect(self, records: Sequence[Record]) -> None:
        """Store what *records* say and their offsets, at once."""
        parts, now = self._parts, self._parts.clock.now()
        refused: list[tuple[Record, Rejection]] = []
        writes: list[Write] = []
        shares = _Shares(parts.inbox, parts.most_waiting)
        with parts.store.transaction() as transaction:
            taken = fresh(transaction, records)
            for record in taken:
                read = self._read(record)
                if isinstance(read, Rejection):
                    refused.append((record, read))
                else:
                    writes.append(shares.posting(read))
            if parts.owns_log:
                writes += [ForgetRecord(one.topic, one.offset) for one in taken]
            bounding = Bounding(transaction, parts.bounds, now)
            kept = self._kept(refused, bounding)
            transaction.quarantine(kept)
            transaction.write(writes, now)
        if kept:
            log.warning("confirmations_quarantined", count=len(kept))
        bounding.tell()
        shares.tell()

    def _kept(
        self, refused: Sequence[tuple[Record, Rejection]], bounding: Bounding
    ) -> list[Quarantined]:
        """Seal what there is room for; nobody's signature was looked at here."""
        strangers = [
            Stranger(record, found.code.value, _type(record))
            for record, found in refused
        ]
        let_in = {one.record.position for one in bounding.kept(strangers)}
        return [
            self._quarantined(record, found, bounding.now)
            for record, found in refused
            if record.position in let_in
        ]

    def _read(self, record: Record) -> Letter | Rejection:
        """Find whose answer a record claims to be; what it says is not read."""
        event = decode(record.headers, record.value, [INSTRUCTION_ANSWERED])
        if isinstance(event, Rejection) and event.code is RejectionCode.TOO_LARGE:
            return _TOO_LARGE
        if isinstance(event, Rejection):
            return event
        account = claimed_account(event.data)
        if account is None:
            return _NO_ENVELOPE
        if account not in self._parts.participants:
            return _STRANGER
        return Letter(
            # Each record once, however often it is delivered.
            id=f"b-{record.topic}-{record.partition}-{record.offset}",
            account=AccountId(account),
            channel="confirmation",
            received_at=self._parts.clock.now(),
            headers={},
            body=event.data,
        )

    def _quarantined(
        self, record: Record, found: Rejection, now: datetime
    ) -> Quarantined:
        """Return the record sealed, with what is wrong and a clock."""
        id_ = self._parts.clock.new_id("q")
        return Quarantined(
            id=id_,
            code=found.code.value,
            pointer=found.pointer,
            rule=found.rule,
            hint=found.hint,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            sealed=self._parts.seal_quarantined(pack(record), id_),
            size=len(record.value or b""),
            seen_at=now,
            expires_at=now + self._parts.quarantine_for,
            type=_type(record),
            heard=0,
        )


@dataclass(slots=True)
class _Shares:
    """What waits of each account in the inbox: as much as of callbacks, and no more."""

    inbox: Posting
    most: int
    waiting: dict[AccountId, int] = field(default_factory=dict)
    left_out: Counter[AccountId] = field(default_factory=Counter)

    def posting(self, letter: Letter) -> PutLetter:
        """Take a letter in, or note that there is no room for it."""
        account = letter.account
        if account not in self.waiting:
            self.waiting[account] = self.inbox.bytes_waiting(account)
        if self.waiting[account] + letter.size > self.most:
            self.left_out[account] += 1
            return self.inbox.refusing(letter, INBOX_FULL)
        self.waiting[account] += letter.size
        return self.inbox.posting(letter)

    def tell(self) -> None:
        """Say, once it is durable, whose answers were not taken in."""
        for account, count in self.left_out.items():
            log.error(
                "confirmations_not_taken",
                account=account,
                code=INBOX_FULL,
                count=count,
                advice="It sends faster than its answers are read: see whether its"
                " account is paused, and ask its team; each instruction is repeated.",
            )


def _type(record: Record) -> str | None:
    """Return what kind of event it says it is, if it is one that is taken here."""
    said = claimed_type(record.headers)
    return said if said == INSTRUCTION_ANSWERED else None


_TOO_LARGE = Rejection(
    RejectionCode.TOO_LARGE,
    "",
    "An answer has at most 262,144 bytes, its headers at most 16,384.",
    "Answer needs_person with the code copy_too_large, or offer the webhook, whose"
    " copies have pages.",
)
_NO_ENVELOPE = Rejection(
    RejectionCode.INVALID_VALUE,
    "",
    "The value is a DSSE envelope of an answer that names its account.",
    "Sign answers as docs/connectors/participant.md says.",
)
_STRANGER = Rejection(
    RejectionCode.UNKNOWN_ACCOUNT,
    "",
    "The account of an answer is a participant of the register.",
    "Repeat the instruction's account as it came; or put the account into the register"
    " and release the record.",
)
