"""
Ingest: turn each request event into a case, or into a rejection that keeps it.

A batch of records is one transaction: cases, sealed identifiers, quarantine, rejections
and the input offsets become durable together.  A record is never dropped and never
retried for ever; the next one is processed at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol
from uuid import UUID, uuid5

import structlog

from orchestrator.core.admission import admitted
from orchestrator.core.cases import Scope, Verification
from orchestrator.core.deadlines import Calendar
from orchestrator.core.dossier import FROM_PORTAL, dump_identifiers
from orchestrator.core.opening import Opening
from orchestrator.core.plan import Plan
from orchestrator.core.words import (
    COPY_RIGHTS,
    AccountId,
    CaseId,
    Level,
    Right,
    SubjectRef,
)
from orchestrator.engine import Engine, NewCase, Work
from orchestrator.errors import CannotStore, Conflict, SetUpError, Unavailable
from orchestrator.event_log import Consumer, Record, pack
from orchestrator.ports import (
    Clock,
    ForgetRecord,
    KnownRequest,
    OutgoingMessage,
    Quarantined,
    Store,
    Transaction,
    Vault,
    Write,
)
from schemas.case_events import RequestRejected, event_data
from schemas.intake import SubmittedRequest, read_request
from schemas.rejections import Rejection, RejectionCode
from schemas.topics import CASE_EVENTS

log = structlog.get_logger()

REJECTIONS = UUID("0b0d7e4e-55a1-5e0f-8b1e-5a4b8f0a9d10")
CONTENT = "request-content"


class Pseudonyms(Protocol):
    """Keyed pseudonyms and digests."""

    def subject_reference(self, controller: str, customer_id: str) -> str:
        """Name one person of one controller, the same in every case."""

    def digest(self, purpose: str, data: bytes) -> str:
        """Return a keyed digest of *data*."""


class PlanFor(Protocol):
    """Answers with a controller's plan on a day, or None for a stranger."""

    def __call__(self, controller: str, *, on: date) -> Plan | None:
        """Return the plan that a case opened on that day pins."""


class CalendarFor(Protocol):
    """Answers with the public holidays of a country in a year and the next."""

    def __call__(self, country: str, year: int) -> Calendar:
        """Return the calendar by which a case's deadline is counted."""


@dataclass(frozen=True, slots=True)
class IngestParts:
    """What ingest works with."""

    store: Store
    engine: Engine
    vault: Vault
    pseudonyms: Pseudonyms
    plan_for: PlanFor
    calendar_for: CalendarFor
    seal_quarantined: Callable[[bytes, str], bytes]
    clock: Clock
    quarantine_for: timedelta
    on_applied: Callable[[], None]
    owns_log: bool = False  # the requests lie in our own database


@dataclass(slots=True)
class _Batch:
    """What one transaction has learned of requests so far."""

    transaction: Transaction
    work: Work
    by_id: dict[str, KnownRequest] = field(default_factory=dict)
    by_event: dict[tuple[str, str], KnownRequest] = field(default_factory=dict)
    new: list[KnownRequest] = field(default_factory=list)
    rejected: list[tuple[Record, Rejection]] = field(default_factory=list)
    opening: set[tuple[str, int]] = field(default_factory=set)  # (topic, offset)

    def know(self, known: KnownRequest) -> None:
        """Remember a request under both of its names."""
        self.by_id[known.request_id] = known
        self.by_event[known.source, known.event_id] = known


Read = tuple[Record, SubmittedRequest | Rejection]


