"""What a portal says of a request later, as it is published."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.ports.event_log import Message
from schemas.cloudevents import Envelope, encode
from schemas.later_words import ExportCollection, PersonInforming, RequestAmendment
from schemas.topics import REQUESTS
from tests.schemas.submissions import a_verification, the_value
from tests.support.lately import NEXT_MORNING, VERIFIED

MORNING = NEXT_MORNING.isoformat()
SOURCE = "/portal/test"


def a_word(
    type_: str,
    data: Mapping[str, Any],
    *,
    source: str = SOURCE,
    event_id: str | None = None,
) -> Message:
    """Build one event about a request that was published before."""
    event = Envelope(
        id=event_id or str(uuid.uuid4()),
        source=source,
        type=type_,
        time=None,
        data=the_value(dict(data)),
    )
    made = encode(event, str(data["request_id"]))
    return Message(REQUESTS, made.key or b"", made.headers, made.value)


def an_amendment(
    request_id: str,
    identifiers: Sequence[tuple[str, str]],
    *,
    source: str = SOURCE,
    event_id: str | None = None,
    **changes: object,
) -> Message:
    """Build the event by which a portal sends more identifiers."""
    data = {
        "request_id": request_id,
        "identifiers": [
            {"type": type_, "value": value} for type_, value in identifiers
        ],
        "verification": a_verification(verified_at=VERIFIED.isoformat()),
        **changes,
    }
    return a_word(RequestAmendment.TYPE, data, source=source, event_id=event_id)


def an_informing(request_id: str, at: str = MORNING, **what: object) -> Message:
    """Build the event by which a portal says that something reached the person."""
    data = {"request_id": request_id, "channel": "email", "informed_at": at, **what}
    return a_word(PersonInforming.TYPE, data)


def a_collection(request_id: str, sha256: str, at: str = MORNING) -> Message:
    """Build the event by which a portal says that it has the copy."""
    data = {"request_id": request_id, "sha256": sha256, "collected_at": at}
    return a_word(ExportCollection.TYPE, data)
