"""
Ingest: turn each request event into a case, or into a rejection that keeps it.

A batch of records is one transaction: cases, sealed identifiers, quarantine, rejections
and the input offsets become durable together.  A record is never dropped and never
retried for ever; the next one is processed at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from orchestrator.core.intake.admission import admitted
from orchestrator.core.plan import Plan
from orchestrator.core.words import (
    CaseId,
)
from orchestrator.engine import NewCase
from orchestrator.engine.bounding import Bounding
from orchestrator.engine.fresh import fresh as fresh_of
from orchestrator.errors import CannotStore, Conflict, SetUpError, Unavailable
from orchestrator.ports import (
    ForgetRecord,
    KnownRequest,
    SaidEvent,
    Transaction,
)
from orchestrator.ports.event_log import Consumer, Record
from orchestrator.stages.ingest.attaching import attached
from orchestrator.stages.ingest.batch import Batch, Word
from orchestrator.stages.ingest.braking import Braking
from orchestrator.stages.ingest.later import apply_words
from orchestrator.stages.ingest.opening import IngestParts, in_doubt, new_case
from orchestrator.stages.ingest.refusing import keep_refused
from orchestrator.stages.ingest.repeating import Repeating, Said
from schemas.intake import SubmittedRequest
from schemas.rejections import Rejection, RejectionCode

log = structlog.get_logger()

CONTENT = "request-content"


@dataclass(frozen=True, slots=True)
class Release:
    """That a person lets a record in, which came at that moment."""

    came_at: datetime
    although_expired: bool


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

    def read(
        self,
        record: Record,
        came_at: datetime | None = None,
        *,
        although_expired: bool = False,
    ) -> Rejection | None:
        """
        Take one record that a person released from quarantine.

        Whether it is signed and in time is judged as when it came; *although_expired*
        takes one that was late already.  Returns what is still wrong with it; then
        nothing was stored or sent.
        """
        release = Release(came_at or self._parts.clock.now(), although_expired)
        rejected = self._ingest([record], release)
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
        self, records: Sequence[Record], release: Release | None = None
    ) -> Sequence[Rejection]:
        """Store the effect of *records* and their offsets, at once."""
        parts, doubts = self._parts, self._parts.doubts()
        with parts.store.transaction() as transaction:
            fresh = list(records) if release else fresh_of(transaction, records)
            said = [(one, self._said(one, release)) for one in fresh]
            batch = Batch(transaction, parts.engine.opening(transaction))
            batch.listened(said)
            self._recall(batch, said)
            repeating = Repeating(transaction, parts.pseudonyms.digest)
            repeating.recall(said)
            read = repeating.new(said, batch.is_known)
            openings = [
                in_doubt(new, doubts)
                for record, what in read
                if (new := self._take(batch, record, what))
            ]
            braking = self._open(batch, transaction, openings)
            apply_words(self._parts, batch)
            batch.work.save()
            transaction.remember_requests(batch.new, parts.clock.now())
            repeating.remember([record for record, _ in batch.rejected])
            bounding = None
            if release is None:
                bounding = keep_refused(parts, batch)
                self._forget_useless(batch, fresh)
        parts.engine.committed(batch.work)
        braking.tell()
        if openings:
            log.info("cases_opened", count=len(openings))
        if bounding is not None:
            _tell(bounding, len(batch.rejected))
        return [found for _, found in batch.rejected]

    def _open(
        self, batch: Batch, transaction: Transaction, openings: Sequence[NewCase]
    ) -> Braking:
        """Open what the brake lets through or holds; who leads others comes first."""
        parts = self._parts
        batch.work.load_siblings([new.opening for new in openings])
        braking = Braking(parts, transaction)
        sources = {known.case_id: known.source for known in batch.new}
        told = attached(parts, batch, openings)
        free = [new for new in told if new.opening.led_by is None]
        led = [new for new in told if new.opening.led_by is not None]
        for new in (*braking.braked(free, sources), *led):
            batch.work.open(new)
        braking.follow(led)
        return braking

    def _said(self, record: Record, release: Release | None) -> SaidEvent:
        """Listen to a record, as when it came."""
        at = release.came_at if release else self._parts.clock.now()
        said = self._parts.requests.read(record.headers, record.value, at)
        forgiven = release is not None and release.although_expired
        return replace(said, is_late=False) if forgiven else said

    def _forget_useless(self, batch: Batch, records: Sequence[Record]) -> None:
        """
        Delete what opened no case, where the log is ours: nobody would forget it.

        A rejected record lives on in quarantine, with a clock; a repeat is known.
        """
        useless = [r for r in records if (r.topic, r.offset) not in batch.opening]
        if self._parts.owns_log and useless:
            forget = [ForgetRecord(one.topic, one.offset) for one in useless]
            batch.transaction.write(forget, self._parts.clock.now())

    def _recall(self, batch: Batch, said: Sequence[Said]) -> None:
        """Load what is known of the requests of this batch."""
        named = [it.what for _, it in said if not isinstance(it.what, Rejection)]
        if named:
            for known in batch.transaction.known_requests(
                {one.request_id for one in named},
                {(one.source, one.event_id) for one in named},
            ):
                batch.know(known)

    def _take(
        self,
        batch: Batch,
        record: Record,
        what: SubmittedRequest | Word | Rejection,
    ) -> NewCase | None:
        """Return the case to open, or note the rejection, later word or repeat."""
        if isinstance(what, Rejection):
            batch.rejected.append((record, what))
            return None
        if isinstance(what, Word):
            batch.words.append((record, what))
            return None
        digest = self._parts.pseudonyms.digest(CONTENT, what.content)
        request = what.request
        known = batch.by_id.get(request.request_id) or batch.by_event.get(
            (what.source, what.event_id)
        )
        if known is not None:
            if not known.is_repeated_by(digest):
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
        new, identity = new_case(self._parts, case, what, plan)
        batch.people[case] = identity, frozenset(request.subject.known())
        return new

    def _plan(self, submitted: SubmittedRequest) -> Plan | Rejection:
        """Return the plan of the request's controller if the request satisfies it."""
        now = self._parts.clock.now()
        plan = self._parts.plan_for(submitted.request.controller, on=now.date())
        return admitted(submitted, plan, now)

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
            if fresh_of(transaction, [record]):
                batch = Batch(transaction, self._parts.engine.opening(transaction))
                batch.rejected.append((record, found))
                keep_refused(self._parts, batch)
                self._forget_useless(batch, [record])


def _tell(bounding: Bounding, refused: int) -> None:
    """Say, once it is durable, how many were refused, and whether room gets scarce."""
    if refused > bounding.left_out:
        log.warning("requests_quarantined", count=refused - bounding.left_out)
    bounding.tell()
