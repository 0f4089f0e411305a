"""What becomes of a record that may not go on: kept, and told to the portal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid5

from orchestrator.core.deadlines import cautious_due
from orchestrator.engine.bounding import Bounding, Stranger
from orchestrator.ports import OutgoingMessage, Quarantined
from orchestrator.ports.event_log import Record, TopicPartition, pack
from orchestrator.stages.ingest.batch import Batch
from orchestrator.stages.ingest.opening import IngestParts
from schemas.case_events import RequestRejected, event_data
from schemas.cloudevents import claimed_type
from schemas.intake import EVERY_TYPE
from schemas.rejections import Rejection
from schemas.signed_events import type_in
from schemas.topics import CASE_EVENTS

REFUSED = "refused-content"
REJECTIONS = UUID("0b0d7e4e-55a1-5e0f-8b1e-5a4b8f0a9d10")


def keep_refused(parts: IngestParts, batch: Batch) -> Bounding:
    """
    Quarantine what may not go on, and tell the portal where it can be named.

    Of what nobody of ours sent only as much as there is room for, and what a publisher
    signed once: whoever copies it from the topic adds nothing.  The rest is counted.
    """
    now = parts.clock.now()
    bounding = Bounding(batch.transaction, parts.bounds, now)
    heard = _Heard(parts, batch)
    strangers, again = [], []
    for record, found in batch.rejected:
        one = Stranger(record, found.code.value, _type(record, found))
        if record.position in batch.unheard:
            strangers.append(one)
        elif heard.waits(record):
            again.append(one)
    left = {one.record.position for one in again}
    bounding.count(again)
    let_in = {one.record.position for one in bounding.kept(strangers)}
    left |= batch.unheard - let_in
    kept = {
        record.position: replace(
            quarantined(parts, record, found, now),
            heard=int(record.position not in batch.unheard),
            digest=heard.digests.get(record.position),
        )
        for record, found in batch.rejected
        if record.position not in left
    }
    _keep_and_tell(batch, kept, now)
    return bounding


def _keep_and_tell(
    batch: Batch,
    kept: Mapping[tuple[TopicPartition, int], Quarantined],
    now: datetime,
) -> None:
    """Store what is kept, and tell the portal of what is named."""
    fresh = frozenset(batch.transaction.quarantine(list(kept.values())))
    messages = [
        rejected_message(record, found)
        for record, found in batch.rejected
        if is_nameable(found)
        and record.position in kept
        and kept[record.position].id in fresh
    ]
    batch.transaction.add_messages(messages, now)


class _Heard:
    """What publishers signed and is refused, by a digest of what they signed."""

    def __init__(self, parts: IngestParts, batch: Batch) -> None:
        """Ask which of a batch waits already."""
        self.digests = {
            record.position: parts.pseudonyms.digest(
                REFUSED, found.code.value.encode() + b"\n" + signed
            )
            for record, found in batch.rejected
            if (signed := batch.signed.get(record.position)) is not None
        }
        waiting = batch.transaction.waiting_digests(set(self.digests.values()))
        self._waiting = set(waiting)

    def waits(self, record: Record) -> bool:
        """Tell whether the same waits, from before or from this batch."""
        digest = self.digests.get(record.position)
        if digest is None:
            return False
        is_there = digest in self._waiting
        self._waiting.add(digest)
        return is_there


def quarantined(
    parts: IngestParts, record: Record, found: Rejection, now: datetime
) -> Quarantined:
    """
    Return the record sealed, with what is wrong and the law's clock.

    Nobody knows yet whether it is a person's wish, so the clock runs, read cautiously:
    from the receipt that the event names, if a publisher signed it, else from now.
    """
    id_ = parts.clock.new_id("q")
    received_at = min(found.received_at or now, now)
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
        sealed=parts.seal_quarantined(content, id_),
        size=len(record.value or b""),
        seen_at=now,
        expires_at=now + parts.quarantine_for,
        received_at=received_at,
        due_at=cautious_due(received_at, found.jurisdiction),
        type=_type(record, found),
        request_id=found.request_id,
    )


def _type(record: Record, found: Rejection) -> str | None:
    """Return what kind of event it says it is; what nobody signed stays unread."""
    said = claimed_type(record.headers)
    if said is None and is_nameable(found) and record.value is not None:
        said = type_in(record.value)
    return said if said in EVERY_TYPE else None


def is_nameable(found: Rejection) -> bool:
    """Tell whether the portal can know which event is meant."""
    return found.request_id is not None or found.event_id is not None


def rejected_message(record: Record, found: Rejection) -> OutgoingMessage:
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