class Ingest:
    """Reads the requests topic; one thread runs it."""

    def __init__(self, consumer: Consumer | None, parts: IngestParts) -> None:
        """Keep the consumer and the parts; without one only `read` may be called."""
        self._consumer = consumer
        self._parts = parts

    def turn(self, timeout: float) -> int:
        """
        Take what is there, open cases or quarantine; returns how many records.

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
            self._ingest(records)
        except (Unavailable, Conflict, CannotStore, SetUpError):
            consumer.rewind()
            raise
        except Exception:  # noqa: BLE001 (kept, and shown to a person)
            consumer.rewind()
            if len(records) == 1:
                self._keep_poison(records[0])
            else:
                for record in records:
                    self._ingest_or_keep(record)
        self._parts.on_applied()
        consumer.committed(dict(record.position for record in records))
        return len(records)

    def read(self, record: Record) -> Rejection | None:
        """
        Take one record that a person released from quarantine.

        Returns what is still wrong with it; then nothing was stored or sent.
        """
        rejected = self._ingest([record], is_release=True)
        self._parts.on_applied()
        return rejected[0] if rejected else None

    def _ingest_or_keep(self, record: Record) -> None:
        """Take one record of a batch that failed; keep it if it is the poison."""
        try:
            self._ingest([record])
        except (Unavailable, Conflict, CannotStore, SetUpError):
            raise
        except Exception:  # noqa: BLE001 (kept, and shown to a person)
            self._keep_poison(record)

    def _ingest(
        self, records: Sequence[Record], *, is_release: bool = False
    ) -> Sequence[Rejection]:
        """Store the effect of *records* and their offsets, at once."""
        parts = self._parts
        with parts.store.transaction() as transaction:
            fresh = list(records) if is_release else _fresh(transaction, records)
            read: list[Read] = [(r, read_request(r.headers, r.value)) for r in fresh]
            batch = _Batch(transaction, parts.engine.opening(transaction))
            self._recall(batch, read)
            openings = [
                new for record, what in read if (new := self._take(batch, record, what))
            ]
            batch.work.load_siblings([new.opening for new in openings])
            for new in openings:
                batch.work.open(new)
            batch.work.save()
            transaction.remember_requests(batch.new, parts.clock.now())
            if not is_release:
                self._reject(batch)
                self._forget_useless(batch, fresh)
        if openings:
            log.info("cases_opened", count=len(openings))
        if batch.rejected and not is_release:
            log.warning("requests_quarantined", count=len(batch.rejected))
        return [found for _, found in batch.rejected]

    def _forget_useless(self, batch: _Batch, records: Sequence[Record]) -> None:
        """
        Delete what opened no case, where the log is ours: nobody would forget it.

        A rejected record lives on in quarantine, with a clock; a repeat is known.
        """
        useless = [r for r in records if (r.topic, r.offset) not in batch.opening]
        if self._parts.owns_log and useless:
            forget = [ForgetRecord(one.topic, one.offset) for one in useless]
            batch.transaction.write(forget, self._parts.clock.now())

    def _recall(self, batch: _Batch, read: Sequence[Read]) -> None:
        """Load what is known of the requests of this batch."""
        submitted = [what for _, what in read if isinstance(what, SubmittedRequest)]
        if submitted:
            for known in batch.transaction.known_requests(
                {one.request.request_id for one in submitted},
                {(one.source, one.event_id) for one in submitted},
            ):
                batch.know(known)

    def _take(
        self, batch: _Batch, record: Record, what: SubmittedRequest | Rejection
    ) -> NewCase | None:
        """Return the case to open, or note the rejection or the repeat."""
        if isinstance(what, Rejection):
            batch.rejected.append((record, what))
            return None
        digest = self._parts.pseudonyms.digest(CONTENT, what.content)
        request = what.request
        known = batch.by_id.get(request.request_id) or batch.by_event.get(
            (what.source, what.event_id)
        )
        if known is not None:
            if known.digest != digest:
                batch.rejected.append((record, what.reject(RejectionCode.CONFLICT)))
            return None
        plan = self._plan(what)
        if isinstance(plan, Rejection):
            batch.rejected.append((record, plan))
            return None
        case = CaseId(self._parts.clock.new_id("c"))
        entry = KnownRequest(
            request.request_id, what.source, what.event_id, digest, case
        )
        batch.know(entry)
        batch.new.append(entry)
        batch.opening.add((record.topic, record.offset))
        return self._new_case(case, what, plan)

    def _plan(self, submitted: SubmittedRequest) -> Plan | Rejection:
        """Return the plan of the request's controller if the request satisfies it."""
        now = self._parts.clock.now()
        plan = self._parts.plan_for(submitted.request.controller, on=now.date())
        return admitted(submitted, plan, now)

    def _new_case(
        self, case: CaseId, submitted: SubmittedRequest, plan: Plan
    ) -> NewCase:
        """Seal the person's identifiers and describe the case without them."""
        parts, request = self._parts, submitted.request
        identifiers = request.subject.known()
        opened, put_key = parts.vault.new_owner(case, "identity")
        writes: list[Write] = [
            put_key,
            opened.seal(case, FROM_PORTAL, dump_identifiers(identifiers)),
        ]
        rights = frozenset(Right(right.value) for right in request.rights)
        if rights & COPY_RIGHTS:
            writes.append(parts.vault.new_owner(case, "export")[1])
        customer_id = request.subject.customer_id
        subject = (
            parts.pseudonyms.subject_reference(plan.controller, customer_id)
            if customer_id is not None
            else parts.clock.new_id("sub0")
        )
        opening = Opening(
            case=case,
            at=parts.clock.now(),
            request_id=request.request_id,
            subject=SubjectRef(subject),
            rights=rights,
            jurisdiction=request.jurisdiction,
            locale=request.locale,
            channel=request.channel.value,
            received_at=request.received_at,
            verification=Verification(
                request.verification.method.value,
                Level(request.verification.level.value),
                request.verification.verified_at,
            ),
            identifier_types=frozenset(one.type for one in identifiers),
            scope=_scope(submitted),
            calendar=parts.calendar_for(plan.country, request.received_at.year),
        )
        return NewCase(opening, plan, tuple(writes))

    def _reject(self, batch: _Batch) -> None:
        """Quarantine what may not go on, and tell the portal where it can be named."""
        now = self._parts.clock.now()
        kept = {
            record.position: self._quarantined(record, found, now)
            for record, found in batch.rejected
        }
        fresh = frozenset(batch.transaction.quarantine(list(kept.values())))
        messages = [
            _rejected_message(record, found)
            for record, found in batch.rejected
            if kept[record.position].id in fresh and _is_nameable(found)
        ]
        batch.transaction.add_messages(messages, now)

    def _quarantined(
        self, record: Record, found: Rejection, now: datetime
    ) -> Quarantined:
        """Return the record sealed, with what is wrong and a clock."""
        id_ = self._parts.clock.new_id("q")
        content = pack(record)
        return Quarantined(
            id=id_,
            code=found.code.value,
            pointer=found.pointer,
            rule=found.rule,
            hint=found.hint,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            sealed=self._parts.seal_quarantined(content, id_),
            size=len(record.value or b""),
            seen_at=now,
            expires_at=now + self._parts.quarantine_for,
        )

    def _keep_poison(self, record: Record) -> None:
        """Keep a record that we could not handle, although nothing is wrong with it."""
        found = Rejection(
            RejectionCode.INVALID_VALUE,
            "",
            "The event could not be processed because of a fault of ours.",
            "Look for event_poisoned in the log, then release it from quarantine.",
        )
        log.error("event_poisoned", topic=record.topic, offset=record.offset)
        with self._parts.store.transaction() as transaction:
            if _fresh(transaction, [record]):
                batch = _Batch(transaction, self._parts.engine.opening(transaction))
                batch.rejected.append((record, found))
                self._reject(batch)
                self._forget_useless(batch, [record])


