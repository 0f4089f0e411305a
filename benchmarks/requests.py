"""The portal's part: requests of invented people, made before any clock starts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from uuid import UUID, uuid5

from benchmarks.places import CONTROLLER, PORTAL
from orchestrator.adapters.clock import SystemClock
from orchestrator.adapters.intake.signed_requests import RequestSigner
from orchestrator.ports.event_log import Message
from schemas.cloudevents import Envelope
from schemas.signed_events import SignedEvent
from schemas.topics import REQUESTS

_PEOPLE = UUID("5f0f2f0e-8a2b-5c55-9d49-2f8e2f0d7c11")
TYPE = "privacy.request.submitted.v1"


def requests(names: Sequence[str]) -> list[Message]:
    """Return a request for erasure of each named person."""
    return [_request(name) for name in names]


def _request(name: str) -> Message:
    """Return one verified request, as the portal would publish it."""
    request_id = str(uuid5(_PEOPLE, name))
    data = {
        "request_id": request_id,
        "controller": CONTROLLER,
        "rights": ["erasure"],
        "received_at": "2026-11-16T10:58:12+01:00",
        "channel": "web",
        "jurisdiction": "FR",
        "locale": "fr-FR",
        "subject": {
            "customer_id": f"C-{name}",
            "identifiers": [{"type": "email", "value": f"{name}@bench.example"}],
        },
        "verification": {
            "method": "login",
            "level": "substantial",
            "verified_at": "2026-11-16T11:04:40+01:00",
        },
    }
    envelope = Envelope(
        id=str(uuid5(_PEOPLE, request_id)),
        source="/portal/bench",
        type=TYPE,
        time=None,
        data=json.dumps(data).encode(),
    )
    event = SignedEvent.of(envelope, "erasure-orchestrator", SystemClock().now())
    encoded = RequestSigner(PORTAL).sign(event, request_id.encode())
    return Message(REQUESTS, encoded.key or b"", encoded.headers, encoded.value)