def _fresh(transaction: Transaction, records: Sequence[Record]) -> list[Record]:
    """Return the records not yet taken, each once, and move the offsets past all."""
    partitions: dict[tuple[str, int], dict[int, Record]] = defaultdict(dict)
    for record in records:
        partitions[record.topic, record.partition][record.offset] = record
    fresh = []
    for (topic, partition), by_offset in sorted(partitions.items()):
        goes_on_at = transaction.lock_offset(topic, partition)
        taken = [by_offset[o] for o in sorted(by_offset) if o >= goes_on_at]
        if taken:
            transaction.move_offset(topic, partition, taken[-1].offset + 1)
        fresh += taken
    return fresh


def _scope(submitted: SubmittedRequest) -> Scope:
    """Return what the person limited the request to."""
    scope = submitted.request.scope
    if scope is None:
        return Scope()
    accounts = scope.accounts
    classes = scope.record_classes
    return Scope(
        None if accounts is None else frozenset(AccountId(one) for one in accounts),
        None if classes is None else frozenset(classes),
    )


def _is_nameable(found: Rejection) -> bool:
    """Tell whether the portal can know which event is meant."""
    return found.request_id is not None or found.event_id is not None


def _rejected_message(record: Record, found: Rejection) -> OutgoingMessage:
    """Return the rejection as the portal reads it; one record, one message."""
    place = f"{record.topic}:{record.partition}:{record.offset}"
    event = RequestRejected.of(found)
    return OutgoingMessage(
        message_id=str(uuid5(REJECTIONS, place)),
        topic=CASE_EVENTS,
        key=found.request_id or found.event_id or place,
        type=RequestRejected.TYPE,
        data=event_data(event).decode(),
    )
